import { largest, smallest } from '../layout/address.js';
import { overlaps, type Range } from '../layout/intervals.js';
import { DEFAULT_DMA_MAPS } from './type1.js';
import { type Family, hullOf } from './hotplug-blocks.js';
import type { Conditions, Memory } from './hotplug-conditions.js';
import { arrive, type ArrivalStep, blockAt, type BlockRun, carved, type HotplugSystem, type Running } from './hotplug-replay.js';
import type { HotplugFailure } from './hotplug-verify.js';
import { atLeast } from './kernel-version.js';
import { type AttachRequest, lockedBytes, type MapRequest, refuse, type Verdict } from './verdict.js';

/**
 * Which memory, or which first group, finds a container full: as many mappings as it holds, or as many bytes as may be
 * pinned. What is largest comes first, so that few arrivals fill it. Where bytes are counted and sizes differ, that
 * they add up to just below a limit is no question that is answered for every last one (it is the subset sum): one
 * of those that don't fit is told.
 */
export function sumFailures(system: HotplugSystem, running: Running, conditions: Conditions): ReadonlyMap<number, readonly HotplugFailure[]> {
  const failures = new Map<number, HotplugFailure[]>();
  const tell = (index: number, failure: HotplugFailure | undefined): void => {
    if (failure) failures.set(index, [...(failures.get(index) ?? []), failure]);
  };
  const budgets = budgetsOf(system).filter((budget) => mayOverflow(budget, running, system, conditions));
  const openings = conditions.isUnattached ? conditions.groups : [undefined];
  for (const opener of budgets.length > 0 ? openings : []) {
    const full = opener ? arrive(system, running, { arrival: opener.index }).running : running;
    const stocks = conditions.memories.flatMap((memory) => stockOf(memory, system, full.attached, conditions.refused(memory, opener)));
    for (const budget of budgets) {
      const used = sumOf(full.container.maps(), budget);
      const weighed = heaviestFirst(stocks, budget);
      if (opener) tell(opener.index, firstRefused(budget, used, weighed, opener.index));
      const untold = weighed.filter(({ memory }) => !failures.get(memory.index)?.some(({ verdict }) => verdict === budget.verdict));
      for (const stock of untold) tell(stock.memory.index, overfilled(budget, used, stock, weighed, opener ? [{ arrival: opener.index }] : []));
    }
  }
  return failures;
}

/** Whether everything together is too much: mostly it isn't, and nothing else has to be asked. */
function mayOverflow(budget: Budget, running: Running, system: HotplugSystem, { memories, groups, isUnattached }: Conditions): boolean {
  const families = memories.flatMap((memory) => memory.families);
  const later = families.reduce((sum, { first, count }) => sum + count * budget.weigh(first), 0n);
  const holes = system.carve === undefined ? 0 : [...groups, ...running.attached.map((group) => ({ group }))].reduce((sum, { group }) => sum + group.kept.length, 0);
  return sumOf(isUnattached ? system.ram : running.container.maps(), budget) + later + BigInt(holes) * budget.cut > budget.capacity;
}

/** The first group, which finds more memory there than it can have mapped. */
function firstRefused(budget: Budget, used: bigint, stocks: readonly Weighed[], group: number): HotplugFailure | undefined {
  const fill = fillUp(budget.capacity - used + 1n, undefined, undefined, stocks);
  return fill && fill.length > 0 ? failureOf(budget.verdict, [...fill, { arrival: group }], undefined) : undefined;
}

const sumOf = (requests: Iterable<MapRequest>, budget: Budget): bigint => {
  let sum = 0n;
  for (const request of requests) sum += budget.weigh(request);
  return sum;
};

/** What a container has only so much of. */
interface Budget {
  readonly capacity: bigint;
  readonly verdict: Verdict;
  /** What a hole in a request costs. */
  readonly cut: bigint;
  weigh(request: MapRequest): bigint;
}

function budgetsOf({ options }: HotplugSystem): Budget[] {
  const { contract, kernel, dmaMaps, memlock, hostPage } = options;
  const isLimited = contract === 'type1' && atLeast(kernel, 5, 1);
  return [
    ...(isLimited ? [{ capacity: BigInt(dmaMaps ?? DEFAULT_DMA_MAPS), verdict: refuse('ENOSPC', 'limit'), cut: 1n, weigh: () => 1n }] : []),
    ...(memlock === undefined ? [] : [{ capacity: memlock, verdict: refuse('ENOMEM', 'memlock'), cut: 0n, weigh: (request: MapRequest) => lockedBytes(request, hostPage) }]),
  ];
}

