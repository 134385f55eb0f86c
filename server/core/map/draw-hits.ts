import { positionOf, type View } from './axis.js';
import type { Column } from './columns.js';
import { hitIn } from './draw-memory.js';
import type { Piece } from './memory.js';
import type { Hit, Step } from './model.js';
import { path, rect, text, whole, type Shape } from './shapes.js';

interface Extent {
  readonly top: number;
  readonly bottom: number;
}

/** What findings hit in a column: a frame around the bytes at fault, and the number of the finding. */
export function drawHits(column: Column, view: View, pieces: readonly Piece[], selected: number | undefined): Shape[] {
  const badges = new Badges(column.x);
  const placed = column.model.hits.filter(({ space }) => space === column.space).flatMap((hit) => {
    const extent = extentOf(hit, column, view, pieces);
    return extent ? [{ hit, extent }] : [];
  });
  const seen = placed.filter(({ extent }) => extent.bottom > 0 && extent.top < view.height);
  const framed = seen.filter(({ hit }) => hit.witness && (hit.level !== 'note' || hit.number === selected));
  const frames = framed.map(({ hit, extent }, index) => {
    // Several tints over each other would be darker than the words under them.
    const isTinted = framed.slice(0, index).some(({ extent: other }) => other.top < extent.bottom && extent.top < other.bottom);
    return frame(hit, extent, column, view.height, `${isTinted ? ' is-tinted' : ''}${hit.number === selected ? ' is-selected' : ''}`);
  });
  return [
    ...frames,
    ...seen.flatMap(({ hit, extent }) => badges.draw(hit, Math.min(view.height - 9, Math.max(9, extent.top)), hit.number === selected)),
    ...drawPointers(placed.filter(({ extent }) => extent.bottom <= 0).map(({ hit }) => hit), column, 'above', view.height),
    ...drawPointers(placed.filter(({ extent }) => extent.top >= view.height).map(({ hit }) => hit), column, 'below', view.height),
  ];
}

/** Findings out of view that are pointed at by themselves; of more only the number is told. */
const MOST_POINTERS = 3;

/** What findings out of view hit: at the edge, from the right, a triangle that leads there. */
function drawPointers(hits: readonly Hit[], { x, width }: Column, where: 'above' | 'below', height: number): Shape[] {
  const shown = hits.length > MOST_POINTERS + 1 ? hits.slice(0, MOST_POINTERS) : hits;
  const [tip, base, line] = where === 'above' ? [-6, 10, 8] : [height + 6, height - 10, height - 1];
  const pointers = shown.flatMap(({ number, level, rule, message }, index): Shape[] => {
    const middle = whole(x + width - 12 - 22 * index);
    const more = { hit: number, title: `${where}: ${rule}: ${message}` };
    return [path(`badge badge-${level}`, `M${middle - 11} ${base}H${middle + 11}L${middle} ${tip}Z`, more), { ...text('t-badge', middle, line, `${number}`, 'middle'), ...more }];
  });
  const others = hits.length - shown.length;
  return others === 0 ? pointers : [...pointers, text('t-detail', whole(x + width - 24 - 22 * shown.length), where === 'above' ? 10 : height - 3, `+${others}`, 'end')];
}

/** What the arrival of a step is refused for: the bytes that decided, framed. */
export function drawRefusal({ x, width }: Column, view: View, moment: Step | undefined): Shape[] {
  if (moment?.arrival === undefined || !moment.witness || moment.verdict === 'ok') return [];
  const { witness, verdict, reason } = moment;
  const [top, bottom] = [positionOf(view, witness.base), positionOf(view, witness.end)];
  const [from, to] = [whole(Math.max(top, -6)), whole(Math.min(bottom, view.height + 6))];
  return to < 0 || from > view.height ? [] : [rect('hit-error', x - 2, from - 1, width + 4, Math.max(4, to - from + 2), { radius: 3, title: `${verdict}: ${reason}` })];
}

function extentOf({ witness, items, space }: Hit, { model }: Column, view: View, pieces: readonly Piece[]): Extent | undefined {
  const inMemory = space === 'memory' ? pieces.flatMap((piece) => (witness && items.some((id) => piece.items.includes(id)) ? hitIn(piece, witness) ?? [] : []))[0] : undefined;
  if (inMemory) return inMemory;
  // Memory is drawn beside what shows it: where that is out of view, so is the finding.
  const range = (space === 'memory' ? undefined : witness) ?? model.items.find(({ id }) => items.includes(id))?.range;
  return range && { top: positionOf(view, range.base), bottom: positionOf(view, range.end) };
}

function frame({ level, number, message }: Hit, extent: Extent, { x, width }: Column, height: number, marks: string): Shape {
  const [top, bottom] = [whole(Math.max(extent.top, -6)), whole(Math.min(extent.bottom, height + 6))];
  return rect(`hit-${level}${marks}`, x - 2, top - 1, width + 4, Math.max(4, bottom - top + 2), { radius: 3, hit: number, title: message });
}

const RADIUS = 8;

/** The numbers of findings down the left edge of a column; those that would lie over each other stand side by side. */
class Badges {
  readonly #x: number;
  readonly #drawn: { readonly x: number; readonly y: number }[] = [];

  constructor(x: number) {
    this.#x = x;
  }

  draw({ number, level, message, rule }: Hit, y: number, isSelected: boolean): Shape[] {
    let x = this.#x;
    while (this.#drawn.some((other) => Math.abs(other.x - x) < 2 * RADIUS + 1 && Math.abs(other.y - y) < 2 * RADIUS + 1)) x += 2 * RADIUS + 2;
    this.#drawn.push({ x, y });
    const more = { hit: number, title: `${rule}: ${message}` };
    return [
      { shape: 'circle', look: `badge badge-${level}${isSelected ? ' is-selected' : ''}`, x, y: whole(y), radius: RADIUS, ...more },
      { ...text('t-badge', x, whole(y) + 3.5, `${number}`, 'middle'), ...more },
    ];
  }
}
