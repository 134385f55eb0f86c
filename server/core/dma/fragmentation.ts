import { alignDown, alignUp, isAligned, modulo } from '../layout/address.js';
import { byBase, isEmpty, overlaps, sizeOf, type Range } from '../layout/intervals.js';
import type { Backing } from '../layout/model.js';
import { leafSegments, leavesOf, sumOfLeaves, totalLeaves, usableLeafSizes, type Leaves, type LeafSegments } from './leaves.js';
import { contiguousPage, physicalOf, type Plan, type PlannedMap } from './plan.js';
import { withAllSizes } from './planned-map.js';
import { mapsInAll } from './plugged-memory.js';
import { pmdSize, whyNoStage2 } from './stage2.js';
import { countTables } from './tables.js';

/**
 * Where mappings of RAM take more leaves than they would have to, each cause once: phase, then the page of the backing,
 * then base and end, then what cuts a block. Bytes and closed forms throughout; nothing loops over pages.
 *
 * Only what a backing promises counts, so anonymous memory and THP lose nothing but by their page. BARs are left to the
 * rules about BARs, and requests that a kernel refuses for their alignment to the rule about that.
 */
export interface Fragmentation {
  readonly phase: readonly PhaseLoss[];
  readonly backing: readonly BackingLoss[];
  readonly base: readonly BorderLoss[];
  readonly size: readonly BorderLoss[];
  readonly splits: readonly SplitLoss[];
}

/** What one cause costs. */
export interface LeafLoss {
  readonly plan: Plan;
  /** The mapping that is blamed. */
  readonly blamed: PlannedMap;
  /** Every mapping that the cause is about. */
  readonly maps: readonly PlannedMap[];
  /** The largest leaf that is lost, in bytes. */
  readonly block: bigint;
  /** The leaves that hold these mappings. */
  readonly now: Leaves;
  /** The leaves that would, without the cause. */
  readonly could: Leaves;
}

/** IOVA and physical address differ by something else than a multiple of a block. */
export interface PhaseLoss extends LeafLoss {
  /** Distance to the nearest place in phase, in bytes. */
  readonly outBy: bigint;
}

/** The page of the backing is smaller than what somebody asks for. */
export interface BackingLoss extends LeafLoss {
  readonly backing: Backing;
  readonly wanted: WantedPage;
}

/** A base or an end that is no multiple of the block. */
export interface BorderLoss extends LeafLoss {
  /** Whether another base is enough; if not, the size has to change, too. */
  readonly byMoving: boolean;
  /** From the first base of the mappings to the last end. */
  readonly hull: Range;
  /** How far into a block the base or the end lies, in bytes. */
  readonly into: bigint;
}

/** Holes and borders between mappings that would be one request otherwise. */
export interface SplitLoss extends LeafLoss {
  readonly hull: Range;
  /** Each from the end of one mapping to the base of the next; empty where they touch. */
  readonly cuts: readonly Range[];
}

/** A page that somebody asks a backing to have. */
export interface WantedPage {
  /** Bytes. */
  readonly page: bigint;
  /** Who asks, in words. */
  readonly asking: string;
}

/** What a border or a hole may cost before it is told, in leaves: a handful, which no IOTLB notices. */
export const HANDFUL = 8n;

/** How many leaves more than necessary there are. */
export const lostLeaves = ({ now, could }: Pick<LeafLoss, 'now' | 'could'>): bigint => totalLeaves(now) - totalLeaves(could);

const known = new WeakMap<Plan, Fragmentation>();

/** What the mappings of a plan lose. `wanted` tells the page that somebody asks of a mapping's backing; it is asked once for a plan. */
export function fragmentationOf(plan: Plan, wanted: (map: PlannedMap) => WantedPage | undefined): Fragmentation {
  const earlier = known.get(plan);
  if (earlier) return earlier;
  const maps = mapsInAll(plan).filter((map) => isCounted(map, plan));
  const phase = inOnePhase(maps).flatMap((group) => phaseLoss(plan, group));
  const inPhase = without(maps, phase);
  const backing = groupBy(inPhase, (map) => map.backing).flatMap((group) => backingLoss(plan, group, wanted));
  const chains = linesOf(without(inPhase, backing), plan).flatMap(chainsOf);
  const borders = chains.map((chain) => borderLosses(plan, chain, phase));
  const fragmentation = {
    phase,
    backing,
    base: borders.flatMap(({ base }) => base),
    size: borders.flatMap(({ size }) => size),
    splits: chains.flatMap((chain) => splitLosses(plan, chain)),
  };
  known.set(plan, fragmentation);
  return fragmentation;
}

