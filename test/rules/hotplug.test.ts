import { checkFix, checkNoFix } from '../support/check.js';
import { ARM, lint, on, PC } from '../support/on-host.js';

// Sequences: what can't come after what, and what becomes of the VM.

/** Two cards behind IOMMUs of different reach, and one that keeps a range above 4 GiB. */
const TWO = `
  arch arm64
  kernel 6.6
  page 4 KiB
  iommu low { model smmu-v3  granule 4 KiB  aperture 0 ..= 0xffff_ffff  reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi }
  iommu high { model smmu-v3  granule 4 KiB  aperture 0x1_0000_0000 ..= 0xff_ffff_ffff  reserved msi1 at 0x0800_0000 ..= 0x080f_ffff kind sw-msi }
  group 14 { device nic "0000:01:00.0" }
  group 15 behind high { device gpu "0000:02:00.0" }
`;

describe('rule hotplug-device in company', () => {
  it('tells devices that have no IOVA in common', () => {
    lint(TWO, `
      vm web on box {
        ram low at 0x4000_0000 size 1 GiB dma off
        assign nic hotplug
               ^^^ hotplug-device: attaching \`nic\` fails with EINVAL once \`gpu\` is there: there is no IOVA that all these IOMMUs translate; the VM keeps running without it
        assign gpu hotplug
               ^^^ hotplug-device: attaching \`gpu\` fails with EINVAL once \`nic\` is there: there is no IOVA that all these IOMMUs translate; the VM keeps running without it
      }
    `);
  });

  it('says nothing of a second device of a group: it comes with the first', () => {
    lint(PC.replace(' kind direct', ' kind reserved'), `
      vm web on box {
        ram low at 0 size 1 GiB
        assign nic
        assign nic1 hotplug
      }
    `);
  });
});

describe('rule hotplug-memory', () => {
  it('tells RAM that meets what a device keeps by then, once for both orders', () => {
    lint(ARM, `
      vm web on box {
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
            ^^^^ hotplug-memory: once \`gpu\` is there, plugging \`more\` fails: VFIO_IOMMU_MAP_DMA gives EINVAL, as it meets \`quirk\` (0x60000000-0x600fffff, reserved); QEMU would abort the whole VM; with \`more\` there first, \`gpu\` can’t come
        assign nic
        assign gpu hotplug
      }
    `);
  });

  it('is a warning where only a block is refused, and tells which', () => {
    lint(ARM, `
      vm web on box {
        vmm qemu
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug virtio-mem block 2 MiB
            ^^^^ hotplug-memory: plugging block 0 of \`more\` fails: VFIO_IOMMU_MAP_DMA gives EINVAL, as it meets \`quirk\` (0x60000000-0x600fffff, reserved); the VM keeps running without it
        assign nic, gpu
      }
    `);
  });

  it('knows that the doorbell is there only once a device is', () => {
    lint(ARM.replace('kernel 6.6', 'kernel 6.6\n  contract iommufd'), `
      vm web on box {
        vmm cloud-hypervisor
        ram low at 0x4000_0000 size 512 MiB
        ram tiny at 0x800_0000 size 1 MiB hotplug dimm
            ^^^^ hotplug-memory: once \`gpu\` is there, plugging \`tiny\` fails: IOMMU_IOAS_MAP gives EINVAL, as it meets \`msi\` (0x8000000-0x80fffff, sw-msi); the VM keeps running without it; with \`tiny\` there first, \`gpu\` can’t come
        assign gpu hotplug
      }
    `);
  });

  it('says nothing where the VMM carves around what is there, nor of RAM that isn’t mapped', () => {
    lint(ARM, `
      vm web on box {
        on-overlap carve
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
        ram other at 0x0800_0000 size 1 MiB hotplug dimm dma off
        avoid gap at 0x6000_0000 size 1 MiB via e820
        assign nic, gpu
      }
    `);
  });

  it('tells the device, where a VMM carves: the RAM stands in its way, and not the other way round', () => {
    lint(ARM, `
      vm web on box {
        on-overlap carve
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
        avoid gap at 0x6000_0000 size 1 MiB via e820
        assign nic
        assign gpu hotplug
               ^^^ hotplug-device: attaching \`gpu\` fails with EINVAL once \`more\` is there: \`more\` lies over \`quirk\` (0x60000000-0x600fffff, reserved); the VM keeps running without it
      }
    `);
  });
});

