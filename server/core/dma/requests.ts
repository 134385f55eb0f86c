import { alignDown, alignUp, isAligned, largest, smallest } from '../layout/address.js';
import { hiddenParts } from '../layout/hidden-parts.js';
import { isEmpty, overlaps, subtract, type Range } from '../layout/intervals.js';
import type { Backing, ContractName, Region, Reserved, Vm, WrittenMap } from '../layout/model.js';
import { mapAccess } from '../layout/vm.js';
import { usableLeafSizes } from './leaves.js';
import { mapsByItself, type VmmHabits } from './vmm-habits.js';

/** One DMA mapping request before anybody is asked. Bytes; `offset` counts in the backing. */
export interface DmaRequest {
  readonly name: string;
  readonly region: Region | undefined;
  /** The declaration it comes from, where it is written as `map`. */
  readonly written: WrittenMap | undefined;
  readonly range: Range;
  readonly backing: Backing | undefined;
  /** First byte in the backing; nothing where it can't be known. */
  readonly offset: bigint | undefined;
  readonly access: string;
  /** `bar` is the memory of a device: nothing to pin, contiguous as a whole. */
  readonly kind: 'memory' | 'bar';
  /** What the VMM asks for at once, in bytes, where it doesn't ask for the whole: no leaf is larger. */
  readonly piece: bigint | undefined;
}

/** What a VMM leaves out of a region, and why. */
export interface LeftOut {
  readonly region: Region;
  readonly range: Range;
  /** The kept ranges it was carved around for; none where the VMM skips it by itself. */
  readonly kept: readonly Reserved[];
  /** Why QEMU skips it: no whole page of the host, address and offset differ within a page, or bit 63 of the address. */
  readonly because?: 'part-of-page' | 'unaligned' | 'bit-63';
}

export interface Requests {
  readonly requests: readonly DmaRequest[];
  readonly leftOut: readonly LeftOut[];
}

/** How a VMM maps by itself. */
export interface MappingHabits {
  readonly vmm: VmmHabits;
  readonly contract: ContractName;
  /** Base page of the host, in bytes. */
  readonly page: bigint;
  /** What IOVA and size must be multiples of. */
  readonly alignment: bigint;
  /** What it carves around; empty unless it carves. */
  readonly carve: readonly Reserved[];
  /** Which leaves holes are widened to; to the alignment, if left out. */
  readonly widening?: Widening | undefined;
}

/** Holes are widened to the largest leaf, of at most `most` bytes, that what they are cut from can be held in. */
export interface Widening {
  readonly most: bigint;
  /** Leaf sizes of the tables, in bytes. */
  readonly leafSizes: readonly bigint[];
}

/** The requests that a VMM makes at start-up: as written, if there is a `map`, else one for each region it maps. */
export function requestsOf(vm: Vm, habits: MappingHabits): Requests {
  if (vm.maps.length > 0) return { requests: vm.maps.flatMap((map) => (map.region?.hotplug ? [] : writtenRequest(map, habits))), leftOut: [] };
  const hidden = hiddenParts(vm.regions);
  const each = vm.regions.flatMap((region) => (region.range && !region.hotplug ? [requestsFor(region, region.range, hidden.get(region) ?? [], habits)] : []));
  return { requests: each.flatMap(({ requests }) => requests), leftOut: each.flatMap(({ leftOut }) => leftOut) };
}

/** The requests for a part of a region, around what hides it and around what is kept. */
function requestsFor(region: Region, part: Range, hidden: readonly Range[], habits: MappingHabits): Requests {
  if (!mapsByItself(region, habits.vmm, habits.contract)) return { requests: [], leftOut: [] };
  const leftOut: LeftOut[] = [];
  const pieces = subtract(part, hidden).flatMap((piece) => rounded(piece, region, habits, leftOut)).flatMap((piece) => carve(piece, region, habits, leftOut));
  return { requests: pieces.map((piece, index) => derivedRequest(region, piece, pieces.length > 1 ? index : undefined, habits)), leftOut };
}

/**
 * The requests that a VMM makes when RAM comes while the guest runs, before it carves: what is written for that RAM, else one
 * for each piece of it; with a `block` of bytes, those of the first block alone.
 */
export function arrivalRequests(region: Region, vm: Vm, habits: MappingHabits, block: bigint | undefined): DmaRequest[] {
  const { range } = region;
  const first = range && block !== undefined && range.base + block < range.end ? { base: range.base, end: range.base + block } : range;
  return [...pluggedRequests(region, vm, { ...habits, carve: [] }, first).requests];
}

/** The requests for RAM once all of it has come, or for a part of it, and what is left out; blocks that follow one another as one. */
export function pluggedRequests(region: Region, vm: Vm, habits: MappingHabits, part: Range | undefined = region.range): Requests {
  if (vm.maps.length > 0) return { requests: vm.maps.flatMap((map) => (map.region === region ? writtenRequest(map, habits) : [])), leftOut: [] };
  return part ? requestsFor(region, part, hiddenParts(vm.regions).get(region) ?? [], habits) : { requests: [], leftOut: [] };
}

