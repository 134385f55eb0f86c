import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { check, checkFix, checkNoFix, offersOf } from '../support/check.js';
import { ARM, checkOn, lint, offersIn, on, PC } from '../support/on-host.js';
import { sample } from '../support/texts.js';

// Where regions, mappings and what devices keep meet.

describe('rule region-overlap', () => {
  it('says what QEMU does with a second DIMM in the place of the first, and lets neither hide the other', () => {
    const checked = lint(ARM, `
      vm a on box {
        vmm qemu
        window memory at 4 GiB size 8 GiB for memory
        ram d0 at 4 GiB size 2 GiB hotplug dimm
        ram d1 at 5 GiB size 2 GiB hotplug dimm
            ^^ region-overlap: \`d1\` meets \`d0\` (0x140000000-0x17fffffff): QEMU refuses the one that comes second with “address range conflicts with memory device”, and the VM keeps running
      }
    `);
    assert.deepEqual(checked.result.findings.flatMap((finding) => offersOf(checked, finding)).filter(({ title }) => title.includes('hide')), []);
  });

  it('tells RAM over RAM at the later one', () => {
    lint(ARM, `
      vm a {
        ram low at 0x4000_0000 size 2 MiB
        ram twin at 0x4000_0000 size 2 MiB
            ^^^^ region-overlap: \`twin\` lies in \`low\` (0x40000000-0x401fffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST
        ram tail at 0x4010_0000 size 2 MiB
            ^^^^ region-overlap: \`tail\` meets \`low\` (0x40100000-0x401fffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST
            ^^^^ region-overlap: \`tail\` meets \`twin\` (0x40100000-0x401fffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST
      }
    `);
  });

  it('knows that QEMU has priorities', () => {
    lint(ARM, `
      vm a {
        vmm qemu
        ram low at 0 size 1 MiB
        rom bios at 0xe_0000 size 128 KiB
            ^^^^ region-overlap: \`bios\` lies in \`low\` (0xe0000-0xfffff): QEMU shows the guest the one with the higher priority there
      }
    `);
  });

  it('takes the order of declarations, not of addresses', () => {
    lint(ARM, `
      vm a {
        mmio uart at 0x4010_0000 size 4 KiB
        ram low at 0x4000_0000 size 2 MiB
            ^^^ region-overlap: \`low\` covers \`uart\` (0x40100000-0x40100fff): which of them the guest reaches there is up to the VMM
      }
    `);
  });

  it('says what becomes of a doorbell in RAM', () => {
    lint(ARM, `
      vm a {
        ram low at 0x4000_0000 size 2 MiB
        doorbell msi at 0x4000_1040 size 4
                 ^^^ region-overlap: \`msi\` lies in \`low\` (0x40001040-0x40001043): an MSI written there lands in memory, and the interrupt is lost
      }
    `);
  });

  it('tells the registers that lie in RAM, and not their doorbell once more', () => {
    lint(ARM, `
      vm a {
        ram low at 0 size 1 GiB
        mmio its at 0x808_0000 size 128 KiB
             ^^^ region-overlap: \`its\` lies in \`low\` (0x8080000-0x809ffff): which of them the guest reaches there is up to the VMM
        doorbell msi at its.base + 0x1_0040 size 4
      }
    `);
  });

  it('lets meet what belongs together', () => {
    lint(PC, `
      vm a on box {
        window pci at 0xc000_0000 size 512 MiB for bars
        bar gpu.0 at 0xc000_0000
        window dimms at 0x1_0000_0000 size 16 GiB for memory
        ram dimm at 0x1_0000_0000 size 1 GiB hotplug dimm
        mmio its at 0x808_0000 size 128 KiB
        doorbell msi at its.base + 0x1_0040 size 4
        avoid everything at 0 size 64 GiB
        avoid again at 0x1000 size 64 GiB
      }
    `);
  });

  it('lets only that in a window that it is for, and only what fits', () => {
    lint(PC, `
      vm a on box {
        window dimms at 0xc000_0000 size 512 MiB for memory
        bar gpu.0 at 0xc000_0000
            ^^^^^ region-overlap: \`gpu.0\` lies in \`dimms\` (0xc0000000-0xc0ffffff): which of them the guest reaches there is up to the VMM
        window pci at 0x1_0000_0000 size 16 MiB for bars
        bar gpu.1 at 0x1_0000_0000
            ^^^^^ region-overlap: \`gpu.1\` covers \`pci\` (0x100000000-0x100ffffff): the host bridge passes on only what lies in the window, so the guest doesn’t reach the rest
      }
    `);
  });

  it('takes `over` for leave, where both are named, and looks through what is hidden', () => {
    lint(ARM, `
      vm a {
        ram low at 0 size 2 MiB
        rom bios at 0xe_0000 size 128 KiB over low
        mmio tpm at 0xf_0000 size 4 KiB over bios
        mmio vga at 0xa_0000 size 0x6_0000 over bios
             ^^^ region-overlap: \`vga\` lies in \`low\` (0xa0000-0xdffff): which of them the guest reaches there is up to the VMM
             ^^^ region-overlap: \`vga\` covers \`tpm\` (0xf0000-0xf0fff): which of them the guest reaches there is up to the VMM
      }
    `);
  });

  it('takes an alias for no leave', () => {
    lint(ARM, `
      vm a {
        ram low at 0 size 2 MiB
        ram again at 1 MiB size 1 MiB alias low
            ^^^^^ region-overlap: \`again\` lies in \`low\` (0x100000-0x1fffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST
        ram elsewhere at 4 MiB size 1 MiB alias low
      }
    `);
  });

  it('is silent where an address can’t be known', () => {
    const { result } = check('vm a {\n  ram low at 0 size 2 MiB\n  ram odd at nowhere size 2 MiB\n}\n');
    assert.deepEqual(result.findings.filter(({ rule }) => rule === 'region-overlap'), []);
  });

  it('adds to an `over` that is there', () => {
    checkFix(
      `
      vm a {
        ram low at 0 size 1 MiB
        ram high at 1 MiB size 1 MiB
        mmio vga at 0xf_0000 size 128 KiB over low
      }
    `,
      'Let `vga` hide its part of `high`',
      `
      vm a {
        ram low at 0 size 1 MiB
        ram high at 1 MiB size 1 MiB
        mmio vga at 0xf_0000 size 128 KiB over low, high
      }
    `,
    );
  });

  it('moves a DIMM inside its window', () => {
    checkFix(
      `
      vm a {
        window dimms at 0x1_0000_0000 ..= 0x1_ffff_ffff for memory
        ram first at 0x1_0000_0000 size 1 GiB hotplug dimm
        ram second at 0x1_2000_0000 size 1 GiB hotplug dimm
      }
    `,
      'Move `second` to 0x1_4000_0000',
      `
      vm a {
        window dimms at 0x1_0000_0000 ..= 0x1_ffff_ffff for memory
        ram first at 0x1_0000_0000 size 1 GiB hotplug dimm
        ram second at 0x1_4000_0000 size 1 GiB hotplug dimm
      }
    `,
    );
  });
});

