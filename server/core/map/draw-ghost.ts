import { sizeOf } from '../layout/intervals.js';
import { positionOf, type View } from './axis.js';
import type { Column, Columns } from './columns.js';
import type { MapItem, MapModel } from './model.js';
import { fitting, rect, text, whole, widthOf, type Shape } from './shapes.js';
import { sizeWords } from './sizes.js';

/** What a fix brings or changes, as outlines. What goes with it is faded where it stands: what lies over it may stay. */
export function drawGhost({ gpa, iovas }: Columns, { fresh }: Difference, view: View): Shape[] {
  const columns = [gpa, ...iovas.slice(0, 1).map(({ column }) => column)];
  return columns.flatMap((column) => fresh.filter(({ space }) => space === column.space).flatMap((item) => drawFresh(item, column, view)));
}

interface Difference {
  /** Ids. */
  readonly gone: ReadonlySet<string>;
  readonly fresh: readonly MapItem[];
}

/** Items that only one of two maps has, or that are another one in it. */
export function differenceOf(before: MapModel, after: MapModel): Difference {
  const [had, has] = [new Set(before.items.map(keyOf)), new Set(after.items.map(keyOf))];
  return { gone: new Set(before.items.filter((item) => !has.has(keyOf(item))).map(({ id }) => id)), fresh: after.items.filter((item) => !had.has(keyOf(item))) };
}

const keyOf = ({ id, kind, range, verdict, bytes }: MapItem): string =>
  [id, kind, range.base, range.end, verdict, bytes?.backing, bytes?.range.base].join(' ');

const INSET = 5;

function drawFresh(item: MapItem, { x, width }: Column, view: View): Shape[] {
  const [top, bottom] = [positionOf(view, item.range.base), positionOf(view, item.range.end)];
  if (bottom <= 0 || top >= view.height) return [];
  const [from, to] = [whole(Math.max(-8, top)), whole(Math.min(view.height + 8, bottom))];
  const shapes: Shape[] = [rect('ghost-fresh', x + INSET + 0.5, from + 1.5, width - 2 * INSET - 1, Math.max(1, to - from - 3), { radius: 3, item: item.id })];
  const seen = { top: Math.max(0, top), bottom: Math.min(view.height, bottom) };
  if (seen.bottom - seen.top >= 14) {
    const room = width - 2 * INSET - 16;
    const all = `+ ${item.name}  ${sizeWords(sizeOf(item.range))}`;
    const words = widthOf(all, 11, 'bold') <= room ? all : fitting(`+ ${item.name}`, room, 11, 'bold');
    shapes.push(text('t-ghost', x + width - INSET - 8, whole(seen.bottom) - 6, words, 'end'));
  }
  return shapes;
}
