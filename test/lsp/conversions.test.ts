import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Converted } from '../../server/lsp/requests.js';
import { filesOf, heldFiles, LanguageClient } from '../support/language-client.js';

// What the command line's `import`, `export`, `diff` and `explain --log` do, as requests of an editor.

const URI = 'file:///ws/doorbell.vmlayout';
const DOORBELL = readFileSync('examples/doorbell.vmlayout', 'utf8');
const REGIONS = '0x0000000008000000 0x00000000080fffff msi\n0x00000000fee00000 0x00000000feefffff msi\n';

describe('conversions', () => {
  let client: LanguageClient;

  beforeEach(async () => {
    client = await LanguageClient.start({ files: filesOf({ 'file:///ws/host.vmlayout': hostOf(DOORBELL) }) });
    await client.open(URI, DOORBELL);
  });

  afterEach(() => client.stop());

  const ask = (method: string, params: object): Promise<Converted> => client.request(`vmlayout/${method}`, params);

  it('tell a format from a text', async () => {
    const sniff = (text: string): Promise<string | null> => client.request('vmlayout/sniff', { text });
    assert.equal(await sniff(REGIONS), 'reserved-regions');
    assert.equal(await sniff('00001000-0009ffff : System RAM\n'), 'iomem');
    assert.equal(await sniff('address-space: memory\n  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n'), 'qemu-mtree');
    assert.equal(await sniff(DOORBELL), null);
  });

  it('import what tools print, and a blob by its bytes', async () => {
    const regions = textOf(await ask('import', { files: [{ path: 'reserved_regions', text: REGIONS }] }));
    assert.match(regions, /^ +reserved \S+ at 0x0?800_0000 .*msi/m);
    assert.deepEqual(await client.open('file:///ws/imported.vmlayout', regions).then((found) => found.filter(({ severity }) => severity === 1)), []);
    const bytes = [...readFileSync('test/data/dtb/virt-1g-highmem-off-smp4.dtb')];
    assert.match(textOf(await ask('import', { files: [{ path: 'virt.dtb', text: '', bytes }] })), /^ +ram \S+ at 0x4000_0000 size 1 GiB/m);
  });

  it('import IOMMU groups of a machine as one host, by what the client knows of each', async () => {
    const group = (number: string, machine: string): object => ({ path: 'reserved_regions', text: REGIONS, group: number, machine, devices: [`0000:0${number}:00.0`] });
    const text = textOf(await ask('import', { files: [group('3', '/sys/a'), group('7', '/sys/a')] }));
    assert.equal(text.match(/^host /gm)?.length, 1);
    assert.match(text, /^ +group 3 \{[^]*"0000:03:00\.0"[^]*^ +group 7 \{[^]*"0000:07:00\.0"/m);
  });

  it('import files of several formats into one layout, and tell what couldn’t be said', async () => {
    const iomem = { path: 'iomem', text: '00001000-0009ffff : System RAM\n00100000-7fffffff : System RAM\n' };
    const both = await ask('import', { files: [{ path: 'reserved_regions', text: REGIONS }, iomem] });
    assert.match(textOf(both), /reserved \S+ at 0x0?800_0000/);
    assert.match(textOf(both), /0x10_?0000/);
    const tree = '/dts-v1/;\n/ {\n  #address-cells = <1>;\n  #size-cells = <1>;\n  memory@0 { device_type = "memory"; reg = <0x0 0x1000000>; };\n  memory@80000000 { device_type = "memory"; };\n};\n';
    const told = await ask('import', { files: [{ path: 'a.dts', text: tree }] });
    assert.match('text' in told ? (told.notes ?? []).join('\n') : '', /has no `reg`: the boot loader fills it in/, JSON.stringify(told));
  });

  it('export the vm on the host that is asked for, with what it imports', async () => {
    const host = (name: string, page: string): string => `host ${name} { page ${page} }\n`;
    const files = heldFiles({ 'file:///ws/hosts.vmlayout': host('a', '4 KiB') + host('b', '64 KiB') });
    const quick = await LanguageClient.start({ files });
    await quick.openQuietly(URI, 'import "hosts.vmlayout"\nvm one on a, b {\n  ram x at 0 size 1 GiB\n}\nvm two on a, b {\n  ram y at 0 size 1 GiB\n}\n');
    const written = (params: object): Promise<Converted> => quick.request('vmlayout/export', { uri: URI, format: 'markdown', ...params });
    const asked = written({ vm: 'two', host: 'b' });
    await quick.request('vmlayout/formats');
    files.go();
    assert.match(textOf(await asked), /two on b/);
    assert.match(errorOf(await written({ vm: 'two' })), /there are 2: two on a, two on b$/);
    assert.match(errorOf(await written({})), /there are 4: /);
    await quick.stop();
  });

  it('say what can’t be imported, with its place', async () => {
    assert.match(errorOf(await ask('import', { files: [{ path: 'notes.txt', text: 'nothing\n' }] })), /^notes\.txt looks like none of qemu-mtree, /);
    assert.match(errorOf(await ask('import', { format: 'iomem', files: [{ path: 'r', text: REGIONS }] })), /^r:1: /);
    assert.match(errorOf(await ask('import', { format: 'reserved-regions', files: [{ path: 'r', text: '0x10 0x5 msi\n0x20 0x5 msi\n0x30 0x5 msi\n' }] })), /^r:1: .*\(and 2 more\)$/);
    assert.match(errorOf(await ask('import', { format: 'reserved-regions', files: [{ path: 'r', text: `${REGIONS}0x10 0x5 msi\n` }] })), /^r:3: /);
  });

  it('export in each format that is offered, or say why not', async () => {
    const { exports, imports } = await client.request<{ exports: { name: string }[]; imports: { name: string }[] }>('vmlayout/formats');
    assert.ok(imports.some(({ name }) => name === 'qemu-mtree') && imports.some(({ name }) => name === 'reserved-regions'));
    assert.ok(exports.length >= 8);
    for (const { name } of exports) {
      const written = await ask('export', { uri: URI, format: name });
      assert.ok('text' in written ? written.text.length > 40 : written.error.startsWith('vm web can’t be said as'), `${name}: ${JSON.stringify(written)}`);
    }
    assert.match(textOf(await ask('export', { uri: URI, format: 'c' })), /from doorbell\.vmlayout[^]*0xc0000000/i);
    assert.match(errorOf(await ask('export', { uri: URI, format: 'cobol' })), /no format cobol/);
    assert.match(errorOf(await ask('export', { uri: URI, format: 'c', vm: 'nobody' })), /no such vm/);
    assert.match(errorOf(await ask('export', { uri: 'file:///ws/closed.vmlayout', format: 'c' })), /not open/);
  });

  it('compare by meaning with a text that isn’t open, its imports included', async () => {
    const other = { uri: 'file:///ws/old.vmlayout', text: `import "host.vmlayout"\n${vmOf(DOORBELL).replaceAll('3 GiB', '2 GiB')}` };
    const changes = textOf(await ask('diff', { uri: URI, before: other }));
    assert.match(changes, /^vm web$/m);
    assert.match(changes, /grown +ram low/);
    // It stood on the host that it imports, so that its own finding was known.
    assert.match(changes, /leaves reserved range +doorbell-overlap/);
    assert.equal(textOf(await ask('diff', { uri: URI, before: { uri: URI, text: `// the same\n${DOORBELL}` } })), 'nothing changed\n');
  });

  it('explain a log, in the layout that is open', async () => {
    const log = 'qemu-system-aarch64: vfio_dma_map(0x5581, 0x0, 0xc0000000, 0x7f00) = -22 (Invalid argument)\n';
    const inLayout = textOf(await ask('explainLog', { log, name: 'qemu.log', uri: URI }));
    assert.match(inLayout, /^ +where +ram low of vm web on altra /m);
    assert.doesNotMatch(textOf(await ask('explainLog', { log, name: 'qemu.log' })), /\blow\b/);
    const files = heldFiles({ 'file:///ws/host.vmlayout': hostOf(DOORBELL) });
    const quick = await LanguageClient.start({ files });
    await quick.openQuietly(URI, `import "host.vmlayout"\n${vmOf(DOORBELL)}`);
    const asked = quick.request<Converted>('vmlayout/explainLog', { log, name: 'qemu.log', uri: URI });
    await quick.request('vmlayout/formats');
    files.go();
    assert.match(textOf(await asked), /^ +where +ram low of vm web on altra /m);
    await quick.stop();
    assert.match(errorOf(await ask('explainLog', { log: 'all is well\n', name: 'qemu.log' })), /no line of qemu\.log/);
  });

  it('answer nonsense with an error, and go on', async () => {
    assert.match(errorOf(await ask('import', {})), /failed/);
    assert.match(client.log.join('\n'), /vmlayout\/import failed/);
    assert.match(textOf(await ask('export', { uri: URI, format: 'markdown' })), /low/);
  });
});

const hostOf = (text: string): string => text.slice(0, text.indexOf('/// A guest'));
const vmOf = (text: string): string => text.slice(text.indexOf('/// A guest'));

function textOf(converted: Converted): string {
  assert.ok('text' in converted, JSON.stringify(converted));
  return converted.text;
}

function errorOf(converted: Converted): string {
  assert.ok('error' in converted, JSON.stringify(converted).slice(0, 200));
  return converted.error;
}
