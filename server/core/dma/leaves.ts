import { alignDown, alignUp, formatCount, formatSize, isAligned } from '../layout/address.js';
import { isEmpty, type Range, sizeOf } from '../layout/intervals.js';

/** One mapping request, as far as the choice of leaves depends on it. All in bytes. */
export interface LeafRequest {
  /** First I/O virtual address, inclusive. */
  readonly iova: bigint;
  readonly size: bigint;
  /**
   * Where the request begins physically, or anything congruent to that modulo the leaf sizes in use. For
   * hugetlb and dax it is the offset in the backing, because their pages are aligned to their own size.
   */
  readonly physical: bigint;
}

/** What decides which leaf sizes a request can use at all. */
export interface LeafPhase {
  readonly iova: bigint;
  readonly physical: bigint;
  /**
   * The page of the backing, in bytes: contiguous and aligned to its own size, with no promise about its
   * neighbours. The host's base page for anonymous memory and THP, 2 MiB or 1 GiB for hugetlb and dax;
   * undefined where the whole request is one physical run (a `physical` backing, a BAR).
   */
  readonly contiguous: bigint | undefined;
}

/**
 * Leaf size in bytes -> number of leaves, largest size first; a size that could have been used but wasn't has
 * 0.
 */
export type Leaves = ReadonlyMap<bigint, bigint>;

/** Leaf size in bytes -> the IOVA ranges held in leaves of that size (at most two), largest size first. */
export type LeafSegments = ReadonlyMap<bigint, readonly Range[]>;

/**
 * The leaf sizes that a request can use, largest first: those at which IOVA and physical address are in phase
 * and which fit into a page of the backing. None if not even the smallest leaf is in phase, or if it is
 * larger than that page.
 *
 * The rule of drivers/iommu/iommu.c `iommu_pgsize` and drivers/iommu/generic_pt/pt_iter.h
 * `pt_compute_best_pgsize`: a leaf must divide both addresses. Pages of the CPU play no part, only the
 * physical run does.
 */
export function usableLeafSizes(phase: LeafPhase, leafSizes: readonly bigint[]): bigint[] {
  const { iova, physical, contiguous } = phase;
  return largestFirst(leafSizes.filter((size) => (contiguous === undefined || size <= contiguous) && isAligned(iova - physical, size)));
}

/**
 * Number of leaves of every given size that one request becomes. `usableSizes` must come from
 * `usableLeafSizes`. A closed form, O(sizes): never a loop over pages.
 */
export function countLeaves(request: LeafRequest, usableSizes: readonly bigint[]): Leaves {
  return leavesOf(leafSegments(request, usableSizes));
}

/** The leaves that segments stand for. */
export function leavesOf(segments: LeafSegments): Leaves {
  const leaves = new Map<bigint, bigint>();
  for (const [size, ranges] of segments) {
    leaves.set(size, ranges.reduce((count, range) => count + sizeOf(range) / size, 0n));
  }
  return leaves;
}

/**
 * Which part of a request is held in leaves of which size. The kernel takes the largest leaf that divides
 * both addresses and fits into what is left, so the blocks of a size that lie wholly inside the request and
 * in no larger leaf are its leaves: one range before the larger leaves and one after them. Bytes at the ends
 * that fill no smallest leaf are in no segment; a kernel refuses such a request.
 */
export function leafSegments(request: LeafRequest, usableSizes: readonly bigint[]): LeafSegments {
  const segments = new Map<bigint, readonly Range[]>();
  let larger: Range | undefined;
  for (const size of largestFirst(usableSizes)) {
    const whole = wholeBlocks(request, size);
    segments.set(size, around(whole, larger));
    if (!isEmpty(whole)) larger = whole;
  }
  return segments;
}

/** The leaves of two requests together. */
export function addLeaves(left: Leaves, right: Leaves): Leaves {
  const sum = new Map<bigint, bigint>();
  for (const size of largestFirst(new Set([...left.keys(), ...right.keys()]))) {
    sum.set(size, (left.get(size) ?? 0n) + (right.get(size) ?? 0n));
  }
  return sum;
}

/** The leaves of all these together. */
export const sumOfLeaves = (all: readonly Leaves[]): Leaves => all.reduce<Leaves>(addLeaves, new Map());

/** Number of leaves of all sizes: what the IOTLB would need to hold everything. */
export function totalLeaves(leaves: Leaves): bigint {
  let total = 0n;
  for (const count of leaves.values()) total += count;
  return total;
}

/** Bytes held in leaves of `size` bytes or larger: the share of these in all bytes is `coverage(size)`. */
export function bytesInLeavesOf(leaves: Leaves, size: bigint): bigint {
  let bytes = 0n;
  for (const [leaf, count] of leaves) if (leaf >= size) bytes += leaf * count;
  return bytes;
}

/** Sizes of leaves that are still read one by one. */
const MOST_TERMS = 6;

/**
 * `2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB`: largest first, sizes without a leaf left out. Tables with a leaf of every power
 * of two cut a hole into many sizes; then the total and the range of sizes are told: `18 leaves of 512 MiB to 4 KiB`.
 */
export function formatLeaves(leaves: Leaves): string {
  const told = largestFirst(leaves.keys()).filter((size) => leaves.get(size) !== 0n);
  const [most, least] = [told[0], told.at(-1)];
  if (told.length > MOST_TERMS && most !== undefined && least !== undefined) {
    return `${formatCount(totalLeaves(leaves))} leaves of ${formatSize(most)} to ${formatSize(least)}`;
  }
  return told.map((size) => `${formatCount(leaves.get(size) ?? 0n)} × ${formatSize(size)}`).join(' + ') || 'nothing';
}

/** Leaf sizes in the order in which everything here lists them. */
export function largestFirst(sizes: Iterable<bigint>): bigint[] {
  const list = [...sizes];
  // Mostly they are in order, and sorting asks much more.
  const isInOrder = list.every((size, index) => size <= (list[index - 1] ?? size));
  return isInOrder ? list : list.sort((left, right) => (left < right ? 1 : left > right ? -1 : 0));
}

/** The blocks of `size` that lie wholly inside the request; possibly empty. */
const wholeBlocks = ({ iova, size: bytes }: LeafRequest, size: bigint): Range => ({
  base: alignUp(iova, size),
  end: alignDown(iova + bytes, size),
});

/** What of `whole` lies before and after the larger leaves inside it. */
function around(whole: Range, larger: Range | undefined): Range[] {
  const parts = larger
    ? [{ base: whole.base, end: larger.base }, { base: larger.end, end: whole.end }]
    : [whole];
  return parts.filter((part) => !isEmpty(part));
}

