import { treeOf, type Document, type Item } from '../syntax/document.js';
import type { AnyNode, Declaration, Word } from '../syntax/nodes.js';
import { walk } from '../syntax/walk.js';
import type { Span } from '../text/span.js';

/** The kinds of tokens, as the protocol names them; their order is part of what is sent. */
export const TOKEN_TYPES = ['keyword', 'property', 'enumMember', 'class', 'variable', 'function', 'decorator', 'number', 'string', 'operator', 'parameter'] as const;

export type TokenType = (typeof TOKEN_TYPES)[number];

/** What may be said of a token besides, as bits in this order. */
export const TOKEN_MODIFIERS = ['declaration', 'readonly'] as const;

/** A token on one line; offsets count in its item, or in the document where it says so. */
export interface Token extends Span {
  readonly type: TokenType;
  readonly modifiers: readonly (typeof TOKEN_MODIFIERS)[number][];
}

/** The tokens of a document in order, or of those items that a span touches; offsets count in the document. */
export function tokensIn(document: Document, within?: Span): Token[] {
  return document.items.flatMap((item, index) => {
    const base = document.starts[index] ?? 0;
    const end = document.starts[index + 1] ?? base;
    if (within && (end < within.start || base > within.end)) return [];
    return tokensOf(item).map((token) => ({ ...token, start: base + token.start, end: base + token.end })).filter(({ start, end: last }) => !within || (last >= within.start && start <= within.end));
  });
}

const known = new WeakMap<Item, readonly Token[]>();

/** The tokens of an item, found once: an edit leaves those of all others. */
function tokensOf(item: Item): readonly Token[] {
  // What an outer node says of a word comes first, and goes before what an inner one says.
  const tokens = known.get(item) ?? [...tokensAnew(item)].sort((left, right) => left.start - right.start).filter(({ start }, index, all) => all[index - 1]?.start !== start);
  known.set(item, tokens);
  return tokens;
}

function* tokensAnew(item: Item): Generator<Token> {
  for (const node of walk(treeOf(item))) {
    for (const token of tokensAt(node)) if (token.end > token.start && !item.text.slice(token.start, token.end).includes('\n')) yield token;
  }
}

const token = (span: Span, type: TokenType, ...modifiers: Token['modifiers']): Token => ({ start: span.start, end: span.end, type, modifiers });

/** What a node says of its own words; those inside of it speak for themselves. */
function tokensAt(node: AnyNode): Token[] {
  switch (node.kind) {
    case 'declaration':
      return [token(node.keyword, 'keyword'), ...nameTokens(node)];
    case 'property':
      return [token(node.word, 'property'), ...(node.value?.kind === 'word' ? [token(node.value, 'enumMember')] : [])];
    case 'rule-names':
      return node.names.flatMap((name) => (name.kind === 'word' ? [token(name, 'decorator')] : []));
    case 'binder':
      return [token(node.name, 'parameter', 'declaration'), ...(node.selector.kind === 'word' ? [token(node.selector, 'enumMember')] : [])];
    case 'requirement':
      return node.name ? [token(node.name, 'decorator', 'declaration')] : [];
    case 'call':
      return lastWord(node.callee.path, 'function');
    case 'reference':
      return node.path.flatMap((word) => (word.kind === 'word' ? [token(word, 'variable')] : []));
    case 'binary':
    case 'unary':
      return [token(node.operator, 'operator')];
    case 'integer':
    case 'decimal':
    case 'percent':
    case 'date':
      return [token(node, 'number')];
    case 'text':
      return [token(node, 'string')];
    default:
      return [];
  }
}

const lastWord = (path: readonly (Word | { readonly kind: 'missing' })[], type: TokenType): Token[] => {
  const word = path.at(-1);
  return word?.kind === 'word' ? [token(word, type)] : [];
};

const TYPES: ReadonlySet<string> = new Set(['host', 'vm', 'policy', 'iommu', 'device', 'backing']);

function nameTokens({ keyword, name }: Declaration): Token[] {
  if (name?.kind !== 'word') return [];
  if (keyword.text === 'const') return [token(name, 'variable', 'declaration', 'readonly')];
  return [token(name, TYPES.has(keyword.text) ? 'class' : 'variable', 'declaration')];
}
