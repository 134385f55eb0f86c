import type { Plan } from '../dma/plan.js';
import { formatKernel } from '../dma/kernel-version.js';
import type { Verdict } from '../dma/verdict.js';
import { formatRange } from '../layout/address.js';
import type { Assignment, Reserved } from '../layout/model.js';
import { contactNote } from './contact-words.js';
import { bad, defineRule, good } from './rule.js';

/** The firmware demands a 1:1 mapping for a device that the guest is to get. */
export const directMappedDevice = defineRule({
  name: 'direct-mapped-device',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'An assigned device is in a group with a `direct` range.',
  since: '0.1.0',
  why: `Some firmware goes on using a device behind the operating system's back, and lists memory that must always be mapped
1:1 for it: an RMRR of VT-d, a unity map of AMD's IVRS, an RMR of Arm's IORT. Such a group can't be given away: newer
kernels refuse to take it out of that mapping ("Firmware has requested this device have a 1:1 IOMMU mapping, rejecting
configuring the device without a 1:1 mapping", EINVAL; \`__iommu_device_set_domain\` in drivers/iommu/iommu.c, seen on 6.12
and 7.2). VT-d refused before ("Device is ineligible for IOMMU domain attach due to platform RMRR requirement", EPERM,
seen on 6.1). No layout helps: the platform's setup may (an option of the BIOS such as HP's RMRR exclusion), or another slot.
Where an older kernel attaches the group, the range is like a \`reserved\` one, and \`reserved-overlap\` looks at it.`,

  examples: [
    bad(`
      host proliant {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 31 {
          device nic "0000:05:00.0"
          reserved rmrr at 0x7000_0000 size 1 MiB kind direct
        }
      }

      vm web on proliant {
        ram high at 4 GiB size 4 GiB
        assign nic
               ^^^ \`nic\` can’t be assigned: the firmware wants \`rmrr\` (0x70000000-0x700fffff) mapped 1:1 for its group, and kernel 6.12 refuses the attach with EINVAL (“Firmware has requested this device have a 1:1 IOMMU mapping”)
      }
    `),
    good(`
      host proliant {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 31 {
          device usb "0000:00:14.0"
          reserved rmrr at 0x7000_0000 size 1 MiB kind direct-relaxable
        }
      }

      vm web on proliant {
        ram high at 4 GiB size 4 GiB
        assign usb
      }
    `),
  ],

  check: ({ plan }) => (plan ? refusalsIn(plan) : []),
  locate: ({ assignment }) => assignment.element,
  message: ({ plan, assignment, verdict, kept }) => {
    const words = verdict.errno === 'EPERM' ? 'Device is ineligible for IOMMU domain attach due to platform RMRR requirement' : 'Firmware has requested this device have a 1:1 IOMMU mapping';
    const range = `\`${kept.name}\` (${formatRange(kept.range)})`;
    const answer = `kernel ${formatKernel(plan.kernel)} refuses the attach with ${verdict.errno} (“${words}”)`;
    return `\`${assignment.name}\` can’t be assigned: the firmware wants ${range} mapped 1:1 for its group, and ${answer}`;
  },
  notes: ({ kept }) => [contactNote(kept)],
  witness: ({ kept }) => kept.range,
});

interface Refusal {
  readonly plan: Plan;
  readonly assignment: Assignment;
  readonly verdict: Verdict;
  readonly kept: Reserved;
}

/** One for each group: its devices are refused together. */
function refusalsIn(plan: Plan): Refusal[] {
  const groups = new Set<string | undefined>();
  return [...plan.attach, ...plan.hotplug].flatMap(({ assignment, verdict }) => {
    const kept = verdict.cause === 'direct' ? assignment.device?.reserved.find((reserved) => reserved === verdict.kept) : undefined;
    const group = assignment.device?.group;
    if (!kept || groups.has(group)) return [];
    groups.add(group);
    return [{ plan, assignment, verdict, kept }];
  });
}
