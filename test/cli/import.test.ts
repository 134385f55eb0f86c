import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
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
      const two = await vmlayout(['import', 'sys/2', 'sys/10'], { folder });
      assert.deepEqual(two.out.match(/^ *(?:host|iommu|group) \S+/gm), ['host machine', '  iommu iommu0', '  group 2', '  group 10']);
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

  it('names the devices of each group, which sysfs lists beside the ranges', async () => {
    const files = { 'sys/2/reserved_regions': MSI, 'sys/2/devices/0000:01:00.0': '', 'sys/2/devices/0000:01:00.1': '', 'sys/3/reserved_regions': MSI, 'sys/3/devices/AMDI0040:00': '' };
    await inFolder({ ...files, 'vm.sh': 'qemu-system-x86_64 -M q35 -m 4G -device vfio-pci,host=01:00.0\n' }, async (folder) => {
      const { out, err } = await vmlayout(['import', 'sys'], { folder });
      assert.match(out, /^ {2}group 2 \{\n {4}device pci_0000_01_00_0 "0000:01:00\.0"\n {4}device pci_0000_01_00_1 "0000:01:00\.1"\n {2}\}\n\n {2}group 3 \{\n {4}device AMDI0040_00 label "AMDI0040:00"\n/m);
      assert.doesNotMatch(err, /placeholder/);
      writeFileSync(join(folder, 'lab.vmlayout'), out);
      assert.equal((await vmlayout(['check', 'lab.vmlayout'], { folder })).status, 0);
      const guest = await vmlayout(['import', 'vm.sh', '--host', 'lab.vmlayout'], { folder });
      assert.match(guest.out, /^ {2}assign pci_0000_01_00_0\b/m);
      const both = await vmlayout(['import', 'vm.sh', 'sys'], { folder });
      assert.match(both.out, /^host machine \{[^]*^vm vm_guest like q35 on machine \{[^]*^ {2}assign pci_0000_01_00_0\b/m);
    });
  });

  it('includes no file from outside of the folders that it was given', async () => {
    const tree = '/ { #address-cells = <1>; #size-cells = <1>; memory { reg = <0 0x1000>; }; };\n';
    const board = (from: string): string => `/dts-v1/;\n/include/ "${from}"\n${tree}`;
    await inFolder({ 'secret.dtsi': 'SECRET\n', 'in/a/board.dts': board('../../secret.dtsi'), 'in/a/other.dts': board('../more.dtsi'), 'in/more.dtsi': '' }, async (folder) => {
      const outside = await vmlayout(['import', 'a/board.dts'], { folder: join(folder, 'in') });
      assert.match(outside.out + outside.err, /secret\.dtsi isn’t there/);
      const inside = await vmlayout(['import', 'a/other.dts'], { folder: join(folder, 'in') });
      assert.doesNotMatch(inside.out + inside.err, /isn’t there/);
    });
  });

  it('looks at files whose format isn’t said, and makes one layout of them', async () => {
    const iomem = '00001000-bfffffff : System RAM\nfee00000-fee00fff : Local APIC\n';
    await inFolder({ 'sys/2/reserved_regions': MSI, 'proc/iomem': iomem, 'board.dts': '/dts-v1/;\n#include "soc.dtsi"\n', 'soc.dtsi': '/ { #address-cells = <1>; #size-cells = <1>; memory { reg = <0 0x1000>; }; };\n' }, async (folder) => {
      const { status, out } = await vmlayout(['import', 'sys', 'proc/iomem', join(process.cwd(), DUMP)], { folder });
      assert.equal(status, 0);
      assert.deepEqual(out.match(/^(?:host|vm) .*$/gm), ['host machine {', 'vm pc_2g on machine {']);
      const said = await vmlayout(['import', 'reserved-regions', 'sys', 'iomem', 'proc/iomem', 'qemu-mtree', join(process.cwd(), DUMP)], { folder });
      assert.equal(said.out, out);
      assert.match((await vmlayout(['import', 'board.dts'], { folder })).out, /memory ram at 0 size 4 KiB \/\/ soc\.dtsi:1: \/memory/);
    });
  });

  it('reads blobs, from a file and from standard input', async () => {
    const file = 'test/data/dtb/virt-gic3-its-4g.dtb';
    const named = await vmlayout(['import', file, '--name', 'guest']);
    assert.match(named.out, /^vm guest \{\n[^]*ram ram at 0x4000_0000 size 4 GiB/m);
    assert.match((await vmlayout(['import', '-'], { input: readFileSync(file) })).out, /ram ram at 0x4000_0000 size 4 GiB/);
    assert.match((await vmlayout(['import', file, '--as', 'host'])).out, /^host [^]*memory ram at 0x4000_0000 size 4 GiB/m);
    assertMisuse(await vmlayout(['import', '-'], { input: readFileSync(file).subarray(0, 999) }), 'standard input: byte 0x3e7: the blob ends here, and its header says that it has 0x1d90 bytes');
    assertMisuse(await vmlayout(['import', 'iomem', file]), `${file}:1: no line \`FIRST-LAST : NAME\` as /proc/iomem has`);
    assertMisuse(await vmlayout(['import', 'README.md']), 'README.md: this looks like none of qemu-mtree, qemu-args, libvirt-xml, reserved-regions, iomem, dtb, dts, jailhouse, microkit; say which, in front of the file');
    assertMisuse(await vmlayout(['import', 'iomem', '-', 'reserved-regions', '-']), 'import: standard input is asked for twice, and can be read once');
    assertMisuse(await vmlayout(['import', file, '--as', 'me']), 'import: `--as` is host or vm, not `me`');
  });

  it('reads standard input if no file is named', async () => {
    const expected = await vmlayout(['import', 'reserved-regions', '-'], { input: MSI });
    assert.equal(expected.status, 0);
    assert.deepEqual(await vmlayout(['import', 'reserved-regions'], { input: MSI }), expected);
  });

  it('takes the second of two words for a file, where that is called as its format is', async () => {
    await inFolder({ iomem: '00000000-7fffffff : System RAM\n' }, async (folder) => {
      const { out, status } = await vmlayout(['import', 'iomem', 'iomem'], { folder });
      assert.equal(status, 0);
      assert.match(out, /memory system_ram at 0 \.\.= 0x7fff_ffff/);
    });
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