/** The same server where nobody looks. */
const BLIND = ARM.replace('kernel 6.6', 'kernel 5.3\n  contract type1');
const UNASKED = ARM.replace('kernel 6.6', 'kernel 6.6\n  contract none');

describe('RAM that meets what a device keeps only once one of them has come, where no kernel looks', () => {
  it('is told of the RAM, when that comes', () => {
    lint(UNASKED, `
      vm web on box {
        ram low at 0x4000_0000 size 512 MiB
        window dimms at 0x6000_0000 size 1 GiB for memory
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
            ^^^^ reserved-overlap: once it is plugged, \`more\` covers the reserved range \`quirk\` (0x60000000-0x600fffff): no kernel checks it, and DMA to these addresses never reaches the RAM; around it, 131,072 × 4 KiB become 130,816 × 4 KiB
        assign nic, gpu
      }
    `);
    lint(BLIND, `
      vm web on box {
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x800_0000 size 4 MiB hotplug virtio-mem block 2 MiB
            ^^^^ doorbell-overlap: once it is plugged, \`more\` covers the doorbell window \`msi\` (0x8000000-0x80fffff): kernel 5.3 does not check it, and finds the doorbells of running devices in its way (EEXIST); around it, 1,024 × 4 KiB become 768 × 4 KiB
        assign nic
      }
    `);
  });

  it('is told of the RAM, when the device comes', () => {
    lint(BLIND, `
      vm web on box {
        ram low at 0x4000_0000 size 1 GiB
            ^^^ reserved-overlap: once \`gpu\` is plugged, \`low\` covers the reserved range \`quirk\` (0x60000000-0x600fffff): kernel 5.3 does not check it, and DMA to these addresses never reaches the RAM; around it, 262,144 × 4 KiB become 261,888 × 4 KiB
        assign nic
        assign gpu hotplug
      }
    `);
    lint(UNASKED, `
      vm web on box {
        ram low at 0x0800_0000 size 1 MiB
            ^^^ doorbell-overlap: once \`nic\` is plugged, \`low\` covers the doorbell window \`msi\` (0x8000000-0x80fffff): no kernel checks it, and DMA to these addresses never reaches the RAM; nothing is left around it
        assign nic hotplug
      }
    `);
  });

  it('is told once, when both come', () => {
    lint(UNASKED, `
      vm web on box {
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
            ^^^^ reserved-overlap: once it and \`gpu\` are plugged, \`more\` covers the reserved range \`quirk\` (0x60000000-0x600fffff): no kernel checks it, and DMA to these addresses never reaches the RAM; around it, 131,072 × 4 KiB become 130,816 × 4 KiB
        assign nic
        assign gpu hotplug
      }
    `);
  });

  it('is tolerated where the guest keeps off, but never over a software window', () => {
    lint(BLIND, `
      vm web on box {
        on-overlap tolerate
        ram low at 0x4000_0000 size 1 GiB
        ram more at 0x800_0000 size 2 MiB hotplug dimm
            ^^^^ doorbell-overlap: once it is plugged, \`more\` covers the doorbell window \`msi\` (0x8000000-0x80fffff): kernel 5.3 does not check it, and finds the doorbells of running devices in its way (EEXIST); around it, 512 × 4 KiB become 256 × 4 KiB
        avoid door at 0x800_0000 size 1 MiB via e820
        avoid gap at 0x6000_0000 size 1 MiB via e820
        assign nic
        assign gpu hotplug
      }
    `);
  });

  it('is left to the guest by a VMM that carves, as RAM that stands isn’t cut for a device', () => {
    const guest = (avoid: string): string => `
      vm web on box {
        on-overlap carve
        ram low at 0x4000_0000 size 1 GiB
        ${avoid}assign nic
        assign gpu hotplug
      }
    `;
    lint(BLIND, guest('avoid gap at 0x6000_0000 size 1 MiB via e820\n        '));
    lint(BLIND, guest('').replace('1 GiB\n', `1 GiB
            ^^^ reserved-overlap: once \`gpu\` is plugged, \`low\` covers the reserved range \`quirk\` (0x60000000-0x600fffff): kernel 5.3 does not check it, and DMA to these addresses never reaches the RAM; around it, 262,144 × 4 KiB become 261,888 × 4 KiB
`));
  });

  it('is nothing beside a device that can’t come', () => {
    lint(BLIND.replace('kind reserved', 'kind direct').replace('smmu-v3\n    granule 4 KiB', 'vt-d'), `
      vm web on box {
        ram low at 0x4000_0000 size 1 GiB
        assign nic
        assign gpu hotplug
               ^^^ direct-mapped-device: \`gpu\` can’t be assigned: the firmware wants \`quirk\` (0x60000000-0x600fffff) mapped 1:1 for its group, and kernel 5.3 refuses the attach with EPERM (“Device is ineligible for IOMMU domain attach due to platform RMRR requirement”)
      }
    `);
  });

  it('is a note over a range that the firmware wanted, whatever kernel it is', () => {
    lint(ARM.replace('kind reserved', 'kind direct-relaxable'), `
      vm web on box {
        ram low at 0x4000_0000 size 1 GiB
            ^^^ reserved-overlap: once \`gpu\` is plugged, \`low\` covers \`quirk\` (0x60000000-0x600fffff), which the firmware wanted mapped 1:1: the kernel maps the guest over it, and what still uses it writes to the guest’s RAM
        assign nic
        assign gpu hotplug
      }
    `);
  });

  it('is mended by mapping around it from the start, or by tolerating it', () => {
    const layout = on(UNASKED, `
      vm web on box {
        ram low at 0x4000_0000 size 1 GiB
        assign nic
        assign gpu hotplug
      }
    `);
    checkFix(layout, 'Split `low` around `quirk`: 261,888 × 4 KiB instead of 262,144 × 4 KiB', `
import "host.vmlayout"
vm web on box {
  ram low at 0x4000_0000 size 1 GiB
  assign nic
  assign gpu hotplug
  avoid low-hole at 0x6000_0000 size 1 MiB via reserved-memory
  map low-a size 512 MiB to low
  map low-b size 511 MiB to low + 513 MiB
}
`);
    checkNoFix(layout, 'Let the VMM carve');
    checkFix(on(UNASKED, `
      vm web on box {
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
        assign nic, gpu
      }
    `), 'Split `more` around `quirk`: 130,816 × 4 KiB instead of 131,072 × 4 KiB', `
import "host.vmlayout"
vm web on box {
  ram low at 0x4000_0000 size 512 MiB
  ram more at 0x6000_0000 size 512 MiB hotplug dimm
  assign nic, gpu
  avoid more-hole at 0x6000_0000 size 1 MiB via reserved-memory
  map low to low
  map more size 511 MiB to more + 1 MiB
}
`);
    checkFix(on(UNASKED, `
      vm web on box {
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
        assign nic, gpu
      }
    `), 'Let the VMM carve around `quirk`, and tell the guest: 130,816 × 4 KiB instead of 131,072 × 4 KiB', `
import "host.vmlayout"
vm web on box {
  on-overlap carve
  ram low at 0x4000_0000 size 512 MiB
  ram more at 0x6000_0000 size 512 MiB hotplug dimm
  avoid more-hole at 0x6000_0000 size 1 MiB via reserved-memory
  assign nic, gpu
}
`);
  });
});

