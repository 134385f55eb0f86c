import assert from 'node:assert/strict';
import type { WorkspaceSymbol } from 'vscode-languageserver';
import { filesOf, LanguageClient, messageOf, rangeAt } from '../support/language-client.js';

// Imports, files that change outside of the editor, settings: what a check depends on besides its own text.

const MAIN = 'file:///ws/main.vmlayout';
const HOSTS = 'file:///ws/shared/my%20hosts.vmlayout';
const TEXT = 'import "shared/my hosts.vmlayout"\nvm web on epyc { }\n';

const rules = (diagnostics: readonly { code?: unknown }[]): unknown[] => diagnostics.map(({ code }) => code).filter((code) => code === 'unknown-name' || code === 'import-missing');

describe('imports', () => {
  it('are read from the files of the host, and looked through', async () => {
    const client = await LanguageClient.start({
      files: filesOf({ [HOSTS]: 'import "more.vmlayout"\nhost epyc { page PAGE }\n', 'file:///ws/shared/more.vmlayout': 'const PAGE = 4 KiB\n' }),
    });
    assert.deepEqual(rules(await client.open(MAIN, TEXT)), []);
    const [found] = await client.ask<{ uri: string }[]>('definition', MAIN, { position: { line: 1, character: 11 } });
    assert.equal(found?.uri, HOSTS);
    await client.stop();
  });

  it('are read from the editor where they are open there, and told of again when they change', async () => {
    const client = await LanguageClient.start();
    await client.open(HOSTS, 'host epyc { }\n');
    assert.deepEqual(rules(await client.open(MAIN, TEXT)), []);
    const again = client.published();
    await client.change(HOSTS, { text: 'host xeon { }\n' });
    await again;
    await client.request('textDocument/hover', { textDocument: { uri: MAIN }, position: { line: 0, character: 0 } });
    assert.equal(rules(lastOf(client, MAIN)).length, 1);
    await client.stop();
  });

  it('are read again when the client says that they have changed', async () => {
    const texts: Record<string, string> = {};
    const client = await LanguageClient.start({ files: filesOf(texts) });
    assert.equal(rules(await client.open(MAIN, TEXT)).length > 0, true);
    texts[HOSTS] = 'host epyc { }\n';
    const again = client.published();
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: HOSTS, type: 1 }] });
    await again;
    assert.deepEqual(rules(lastOf(client, MAIN)), []);
    await client.stop();
  });

  it('are read anew when their editor is closed', async () => {
    const texts: Record<string, string> = { [HOSTS]: 'host xeon { }\n' };
    const client = await LanguageClient.start({ files: filesOf(texts) });
    assert.equal(rules(await client.open(MAIN, TEXT)).length, 1);
    await client.open(HOSTS, 'host xeon { }\n');
    await client.change(HOSTS, { text: 'host other { }\n' });
    texts[HOSTS] = 'host epyc { }\n';
    await client.close(HOSTS);
    await until(client, () => rules(lastOf(client, MAIN)).length === 0);
    await client.stop();
  });

  it('are found in files that come while the client tells of them', async () => {
    const texts: Record<string, string> = {};
    let listed = 0;
    const list = (): Promise<string[]> => (listed++, Promise.resolve(Object.keys(texts)));
    const client = await LanguageClient.start({
      files: { ...filesOf(texts), list },
      params: { capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } } },
    });
    const found = async (by = client): Promise<number> => (await by.request<unknown[]>('workspace/symbol', { query: 'epyc' })).length;
    const silent = await LanguageClient.start({ files: { ...filesOf(texts), list } });
    assert.deepEqual([await found(), await found(silent)], [0, 0]);
    texts[HOSTS] = 'host epyc { }\n';
    const before = listed;
    assert.deepEqual([await found(), listed - before], [0, 0], 'nothing was told');
    assert.equal(await found(silent), 1, 'a client that tells of nothing is not relied on');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: HOSTS, type: 1 }] });
    assert.equal(await found(), 1);
    await Promise.all([client.stop(), silent.stop()]);
  });

  it('are missing once a folder above them is gone, and there once it is back', async () => {
    const texts: Record<string, string> = { 'file:///ws/my%20sub/deep/l.vmlayout': 'host epyc { }\n' };
    const list = (): Promise<string[]> => Promise.resolve(Object.keys(texts));
    const client = await LanguageClient.start({ files: { ...filesOf(texts), list }, params: { capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } } } });
    const found = async (): Promise<string[]> => (await client.request<WorkspaceSymbol[]>('workspace/symbol', { query: 'epyc' })).map(({ location }) => location.uri);
    const move = async (from: string, to: string): Promise<void> => {
      for (const [uri, text] of Object.entries(texts)) {
        delete texts[uri];
        texts[uri.replace(from, to)] = text;
      }
      await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: `file:///ws/${from}`, type: 3 }, { uri: `file:///ws/${to}`, type: 1 }] });
    };
    assert.deepEqual(rules(await client.open(MAIN, 'import "my sub/deep/l.vmlayout"\nvm web on epyc { }\n')), []);
    await move('my%20sub', 'sub2');
    await until(client, () => rules(lastOf(client, MAIN)).includes('import-missing'));
    assert.deepEqual(await found(), ['file:///ws/sub2/deep/l.vmlayout']);
    await move('sub2', 'my%20sub');
    await until(client, () => rules(lastOf(client, MAIN)).length === 0);
    assert.deepEqual(await found(), ['file:///ws/my%20sub/deep/l.vmlayout']);
    await client.stop();
  });

  it('are not looked at again for files that have nothing to do with them', async () => {
    let read = 0;
    const client = await LanguageClient.start({ files: { read: () => Promise.resolve((read++, 'host epyc { }\n')) } });
    await client.open(MAIN, TEXT);
    const [told, before] = [client.history.length, read];
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: 'file:///ws/target/a.o', type: 1 }, { uri: 'file:///ws/target', type: 3 }, { uri: 'file:///ws/share', type: 3 }] });
    await client.request('vmlayout/formats');
    assert.deepEqual([client.history.length, read], [told, before]);
    await client.stop();
  });

  it('are listed again where that failed', async () => {
    const texts = { [HOSTS]: 'host epyc { }\n' };
    let broken = true;
    const list = (): Promise<string[]> => (broken ? Promise.reject(new Error('the disk is away')) : Promise.resolve(Object.keys(texts)));
    const client = await LanguageClient.start({ files: { ...filesOf(texts), list }, params: { capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } } } });
    const found = async (): Promise<number> => (await client.request<unknown[]>('workspace/symbol', { query: 'epyc' })).length;
    assert.equal(await found(), 0);
    assert.match(client.log.join('\n'), /listing .* failed: Error: the disk is away/);
    broken = false;
    assert.equal(await found(), 1);
    await client.stop();
  });

  it('are read again where they change on the way', async () => {
    const answers: ((text: string) => void)[] = [];
    const none = filesOf({});
    const client = await LanguageClient.start({ files: { read: (uri) => (uri === HOSTS ? new Promise((resolve) => answers.push(resolve)) : none.read(uri)) } });
    const asked = async (times: number): Promise<void> => {
      while (answers.length < times) await client.ask('hover', MAIN, { position: { line: 0, character: 0 } });
    };
    const opened = client.open(MAIN, TEXT);
    await asked(1);
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: HOSTS, type: 2 }] });
    await asked(2);
    answers[1]?.('host epyc { }\n');
    answers[0]?.('host xeon { }\n');
    assert.deepEqual(rules(await opened), []);
    assert.deepEqual(await client.ask('hover', MAIN, { position: { line: 1, character: 12 } }).then((hover) => hover !== null), true);
    assert.equal(answers.length, 2);
    await client.stop();
  });

  it('may be read once their folder joins the workspace', async () => {
    const texts = { 'file:///other/b.vmlayout': 'host epyc { }\n' };
    const client = await LanguageClient.start({ files: filesOf(texts) });
    assert.equal(rules(await client.open(MAIN, 'import "../other/b.vmlayout"\nvm web on epyc { }\n')).length, 2);
    await client.notify('workspace/didChangeWorkspaceFolders', { event: { added: [{ uri: 'file:///other', name: 'other' }], removed: [] } });
    await until(client, () => rules(lastOf(client, MAIN)).length === 0);
    await client.stop();
  });

  it('may lead in a circle', async () => {
    const client = await LanguageClient.start({ files: filesOf({ 'file:///ws/b.vmlayout': 'import "a.vmlayout"\nconst B = A\n' }) });
    assert.deepEqual(rules(await client.open('file:///ws/a.vmlayout', 'import "b.vmlayout"\nconst A = 1\nconst C = B\n')), []);
    await client.stop();
  });

  it('are read once, however many ask meanwhile', async () => {
    const read: string[] = [];
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const client = await LanguageClient.start({ files: { read: async (uri) => (await gate, read.push(uri), 'host epyc { }\n') } });
    await client.openQuietly(MAIN, TEXT);
    const asked = [1, 2].map(() => client.request('vmlayout/map', { uri: MAIN }));
    await client.request('vmlayout/formats');
    go();
    await Promise.all(asked);
    assert.deepEqual(read.filter((uri) => uri.endsWith('.vmlayout')), [HOSTS]);
    await client.stop();
  });

  it('stay inside the workspace, but for what lies beside an open file', async () => {
    const asked: string[] = [];
    const files = layoutsAsked(asked);
    const client = await LanguageClient.start({ files });
    const outside = await client.open('file:///ws/a.vmlayout', 'import "../../etc/passwd"\nimport "/etc/shadow"\nimport "https://example.org/x"\n');
    assert.deepEqual(asked, []);
    assert.equal(outside.filter((diagnostic) => messageOf(diagnostic).includes('outside of the workspace')).length, 3);
    await client.open('file:///elsewhere/a.vmlayout', 'import "b.vmlayout"\nvm web on epyc { }\n');
    assert.deepEqual(asked, ['file:///elsewhere/b.vmlayout']);
    await client.stop();
  });

  it('lie beside the file that names them, however its URI is spelt', async () => {
    const asked: string[] = [];
    const files = layoutsAsked(asked);
    const client = await LanguageClient.start({ files });
    for (const uri of ['file:///c%3A/my%20layouts/a.vmlayout', 'git:/repo/a.vmlayout?%7B%22path%22%3A%22/repo/a.vmlayout%22%7D', 'untitled:Untitled-1']) {
      await client.open(uri, 'import "./b.vmlayout"\nvm web on epyc { }\n');
    }
    assert.deepEqual(asked, ['file:///c%3A/my%20layouts/b.vmlayout', 'git:/repo/b.vmlayout']);
    await client.stop();
  });

  it('say why they can’t be read, and survive a host that fails', async () => {
    const files = { read: (uri: string) => (uri.endsWith('b.vmlayout') ? Promise.reject(new Error('boom')) : Promise.resolve({ error: 'it is a directory' })) };
    const client = await LanguageClient.start({ files });
    const told = await client.open(MAIN, 'import "a.vmlayout"\nimport "b.vmlayout"\n');
    assert.match(told.map(messageOf).join('\n'), /it is a directory[^]*it can’t be read/);
    assert.match(client.log.join('\n'), /boom/);
    await client.stop();
  });
});

