import { formatKernel } from '../dma/kernel-version.js';
import type { Attachment, Plan } from '../dma/plan.js';
import { reasonOf } from '../dma/verdict-words.js';
import { askedNote } from './contact-words.js';
import { bad, defineRule, good } from './rule.js';

/** The kernel takes none of a device's group, whatever is mapped. */
export const attachRefused = defineRule({
  name: 'attach-refused',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'The kernel refuses to attach a device that is assigned from the start.',
  since: '0.1.0',
  why: `All devices of a guest share one space of IOVAs, so their IOMMUs have to translate a common range, and something has
to be left of it after what each of them keeps (\`vfio_iommu_aper_conflict\` and \`vfio_iommu_iova_exclude\` in
drivers/vfio/vfio_iommu_type1.c). iommufd moreover takes a software MSI window beside a hardware one for a mistake of the
driver and refuses the group (\`iopt_table_enforce_dev_resv_regions\` in drivers/iommu/iommufd/io_pagetable.c), as it happens
on HiSilicon hi161x servers; VFIO type1 prefers the hardware window there. A kernel before 6.2 has no iommufd at all.`,

  examples: [
    bad(`
      host d05 {
        arch arm64
        kernel 6.12
        page 4 KiB
        contract iommufd
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 2 {
          device nic "0000:01:00.0"
          reserved its at 0xc601_0000 size 64 KiB kind msi
        }
      }

      vm web on d05 {
        ram low at 4 GiB size 4 GiB
        assign nic
               ^^^ kernel 6.12 refuses to attach \`nic\` with EINVAL: a hardware and a software MSI window together: \`its\` (0xc6010000-0xc601ffff, msi)
      }
    `),
    good(`
      host d05 {
        arch arm64
        kernel 6.12
        page 4 KiB
        contract type1
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 2 {
          device nic "0000:01:00.0"
          reserved its at 0xc601_0000 size 64 KiB kind msi
        }
      }

      vm web on d05 {
        ram low at 4 GiB size 4 GiB
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? refusalsIn(plan) : []),
  locate: ({ assignment }) => assignment.element,
  message: ({ plan, assignment, verdict }) =>
    lacksIommufd(plan) ? `kernel ${formatKernel(plan.kernel)} has no iommufd, which came with 6.2: the VMM finds no /dev/iommu, and \`${assignment.name}\` can’t be attached` : `kernel ${formatKernel(plan.kernel)} refuses to attach \`${assignment.name}\` with ${verdict.errno}: ${reasonOf(verdict, plan)}`,
  notes: ({ plan }) => (lacksIommufd(plan) ? [askedNote(plan)] : []),
  witness: ({ verdict }) => verdict.witness,
});

interface Refusal extends Attachment {
  readonly plan: Plan;
}

/** What the firmware's 1:1 mapping forbids is told by `direct-mapped-device`. */
const refusalsIn = (plan: Plan): Refusal[] =>
  lacksIommufd(plan) ? plan.attach.slice(0, 1).map((attachment) => ({ ...attachment, plan })) : plan.attach.flatMap((attachment) => (attachment.verdict.errno === 'ok' || attachment.verdict.cause === 'direct' ? [] : [{ ...attachment, plan }]));

/** Told once, of the first device: there is nobody to ask. */
const lacksIommufd = ({ attach }: Plan): boolean => attach[0]?.verdict.cause === 'no-iommufd';
