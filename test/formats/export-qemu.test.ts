import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { exportLayout, type ExportFormatName, type ExportSubject } from '../../server/core/formats/export/index.js';
import { importFormat, vmDrift } from '../../server/core/index.js';
import { check } from '../support/check.js';
import { dedent } from '../support/picture.js';
import { needs, ran } from '../support/programs.js';

// A layout as QEMU is started with, and what QEMU then says of its memory.

const GIB = 1024n ** 3n;

const PC = 'host box { arch x86_64; kernel 6.12; page 4 KiB; iommu u { model vt-d }; device nic "0000:01:00.0"; device gpu "0000:02:00.0" }';
const ARM = 'host box { arch arm64; kernel 6.12; page 4 KiB; iommu u { model smmu-v3 } }';
const RISCV = 'host box { arch riscv64; kernel 6.12; page 4 KiB }';

const vm = (host: string, lines: string): string => `${host}\nvm web on box {\n vmm qemu\n${lines}\n}\n`;

/** A guest like a machine of the library. */
const shipped = (machine: string, host: string, constants: string): string => `import "std:machines/${machine}"\n${host}\nvm web like ${machine} on box {\n  ${constants.replaceAll(', ', '\n  ')}\n}\n`;

/** What the layouts are, and which program starts them. */
const LAYOUTS: readonly (readonly [title: string, program: string, packageName: string, text: string])[] = [
  ['a small PC', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'ram low at 0 size 512 MiB')],
  ['q35 above 4 GiB', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'backing b size 8 GiB\n ram low at 0 size 2 GiB from b\n ram high at 4 GiB size 6 GiB from b')],
  ['a lower cut', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'ram low at 0 size 1 GiB\n ram high at 4 GiB size 3 GiB')],
  ['i440fx, which keeps 3 GiB below', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'backing b size 6 GiB\n ram low at 0 size 3 GiB from b\n ram high at 4 GiB size 3 GiB from b')],
  ['RAM past 1 TiB', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'bits 48\n backing b size 1100 GiB\n ram low at 0 size 2 GiB from b\n ram high at 1 TiB size 1098 GiB from b')],
  ['a graphics window', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'ram low at 0 size 1 GiB\n mmio vga at 0xa_0000 size 128 KiB over low')],
  ['two nodes, the first across the cut', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'backing a size 3 GiB\n backing b size 1 GiB\n ram low at 0 size 2 GiB from a\n ram more at 4 GiB size 1 GiB from a\n ram high at 5 GiB size 1 GiB from b node 1')],
  ['virtio-mem in its window', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'ram low at 0 size 1 GiB\n ram plug at 6 GiB size 2 GiB hotplug virtio-mem block 2 MiB')],
  ['a DIMM from the start', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'ram low at 0 size 1 GiB\n window devices at 4 GiB size 8 GiB for memory\n backing d size 1 GiB\n ram dimm at 6 GiB size 1 GiB from d over devices because "plugged"')],
  ['a vIOMMU of 48 bits', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'ram low at 0 size 1 GiB\n viommu v { model vt-d; bits 48 }')],
  ['a machine of the library', 'qemu-system-x86_64', 'qemu-system-x86', shipped('q35', PC, 'const RAM = 5 GiB')],
  ['a small i440fx of the library', 'qemu-system-x86_64', 'qemu-system-x86', shipped('pc', PC, 'const RAM = 1 GiB')],
  ['an older q35 with a larger window', 'qemu-system-x86_64', 'qemu-system-x86', shipped('q35', PC, 'const RAM = 8 GiB, const MAXMEM = 64 GiB, const SLOTS = 4, const MACHINE = 7.0, const PCI_HOLE64 = 512 GiB, const PHYS_BITS = 46, const VGA = false')],
  ['an i440fx that is cut lower', 'qemu-system-x86_64', 'qemu-system-x86', shipped('pc', PC, 'const RAM = 8 GiB, const MAX_RAM_BELOW_4G = 1 GiB, const PCI_HOLE64 = 64 GiB')],
  ['an AMD guest of the library', 'qemu-system-x86_64', 'qemu-system-x86', shipped('q35', PC, 'const RAM = 8 GiB, const PCI_HOLE64 = 1 TiB, const PHYS_BITS = 48, const CPU_VENDOR = "amd", const MACHINE = 7.2')],
  ['a microvm', 'qemu-system-x86_64', 'qemu-system-x86', shipped('microvm', PC, 'const RAM = 4 GiB, const PCIE = true')],
  ['virt of the library', 'qemu-system-aarch64', 'qemu-system-arm', shipped('virt', ARM, 'const RAM = 4 GiB, const MAXMEM = 32 GiB, const SLOTS = 2, const CPUS = 4, const GIC = 2')],
  ['virt', 'qemu-system-aarch64', 'qemu-system-arm', vm(ARM, 'ram low at 1 GiB size 6 GiB')],
  ['virt with an SMMU and two nodes', 'qemu-system-aarch64', 'qemu-system-arm', vm(ARM, 'ram a at 1 GiB size 1 GiB backing anonymous node 0\n backing pages size 2 GiB share\n ram b at 2 GiB size 2 GiB from pages node 1\n viommu v { model smmu-v3 }')],
  ['two nodes of ordinary memory', 'qemu-system-aarch64', 'qemu-system-arm', vm(ARM, 'ram a at 1 GiB size 1 GiB node 0\n ram b at 2 GiB size 2 GiB node 1')],
  ['a node that has no memory before some is plugged', 'qemu-system-x86_64', 'qemu-system-x86', vm(PC, 'ram low at 0 size 1 GiB\n ram plug at 6 GiB size 2 GiB node 2 hotplug virtio-mem block 2 MiB')],
  ['riscv', 'qemu-system-riscv64', 'qemu-system-misc', vm(RISCV, 'ram low at 2 GiB size 3 GiB')],
];