describe('what a VMM carves out of RAM that comes later', () => {
  it('has to be told to the guest', () => {
    lint(ARM, `
      vm web on box {
        on-overlap carve
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
            ^^^^ undeclared-dma-hole: the VMM carves 0x60000000-0x600fffff out of \`more\` around \`quirk\` when it is plugged, and no \`avoid\` tells the guest: devices lose what they write there
        assign nic, gpu
      }
    `);
    lint(ARM, `
      vm web on box {
        on-overlap carve
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug virtio-mem block 2 MiB
            ^^^^ undeclared-dma-hole: the VMM carves 0x60000000-0x600fffff out of \`more\` around \`quirk\` when it is plugged, and no \`avoid\` tells the guest: devices lose what they write there
        assign nic, gpu
      }
    `);
  });

  it('has to be told for a device that comes first, too', () => {
    lint(ARM, `
      vm web on box {
        on-overlap carve
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
            ^^^^ undeclared-dma-hole: the VMM carves 0x60000000-0x600fffff out of \`more\` around \`quirk\` when it is plugged after \`gpu\`, and no \`avoid\` tells the guest: devices lose what they write there
        assign nic
        assign gpu hotplug
               ^^^ hotplug-device: attaching \`gpu\` fails with EINVAL once \`more\` is there: \`more\` lies over \`quirk\` (0x60000000-0x600fffff, reserved); the VM keeps running without it
      }
    `);
  });

  it('is mended by an `avoid`', () => {
    checkFix(on(ARM, `
      vm web on box {
        on-overlap carve
        ram low at 0x4000_0000 size 512 MiB
        ram more at 0x6000_0000 size 512 MiB hotplug dimm
        assign nic, gpu
      }
    `), 'Tell the guest to keep its DMA out of 0x60000000-0x600fffff', `
import "host.vmlayout"
vm web on box {
  on-overlap carve
  ram low at 0x4000_0000 size 512 MiB
  ram more at 0x6000_0000 size 512 MiB hotplug dimm
  avoid more-hole at 0x6000_0000 size 1 MiB via reserved-memory
  assign nic, gpu
}
`);
  });
});

