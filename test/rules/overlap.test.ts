import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { applyOffer, check, checkFix, checkLint, checkNoFix, offersOf, type Checked } from '../support/check.js';
import { sample } from '../support/texts.js';
import { openDocument, treeOf } from '../../server/core/syntax/document.js';
import { problemsIn } from '../../server/core/syntax/problems.js';

// Overlaps, what the kernel is asked, and what a host leaves out. A layout stands on a host of its own file, which is
// not linted with it.

/** An Arm server with an SMMUv3; `quirk` is kept for the second card alone. */
const ARM = `
  arch arm64
  kernel 6.6
  page 4 KiB
  iommu smmu0 {
    model smmu-v3
    granule 4 KiB
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 14 { device nic "0000:01:00.0" }
  group 15 {
    device gpu "0000:02:00.0"
    reserved quirk at 0x6000_0000 size 1 MiB kind reserved
  }
`;

/** A PC with VT-d of 39 bits, a card with BARs, and one with an RMRR. */
const PC = `
  arch x86_64
  kernel 6.12
  page 4 KiB
  iommu dmar0 {
    model vt-d
    bits 39
    reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
  }
  group 1 {
    device gpu "0000:01:00.0" {
      bar 0 size 16 MiB
      bar 1 size 256 MiB
    }
  }
  group 2 {
    device nic "0000:05:00.0"
    device nic1 "0000:05:00.1"
    reserved rmrr at 0x7000_0000 size 1 MiB kind direct
  }
`;

/** A layout on a host, as two files. */
const on = (host: string, layout: string): string => `import "host.vmlayout"\n${unindent(layout)}\n--- host.vmlayout\nhost box {${host}}\n`;

/** Without the indentation of the test. */
function unindent(text: string): string {
  const lines = text.replace(/^\n/, '').trimEnd().split('\n');
  const least = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(least)).join('\n');
}

const lint = (host: string, layout: string): Checked => checkLint(on(host, layout));

describe('rule region-overlap', () => {
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
            ^^^^^ region-overlap: \`gpu.1\` covers \`pci\` (0x100000000-0x100ffffff): which of them the guest reaches there is up to the VMM
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
            ^^^^^ reserved-overlap: \`gpu.0\` covers the reserved range \`quirk\` (0xc0000000-0xc00fffff): VFIO_IOMMU_MAP_DMA fails with EINVAL, and the VMM goes on without peer-to-peer DMA to it; around it, 8 × 2 MiB become 7 × 2 MiB + 256 × 4 KiB
        assign gpu
      }
    `);
  });
});

