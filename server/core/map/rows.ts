import { lastOf, sizeOf } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';
import type { MapModel } from './model.js';
import { sizeWords } from './sizes.js';

/** One line of the table that says what the drawing shows. */
export interface Row {
  readonly item: string;
  readonly space: 'guest-physical' | 'IOVA';
  readonly first: string;
  /** The last byte, inclusive. */
  readonly last: string;
  readonly size: string;
  readonly kind: string;
  readonly name: string;
  readonly details: string;
  /** Numbers of the findings that hit it. */
  readonly hits: readonly number[];
}

/** The map as a table, in the order of the addresses. */
export function rowsOf({ items, hits }: MapModel): Row[] {
  const numbers = new Map<string, number[]>();
  for (const { number, items: hit } of hits) for (const id of hit) numbers.set(id, [...(numbers.get(id) ?? []), number]);
  return items.map(({ id, space, range, kind, kept, name, details }) => ({
    item: id,
    space: space === 'gpa' ? 'guest-physical' : 'IOVA',
    first: writeAddress(range.base),
    last: writeAddress(lastOf(range)),
    size: sizeWords(sizeOf(range)),
    kind: kept ? `kept, ${kept}` : kind === 'left-out' ? 'left out' : kind,
    name,
    details: details.join('; '),
    hits: numbers.get(id) ?? [],
  }));
}
