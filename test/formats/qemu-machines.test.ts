import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestsOf, type MappingHabits } from '../../server/core/dma/requests.js';
import { habitsOf } from '../../server/core/dma/vmm-habits.js';
import { importFormat } from '../../server/core/formats/index.js';
import { contains, unite, type Range } from '../../server/core/layout/intervals.js';
import type { Vm } from '../../server/core/layout/model.js';
import { check } from '../support/check.js';
import { filesIn, MTREE_DATA } from './imported.js';
import { systemSections, type Section } from './readers.js';

// The shipped machines against QEMU itself: the command line of each recorded machine is imported, the layout worked out,
// and compared with what QEMU printed for it.

/** Machines without a model, and why. */
const UNMODELLED: Readonly<Record<string, string>> = {
  'arm-mps2-an505': 'a board with a Cortex-M33',
  'arm-raspi2b': 'a board with RAM that registers cut into 26 pieces',
  'arm-sabrelite-1g': 'a board of NXP’s',
  'arm-vexpress-a15-1g': 'a board of Arm’s',
  'isapc-64m': 'a PC without PCI: nothing can be assigned to it',
  'machine-none': 'no machine',
  'ppc64-pseries-4g': 'sPAPR: devices see DMA windows of the hypervisor, and not guest-physical addresses',
  'q10-imx8mp-evk': 'a board of NXP’s',
  'q10-sbsa-ref-8g': 'a reference platform for firmware; VFIO isn’t used with it',
  'riscv-sifive-u-4g': 'a board of SiFive’s',
  'riscv-spike-2g': 'a simulator without PCI',
  's390x-ccw-4g': 'devices are behind channel and zPCI addresses, and RAM is one piece at 0',
  'sbsa-ref-4g': 'a reference platform for firmware; VFIO isn’t used with it',
  'xlnx-versal-virt-2g': 'a board of Xilinx’s',
  'xlnx-versal-virt-8g': 'a board of Xilinx’s',
  'xlnx-zcu102-4g': 'a board of Xilinx’s',
};

/** What the command line doesn't tell and the dump depends on: the state of firmware, and files. */
const BESIDES: Readonly<Record<string, string>> = {
  'loongarch-virt-4g': 'const QEMU = 7.2',
  'pc-3g-ivshmem2g-seabios': 'const OPTION_ROMS = 44 KiB',
  'q10-microvm-4g': 'const BIOS = 128 KiB',
  'q10-q35-kvm-8g': 'const VGA = false',
  'q10-q35-seabios-3dev-8g': 'const ZONE = 0xe_4000',
  'q35-ovmf-3dev-2g': 'rom pam at 0xc_0000 size 16 KiB alias low + 0xc_0000 over low, option-roms because "what OVMF makes read-only"',
  'q35-pxb-seabios-6g': 'const OPTION_ROMS = 48 KiB',
};

const read = (name: string): string => readFileSync(join(MTREE_DATA, name), 'utf8');
const machines = filesIn(MTREE_DATA, '.cmd').map((name) => name.slice(0, -'.cmd'.length));
const modelled = machines.filter((name) => !(name in UNMODELLED));

/** The dump of a machine as it was started; one with hot plug has several. */
const dumpOf = (name: string): Section[] => {
  const file = [`${name}.mtree-f.txt`, `${name}.before.mtree-f.txt`].find((candidate) => filesIn(MTREE_DATA, candidate).includes(candidate));
  return systemSections(read(file ?? ''));
};

const ranFirmware = (name: string): boolean => /# firmware ran/.test(read(`${name}.cmd`));

function importOf(name: string): string {
  const result = importFormat('qemu-args', [{ path: `${name}.cmd`, text: read(`${name}.cmd`) }]);
  assert.ok('text' in result, `${name}: ${'errors' in result ? result.errors[0]?.message : ''}`);
  const firmware = ranFirmware(name) && !/const FLASH/.test(result.text) && /machines\/(pc|q35)"/.test(result.text) ? 'const SHADOWED = true' : '';
  return result.text.replace(/\}\n$/, `  ${firmware}\n  ${BESIDES[name] ?? ''}\n}\n`);
}