describe('the project’s vmlayout.json', () => {
  const URI = 'file:///ws/in/a.vmlayout';
  const OVERLAP = 'vm web {\n  ram a at 0 size 2 MiB\n  ram b at 0 size 2 MiB\n}\n';
  const level = (word: string): string => `{ "rules": { "region-overlap": "${word}" } }`;

  it('sets levels as it does on the command line, before the user’s, and is followed', async () => {
    const texts: Record<string, string> = { 'file:///ws/vmlayout.json': level('warning'), 'file:///vmlayout.json': level('off') };
    const client = await LanguageClient.start({ files: filesOf(texts), settings: { rules: { 'region-overlap': 'note' } } });
    await client.open(URI, OVERLAP);
    await until(client, () => severityOf(client, URI) === 2);
    texts['file:///ws/in/vmlayout.json'] = level('error');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: 'file:///ws/in/vmlayout.json', type: 1 }] });
    await until(client, () => severityOf(client, URI) === 1);
    delete texts['file:///ws/in/vmlayout.json'];
    delete texts['file:///ws/vmlayout.json'];
    await client.notify('workspace/didChangeWatchedFiles', { changes: ['in/', ''].map((folder) => ({ uri: `file:///ws/${folder}vmlayout.json`, type: 3 })) });
    await until(client, () => severityOf(client, URI) === undefined);
    delete texts['file:///vmlayout.json'];
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: 'file:///vmlayout.json', type: 3 }] });
    await until(client, () => severityOf(client, URI) === 3);
    await client.stop();
  });

  it('has what is wrong in it told at its place, until it is mended', async () => {
    const configuration = 'file:///ws/vmlayout.json';
    const texts: Record<string, string> = { [configuration]: '{\n  "ruels": {},\n  "rules": { "region-overlap": "note" }\n}' };
    const client = await LanguageClient.start({ files: filesOf(texts) });
    await client.open(URI, OVERLAP);
    await until(client, () => severityOf(client, URI) === 3);
    assert.deepEqual(lastOf(client, configuration).map((diagnostic) => ({ message: messageOf(diagnostic), range: diagnostic.range })), [{ message: 'there is no field `ruels`; did you mean `rules`?', range: rangeAt(1, 2, 1, 9) }]);
    texts[configuration] = '{}';
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: configuration, type: 2 }] });
    await until(client, () => severityOf(client, URI) === 1);
    assert.deepEqual(lastOf(client, configuration), []);
    texts[configuration] = '{ "ruels": {} }';
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: configuration, type: 2 }] });
    await until(client, () => lastOf(client, configuration).length > 0);
    delete texts[configuration];
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: configuration, type: 3 }] });
    await until(client, () => lastOf(client, configuration).length === 0);
    await client.stop();
  });

  it('counts as it is now, though it changed while it was read', async () => {
    const texts: Record<string, string> = { 'file:///ws/vmlayout.json': level('warning') };
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const client = await LanguageClient.start({ files: { read: async (uri) => {
      const text = texts[uri];
      await gate;
      return text ?? { error: 'there is no such file' };
    } } });
    await client.open(URI, OVERLAP);
    texts['file:///ws/vmlayout.json'] = level('note');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: 'file:///ws/vmlayout.json', type: 2 }] });
    await client.request('vmlayout/formats');
    go();
    await until(client, () => severityOf(client, URI) === 3);
    assert.deepEqual(client.history.flatMap(({ diagnostics }) => diagnostics.flatMap(({ code, severity }) => (code === 'region-overlap' && severity === 2 ? [severity] : []))), []);
    await client.stop();
  });
});