describe('rule map-overlap', () => {
  it('says what iommufd answers where the second meets what is reserved, too', () => {
    const maps = (contract: string): string[] =>
      checkOn(`host box {${ARM.replace('kernel 6.6', `kernel 6.6\n  contract ${contract}`)}}\n`, 'import "host.vmlayout"\nvm a on box {\n  ram low at 0x4000_0000 size 1 GiB\n  map first at 0x5000_0000 size 256 MiB to low\n  map again at 0x5f00_0000 size 64 MiB to low\n  assign gpu\n}\n')
        .result.findings.filter(({ rule }) => rule === 'map-overlap').map(({ message }) => message);
    assert.deepEqual(maps('type1'), ['map `again` meets map `first` (0x5f000000-0x5fffffff): VFIO_IOMMU_MAP_DMA fails with EEXIST for the second']);
    assert.deepEqual(maps('iommufd'), ['map `again` meets map `first` (0x5f000000-0x5fffffff): IOMMU_IOAS_MAP fails with EINVAL for the second']);
  });

  it('needs no host: two maps in one place fail anywhere', () => {
    lint(ARM, `
      vm a {
        ram low at 0x4000_0000 size 4 MiB
        map whole to low
        map part size 1 MiB to low + 1 MiB
            ^^^^ map-overlap: map \`part\` lies in map \`whole\` (0x40100000-0x401fffff): VFIO_IOMMU_MAP_DMA fails with EEXIST for the second
      }
    `);
  });

  it('counts IOVAs, not bytes of a region', () => {
    lint(ARM, `
      vm a {
        ram low at 0x4000_0000 size 4 MiB
        ram high at 0x8000_0000 size 4 MiB
        map one at 0x1_0000_0000 to low
        map two at 0x2_0000_0000 to low
        map three at 0x2_0020_0000 to high
            ^^^^^ map-overlap: map \`three\` meets map \`two\` (0x200200000-0x2003fffff): VFIO_IOMMU_MAP_DMA fails with EEXIST for the second
      }
    `);
  });

  const nested = `
      vm a {
        ram low at 0x4000_0000 size 4 MiB
        map part size 1 MiB to low + 1 MiB
        map whole to low
      }
    `;

  it('cuts the later one in two where it has to', () => {
    checkFix(
      nested,
      'Shrink `whole` to what `part` leaves',
      `
      vm a {
        ram low at 0x4000_0000 size 4 MiB
        map part size 1 MiB to low + 1 MiB
        map whole-a size 1 MiB to low
        map whole-b size 2 MiB to low + 2 MiB
      }
    `,
    );
  });

  it('merges two requests for the same bytes', () => {
    checkFix(
      nested,
      'Merge `whole` into `part`',
      `
      vm a {
        ram low at 0x4000_0000 size 4 MiB
        map part to low
      }
    `,
    );
  });

  it('merges nothing that isn’t contiguous', () => {
    checkNoFix(
      `
      vm a {
        ram low at 0x4000_0000 size 4 MiB
        map one size 2 MiB to low
        map two at 0x4010_0000 size 2 MiB to low
      }
    `,
      'Merge',
    );
  });
});

