import assert from 'node:assert/strict';
import { assertMisuse, vmlayout } from '../support/command-line.js';

const TEXT = 'vm web { ram low at 0 size 4 KiB }\nvm db { ram low at 0 size 4 KiB }\n';

describe('vmlayout export', () => {
  it('writes one vm, and tells what a format can’t say', async () => {
    const { status, out, err } = await vmlayout(['export', 'dts', '-', '--vm', 'web'], { input: 'vm web { ram low at 0 size 4 KiB; ram more at 1 GiB size 1 GiB hotplug dimm }' });
    assert.equal(status, 0);
    assert.match(out, /^\/dts-v1\/;\n\n\/\* vm web, from <stdin>/);
    assert.equal(err, 'vmlayout: note: `more` comes later: it is no part of a tree that the guest boots with\n');
  });

  for (const format of ['svg', 'markdown']) {
    it(`writes the map: ${format}`, async () => {
      const map = await vmlayout(['map', 'examples/doorbell.vmlayout', '--format', format]);
      assert.deepEqual(await vmlayout(['export', format, 'examples/doorbell.vmlayout']), map);
    });
  }

  it('tells misuse', async () => {
    assertMisuse(await vmlayout(['export', 'dtx', '-']), 'export: there is no format `dtx`; did you mean `dts`?');
    assertMisuse(await vmlayout(['export', 'dts']), 'export: which file? (`-` is standard input)');
    assertMisuse(await vmlayout(['export', 'dts', '-'], { input: TEXT }), 'export: <stdin> has several vms; say which with `--vm`: web, db');
    assertMisuse(await vmlayout(['export', 'dts', 'examples/doorbell.vmlayout', '--host', 'altro']), 'export: there is no vm on a host `altro` in examples/doorbell.vmlayout; did you mean `altra`?');
    assertMisuse(await vmlayout(['export', 'dts', '-'], { input: '' }), 'export: no vm is declared in <stdin>');
    assertMisuse(await vmlayout(['export', 'iommufd-plan', '-'], { input: 'vm web { ram low at 0 size 4 KiB }' }), 'export: vm web can’t be said as iommufd-plan: it is on no host, so that there is nobody to ask');
  });
});