/** Table pages that a lost phase costs the domain: requests share tables, so all of them are counted again. */
export function tablesLost(loss: PhaseLoss): bigint {
  const { plan, maps } = loss;
  const lost = new Set(maps);
  const there = mapsBeside(loss);
  const pages = (segments: readonly LeafSegments[]): bigint => countTables(segments, plan.format).reduce((sum, count) => sum + count, 0n);
  return pages(there.map(({ segments }) => segments)) - pages(there.map((map) => (lost.has(map) ? segmentsInPhase(map, plan) : map.segments)));
}

/** Whether the mappings are of RAM that comes later. */
export const isPlugged = ({ plan, blamed }: Pick<LeafLoss, 'plan' | 'blamed'>): boolean => !plan.maps.includes(blamed);

/** What there is from start-up, and with it what the loss is about. */
const mapsBeside = ({ plan, maps }: LeafLoss): PlannedMap[] => [...new Set([...plan.maps, ...maps])];

/** How many leaves there are once that is there which the loss is about. */
export const leavesBeside = (loss: LeafLoss): bigint => totalLeaves(sumOfLeaves(mapsBeside(loss).map(({ leaves }) => leaves)));

/** What IOVA and physical address differ by: two mappings of one backing with the same shift lie on one line. */
export const shiftOf = (map: PlannedMap): bigint => map.range.base - physicalOf(map);

/** Whether the mapping shows its region at the address that the region has in the guest. */
export const isIdentity = ({ range, region, written }: PlannedMap): boolean =>
  !written || (region?.range !== undefined && written.offset !== undefined && region.range.base + written.offset === range.base);

/** Memory whose place in its backing is known, and which no kernel refuses for its alignment. */
function isCounted(map: PlannedMap, { alignment }: Plan): boolean {
  if (map.kind !== 'memory' || !map.backing || !map.region || map.offset === undefined || isEmpty(map.range)) return false;
  return [map.range.base, map.range.end, physicalOf(map)].every((address) => isAligned(address, alignment));
}

/** The mappings of a region at its own address are out of phase for one reason; any other mapping is by itself. */
function inOnePhase(maps: readonly PlannedMap[]): PlannedMap[][] {
  const [identity, elsewhere] = [maps.filter(isIdentity), maps.filter((map) => !isIdentity(map))];
  return [...groupBy(identity, ({ region }) => region), ...elsewhere.map((map) => [map])];
}

function phaseLoss(plan: Plan, maps: readonly PlannedMap[]): PhaseLoss[] {
  if (maps.every((map) => isInPhase(map, plan))) return [];
  const could = sumOfLeaves(maps.map((map) => leavesOf(segmentsInPhase(map, plan))));
  const [first] = maps;
  const block = first && [...could].find(([size, count]) => count > 0n && !first.usableSizes.includes(size))?.[0];
  const blamed = maps.find((map) => block !== undefined && leavesOf(segmentsInPhase(map, plan)).get(block));
  if (block === undefined || !blamed) return [];
  const out = modulo(shiftOf(blamed), block);
  return [{ plan, blamed, maps, block, now: sumOfLeaves(maps.map(({ leaves }) => leaves)), could, outBy: out > block - out ? block - out : out }];
}

/** Whether a mapping can use every leaf that its backing's page allows. */
const isInPhase = (map: PlannedMap, plan: Plan): boolean => promisedSizes(map, plan).every((size) => map.usableSizes.includes(size));

/** The leaves of a mapping whose bytes begin in phase with it. */
const segmentsInPhase = (map: PlannedMap, plan: Plan): LeafSegments => segmentsOf(map.range, promisedSizes(map, plan));

/** Leaf sizes that the tables and the backing's page share, largest first. */
const promisedSizes = (map: PlannedMap, { format, page }: Plan): bigint[] =>
  usableLeafSizes({ iova: 0n, physical: 0n, contiguous: contiguousPage(map, page) }, format.leafSizes);

function backingLoss(plan: Plan, maps: readonly PlannedMap[], wanted: (map: PlannedMap) => WantedPage | undefined): BackingLoss[] {
  const [blamed] = maps;
  const backing = blamed?.backing;
  const asked = largestWanted(maps, wanted);
  if (!blamed || !backing || !asked) return [];
  const could = sumOfLeaves(maps.map((map) => leavesOnPages(map, asked.page, plan)));
  const now = sumOfLeaves(maps.map(({ leaves }) => leaves));
  const block = [...could].find(([, count]) => count > 0n)?.[0] ?? 0n;
  return totalLeaves(could) < totalLeaves(now) ? [{ plan, blamed, maps, block, now, could, backing, wanted: asked }] : [];
}

function largestWanted(maps: readonly PlannedMap[], wanted: (map: PlannedMap) => WantedPage | undefined): WantedPage | undefined {
  return maps.map(wanted).reduce((most, next) => (next && (!most || next.page > most.page) ? next : most), undefined);
}