describe('rule reserved-overlap', () => {
  it('offers no carving that leaves nothing', () => {
    const whole = 'vm a on box {\n  ram low at 0x6000_0000 size 1 MiB\n  assign gpu\n}\n';
    assert.deepEqual(offersIn(on(ARM, whole)).map(({ title }) => title).filter((title) => title.includes('carve')), []);
  });

  it('counts what any device assigned at start-up keeps', () => {
    lint(ARM, `
      vm a on box {
        ram low at 0x5ff0_0000 size 2 MiB
            ^^^ reserved-overlap: \`low\` covers the reserved range \`quirk\` (0x60000000-0x600fffff): VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up; around it, 512 × 4 KiB become 256 × 4 KiB
        assign nic, gpu
      }
    `);
  });

  it('says what happens where nobody looks', () => {
    lint(`${ARM}\n  contract none\n`, `
      vm a on box {
        ram low at 0x5ff0_0000 size 2 MiB
            ^^^ reserved-overlap: \`low\` covers the reserved range \`quirk\` (0x60000000-0x600fffff): no kernel checks it, and DMA to these addresses never reaches the RAM; around it, 512 × 4 KiB become 256 × 4 KiB
        assign gpu
      }
    `);
  });

  it('may be tolerated there, with an avoid', () => {
    lint(`${ARM}\n  contract none\n`, `
      vm a on box {
        on-overlap tolerate
        ram low at 0x5ff0_0000 size 2 MiB
        avoid quirk at 0x6000_0000 size 1 MiB via reserved-memory
        assign gpu
      }
    `);
  });

  it('takes a 1:1 range like any other where an old kernel attaches its group (AMD, 6.1)', () => {
    const amd = PC.replace('kernel 6.12', 'kernel 6.1').replace('model vt-d', 'model amd-v1');
    lint(amd, `
      vm a on box {
        ram low at 0x7000_0000 size 2 MiB
            ^^^ reserved-overlap: \`low\` covers the 1:1 range \`rmrr\` (0x70000000-0x700fffff): VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up; around it, 512 × 4 KiB become 256 × 4 KiB
        assign nic
      }
    `);
  });

  it('only warns of a BAR', () => {
    lint(PC.replace('group 1 {', 'group 1 {\n    reserved quirk at 0xc000_0000 size 1 MiB kind reserved'), `
      vm a on box {
        vmm qemu
        bar gpu.0 at 0xc000_0000
            ^^^^^ reserved-overlap: \`gpu.0\` covers the reserved range \`quirk\` (0xc0000000-0xc00fffff): VFIO_IOMMU_MAP_DMA fails with EINVAL, and the VMM goes on: no other device is there to reach it; around it, 8 × 2 MiB become 7 × 2 MiB + 256 × 4 KiB
        assign gpu
      }
    `);
  });
});

