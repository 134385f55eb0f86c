import { ADDRESS_SPACE, alignDown, alignUp, log2 } from '../layout/address.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import type { MapModel } from './model.js';

/**
 * Addresses on a line. The line is cut into cells, and a cell is as long as its weight says, all addresses in it alike: one
 * cell for everything is a drawing to scale, a cell for each stretch between two ends is a compressed one. Addresses stay
 * exact; only positions are floating.
 */
export interface Axis {
  /** All 2^64 addresses, in order. */
  readonly cells: readonly Cell[];
  /** Weights of the cells before each one; one more entry for all. */
  readonly sums: readonly number[];
}

export interface Cell {
  readonly range: Range;
  readonly weight: number;
  /** Whether nothing stands in it, so that it is drawn shorter than it is. */
  readonly gap: boolean;
}

/** A part of an axis on `height` pixels. */
export interface View {
  readonly axis: Axis;
  /** The addresses shown: at least one. */
  readonly window: Range;
  readonly height: number;
  /** Index of the first cell that is shown. */
  readonly first: number;
  /** Pixels of a weight of 1. */
  readonly scale: number;
}

export type ScaleName = 'exact' | 'compressed';

export const EVERYTHING: Range = { base: 0n, end: ADDRESS_SPACE };

/** All addresses alike. */
export const EXACT: Axis = axisOf([{ range: EVERYTHING, weight: 1, gap: false }]);

/** An axis on which everything that ends somewhere is seen: the cells are as long as their number of bits, gaps are short. */
export function compressedAxis(models: readonly MapModel[]): Axis {
  const items = models.flatMap((model) => model.items);
  const solid = items.filter(({ kind }) => kind !== 'outside').map(({ range }) => range);
  const ends = new Set([EVERYTHING.base, EVERYTHING.end]);
  for (const { base, end } of [...items.map(({ range }) => range), ...models.flatMap(finerRanges)]) ends.add(base).add(end);
  const sorted = [...ends].sort((left, right) => (left < right ? -1 : 1));
  const covered = new Coverage(solid);
  return axisOf(crowdsHeld(sorted.slice(1).map((end, index) => cellOf({ base: sorted[index] ?? 0n, end }, covered))));
}

/** Weight that cells without a wide gap between them take at most together. */
const MOST_CROWD = 900;
const WIDE_GAP = 1n << 24n;

/** Holds thousands of cells in one place together, so that they don't take all the room from the others. */
function crowdsHeld(cells: readonly Cell[]): Cell[] {
  const held: Cell[] = [];
  for (let from = 0; from < cells.length; ) {
    let to = from + 1;
    while (to < cells.length && !isWideGap(cells[to - 1]) && !isWideGap(cells[to])) to++;
    const crowd = cells.slice(from, to);
    const share = Math.min(1, MOST_CROWD / crowd.reduce((sum, { weight }) => sum + weight, 0));
    held.push(...crowd.map((cell) => ({ ...cell, weight: cell.weight * share })));
    from = to;
  }
  return held;
}

const isWideGap = (cell: Cell | undefined): boolean => cell !== undefined && cell.gap && sizeOf(cell.range) >= WIDE_GAP;

/** Ends of leaves are seen where there are few sizes of them, those of witnesses always. */
function finerRanges({ leaves, hits }: MapModel): Range[] {
  const counts = new Map<string, number>();
  for (const { map } of leaves) counts.set(map, (counts.get(map) ?? 0) + 1);
  const runs = leaves.filter(({ map }) => (counts.get(map) ?? 0) <= MOST_RUNS).map(({ range }) => range);
  return [...runs, ...hits.flatMap(({ witness, space }) => (witness && space !== 'memory' && witness.end > witness.base ? [witness] : []))];
}

/** Runs of leaves in a mapping whose ends are all told apart: two of each of three sizes, less one. */
const MOST_RUNS = 7;

/** Asked from low to high whether anything stands in a range. */
class Coverage {
  readonly #ranges: readonly Range[];
  #next = 0;
  #end = 0n;

