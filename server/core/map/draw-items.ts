import { sizeOf } from '../layout/intervals.js';
import { formatCount } from '../layout/address.js';
import type { Column } from './columns.js';
import type { Span } from './lanes.js';
import { isRefused, isThere, type MapItem, type Step } from './model.js';
import { fitting, rect, text, whole, widthOf, type Shape } from './shapes.js';
import { rangeWords, sizeWords } from './sizes.js';

/** What a drawing depends on besides the map itself. */
export interface Marks {
  /** The item that is chosen. */
  readonly selected?: string | undefined;
  /** Items that are written in the same place. */
  readonly kin?: ReadonlySet<string> | undefined;
  /** The finding that is chosen. */
  readonly hit?: number | undefined;
  /** Items that go with the fix that is laid over. */
  readonly gone?: ReadonlySet<string> | undefined;
  /** The step that is shown: what isn't there yet is drawn so. */
  readonly moment?: Step | undefined;
}

/** A span with the lane it is in. */
export interface PlacedSpan extends Span {
  readonly depth: number;
}

/** Pixels by which what lies in something is drawn further in: as many, or what the deepest leaves of this share of the width. */
const INSET = 18;
const MOST_INSET = 0.6;

/** The spans of a column, outer ones first, each with as many words as fit where nothing lies over it. */
export function drawItems(column: Column, spans: readonly PlacedSpan[], height: number, marks: Marks): Shape[] {
  const deepest = spans.reduce((most, { depth }) => Math.max(most, depth), 1);
  const inset = Math.min(INSET, Math.floor((MOST_INSET * column.width) / deepest));
  return spans.flatMap((span) => {
    const shape = box(column, span, height, inset * span.depth);
    const free = uncovered(shape.top, shape.bottom, spans.filter((other) => other.depth > span.depth), height);
    return [...drawBox(span, shape, marks), ...words(span, { ...shape, ...free }).map((line) => (marks.gone?.has(span.item.id) ? { ...line, look: `${line.look} is-gone` } : line))];
  });
}

interface Box {
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly bottom: number;
}

function box({ x, width }: Column, { top, bottom }: PlacedSpan, height: number, inset: number): Box {
  const [from, to] = [whole(Math.max(top, -8)), whole(Math.min(bottom, height + 8))];
  return { left: x + inset, width: width - inset, top: from, bottom: Math.max(to, from + 1) };
}

/** The tallest part that nothing further in lies over. */
function uncovered(top: number, bottom: number, over: readonly Span[], height: number): { top: number; bottom: number } {
  let best = { top: 0, bottom: 0 };
  let from = Math.max(0, top);
  const take = (to: number): void => {
    if (to - from > best.bottom - best.top) best = { top: from, bottom: to };
  };
  for (const span of over.filter((one) => one.bottom > top && one.top < bottom).sort((left, right) => left.top - right.top)) {
    take(Math.min(span.top, height));
    from = Math.max(from, span.bottom);
  }
  take(Math.min(bottom, height));
  return best;
}

function drawBox(span: PlacedSpan, { left, width, top, bottom }: Box, marks: Marks): Shape[] {
  const look = span.count > 1 ? 'v-many hatch-many' : lookOf(span.item, marks);
  const title = span.count > 1 ? manyTitle(span) : titleOf(span.item);
  const common = { radius: bottom - top > 6 ? 3 : 0, title, ...(span.count === 1 && { item: span.item.id }) };
  const ring = span.count === 1 && span.item.id === marks.selected ? [rect('ring', left - 3, top - 3, width + 6, bottom - top + 6, { radius: 5 })] : [];
  return [rect(look, left + 0.5, top + 0.5, width - 1, Math.max(1, bottom - top - 1), common), ...ring];
}

/** The classes of an item: its kind, and what is the matter with it. */
export function lookOf(item: MapItem, { kin, moment, gone }: Marks): string {
  const { kind, kept, id } = item;
  const hatch = kept ? ` hatch-${kept === 'sw-msi' ? 'msi' : kept === 'direct-relaxable' ? 'direct' : kept}` : kind === 'outside' || kind === 'avoid' ? ` hatch-${kind}` : '';
  return [
    kept ? `v-kept v-kept-${kept}` : `v-${kind}`,
    ...(isRefused(item) ? ['is-refused'] : []),
    ...(isThere(item, moment ?? START_UP) ? [] : ['is-later']),
    ...(gone?.has(id) ? ['is-gone'] : []),
    ...(kin?.has(id) ? ['is-kin'] : []),
  ].join(' ') + hatch;
}

