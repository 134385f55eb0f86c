import type { Span } from './span.js';

/** Replaces the text between two offsets, `end` exclusive. */
export interface TextEdit extends Span {
  readonly newText: string;
}

/** Applies edits that don't overlap, in any order. Two insertions at one place keep the order of the list. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let from = 0;
  for (const edit of inOrder(edits)) {
    if (edit.start < from) throw new RangeError('edits overlap');
    result += text.slice(from, edit.start) + edit.newText;
    from = edit.end;
  }
  return result + text.slice(from);
}

/** Edits of which two may take away the same characters: each is taken away once. */
export function withoutOverlaps(edits: readonly TextEdit[]): TextEdit[] {
  const apart: TextEdit[] = [];
  for (const edit of inOrder(edits)) {
    const last = apart.at(-1);
    if (last && edit.start < last.end && last.newText === '' && edit.newText === '') apart[apart.length - 1] = { ...last, end: Math.max(last.end, edit.end) };
    else apart.push(edit);
  }
  return apart;
}

/** Where the new texts of edits stand once they are made, in their order. */
export function placesOf(edits: readonly TextEdit[]): Placed[] {
  let shift = 0;
  return inOrder(edits).map(({ start, end, newText }) => {
    const grows = newText.length - (end - start);
    const placed = { start: start + shift, end: start + shift + newText.length, grows };
    shift += grows;
    return placed;
  });
}

/** A stretch of a text that edits made. */
interface Placed extends Span {
  /** Characters that it is longer by than before. */
  readonly grows: number;
}

/** Edits followed by edits of the text that they make, `after`: as edits of the text before both. */
export function composed(first: readonly TextEdit[], second: readonly TextEdit[], after: string): TextEdit[] {
  const made = placesOf(first).map((placed): Stretch => ({ ...placed, edits: [] }));
  const stretches = joined([...made, ...second.map((edit): Stretch => ({ start: edit.start, end: edit.end, grows: 0, edits: [edit] }))]);
  let shift = 0;
  return stretches.map(({ start, end, edits, grows }) => {
    const inside = edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    const edit = { start: start - shift, end: end - shift - grows, newText: applyEdits(after.slice(start, end), inside) };
    shift += grows;
    return edit;
  });
}

interface Stretch extends Placed {
  /** What is done to it next. */
  readonly edits: readonly TextEdit[];
}

/** Stretches that meet are one. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const apart: Stretch[] = [];
  for (const stretch of inOrder(stretches)) {
    const last = apart.at(-1);
    if (!last || stretch.start > last.end) apart.push(stretch);
    else apart[apart.length - 1] = { start: last.start, end: Math.max(last.end, stretch.end), edits: [...last.edits, ...stretch.edits], grows: last.grows + stretch.grows };
  }
  return apart;
}

/** By their beginnings; of those that begin at one place the first of the list first. */
const inOrder = <One extends Span>(spans: readonly One[]): One[] =>
  spans.map((span, order) => ({ span, order })).sort((left, right) => left.span.start - right.span.start || left.order - right.order).map(({ span }) => span);
