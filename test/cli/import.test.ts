import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertMisuse, inFolder, vmlayout } from '../support/command-line.js';

// What real machines print becomes a layout that checks and plans.

const MSI = '0x00000000fee00000 0x00000000feefffff msi\n';
const QUIRK = '0x0000000000fd0000 0x0000000000fdffff reserved\n';
const DUMP = 'test/data/qemu-mtree/pc-2g.mtree-fo.txt';

describe('vmlayout import', () => {
  it('reads the directory that sysfs is, by number and with symbolic links in it', async () => {
    const files = { 'sys/2/reserved_regions': MSI + QUIRK, 'sys/10/reserved_regions': MSI, 'sys/notes': 'x', 'elsewhere/reserved_regions': MSI };
    await inFolder(files, async (folder) => {
      symlinkSync('../elsewhere', join(folder, 'sys/11'));
      const { status, out, err } = await vmlayout(['import', 'reserved-regions', 'sys', '--name', 'epyc'], { folder });
      assert.equal(status, 0);
      assert.match(out, /\nhost epyc \{\n/);
      assert.deepEqual(out.match(/^ {2}group \d+/gm), ['  group 2', '  group 10', '  group 11']);
      assert.match(out, /reserved \S+ at 0xfd_0000 /);
      assert.match(err, /^vmlayout: note: /);
      assert.match((await vmlayout(['import', 'reserved-regions', 'sys/2'], { folder })).out, /^ {2}group 2 /m);
    });
  });

  it('joins a dump of a machine with a host, and the result checks and plans', async () => {
    await inFolder({ 'sys/2/reserved_regions': MSI }, async (folder) => {
      writeFileSync(join(folder, 'epyc.vmlayout'), (await vmlayout(['import', 'reserved-regions', 'sys', '--name', 'epyc'], { folder })).out);
      const imported = await vmlayout(['import', 'qemu-mtree', join(process.cwd(), DUMP), '--host', './epyc.vmlayout', '--name', 'desk'], { folder });
      assert.equal(imported.status, 0);
      assert.match(imported.out, /\nimport "epyc\.vmlayout"\n\nvm desk on epyc \{\n/);
      writeFileSync(join(folder, 'desk.vmlayout'), imported.out);
      const { out } = await vmlayout(['check', 'desk.vmlayout', '--format', 'json'], { folder });
      assert.equal((JSON.parse(out) as { summary: { errors: number } }).summary.errors, 0);
      assert.match((await vmlayout(['plan', 'desk.vmlayout'], { folder })).out, /^vm desk on epyc\n/);
    });
  });

  it('reads standard input if no file is named', async () => {
    const expected = await vmlayout(['import', 'reserved-regions', '-'], { input: MSI });
    assert.equal(expected.status, 0);
    assert.deepEqual(await vmlayout(['import', 'reserved-regions'], { input: MSI }), expected);
  });

  it('takes the command line of a running QEMU, with its NUL bytes', async () => {
    const { out, status } = await vmlayout(['import', '-'], { input: 'qemu-system-aarch64\0-machine\0virt\0-m\x002G\0-name\0a b\0' });
    assert.equal(status, 0);
    assert.match(out, /\nvm a_b like virt \{\n {2}const RAM = 2 GiB\n/);
  });

  it('says what is wrong and where, in one line, with nothing on standard output', async () => {
    assert.match((await vmlayout(['import'])).err, /^vmlayout: import: which format, or which file\? There are qemu-mtree, /);
    assertMisuse(await vmlayout(['import', 'qemu-mtre']), 'import: there is no format and no file `qemu-mtre`; did you mean `qemu-mtree`?');
    assertMisuse(await vmlayout(['import', 'qemu-mtree', 'none.txt']), 'none.txt: there is no such file');
    assertMisuse(await vmlayout(['import', 'qemu-mtree', DUMP, '--host', 'none.vmlayout']), 'none.vmlayout: there is no such file');
    assertMisuse(await vmlayout(['import', 'qemu-mtree', DUMP, '--name', '2 vms']), 'import: `2 vms` is no name; names are letters, digits, `_` and inner hyphens');
    assertMisuse(await vmlayout(['import', 'reserved-regions', '-'], { input: `${MSI}0x1 0x0 msi\n` }), 'standard input:2: the last byte 0x0 lies before the first 0x1');
    assertMisuse(await vmlayout(['import', 'reserved-regions', '-'], { input: '\0' }), 'standard input: it is a binary file');
    assertMisuse(await vmlayout(['import', 'reserved-regions', 'examples']), 'examples: no IOMMU group is in this directory (as N/reserved_regions); is the IOMMU on?');
  });
});