describe('memory devices that QEMU doesn’t take', () => {
  const guest = (lines: string, vmm = 'qemu'): string => `
      vm web on box {
        vmm ${vmm}
        backing huge size 8 GiB hugetlb 1 GiB
        ram low at 0 size 2 GiB from huge
        ${lines}
        assign gpu
      }
    `;

  it('are told with its words', () => {
    lint(PC, guest(`ram more at 0x1_0020_0000 size 2 GiB from huge hotplug dimm
            ^^^^ hotplug-memory: plugging \`more\` fails: QEMU refuses it, with “address must be aligned to 0x40000000 bytes”; the VM keeps running without it`));
    lint(PC, guest(`ram more at 4 GiB size 1025 MiB hotplug dimm
            ^^^^ hotplug-memory: plugging \`more\` fails: QEMU refuses it, with “backend memory size must be multiple of 0x200000”; the VM keeps running without it`));
    lint(PC, guest(`ram more at 4 GiB size 1026 MiB hotplug virtio-mem block 4 MiB
            ^^^^ hotplug-memory: plugging \`more\` fails: QEMU refuses it, as its size has to be a multiple of its block, 4 MiB; the VM keeps running without it`));
    lint(PC, guest(`ram more at 4 GiB size 2 GiB from huge hotplug virtio-mem block 512 MiB
            ^^^^ hotplug-memory: plugging \`more\` fails: QEMU refuses it, as its block has to be a power of two, and no less than the page of its backing, 1 GiB; the VM keeps running without it`));
  });

  it('are taken by it where they fit, and by other VMMs', () => {
    lint(PC, guest('ram more at 4 GiB size 2 GiB from huge hotplug dimm'));
    lint(PC, guest('ram more at 0x1_0020_0000 size 1026 MiB hotplug dimm'));
    lint(PC, guest('ram more at 4 GiB size 1025 MiB hotplug dimm', 'cloud-hypervisor'));
  });

  it('are moved or rounded', () => {
    const picture = on(PC, guest('ram more at 0x1_0010_0000 size 1 GiB hotplug dimm'));
    checkFix(picture, 'Move `more` to 0x1_0020_0000', on('', guest('ram more at 0x1_0020_0000 size 1 GiB hotplug dimm')).split('--- ')[0] ?? '');
    checkFix(picture, 'Round `more` inwards to 2 MiB', on('', guest('ram more at 0x1_0020_0000 size 1022 MiB hotplug dimm')).split('--- ')[0] ?? '');
  });
});

describe('RAM that is plugged inside of a page', () => {
  it('is told once', () => {
    lint(PC, `
      vm web on box {
        ram low at 0 size 1 GiB
        ram more at 0x2_0000_0200 size 1 GiB hotplug dimm
            ^^^^ hotplug-memory: plugging \`more\` fails: VFIO_IOMMU_MAP_DMA gives EINVAL, as IOVA, size and offset have to be multiples of 4 KiB; QEMU would abort the whole VM
        assign gpu
      }
    `);
    lint(PC, `
      vm web on box {
        ram low at 0 size 1 GiB
        ram more at 0x2_0000_0200 size 1 GiB hotplug dimm
            ^^^^ slot-unaligned: the base 0x200000200 of \`more\` is no multiple of 4 KiB, the host’s page: KVM_SET_USER_MEMORY_REGION fails with EINVAL
      }
    `);
    checkFix(on(PC, `
      vm web on box {
        ram more at 0x2_0000_0200 size 1 GiB hotplug dimm
        assign gpu
      }
    `), 'Move `more` to 0x2_0000_0000', `
import "host.vmlayout"
vm web on box {
  ram more at 0x2_0000_0000 size 1 GiB hotplug dimm
  assign gpu
}
`);
  });
});

