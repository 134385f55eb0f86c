import { indexOfItem, itemIndexAt, type Document, type Item } from '../syntax/document.js';
import type { Span } from '../text/span.js';
import type { TextEdit } from '../text/text-edit.js';

/**
 * A stretch of a file that stays where it is when other items change: offsets count from the start of the item, which
 * is known by identity.
 */
export interface Place extends Span {
  readonly path: string;
  readonly item: Item;
}

/** A replacement at a place. */
export interface PlacedEdit extends Place {
  readonly newText: string;
}

/** Where a node was written. */
export interface Origin {
  readonly path: string;
  readonly item: Item;
}

export const placeOf = (origin: Origin, span: Span): Place => ({
  path: origin.path,
  item: origin.item,
  start: span.start,
  end: span.end,
});

export const samePlace = (left: Place, right: Place): boolean =>
  left.item === right.item && left.path === right.path && left.start === right.start && left.end === right.end;

/** The span of a place in the whole document; nothing where its item is in another one, or in an older version of this one. */
export function spanOfPlace(document: Document, { item, start, end }: Place): Span | undefined {
  const index = indexOfItem(document, item);
  const base = index === undefined ? undefined : document.starts[index];
  return base === undefined ? undefined : { start: base + start, end: base + end };
}

/** An edit of a document, in its items: it may go over several. */
export function placedIn(document: Document, path: string, { start, end, newText }: TextEdit): PlacedEdit[] {
  const { items, starts } = document;
  const first = itemIndexAt(document, start);
  const last = Math.max(first, itemIndexAt(document, end - 1));
  return items.slice(first, last + 1).map((item, index) => {
    const base = starts[first + index] ?? 0;
    return { path, item, start: Math.max(0, start - base), end: Math.min(item.text.length, end - base), newText: index === 0 ? newText : '' };
  });
}
