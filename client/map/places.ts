import type { PlacedRecord, PlaceRange } from './view/messages.js';

interface Position {
  readonly line: number;
  readonly character: number;
}

/** The items of a map that are written where the cursor stands, by their ids: those of the innermost declaration. */
export function itemsAt({ items }: PlacedRecord, uri: string, cursor: Position): string[] {
  const around = items.flatMap(({ id, kind, place }) =>
    kind !== 'outside' && place?.uri === uri && covers(place.whole, cursor) ? [{ id, whole: place.whole }] : []);
  const [first, ...others] = around;
  if (!first) return [];
  const inner = others.reduce((best, { whole }) => (isInside(whole, best) ? whole : best), first.whole);
  return around.filter(({ whole }) => isInside(whole, inner)).map(({ id }) => id);
}

/** Whole lines count: behind a declaration is still at it. */
const covers = ({ start, end }: PlaceRange, { line }: Position): boolean => line >= start.line && line <= end.line;

const isInside = (inner: PlaceRange, outer: PlaceRange): boolean => compare(inner.start, outer.start) >= 0 && compare(inner.end, outer.end) <= 0;

const compare = (left: Position, right: Position): number => left.line - right.line || left.character - right.character;
