import assert from 'node:assert/strict';
import { LIBRARY } from '../../server/core/index.js';
import { check, checkFix, offersOf } from '../support/check.js';

// Guests like the shipped machines, on hosts like the shipped ones: what runs on the real machine is without an error.

/** A host of the library with a GPU whose BARs are so large. */
const hostWith = (like: string, bits: number, bars: readonly string[]): string => `
host box like ${like} {
  kernel 6.8
  bits ${bits}
  group 1 { device gpu "0000:01:00.0" { ${bars.map((size, index) => `bar ${index} size ${size}`).join('; ')} } }
}
`;

const IMPORTS = ['iommu/intel', 'iommu/amd', 'iommu/arm', 'machines/q35', 'machines/pc', 'machines/microvm', 'machines/virt', 'machines/bhyve'].map((path) => `import "std:${path}"\n`).join('');

const guest = (like: string, lines: string): string => `vm web like ${like} on box {\n  ${lines.replaceAll(', ', '\n  ')}\n  assign gpu\n}\n`;

const errorsIn = (text: string): string[] => check(text).result.findings.filter(({ level }) => level === 'error').map(({ rule, message }) => `${rule}: ${message}`);

describe('BARs of a guest like a shipped machine', () => {
  const cases: [title: string, like: string, lines: string, bars: string[], told: string[]][] = [
    ['q35: firmware ends the window where they need it', 'q35', 'const RAM = 4 GiB', ['16 MiB', '128 GiB'], []],
    ['q35: several as well', 'q35', 'const RAM = 96 GiB, const PHYS_BITS = 46', ['64 GiB', '64 GiB'], []],
    ['pc', 'pc', 'const RAM = 4 GiB', ['128 GiB'], []],
    ['q35: a width that isn’t told is no limit', 'q35', 'const RAM = 4 GiB, const PHYS_BITS = box.none', ['1 TiB'], []],
    ['q35: not past the guest’s width', 'q35', 'const RAM = 4 GiB', ['512 GiB', '512 GiB', '512 GiB'], [
      'window-too-small: 2 BARs, the largest of 512 GiB, find no room in `pci64` (0x180000000-0x97fffffff, which firmware may end at 0xffffffffff) and 1 other window: the guest can’t assign them addresses, and the driver of `gpu` fails',
    ]],
    ['microvm: the window ends there already', 'microvm', 'const RAM = 4 GiB, const PCIE = true', ['512 GiB'], [
      'window-too-small: 1 BAR of 512 GiB finds no room in `pci64` (0xc000000000-0xffffffffff) and 1 other window: the guest can’t assign it an address, and the driver of `gpu` fails',
    ]],
    ['bhyve: the window is as it is', 'bhyve-x86', 'const RAM = 4 GiB', ['128 GiB'], [
      'window-too-small: 1 BAR of 128 GiB finds no room in `pci64` (0x800000000-0xfffffffff) and 1 other window: the guest can’t assign it an address, and the driver of `gpu` fails',
    ]],
  ];
  for (const [title, like, lines, bars, told] of cases) {
    it(title, () => assert.deepEqual(errorsIn(`${IMPORTS}${hostWith('vt-d', 46, bars)}${guest(like, lines)}`).filter((one) => one.startsWith('window')), told));
  }

  it('virt: the window is as large as its option says, which a fix raises', () => {
    const text = (constants: string): string => `${IMPORTS}${hostWith('smmu-v3', 48, ['512 GiB', '512 GiB'])}vm web like virt on box {\n  const RAM = 4 GiB\n  const PA_BITS = 48${constants}\n  assign gpu\n}\n`;
    assert.deepEqual(errorsIn(text('')), [
      'window-too-small: 1 BAR of 512 GiB finds no room in `pci64` (0x8000000000-0xffffffffff) and 1 other window: the guest can’t assign it an address, and the driver of `gpu` fails',
    ]);
    checkFix(text(''), 'Write `const HIGHMEM_MMIO_SIZE = 1 TiB`', text('').replace('assign gpu', 'assign gpu\n  const HIGHMEM_MMIO_SIZE = 1 TiB'));
    checkFix(text('\n  const HIGHMEM_MMIO_SIZE = 512 GiB'), 'Write `const HIGHMEM_MMIO_SIZE = 1 TiB`', text('\n  const HIGHMEM_MMIO_SIZE = 1 TiB'));
  });
});