describe('a BAR that sticks out of its window', () => {
  const titles = (lines: string): string[] => offersIn(on(PC, `vm a on box {\n vmm qemu\n ${lines}\n assign gpu\n}\n`)).map(({ title }) => title.replace(/: .*/, '')).filter((title) => !title.startsWith('Allow'));

  it('moves into a window, never out of all of them, and the window may grow', () => {
    assert.deepEqual(titles('window low at 0x8000_0000 size 512 MiB for bars\n bar gpu.1 at 0x9800_0000'), ['Grow `low` to 640 MiB', 'Move `gpu.1` to 0x9000_0000', 'Move `gpu.1` to 0x9000_0000']);
    assert.deepEqual(titles('window low at 0x8000_0000 size 128 MiB for bars\n bar gpu.1 at 0x8000_0000'), ['Grow `low` to 256 MiB']);
    assert.deepEqual(titles('window low at 0x8000_0000 size 128 MiB for bars\n window high at 0x10_0000_0000 size 1 GiB for bars\n bar gpu.1 at 0x8000_0000'), ['Grow `low` to 256 MiB', 'Move `gpu.1` to 0x10_0000_0000']);
    assert.deepEqual(titles('window low at 0x8000_0000 size 128 MiB for bars\n bar gpu.1 at 0x8000_0000\n ram beside at 0x8800_0000 size 1 MiB').filter((title) => title.includes('low')), []);
  });
});

describe('BARs that can’t be mapped', () => {
  const told = (vmm: string, rest: string, host = PC): string[] =>
    check(`import "host.vmlayout"\nvm a on box {\n vmm ${vmm}\n ${rest}\n}\n`, new Map([['host.vmlayout', `host box {${host}}`]])).result.findings.map(({ level, rule }) => `${level} ${rule}`);
  const card = `${PC}\n  group 3 { device disk "0000:03:00.0" }\n`;

  it('are missed by other devices alone, where the VMM goes on', () => {
    for (const [bar, rule] of [['bar gpu.0 at 0x80_0000_0000', 'aperture-exceeded'], ['bar gpu.0 at 0xfe00_0000', 'doorbell-overlap'], ['window w at 0x80_0000_0000 size 1 GiB for bars', 'aperture-exceeded']]) {
      assert.deepEqual(told('qemu', `${bar}\n assign gpu`), [`note ${rule}`]);
      assert.deepEqual(told('openvmm', `${bar}\n assign gpu, disk`, card), [`warning ${rule}`]);
    }
  });

  it('stop a VMM that doesn’t', () => {
    assert.deepEqual(told('cloud-hypervisor', 'bar gpu.0 at 0x80_0000_0000\n assign gpu'), ['error aperture-exceeded']);
    assert.deepEqual(told('cloud-hypervisor', 'window w at 0x80_0000_0000 size 1 GiB for bars\n assign gpu'), ['warning aperture-exceeded']);
    assert.deepEqual(told('cloud-hypervisor', 'bar gpu.0 at 0xfe00_0000\n assign gpu', card.replace('kernel 6.12', 'kernel 5.3')), ['note doorbell-overlap']);
  });
});

