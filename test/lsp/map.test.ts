import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { applyEdits, LineIndex } from '../../server/core/index.js';
import { modelOfRecord, recordOf, type MapRecord } from '../../server/core/map/record.js';
import type { MapAnswer } from '../../server/lsp/requests.js';
import { filesOf, heldFiles, LanguageClient } from '../support/language-client.js';

// What a view of the map is answered: plain JSON with exact addresses, and where everything is written.

const URI = 'file:///ws/main.vmlayout';

const example = (name: string): string => readFileSync(`examples/${name}.vmlayout`, 'utf8');

describe('language server: map', () => {
  let client: LanguageClient;

  const start = async (text: string, files: Readonly<Record<string, string>> = {}): Promise<void> => {
    client = await LanguageClient.start({ files: filesOf(files) });
    await client.open(URI, text);
  };

  const ask = (params: object = {}): Promise<MapAnswer | null> => client.request('vmlayout/map', { uri: URI, ...params });

  afterEach(() => client.stop());

  it('says that it can', async () => {
    await start('');
    assert.deepEqual(client.initialized.capabilities.experimental, { vmlayoutMap: true, vmlayoutConversions: true });
  });

  it('tells what stands where, and where that is written', async () => {
    await start(example('doorbell'));
    const { map, choices, version } = (await ask())!;
    assert.deepEqual([version, choices], [1, [{ vm: 'web', host: 'altra' }]]);
    const low = map?.items.find(({ id }) => id === 'iova/low');
    assert.deepEqual(low?.range, { base: '0x0', last: '0xbfffffff' });
    const lines = example('doorbell').split('\n');
    const { range, whole, uri } = low!.place!;
    assert.equal(uri, URI);
    assert.equal(lines[range.start.line]?.slice(range.start.character, range.end.character), 'low');
    assert.equal(lines[whole.start.line]?.slice(whole.start.character, whole.end.character), 'ram low at 0 size 3 GiB from ram0');
    assert.deepEqual(map?.hits.map(({ rule, witness }) => [rule, witness]), [['doorbell-overlap', { base: '0x8000000', last: '0x80fffff' }]]);
  });

  it('is JSON that is read back as it was', async () => {
    await start(example('policy'));
    const { map } = (await ask())!;
    const record = map as MapRecord;
    assert.deepEqual(recordOf(modelOfRecord(record), (place) => place), JSON.parse(JSON.stringify(record)));
  });

  it('tells the map of each stance', async () => {
    await start(example('terabyte'));
    const { stances } = (await ask({ stances: true }))!;
    const verdicts = stances?.map(({ stance, items }) => [stance, ...items.flatMap(({ kind, name, verdict }) => (kind === 'map' ? [`${name} ${verdict}`] : []))]);
    assert.deepEqual(verdicts, [
      ['reject *', 'low ok', 'high EINVAL'],
      ['carve', 'low ok', 'high-a ok', 'high-b ok'],
      ['tolerate', 'low ok', 'high EINVAL'],
      ['relocate', 'low ok', 'high ok'],
    ]);
  });

  it('tells what each fix makes of it, and follows the text', async () => {
    await start(example('doorbell'));
    const { fixes = [] } = (await ask({ fixesOf: 1 }))!;
    assert.match(fixes[0]?.title ?? '', /^Split `low`/);
    assert.deepEqual(fixes[0]?.map.items.filter(({ kind }) => kind === 'map').map(({ name, verdict }) => [name, verdict]), [['low-a', 'ok'], ['low-b', 'ok']]);
    const text = example('doorbell');
    const index = new LineIndex(text);
    for (const [number, fix] of fixes.entries()) {
      const edits = fix.edits.map(({ range, newText }) => ({ start: index.offsetOf(range.start), end: index.offsetOf(range.end), newText }));
      const mended = await client.open(`file:///ws/mended-${number}.vmlayout`, applyEdits(text, edits));
      assert.deepEqual(mended.filter(({ severity }) => severity === 1).map(({ code }) => code), [], fix.title);
    }
    assert.ok(fixes.some(({ edits }) => edits.length > 1));
    assert.deepEqual((await ask({ fixesOf: 99 }))?.fixes, []);
    await client.change(URI, { text: example('doorbell').replace('low at 0', 'low at 1 GiB') });
    const { map, version } = (await ask())!;
    assert.deepEqual([version, map?.hits], [2, []]);
  });

  it('waits for what is imported', async () => {
    const [host = '', vm = ''] = example('doorbell').split('/// A guest');
    const files = heldFiles({ 'file:///ws/host.vmlayout': host });
    client = await LanguageClient.start({ files });
    await client.openQuietly(URI, `import "host.vmlayout"\n/// A guest${vm}`);
    const asked = ask();
    await client.request('vmlayout/formats');
    files.go();
    assert.equal((await asked)?.map?.host, 'altra');
  });

  it('is of the guest and the host that are asked for', async () => {
    await start('host a { page 4 KiB }\nhost b { page 4 KiB }\nvm one on a, b {\n  ram x at 0 size 1 GiB\n}\nvm two on a, b {\n  ram y at 0 size 1 GiB\n}\n');
    const shown = async (params: object): Promise<unknown[]> => {
      const answer = await ask(params);
      return [answer?.map?.vm, answer?.map?.host, answer?.stances];
    };
    assert.deepEqual(await shown({}), ['one', 'a', undefined]);
    assert.deepEqual(await shown({ vm: 'two', host: 'b' }), ['two', 'b', undefined]);
    assert.deepEqual(await shown({ vm: 'two', host: 'gone' }), ['two', 'a', undefined]);
    assert.deepEqual(await shown({ vm: 'gone' }), ['one', 'a', undefined]);
  });

  it('has nothing to show of a file without a guest, and none of one that is closed', async () => {
    await start('host h { }\n');
    assert.deepEqual(await ask(), { version: 1, choices: [] });
    await client.close(URI);
    assert.equal(await ask(), null);
    assert.equal(await client.request('vmlayout/map', {}), null);
  });
});