function subjectOf(text: string): ExportSubject {
  const checked = check(dedent(text)).result.vms.at(-1);
  assert.ok(checked);
  return { ...checked, path: 'web.vmlayout' };
}

function written(format: ExportFormatName, text: string): string {
  const result = exportLayout(format, subjectOf(text));
  assert.ok('text' in result, JSON.stringify(result));
  return result.text;
}

function notesOf(text: string): readonly string[] {
  const result = exportLayout('qemu-args', subjectOf(text));
  assert.ok('text' in result, JSON.stringify(result));
  return result.notes;
}

/** Starts QEMU as a shell would, paused, without any device of the host, and reads its map back. */
function mapOfQemu(command: string): string {
  const asWritten = command.split('\n').filter((line) => !line.startsWith('#')).join(' ').replaceAll('\\ ', ' ');
  // Where there is no KVM, the CPU that comes nearest to the host's is emulated.
  const words = asWritten.replace(',accel=kvm', '').replace('-cpu host', asWritten.includes('riscv64') ? '-cpu rv64' : '-cpu max');
  // A machine with more memory than this one has takes none of it before it is used.
  const modest = words.replace(/-machine (q35)( .*-m size=(\d{3,}G))/, '-machine $1,memory-backend=vast -object memory-backend-ram,id=vast,size=$3,reserve=off$2');
  const script = `${modest.replaceAll(/-device vfio-pci\S*/g, '').trim()} -S -display none -monitor stdio -serial none -accel tcg`;
  const { out, err, status } = ran('sh', ['-c', script], 'info mtree -f -o\nquit\n');
  assert.equal(status, 0, err);
  return out.toString();
}