/** The leaves that would hold a mapping if its backing had pages of this size. */
function leavesOnPages(map: PlannedMap, page: bigint, { format }: Plan): Leaves {
  const phase = { iova: map.range.base, physical: physicalOf(map), contiguous: page };
  return leavesOf(segmentsOf(map.range, usableLeafSizes(phase, format.leafSizes)));
}

/**
 * The leaves of a mapping if every huge page comes that THP hopes for: those who pin find each in one physical run
 * (drivers/vfio/vfio_iommu_type1.c `vfio_pin_pages_remote`, drivers/iommu/iommufd/pages.c `batch_from_pages`). Nothing where
 * that makes none larger, or where the block of the CPU's tables isn't known.
 */
export function hopedLeaves(map: PlannedMap, plan: Plan): Leaves | undefined {
  if (map.backing?.kind !== 'thp' || map.piece !== undefined || whyNoStage2(plan) !== undefined) return undefined;
  const hoped = withAllSizes(leavesOnPages(map, pmdSize(plan.page), plan), plan.format);
  return totalLeaves(hoped) < totalLeaves(map.leaves) ? hoped : undefined;
}

/**
 * Mappings of one backing with one shift, in the order of their IOVA. RAM that comes later is on a line of its own, as nobody
 * would ask for it together with another. A line on which mappings overlap is left out: that is an error of its own, and what
 * it costs can't be told.
 */
function linesOf(maps: readonly PlannedMap[], { memoryHotplug }: Plan): PlannedMap[][] {
  const comesWith = new Map(memoryHotplug.flatMap((memory) => memory.maps.map((map) => [map, memory.region])));
  const paged = maps.filter(({ backing }) => backing?.page !== undefined || backing?.kind === 'physical');
  return groupBy(paged, ({ backing }) => backing)
    .flatMap((group) => groupBy(group, shiftOf))
    .flatMap((group) => groupBy(group, (map) => comesWith.get(map)))
    .map((line) => [...line].sort((left, right) => byBase(left.range, right.range)))
    .filter((line) => line.every((map, index) => index === 0 || !overlaps(map.range, line[index - 1]?.range ?? map.range)));
}

/** Neighbours on a line that are parts of one region, or that have parts of one block. */
function chainsOf(line: readonly PlannedMap[]): PlannedMap[][] {
  if (line.length < 2) return [[...line]];
  const whole = segmentsOnLine(line, hullOf(line));
  const blockOf = (address: bigint): bigint => leafAt(whole, address)?.base ?? address;
  return cutWhere(line, (left, right) => left.region !== right.region && blockOf(right.range.base) >= left.range.end);
}

interface BorderLosses {
  readonly base: readonly BorderLoss[];
  readonly size: readonly BorderLoss[];
}

/**
 * The base and the end of a chain. A base off its block takes the end with it where the size is whole, and where both
 * spoil the same block, it is the base that is told.
 */
function borderLosses(plan: Plan, chain: readonly PlannedMap[], phase: readonly PhaseLoss[]): BorderLosses {
  const hull = hullOf(chain);
  const base = baseLoss(plan, chain, hull, phase);
  const size = sizeLoss(plan, chain, hull, phase);
  const sameCause = base.some(({ block }) => isAligned(sizeOf(hull), block) || alignUp(hull.base, block) > alignDown(hull.end, block));
  return { base, size: sameCause ? [] : size };
}

function baseLoss(plan: Plan, chain: readonly PlannedMap[], hull: Range, phase: readonly PhaseLoss[]): BorderLoss[] {
  const [blamed] = chain;
  const sizes = blamed ? promisedSizes(blamed, plan) : [];
  const block = largestWithin(hull, sizes);
  if (!blamed || block === undefined || isAligned(hull.base, block)) return [];
  const below = alignDown(hull.base, block);
  if (isSpoiledByPhase(blamed, { base: below, end: hull.base }, phase)) return [];
  const now = leavesOf(segmentsOnLine(chain, hull));
  const moved = leavesOf(segmentsOf({ base: below, end: below + sizeOf(hull) }, sizes));
  const grown = leavesOf(segmentsOf({ base: below, end: hull.end }, sizes));
  const byMoving = totalLeaves(moved) < totalLeaves(now);
  return overHandful({ plan, blamed, maps: chain, block, now, could: byMoving ? moved : grown, byMoving, hull, into: hull.base - below });
}

function sizeLoss(plan: Plan, chain: readonly PlannedMap[], hull: Range, phase: readonly PhaseLoss[]): BorderLoss[] {
  const blamed = chain.at(-1);
  const block = blamed && largestWithin(hull, blamed.usableSizes);
  if (!blamed || block === undefined || isAligned(hull.end, block)) return [];
  const above = alignUp(hull.end, block);
  if (isSpoiledByPhase(blamed, { base: hull.end, end: above }, phase)) return [];
  const now = leavesOf(segmentsOnLine(chain, hull));
  const could = leavesOf(segmentsOnLine(chain, { base: hull.base, end: above }));
  return overHandful({ plan, blamed, maps: chain, block, now, could, byMoving: false, hull, into: hull.end - alignDown(hull.end, block) });
}

