import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { formatSize } from '../../server/core/layout/address.js';
import { LIBRARY } from '../../server/core/std/generated/library.js';
import type { Vm } from '../../server/core/layout/model.js';
import { FileScope } from '../../server/core/layout/scope.js';
import { openDocument } from '../../server/core/syntax/document.js';
import { check, type Checked } from '../support/check.js';

// The shipped library: each file is without findings, each model works, and QEMU's machines move things where QEMU does.

const paths = [...LIBRARY.keys()];

/** The names of what a file of the library declares. */
const declaredIn = (path: string, keyword: string): string[] =>
  FileScope.of(path, openDocument(LIBRARY.get(path) ?? '')).declarations.flatMap(({ declaration: { keyword: { text }, name } }) =>
    text === keyword && name?.kind === 'word' ? [name.text] : [],
  );

const findingsOf = ({ result }: Checked): string[] => result.findings.map(({ rule, message }) => `${rule}: ${message}`);

function guest(machine: string, constants: string): Checked {
  const [path] = paths.filter((candidate) => candidate.startsWith('std:machines/') && declaredIn(candidate, 'vm').includes(machine));
  assert.ok(path, machine);
  return check(`import "${path}"\nvm web like ${machine} {\n  ${constants.replaceAll(', ', '\n  ')}\n}\n`);
}

function layout(machine: string, constants: string): Vm {
  const checked = guest(machine, constants);
  assert.deepEqual(findingsOf(checked), [], `${machine} { ${constants} }`);
  const vm = checked.result.vms[0]?.vm;
  assert.ok(vm);
  return vm;
}

/** `0x100000000-0x1ffffffff` of a region; nothing where it isn't there. */
const rangeOf = ({ regions }: Vm, name: string): string | undefined => {
  const range = regions.find((region) => region.name === name)?.range;
  return range && `0x${range.base.toString(16)}-0x${(range.end - 1n).toString(16)}`;
};