describe('rule aperture-exceeded', () => {
  it('only warns of a BAR', () => {
    const { result } = lint(PC, `
      vm a on box {
        vmm qemu
        bar gpu.0 at 0x80_0000_0000
            ^^^^^ aperture-exceeded: \`gpu.0\` lies past the aperture of \`dmar0\` (0x0-0x7fffffffff, 39 bits): VFIO_IOMMU_MAP_DMA fails with EINVAL, and the VMM goes on without peer-to-peer DMA to it
        assign gpu
      }
    `);
    assert.deepEqual(result.findings.map(({ level }) => level), ['warning']);
  });

  it('knows that VFIO didn’t look before 5.4', () => {
    lint(PC.replace('kernel 6.12', 'kernel 5.3'), `
      vm a on box {
        ram high at 0x7f_8000_0000 size 4 GiB
            ^^^^ aperture-exceeded: \`high\` reaches past the aperture of \`dmar0\` (0x0-0x7fffffffff, 39 bits): kernel 5.3 does not check it, and the tables have no entry for such an address
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
            ^^^ undeclared-dma-hole: the VMM carves 0x60000000-0x600fffff out of \`low\` around \`quirk\`, and no \`avoid\` tells the guest: devices lose what they write there
        assign gpu hotplug
      }
    `);
  });

  it('wants the whole hole declared', () => {
    lint(ARM, `
      vm a on box {
        on-overlap carve
        ram low at 0x6000_0000 size 2 MiB
            ^^^ undeclared-dma-hole: the VMM carves 0x60000000-0x600fffff out of \`low\` around \`quirk\`, and no \`avoid\` tells the guest: devices lose what they write there
        avoid half at 0x6000_0000 size 512 KiB
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

describe('rule map-unaligned', () => {
  it('knows that QEMU rounds inwards', () => {
    lint(ARM, `
      vm a on box {
        vmm qemu
        ram low at 0x4000_0000 size 0x20_0200
        assign nic
      }
    `);
  });

  it('knows what QEMU can’t round', () => {
    lint(ARM, `
      vm a on box {
        vmm qemu
        backing ram0 size 4 MiB
        ram low at 0x4000_0000 size 2 MiB from ram0 + 0x200
            ^^^ map-unaligned: the offset 0x200 of \`low\` is no multiple of 4 KiB, the host’s page: QEMU says “received unaligned region” and maps none of it
        assign nic
      }
    `);
  });

  it('takes the coarsest tables of all devices', () => {
    const two = `${ARM}
      iommu smmu1 {
        model smmu-v3
        granule 64 KiB
        bits 48
        reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
      }
      group 20 behind smmu1 { device disk "0000:03:00.0" }
    `;
    lint(two, `
      vm a on box {
        ram low at 0x4000_1000 size 64 KiB
            ^^^ map-unaligned: the base 0x40001000 of \`low\` is no multiple of 64 KiB, the smallest leaf of the tables: VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
        assign nic, disk
      }
    `);
  });

  const odd = on(ARM, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        avoid tail at 0x4010_0000 size 1 MiB
        map most size 0x10_0800 to low
        assign nic
      }
  `);

  it('rounds a written map either way', () => {
    checkLint(odd.replace('  map most size 0x10_0800 to low\n', `  map most size 0x10_0800 to low
      ^^^^ map-unaligned: the size 0x100800 of map \`most\` is no multiple of 4 KiB, the host’s page: VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
`));
    const texts = offersIn(odd).map(({ text }) => /map most.*/.exec(text)?.[0]);
    assert.deepEqual(texts, ['map most size 1028 KiB to low', 'map most size 1 MiB to low']);
  });
});

describe('rule map-missing', () => {
  it('is silent without devices, and where a map can’t be known', () => {
    lint(ARM, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        map half size 1 MiB to low
      }
    `);
    const { result } = check('import "h"\nvm a on box {\n  ram low at 0x4000_0000 size 2 MiB\n  map half size nothing to low\n  assign nic\n}\n', new Map([['h', `host box {${ARM}}`]]));
    assert.deepEqual(result.findings.filter(({ rule }) => rule === 'map-missing'), []);
  });

  it('takes what is hidden for nothing that is missing', () => {
    lint(ARM, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        rom shadow at 0x4010_0000 size 1 MiB over low
        map half size 1 MiB to low
        assign nic
      }
    `);
  });

  it('maps the rest around what devices keep', () => {
    const layout = on(ARM, `
      vm a on box {
        ram low at 0x5ff0_0000 size 4 MiB
        map first size 512 KiB to low
        assign gpu
      }
    `);
    const fix = offersIn(layout).find(({ title }) => title.startsWith('Map the rest of `low`'));
    assert.equal(fix?.text.split('\n').filter((line) => line.includes('map ')).join('\n'), [
      '  map first size 512 KiB to low',
      '  map low-rest-a size 512 KiB to low + 512 KiB',
      '  map low-rest-b size 2 MiB to low + 2 MiB',
    ].join('\n'));
  });
});

describe('rule map-outside', () => {
  it('tells a map that begins past the end', () => {
    lint(ARM, `
      vm a {
        ram low at 0x4000_0000 size 2 MiB
        map beyond to low + 2 MiB
            ^^^^^^ map-outside: map \`beyond\` begins past the end of \`low\` (0x40000000-0x401fffff): the call fails with EFAULT, or gives the device other memory of the VMM
      }
    `);
  });
});

