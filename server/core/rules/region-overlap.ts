import { DEVICE_CONFLICT } from '../dma/memory-device.js';
import { formatRange, formatSize, largest, smallest } from '../layout/address.js';
import { hiddenParts } from '../layout/hidden-parts.js';
import { contains, intersect, overlappingPairs, overlaps, sizeOf, subtract, type Range } from '../layout/intervals.js';
import { namePlace, type Region, type Vm } from '../layout/model.js';
import { isWrittenIn, withNamed } from './edits.js';
import { holds, isHeld } from '../layout/held-regions.js';
import { moveRegion, withRange } from './placement.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** Two regions claim the same guest-physical addresses. */
export const regionOverlap = defineRule({
  name: 'region-overlap',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'Two regions of a guest meet.',
  since: '0.1.0',
  why: `A guest-physical address means one thing. KVM refuses a second memory slot over a first with EEXIST
(\`kvm_set_memory_region\` in virt/kvm/kvm_main.c), and so do VFIO and iommufd with the mapping. Where RAM meets
registers, which of them the guest reaches is up to the VMM: QEMU takes the region with the higher priority, others the
one they find first. A doorbell in RAM loses interrupts: the device's write lands in memory.

Some regions may meet: an \`avoid\` lies over anything, a \`doorbell\` in an \`mmio\`, BARs and hot-plugged RAM in a
\`window\`. Everything else that is meant says so: \`over R\` hides that part of R, as a shadowed ROM does. \`alias R\` shows
R's bytes at a second address; it is no leave to lie over another region.`,

  examples: [
    bad(
      `
      vm pc {
        ram low at 0 size 1 GiB
        mmio vga at 0xa_0000 size 128 KiB
             ^^^ \`vga\` lies in \`low\` (0xa0000-0xbffff): which of them the guest reaches there is up to the VMM
      }
    `,
      fixed('Let `vga` hide its part of `low`', `
        -   mmio vga at 0xa_0000 size 128 KiB
        +   mmio vga at 0xa_0000 size 128 KiB over low
      `),
      fixed('Move `vga` to 0x4000_0000', `
        -   mmio vga at 0xa_0000 size 128 KiB
        +   mmio vga at 0x4000_0000 size 128 KiB
      `),
    ),
    bad(
      `
      vm pc {
        ram low at 0 size 2 GiB
        ram high at 1 GiB size 2 GiB
            ^^^^ \`high\` meets \`low\` (0x40000000-0x7fffffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST
      }
    `,
      fixed('Move `high` to 0x8000_0000', `
        -   ram high at 1 GiB size 2 GiB
        +   ram high at 0x8000_0000 size 2 GiB
      `),
    ),
    good(`
      vm virt {
        mmio its at 0x808_0000 size 128 KiB
        doorbell msi at its.base + 0x1_0040 size 4
        ram low at 0x4000_0000 size 1 GiB
        avoid firmware at 0x4000_0000 size 1 MiB
        rom shadow at 0x400f_0000 size 64 KiB over low
      }
    `),
  ],

  check: ({ vm }) => meetingsIn(vm),
  locate: ({ later }) => later.element,
  message: ({ earlier, later, shared, vm }) =>
    `\`${later.name}\` ${verbOf(later, earlier)} \`${earlier.name}\` (${formatRange(shared)}): ${consequence(earlier, later, vm)}`,
  notes: ({ earlier }) => [{ place: namePlace(earlier.element), message: `\`${earlier.name}\` is at ${earlier.range ? formatRange(earlier.range) : 'the same place'}` }],
  witness: ({ shared }) => shared,
  witnessIn: 'gpa',
  fixes: (meeting, subject) => [...hide(meeting, subject), ...grow(meeting, subject), ...moveRegion(meeting.later, subject)],
});

/** Two regions at the same addresses; `later` is declared below `earlier`. */
interface Meeting {
  readonly vm: Vm;
  readonly earlier: Region;
  readonly later: Region;
  /** The addresses both have, where neither is hidden by a third. */
  readonly shared: Range;
}

/** Pairs that are looked at, at most: nobody reads more, and n regions in one place make n² of them. */
const MOST_PAIRS = 4096;

function* meetingsIn(vm: Vm): Iterable<Meeting> {
  const order = new Map(vm.regions.map((region, index) => [region, index]));
  const hidden = hiddenParts(vm.regions);
  const placed = vm.regions.flatMap((region) => (region.range && region.kind !== 'avoid' ? [{ region, range: region.range }] : []));
  let looked = 0;
  for (const [left, right] of overlappingPairs(placed, ({ range }) => range)) {
    if (mayMeet(left.region, right.region)) continue;
    if (++looked > MOST_PAIRS) return;
    const swapped = (order.get(left.region) ?? 0) > (order.get(right.region) ?? 0);
    const [earlier, later] = swapped ? [right.region, left.region] : [left.region, right.region];
    const shared = visiblyShared(earlier, later, hidden);
    if (shared && !isToldOfHolder(earlier, later, vm, hidden) && !isToldOfHolder(later, earlier, vm, hidden)) yield { vm, earlier, later, shared };
  }
}