describe('the shipped library', () => {
  for (const path of paths) {
    it(`${path} has no finding, and says where it is from`, () => {
      const text = LIBRARY.get(path) ?? '';
      assert.deepEqual(findingsOf(check(text)), []);
      assert.match(text, /^\/\//);
    });
  }

  it('has a name for each thing that no other file has', () => {
    const names = paths.flatMap((path) => ['vm', 'host', 'device', 'const'].flatMap((keyword) => declaredIn(path, keyword)));
    assert.equal(new Set(names).size, names.length);
  });
});

describe('what lies past the address width of a machine', () => {
  const cases: [machine: string, constants: string, told: string[]][] = [
    ['q35', 'const RAM = 1100 GiB, const PHYS_BITS = 40', ['guest-width', 'guest-width']],
    ['q35', 'const RAM = 16 GiB, const MAXMEM = 1100 GiB, const PCI_HOLE64 = 0, const PHYS_BITS = 40', ['guest-width']],
    ['virt', 'const RAM = 1100 GiB, const PA_BITS = 40', ['guest-width']],
    ['virt', 'const RAM = 16 GiB, const MAXMEM = 1100 GiB, const PA_BITS = 40', ['guest-width']],
    ['virt', 'const RAM = 4 GiB, const HIGHMEM = false', ['policy/require']],
    ['cloud-hypervisor-x86', 'const RAM = 70000 GiB', ['guest-width']],
    ['cloud-hypervisor-x86', 'const RAM = 65535 GiB', ['policy/require']],
    ['crosvm-arm', 'const RAM = 1100 GiB', ['guest-width', 'guest-width']],
    ['crosvm-arm', 'const RAM = 1021 GiB', ['policy/require']],
  ];
  for (const [machine, constants, told] of cases) {
    it(`is told once of each region: ${machine} { ${constants} }`, () => assert.deepEqual(guest(machine, constants).result.findings.filter(({ level }) => level === 'error').map(({ rule }) => rule), told));
  }
});

describe('IOMMUs of the library', () => {
  const cases: [file: string, host: string, constants: string, usable: string[], leaves: string][] = [
    ['arm', 'smmu-v3', '', ['0x0-0x7ffffff', '0x8100000-0xffffffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['arm', 'smmu-v3', 'const PAGE = 16 KiB', ['0x0-0x7ffffff', '0x8100000-0xffffffffffff'], '16 KiB, 32 MiB'],
    ['arm', 'smmu-v3', 'const PAGE = 64 KiB, const BITS = 52', ['0x0-0x7ffffff', '0x8100000-0xfffffffffffff'], '64 KiB, 512 MiB, 4 TiB'],
    ['arm', 'smmu-v2', 'const BITS = 40', ['0x0-0x7ffffff', '0x8100000-0xffffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['intel', 'vt-d', 'const BITS = 39', ['0x0-0xfedfffff', '0xfef00000-0x7fffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['intel', 'vt-d', '', ['0x0-0xfedfffff', '0xfef00000-0xffffffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['intel', 'vt-d', 'const BITS = 57', ['0x0-0xfedfffff', '0xfef00000-0x1ffffffffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['intel', 'vt-d', 'const FIRST_STAGE = true', ['0x0-0xfedfffff', '0xfef00000-0x7fffffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['amd', 'amd-v1', '', ['0x0-0xfedfffff', '0xfef00000-0xfcffffffff', '0x10000000000-0xffffffffffffffff'], '39 of them'],
    ['amd', 'amd-v2', '', ['0x0-0xfedfffff', '0xfef00000-0xfcffffffff', '0x10000000000-0x7fffffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['amd', 'amd-v2', 'const HT_RANGE = false', ['0x0-0xfedfffff', '0xfef00000-0x7fffffffffff'], '4 KiB, 2 MiB, 1 GiB'],
    ['riscv', 'riscv-iommu', '', ['0x0-0x7fffffffffff'], '4 KiB, 64 KiB, 2 MiB, 1 GiB, 512 GiB'],
    ['virtio', 'virtio-iommu-arm', '', ['0x0-0x7ffffff', '0x8100000-0xffffffffffff'], '52 of them'],
    ['virtio', 'virtio-iommu-pc', '', ['0x0-0xfedfffff', '0xfef00000-0x7fffffffff'], '52 of them'],
    ['s390', 's390-iommu', 'const START_DMA = 0x1_0000_0000, const END_DMA = 0x1ff_ffff_ffff', ['0x100000000-0x1ffffffffff'], '4 KiB'],
    ['apple', 'dart', '', ['0x0-0xffffbfff'], '16 KiB'],
  ];

  for (const [file, host, constants, usable, leaves] of cases) {
    it(`${host}${constants === '' ? '' : ` { ${constants} }`}`, () => {
      const block = [...constants.split(', '), 'device nic "0000:01:00.0"'].join('\n  ');
      const checked = check(`import "std:iommu/${file}"\nhost box like ${host} {\n  ${block}\n}\nvm web on box {\n  ram low at ${host === 'dart' ? 1 : 4} GiB size 64 MiB\n  assign nic\n}\n`);
      assert.deepEqual(findingsOf(checked), []);
      const plan = checked.result.vms[0]?.plan;
      assert.deepEqual(plan?.usable.map(({ base, end }) => `0x${base.toString(16)}-0x${(end - 1n).toString(16)}`), usable);
      const sizes = [...(plan?.format.leafSizes ?? [])].reverse().map(formatSize);
      assert.equal(sizes.length > 6 ? `${sizes.length} of them` : sizes.join(', '), leaves);
    });
  }
});

/** What others are like, and nothing by itself. */
const BASES = new Set(['x86-pc', 'cloud-hypervisor']);

describe('machines of the library', () => {
  const machines = paths.filter((path) => path.startsWith('std:machines/')).flatMap((path) => declaredIn(path, 'vm'));

  for (const machine of machines.filter((name) => !BASES.has(name))) {
    it(`${machine} is laid out with the constants it leaves open alone, whatever RAM there is`, () => {
      for (const ram of ['1 GiB', '2815 MiB', '3 GiB', '3584 MiB', '4 GiB', '255 GiB', '600 GiB']) {
        const vm = layout(machine, `const RAM = ${ram}`);
        const sizes = vm.regions.flatMap(({ kind, range }) => (kind === 'ram' && range ? [range.end - range.base] : []));
        const wanted = check(`const RAM = ${ram}\nvm x { ram r at 0 size RAM }\n`).result.vms[0]?.vm.regions[0]?.range?.end;
        assert.equal(sizes.reduce((sum, size) => sum + size, 0n), wanted, ram);
      }
    });
  }
});

describe('where QEMU moves things', () => {
  const cases: [machine: string, constants: string, region: string, range: string | undefined][] = [
    ['q35', 'const RAM = 2815 MiB', 'low', '0x0-0xafefffff'],
    ['q35', 'const RAM = 2816 MiB', 'low', '0x0-0x7fffffff'],
    ['q35', 'const RAM = 2816 MiB', 'high', '0x100000000-0x12fffffff'],
    ['q35', 'const RAM = 8 GiB, const MAX_RAM_BELOW_4G = 1536 MiB', 'high', '0x100000000-0x29fffffff'],
    ['q35', 'const RAM = 4 GiB, const MAXMEM = 16 GiB, const SLOTS = 4', 'device-memory', '0x180000000-0x57fffffff'],
    ['pc', 'const RAM = 3583 MiB', 'low', '0x0-0xdfefffff'],
    ['pc', 'const RAM = 3584 MiB', 'low', '0x0-0xbfffffff'],
    ['q35', 'const RAM = 978 GiB, const CPU_VENDOR = "amd", const PHYS_BITS = 48', 'high', '0x100000000-0xf4ffffffff'],
    ['q35', 'const RAM = 979 GiB, const CPU_VENDOR = "amd", const PHYS_BITS = 48', 'high', '0x10000000000-0x1f43fffffff'],
    ['q35', 'const RAM = 979 GiB, const CPU_VENDOR = "amd", const PHYS_BITS = 48, const MACHINE = 7.0', 'high', '0x100000000-0xf53fffffff'],
    ['q35', 'const RAM = 979 GiB', 'high', '0x100000000-0xf53fffffff'],
    ['pc', 'const RAM = 1009 GiB, const CPU_VENDOR = "amd", const PHYS_BITS = 48', 'high', '0x100000000-0xfc7fffffff'],
    ['pc', 'const RAM = 1010 GiB, const CPU_VENDOR = "amd", const PHYS_BITS = 48', 'high', '0x10000000000-0x1fbbfffffff'],
    ['q35', 'const RAM = 4 GiB, const CPU_VENDOR = "amd", const PHYS_BITS = 48, const PCI_HOLE64 = 1 TiB', 'high', '0x10000000000-0x1007fffffff'],
    ['virt', 'const RAM = 4 GiB, const MAXMEM = 16 GiB, const SLOTS = 4', 'device-memory', '0x140000000-0x53fffffff'],
    ['virt', 'const RAM = 4 GiB, const CPUS = 200', 'gic-redist2', '0x4000000000-0x400099ffff'],
    ['virt', 'const RAM = 4 GiB', 'ecam-high', '0x4010000000-0x401fffffff'],
    ['virt', 'const RAM = 4 GiB', 'pci64', '0x8000000000-0xffffffffff'],
    ['virt', 'const RAM = 4 GiB, const PA_BITS = 36', 'ecam-high', undefined],
    ['virt', 'const RAM = 4 GiB, const PA_BITS = 36', 'pci64', undefined],
    ['virt', 'const RAM = 300 GiB', 'ecam-high', '0x4b50000000-0x4b5fffffff'],
    ['virt', 'const RAM = 300 GiB', 'pci64', '0x8000000000-0xffffffffff'],
    ['virt', 'const RAM = 600 GiB, const PA_BITS = 44', 'pci64', '0x10000000000-0x17fffffffff'],
    ['virt', 'const RAM = 3 GiB, const HIGHMEM = false', 'ecam', '0x3f000000-0x3fffffff'],
    ['riscv-virt', 'const RAM = 64 GiB', 'pci64', '0x1400000000-0x17ffffffff'],
    ['loongarch-virt', 'const RAM = 4 GiB', 'high', '0x80000000-0x16fffffff'],
    ['loongarch-virt', 'const RAM = 4 GiB, const QEMU = 8.2', 'high', '0x90000000-0x17fffffff'],
  ];

  for (const [machine, constants, region, range] of cases) {
    it(`${machine} { ${constants} }: ${region}`, () => assert.equal(rangeOf(layout(machine, constants), region), range));
  }
});

describe('a Firecracker guest that looks at itself', () => {
  it('has what its /proc/iomem says', () => {
    // 100000000-63fffffff : System RAM, c0001000-eebfffff and 4000000000-7fffffffff : PCI Bus 0000:00, eec00000- : PCI ECAM, fec00000- : IOAPIC.
    const vm = layout('firecracker-x86', 'const RAM = 24 GiB');
    const expected = { low: '0x0-0xbfffffff', middle: '0x100000000-0x63fffffff', high: undefined, pci: '0xc0001000-0xeebfffff', pci64: '0x4000000000-0x7fffffffff', ecam: '0xeec00000-0xfebfffff', ioapic: '0xfec00000-0xfec00fff' };
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, rangeOf(vm, name)])), expected);
  });
});

describe('what QEMU refuses', () => {
  const cases: [machine: string, constants: string, message: string][] = [
    ['q35', 'const RAM = 979 GiB, const CPU_VENDOR = "amd"', 'guest-width: `pci64` lies past the 40 bits of the guest (0x0-0xffffffffff): the guest has no address for 0x1f440000000-0x1fc3fffffff'],
    ['q35', 'const RAM = 8 GiB, const MAXMEM = 4 GiB', 'policy/require: `MAXMEM >= RAM` is false: `MAXMEM` is 4 GiB, `RAM` is 8 GiB'],
    ['q35', 'const RAM = 8 GiB, const MAX_RAM_BELOW_4G = 5 GiB', 'policy/require: `MAX_RAM_BELOW_4G <= 4 GiB` is false: 5 GiB'],
    ['virt', 'const RAM = 64 GiB, const PA_BITS = 36', 'guest-width: `low` reaches past the 36 bits of the guest (0x0-0xfffffffff): the guest has no address for 0x1000000000-0x103fffffff'],
    ['virt', 'const RAM = 4 GiB, const HIGHMEM = false', 'policy/require: `MEMORY_END <= LIMIT` is false: `MEMORY_END` is 5 GiB, `LIMIT` is 4 GiB'],
    ['loongarch-virt', 'const RAM = 512 MiB', 'policy/require: `RAM >= 1 GiB` is false: 512 MiB'],
  ];

  for (const [machine, constants, message] of cases) {
    it(`${machine} { ${constants} }`, () => assert.ok(findingsOf(guest(machine, constants)).includes(message), findingsOf(guest(machine, constants)).join('\n')));
  }
});

describe('docs/library.md', () => {
  const page = readFileSync('docs/library.md', 'utf8');

  it('lists every file, and what is in it', () => {
    const told = new Map([...page.matchAll(/^\| `(std:[^`]+)` \| ([^|]*) \| ([^|]*) \|$/gm)].map(([, path = '', things = '', constants = '']) => [path, { things, constants }]));
    assert.deepEqual([...told.keys()].sort(), paths.filter((path) => !path.startsWith('std:policies/')).sort());
    for (const [path, { things, constants }] of told) {
      const declared = ['vm', 'host'].flatMap((keyword) => declaredIn(path, keyword));
      for (const name of declared) assert.ok(things.includes(`\`${name}\``), `${path} has ${name}`);
      for (const [, name = ''] of constants.matchAll(/`([A-Z][A-Z0-9_]*)`/g)) assert.match(LIBRARY.get(path) ?? '', new RegExp(`const ${name}\\b`), `${path} has ${name}`);
    }
  });
});