describe('rule direct-mapped-device', () => {
  it('tells a group once, and not its range again', () => {
    lint(PC, `
      vm a on box {
        ram low at 0x7000_0000 size 2 MiB
        assign nic, nic1
               ^^^ direct-mapped-device: \`nic\` can’t be assigned: the firmware wants \`rmrr\` (0x70000000-0x700fffff) mapped 1:1 for its group, and kernel 6.12 refuses the attach with EINVAL (“Firmware has requested this device have a 1:1 IOMMU mapping”)
      }
    `);
  });

  it('quotes what VT-d said before, and looks at devices that come later', () => {
    lint(PC.replace('kernel 6.12', 'kernel 6.1'), `
      vm a on box {
        ram low at 0x7000_0000 size 2 MiB
        assign gpu
        assign nic hotplug
               ^^^ direct-mapped-device: \`nic\` can’t be assigned: the firmware wants \`rmrr\` (0x70000000-0x700fffff) mapped 1:1 for its group, and kernel 6.1 refuses the attach with EPERM (“Device is ineligible for IOMMU domain attach due to platform RMRR requirement”)
      }
    `);
  });
});

describe('rule hotplug-device', () => {
  it('says what fails where nothing is mapped before', () => {
    lint(ARM, `
      vm a on box {
        ram low at 0x6000_0000 size 2 MiB
        assign gpu hotplug
               ^^^ hotplug-device: RAM is mapped when \`gpu\` is plugged, and VFIO_IOMMU_MAP_DMA fails with EINVAL: \`low\` lies over \`quirk\` (0x60000000-0x600fffff); the VM keeps running without it
      }
    `);
  });

  it('looks at apertures too, in the words of iommufd', () => {
    const two = `${ARM}
      contract iommufd
      iommu smmu1 {
        model smmu-v3
        granule 4 KiB
        bits 32
        reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
      }
      group 20 behind smmu1 { device disk "0000:03:00.0" }
    `;
    lint(two, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        ram high at 0x1_0000_0000 size 2 MiB
        assign nic
        assign disk hotplug
               ^^^^ hotplug-device: attaching \`disk\` later fails with EADDRINUSE: \`high\` leaves the aperture of its IOMMU (0x0-0xffffffff); the VM keeps running without it
      }
    `);
  });

  it('cuts written maps where they stand', () => {
    const layout = on(ARM, `
      vm a on box {
        ram low at 0x5ff0_0000 size 4 MiB
        map low to low
        assign nic
        assign gpu hotplug
      }
    `);
    const fix = offersIn(layout).find(({ title }) => title.startsWith('Cut the mappings'));
    assert.equal(fix?.text.split('vm a')[1], ` on box {
  ram low at 0x5ff0_0000 size 4 MiB
  map low-a size 1 MiB to low
  map low-b size 2 MiB to low + 2 MiB
  assign nic
  assign gpu hotplug
  avoid low-hole at 0x6000_0000 size 1 MiB via reserved-memory
}
`);
  });
});