const mayMeet = (left: Region, right: Region): boolean =>
  left.kind === 'avoid' || right.kind === 'avoid' || left.over.includes(right) || right.over.includes(left) || holds(left, right) || holds(right, left);

type HiddenParts = ReturnType<typeof hiddenParts>;

/** The first addresses that both have and no third region hides. */
function visiblyShared(left: Region, right: Region, hidden: HiddenParts): Range | undefined {
  const shared = left.range && right.range && intersect(left.range, right.range);
  return shared && subtract(shared, [...(hidden.get(left) ?? []), ...(hidden.get(right) ?? [])])[0];
}

/** What lies in a window or an mmio meets what that meets; one cause is one finding. */
const isToldOfHolder = (inner: Region, other: Region, { regions }: Vm, hidden: HiddenParts): boolean =>
  isHeld(inner) && regions.some((outer) => outer !== other && holds(outer, inner) && !mayMeet(outer, other) && visiblyShared(outer, other, hidden) !== undefined);

function verbOf(later: Region, earlier: Region): string {
  if (!later.range || !earlier.range) return 'meets';
  return contains(earlier.range, later.range) ? 'lies in' : contains(later.range, earlier.range) ? 'covers' : 'meets';
}

function consequence(earlier: Region, later: Region, { vmm }: Vm): string {
  const kinds = [earlier.kind, later.kind];
  if (kinds.includes('doorbell') && (kinds.includes('ram') || kinds.includes('rom'))) return 'an MSI written there lands in memory, and the interrupt is lost';
  if (isForBars(earlier, later) || isForBars(later, earlier)) return 'the host bridge passes on only what lies in the window, so the guest doesn’t reach the rest';
  // hw/mem/memory-device.c `memory_device_get_free_addr`
  if (vmm === 'qemu' && earlier.arrival && later.arrival) return `QEMU refuses the one that comes second with ${DEVICE_CONFLICT}, and the VM keeps running`;
  if (vmm === 'qemu') return 'QEMU shows the guest the one with the higher priority there';
  if (isMemorySlot(earlier) && isMemorySlot(later)) return 'KVM_SET_USER_MEMORY_REGION fails with EEXIST';
  if (kinds.includes('hole')) return 'whether the guest finds anything there is up to the VMM';
  return 'which of them the guest reaches there is up to the VMM';
}

const isForBars = (window: Region, bar: Region): boolean => window.kind === 'window' && window.purpose !== 'memory' && bar.kind === 'bar';

/** Whether KVM gets a slot for it: memory, and BARs, which are mapped into the guest. */
const isMemorySlot = ({ kind, backing }: Region): boolean => kind === 'bar' || (backing !== undefined && kind !== 'hole');

/** `over`, at the one that lies in the other. Addresses that are only set aside hide nothing, and RAM that comes later is given none that are taken. */
function hide({ earlier, later }: Meeting, { vm }: VmSubject): Fix[] {
  const [upper, lower] = earlier.range && later.range && contains(later.range, earlier.range) ? [earlier, later] : [later, earlier];
  const canHide = [upper, lower].every(({ kind, arrival }) => kind !== 'window' && kind !== 'doorbell' && !arrival);
  if (!canHide || !isWrittenIn(upper.element, vm.element)) return [];
  const title = `Let \`${upper.name}\` hide its part of \`${lower.name}\``;
  return [{ title, safe: false, edits: [withNamed(upper.element, 'over', lower.name)] }];
}

/** A window that is to hold all of a BAR, where the addresses beside it are free. */
function grow({ earlier, later }: Meeting, subject: VmSubject): Fix[] {
  const [window, bar] = isForBars(earlier, later) ? [earlier, later] : [later, earlier];
  if (!isForBars(window, bar) || !window.range || !bar.range || !isWrittenIn(window.element, subject.vm.element)) return [];
  const range = { base: smallest(window.range.base, bar.range.base), end: largest(window.range.end, bar.range.end) };
  const beside = subtract(range, [window.range]);
  const isFree = subject.vm.regions.every((other) => other === bar || other.kind === 'avoid' || !other.range || beside.every((part) => !overlaps(part, other.range ?? part)));
  return isFree ? [{ title: `Grow \`${window.name}\` to ${formatSize(sizeOf(range))}`, safe: false, edits: withRange(window, range) }] : [];
}