  constructor(ranges: readonly Range[]) {
    this.#ranges = [...ranges].sort((left, right) => (left.base < right.base ? -1 : 1));
  }

  /** Ranges asked for must follow each other. */
  meets({ base, end }: Range): boolean {
    for (let range = this.#ranges[this.#next]; range && range.base < end; range = this.#ranges[++this.#next]) {
      if (range.end > this.#end) this.#end = range.end;
    }
    return this.#end > base;
  }
}

const GAP_WEIGHT = 26;
const LEAST_WEIGHT = 22;
const WEIGHT_OF_BIT = 1.9;
const PAGE_BITS = 12;

function cellOf(range: Range, covered: Coverage): Cell {
  const gap = !covered.meets(range);
  const bits = Math.max(0, log2(sizeOf(range)) - PAGE_BITS);
  return { range, gap, weight: gap ? GAP_WEIGHT : LEAST_WEIGHT + WEIGHT_OF_BIT * bits };
}

function axisOf(cells: readonly Cell[]): Axis {
  const sums = [0];
  for (const { weight } of cells) sums.push((sums.at(-1) ?? 0) + weight);
  return { cells, sums };
}

/** Shows a part of an axis. The window is kept inside of 0 … 2^64 and has at least one byte. */
export function viewOf(axis: Axis, wanted: Range, height: number): View {
  const window = within(wanted);
  const first = cellIndexAt(axis, window.base);
  const weight = weightBetween(axis, first, window.base, window.end);
  return { axis, window, height, first, scale: height / weight };
}

function within({ base, end }: Range): Range {
  const low = clamp(base, 0n, ADDRESS_SPACE - 1n);
  return { base: low, end: clamp(end, low + 1n, ADDRESS_SPACE) };
}

const clamp = (value: bigint, least: bigint, most: bigint): bigint => (value < least ? least : value > most ? most : value);

/** Where an address is, in pixels from the top; less than 0 or more than the height where it isn't in view. */
export function positionOf({ axis, window, first, scale }: View, address: bigint): number {
  if (address >= window.base) return scale * weightBetween(axis, first, window.base, address);
  return -scale * weightBetween(axis, cellIndexAt(axis, address), address, window.base);
}

/**
 * Weight from one address to a higher one. What lies in one cell is counted from that cell's ends and not from the sums,
 * which would swallow a byte in 2^60.
 */
function weightBetween({ cells, sums }: Axis, first: number, low: bigint, high: bigint): number {
  const cell = cells[first];
  if (!cell) return 0;
  if (high <= cell.range.end) return cell.weight * shareOf(high - low, cell);
  const last = cellIndexAt({ cells, sums }, high - 1n);
  const end = cells[last] ?? cell;
  const inner = (sums[last] ?? 0) - (sums[first + 1] ?? 0);
  return cell.weight * shareOf(cell.range.end - low, cell) + inner + end.weight * shareOf(high - end.range.base, end);
}

/** Each conversion rounds once, so that the share is right to 52 bits however small it is. */
const shareOf = (bytes: bigint, { range }: Cell): number => Number(bytes) / Number(sizeOf(range));

/** The cell that an address falls in. */
function cellIndexAt({ cells }: Axis, address: bigint): number {
  let low = 0;
  let high = cells.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((cells[middle]?.range.base ?? 0n) <= address) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The address at a position, rounded down to a byte; the first or one past the last where there is none. */
export function addressAt(view: View, position: number): bigint {
  const weight = position / view.scale;
  return weight >= 0 ? after(view, weight) : before(view, -weight);
}

/** Cells that are walked one by one, exactly, before the sums are asked. */
const WALKED = 64;

function after({ axis, window, first }: View, weight: number): bigint {
  let left = weight;
  let base = window.base;
  for (let index = first; index < Math.min(axis.cells.length, first + WALKED); index++) {
    const cell = axis.cells[index];
    if (!cell) break;
    const here = cell.weight * shareOf(cell.range.end - base, cell);
    if (left < here) return base + bytesOf(left / here, cell.range.end - base);
    left -= here;
    base = cell.range.end;
  }
  return bySums(axis, Math.min(axis.cells.length, first + WALKED), left);
}

function before({ axis, window, first }: View, weight: number): bigint {
  let left = weight;
  let end = window.base;
  for (let index = first; index >= 0; index--) {
    const cell = axis.cells[index];
    if (!cell) break;
    const here = cell.weight * shareOf(end - cell.range.base, cell);
    if (left < here) return end - bytesOf(left / here, end - cell.range.base);
    left -= here;
    end = cell.range.base;
  }
  return 0n;
}

/** The address that lies a weight after the beginning of a cell. */
function bySums({ cells, sums }: Axis, from: number, weight: number): bigint {
  const wanted = (sums[from] ?? 0) + weight;
  if (wanted >= (sums.at(-1) ?? 0)) return ADDRESS_SPACE;
  let low = from;
  let high = cells.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sums[middle] ?? 0) <= wanted) low = middle;
    else high = middle - 1;
  }
  const cell = cells[low];
  return cell ? cell.range.base + bytesOf((wanted - (sums[low] ?? 0)) / cell.weight, sizeOf(cell.range)) : ADDRESS_SPACE;
}

