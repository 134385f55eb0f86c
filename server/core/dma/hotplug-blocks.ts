import { ADDRESS_SPACE, largest, lowestBit, smallest } from '../layout/address.js';
import { type Range, subtract } from '../layout/intervals.js';
import { blockAt, type BlockRun, carved, holesOf, type HotplugSystem, type MemoryArrival } from './hotplug-replay.js';
import { ALL_ADDRESSES } from './usable-ranges.js';
import { atLeast } from './kernel-version.js';
import { type AttachRequest, type ContainerOptions, isExcluded, mappedRange, type MapRequest } from './verdict.js';

/** Interval questions about memory that arrives: closed forms over its blocks, never a loop over them. */

/** Requests of one shape: `count` of them, each `stride` bytes after the one before. */
export interface Family {
  readonly first: MapRequest;
  readonly stride: bigint;
  readonly count: bigint;
}

/** The requests of an arrival: one family for blocks, a family of one for each request of a DIMM. */
export function familiesOf({ requests, blocks }: MemoryArrival): Family[] {
  if (blocks && requests[0]) return [{ first: requests[0], ...blocks }];
  return requests.map((first) => ({ first, stride: first.size, count: 1n }));
}

/** All addresses from the first block of a family to its last. */
export const hullOf = ({ first, stride, count }: Family): Range =>
  ({ base: first.iova, end: first.iova + (count - 1n) * stride + first.size });

/** The addresses of one block. */
const rangeOfBlock = ({ first, stride }: Family, number: bigint): Range => mappedRange(blockAt(first, stride, number));

/** The addresses of a run of blocks. */
export const rangeOfRun = (family: Family, { first, count }: BlockRun): Range =>
  ({ base: rangeOfBlock(family, first).base, end: rangeOfBlock(family, first + count - 1n).end });

/** The blocks that share a byte with a range: they follow one another. */
export function blocksMeeting({ first, stride, count }: Family, { base, end }: Range): BlockRun | undefined {
  if (end <= base || first.size === 0n) return undefined;
  const from = largest(0n, floorDivide(base - first.iova - first.size, stride) + 1n);
  const last = smallest(count - 1n, floorDivide(end - 1n - first.iova, stride));
  return from <= last ? { first: from, count: last - from + 1n } : undefined;
}

const floorDivide = (value: bigint, by: bigint): bigint => (value >= 0n ? value / by : -((by - 1n - value) / by));

/** Whether the kernel compares mappings with what groups keep and translate: type1 since 5.4, iommufd always. */
export const checksRanges = ({ contract, kernel }: ContainerOptions): boolean =>
  contract === 'iommufd' || (contract === 'type1' && atLeast(kernel, 5, 4));

/** The IOVAs that a group keeps for itself, as far as the kernel looks. */
export const keptRanges = (group: AttachRequest, options: ContainerOptions): Range[] =>
  checksRanges(options) ? group.kept.filter(isExcluded).map(({ range }) => range) : [];

/** The IOVAs that a group doesn't translate, as far as the kernel looks. */
export const untranslated = ({ aperture }: AttachRequest, options: ContainerOptions): Range[] =>
  checksRanges(options) ? subtract(ALL_ADDRESSES, [aperture]) : [];

/** What is left of some ranges without others. */
export const without = (ranges: readonly Range[], holes: readonly Range[]): Range[] =>
  holes.length === 0 ? [...ranges] : ranges.flatMap((range) => subtract(range, holes));

/** The largest power of two that divides IOVA, size and offset: no coarser page takes the request. */
export const alignmentOf = ({ iova, size, offset }: MapRequest): bigint => lowestBit(iova | size | offset);

/** The block of a family that no page above `alignment` takes, carved around what these groups keep. */
export interface Alignment {
  readonly alignment: bigint;
  readonly block: bigint;
}

/**
 * The least aligned block, of those outside of `dead`; nothing if there is none. Blocks differ by multiples of the stride, so
 * two neighbours stand for all of them, and where the VMM carves, so do those at the ends of its holes.
 */
export function leastAligned(family: Family, system: HotplugSystem, attached: readonly AttachRequest[], dead: readonly Range[] = []): Alignment | undefined {
  const gone = dead.flatMap((range) => blocksMeeting(family, range) ?? []);
  const holes = holesOf(system, attached).flatMap((hole) => blocksMeeting(family, hole) ?? []);
  const edges = [...gone, ...holes].flatMap(({ first, count }) => [first - 2n, first - 1n, first, first + count - 1n, first + count, first + count + 1n]);
  const numbers = [0n, 1n, family.count - 1n, ...edges].filter((block) => block >= 0n && block < family.count && !gone.some(({ first, count }) => first <= block && block < first + count));
  const alignments = numbers.map((block) => ({ block, alignment: smallest(ADDRESS_SPACE, ...carved(system, blockAt(family.first, family.stride, block), attached).map(alignmentOf)) }));
  return alignments.reduce<Alignment | undefined>((least, next) => (!least || next.alignment < least.alignment ? next : least), undefined);
}
