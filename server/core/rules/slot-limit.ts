import { memorySlots, mostSlots } from '../dma/memory-slots.js';
import type { Plan } from '../dma/plan.js';
import { formatCount, formatPlural } from '../layout/address.js';
import { bad, defineRule, good } from './rule.js';

/** Share of the limit, in percent, from which a warning is due: BARs and firmware take slots that no layout names. */
const NEARLY_FULL = 80;

/** KVM, or the VMM, has only so many memory slots. */
export const slotLimit = defineRule({
  name: 'slot-limit',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'A guest needs more memory slots than there are.',
  since: '0.1.0',
  why: `Each piece of guest memory that is contiguous in the guest and in the VMM is a memory slot of KVM. A guest can have 32767
(\`KVM_USER_MEM_SLOTS\` in include/linux/kvm_host.h), on x86 three less; a higher number is EINVAL (\`kvm_set_memory_region\` in
virt/kvm/kvm_main.c). A VMM or a vhost back end may have far fewer: say so with \`slots\`, in the vm or in the \`limits\` of its
host. Every region that lies \`over\` another cuts one more slot. At start-up a VMM without a slot gives up; later QEMU refuses the
DIMM, “hypervisor has not enough free memory slots left” (hw/mem/memory-device.c). From ${NEARLY_FULL} % on it is a warning.`,

  examples: [
    bad(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
      }

      vm web on xeon {
         ^^^ 4 memory slots are needed and there are 3: KVM_SET_USER_MEMORY_REGION has none for \`bios\`, and the VM doesn’t start
        slots 3
        ram low at 0 size 1 GiB
        rom shadow at 0xc_0000 size 256 KiB over low
        rom bios at 0xfffc_0000 size 256 KiB
      }
    `),
    bad(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
      }

      vm web on xeon {
         ^^^ 2 memory slots are needed, 4 once all has come that may be plugged, and there are 3: RAM that finds none when it is plugged is refused
        slots 3
        ram low at 0 size 1 GiB
        ram high at 4 GiB size 1 GiB
        ram first at 8 GiB size 1 GiB hotplug
        ram second at 16 GiB size 1 GiB hotplug
      }
    `),
    good(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
      }

      vm web on xeon {
        slots 8
        ram low at 0 size 1 GiB
        rom shadow at 0xc_0000 size 256 KiB over low
        rom bios at 0xfffc_0000 size 256 KiB
      }
    `),
  ],

  check: ({ plan }) => (plan ? crowdIn(plan) : []),
  locate: ({ plan }) => plan.vm.element,
  levelOf: ({ atBoot, limit }) => (atBoot > limit ? 'error' : 'warning'),
  message: ({ atBoot, atMost, limit, first }) => {
    const needed = `${formatPlural(atBoot, 'memory slot is', 'memory slots are')} needed`;
    const there = `there ${limit === 1 ? 'is' : 'are'} ${formatCount(limit)}`;
    if (atBoot > limit) return `${needed} and ${there}: KVM_SET_USER_MEMORY_REGION has none for \`${first}\`, and the VM doesn’t start`;
    if (atMost > limit) return `${needed}, ${formatCount(atMost)} once all has come that may be plugged, and ${there}: RAM that finds none when it is plugged is refused`;
    return `${formatPlural(atMost, 'memory slot is', 'memory slots are')} needed and ${there}: little is left for BARs, firmware and what is plugged`;
  },
});

interface Crowd {
  readonly plan: Plan;
  readonly atBoot: number;
  readonly atMost: number;
  readonly limit: number;
  /** The region that is the first without a slot. */
  readonly first: string;
}

function crowdIn(plan: Plan): Crowd[] {
  const slots = memorySlots(plan);
  const told = [plan.vm.slots, plan.host.limits.slots].filter((limit) => limit !== undefined);
  const limit = Math.min(mostSlots(plan.host), ...told);
  if (slots.length * 100 < limit * NEARLY_FULL || slots.length === 0) return [];
  const booted = slots.filter(({ later }) => !later);
  return [{ plan, atBoot: booted.length, atMost: slots.length, limit, first: booted[limit]?.regions[0].name ?? '' }];
}
