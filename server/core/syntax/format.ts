import { openDocument, textOfDocument, treeOf, type Document } from './document.js';
import type { AnyNode } from './nodes.js';
import { pathTo } from './walk.js';
import type { Span } from '../text/span.js';
import { lineBreakIn, lineStart, nextLine } from '../text/lines.js';
import { applyEdits, type TextEdit } from '../text/text-edit.js';
import { formattedLine, linesIn, type CommentColumns, type SourceLine } from './format-lines.js';

/**
 * Formats a text: the edits of its lines. It never joins or splits a line and never moves a comment; the tree stays what it
 * is, and what is damaged is left alone. Formatting twice is formatting once.
 */
export function formatDocument(document: Document): TextEdit[] {
  if (document.oversized) return [];
  const text = textOfDocument(document);
  const settled = settle(linesOf(text), document);
  const formatted = settled.map(({ text: line }) => line).join('');
  if (formatted === text) return [];
  return sameMeaning(document, openDocument(formatted)) ? editsTo(settled, text) : [];
}

/** The edits of those lines that a range touches. */
export function formatRange(document: Document, range: Span): TextEdit[] {
  const text = textOfDocument(document);
  const start = lineStart(text, range.start);
  const end = nextLine(text, Math.max(range.start, range.end - 1));
  return formatDocument(document).filter((edit) => edit.start >= start && edit.end <= end);
}

/** What to do when a `}` was typed before this offset: the lines of the block that it closes. */
export function formatClosedBlock(document: Document, offset: number): TextEdit[] {
  const text = textOfDocument(document);
  if (text[offset - 1] !== '}') return [];
  const index = document.items.findIndex((_, at) => (document.starts[at + 1] ?? 0) >= offset);
  const item = document.items[index];
  const base = document.starts[index] ?? 0;
  const block = item && pathTo(treeOf(item), offset - base).findLast((node: AnyNode) => node.kind === 'block' && node.end === offset - base);
  return block ? formatRange(document, { start: base + block.start, end: offset }) : [];
}

/** What to do when a line was left by a break: the edits within the last line that says something. Nothing is taken away below it. */
export function formatFinishedLine(document: Document, offset: number): TextEdit[] {
  const text = textOfDocument(document);
  const below = lineStart(text, offset);
  const start = lineStart(text, below - 1);
  if (below === 0 || text.slice(start, below).trim() === '') return [];
  return formatRange(document, { start, end: below }).filter((edit) => edit.end < below);
}

/** A line of the text as it was, and what it is now, with its break. */
interface Line extends Span {
  readonly text: string;
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const end = nextLine(text, start);
    lines.push({ start, end, text: text.slice(start, end) });
    start = end;
  }
  return lines;
}

/** A column that is given up may have been what another was aligned with: more rounds than this no text needs. */
const MOST_ROUNDS = 8;

function settle(lines: readonly Line[], document: Document): readonly Line[] {
  let now = lines;
  let round = document;
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
    const next = once(now, round);
    if (next.length === now.length && next.every((line, index) => line.text === now[index]?.text)) break;
    now = next;
    round = openDocument(next.map(({ text }) => text).join(''));
  }
  return now;
}

function once(lines: readonly Line[], document: Document): Line[] {
  const text = textOfDocument(document);
  const sources = linesIn(document);
  const ending = lineBreakIn(text);
  let comment: CommentColumns | undefined;
  const formatted = lines.map((line, index): Line => {
    const source = sources[index];
    if (!source || source.verbatim) return line;
    const body = formattedLine(source, text, comment);
    comment = commentColumns(source, body);
    return { ...line, text: body + (/\r?\n$/.exec(line.text)?.[0] ?? ending) };
  });
  return withoutSpareBlanks(formatted, sources);
}

function commentColumns({ tokens, start }: SourceLine, body: string): CommentColumns | undefined {
  const last = tokens.at(-1);
  return last?.kind === 'line-comment' ? { before: last.start - start, after: body.length - last.text.length } : undefined;
}

/** Of several blank lines one is left, and none at the beginning and at the end. */
function withoutSpareBlanks(lines: readonly Line[], sources: readonly SourceLine[]): Line[] {
  const isBlank = (index: number): boolean => lines[index]?.text.trim() === '' && !sources[index]?.verbatim;
  const last = lines.findLastIndex((_, index) => !isBlank(index));
  return lines.filter((_, index) => index <= last && !(isBlank(index) && (index === 0 || isBlank(index - 1))));
}

/** Edits of lines, each only as far as it differs. */
function editsTo(lines: readonly Line[], text: string): TextEdit[] {
  const edits: TextEdit[] = [];
  let at = 0;
  for (const line of lines) {
    if (line.start > at) edits.push({ start: at, end: line.start, newText: '' });
    const before = text.slice(line.start, line.end);
    if (before !== line.text) edits.push(difference(before, line.text, line.start));
    at = line.end;
  }
  if (at < text.length) edits.push({ start: at, end: text.length, newText: '' });
  return edits;
}

function difference(before: string, after: string, offset: number): TextEdit {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { start: offset + head, end: offset + before.length - tail, newText: after.slice(head, after.length - tail) };
}

/** Whether two documents have the same trees but for their places. */
const sameMeaning = (before: Document, after: Document): boolean => meaningOf(before) === meaningOf(after);

const meaningOf = (document: Document): string =>
  JSON.stringify(document.items.flatMap((item) => treeOf(item).members), (key, value: unknown) => (key === 'start' || key === 'end' ? undefined : typeof value === 'bigint' ? `${value}` : value));

/** The text as it should be written. */
export const formattedText = (text: string): string => applyEdits(text, formatDocument(openDocument(text)));
