import { intersect, sizeOf } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';
import type { Column } from './columns.js';
import type { Piece, Ribbon } from './memory.js';
import type { MapBacking } from './model.js';
import { fitting, path, rect, text, whole, widthOf, type Shape } from './shapes.js';
import { rangeWords, sizeWords } from './sizes.js';

const PAD = 8;
const LINE = 14;

/** The memory behind what is in view, with the offsets at which each stretch begins. */
export const drawMemory = ({ x, width, model }: Column, pieces: readonly Piece[], selected: string | undefined): Shape[] =>
  pieces.flatMap((piece, index) => {
    const above = piece.follows ? pieces[index - 1] : undefined;
    const touches = above !== undefined && piece.top - above.bottom < 2;
    const backing = model.backings.find(({ id }) => id === piece.backing);
    const [top, bottom] = [whole(piece.top), Math.max(whole(piece.top) + 1, whole(piece.bottom))];
    const look = `v-memory${piece.items.length > 1 ? ' is-shared' : ''}${selected !== undefined && piece.items.includes(selected) ? ' is-selected' : ''}`;
    const more = { radius: 3, title: titleOf(piece, backing), item: piece.items[0] ?? piece.backing };
    return [...(above && !touches ? [path('joint', `M${whole(x + width / 2) + 0.5} ${whole(above.bottom)}V${top}`)] : []), rect(look, x + 0.5, top + 0.5, width - 1, Math.max(1, bottom - top - 1), more), ...words(piece, touches, backing, x, width, top, bottom)];
  });

const titleOf = ({ range }: Piece, backing: MapBacking | undefined): string =>
  [`${backing?.name ?? ''} (${backing?.about ?? ''})`, `${backing?.physical ? 'host-physical' : 'offsets'} ${rangeWords(range)}`, sizeWords(sizeOf(range))].join('\n');

function words({ range }: Piece, follows: boolean, backing: MapBacking | undefined, x: number, width: number, top: number, bottom: number): Shape[] {
  const room = bottom - top;
  if (!backing || room < 12) return [];
  const place = `${backing.physical ? '' : '+ '}${writeAddress(range.base)}`;
  const placeWidth = widthOf(place, 10.5, 'mono');
  const baseline = whole(room < 2 * LINE + 4 ? (top + bottom) / 2 + 4 : top + LINE + 1);
  if (room < 2 * LINE + 4 || follows) {
    const name = follows ? '' : fitting(backing.name, width - 2 * PAD - placeWidth - 8, 12, 'bold');
    return [
      ...(name === '' ? [] : [text('t-name', x + PAD, baseline, name)]),
      ...(placeWidth <= width - 2 * PAD ? [text('t-size', x + width - PAD, baseline, place, 'end')] : []),
    ];
  }
  return [
    text('t-name', x + PAD, baseline, fitting(backing.name, width - 2 * PAD, 12, 'bold')),
    text('t-range', x + PAD, baseline + LINE, placeWidth <= width - 2 * PAD ? place : ''),
    ...(room >= 3 * LINE + 4 ? [text('t-detail', x + PAD, baseline + 2 * LINE, fitting(backing.about, width - 2 * PAD, 10.5, 'plain'))] : []),
  ];
}

/** Bands from the IOVAs to the memory that they show. */
export const drawRibbons = (ribbons: readonly Ribbon[], left: number, right: number, selected: string | undefined): Shape[] =>
  ribbons.filter(({ from }) => from === 'iova').map((ribbon) => {
    const look = `ribbon${ribbon.refused ? ' is-refused' : ''}${ribbon.item === selected ? ' is-selected' : ''}`;
    return path(look, band(left, ribbon.top, ribbon.bottom, right, ribbon.pieceTop, ribbon.pieceBottom));
  });

/** A band that leaves and arrives level. */
export function band(left: number, top: number, bottom: number, right: number, otherTop: number, otherBottom: number): string {
  const [a, b, c, d] = [top, bottom, otherTop, otherBottom].map(near);
  const middle = (left + right) / 2;
  return `M${left} ${a}C${middle} ${a} ${middle} ${c} ${right} ${c}V${d}C${middle} ${d} ${middle} ${b} ${left} ${b}Z`;
}

/** Positions far out of view are drawn nearer: renderers lose their way with numbers that large. */
const near = (position: number): number => Math.round(Math.min(20_000, Math.max(-20_000, position)) * 100) / 100;

/** The part of a piece that a witness in its backing hits, in pixels. */
export function hitIn({ range, top, bottom }: Piece, witness: { base: bigint; end: bigint }): { top: number; bottom: number } | undefined {
  const shared = intersect(range, witness);
  if (!shared) return undefined;
  const pixels = (bottom - top) / Number(sizeOf(range));
  return { top: top + Number(shared.base - range.base) * pixels, bottom: bottom - Number(range.end - shared.end) * pixels };
}
