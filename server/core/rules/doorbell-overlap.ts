import { contactsOf } from '../dma/contacts.js';
import { waysOut } from './carving.js';
import { contactMessage, contactNotes, levelForMap } from './contact-words.js';
import { bad, defineRule, fixed, good } from './rule.js';

/** RAM that devices reach by DMA lies where the IOMMU keeps its MSI doorbells. */
export const doorbellOverlap = defineRule({
  name: 'doorbell-overlap',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'A DMA mapping meets an MSI doorbell window of an assigned device.',
  since: '0.1.0',
  why: `Without a vIOMMU a VMM maps guest RAM at IOVA = GPA, and the IOMMU keeps some IOVAs for the writes that raise
interrupts: a hardware window (\`msi\`, 0xfee00000-0xfeefffff on x86) or one that Linux maps doorbells into (\`sw-msi\`,
0x8000000-0x80fffff behind an Arm SMMU). Since Linux 5.4 VFIO refuses a mapping that touches either with EINVAL
(\`vfio_iommu_iova_dma_valid\` in drivers/vfio/vfio_iommu_type1.c; iommufd: \`iopt_check_iova\`), and the VM does not start.
An older kernel does not look: DMA to that RAM hits the doorbell, and data is lost in silence. What meets only once RAM or a device
has been plugged is told here where nobody looks; a kernel that does refuses what comes, which is \`hotplug-memory\` or \`hotplug-device\`.

A hole costs leaves: a 4 KiB hole leaves no 1 GiB leaf around it. Moving the RAM costs none.`,

  examples: [
    bad(
      `
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        bits 48
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
            ^^^ \`low\` covers the doorbell window \`msi\` (0x8000000-0x80fffff): VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up; around it, 3 × 1 GiB become 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB
        assign nic
      }
    `,
      fixed('Split `low` around the doorbell: 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB instead of 3 × 1 GiB', `
            assign nic
        +   avoid doorbell-hole at 0x800_0000 size 1 MiB via reserved-memory
        +   map low-a size 128 MiB to low
        +   map low-b size 2943 MiB to low + 129 MiB
      `),
    ),
    good(`
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        bits 48
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0x4000_0000 size 3 GiB from ram0
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? contactsOf(plan, new Set(['msi', 'sw-msi'])) : []),
  locate: ({ map, kept }) => map.written?.element ?? map.region?.element ?? kept.element,
  levelOf: ({ map, plan }) => levelForMap(plan, map),
  message: (contact) => contactMessage(contact, 'the doorbell window'),
  notes: contactNotes,
  witness: ({ shared }) => shared,
  fixes: waysOut,
});
