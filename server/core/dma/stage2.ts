import { alignDown, alignUp, formatSize, GIB, isAligned, KIB, log2, MIB, smallest } from '../layout/address.js';
import { intersect, sizeOf, type Range } from '../layout/intervals.js';
import type { Host } from '../layout/model.js';
import { atLeast } from './kernel-version.js';
import { addLeaves, leafSegments, leavesOf, totalLeaves, type Leaves, type LeafSegments } from './leaves.js';
import { memorySlots, runsOnKvm, type MemorySlot, type SlotSource } from './memory-slots.js';
import type { Plan, PlannedMap } from './plan.js';

/**
 * The leaves of the CPU's own tables: stage 2 on Arm, EPT and NPT on x86, the G stage on RISC-V. KVM fills them as the guest
 * touches its memory, by the rules below, so these are the leaves that hold all of a guest's memory once it has been touched.
 *
 * Absent: dirty logging, which maps pages only while it lasts, protected KVM (blocks of a PMD at most), the shadow tables
 * of nested guests, and what the x86 workaround for iTLB multihit splits.
 */
export interface Stage2 {
  /** Leaf sizes that KVM uses, in bytes, largest first. */
  readonly leafSizes: readonly bigint[];
  /** The slots that are there at start-up. */
  readonly slots: readonly SlotLeaves[];
  /** Those of all slots. */
  readonly leaves: Leaves;
  readonly entries: bigint;
  /** What the file doesn't say and was taken for granted, in words. */
  readonly assumed: readonly string[];
}

/** A memory slot with the leaves that hold it. */
export interface SlotLeaves extends MemorySlot {
  readonly segments: LeafSegments;
  /** What is promised. */
  readonly leaves: Leaves;
  /** What there is if every huge page comes that THP hopes for; nothing where the backing hopes for none. */
  readonly hoped: Leaves | undefined;
}

const known = new WeakMap<SlotSource['vm'], Stage2 | 'none'>();

/** The CPU's leaves of a guest, counted once; nothing where KVM doesn't run it, or its architecture isn't modelled. */
export function stage2Of(source: SlotSource): Stage2 | undefined {
  const earlier = known.get(source.vm) ?? newStage2(source) ?? 'none';
  known.set(source.vm, earlier);
  return earlier === 'none' ? undefined : earlier;
}

/** Why there is nothing to count, in words; nothing where there is. */
export function whyNoStage2(source: SlotSource): string | undefined {
  if (!runsOnKvm(source)) return 'KVM doesn’t run this guest: stage-2 leaves are not counted';
  return isModelled(source.host, source.page) ? undefined : `stage-2 leaves of ${source.host.arch ?? 'this host'} with pages of ${formatSize(source.page)} are not modelled`;
}

function newStage2(source: SlotSource): Stage2 | undefined {
  if (whyNoStage2(source) !== undefined) return undefined;
  const leafSizes = cpuLeafSizes(source.page);
  const slots = memorySlots(source).filter(({ later }) => !later).map((slot) => filled(slot, leafSizes, source));
  const leaves = slots.reduce<Leaves>((sum, slot) => addLeaves(sum, slot.leaves), withAll(new Map(), leafSizes));
  return { leafSizes, slots, leaves, entries: totalLeaves(leaves), assumed: assumptions(slots, source) };
}

const MODELLED: ReadonlySet<string | undefined> = new Set(['arm64', 'x86_64', 'riscv64', undefined]);

/** x86 and RISC-V have pages of 4 KiB alone; without an architecture the page decides. */
const isModelled = ({ arch }: Host, page: bigint): boolean =>
  MODELLED.has(arch) && (page === 4n * KIB || ((arch === 'arm64' || arch === undefined) && (page === 16n * KIB || page === 64n * KIB)));

/**
 * Page, PMD and, with pages of 4 KiB, PUD: arch/arm64/include/asm/kvm_pgtable.h `kvm_is_block_size_supported`,
 * arch/x86/include/asm/kvm_host.h `KVM_NR_PAGE_SIZES`, arch/riscv/kvm/mmu.c. Sizes of the contiguous bit are demoted to
 * the next below.
 */
export function cpuLeafSizes(page: bigint): bigint[] {
  const block = pmdSize(page);
  return page === 4n * KIB ? [GIB, block, page] : [block, page];
}

/** What one entry of the second-last level maps, the block of transparent huge pages: 2 MiB, 32 MiB or 512 MiB. */
export const pmdSize = (page: bigint): bigint => page << BigInt(log2(page) - 3);

const withAll = (leaves: Leaves, sizes: readonly bigint[]): Leaves => new Map(sizes.map((size) => [size, leaves.get(size) ?? 0n]));

function filled(slot: MemorySlot, leafSizes: readonly bigint[], source: SlotSource): SlotLeaves {
  const segments = segmentsWithin(slot, promisedPage(slot, source), leafSizes);
  const hoped = slot.backing?.kind === 'thp' ? segmentsWithin(slot, blockOfUserMemory(source), leafSizes) : undefined;
  return { ...slot, segments, leaves: withAll(leavesOf(segments), leafSizes), hoped: hoped && withAll(leavesOf(hoped), leafSizes) };
}