/** Memory that can come: one piece of it with its requests, and how many there are. */
interface Stock {
  readonly memory: Memory;
  readonly piece: readonly MapRequest[];
  /** Blocks that aren't refused for another reason, in order; one run of one for a DIMM. */
  readonly runs: readonly BlockRun[];
  readonly count: bigint;
  readonly hulls: readonly Range[];
}

function stockOf(memory: Memory, system: HotplugSystem, groups: readonly AttachRequest[], refused: readonly BlockRun[]): Stock[] {
  const hulls = memory.families.map(hullOf);
  const [family] = memory.families;
  if (!family || (!memory.inBlocks && refused.length > 0)) return [];
  if (!memory.inBlocks) {
    const piece = memory.families.flatMap(({ first }) => carved(system, first, groups));
    return [{ memory, piece, runs: [{ first: 0n, count: 1n }], count: 1n, hulls }];
  }
  const runs = runsWithout(family, refused);
  const [first] = runs;
  const count = runs.reduce((sum, run) => sum + run.count, 0n);
  return first ? [{ memory, piece: carved(system, blockAt(family.first, family.stride, first.first), groups), runs, count, hulls }] : [];
}

/** The blocks of a family that are in none of these runs. */
function runsWithout({ count }: Family, taken: readonly BlockRun[]): BlockRun[] {
  const sorted = [...taken].sort((left, right) => (left.first < right.first ? -1 : 1));
  const runs: BlockRun[] = [];
  let next = 0n;
  for (const { first, count: length } of sorted) {
    if (first > next) runs.push({ first: next, count: first - next });
    next = largest(next, first + length);
  }
  if (next < count) runs.push({ first: next, count: count - next });
  return runs;
}

/** Memory and what one piece of it weighs. */
interface Weighed extends Stock {
  readonly each: bigint;
}

/** Heavy pieces before light ones, and of equals those of which there are more. */
const heaviestFirst = (stocks: readonly Stock[], budget: Budget): Weighed[] =>
  stocks
    .map((stock) => ({ ...stock, each: sumOf(stock.piece, budget) }))
    .sort((left, right) => compare(right.each, left.each) || compare(right.count, left.count));

const compare = (left: bigint, right: bigint): number => (left < right ? -1 : left > right ? 1 : 0);

/** The sequence after which one more piece of `stock` is too much. */
function overfilled(budget: Budget, used: bigint, stock: Weighed, stocks: readonly Weighed[], opening: readonly ArrivalStep[]): HotplugFailure | undefined {
  const room = budget.capacity - used;
  const fill = fillUp(room - stock.each + 1n, room, stock, stocks);
  if (!fill || opening.length + fill.length === 0) return undefined;
  const last = stock.runs.at(-1);
  const block = stock.memory.inBlocks && last ? { blocks: { first: last.first + last.count - 1n, count: 1n } } : {};
  return failureOf(budget.verdict, [...opening, ...fill, { arrival: stock.memory.index, ...block }], stock.piece[0]);
}

/**
 * As few arrivals as weigh `wanted` together and at most `room`, where there is one; nothing if they can't. Of `last` one
 * piece is kept back, to come last.
 */
function fillUp(wanted: bigint, room: bigint | undefined, last: Weighed | undefined, stocks: readonly Weighed[]): ArrivalStep[] | undefined {
  const steps: ArrivalStep[] = [];
  const chosen: Weighed[] = last ? [last] : [];
  let weight = 0n;
  for (const stock of stocks) {
    const { each } = stock;
    const left = stock === last ? stock.count - 1n : stock.count;
    if (weight >= wanted) break;
    if (each === 0n || left === 0n || chosen.some((other) => other !== stock && meet(other, stock))) continue;
    const most = room === undefined ? left : smallest(left, (room - weight) / each);
    const taken = smallest((wanted - weight + each - 1n) / each, most);
    if (taken <= 0n) continue;
    steps.push(...take(stock, taken));
    chosen.push(stock);
    weight += taken * each;
  }
  return weight >= wanted ? steps : undefined;
}

const meet = (left: Stock, right: Stock): boolean => left.hulls.some((one) => right.hulls.some((other) => overlaps(one, other)));

/** The first blocks of a stock, in runs. */
function take({ memory: { index, inBlocks }, runs }: Stock, count: bigint): ArrivalStep[] {
  if (!inBlocks) return [{ arrival: index }];
  const steps: ArrivalStep[] = [];
  let left = count;
  for (const run of runs) {
    if (left === 0n) break;
    const taken = smallest(left, run.count);
    steps.push({ arrival: index, blocks: { first: run.first, count: taken } });
    left -= taken;
  }
  return steps;
}

const failureOf = (verdict: Verdict, steps: readonly ArrivalStep[], request: MapRequest | undefined): HotplugFailure =>
  ({ steps, verdict, request, affected: undefined });