describe('the shipped library', () => {
  const text = 'import "std:policies/basic"\nvm web {\n  policy basic\n}\n';
  const position = { line: 2, character: 10 };

  it('is shown by a client that asks for texts', async () => {
    const client = await LanguageClient.start({ params: { capabilities: { workspace: { textDocumentContent: {} } } } });
    await client.open(MAIN, text);
    const [target] = await client.ask<{ uri: string }[]>('definition', MAIN, { position });
    assert.equal(target?.uri, 'vmlayout-library:/policies/basic.vmlayout');
    const shown = await client.request<{ text: string }>('workspace/textDocumentContent', { uri: target?.uri });
    assert.match(shown.text, /^policy basic \{/m);
    await client.stop();
  });

  it('is nowhere for a client that doesn’t', async () => {
    const client = await LanguageClient.start();
    await client.open(MAIN, text);
    assert.equal(await client.ask('definition', MAIN, { position }), null);
    await client.stop();
  });
});

describe('what the client tells on demand', () => {
  it('is asked for', async () => {
    const registered: unknown[] = [];
    const client = await LanguageClient.start({
      params: { capabilities: { workspace: { didChangeConfiguration: { dynamicRegistration: true }, didChangeWatchedFiles: { dynamicRegistration: true } } } },
      answers: { 'client/registerCapability': ({ registrations }: { registrations: { method: string; registerOptions: unknown }[] }) => void registered.push(...registrations.map(({ method, registerOptions }) => [method, registerOptions])) },
    });
    while (registered.length < 2) await client.request('vmlayout/formats');
    assert.deepEqual(registered, [
      ['workspace/didChangeConfiguration', { section: 'vmlayout' }],
      ['workspace/didChangeWatchedFiles', { watchers: [{ globPattern: '**/*.vmlayout' }, { globPattern: '**/vmlayout.json' }, { globPattern: '**/*', kind: 5 }] }],
    ]);
    await client.stop();
  });
});

describe('settings', () => {
  const URI = 'file:///ws/a.vmlayout';
  const OVERLAP = 'vm web {\n  ram a at 0 size 2 MiB\n  ram b at 0 size 2 MiB\n}\n';

  it('set the levels of rules, and are followed', async () => {
    const client = await LanguageClient.start({ settings: { rules: { 'region-overlap': 'note', nonsense: 7 } } });
    await client.open(URI, OVERLAP);
    await until(client, () => severityOf(client, URI) === 3);
    client.settings = { rules: { 'region-overlap': 'loud' } };
    await client.notify('workspace/didChangeConfiguration', { settings: null });
    await until(client, () => severityOf(client, URI) === 1);
    client.settings = { rules: { 'region-overlap': 'off' } };
    await client.notify('workspace/didChangeConfiguration', { settings: null });
    await until(client, () => severityOf(client, URI) === undefined);
    client.settings = null;
    await client.notify('workspace/didChangeConfiguration', { settings: null });
    await until(client, () => severityOf(client, URI) === 1);
    await client.stop();
  });

  it('are taken from the notification where the client can’t be asked', async () => {
    const client = await LanguageClient.start({ params: { capabilities: {} } });
    await client.open(URI, OVERLAP);
    assert.equal(severityOf(client, URI), 1);
    await client.notify('workspace/didChangeConfiguration', { settings: { vmlayout: { rules: { 'region-overlap': 'warning' } } } });
    await until(client, () => severityOf(client, URI) === 2);
    await client.stop();
  });
});

/** Notes which layouts are asked for; a configuration there is none. */
const layoutsAsked = (asked: string[]) => ({
  read: (uri: string): Promise<string | { error: string }> =>
    uri.endsWith('.json') ? Promise.resolve({ error: 'there is no such file' }) : (asked.push(uri), Promise.resolve('host epyc { }\n')),
});

const lastOf = (client: LanguageClient, uri: string) => client.history.findLast((published) => published.uri === uri)?.diagnostics ?? [];

const severityOf = (client: LanguageClient, uri: string): number | undefined => lastOf(client, uri).find(({ code }) => code === 'region-overlap')?.severity;

async function until(client: LanguageClient, holds: () => boolean): Promise<void> {
  while (!holds()) await client.published();
}
