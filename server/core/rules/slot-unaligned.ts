import { deviceRefusal } from '../dma/memory-device.js';
import { isWhole, memorySlots, runsOnKvm, type MemorySlot } from '../dma/memory-slots.js';
import type { Plan } from '../dma/plan.js';
import { aloneVerdict } from '../dma/plugged-memory.js';
import { alignUp, formatAddress, formatRange, formatSize, isAligned } from '../layout/address.js';
import { hiddenParts } from '../layout/hidden-parts.js';
import { sizeOf, subtract, type Range } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';
import { isWrittenIn } from './edits.js';
import { roundedRegion, rounding, withLastByte, type Way } from './rounding.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** Guest memory begins or ends inside a page of the host. */
export const slotUnaligned = defineRule({
  name: 'slot-unaligned',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'Guest memory is no multiple of the host’s page, in its address, its size or its place in the VMM.',
  since: '0.1.0',
  why: `KVM maps whole pages of the host: guest address, size and the VMM's own address of a memory slot have to be multiples of
them, or KVM_SET_USER_MEMORY_REGION says EINVAL (\`kvm_set_memory_region\` in virt/kvm/kvm_main.c). Regions of 4 or 8 KiB that
run on x86 fail so on arm64 hosts with 16 or 64 KiB pages. QEMU rounds guest addresses inwards instead
(\`kvm_align_section\` in accel/kvm/kvm-all.c): what is left over has no slot, each access to it goes to QEMU and back, and
nothing can be executed there. What is out of step with the VMM's own address it can't round: then it stops with
“error registering slot: Invalid argument”. Where other VMMs map the same memory for DMA, \`map-unaligned\` speaks.`,

  examples: [
    bad(
      `
      host ampere {
        arch arm64
        kernel 6.12
        page 64 KiB
      }

      vm web on ampere {
        ram low at 0x4000_0000 size 1 GiB
        rom tables at 0x9000_0000 size 8 KiB
            ^^^^^^ the size 0x2000 of \`tables\` is no multiple of 64 KiB, the host’s page: KVM_SET_USER_MEMORY_REGION fails with EINVAL
      }
    `,
      fixed('Round `tables` outwards to 64 KiB', `
        -   rom tables at 0x9000_0000 size 8 KiB
        +   rom tables at 0x9000_0000 size 64 KiB
      `),
    ),
    bad(`
      host ampere {
        arch arm64
        kernel 6.12
        page 64 KiB
      }

      vm web on ampere {
        vmm qemu
        ram low at 0x4000_0000 size 1 GiB
        rom tables at 0x9000_0000 size 8 KiB
            ^^^^^^ 0x90000000-0x90001fff of \`tables\` fills no page of the host, 64 KiB: QEMU gives it no memory slot, and each access to it leaves the guest
      }
    `),
    good(`
      host ampere {
        arch arm64
        kernel 6.12
        page 64 KiB
      }

      vm web on ampere {
        ram low at 0x4000_0000 size 1 GiB
        mmio uart at 0x9000_0000 size 4 KiB
        rom tables at 0x9001_0000 size 64 KiB
      }
    `),
  ],

  check: ({ plan }) => (plan && runsOnKvm(plan) ? misfitsIn(plan) : []),
  locate: ({ region }) => region.element,
  levelOf: ({ slot }) => (slot ? 'error' : 'warning'),
  message: messageOf,
  witness: ({ lost, region }) => lost ?? region.range,
  witnessIn: 'gpa',
  fixes: (misfit, subject) => [...withLastByte(misfit.region, misfit.plan.page, subject.vm), ...round(misfit, 'outwards', subject), ...round(misfit, 'inwards', subject)],
});

interface Misfit {
  readonly plan: Plan;
  readonly region: Region;
  /** The slot that KVM refuses; nothing where QEMU rounds it. */
  readonly slot: MemorySlot | undefined;
  /** The first bytes for which QEMU registers nothing. */
  readonly lost: Range | undefined;
}

