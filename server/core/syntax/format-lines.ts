import { treeOf, type Document, type Item } from './document.js';
import { LineIndex } from '../text/line-index.js';
import type { Span } from '../text/span.js';
import { damageIn, gapBetween, statementStarts, tokensOf, type Token } from './format-tokens.js';

/** A line of a text, as it is and as what it should look like depends on. */
export interface SourceLine {
  /** Offset of its first character, and of its break. */
  readonly start: number;
  readonly end: number;
  /** Its tokens; a comment that began above is none of them. */
  readonly tokens: readonly Token[];
  /** Blanks it begins with when it is formatted. */
  readonly indent: number;
  /** Damaged, or inside a comment: it stays as it is. */
  readonly verbatim: boolean;
  /** Columns at which several lines of the declaration with this indentation have a token, as `columnKey` writes them. */
  readonly columns: ReadonlySet<string>;
}

const STEP = 2;
/** A line that goes on with the statement above stands farther in than a block would. */
const CONTINUATION = 4;

/** The lines of a document, cut at `\n`. */
export function linesIn(document: Document): SourceLine[] {
  return document.items.flatMap((item, index) => withColumns(linesOfItem(item, document.starts[index] ?? 0, index === document.items.length - 1)));
}

type Uncounted = Omit<SourceLine, 'columns'>;

/** Columns count from the first token, so that lines that are moved to the right stay aligned. */
const columnOf = (token: Token, { tokens }: Uncounted): number => token.start - (tokens[0]?.start ?? 0);

/** Comments are aligned with comments only, and words with words. */
export const columnKey = (token: Token, line: Uncounted): string => `${token.kind === 'line-comment' ? '//' : ''}${columnOf(token, line)}`;

function withColumns(lines: readonly Uncounted[]): SourceLine[] {
  const seen = new Map<number, Set<string>>();
  const shared = new Map<number, Set<string>>();
  for (const line of lines.filter(({ verbatim }) => !verbatim)) {
    const once = seen.get(line.indent) ?? new Set<string>();
    const again = shared.get(line.indent) ?? new Set<string>();
    seen.set(line.indent, once);
    shared.set(line.indent, again);
    for (const token of line.tokens.slice(1)) (once.has(columnKey(token, line)) ? again : once).add(columnKey(token, line));
  }
  return lines.map((line) => ({ ...line, columns: shared.get(line.indent) ?? new Set() }));
}

/** The last line of an item ends with its break, but for that of the whole text. */
function linesOfItem(item: Item, base: number, isLast: boolean): Uncounted[] {
  const { text } = item;
  const tree = treeOf(item);
  const { spans, whole } = damageIn(tree);
  const damaged = linesOfSpans(spans, text);
  const starts = statementStarts(tree);
  const tokens = tokensOf(text, tree);
  const lines: Uncounted[] = [];
  let next = 0;
  let depth = 0;
  let open = 0;
  for (const { start, end } of linesOf(text, isLast)) {
    const inside = (tokens[next - 1]?.end ?? 0) > start;
    const first = next;
    while ((tokens[next]?.start ?? Infinity) < end) next++;
    const own = tokens.slice(first, next);
    const closers = own.findIndex(({ text: mark }) => mark !== '}');
    const level = Math.max(0, depth - (closers < 0 ? own.length : closers));
    // A `(` that is never closed ends where the next statement begins, and with its block.
    if (own[0] && (starts.has(own[0].start) || isBrace(own[0]))) open = 0;
    const goesOn = own[0] !== undefined && (open > 0 || !(starts.has(own[0].start) || isFree(own[0])));
    lines.push({
      start: base + start,
      end: base + end,
      tokens: own.map((token) => ({ ...token, start: base + token.start, end: base + token.end, text: token.end > end ? text.slice(token.start, end).trimEnd() : token.text })),
      indent: level * STEP + (goesOn ? CONTINUATION : 0),
      verbatim: whole || inside || damaged.has(lines.length),
    });
    for (const { kind, text: mark } of own) {
      if (kind !== 'mark') continue;
      if (mark === '{') depth++;
      if (mark === '}') depth = Math.max(0, depth - 1);
      if (mark === '{' || mark === '}') open = 0;
      if (mark === '(') open++;
      if (mark === ')') open = Math.max(0, open - 1);
    }
  }
  return lines;
}

/** Numbers of the lines that spans touch, from 0. */
function linesOfSpans(spans: readonly Span[], text: string): ReadonlySet<number> {
  const index = new LineIndex(text);
  const lines = new Set<number>();
  for (const { start, end } of spans) {
    const last = index.positionOf(end).line;
    for (let line = index.positionOf(start).line; line <= last; line++) lines.add(line);
  }
  return lines;
}

const isBrace = ({ kind, text }: Token): boolean => kind === 'mark' && (text === '{' || text === '}');

/** Comments, braces and `;` belong to the block that they stand in. */
const isFree = ({ kind, text }: Token): boolean => kind === 'line-comment' || kind === 'comment' || (kind === 'mark' && '{};'.includes(text));

function linesOf(text: string, isLast: boolean): { start: number; end: number }[] {
  const lines: { start: number; end: number }[] = [];
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    lines.push({ start, end });
    start = end + 1;
  }
  if (isLast || start < text.length) lines.push({ start, end: text.length });
  return lines;
}

/** Where the comment at the end of a line stood, and stands now. */
export interface CommentColumns {
  readonly before: number;
  readonly after: number;
}

/**
 * A line with its indentation and the white space between its tokens put right. Columns that the user has aligned with
 * another line are kept, and so is a comment that goes on under the one above.
 */
export function formattedLine(line: SourceLine, text: string, comment: CommentColumns | undefined): string {
  const { tokens, indent } = line;
  const [first] = tokens;
  if (!first) return '';
  const isUnderComment = comment && tokens.length === 1 && first.kind === 'line-comment' && first.start - line.start === comment.before && comment.before > indent;
  let written = ' '.repeat(isUnderComment ? comment.after : indent) + first.text;
  let depth = first.text === '{' ? 1 : 0;
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    if (!before) continue;
    written += whiteSpace(before, token, { line, text, depth, length: written.length }) + token.text;
    if (token.kind === 'mark' && token.text === '{') depth++;
    if (token.kind === 'mark' && token.text === '}') depth--;
  }
  return written.trimEnd();
}

interface Surroundings {
  readonly line: SourceLine;
  readonly text: string;
  /** Blocks that were opened on this line and are open still. */
  readonly depth: number;
  /** Characters written so far. */
  readonly length: number;
}

function whiteSpace(before: Token, token: Token, { line, text, depth, length }: Surroundings): string {
  const blanks = token.start - before.end;
  const gap = gapBetween(before, token);
  if (blanks < 2 || gap === '') return gap;
  const isAligned = line.columns.has(columnKey(token, line)) && !text.slice(before.end, token.start).includes('\t');
  if (isAligned) return ' '.repeat(Math.max(1, line.indent + columnOf(token, line) - length));
  // Two blanks set the members of a one-line block apart.
  const isSeparator = depth > 0 && [before, token].every(({ kind, text: mark }) => kind === 'word' || mark === ')') && token.kind === 'word';
  return isSeparator ? '  ' : gap;
}
