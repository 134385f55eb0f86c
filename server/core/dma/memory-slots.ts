import { alignDown, alignUp, isAligned } from '../layout/address.js';
import { hiddenParts } from '../layout/hidden-parts.js';
import { byBase, isEmpty, sizeOf, subtract, type Range } from '../layout/intervals.js';
import type { Backing, Host, Region, Vm } from '../layout/model.js';
import type { KernelVersion } from './kernel-version.js';

/**
 * What a VMM registers with KVM_SET_USER_MEMORY_REGION: guest-physical addresses in one piece that show memory of the VMM
 * in one piece. What is trapped (registers, holes, windows) has no slot. Bytes throughout.
 */
export interface MemorySlot {
  /** The regions it shows, in the order of their addresses; QEMU makes one slot of neighbours that go on in one backing. */
  readonly regions: readonly [Region, ...Region[]];
  /** Guest-physical addresses. */
  readonly range: Range;
  /** Nothing for the memory of a device. */
  readonly backing: Backing | undefined;
  /** First byte in the backing or the BAR; nothing where it can't be known. */
  readonly offset: bigint | undefined;
  readonly readOnly: boolean;
  /** Whether it is registered while the guest runs, with the memory that is plugged. */
  readonly later: boolean;
}

/** A guest as far as its memory slots depend on it. */
export interface SlotSource {
  readonly vm: Vm;
  readonly host: Host;
  /** Base page of the host, in bytes. */
  readonly page: bigint;
  readonly kernel: KernelVersion;
}

/** VMMs that bring a hypervisor of their own: none of KVM's rules holds for them. */
const WITHOUT_KVM: ReadonlySet<string> = new Set(['xen', 'bhyve', 'jailhouse', 'microkit']);

/** Whether KVM runs the guest: a host on which no kernel is asked has it only where the VMM is one that needs it. */
export function runsOnKvm({ vm, host }: Pick<SlotSource, 'vm' | 'host'>): boolean {
  const vmm = vm.vmm ?? 'generic';
  return !WITHOUT_KVM.has(vmm) && (host.contract !== 'none' || vmm !== 'generic');
}

const known = new WeakMap<Vm, readonly MemorySlot[]>();

/** The memory slots of a guest in the order of its regions, found once; none where KVM doesn't run it. */
export function memorySlots(source: SlotSource): readonly MemorySlot[] {
  const earlier = known.get(source.vm);
  if (earlier) return earlier;
  const slots = runsOnKvm(source) ? slotsOf(source) : [];
  known.set(source.vm, slots);
  return slots;
}

function slotsOf({ vm, page }: SlotSource): MemorySlot[] {
  const hidden = hiddenParts(vm.regions);
  const pieces = vm.regions.filter(hasMemory).flatMap((region) => piecesOf(region, hidden.get(region) ?? []));
  return vm.vmm === 'qemu' ? inFlatView(pieces).flatMap((slot) => inWholePages(slot, page)) : pieces;
}

/** What the guest reaches without the VMM: RAM, ROM, a BAR, and registers that are memory of the VMM. */
const hasMemory = ({ kind, backing }: Region): boolean => kind === 'ram' || kind === 'rom' || kind === 'bar' || (kind === 'mmio' && backing !== undefined);

/** One slot for each part that no other region hides: slots can't overlap (virt/kvm/kvm_main.c `kvm_set_memory_region`). */
function piecesOf(region: Region, hidden: readonly Range[]): MemorySlot[] {
  const { range, backing } = region;
  if (!range) return [];
  const first = backing ? region.offset : 0n;
  return subtract(range, hidden).map((piece) => ({
    regions: [region],
    range: piece,
    backing,
    offset: first === undefined ? undefined : first + (piece.base - range.base),
    readOnly: !region.access.includes('w') && region.kind !== 'bar',
    later: region.hotplug,
  }));
}

/**
 * QEMU registers sections of its flat view, in which neighbours are one where they go on in one RAM block (system/memory.c
 * `flatview_simplify`, `can_merge`).
 */
function inFlatView(pieces: readonly MemorySlot[]): MemorySlot[] {
  const sections: MemorySlot[] = [];
  for (const piece of [...pieces].sort((left, right) => byBase(left.range, right.range))) {
    const last = sections.at(-1);
    if (last && goesOn(last, piece)) sections[sections.length - 1] = { ...last, regions: [...last.regions, ...piece.regions], range: { base: last.range.base, end: piece.range.end } };
    else sections.push(piece);
  }
  return sections;
}

const goesOn = (left: MemorySlot, right: MemorySlot): boolean =>
  left.range.end === right.range.base &&
  left.backing !== undefined && left.backing === right.backing &&
  left.offset !== undefined && left.offset + sizeOf(left.range) === right.offset &&
  left.readOnly === right.readOnly && left.later === right.later;

/** QEMU rounds a section inwards to pages of the host and registers nothing where that leaves nothing (accel/kvm/kvm-all.c `kvm_align_section`). */
function inWholePages(slot: MemorySlot, page: bigint): MemorySlot[] {
  const range = { base: alignUp(slot.range.base, page), end: alignDown(slot.range.end, page) };
  if (isEmpty(range)) return [];
  const offset = slot.offset === undefined ? undefined : slot.offset + (range.base - slot.range.base);
  return [{ ...slot, range, offset }];
}

/** Whether KVM takes a slot as far as its pages go: address, size and the VMM's own address are whole pages of the host. */
export const isWhole = ({ range, offset }: MemorySlot, page: bigint): boolean =>
  isAligned(range.base, page) && isAligned(range.end, page) && isAligned(offset ?? 0n, page);

/** Pages that one slot has at most: include/linux/kvm_host.h `KVM_MEM_MAX_NR_PAGES`. */
export const MOST_PAGES = (1n << 31n) - 1n;

/**
 * Slots that a guest can have at most: include/linux/kvm_host.h `KVM_USER_MEM_SLOTS`, of which KVM keeps three to itself on
 * x86 (arch/x86/include/asm/kvm_host.h `KVM_INTERNAL_MEM_SLOTS`).
 */
export const mostSlots = ({ arch }: Host): number => (arch === 'x86_64' ? 32764 : 32767);