const bytesOf = (share: number, size: bigint): bigint => clamp(BigInt(Math.floor(Number(size) * share)), 0n, size);

/** The window that is `factor` times as long, with the address at a position staying there as near as whole bytes allow. */
export function zoomed(view: View, position: number, factor: number): Range {
  const { window, height } = view;
  const anchor = clamp(addressAt(view, position), window.base, window.end - 1n);
  const base = nearestTo(view, position * (1 - factor));
  const end = nearestTo(view, position + (height - position) * factor);
  if (base === window.base && end === window.end) return factor > 1 ? within({ base: base - 1n, end: end + 1n }) : oneByteLess(window, anchor);
  return within({ base: base > anchor ? anchor : base, end: end > anchor ? end : anchor + 1n });
}

/** The window without the byte at the end that is farther from an address in it; a byte is left at least. */
function oneByteLess({ base, end }: Range, anchor: bigint): Range {
  if (end - base <= 1n) return { base, end };
  return anchor - base > end - 1n - anchor ? { base: base + 1n, end } : { base, end: end - 1n };
}

/** The first byte that begins nearest to a position. */
function nearestTo(view: View, position: number): bigint {
  const address = addressAt(view, position);
  if (address >= ADDRESS_SPACE) return ADDRESS_SPACE;
  return position - positionOf(view, address) > positionOf(view, address + 1n) - position ? address + 1n : address;
}

/** The window that is so many pixels further; at the ends of the address space it stops. */
export function panned(view: View, pixels: number): Range {
  const { window, height } = view;
  if (pixels === 0 || (pixels < 0 ? window.base === 0n : window.end === ADDRESS_SPACE)) return window;
  const base = addressAt(view, pixels);
  const end = addressAt(view, height + pixels);
  if (pixels > 0 && end === ADDRESS_SPACE) return within({ base: addressAt(view, heightLeft(view) > pixels ? pixels : heightLeft(view)), end });
  if (base === window.base && end === window.end) return within(pixels > 0 ? { base: base + 1n, end: end + 1n } : { base: base - 1n, end: end - 1n });
  return within({ base, end });
}

/** Pixels between the end of the window and the end of all addresses. */
const heightLeft = (view: View): number => positionOf(view, ADDRESS_SPACE) - view.height;

/** Windows begin and end at multiples of about a 64th of their length. */
const ROUND_BITS = 6;

/** The stretch of the axis in which something stands; all of it where nothing does. `margin` is a share of its length. */
export function windowAround(ranges: readonly Range[], margin: number): Range {
  const [first, ...rest] = ranges;
  if (!first) return EVERYTHING;
  let { base, end } = first;
  for (const range of rest) {
    if (range.base < base) base = range.base;
    if (range.end > end) end = range.end;
  }
  const more = BigInt(Math.ceil(Number(end - base) * margin));
  const round = 1n << BigInt(Math.max(0, log2(end - base + 1n) - ROUND_BITS));
  return within({ base: alignDown(base > more ? base - more : 0n, round), end: alignUp(end + more, round) });
}