describe('the vendor of a PC’s CPU', () => {
  const text = (constants: string): string => `${IMPORTS}${hostWith('amd-v1', 48, [])}vm web like q35 on box {\n  const RAM = 1536 GiB\n  const PHYS_BITS = 48${constants}\n  assign gpu\n}\n`;

  it('is AMD’s on such a host, says a fix where RAM meets the HyperTransport range', () => {
    const title = 'Say that the guest’s CPU is AMD’s, as the host’s is: still 402,128,896 × 4 KiB';
    checkFix(text(''), title, text('').replace('assign gpu', 'assign gpu\n  const CPU_VENDOR = "amd"'));
    checkFix(text('\n  const CPU_VENDOR = "intel"'), title, text('\n  const CPU_VENDOR = "amd"'));
    assert.deepEqual(errorsIn(text('\n  const CPU_VENDOR = "amd"')), []);
  });

  it('is no way out for a machine that has no such constant', () => {
    const checked = check(`${IMPORTS}${hostWith('amd-v1', 48, [])}${guest('microvm', 'const RAM = 1536 GiB, const PHYS_BITS = 48')}`);
    const titles = checked.result.findings.flatMap((finding) => offersOf(checked, finding)).map(({ title }) => title);
    assert.deepEqual(titles.filter((title) => title.startsWith('Say')), []);
  });
});

/** Every vm of the shipped machines that can be run, with its file. */
const MACHINES = [...LIBRARY].flatMap(([path, text]) => (path.startsWith('std:machines/') ? [...text.matchAll(/^vm ([\w-]+)/gm)].map(([, name = '']) => ({ path, name })) : [])).filter(({ name }) => name !== 'cloud-hypervisor');

describe('a shipped machine', () => {
  for (const { path, name } of MACHINES) {
    it(`${name} runs on hosts of its own architecture`, () => {
      const own = /-arm$|^virt$/.test(name) ? 'arm64' : /riscv/.test(name) ? 'riscv64' : /loongarch/.test(name) ? 'loongarch64' : 'x86_64';
      const constants = `const RAM = 4 GiB${name === 'x86-pc' ? '\n  const MAX_RAM_BELOW_4G = 4 GiB\n  const PCI_HOLE64 = 2 GiB\n  const LOW = 2 GiB' : ''}`;
      for (const arch of ['arm64', 'x86_64', 'riscv64', 'loongarch64']) {
        const told = errorsIn(`import "${path}"\nhost box { arch ${arch} }\nvm web like ${name} on box {\n  ${constants}\n}\n`).map((one) => one.split(':')[0]);
        assert.deepEqual(told, arch === own ? [] : ['policy/own-architecture'], arch);
      }
      assert.deepEqual(errorsIn(`import "${path}"\nhost box { page 4 KiB }\nvm web like ${name} on box {\n  ${constants}\n}\nvm alone like ${name} {\n  ${constants}\n}\n`), []);
    });
  }
});

describe('a shipped policy', () => {
  const packs = [...LIBRARY.keys()].filter((path) => path.startsWith('std:policies/')).map((path) => path.slice('std:policies/'.length));
  const hosts = [['q35', 'vt-d'], ['pc', 'vt-d'], ['q35', 'amd-v1'], ['virt', 'smmu-v3']] as const;
  for (const pack of packs) {
    for (const [machine, host] of hosts) {
      it(`${pack} has no error for a ${machine} in huge pages behind ${host}`, () => {
        const hugetlb = 'backing ram size RAM hugetlb 1 GiB';
        assert.deepEqual(errorsIn(`import "std:policies/${pack}"\n${IMPORTS}${hostWith(host, 46, ['16 MiB'])}${guest(machine, `policy ${pack}, const RAM = 8 GiB, ${hugetlb}`)}`), []);
      });
    }
  }
});