const overHandful = <Loss extends LeafLoss>(loss: Loss): Loss[] => (lostLeaves(loss) > HANDFUL ? [loss] : []);

/** The largest leaf that is no longer than the range. */
const largestWithin = (range: Range, sizes: readonly bigint[]): bigint | undefined => sizes.find((size) => size <= sizeOf(range));

/** Whether the rest of the backing's block is held by a mapping out of phase: then that one is the cause, and told. */
function isSpoiledByPhase(map: PlannedMap, rest: Range, phase: readonly PhaseLoss[]): boolean {
  const shift = shiftOf(map);
  const bytes = { base: rest.base - shift, end: rest.end - shift };
  return phase.some(({ maps }) =>
    maps.some((other) => {
      const base = physicalOf(other);
      return other.backing === map.backing && overlaps(bytes, { base, end: base + sizeOf(other.range) });
    }),
  );
}

/** What holes and borders inside a chain cost, together for all that are in one place. */
function splitLosses(plan: Plan, chain: readonly PlannedMap[]): SplitLoss[] {
  if (chain.length < 2) return [];
  const whole = segmentsOnLine(chain, hullOf(chain));
  return cutWhere(chain, (left, right) => !cutsLeaf(whole, left.range.end) && !cutsLeaf(whole, right.range.base)).flatMap((group) => splitLoss(plan, group, whole));
}

function splitLoss(plan: Plan, group: readonly PlannedMap[], whole: LeafSegments): SplitLoss[] {
  const blamed = largestOf(group);
  const cuts = group.slice(1).map(({ range }, index) => ({ base: group[index]?.range.end ?? range.base, end: range.base }));
  const spoiled = cuts.flatMap(({ base, end }) => [base, end]).filter((address) => cutsLeaf(whole, address));
  const block = spoiled.map((address) => sizeOf(leafAt(whole, address) ?? { base: 0n, end: 0n })).reduce((most, size) => (size > most ? size : most), 0n);
  const hull = hullOf(group);
  const could = leavesOf(segmentsOnLine(group, hull));
  const loss = { plan, blamed, maps: group, block, now: sumOfLeaves(group.map(({ leaves }) => leaves)), could, hull, cuts };
  return cuts.length > 0 ? overHandful(loss) : [];
}

const largestOf = (group: readonly PlannedMap[]): PlannedMap =>
  group.reduce((most, map) => (sizeOf(map.range) >= sizeOf(most.range) ? map : most));

/** Whether an address lies inside a leaf, and not at its border. */
function cutsLeaf(segments: LeafSegments, address: bigint): boolean {
  const leaf = leafAt(segments, address);
  return leaf !== undefined && leaf.base < address;
}

/** The leaf that holds an address. */
function leafAt(segments: LeafSegments, address: bigint): Range | undefined {
  for (const [size, ranges] of segments) {
    if (!ranges.some(({ base, end }) => base <= address && address < end)) continue;
    const base = alignDown(address, size);
    return { base, end: base + size };
  }
  return undefined;
}

/** The leaves of a range that lies on the line of these mappings, as one request. */
const segmentsOnLine = ([first]: readonly PlannedMap[], range: Range): LeafSegments => segmentsOf(range, first?.usableSizes ?? []);

/** The leaves of a range, as one request that can use these sizes: its phase is in them already. */
const segmentsOf = ({ base, end }: Range, sizes: readonly bigint[]): LeafSegments =>
  leafSegments({ iova: base, size: end - base, physical: base }, sizes);

const hullOf = (maps: readonly PlannedMap[]): Range => ({ base: maps[0]?.range.base ?? 0n, end: maps.at(-1)?.range.end ?? 0n });

/** The mappings that no loss told so far is about. */
function without(maps: readonly PlannedMap[], told: readonly LeafLoss[]): PlannedMap[] {
  const gone = new Set(told.flatMap((loss) => loss.maps));
  return maps.filter((map) => !gone.has(map));
}

/** Items with the same key together, keys in the order of their first item. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

/** A list in pieces, cut between neighbours that don't belong together. */
function cutWhere<T>(items: readonly T[], areApart: (left: T, right: T) => boolean): T[][] {
  const pieces: T[][] = [];
  let previous: T | undefined;
  for (const item of items) {
    if (previous === undefined || areApart(previous, item)) pieces.push([item]);
    else pieces.at(-1)?.push(item);
    previous = item;
  }
  return pieces;
}
