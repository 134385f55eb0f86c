import assert from 'node:assert/strict';
import type { CodeLens, InlayHint, SignatureHelp, TextEdit } from 'vscode-languageserver';
import { filesOf, LanguageClient, rangeAt } from '../support/language-client.js';

// What stands in and above the text, and how the text is put right: one conversation a kind of request.

const URI = 'file:///ws/web.vmlayout';
const TEXT = 'host altra {\n  iommu smmu0 { model smmu-v3 }\n  group 14 { device nic "01" }\n}\nvm web on altra {\n  ram low at 4 GiB size 2 GiB\n  assign nic\n}\n';
const WHOLE = rangeAt(0, 0, 8, 0);

describe('formatting', () => {
  let client: LanguageClient;
  beforeEach(async () => (client = await LanguageClient.start()));
  afterEach(async () => {
    await client.stop();
    assert.deepEqual(client.log, []);
  });

  const loose = 'vm a {\nslots  1\n}\nvm b {\nslots  2\n}\n';

  it('puts a text right, or a part of it', async () => {
    await client.open(URI, loose);
    const options = { tabSize: 8, insertSpaces: false };
    assert.deepEqual((await client.ask<TextEdit[]>('formatting', URI, { options })).length, 2);
    assert.deepEqual(await client.ask('rangeFormatting', URI, { range: rangeAt(4, 0, 4, 3), options }), [{ range: rangeAt(4, 0, 4, 6), newText: '  slots' }]);
    assert.equal(await client.ask('formatting', 'file:///ws/none.vmlayout', { options }), null);
  });

  it('puts a block right when it is closed, and a line when it is left', async () => {
    await client.open(URI, loose);
    const edits = await client.ask<TextEdit[]>('onTypeFormatting', URI, { position: { line: 2, character: 1 }, ch: '}', options: {} });
    assert.deepEqual(edits.map(({ range }) => range.start.line), [1]);
    const line = await client.ask<TextEdit[]>('onTypeFormatting', URI, { position: { line: 5, character: 0 }, ch: '\n', options: {} });
    assert.deepEqual(line.map(({ range }) => range.start.line), [4]);
  });
});

describe('what is shown beside the text', () => {
  const start = (settings: unknown, capabilities: object = {}): Promise<LanguageClient> =>
    LanguageClient.start({ settings, params: { capabilities: { workspace: { configuration: true, ...capabilities } }, initializationOptions: { commands: ['vmlayout.showMap', 'vmlayout.compareStances'] } } });

  it('gives hints, and explains one when asked', async () => {
    const client = await start({});
    await client.open(URI, TEXT);
    const hints = await client.ask<InlayHint[]>('inlayHint', URI, { range: WHOLE });
    assert.deepEqual(hints.map(({ label, position }) => [label, position.line, position.character]), [['..= 0x1_7fff_ffff', 5, 29], ['524,288 × 4 KiB', 5, 29]]);
    const resolved = await client.request<InlayHint>('inlayHint/resolve', hints[1]);
    assert.match(JSON.stringify(resolved.tooltip), /web on altra.*524,288 × 4 KiB/);
    await client.change(URI, { range: rangeAt(8, 0), text: '\n' });
    assert.deepEqual(await client.request('inlayHint/resolve', hints[1]), hints[1], 'a hint of an older text stays as it is');
    await client.stop();
    assert.deepEqual(client.log, []);
  });

  it('gives lenses, with commands that the client has', async () => {
    const client = await start({});
    await client.open(URI, TEXT);
    const lenses = await client.ask<CodeLens[]>('codeLens', URI);
    assert.deepEqual(lenses.map(({ command }) => command?.title), ['1 guest: web', 'nothing found', 'Show map', 'Compare stances', '1 mapping, 524,288 × 4 KiB, 4108 KiB of tables']);
    assert.deepEqual(lenses.slice(2, 4).map(({ command }) => [command?.command, command?.arguments]), [
      ['vmlayout.showMap', [URI, { vm: 'web', host: 'altra' }]], ['vmlayout.compareStances', [URI, { line: 4, character: 3 }]],
    ]);
    await client.stop();
    const other = await LanguageClient.start();
    await other.open(URI, TEXT);
    assert.ok((await other.ask<CodeLens[]>('codeLens', URI)).every(({ command }) => command?.command === ''));
    await other.stop();
  });

  it('leaves out what the user has switched off, and says when that changes', async () => {
    const client = await start({ inlayHints: { end: false }, codeLens: false }, { inlayHint: { refreshSupport: true }, codeLens: { refreshSupport: true } });
    await client.open(URI, TEXT);
    await client.refreshed('inlayHint', 1);
    assert.deepEqual((await client.ask<InlayHint[]>('inlayHint', URI, { range: WHOLE })).map(({ label }) => label), ['524,288 × 4 KiB']);
    assert.deepEqual(await client.ask('codeLens', URI), []);
    client.settings = {};
    await client.notify('workspace/didChangeConfiguration', { settings: null });
    await client.refreshed('codeLens', 2);
    assert.equal((await client.ask<InlayHint[]>('inlayHint', URI, { range: WHOLE })).length, 2);
    assert.equal((await client.ask<CodeLens[]>('codeLens', URI)).length, 5);
    await client.stop();
  });

  it('says nothing where settings stay as they are', async () => {
    let asked = 0;
    const client = await LanguageClient.start({
      settings: {},
      params: { capabilities: { workspace: { configuration: true, inlayHint: { refreshSupport: true } } } },
      answers: { 'workspace/inlayHint/refresh': () => void asked++ },
    });
    await client.open(URI, TEXT);
    await client.notify('workspace/didChangeConfiguration', { settings: null });
    for (let turn = 0; turn < 5; turn++) await client.request('vmlayout/formats');
    assert.equal(asked, 0);
    await client.stop();
  });

  it('takes settings that are sent along, too', async () => {
    const client = await LanguageClient.start({ params: { capabilities: {} } });
    await client.open(URI, TEXT);
    await client.notify('workspace/didChangeConfiguration', { settings: { vmlayout: { inlayHints: { blocks: false }, codeLens: 'yes' } } });
    assert.deepEqual((await client.ask<InlayHint[]>('inlayHint', URI, { range: WHOLE })).map(({ label }) => label), ['..= 0x1_7fff_ffff']);
    assert.equal((await client.ask<CodeLens[]>('codeLens', URI)).length, 3);
    await client.stop();
  });

  it('asks for them again once what is imported is there', async () => {
    const files = filesOf({ 'file:///ws/host.vmlayout': TEXT.slice(0, TEXT.indexOf('vm web')) });
    const client = await LanguageClient.start({ files, params: { capabilities: { workspace: { inlayHint: { refreshSupport: true } } } } });
    await client.open(URI, `import "host.vmlayout"\n${TEXT.slice(TEXT.indexOf('vm web'))}`);
    await client.refreshed('inlayHint', 1);
    assert.equal((await client.ask<InlayHint[]>('inlayHint', URI, { range: WHOLE })).length, 2);
    await client.stop();
  });

  it('helps with signatures', async () => {
    const client = await LanguageClient.start();
    await client.open(URI, 'const A = align_up(3, ');
    const help = await client.ask<SignatureHelp>('signatureHelp', URI, { position: { line: 0, character: 22 } });
    assert.deepEqual([help.signatures[0]?.label, help.activeParameter, help.signatures[0]?.parameters?.[1]?.label], ['align_up(x, block)', 1, [12, 17]]);
    assert.equal(await client.ask('signatureHelp', URI, { position: { line: 0, character: 3 } }), null);
    await client.stop();
  });
});
