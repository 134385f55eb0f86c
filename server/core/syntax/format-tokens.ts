import type { AnyNode, Block } from './nodes.js';
import { walk } from './walk.js';
import type { Span } from '../text/span.js';

/** What a formatter moves around: a word, a mark or a comment, as it should be written. */
export interface Token extends Span {
  readonly text: string;
  readonly kind: TokenKind;
}

/** `callee` stands close before `(`, and `prefix` before its operand; a `comment` may span lines, a `line-comment` ends its own. */
export type TokenKind = 'word' | 'callee' | 'operator' | 'prefix' | 'mark' | 'comment' | 'line-comment';

/** The tokens of an item in order; everything between them is white space. */
export function tokensOf(text: string, tree: Block): Token[] {
  const atoms = atomsIn(text, tree);
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const start = at + spaceAt(text, at);
    if (start >= text.length) break;
    const token = atoms.get(start) ?? markAt(text, start);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

const SPACE = /[ \t\r\n\u00a0\ufeff]*/y;
const COMMENT = /\/\/[^\n\r]*|\/\*[^]*?\*\//y;
const MARK = /\.\.=?|<<|>>|<=|>=|==|!=|[A-Za-z_]\w*(?:-[A-Za-z]\w*)*|[^]/uy;

function spaceAt(text: string, at: number): number {
  SPACE.lastIndex = at;
  return SPACE.exec(text)?.[0].length ?? 0;
}

function markAt(text: string, start: number): Token {
  COMMENT.lastIndex = start;
  const comment = COMMENT.exec(text)?.[0];
  if (comment !== undefined) return { start, end: start + comment.length, text: comment.trimEnd(), kind: comment.startsWith('//') ? 'line-comment' : 'comment' };
  MARK.lastIndex = start;
  const mark = MARK.exec(text)?.[0] ?? text.charAt(start);
  return { start, end: start + mark.length, text: mark, kind: /^\w/.test(mark) ? 'word' : 'mark' };
}

/** Leaves of the tree, which are written in one piece. */
function atomsIn(text: string, tree: Block): Map<number, Token> {
  const atoms = new Map<number, Token>();
  const keep = (token: Token): void => void (atoms.has(token.start) || atoms.set(token.start, token));
  // An operator is a word, too: what it joins comes before it in the walk.
  for (const node of walk(tree)) {
    const written = atomText(node, text);
    const callee = node.kind === 'call' ? node.callee.path.at(-1) : undefined;
    if (callee?.kind === 'word') keep({ ...callee, kind: 'callee' });
    if (node.kind === 'binary') keep({ ...node.operator, kind: 'operator' });
    if (node.kind === 'unary' && node.operator.text === '~') keep({ ...node.operator, kind: 'prefix' });
    if (written !== undefined && node.end > node.start) keep({ start: node.start, end: node.end, text: written, kind: 'word' });
  }
  return atoms;
}

function atomText(node: AnyNode, text: string): string | undefined {
  const written = text.slice(node.start, node.end);
  switch (node.kind) {
    case 'integer':
      // `1GiB` and `1  GiB` are `1 GiB`; a loose unit is left to the rule that tells it.
      return node.unit !== undefined && node.exact === undefined ? written.replace(/[ \t]*(?=(?:[KMGTPE]iB|B)$)/, ' ') : written;
    case 'word':
    case 'text':
    case 'decimal':
    case 'percent':
    case 'date':
      return written;
    default:
      return undefined;
  }
}

/** White space that two tokens of a line have at least between them. */
export function gapBetween(before: Token, after: Token): '' | ' ' {
  if (after.kind === 'mark' && [',', ';', ')', ':'].includes(after.text)) return '';
  if (before.kind === 'prefix' || (before.kind === 'mark' && before.text === '(')) return '';
  if ([before, after].some(({ kind, text }) => kind === 'mark' && text === '.')) return '';
  return before.kind === 'callee' && after.text === '(' ? '' : ' ';
}

/** Where a text is damaged, so that nobody knows what its parts mean. */
export function damageIn(tree: Block): { readonly spans: readonly Span[]; readonly whole: boolean } {
  const spans: Span[] = [];
  let whole = false;
  for (const node of walk(tree)) {
    if (node.kind === 'missing' || node.kind === 'skipped') spans.push(node);
    if ((node.kind === 'text' || node.kind === 'group' || node.kind === 'call') && !node.closed) spans.push(node);
    if (node.kind === 'block' && !node.closed) whole = true;
    if (node.kind === 'skipped' && node.reason !== 'unexpected') whole = true;
  }
  return { spans, whole };
}

/** Offsets at which statements begin: a line that begins elsewhere goes on with what is above it. */
export function statementStarts(tree: Block): ReadonlySet<number> {
  const starts = new Set<number>();
  for (const node of walk(tree)) {
    if (node.kind !== 'block') continue;
    for (const member of node.members) {
      starts.add(member.start);
      if (member.kind === 'declaration') starts.add(member.keyword.start);
    }
  }
  return starts;
}
