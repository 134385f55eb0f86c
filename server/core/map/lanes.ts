import { overlaps, sizeOf, type Range } from '../layout/intervals.js';
import { addressAt, positionOf, type View } from './axis.js';
import type { MapItem, Space } from './model.js';

/** Items of a space that don't meet, or the rest that no lane is left for. */
export interface Lane {
  /** How far in it is drawn: 0 is the whole column. */
  readonly depth: number;
  /** In the order of their bases. */
  readonly items: readonly MapItem[];
  /** The highest end up to and with each item. */
  readonly ends: readonly bigint[];
}

/** Items further in than this share the last lane. */
export const MOST_LANES = 8;

/** What is drawn as one: an item, or several that are too small or too close to be told apart. */
export interface Span {
  readonly range: Range;
  /** Pixels; may lie outside of the view. */
  readonly top: number;
  readonly bottom: number;
  /** The first one. */
  readonly item: MapItem;
  readonly count: number;
}

/** Puts the items of a space into lanes: what lies in or across another is drawn further in. */
export function lanesOf(items: readonly MapItem[], space: Space): Lane[] {
  const lanes: { items: MapItem[]; ends: bigint[] }[] = [];
  for (const item of items.filter((one) => one.space === space).sort(byBaseThenSize)) {
    let depth = 0;
    for (const [index, { ends }] of lanes.entries()) if ((ends.at(-1) ?? 0n) > item.range.base) depth = index + 1;
    const lane = lanes[Math.min(depth, MOST_LANES - 1)] ?? { items: [], ends: [] };
    if (lane.items.length === 0) lanes[Math.min(depth, MOST_LANES - 1)] = lane;
    const highest = lane.ends.at(-1) ?? 0n;
    lane.items.push(item);
    lane.ends.push(item.range.end > highest ? item.range.end : highest);
  }
  return lanes.map((lane, depth) => ({ depth, ...lane }));
}

function byBaseThenSize({ range: left }: MapItem, { range: right }: MapItem): number {
  if (left.base !== right.base) return left.base < right.base ? -1 : 1;
  const [wide, narrow] = [sizeOf(left), sizeOf(right)];
  return wide === narrow ? 0 : wide > narrow ? -1 : 1;
}

/** Pixels below which things are drawn together. */
const SMALLEST = 1;

/**
 * The spans of a lane in view: each byte of an item is in exactly one. What is merged is jumped over and not walked, so
 * that the work depends on the pixels and not on the items.
 */
export function spansIn(lane: Lane, view: View): Span[] {
  const spans: Span[] = [];
  const { items, ends } = lane;
  for (let index = firstAfter(ends, view.window.base); index < items.length; ) {
    const item = items[index];
    if (!item || item.range.base >= view.window.end) break;
    const next = endOfRun(lane, index, view);
    const range = { base: item.range.base, end: ends[next - 1] ?? item.range.end };
    spans.push({ range, top: positionOf(view, range.base), bottom: positionOf(view, range.end), item, count: next - index });
    index = next;
  }
  return spans;
}

/** Index of the first item that is not drawn together with the one at `start`. */
function endOfRun({ items, ends }: Lane, start: number, view: View): number {
  let next = start + 1;
  let isSmall = isTiny(items[start]?.range, view);
  for (;;) {
    const end = ends[next - 1] ?? 0n;
    while (next < items.length && (items[next]?.range.base ?? 0n) < end) next++;
    if ((ends[next - 1] ?? 0n) > end) continue;
    if (!isSmall || next >= items.length) return next;
    const near = addressAt(view, positionOf(view, end) + SMALLEST);
    const far = firstFrom(items, near > end ? near : end, next);
    // Only the last of what begins so near can be large enough to be seen by itself: the others lie between.
    const stop = far > next && !isTiny(items[far - 1]?.range, view) ? far - 1 : far;
    if (stop === next) return next;
    next = stop;
    isSmall = stop === far;
  }
}

const isTiny = (range: Range | undefined, view: View): boolean =>
  range !== undefined && positionOf(view, range.end) - positionOf(view, range.base) < SMALLEST;

/** The items of a lane that share a byte with a range. */
export function itemsIn({ items, ends }: Lane, range: Range): MapItem[] {
  const found: MapItem[] = [];
  for (let index = firstAfter(ends, range.base); index < items.length; index++) {
    const item = items[index];
    if (!item || item.range.base >= range.end) break;
    if (overlaps(item.range, range)) found.push(item);
  }
  return found;
}

/** Index of the first item that ends after an address. */
function firstAfter(ends: readonly bigint[], address: bigint): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0n) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Index of the first item, from one on, that begins at an address or after it. */
function firstFrom(items: readonly MapItem[], address: bigint, from: number): number {
  let low = from;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.range.base ?? 0n) >= address) high = middle;
    else low = middle + 1;
  }
  return low;
}