const START_UP = { present: [] };

const manyTitle = ({ count, range }: Span): string => `${formatCount(count)} of them, too small to be told apart here\n${rangeWords(range)}`;

export const titleOf = ({ kind, kept, name, range, details }: MapItem): string =>
  [`${kept ?? kind} ${name}`, rangeWords(range), sizeWords(sizeOf(range)), ...details].join('\n');

const LINE = 14;
const PAD = 8;

/** Words on a hatch are set off from it by the colour of the ground. */
const haloOf = ({ kept, kind }: MapItem): string =>
  kept ? ` halo halo-${kept === 'reserved' ? 'reserved' : kept.startsWith('direct') ? 'direct' : 'kept'}` : kind === 'outside' || kind === 'avoid' ? ` halo halo-${kind}` : '';

/** A name and a size in the first line, then addresses, then details: as many lines as there is room for. */
function words({ item, count }: PlacedSpan, { left, width, top, bottom }: Box): Shape[] {
  const room = bottom - top;
  if (room < 12) return [];
  if (count > 1) return [text('t-detail halo halo-many', left + PAD, whole((top + bottom) / 2) + 4, fitting(`${formatCount(count)} items`, width - 2 * PAD, 11, 'plain'))];
  const lines = room >= 2 * LINE + 4 ? [rangeWords(item.range)].filter((line) => widthOf(line, 10.5, 'mono') <= width - 2 * PAD) : [];
  const details = room >= (2 + lines.length) * LINE + 4 ? [detailsIn(item.details, width - 2 * PAD)].filter((line) => line !== '') : [];
  const first = whole(room < 2 * LINE + 4 ? (top + bottom) / 2 + 4 : top + LINE + 1);
  return [
    ...headline(item, left, width, first),
    ...lines.map((line) => text(`t-range${haloOf(item)}`, left + PAD, first + LINE, line)),
    ...details.map((line) => text(`${isRefused(item) ? 't-why' : 't-detail'}${haloOf(item)}`, left + PAD, first + LINE * (1 + lines.length), line)),
  ];
}

const LEAST_DETAILS = 16;

/** Details, cut short only where enough is left of them to say something. */
function detailsIn(details: readonly string[], width: number): string {
  const all = details.join(' · ');
  const shown = fitting(all, width, 10.5, 'plain');
  return shown === all || shown.length >= LEAST_DETAILS ? shown : fitting(details[0] ?? '', width, 10.5, 'plain') === details[0] ? details[0] : '';
}

function headline(item: MapItem, left: number, width: number, baseline: number): Shape[] {
  const halo = haloOf(item);
  const size = item.kind === 'outside' ? '' : sizeWords(sizeOf(item.range));
  const sizeWidth = widthOf(size, 10.5, 'mono');
  const room = width - 2 * PAD;
  const name = fitting(item.name, room, 12, 'bold');
  const after = room - widthOf(name, 12, 'bold');
  const refused = isRefused(item) ? widthOf(item.verdict ?? '', 10.5, 'bold') + 8 : 0;
  const withSize = size !== '' && after >= sizeWidth + 8 + refused;
  const what = item.kept ?? (item.kind === 'map' ? (isRefused(item) ? item.verdict ?? '' : '') : item.kind === 'outside' ? '' : item.kind === 'left-out' ? 'left out' : item.kind);
  const withKind = what !== '' && what !== item.name && after - (withSize ? sizeWidth + 8 : 0) >= widthOf(what, 10.5, 'plain') + 8;
  return [
    { ...text(`t-name${halo}`, left + PAD, baseline, name), ...(withKind && { parts: [{ look: isRefused(item) ? 't-refused' : 't-kind', text: what, gap: 6 }] }) },
    ...(withSize ? [text(`t-size${halo}`, left + width - PAD, baseline, size, 'end')] : []),
  ];
}