describe('the command that starts QEMU', () => {
  for (const [title, program, packageName, text] of LAYOUTS) {
    it(`gives the layout’s RAM, bytes and all: ${title}`, function () {
      needs(this, program, packageName);
      const command = written('qemu-args', text);
      assert.ok(command.includes(`\n${program} `), command);
      const imported = importFormat('qemu-mtree', [{ path: 'dump', text: mapOfQemu(command) }]);
      assert.ok('text' in imported, JSON.stringify(imported));
      const [machine] = check(imported.text).result.vms;
      assert.ok(machine);
      const isLegacy = ({ before, after }: { before?: { base: bigint }; after?: { base: bigint } }): boolean => (before ?? after)?.base === 0xc0000n;
      const drift = vmDrift(subjectOf(text).vm, machine.vm).parts.flatMap(({ changes }) => changes).filter((change) => change.what.startsWith('ram') && !isLegacy(change));
      assert.deepEqual(drift.map(({ kind, what, message }) => `${kind} ${what}: ${message}`), [], command);
    }).timeout(60_000);
  }

  it('is read back as the machine that was written', () => {
    for (const [title, , , text] of LAYOUTS) {
      const imported = importFormat('qemu-args', [{ path: 'web', text: written('qemu-args', text) }]);
      assert.ok('text' in imported, title);
      const [again] = check(imported.text).result.vms;
      assert.ok(again, title);
      const size = (one: ExportSubject['vm']): bigint => one.regions.reduce((sum, { kind, range, hotplug }) => sum + (kind === 'ram' && range && !hotplug ? range.end - range.base : 0n), 0n);
      assert.equal(size(again.vm), size(subjectOf(text).vm), `${title}\n${imported.text}`);
    }
  });

  it('says huge pages, nodes of the host, devices, and what comes later', () => {
    const text = vm(PC, `
      backing b size 4 GiB hugetlb 1 GiB node 1
      backing d size 1 GiB hugetlb 2 MiB
      ram low at 0 size 2 GiB from b
      ram high at 4 GiB size 2 GiB from b
      ram dimm at 6 GiB size 1 GiB from d hotplug dimm
      assign nic
      assign gpu hotplug
    `);
    assert.equal(written('qemu-args', text), dedent(`
      # vm web on box, from web.vmlayout. Written by vmlayout.
      qemu-system-x86_64 \\
        -machine q35,accel=kvm,memory-backend=b \\
        -cpu host \\
        -smp 1 \\
        -m size=4G,maxmem=5G,slots=1 \\
        -object memory-backend-memfd,id=b,size=4G,hugetlb=on,hugetlbsize=1G,prealloc=on,host-nodes=1,policy=bind \\
        -vga none \\
        -device vfio-pci,host=0000:01:00.0,id=nic

      # Later, on the monitor (HMP):
      #   object_add memory-backend-memfd,id=d,size=1G,hugetlb=on,hugetlbsize=2M,prealloc=on
      #   device_add pc-dimm,id=dimm,memdev=d,addr=0x180000000
      #   device_add vfio-pci,host=0000:02:00.0,id=gpu
    `));
  });

  it('has a node for each node of ordinary memory, and one for each that memory will come to', () => {
    const numa = (lines: string): string[] => written('qemu-args', vm(PC, lines)).match(/-(?:object|numa) [^ ]+/g) ?? [];
    assert.deepEqual(numa('ram low at 0 size 2 GiB node 0\n ram high at 4 GiB size 1 GiB node 1'), [
      '-object memory-backend-ram,id=low,size=2G',
      '-object memory-backend-ram,id=high,size=1G',
      '-numa node,nodeid=0,memdev=low,cpus=0',
      '-numa node,nodeid=1,memdev=high,cpus=1',
    ]);
    assert.deepEqual(numa('ram low at 0 size 2 GiB\n ram more at 6 GiB size 1 GiB node 1 hotplug dimm'), [
      '-object memory-backend-ram,id=low,size=2G',
      '-numa node,nodeid=0,memdev=low,cpus=0',
      '-numa node,nodeid=1',
    ]);
    assert.match(written('libvirt-xml', vm(PC, 'ram low at 0 size 2 GiB\n ram more at 6 GiB size 1 GiB node 1 hotplug dimm')), /<cell id="1" memory="0" unit="KiB"\/>/);
  });

  it('tells what becomes of nodes that QEMU has otherwise', () => {
    const told = (lines: string): string | undefined => notesOf(vm(PC, lines)).find((note) => /node/.test(note));
    assert.equal(told('backing b size 2 GiB\n ram low at 0 size 1 GiB from b node 0\n ram more at 1 GiB size 1 GiB from b + 1 GiB node 1'), '`b` serves nodes 0, 1: a backend of QEMU is of one node, and all of it is written as that of node 0');
    assert.match(told('ram low at 0 size 2 GiB node 1\n ram high at 4 GiB size 1 GiB node 0') ?? '', /^RAM of 2 backings is written as that of nodes 0 to 1, in the order of its addresses: QEMU lays nodes out by their numbers$/);
    assert.match(told('ram low at 0 size 2 GiB\n ram high at 4 GiB size 1 GiB backing hugetlb 2 MiB') ?? '', /: QEMU has several backends only for several nodes$/);
    assert.equal(told('ram low at 0 size 2 GiB node 0\n ram high at 4 GiB size 1 GiB node 1'), undefined);
  });

  it('tells what it takes for granted: the architecture, and devices where QEMU has them', () => {
    assert.match(notesOf('vm web {\n vmm qemu\n ram low at 2 GiB size 1 GiB\n}').join('\n'), /^nothing says the architecture: where RAM begins, riscv64 is taken; `arch` in the host says otherwise$/m);
    const arm = notesOf(vm(ARM, 'ram low at 1 GiB size 1 GiB\n mmio gic at 0x800_0000 size 64 KiB\n doorbell its at 0x809_0040 size 4'));
    assert.ok(arm.includes('2 device addresses (`mmio`, `rom`, `doorbell`) are not said: QEMU’s machine has its own'), arm.join('\n'));
    assert.doesNotMatch(arm.join('\n'), /architecture/);
  });

  for (const [title, lines, why] of [
    ['RAM in three pieces', 'ram a at 0 size 1 GiB\n ram b at 4 GiB size 1 GiB\n ram c at 8 GiB size 1 GiB', 'RAM has 3 pieces'],
    ['RAM that begins elsewhere', 'ram a at 1 GiB size 1 GiB', 'RAM begins at 0x40000000, and QEMU begins it at 0x0'],
    ['too much below 4 GiB', 'ram a at 0 size 3584 MiB\n ram b at 4 GiB size 4 GiB', '3584 MiB of RAM below 4 GiB are more than q35 or pc have there'],
    ['bytes in another order', 'backing b size 4 GiB\n ram a at 0 size 2 GiB from b\n ram c at 4 GiB size 1 GiB from b + 3 GiB', '`c` has bytes 3 GiB of `b`; QEMU would put those at 2 GiB of it there'],
    ['RAM at 1 TiB where nothing pushes it there', 'bits 48\n ram a at 0 size 1 GiB\n ram b at 1 TiB size 1 GiB', 'RAM goes on at 1 TiB, and QEMU goes on at 4 GiB unless it would reach'],
    ['no RAM', 'mmio a at 0 size 4 KiB', 'it has no RAM'],
  ] as const) {
    it(`refuses what no machine does: ${title}`, () => {
      const result = exportLayout('qemu-args', subjectOf(vm(PC, lines)));
      assert.ok('errors' in result && result.errors[0]?.startsWith(why), JSON.stringify(result));
    });
  }
});

