import { alignUp, formatCount, formatSize, log2 } from '../layout/address.js';
import { intersect, sizeOf, type Range } from '../layout/intervals.js';
import { positionOf, type View } from './axis.js';
import type { LeafStrip } from './columns.js';
import type { LeafRun } from './model.js';
import { path, rect, text, whole, widthOf, type Shape } from './shapes.js';

/** Pixels from which on single blocks are drawn. */
const SMALLEST_BLOCK = 4;
const LABEL_HEIGHT = 12;

/** The blocks of the page tables in view: a run for each size, its borders where they can be seen, and how many there are. */
export function drawLeaves({ model, x, width, words }: LeafStrip, view: View): Shape[] {
  const shapes: Shape[] = [];
  let free = -Infinity;
  let drawn = -Infinity;
  for (const run of model.leaves) {
    const seen = intersect(run.range, view.window);
    if (!seen) continue;
    const [top, bottom] = [positionOf(view, seen.base), positionOf(view, seen.end)];
    // Of runs that share a pixel one is drawn: there may be more of them than pixels.
    if (bottom - drawn < 0.5) continue;
    drawn = bottom;
    const label = run.refused ? `(${labelOf(run)})` : labelOf(run);
    shapes.push(rect(`${leafLook(run.size)}${run.refused ? ' is-unmapped' : ''}`, x, whole(top), width, Math.max(1, whole(bottom) - whole(top)), { title: label, item: run.map }));
    shapes.push(...borders(run, seen, x, width, view));
    const middle = Math.min(Math.max((top + bottom) / 2, LABEL_HEIGHT / 2), view.height - LABEL_HEIGHT / 2);
    if (bottom - top < 3 || middle - LABEL_HEIGHT / 2 < free) continue;
    free = middle + LABEL_HEIGHT / 2;
    if (widthOf(label, 10.5, 'plain') <= words - 8) shapes.push(text(run.refused ? 't-detail' : 't-leaf', x + width + 6, whole(middle) + 4, label));
  }
  return shapes;
}

/** `511 × 2 MiB`. */
export const labelOf = ({ size, range }: LeafRun): string => `${formatCount(sizeOf(range) / size)} × ${formatSize(size)}`;

/** Sizes of leaves in five steps: what costs the most entries is the warmest. */
export const leafLook = (size: bigint): string => `leaf-${LEAST_BITS.filter((bits) => log2(size) >= bits).length}`;

const LEAST_BITS = [16, 21, 25, 30];

function borders({ size, range }: LeafRun, seen: Range, x: number, width: number, view: View): Shape[] {
  const pixels = (positionOf(view, seen.end) - positionOf(view, seen.base)) / (Number(sizeOf(seen)) / Number(size));
  if (!(pixels >= SMALLEST_BLOCK)) return [];
  const lines: string[] = [];
  for (let address = range.base + alignUp(seen.base - range.base, size); address < seen.end; address += size) {
    if (address > seen.base) lines.push(`M${x} ${whole(positionOf(view, address))}h${width}`);
  }
  return lines.length > 0 ? [path('leaf-border', lines.join(''))] : [];
}
