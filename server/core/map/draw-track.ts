import { sizeOf } from '../layout/intervals.js';
import { positionOf, type Cell, type View } from './axis.js';
import type { Column } from './columns.js';
import { path, rect, text, whole, widthOf, type Shape } from './shapes.js';
import type { PlacedSpan } from './draw-items.js';
import { sizeWords } from './sizes.js';

/** A stretch of empty addresses that is drawn shorter than it is. */
interface Tear {
  readonly top: number;
  readonly bottom: number;
  readonly size: bigint;
}

/** Gaps that take more than this share of the height are zoomed into: they are drawn as what they are. */
const LARGEST_TEAR = 0.4;
const SMALLEST_TEAR = 9;

/** Where the axis is torn: whole gaps in view. */
export function tearsIn(view: View): Tear[] {
  const { axis: { cells }, window, first } = view;
  const tears: Tear[] = [];
  for (let index = first; index < cells.length; index++) {
    const cell = cells[index];
    if (!cell || cell.range.base >= window.end) break;
    const tear = tearOf(cell, view);
    if (tear) tears.push(tear);
  }
  return tears;
}

/** A cell as a tear, where it is one. */
export function tearOf({ range, gap }: Cell, view: View): Tear | undefined {
  if (!gap || range.base < view.window.base || range.end > view.window.end) return undefined;
  const [top, bottom] = [positionOf(view, range.base), positionOf(view, range.end)];
  return bottom - top >= SMALLEST_TEAR && bottom - top <= LARGEST_TEAR * view.height ? { top, bottom, size: sizeOf(range) } : undefined;
}

/** The ground of a column, torn where the axis is, unless something stands there. */
export function drawTrack({ x, width, space }: Column, height: number, tears: readonly Tear[], spans: readonly PlacedSpan[]): Shape[] {
  const open = tears.filter(({ top, bottom }) => !spans.some((span) => span.top < bottom - 1 && span.bottom > top + 1));
  return [
    rect('track', x, 0, width, height, { radius: 3 }),
    ...open.flatMap(({ top, bottom, size }) => [
      path('tear', tornBand(x, width, whole(top) + 2, whole(bottom) - 2)),
      path('tear-edge', zigzag(x, width, whole(top) + 2)),
      path('tear-edge', zigzag(x, width, whole(bottom) - 2)),
      ...(space === 'gpa' && bottom - top >= 20 && widthOf(sizeWords(size), 10.5, 'plain') <= width - 8 ? [text('t-gap', x + width / 2, whole((top + bottom) / 2) + 3.5, sizeWords(size), 'middle')] : []),
    ]),
  ];
}

const TOOTH = 5;
const DEPTH = 2.5;

/** Teeth of a tear from left to right, ending at the column's edge. */
function zigzag(x: number, width: number, y: number): string {
  return `M${teeth(x, width, y).map(([left, top]) => `${left} ${top}`).join('L')}`;
}

function teeth(x: number, width: number, y: number): [number, number][] {
  const count = Math.max(2, 2 * Math.round(width / (2 * TOOTH)));
  return Array.from({ length: count + 1 }, (_, index) => [x + (width * index) / count, y + (index % 2 === 0 ? -DEPTH / 2 : DEPTH / 2)]);
}

function tornBand(x: number, width: number, top: number, bottom: number): string {
  const points = [...teeth(x - 1, width + 2, top), ...teeth(x - 1, width + 2, bottom).reverse()];
  return `M${points.map(([left, y]) => `${left} ${y}`).join('L')}Z`;
}