describe('rule p2p-overlap', () => {
  const XEON = `${PC}\n  bridge pcie0 { acs off; window low at 0x9000_0000 size 256 MiB }\n`;
  const told = (lines: string): string[] =>
    check(`import "host.vmlayout"\nvm a on box {\n ${lines}\n assign gpu\n}\n`, new Map([['host.vmlayout', `host box {${XEON}}`]])).result.findings
      .filter(({ rule }) => rule === 'p2p-overlap').map(({ element }) => element?.name ?? '');

  it('knows the last byte', () => {
    assert.deepEqual(told('ram low at 0 size 0x9000_0000'), []);
    assert.deepEqual(told('ram low at 0 size 0x9000_1000'), ['low']);
  });

  it('is told of what comes later, and not of what the guest keeps its DMA out of', () => {
    assert.deepEqual(told('ram low at 0 size 1 GiB\n ram more at 0x9000_0000 size 1 GiB hotplug virtio-mem block 2 MiB'), ['more']);
    assert.deepEqual(told('ram low at 0 size 3 GiB\n avoid bridge at 0x9000_0000 size 256 MiB via e820'), []);
    assert.deepEqual(told('ram low at 0 size 3 GiB\n avoid bridge at 0x9000_0000 size 255 MiB via e820'), ['low']);
  });
});

describe('rule aperture-exceeded', () => {
  it('only warns of a BAR', () => {
    const { result } = lint(PC, `
      vm a on box {
        vmm qemu
        bar gpu.0 at 0x80_0000_0000
            ^^^^^ aperture-exceeded: \`gpu.0\` lies past the aperture of \`dmar0\` (0x0-0x7fffffffff, 39 bits): VFIO_IOMMU_MAP_DMA fails with EINVAL, and the VMM goes on: no other device is there to reach it
        assign gpu
      }
    `);
    assert.deepEqual(result.findings.map(({ level }) => level), ['note']);
  });

  it('knows that VFIO didn’t look before 5.4', () => {
    lint(PC.replace('kernel 6.12', 'kernel 5.3'), `
      vm a on box {
        ram high at 0x7f_8000_0000 size 4 GiB
            ^^^^ aperture-exceeded: \`high\` reaches past the aperture of \`dmar0\` (0x0-0x7fffffffff, 39 bits): kernel 5.3 does not check it, and the IOMMU’s driver refuses the address or has no entry for it
        assign gpu
      }
    `);
  });

  it('takes the common part of all apertures', () => {
    const two = `${ARM}
      iommu smmu1 {
        model smmu-v3
        granule 4 KiB
        aperture 0x5000_0000 .. 0x1_0000_0000
        reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
      }
      group 20 behind smmu1 { device disk "0000:03:00.0" }
    `;
    lint(two, `
      vm a on box {
        ram low at 0x4000_0000 size 512 MiB
            ^^^ aperture-exceeded: \`low\` begins below the aperture of \`smmu1\` (0x50000000-0xffffffff): VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
        assign nic, disk
      }
    `);
  });

  it('asks nobody where no device is assigned', () => {
    lint(PC, `
      vm a on box {
        ram high at 0x80_0000_0000 size 4 GiB
      }
    `);
  });
});