/**
 * A block is used where it lies whole in the slot and begins as far from a multiple of its size in the guest as in the VMM:
 * arch/arm64/kvm/mmu.c `fault_supports_stage2_huge_mapping`, arch/x86/kvm/x86.c `kvm_alloc_memslot_metadata` (which bars
 * the first and the last block of a slot that has only parts of them), arch/riscv/kvm/mmu.c
 * `fault_supports_gstage_huge_mapping`. And it is no larger than what the host maps it with.
 */
function segmentsWithin({ range, offset }: MemorySlot, page: bigint, leafSizes: readonly bigint[]): LeafSegments {
  const least = leafSizes.at(-1) ?? page;
  const sizes = leafSizes.filter((size) => size === least || (size <= page && offset !== undefined && isAligned(range.base - offset, size)));
  return leafSegments({ iova: range.base, size: sizeOf(range), physical: offset ?? 0n }, sizes);
}

/**
 * The largest page with which the host is sure to map a slot's memory, at an address of the VMM that is in phase with the
 * offset. hugetlbfs and device DAX place mappings at multiples of their page (fs/hugetlbfs/inode.c
 * `hugetlbfs_file_mmap`, drivers/dax/device.c `dax_get_unmapped_area`). KVM takes more than a PMD from hugetlbfs alone on
 * Arm and RISC-V (`transparent_hugepage_adjust`), and from what the page tables say on x86 (`host_pfn_mapping_level`).
 */
function promisedPage({ backing }: MemorySlot, source: SlotSource): bigint {
  if (backing?.page === undefined) return source.page;
  return backing.kind === 'dax' && source.host.arch !== 'x86_64' ? smallest(backing.page, blockOfUserMemory(source)) : backing.page;
}

/**
 * The largest block that KVM takes from page tables that aren't hugetlbfs's: a PMD. RISC-V looks for it since 7.0
 * (arch/riscv/kvm/mmu.c `transparent_hugepage_adjust`); before, it knew huge pages of hugetlbfs alone.
 */
const blockOfUserMemory = ({ host, kernel, page }: SlotSource): bigint =>
  host.arch === 'riscv64' && !atLeast(kernel, 7, 0) ? page : pmdSize(page);

function assumptions(slots: readonly SlotLeaves[], { vm, host, page }: SlotSource): string[] {
  const block = pmdSize(page);
  const lies = (wanted: (slot: SlotLeaves) => boolean): boolean => slots.some((slot) => sizeOf(slot.range) >= block && wanted(slot));
  const notes: string[] = [];
  if (host.arch === undefined && slots.length > 0) notes.push(`the CPU’s tables have leaves of ${cpuLeafSizes(page).map(formatSize).join(', ')}`);
  if (lies(({ backing }) => backing?.kind === 'thp') && (vm.vmm !== 'qemu' || block > QEMU_ALIGNMENT)) {
    notes.push(`for the leaves that THP may give, the VMM maps its memory at multiples of ${formatSize(block)}`);
  }
  if (lies(({ backing }) => backing === undefined || backing.kind === 'physical')) {
    notes.push(`device memory and memory at a physical address is counted in pages in stage 2: in the VMM it is promised no more than their alignment`);
  }
  return notes;
}

/** QEMU aligns anonymous RAM to this (include/qemu/osdep.h `QEMU_VMALLOC_ALIGN`). */
const QEMU_ALIGNMENT = 2n * MIB;

/** The CPU's leaves that show any byte of a DMA mapping; nothing where they aren't counted. */
export function stage2OfMap(map: PlannedMap, plan: Plan): Leaves | undefined {
  const stage2 = stage2Of(plan);
  const part = guestRange(map);
  if (!stage2 || !part) return undefined;
  const sum = new Map(stage2.leafSizes.map((size) => [size, 0n]));
  for (const [size, range] of segmentsShowing(map, part, stage2)) {
    sum.set(size, (sum.get(size) ?? 0n) + (alignUp(range.end, size) - alignDown(range.base, size)) / size);
  }
  return sum;
}

/** Bytes of a DMA mapping that the CPU holds in leaves of `size` or larger. */
export function bytesInStage2Of(map: PlannedMap, plan: Plan, size: bigint): bigint | undefined {
  const stage2 = stage2Of(plan);
  const part = guestRange(map);
  if (!stage2 || !part) return undefined;
  return segmentsShowing(map, part, stage2).reduce((bytes, [leaf, range]) => (leaf >= size ? bytes + sizeOf(range) : bytes), 0n);
}

/** Where the guest has the bytes of a mapping. */
function guestRange({ region, written, range }: PlannedMap): Range | undefined {
  if (!written) return range;
  if (!region?.range || written.offset === undefined) return undefined;
  const base = region.range.base + written.offset;
  return { base, end: base + sizeOf(range) };
}

function segmentsShowing({ region }: PlannedMap, part: Range, { slots }: Stage2): [size: bigint, range: Range][] {
  const own = slots.filter(({ regions }) => region && regions.includes(region));
  return own.flatMap(({ segments }) => [...segments].flatMap(([size, ranges]) => ranges.flatMap((range): [bigint, Range][] => {
    const shared = intersect(range, part);
    return shared ? [[size, shared]] : [];
  })));
}
