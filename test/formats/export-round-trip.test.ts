import assert from 'node:assert/strict';
import fc from 'fast-check';
import { exportLayout, type ExportFormatName } from '../../server/core/formats/export/index.js';
import { diffLayouts, importFormat } from '../../server/core/index.js';
import { check, type Checked } from '../support/check.js';

// A guest like a machine of the library, written for QEMU and read again: it is the same guest, or what isn't is told.

const GIB = 1024;

/** In MiB. */
const sizes = (most: number, unit: number): fc.Arbitrary<string> => fc.integer({ min: 1, max: Math.floor(most / unit) }).map((count) => `${count * unit} MiB`);

const ram = fc.oneof(sizes(6 * GIB, 64), sizes(2048 * GIB, GIB));
const truths = fc.boolean().map(String);
const cpus = fc.integer({ min: 1, max: 200 }).map(String);
const room = fc.option(fc.tuple(sizes(512 * GIB, GIB), fc.integer({ min: 0, max: 8 })), { nil: undefined });

/** Constants by name; those without a value are left to the machine. */
type Constants = Readonly<Record<string, string | undefined>>;

const optional = (values: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<Constants> =>
  fc.record(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fc.option(value, { nil: undefined })])));

const pc = (hole: fc.Arbitrary<string>, own: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<Constants> =>
  optional({
    MAX_RAM_BELOW_4G: sizes(4 * GIB, 256),
    MACHINE: fc.constantFrom('2.4', '6.2', '7.0', '7.1', '9.2', '10.0'),
    CPU_VENDOR: fc.constantFrom('"amd"', '"intel"'),
    PHYS_BITS: fc.integer({ min: 36, max: 52 }).map(String),
    PCI_HOLE64: hole,
    VGA: truths,
    ...own,
  });

const MACHINES: Readonly<Record<string, { readonly constants: fc.Arbitrary<Constants>; readonly hasRoom: boolean }>> = {
  q35: { constants: pc(sizes(1024 * GIB, GIB), { INTEL_IOMMU: truths, AMD_IOMMU: truths }), hasRoom: true },
  pc: { constants: pc(sizes(64 * GIB, GIB), {}), hasRoom: true },
  microvm: { constants: optional({ PHYS_BITS: fc.integer({ min: 36, max: 52 }).map(String), PCIE: truths }), hasRoom: false },
  virt: {
    constants: optional({
      CPUS: cpus,
      GIC: fc.constantFrom('2', '3', '4'),
      ITS: truths,
      HIGHMEM: truths,
      HIGHMEM_REDISTS: truths,
      HIGHMEM_ECAM: truths,
      HIGHMEM_MMIO: truths,
      HIGHMEM_MMIO_SIZE: fc.constantFrom('512 GiB', '1 TiB', '2 TiB'),
      COMPACT: truths,
      SMMU: truths,
      SECURE: truths,
    }),
    hasRoom: true,
  },
};

const HOST = { path: 'host.vmlayout', text: 'host box {\n  arch arm64\n  page 4 KiB\n  bits 44\n}\n' };

/** On Arm the width is the host's, under KVM. */
function layoutOf(machine: string, constants: Constants): Checked {
  const lines = Object.entries(constants).flatMap(([name, value]) => (value === undefined ? [] : [`  const ${name} = ${value}\n`]));
  const isArm = machine === 'virt';
  const imports = `import "std:machines/${machine}"\n${isArm ? 'import "host.vmlayout"\n' : ''}`;
  return check(`${imports}\nvm web like ${machine}${isArm ? ' on box' : ''} {\n${lines.join('')}${isArm ? '  const PA_BITS = 44\n' : ''}}\n`, new Map([[HOST.path, HOST.text]]));
}

function exported(format: ExportFormatName, { result }: Checked): { readonly text: string; readonly notes: readonly string[] } {
  const [subject] = result.vms;
  assert.ok(subject);
  const written = exportLayout(format, { ...subject, path: 'web.vmlayout' });
  assert.ok('text' in written, JSON.stringify(written));
  return written;
}

function readAgain(format: 'qemu-args' | 'libvirt-xml', machine: string, text: string): Checked {
  const imported = importFormat(format, [{ path: 'web', text }], machine === 'virt' ? { host: HOST } : {});
  assert.ok('text' in imported, JSON.stringify(imported));
  return check(imported.text, new Map([[HOST.path, HOST.text]]));
}

const changesIn = (before: Checked, after: Checked): string[] =>
  diffLayouts(before.result, after.result).flatMap(({ changes }) => changes.map(({ kind, what, message }) => `${kind} ${what}: ${message}`));

describe('a guest like a machine of the library, as a command for QEMU', () => {
  for (const [machine, { constants, hasRoom }] of Object.entries(MACHINES)) {
    it(`is read back without a change: ${machine}`, () => {
      fc.assert(
        fc.property(ram, hasRoom ? room : fc.constant(undefined), constants, (size, more, others) => {
          const grown = more && { MAXMEM: `${Number.parseInt(size, 10) + Number.parseInt(more[0], 10)} MiB`, SLOTS: `${more[1]}` };
          const before = layoutOf(machine, { RAM: size, ...grown, ...others });
          const { text } = exported('qemu-args', before);
          assert.deepEqual(changesIn(before, readAgain('qemu-args', machine, text)), [], `${before.text}\n${text}`);
        }),
        { numRuns: 150 },
      );
    }).timeout(120_000);
  }

  const told: [machine: string, constants: Constants, options: RegExp, notes: string[]][] = [
    ['q35', { MACHINE: '7.0', PCI_HOLE64: '512 GiB', PHYS_BITS: '46' }, /-machine pc-q35-7\.0,accel=kvm [^]*-cpu host,phys-bits=46 [^]*-global q35-pcihost\.pci-hole64-size=512G/, []],
    ['pc', { MAXMEM: '64 GiB', SLOTS: '4', PCI_HOLE64: '4 GiB' }, /-m size=8G,maxmem=64G,slots=4 [^]*-global i440FX-pcihost\.pci-hole64-size=4G/, []],
    ['q35', { AMD_IOMMU: 'true' }, /-device amd-iommu/, []],
    ['virt', { GIC: '2', ITS: 'false', HIGHMEM_MMIO_SIZE: '1 TiB' }, /-machine virt,accel=kvm,gic-version=2,its=off,highmem-mmio-size=1T /, []],
    ['virt', { SECURE: 'true' }, /gic-version=3/, ['`secure=on` needs `accel=tcg`: KVM has no secure world for a guest']],
    ['q35', { BIOS: '128 KiB' }, /q35/, ['`BIOS` is not said: the firmware is QEMU’s own; `-bios` names another']],
    ['q35', { FLASH: '4 MiB' }, /q35/, ['`FLASH` is not said: add the images with `-drive if=pflash,…`']],
    ['q35', { DEVICE_MEMORY_BASE: '16 GiB' }, /q35/, ['`DEVICE_MEMORY_BASE = 16G` is not said: QEMU has no option for it']],
    ['q35', { SLOTS: '2' }, /size=8G$/m, ['`SLOTS = 2` is not said: QEMU refuses slots without room for memory (`MAXMEM`)']],
    ['q35', { LOW: '1 GiB' }, /-m size=8G/, ['`LOW = 1G` is not said: QEMU has no option for it']],
  ];
  for (const [machine, constants, options, notes] of told) {
    it(`says, or tells that it can’t: ${machine} ${JSON.stringify(constants)}`, () => {
      const written = exported('qemu-args', layoutOf(machine, { RAM: '8 GiB', ...constants }));
      assert.match(written.text, options);
      assert.deepEqual(written.notes, notes);
    });
  }

  it('knows the machine behind a vm of one’s own, and tells where regions aren’t where its constants have them', () => {
    const text = (high: string): string => `import "std:machines/q35"\nvm base like q35 {\n  const RAM\n  const PCI_HOLE64 = 64 GiB\n}\nvm web like base {\n  const RAM = 8 GiB\n${high}}\n`;
    assert.match(exported('qemu-args', check(text(''))).text, /pci-hole64-size=64G/);
    const moved = exported('qemu-args', check(text('  ram low at 0 size 1 GiB from ram\n  ram high at 4 GiB size 7 GiB from ram + 1 GiB\n')));
    assert.match(moved.text, /max-ram-below-4g=1073741824/);
    assert.deepEqual(moved.notes, ['RAM isn’t cut where the constants of q35 cut it: of them nothing is said']);
  });

  it('tells of the guest’s width on Arm, which KVM decides, and of windows and BARs that are written by hand', () => {
    const host = 'host box { arch arm64; page 4 KiB; bits 48; iommu i { model smmu-v3 }; device nic "0000:01:00.0" { bar 0 size 1 MiB } }';
    const written = exported('qemu-args', check(`import "std:machines/virt"\n${host}\nvm web like virt on box {\n  const RAM = 4 GiB\n  window more at 0x20_0000_0000 size 4 GiB for bars\n  bar nic.0 at 0x1000_0000\n  assign nic\n}\n`));
    assert.deepEqual(written.notes, [
      'the guest’s 40 bits are not said: under KVM QEMU takes as many as the host grants',
      '1 `bar` is not said: firmware places BARs',
      '1 `window` is not said: QEMU’s machine has its own',
    ]);
  });
});

describe('a guest like a machine of the library, as a domain of libvirt', () => {
  const cases: [machine: string, constants: Constants, xml: RegExp, notes: string[]][] = [
    ['q35', { MACHINE: '7.0', PCI_HOLE64: '512 GiB', MAXMEM: '64 GiB', SLOTS: '4' }, /machine="pc-q35-7\.0"[^]*model="pcie-root">\s*<pcihole64 unit="KiB">536870912</, []],
    ['pc', { PCI_HOLE64: '4 GiB' }, /model="pci-root">\s*<pcihole64 unit="KiB">4194304</, []],
    ['virt', { GIC: '2', CPUS: '4' }, /<vcpu>4<[^]*<gic version="2"\/>/, []],
    ['virt', { ITS: 'false' }, /<gic version="3"\/>/, ['`-machine its=off` has no element: add it with <qemu:commandline>']],
    ['q35', { CPU_VENDOR: '"amd"' }, /host-passthrough/, ['`-cpu …,vendor=AuthenticAMD` has no element: the guest’s CPU has the vendor of the host']],
    ['q35', { MAXMEM: '64 GiB' }, /<maxMemory slots="1" unit="KiB">67108864</, ['one slot is written where there is none: libvirt takes no maximum of memory without. What lies behind may lie 1 GiB higher']],
  ];
  for (const [machine, constants, xml, notes] of cases) {
    it(`${machine} ${JSON.stringify(constants)}`, () => {
      const before = layoutOf(machine, { RAM: '8 GiB', ...constants });
      const written = exported('libvirt-xml', before);
      assert.match(written.text, xml);
      assert.deepEqual(written.notes, notes);
      if (notes.length === 0) assert.deepEqual(changesIn(before, readAgain('libvirt-xml', machine, written.text)), []);
    });
  }
});