describe('rule host-facts-missing', () => {
  const messages = (host: string): string[] => check(host).result.findings.filter(({ rule }) => rule === 'host-facts-missing').map(({ message }) => message);

  it('wants both ranges of AMD, each with a fix of its own', () => {
    const host = 'host box {\n  arch x86_64\n  page 4 KiB\n  iommu amdvi { model amd-v1  bits 48 }\n  group 1 { device gpu }\n}\n';
    assert.equal(messages(host).length, 2);
    const checked = check(host);
    const titles = checked.result.findings.flatMap((finding) => offersOf(checked, finding)).map(({ title }) => title);
    assert.deepEqual(titles, ['Write that `amdvi` keeps 0xfee00000-0xfeefffff', 'Write that `amdvi` keeps 0xfd00000000-0xffffffffff']);
  });

  it('is content with what each group keeps, but not with what one does', () => {
    const iommu = 'page 4 KiB\n  iommu s { model smmu-v3  granule 4 KiB  bits 48 }';
    const tells = 'reserved msi at 0x0800_0000 size 1 MiB kind msi';
    assert.deepEqual(messages(`host box {\n  ${iommu}\n  group 1 {\n    device a\n    ${tells}\n  }\n  group 2 {\n    device b\n    ${tells}\n  }\n}\n`), []);
    assert.equal(messages(`host box {\n  ${iommu}\n  group 1 {\n    device a\n    ${tells}\n  }\n  group 2 { device b }\n}\n`).length, 1);
  });

  it('asks nothing of a host without devices, and an IOMMU of one with', () => {
    assert.deepEqual(messages('host box {\n  arch x86_64\n}\n'), []);
    assert.deepEqual(messages('host box {\n  page 4 KiB\n  device nic\n}\n'), [
      '`box` declares no `iommu`: what its devices can reach, and what is kept from them, can’t be known',
    ]);
  });

  it('takes listed blocks for a model', () => {
    assert.deepEqual(messages('host box {\n  page 4 KiB\n  iommu i { blocks 4 KiB, 2 MiB  bits 48 }\n  group 1 { device nic }\n}\n'), []);
    assert.deepEqual(messages('host box {\n  page 4 KiB\n  iommu i { bits 48 }\n  group 1 { device nic }\n}\n'), [
      'neither the model nor the blocks of `i` are given: leaves of 4 KiB, 2 MiB and 1 GiB are assumed, and what it keeps can’t be known',
    ]);
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

// ── Properties ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A region in pages, for the naive look. */
interface Plot {
  readonly name: string;
  readonly kind: 'ram' | 'rom' | 'mmio' | 'doorbell' | 'hole' | 'avoid' | 'window';
  readonly hotplug: boolean;
  readonly base: number;
  readonly pages: number;
  /** The region that it is over, by its place in the list. */
  readonly over: number | undefined;
}

const plots: fc.Arbitrary<Plot[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom<Plot['kind'][]>('ram', 'ram', 'rom', 'mmio', 'mmio', 'doorbell', 'hole', 'avoid', 'window'),
      hotplug: fc.boolean(),
      base: fc.nat(40),
      pages: fc.integer({ min: 1, max: 12 }),
      over: fc.option(fc.nat(9), { nil: undefined, freq: 3 }),
    }),
    { minLength: 2, maxLength: 10 },
  )
  .map((drafts) => drafts.map((draft, index) => ({ ...draft, name: `r${index}`, hotplug: draft.hotplug && draft.kind === 'ram', over: draft.over === undefined || draft.over >= drafts.length || draft.over === index ? undefined : draft.over })));

function layoutOf(list: readonly Plot[]): string {
  const lines = list.map(({ kind, name, base, pages, over, hotplug }) => {
    const words = `${kind} ${name} at ${base * 4096} size ${pages * 4} KiB`;
    return `  ${words}${kind === 'window' ? ' for memory' : ''}${hotplug ? ' hotplug dimm' : ''}${over === undefined ? '' : ` over r${over}`}`;
  });
  return `vm a {\n${lines.join('\n')}\n}\n`;
}

/** Pairs that meet, found page by page and pair by pair. */
function naivePairs(list: readonly Plot[]): string[] {
  const pagesOf = (plot: Plot): Set<number> => new Set(Array.from({ length: plot.pages }, (_, index) => plot.base + index));
  const isIn = (inner: Plot, outer: Plot): boolean => {
    const belongs = (outer.kind === 'mmio' && inner.kind === 'doorbell') || (outer.kind === 'window' && inner.hotplug);
    return belongs && [...pagesOf(inner)].every((page) => pagesOf(outer).has(page));
  };
  const isOver = (upper: Plot, lower: Plot): boolean => upper.over !== undefined && list[upper.over] === lower;
  const mayMeet = (left: Plot, right: Plot): boolean =>
    left.kind === 'avoid' || right.kind === 'avoid' || isOver(left, right) || isOver(right, left) || isIn(left, right) || isIn(right, left);
  const seen = (left: Plot, right: Plot): boolean => {
    const hidden = new Set(list.filter((third) => isOver(third, left) || isOver(third, right)).flatMap((third) => [...pagesOf(third)]));
    return [...pagesOf(left)].some((page) => pagesOf(right).has(page) && !hidden.has(page));
  };
  const told = (inner: Plot, other: Plot): boolean => list.some((outer) => outer !== other && isIn(inner, outer) && !mayMeet(outer, other) && seen(outer, other));
  const pairs: string[] = [];
  for (const [index, later] of list.entries()) {
    for (const earlier of list.slice(0, index)) {
      if (!mayMeet(earlier, later) && seen(earlier, later) && !told(earlier, later) && !told(later, earlier)) pairs.push(`${later.name} ${earlier.name}`);
    }
  }
  return pairs.sort();
}

/** Layouts on the Arm host, with RAM around the doorbell window and around what the second card keeps. */
interface Guest {
  readonly head: readonly string[];
  readonly regions: readonly string[];
  readonly tail: readonly string[];
}

const MIB_NAMES = ['a', 'b', 'c', 'd', 'e'];

/** RAM in disjoint places of whole pages; sizes are in 4 KiB pages, `gap` before each. */
const disjointRam = fc
  .record({
    start: fc.constantFrom(0, 0x7f00, 0x7fff, 0x8000, 0x8080, 0x8100, 0x5_ff00, 0x6_0000, 0xffff_ff00),
    pieces: fc.array(fc.record({ gap: fc.constantFrom(0, 1, 0x100), pages: fc.constantFrom(1, 2, 0x80, 0x100, 0x200, 0x4_0000), odd: fc.constantFrom(0, 0, 0, 0x200) }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ start, pieces }) => {
    let next = start * 4096;
    return pieces.map(({ gap, pages, odd }, index) => {
      const base = next + gap * 4096;
      next = base + pages * 4096;
      return `ram ${MIB_NAMES[index]} at 0x${base.toString(16)} size 0x${(pages * 4096 - odd).toString(16)}`;
    });
  });

const guests: fc.Arbitrary<Guest> = fc.record({
  head: fc.record({
    vmm: fc.constantFrom('generic', 'qemu'),
    stance: fc.constantFrom('reject', 'carve', 'tolerate'),
  }).map(({ vmm, stance }) => [`vmm ${vmm}`, `on-overlap ${stance}`]),
  regions: fc.tuple(
    disjointRam,
    fc.subarray(['avoid hole at 0x800_0000 size 1 MiB', 'mmio uart at 0x900_0000 size 4 KiB', 'doorbell msi at 0x7ff_f040 size 4', 'rom flash at 0x7f0_0000 size 64 KiB']),
  ).map(([ram, others]) => [...ram, ...others]),
  tail: fc.tuple(
    fc.constantFrom<string[][]>([], ['map first to a'], ['map first size 4 KiB to a', 'map again to a'], ['map far at 0x8_0000_0000 to a']),
    fc.constantFrom('assign nic', 'assign nic, gpu', 'assign gpu hotplug', 'assign nic\n  assign gpu hotplug'),
  ).map(([maps, assign]) => [...maps, assign]),
});

const hosts = fc.record({ contract: fc.constantFrom('type1', 'iommufd', 'none'), kernel: fc.constantFrom('5.3', '6.1', '6.12'), bits: fc.constantFrom(32, 44) })
  .map(({ contract, kernel, bits }) => `host box {${ARM.replace('kernel 6.6', `kernel ${kernel}\n  contract ${contract}`).replace('bits 48', `bits ${bits}`)}}\n`);

const textOf = ({ head, regions, tail }: Guest): string => `import "host.vmlayout"\nvm a on box {\n  ${[...head, ...regions, ...tail].join('\n  ')}\n}\n`;

const checkOn = (host: string, text: string): Checked => check(text, new Map([['host.vmlayout', host]]));

describe('overlaps, in random layouts', () => {
  it('of regions are those that a look at each pair finds', () => {
    fc.assert(
      fc.property(plots, (list) => {
        const { result } = check(layoutOf(list));
        const messages = result.findings.filter(({ rule }) => rule === 'region-overlap').map(({ message }) => message);
        const pairs = messages.map((message) => /^`(\w+)` (?:lies in|covers|meets) `(\w+)`/.exec(message)?.slice(1).join(' '));
        assert.deepEqual(pairs.sort(), naivePairs(list));
      }),
      { numRuns: 400 },
    );
  });

  it('are answered alike in whatever order regions that don’t meet are declared', () => {
    const shuffled = fc.tuple(guests, hosts).chain(([guest, host]) =>
      fc.shuffledSubarray([...guest.regions], { minLength: guest.regions.length }).map((regions) => ({ host, one: guest, other: { ...guest, regions } })));
    fc.assert(
      fc.property(shuffled, ({ host, one, other }) => {
        fc.pre(!checkOn(host, textOf(one)).result.findings.some(({ rule }) => rule === 'region-overlap' || rule === 'map-overlap'));
        const errnos = (guest: Guest): string[] =>
          (checkOn(host, textOf(guest)).result.vms[0]?.plan?.maps ?? []).map(({ name, verdict }) => `${name} ${verdict.errno}`).sort();
        assert.deepEqual(errnos(other), errnos(one));
      }),
    );
  });

  it('are told of every mapping that is refused, and of every device that can’t come', () => {
    fc.assert(
      fc.property(guests, hosts, (guest, host) => {
        const { result } = checkOn(host, textOf(guest));
        const plan = result.vms[0]?.plan;
        const blamed = new Set(result.findings.filter(({ level }) => level === 'error').map(({ element }) => element));
        for (const map of plan?.attachedAtBoot ? plan.maps : []) {
          const owner = map.written?.element ?? map.region?.element;
          if (map.verdict.errno !== 'ok') assert.ok(blamed.has(owner), `${map.name}: ${map.verdict.errno} ${map.verdict.cause}, and no error is told`);
        }
        for (const { assignment, verdict } of plan?.hotplug ?? []) {
          const told = blamed.size > 0 || result.findings.some(({ rule, element }) => rule === 'hotplug-device' && element === assignment.element);
          assert.ok(verdict.errno === 'ok' || told, `${assignment.name}: ${verdict.errno} ${verdict.cause}, and nothing is told`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are mended by every fix that is offered: the finding goes, no error comes', () => {
    fc.assert(
      fc.property(guests, hosts, (guest, host) => {
        const checked = checkOn(host, textOf(guest));
        for (const finding of checked.result.findings) {
          for (const offer of offersOf(checked, finding)) {
            const after = checkOn(host, applyOffer(checked, offer));
            assert.deepEqual(syntaxProblems(after.text), [], offer.title);
            assert.ok(!moreErrors(checked, after), `${offer.title}\n${after.text}`);
            const same = after.result.findings.filter(({ rule, message }) => rule === finding.rule && message === finding.message);
            const before = checked.result.findings.filter(({ rule, message }) => rule === finding.rule && message === finding.message);
            assert.ok(same.length < before.length, offer.title);
          }
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(60_000);
});

/** Whether some rule has more errors after a fix than before. */
function moreErrors(before: Checked, after: Checked): boolean {
  const count = ({ result }: Checked, rule: string): number => result.findings.filter((finding) => finding.rule === rule && finding.level === 'error').length;
  return after.result.findings.some(({ rule }) => count(after, rule) > count(before, rule));
}

/** What every offered fix makes of a layout. */
function offersIn(picture: string): { title: string; text: string }[] {
  const [main = '', host = ''] = picture.split('--- host.vmlayout\n');
  const checked = checkOn(host, main);
  return checked.result.findings.flatMap((finding) => offersOf(checked, finding)).map((offer) => ({ title: offer.title, text: applyOffer(checked, offer) }));
}

/** What the grammar has against a text. */
const syntaxProblems = (text: string): string[] =>
  openDocument(text).items.flatMap((item) => problemsIn(treeOf(item), item.text).map(({ message }) => message));