function vmOf(name: string): Vm {
  const { result } = check(importOf(name));
  assert.deepEqual(result.findings.map(({ rule, message }) => `${rule}: ${message}`), [], name);
  const [vm] = result.vms;
  assert.ok(vm, name);
  return vm.vm;
}

const rangeOf = ({ base, size }: Section): Range => ({ base, end: base + size });
const hex = ({ base, end }: Range): string => `0x${base.toString(16)}-0x${(end - 1n).toString(16)}`;

/** What QEMU maps for DMA at start-up, from the dump: RAM to it, but for BARs that firmware placed, and what virtio-mem may plug. */
function mappedIn(name: string, sections: readonly Section[]): string[] {
  const virtioMem = [...read(`${name}.cmd`).matchAll(/virtio-mem-pci,[^ ]*memdev=(\w+)/g)].map((match) => match[1]);
  return sections
    .filter(({ type, region }) => /^(nv-)?(ram|rom)$/.test(type) && !/^vga\.vram$|^shm$|^s$/.test(region) && !virtioMem.includes(region))
    .map((section) => `${hex(rangeOf(section))} @${section.offset.toString(16)} ${section.type === 'rom' ? 'r' : 'rw'}`);
}

const HABITS: MappingHabits = { vmm: habitsOf('qemu'), contract: 'type1', page: 4096n, alignment: 4096n, carve: [] };

const mappedBy = (vm: Vm): string[] =>
  [...requestsOf(vm, HABITS).requests]
    .sort((left, right) => (left.range.base < right.range.base ? -1 : 1))
    .map(({ range, offset, access }) => `${hex(range)} @${(offset ?? 0n).toString(16)} ${access}`);

const named = (vm: Vm, pattern: RegExp): Range[] => vm.regions.flatMap(({ name, range }) => (pattern.test(name) && range ? [range] : []));

const hexes = (ranges: readonly Range[]): string[] => ranges.map(hex);

/** Sections of PCI's windows, whole: BARs that firmware has placed lie in them. */
function windowIn(window: Range, sections: readonly Section[]): string[] {
  const inside = sections.map(rangeOf).filter((range) => contains(window, range));
  return hexes(unite(inside));
}

const sectionsCalled = (sections: readonly Section[], pattern: RegExp): Range[] => unite(sections.filter(({ region }) => pattern.test(region)).map(rangeOf));

/** Old machine types let reads of unclaimed addresses through, and their windows aren't shown. */
const WITHOUT_WINDOWS = ['virt-4.0-4g'];

/** The doorbells of each machine, worked out from the devices on its command line. */
const doorbells = new Map(
  read('doorbells.tsv').trimEnd().split('\n').map((line): [string, string[]] => {
    const [name = '', addresses = ''] = line.split('\t');
    return [name, addresses.split(',').filter((address) => address !== '')];
  }),
);

/** Where a device may write: each page of interrupt files is one. */
const doorbellsOf = (vm: Vm): string[] =>
  vm.regions
    .filter(({ kind, range }) => kind === 'doorbell' && range)
    .flatMap(({ name, range }) => {
      const { base, end } = range ?? { base: 0n, end: 0n };
      const pages = name.startsWith('imsic') ? Number((end - base) / 4096n) : 1;
      return Array.from({ length: pages }, (_, page) => `0x${(base + BigInt(page) * 4096n).toString(16)}`);
    });

/** Sections that say nothing of the machine: BARs, which firmware places, and what isn't modelled. */
const CXL = /^\.io$|^\.cache_mem$|^cxl-fixed-memory-region$/;