describe('rule undeclared-dma-hole', () => {
  it('looks at what is carved when the first device is plugged', () => {
    lint(ARM, `
      vm a on box {
        on-overlap carve
        ram low at 0x6000_0000 size 2 MiB
            ^^^ undeclared-dma-hole: the VMM carves 0x60000000-0x600fffff out of \`low\` around \`quirk\` when \`gpu\` is plugged, and no \`avoid\` tells the guest: devices lose what they write there
        assign gpu hotplug
      }
    `);
  });

  it('wants the whole hole declared, and tells what of it isn’t', () => {
    const half = `
      vm a on box {
        on-overlap carve
        ram low at 0x6000_0000 size 2 MiB
            ^^^ undeclared-dma-hole: the VMM carves 0x60080000-0x600fffff out of \`low\` around \`quirk\`, and no \`avoid\` tells the guest: devices lose what they write there
        avoid half at 0x6000_0000 size 512 KiB
        assign gpu
      }
    `;
    assert.deepEqual(lint(ARM, half).result.findings.map(({ witness }) => witness), [{ base: 0x6008_0000n, end: 0x6010_0000n }]);
    assert.deepEqual(offersIn(on(ARM, half.replace(/^ *\^.*\n/m, ''))).find(({ title }) => title.startsWith('Tell the guest')), {
      title: 'Tell the guest to keep its DMA out of 0x60080000-0x600fffff',
      text: on(ARM, `
      vm a on box {
        on-overlap carve
        ram low at 0x6000_0000 size 2 MiB
        avoid low-hole at 0x6008_0000 size 512 KiB via reserved-memory
        avoid half at 0x6000_0000 size 512 KiB
        assign gpu
      }
    `).split('--- host.vmlayout')[0],
    });
    lint(ARM, `
      vm a on box {
        on-overlap carve
        ram low at 0x6000_0000 size 2 MiB
            ^^^ undeclared-dma-hole: the VMM carves 0x60000000-0x60000fff out of \`low\` around \`quirk\`, and no \`avoid\` tells the guest: devices lose what they write there
            ^^^ undeclared-dma-hole: the VMM carves 0x60080000-0x600fffff out of \`low\` around \`quirk\`, and no \`avoid\` tells the guest: devices lose what they write there
        avoid middle at 0x6000_1000 ..= 0x6007_ffff
        assign gpu
      }
    `);
    lint(ARM, `
      vm a on box {
        on-overlap carve
        ram low at 0x6000_0000 size 2 MiB
        avoid half at 0x6000_0000 size 512 KiB
        avoid rest at 0x6008_0000 size 512 KiB
        assign gpu
      }
    `);
  });
});

describe('overlaps in the sample', () => {
  const RULES = ['doorbell-overlap', 'reserved-overlap', 'region-overlap', 'map-overlap', 'aperture-exceeded', 'undeclared-dma-hole', 'map-unaligned', 'map-missing', 'map-outside', 'direct-mapped-device', 'hotplug-device', 'host-facts-missing'];

  it('are that of the device which comes later, and none else', () => {
    const { result } = check(sample());
    const found = [...result.findings, ...result.waived].filter(({ rule }) => RULES.includes(rule));
    assert.deepEqual(found.map(({ rule, element }) => `${rule} on ${element?.name}`), ['hotplug-device on gpu']);
  });

  it('are one, in the example of the main job', () => {
    const { result } = check(readFileSync('examples/doorbell.vmlayout', 'utf8'));
    assert.deepEqual(result.findings.filter(({ rule }) => RULES.includes(rule)).map(({ rule }) => rule), ['doorbell-overlap']);
  });
});

it('splitting keeps what is written of a map in a doc comment', () =>
  checkFix(
    on(ARM, `
      vm web on box {
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
        /// All of it.
        map m to low
        assign nic
      }
    `),
    'Split `m` around the doorbell: 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB instead of 3 × 1 GiB',
    `
      import "host.vmlayout"
      vm web on box {
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
        /// All of it.
        map m-a size 128 MiB to low
        map m-b size 2943 MiB to low + 129 MiB
        assign nic
        avoid doorbell-hole at 0x800_0000 size 1 MiB via reserved-memory
      }
    `,
  ));