describe('rule hotplug-map-limit', () => {
  it('tells what QEMU warns of before anything is refused', () => {
    lint(PC, `
      vm web on box {
        vmm qemu
        ram low at 0 size 1 GiB
        ram more at 128 GiB size 64 GiB hotplug virtio-mem block 1 MiB
            ^^^^ hotplug-map-limit: with all of it plugged, 65,537 mappings are asked for and a container holds 65,535: VFIO_IOMMU_MAP_DMA fails with ENOSPC; the VM keeps running without it
        assign gpu
      }
    `);
    lint(PC, `
      vm web on box {
        vmm qemu
        ram low at 0 size 1 GiB
        ram more at 128 GiB size 96 GiB hotplug virtio-mem block 2 MiB
            ^^^^ hotplug-map-limit: with all of it plugged, 49,153 mappings are asked for of the 65,535 that a container holds, and QEMU keeps 32,763 for memory slots: it warns of “possibly running out of DMA mappings”
        assign gpu
      }
    `);
  });

  it('is an error where a DIMM may be the one that is too much', () => {
    lint(PC.replace(/}\s*$/, '}\n  limits { dma-maps 2 }\n'), `
      vm web on box {
        vmm qemu
        ram low at 0 size 1 GiB
        ram one at 128 GiB size 1 GiB hotplug dimm
            ^^^ hotplug-map-limit: with all of it plugged, 3 mappings are asked for and a container holds 2: VFIO_IOMMU_MAP_DMA fails with ENOSPC; QEMU aborts the whole VM
        ram two at 130 GiB size 1 GiB hotplug dimm
        assign gpu
      }
    `);
  });

  it('makes blocks larger in a container with fewer mappings than QEMU has slots', () => {
    const guest = (block: string): string => `
      vm web on box {
        vmm qemu
        ram low at 0 size 1 GiB
        ram more at 128 GiB size 64 MiB hotplug virtio-mem block ${block}
        assign gpu
      }
    `;
    checkFix(on(PC.replace(/}\s*$/, '}\n  limits { dma-maps 20 }\n'), guest('2 MiB')), 'Let `more` come in blocks of 4 MiB', on('', guest('4 MiB')).split('--- ')[0] ?? '');
  });

  it('says nothing under iommufd', () => {
    lint(PC.replace('kernel 6.12', 'kernel 6.12\n  contract iommufd'), `
      vm web on box {
        vmm qemu
        ram low at 0 size 1 GiB
        ram more at 128 GiB size 256 GiB hotplug virtio-mem block 1 MiB
        assign gpu
      }
    `);
  });
});

const WINDOW = `
  vm web on box {
    ram low at 0 size 1 GiB
    window dimms at 8 GiB size 8 GiB for memory
    ram first at 8 GiB size 1 GiB hotplug dimm
    map all to low
    map rest to dimms
    assign gpu
  }
`;

describe('rule map-bisect', () => {
  it('tells a map of a window that holds what is unplugged by itself', () => {
    lint(PC.replace('kernel 6.12', 'kernel 6.12\n  contract iommufd'), WINDOW.replace('    assign gpu', `        ^^^^ map-bisect: \`rest\` holds \`first\` and 7 GiB beside it in one piece: unplugging one of them fails, IOMMU_IOAS_UNMAP of a part gives ENOENT
    assign gpu`));
  });

  it('is mended by maps of their own', () => {
    checkFix(on(PC, WINDOW), 'Map each of them by itself: still 2,097,152 × 4 KiB', `
import "host.vmlayout"
vm web on box {
  ram low at 0 size 1 GiB
  window dimms at 8 GiB size 8 GiB for memory
  ram first at 8 GiB size 1 GiB hotplug dimm
  map all to low
  map rest-a size 1 GiB to dimms
  map rest-b size 7 GiB to dimms + 1 GiB
  assign gpu
}
`);
  });
});