describe('the shipped QEMU machines, against QEMU', () => {
  it('have a model for each recorded machine but those listed', () => {
    for (const name of Object.keys(UNMODELLED)) {
      const result = importFormat('qemu-args', [{ path: name, text: read(`${name}.cmd`) }]);
      assert.ok('errors' in result && /the shipped library has no model of/.test(result.errors[0]?.message ?? ''), name);
    }
    assert.deepEqual([machines.length, modelled.length, Object.keys(UNMODELLED).length], [102, 86, 16]);
  });

  for (const name of modelled) {
    it(name, () => {
      const vm = vmOf(name);
      const sections = dumpOf(name);
      assert.deepEqual(mappedBy(vm), mappedIn(name, sections), 'what is mapped for DMA: address, offset in the block, access');
      assert.deepEqual(doorbellsOf(vm), doorbells.get(name), 'doorbells');
      checkWindows(name, vm, sections);
      checkRegisters(vm, sections.filter(({ base }) => !(ranFirmware(name) && isPc(name) && base > 1n << 32n)));
    });
  }
});

describe('memory that was plugged in', () => {
  /** The command line with what QMP plugged in afterwards, as many devices as are told. */
  function plugged(name: string, devices: number): string {
    const text = read(`${name}.cmd`);
    const commands = [...text.matchAll(/^# QMP (\{.*\}) -> /gm)].map((match) => JSON.parse(match[1] ?? '') as { execute: string; arguments: object });
    const options = commands.slice(0, 2 * devices).map(({ execute, arguments: given }) => `-${execute === 'object-add' ? 'object' : 'device'} '${JSON.stringify(given)}'`);
    return [text.split('\n')[0], ...options].join(' ');
  }

  const states: [name: string, state: string, devices: number][] = [
    ['pc-dimm-hotplug-1g', 'after1', 1],
    ['q35-dimm-hotplug-4g', 'after1', 1],
    ['q35-dimm-hotplug-4g', 'after3', 3],
  ];

  for (const [name, state, devices] of states) {
    it(`${name}, ${state}`, () => {
      const result = importFormat('qemu-args', [{ path: name, text: plugged(name, devices) }]);
      assert.ok('text' in result);
      const { result: checked } = check(result.text);
      assert.deepEqual(checked.findings, []);
      const vm = checked.vms[0]?.vm;
      assert.ok(vm);
      assert.deepEqual(mappedBy(vm), mappedIn(name, systemSections(read(`${name}.${state}.mtree-f.txt`))));
    });
  }
});

const isPc = (name: string): boolean => /^(pc|q35|q10-q35)-/.test(name);

/** QEMU shows the windows of machines with a generic PCIe bridge; those of PCs are what is left, so they are no sections. */
function checkWindows(name: string, vm: Vm, sections: readonly Section[]): void {
  const windows = named(vm, /^pci(64)?$/);
  const shown = sectionsCalled(sections, /^gpex_mmio_window$/);
  if (shown.length > 0) for (const window of windows) assert.deepEqual(windowIn(window, sections), [hex(window)], 'a PCI window');
  for (const range of shown) assert.ok(windows.some((window) => contains(window, range)), `${hex(range)} is a window`);
  assert.equal(windows.length > 0 && shown.length === 0, isPc(name) || WITHOUT_WINDOWS.includes(name));
  const spaces = sectionsCalled(sections, /^pcie-mmcfg-mmio$/);
  if (spaces.length > 0) assert.deepEqual(hexes(named(vm, /^ecam(-high)?$/)), hexes(spaces), 'the configuration space');
}

/**
 * Registers lie where the model has a device, a window or a doorbell; flash and BARs in windows likewise. Firmware of PCs
 * puts 64-bit BARs where it likes, and those are left out.
 */
function checkRegisters(vm: Vm, sections: readonly Section[]): void {
  const claimed = unite(vm.regions.flatMap(({ kind, range }) => (range && kind !== 'ram' && kind !== 'avoid' ? [range] : [])));
  for (const section of sections.filter(({ type, region }) => /^(i\/o|romd)$/.test(type) && !CXL.test(region))) {
    assert.ok(claimed.some((range) => contains(range, rangeOf(section))), `${section.region} at ${hex(rangeOf(section))} is claimed`);
  }
}