/** Once for each region. */
function misfitsIn(plan: Plan): Misfit[] {
  const slots = memorySlots(plan).filter((slot) => !isWhole(slot, plan.page));
  const refused = new Map([...slots].reverse().map((slot) => [slot.regions[0], slot]));
  const misfits = [...refused].map(([region, slot]): Misfit => ({ plan, region, slot, lost: undefined }));
  const all = plan.vm.vmm === 'qemu' ? [...misfits, ...roundedAway(plan, refused)] : misfits;
  return all.filter(({ region, slot }) => !isToldOfPlugging(region, plan) && ((slot && plan.vm.vmm === 'qemu') || !isToldOfMapping(region, plan)));
}

/** RAM that can't be plugged for the same reason is `hotplug-memory`. */
const isToldOfPlugging = (region: Region, plan: Plan): boolean =>
  deviceRefusal(region, plan.vm, plan.host, plan.page) !== undefined || plan.memoryHotplug.some((memory) => memory.region === region && aloneVerdict(memory).cause === 'alignment');

/** What QEMU rounds away of memory. */
function roundedAway(plan: Plan, refused: ReadonlyMap<Region, MemorySlot>): Misfit[] {
  const hidden = hiddenParts(plan.vm.regions);
  const covered = memorySlots(plan).map(({ range }) => range);
  return plan.vm.regions.flatMap((region) => {
    const { range, kind } = region;
    if (!range || refused.has(region) || (kind !== 'ram' && kind !== 'rom') || (isAligned(range.base, plan.page) && isAligned(range.end, plan.page))) return [];
    const [lost] = subtract(range, [...(hidden.get(region) ?? []), ...covered]);
    return lost ? [{ plan, region, slot: undefined, lost }] : [];
  });
}

/** What the rules about DMA tell of the same bytes isn't told again. */
function isToldOfMapping(region: Region, { vm, maps, leftOut, alignment }: Plan): boolean {
  if (vm.assignments.length === 0) return false;
  const isOdd = maps.some(({ region: mapped, written, range, offset }) => mapped === region && !written && [range.base, range.end, offset ?? 0n].some((value) => !isAligned(value, alignment)));
  return isOdd || leftOut.some((left) => left.region === region && left.kept.length === 0);
}

function messageOf({ plan, region, slot, lost }: Misfit): string {
  const page = `${formatSize(plan.page)}`;
  if (lost) return `${formatRange(lost)} of \`${region.name}\` fills no page of the host, ${page}: QEMU gives it no memory slot, and each access to it leaves the guest`;
  const end = plan.vm.vmm === 'qemu' ? 'QEMU stops with “error registering slot: Invalid argument”' : 'KVM_SET_USER_MEMORY_REGION fails with EINVAL';
  const rounded = slot && roundedBase(plan, region, slot);
  if (rounded !== undefined) return `the base ${formatAddress(rounded)} of \`${region.name}\` is no multiple of ${page}, the host’s page, and its bytes aren’t in step with it: ${end}`;
  const values = slot ? ([['base', slot.range.base], ['size', sizeOf(slot.range)], ['offset', slot.offset ?? 0n]] as const) : [];
  const odd = values.filter(([, value]) => !isAligned(value, plan.page)).map(([word, value]) => `the ${word} ${formatAddress(value)}`);
  const are = odd.length > 1 ? 'are no multiples' : 'is no multiple';
  return `${odd.join(' and ')} of \`${region.name}\` ${are} of ${page}, the host’s page: ${end}`;
}

/** The base that is written, where QEMU rounds it: what it asks KVM for then begins with bytes inside a page. */
function roundedBase({ vm, page }: Plan, { range }: Region, slot: MemorySlot): bigint | undefined {
  return vm.vmm === 'qemu' && range && range.base !== slot.range.base && alignUp(range.base, page) === slot.range.base ? range.base : undefined;
}

function round({ plan, region }: Misfit, way: Way, subject: VmSubject): Fix[] {
  const { range, element } = region;
  if (!range || region.kind === 'bar' || region.alias || !isWrittenIn(element, subject.vm.element)) return [];
  return rounding(region.name, range, way, plan.page, (wanted) => roundedRegion(region, wanted, plan.page, subject.vm));
}
