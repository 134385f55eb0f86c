import { lineBreakIn, lineEnd, lineStart, withBreaks, type LineBreak } from '../text/lines.js';
import { meets, type Span } from '../text/span.js';
import { composed, placesOf, type TextEdit } from '../text/text-edit.js';
import { realigned } from './comment-columns.js';
import { documentOfItems, editDocumentAll, itemIndexAt, sharedItems, textOfDocument, type Document, type Item } from './document.js';
import { formatDocument } from './format.js';

/** The break that the lines of a document end with. */
export const lineBreakOf = ({ items }: Document): LineBreak => lineBreakIn(items.find(({ breaks }) => breaks > 0)?.text ?? '');

/** Edits with the line breaks that the document has. */
export function inBreaksOf(document: Document, edits: readonly TextEdit[]): TextEdit[] {
  const lineBreak = lineBreakOf(document);
  return edits.map((edit) => ({ ...edit, newText: withBreaks(edit.newText, lineBreak) }));
}

/**
 * Edits as the formatter would have them: what was formatted before is formatted afterwards, columns of comments included. Of
 * what wasn’t, only the lines that the edits touch are put right.
 */
export function laidOut(document: Document, edits: readonly TextEdit[]): TextEdit[] {
  if (document.oversized || edits.length === 0) return [...edits];
  const wide = [...edits, ...realigned(document, edits)];
  const changed = editDocumentAll(document, wide);
  const [before, after] = partsAround(document, changed, wide);
  const inside = wide.map((edit) => moved(edit, -before.start));
  const text = textOfDocument(after.part);
  const wasFormatted = before.part.items.every(isFormatted);
  const touched = wasFormatted ? [] : linesTouched(inside, text);
  const layout = formatted(after).filter((edit) => wasFormatted || touched.some((line) => meets(line, edit)));
  return composed(inside, layout, text).map((edit) => moved(edit, before.start));
}

const moved = (edit: TextEdit, by: number): TextEdit => ({ ...edit, start: edit.start + by, end: edit.end + by });

/** Some items of a document in a row, with one besides at either side: blank lines depend on what is next to them. */
interface Part {
  readonly part: Document;
  /** Offset of its first character in the document. */
  readonly start: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** What edits change of a document, before and after them. */
function partsAround(document: Document, changed: Document, edits: readonly TextEdit[]): [Part, Part] {
  const { head, tail } = sharedItems(document, changed);
  const first = itemIndexAt(document, Math.min(...edits.map(({ start }) => start)));
  const last = itemIndexAt(document, Math.max(...edits.map(({ end }) => end)));
  const from = Math.max(0, Math.min(head, first) - 1);
  const rest = Math.max(0, Math.min(tail, document.items.length - 1 - last) - 1);
  return [partOf(document, from, rest), partOf(changed, from, rest)];
}

/** A document without so many items at its beginning and at its end. */
const partOf = ({ items, starts }: Document, from: number, rest: number): Part =>
  ({ part: documentOfItems(items.slice(from, items.length - rest)), start: starts[from] ?? 0, isFirst: from === 0, isLast: rest === 0 });

const known = new WeakMap<Item, boolean>();

/** Whether an item is formatted; asked once: each fix of a text asks for the same. Blank lines at its end don’t count. */
function isFormatted(item: Item): boolean {
  const formattedBefore = known.get(item) ?? formatted({ part: documentOfItems([item]), start: 0, isFirst: false, isLast: false }).length === 0;
  known.set(item, formattedBefore);
  return formattedBefore;
}

/** What the formatter would change of a part: blank lines at an end where the document goes on stay. */
function formatted({ part, isFirst, isLast }: Part): TextEdit[] {
  const text = textOfDocument(part);
  const first = isFirst ? 0 : text.length - text.trimStart().length;
  const last = isLast ? text.length : text.trimEnd().length;
  return formatDocument(part).filter(({ start, end }) => start >= first && end <= last);
}

/** The lines that edits touch, in the text that they make; where whole lines went, the place alone. */
const linesTouched = (edits: readonly TextEdit[], text: string): Span[] =>
  placesOf(edits).map(({ start, end }) => {
    const isWhole = lineStart(text, end) === end && lineStart(text, start) === start;
    return isWhole ? { start, end: Math.max(start, end - 1) } : { start: lineStart(text, start), end: lineEnd(text, end) };
  });
