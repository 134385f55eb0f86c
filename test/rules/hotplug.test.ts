import { checkFix } from '../support/check.js';
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
        assign nic
        assign gpu hotplug
               ^^^ hotplug-device: attaching \`gpu\` fails with EINVAL once \`more\` is there: \`more\` lies over \`quirk\` (0x60000000-0x600fffff, reserved); the VM keeps running without it
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