/** None where what is to be mapped isn't known: there are no bytes to ask for. */
function writtenRequest(map: WrittenMap, habits: MappingHabits): DmaRequest[] {
  const { iova, size, region } = map;
  if (iova === undefined || size === undefined || !region) return [];
  const range = { base: iova, end: iova + size };
  const kind = !region.backing && (region.kind === 'mmio' || region.kind === 'bar') ? 'bar' : 'memory';
  // A BAR begins with itself, wherever that is: it is aligned to its size.
  const start = kind === 'bar' ? 0n : region.offset;
  const offset = start === undefined || map.offset === undefined ? undefined : start + map.offset;
  return [{ name: map.name, region, written: map, range, backing: region.backing, offset, access: map.access, kind, piece: pieceOf(habits) }];
}

const pieceOf = ({ vmm, page }: MappingHabits): bigint | undefined => (vmm.byPage ? page : undefined);

/**
 * QEMU rounds each section inwards to host pages and skips what is left empty; it skips a section whole whose address and
 * offset differ within a page, or whose address has bit 63 (`vfio_listener_region_add`, `vfio_listener_skipped_section`). A
 * BAR it maps only in multiples of the IOMMU's smallest page.
 */
function rounded(piece: Range, region: Region, habits: MappingHabits, leftOut: LeftOut[]): Range[] {
  const { vmm, page, alignment } = habits;
  if (!vmm.roundsInwards) return [piece];
  const skip = (range: Range, because: NonNullable<LeftOut['because']>): void => void leftOut.push({ region, range, kept: [], because });
  const whole = piece.base >= BIT_63 ? 'bit-63' : isOutOfStep(region, page) ? 'unaligned' : undefined;
  if (whole) skip(piece, whole);
  if (whole) return [];
  const inner = { base: alignUp(piece.base, page), end: alignDown(piece.end, page) };
  const isOdd = region.kind === 'bar' && !(isAligned(inner.base, alignment) && isAligned(inner.end, alignment));
  const kept = isEmpty(inner) || isOdd ? [] : [inner];
  for (const range of subtract(piece, kept)) skip(range, 'part-of-page');
  return kept;
}

const BIT_63 = 1n << 63n;

/** The offset is that in QEMU's memory region, which stands for the backing; memory of a region's own begins with it. */
const isOutOfStep = ({ range, backing, offset }: Region, page: bigint): boolean =>
  range !== undefined && backing !== undefined && offset !== undefined && !isAligned(range.base - offset, page);

/** Cuts the kept ranges out, widened to what a request must be aligned to, or to a leaf. */
function carve(piece: Range, region: Region, habits: MappingHabits, leftOut: LeftOut[]): Range[] {
  const { carve: kept } = habits;
  const met = kept.filter(({ range }) => overlaps(range, piece));
  if (met.length === 0) return [piece];
  const block = carvedBlock(piece, region, habits);
  const holes = met.map(({ range }) => ({ base: alignDown(range.base, block), end: alignUp(range.end, block) }));
  const rest = subtract(piece, holes);
  for (const range of subtract(piece, rest)) leftOut.push({ region, range, kept: met.filter((one) => overlaps(one.range, range)) });
  return rest;
}

/** What holes in a piece are widened to: the largest leaf that it can be held in, as far as the VMM goes. */
function carvedBlock(piece: Range, region: Region, habits: MappingHabits): bigint {
  const { alignment, widening, page } = habits;
  if (!widening) return alignment;
  const request = derivedRequest(region, piece, undefined, habits);
  const sizes = usableLeafSizes({ iova: piece.base, physical: physicalOf(request), contiguous: contiguousPage(request, page) }, widening.leafSizes);
  return largest(alignment, ...sizes.filter((size) => size <= widening.most));
}

function derivedRequest(region: Region, range: Range, index: number | undefined, habits: MappingHabits): DmaRequest {
  const skipped = region.range ? range.base - region.range.base : 0n;
  const kind = region.backing ? 'memory' : 'bar';
  const offset = region.backing ? (region.offset === undefined ? undefined : region.offset + skipped) : skipped;
  return {
    name: index === undefined ? region.name : `${region.name}-${String.fromCharCode(97 + (index % 26))}${index < 26 ? '' : Math.floor(index / 26)}`,
    region,
    written: undefined,
    range,
    backing: region.backing,
    offset: (region.kind === 'ram' || region.kind === 'rom') && !region.backing ? undefined : offset,
    access: mapAccess(region),
    kind,
    piece: pieceOf(habits),
  };
}

/**
 * Whether its pages count against RLIMIT_MEMLOCK: memory that the kernel hands out does. Host memory that is mapped by its
 * physical address has no pages of its own to pin (drivers/vfio/vfio_iommu_type1.c `is_invalid_reserved_pfn`), and a BAR is none.
 */
export const isPinned = ({ backing, kind }: Pick<DmaRequest, 'backing' | 'kind'>): boolean => kind === 'memory' && backing?.kind !== 'physical';

/** What the phase of leaves counts from: the physical address, or the offset in pages that are aligned to their size. */
export const physicalOf = ({ backing, offset }: Pick<DmaRequest, 'backing' | 'offset'>): bigint =>
  (backing?.kind === 'physical' ? backing.physical ?? 0n : 0n) + (offset ?? 0n);

/** The page within which the host promises physical contiguity, or the VMM asks at once; nothing where the whole is one run. */
export function contiguousPage({ backing, kind, piece }: Pick<DmaRequest, 'backing' | 'kind' | 'piece'>, page: bigint): bigint | undefined {
  if (kind === 'bar' || backing?.kind === 'physical') return piece;
  return smallest(backing?.page ?? page, piece ?? backing?.page ?? page);
}
