import type { TextEdit } from '../text/text-edit.js';
import { documentOfItems, itemIndexAt, type Document } from './document.js';
import { columnKey, linesIn, type SourceLine } from './format-lines.js';
import type { Token } from './format-tokens.js';

/** A line with a comment behind it that stands in one column with others. */
interface Aligned {
  readonly line: SourceLine;
  readonly comment: Token;
  readonly column: string;
  /** One past what stands before the comment. */
  readonly end: number;
  /** Characters that edits make it longer by before the comment; nothing where they do more than that. */
  readonly grows: number | undefined;
}

/** What moves comments behind lines that edits make longer or shorter, so that they stay in their columns: farther right where they have to. */
export function realigned(document: Document, edits: readonly TextEdit[]): TextEdit[] {
  const items = new Set(edits.flatMap(({ start, end }) => [itemIndexAt(document, start), itemIndexAt(document, end)]));
  return [...items].flatMap((index) => {
    const item = document.items[index];
    const base = document.starts[index] ?? 0;
    if (!item) return [];
    const own = edits.map((edit) => ({ ...edit, start: edit.start - base, end: edit.end - base }));
    const aligned = alignedIn(documentOfItems([item]), own);
    const columns = [...new Set(aligned.map(({ column }) => column))].map((column) => aligned.filter((each) => each.column === column));
    return columns.flatMap(inOneColumn).map((edit) => ({ ...edit, start: edit.start + base, end: edit.end + base }));
  });
}

function alignedIn(document: Document, edits: readonly TextEdit[]): Aligned[] {
  return linesIn(document).flatMap((line) => {
    const [before, comment] = line.tokens.slice(-2);
    if (line.verbatim || !before || comment?.kind !== 'line-comment' || !line.columns.has(columnKey(comment, line))) return [];
    return [{ line, comment, column: `${line.indent} ${columnKey(comment, line)}`, end: before.end, grows: growthOf(line, before.end, comment, edits) }];
  });
}

function growthOf(line: SourceLine, end: number, comment: Token, edits: readonly TextEdit[]): number | undefined {
  const own = edits.filter((edit) => edit.start < comment.end && edit.end > line.start);
  const isSimple = own.every((edit) => edit.start >= line.start && edit.end <= end && !edit.newText.includes('\n'));
  return isSimple ? own.reduce((sum, edit) => sum + edit.newText.length - (edit.end - edit.start), 0) : undefined;
}

/** Columns that a whole column of comments is moved by at most; a line that is longer leaves it. */
const MOST_MOVED = 24;

/** The blanks before the comments of a column, where one of its lines is edited. */
function inOneColumn(column: readonly Aligned[]): TextEdit[] {
  const kept = column.flatMap(({ grows, ...rest }) => (grows === undefined || rest.end + grows >= rest.comment.start + MOST_MOVED ? [] : [{ ...rest, grows }]));
  if (kept.length < 2 || kept.every(({ grows }) => grows === 0)) return [];
  const gap = Math.min(...column.map(({ comment, end }) => comment.start - end));
  const missing = Math.max(...kept.map(({ comment, end, grows }) => end + grows + 1 - comment.start));
  // Where one has no room left, all move, and are as near as they were.
  const by = missing > 0 ? missing + gap - 1 : 0;
  return kept.flatMap(({ comment, end, grows }) =>
    by === grows ? [] : [{ start: end, end: comment.start, newText: ' '.repeat(comment.start - end + by - grows) }]);
}
