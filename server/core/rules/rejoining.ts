import type { SplitLoss } from '../dma/fragmentation.js';
import type { PlannedMap } from '../dma/plan.js';
import { leftOutInAll, mapsToWrite } from '../dma/plugged-memory.js';
import { alignDown, alignUp, formatSize, isAligned, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { isEmpty, overlaps, sizeOf, subtract, type Range } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { declareHoles } from './carving.js';
import { isWrittenIn, linesInto, replacedBy, without } from './edits.js';
import { mapLine, mapLines, offsetInRegion } from './map-lines.js';
import { moveInPhase, refitEdits } from './realignment.js';
import type { Fix, VmSubject } from './rule.js';

/** The ways to hold a block that is cut in larger leaves again, in the order they are offered. */
export function waysToRejoin(loss: SplitLoss, subject: VmSubject): Fix[] {
  const fixes = [...mergeMaps(loss, subject), ...moveAway(loss, subject), ...widenMaps(loss, subject), ...widenBetweenRegions(loss, subject)];
  return fixes.map((fix) => ({ ...fix, counted: loss.maps }));
}

/** Written maps of one region that touch: each run becomes one request. */
export function mergeMaps({ maps }: Pick<SplitLoss, 'maps'>, { vm }: VmSubject): Fix[] {
  const runs = touchingRuns(maps.filter(({ written }) => written && isWrittenIn(written.element, vm.element)));
  if (runs.length === 0) return [];
  const edits = runs.flatMap((run) => mergeEdits(run));
  return [{ title: `Merge ${listed(runs.flat().map(({ name }) => `\`${name}\``))}`, safe: false, savesLeaves: true, edits }];
}

function touchingRuns(maps: readonly PlannedMap[]): PlannedMap[][] {
  const runs: PlannedMap[][] = [];
  for (const map of maps) {
    const previous = runs.at(-1)?.at(-1);
    const goesOn = previous && previous.range.end === map.range.base && previous.region === map.region && previous.access === map.access;
    if (goesOn) runs.at(-1)?.push(map);
    else runs.push([map]);
  }
  return runs.filter(({ length }) => length > 1);
}

function mergeEdits([first, ...rest]: readonly PlannedMap[]): PlacedEdit[] {
  if (!first?.written) return [];
  const range = { base: first.range.base, end: rest.at(-1)?.range.end ?? first.range.end };
  const line = mapLine(first, range, offsetInRegion(first), first.written.name);
  return [replacedBy(first.written.element, [line]), ...rest.flatMap(({ written }) => (written ? [without(written.element)] : []))];
}

/** `a`, `a and b`, `a, b and c`; of more the first and the last. */
function listed(names: readonly string[]): string {
  const [first, ...rest] = names;
  if (rest.length > 2) return `${names.length}, from ${first} to ${rest.at(-1)},`;
  return rest.length === 0 ? `${first}` : `${names.slice(0, -1).join(', ')} and ${rest.at(-1)}`;
}

/** The region that all mappings belong to. */
function onlyRegion({ maps }: SplitLoss): Region | undefined {
  const [region, ...others] = new Set(maps.map((map) => map.region));
  return others.length === 0 ? region : undefined;
}

/** Away from what the VMM carves out. */
function moveAway(loss: SplitLoss, subject: VmSubject): Fix[] {
  const region = onlyRegion(loss);
  const isCarved = leftOutInAll(loss.plan).some(({ kept, range }) => kept.length > 0 && loss.cuts.some((cut) => overlaps(cut, range)));
  return region && isCarved ? moveInPhase(loss, region, subject) : [];
}

/** Holes widened to whole blocks. */
interface Widening {
  readonly block: bigint;
  readonly holes: readonly Range[];
  /** `hole widened to 2 MiB`. */
  readonly words: string;
}

/** What people give up for a hole: 2 MiB, or where the tables have nothing like it, a block of up to 32 MiB. */
const USUAL_BLOCK = 2n * MIB;
const LARGEST_BLOCK = 32n * MIB;

function wideningOf({ maps, plan, cuts }: SplitLoss): Widening | undefined {
  const sizes = maps[0]?.usableSizes.filter((size) => size > plan.alignment && size <= LARGEST_BLOCK) ?? [];
  const block = sizes.find((size) => size <= USUAL_BLOCK) ?? sizes.at(-1);
  const narrow = cuts.filter((cut) => !isEmpty(cut));
  if (block === undefined || narrow.every(({ base, end }) => isAligned(base, block) && isAligned(end, block))) return undefined;
  const holes = narrow.map(({ base, end }) => ({ base: alignDown(base, block), end: alignUp(end, block) }));
  const [hole, ...others] = holes;
  const words = hole && others.length === 0 ? `hole widened to ${formatSize(sizeOf(hole))}` : `holes widened to blocks of ${formatSize(block)}`;
  return { block, holes, words };
}

/** Holes in one region: its maps are cut back, and written first where the plan is derived. */
function widenMaps(loss: SplitLoss, subject: VmSubject): Fix[] {
  const { plan, maps } = loss;
  const { element: owner } = subject.vm;
  const [region, widening] = [onlyRegion(loss), wideningOf(loss)];
  if (!region || !widening || maps.some(({ range }) => subtract(range, widening.holes).length === 0)) return [];
  if (!maps.every(({ written }) => isWrittenIn(written?.element ?? region.element, owner))) return [];
  const avoid = declareHoles(subject, region, widening.holes, undefined);
  if (maps.every(({ written }) => written)) {
    return [{ title: `Cut the maps back, with the ${widening.words}`, safe: false, savesLeaves: true, edits: [...cutBack(maps, widening, owner), ...newLines(avoid, owner)] }];
  }
  const parts = (map: PlannedMap): Range[] => (maps.includes(map) ? subtract(map.range, widening.holes) : [map.range]);
  const written = mapsToWrite(plan).flatMap((map) => mapLines(map, parts(map), owner, map.name));
  return [{ title: `Write the plan as maps, with the ${widening.words}`, safe: false, savesLeaves: true, edits: newLines([...avoid, ...written], owner) }];
}

const newLines = (lines: readonly string[], owner: Element): PlacedEdit[] => (lines.length > 0 ? [linesInto(owner, lines)] : []);

const cutBack = (maps: readonly PlannedMap[], { holes }: Widening, owner: Element): PlacedEdit[] =>
  maps.flatMap((map) => {
    const isCut = map.written && holes.some((hole) => overlaps(hole, map.range));
    return isCut && map.written ? [replacedBy(map.written.element, mapLines(map, subtract(map.range, holes), owner, map.name))] : [];
  });

/** A hole between regions: each gives up its part of the block. */
function widenBetweenRegions(loss: SplitLoss, subject: VmSubject): Fix[] {
  const widening = wideningOf(loss);
  if (!widening || onlyRegion(loss)) return [];
  const met = loss.maps.filter(({ range }) => widening.holes.some((hole) => overlaps(hole, range)));
  const edits = met.map((map) => shrinkRegion(map, widening, subject));
  const known = edits.filter((edit) => edit !== undefined);
  if (known.length < edits.length) return [];
  const lost = met.reduce((sum, { range }) => subtract(range, widening.holes).reduce((left, part) => left - sizeOf(part), sum + sizeOf(range)), 0n);
  const title = `Shrink ${listed(met.map(({ name }) => `\`${name}\``))} to whole blocks of ${formatSize(widening.block)} (the guest loses ${formatSize(lost)})`;
  return [{ title, safe: false, savesLeaves: true, edits: known.flat() }];
}

/** A region that is mapped as one, without what the widened holes take of it. */
function shrinkRegion({ region, written, range }: PlannedMap, { holes }: Widening, subject: VmSubject): PlacedEdit[] | undefined {
  const [rest, ...more] = subtract(range, holes);
  const isWhole = !written && region?.range?.base === range.base && region.range.end === range.end;
  if (!isWhole || region.offset === undefined || !rest || more.length > 0) return undefined;
  return refitEdits(region, { range: rest, offset: region.offset + (rest.base - range.base) }, subject);
}