const SCHEMA = '/usr/share/libvirt/schemas/domain.rng';

describe('the domain for libvirt', () => {
  for (const [title, , , text] of LAYOUTS) {
    it(`is as libvirt’s schema says: ${title}`, function () {
      needs(this, 'xmllint', 'libxml2-utils');
      if (!existsSync(SCHEMA)) {
        if (process.env['CI'] !== undefined) throw new Error(`${SCHEMA} is not there (Debian: apt-get install --no-install-recommends libvirt0)`);
        this.skip();
      }
      const xml = written('libvirt-xml', text);
      const { status, err } = ran('xmllint', ['--noout', '--relaxng', SCHEMA, '-'], xml);
      assert.equal(status, 0, `${err}\n${xml}`);
    }).timeout(60_000);
  }

  it('has the graphics card whose window hides RAM, and none where RAM is seen', () => {
    const library = (vga: boolean): string => written('libvirt-xml', shipped('q35', PC, `const RAM = 1 GiB, const VGA = ${vga}`));
    assert.match(library(true), /<model type="vga"\/>/);
    assert.match(library(false), /<model type="none"\/>/);
    assert.doesNotMatch(written('libvirt-xml', shipped('virt', ARM, 'const RAM = 1 GiB')), /<video>/);
  });

  it('takes i440fx where the layout has its window of 64-bit BARs', () => {
    const library = (name: string): string => written('libvirt-xml', shipped(name, PC, 'const RAM = 1 GiB'));
    assert.match(library('pc'), /machine="pc"/);
    assert.match(library('q35'), /machine="q35"/);
  });

  it('says of a DIMM that is there from the start where it is, and that its pages are small', () => {
    const xml = written('libvirt-xml', vm(PC, 'backing b size 1 GiB hugetlb 2 MiB\n ram low at 0 size 1 GiB from b\n window devices at 4 GiB size 8 GiB for memory\n ram dimm at 6 GiB size 1 GiB over devices because "plugged"'));
    assert.match(xml, /<memory model="dimm">\n *<source>\n *<pagesize unit="KiB">4<\/pagesize>\n *<\/source>\n[^]*<address type="dimm" base="0x180000000"\/>\n *<\/memory>\n(?! *-->)/);
    assert.doesNotMatch(xml, /Later/);
  });

  it('says how much memory there is, and how it is backed', () => {
    const xml = written('libvirt-xml', vm(PC, 'backing b size 4 GiB hugetlb 1 GiB share\n ram low at 0 size 2 GiB from b\n ram high at 4 GiB size 2 GiB from b\n assign nic'));
    assert.match(xml, new RegExp(`<memory unit="KiB">${(4n * GIB) / 1024n}</memory>`));
    assert.match(xml, /<page size="1048576" unit="KiB"\/>/);
    assert.match(xml, /<access mode="shared"\/>/);
    assert.match(xml, /<address domain="0x0000" bus="0x01" slot="0x00" function="0x0"\/>/);
  });
});
