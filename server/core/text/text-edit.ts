/** Replaces the text between two offsets, `end` exclusive. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/** Applies edits that don't overlap, in any order. Two insertions at one place keep the order of the list. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits
    .map((edit, order) => ({ edit, order }))
    .sort((left, right) => left.edit.start - right.edit.start || left.order - right.order);
  let result = '';
  let from = 0;
  for (const { edit } of ordered) {
    if (edit.start < from) throw new RangeError('edits overlap');
    result += text.slice(from, edit.start) + edit.newText;
    from = edit.end;
  }
  return result + text.slice(from);
}
