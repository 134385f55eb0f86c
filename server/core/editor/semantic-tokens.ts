import type { World } from '../layout/scope.js';
import { treeOf, type Document, type Item } from '../syntax/document.js';
import type { AnyNode, Binder, Declaration, Member, Property, PropertyValue, Reference, Word } from '../syntax/nodes.js';
import { SELECTORS } from '../syntax/vocabulary.js';
import { walk } from '../syntax/walk.js';
import type { Span } from '../text/span.js';
import { likeOf, membersOf, NameKinds, type KindAnswer, type Question } from './name-kinds.js';

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

/** A file, and the texts around it. */
interface TokenFile {
  readonly path: string;
  readonly document: Document;
  readonly world: World;
}

/** The tokens of a document in order, or of those items that a span touches; offsets count in the document. */
export function tokensIn({ path, document, world }: TokenFile, within?: Span): Token[] {
  const kinds = new NameKinds(path, world);
  return document.items.flatMap((item, index) => {
    const base = document.starts[index] ?? 0;
    const end = document.starts[index + 1] ?? base;
    if (within && (end < within.start || base > within.end)) return [];
    return tokensOf(item, kinds).map((token) => ({ ...token, start: base + token.start, end: base + token.end })).filter(({ start, end: last }) => !within || (last >= within.start && start <= within.end));
  });
}

/** Tokens, and what other declarations were when they were found. */
interface Known {
  readonly tokens: readonly Token[];
  readonly answers: readonly KindAnswer[];
}

const known = new WeakMap<Item, Known>();

/** The tokens of an item, found once: an edit leaves those of all others, unless a name in them stands for something else then. */
function tokensOf(item: Item, kinds: NameKinds): readonly Token[] {
  const before = known.get(item);
  if (before && kinds.holds(before.answers)) return before.tokens;
  const answers: KindAnswer[] = [];
  const ask = (question: Question): string | undefined => {
    const keyword = kinds.answer(question);
    answers.push({ question, keyword });
    return keyword;
  };
  // What an outer node says of a word comes first, and goes before what an inner one says.
  const tokens = [...tokensAnew(item, ask)].sort((left, right) => left.start - right.start).filter(({ start }, index, all) => all[index - 1]?.start !== start);
  known.set(item, { tokens, answers });
  return tokens;
}

function* tokensAnew(item: Item, ask: Scene['ask']): Generator<Token> {
  const scene = { ask, blocks: [], base: undefined, binders: [], selects: false };
  for (const found of membersTokens(treeOf(item).members, scene, undefined)) if (found.end > found.start && !item.text.slice(found.start, found.end).includes('\n')) yield found;
}

/** Where names are looked up, from a place in an item. */
interface Scene {
  readonly ask: (question: Question) => string | undefined;
  /** The keywords of what stands in the blocks around, by name, innermost first. */
  readonly blocks: readonly ReadonlyMap<string, string>[];
  /** What the outermost declaration is like. */
  readonly base: Question | undefined;
  readonly binders: readonly Binder[];
  /** Whether `ram` alone stands for every `ram`. */
  readonly selects: boolean;
}

const token = (span: Span, type: TokenType, ...modifiers: Token['modifiers']): Token => ({ start: span.start, end: span.end, type, modifiers });

function* membersTokens(members: readonly Member[], scene: Scene, owner: Declaration | undefined): Generator<Token> {
  for (const member of members) {
    if (member.kind === 'declaration') yield* declarationTokens(member, scene, owner);
    if (member.kind === 'property') yield* propertyTokens(member, scene, owner);
  }
}

function* declarationTokens(declaration: Declaration, outer: Scene, owner: Declaration | undefined): Generator<Token> {
  const { keyword, name, head, properties, block } = declaration;
  const scene = sceneIn(declaration, outer, owner);
  yield token(keyword, 'keyword');
  if (name?.kind === 'word') yield tokenOfKind(name, keyword.text, 'declaration');
  if (head && !owner && keyword.text === 'policy') yield* declaredPolicy(head);
  if (head) yield* valueTokens(head, scene, HEADS.get(keyword.text));
  yield* membersTokens(properties, scene, declaration);
  yield* membersTokens(block?.members ?? [], scene, declaration);
}

function sceneIn(declaration: Declaration, outer: Scene, owner: Declaration | undefined): Scene {
  const binders = declaration.properties.flatMap((property) => (property.kind === 'property' && property.value?.kind === 'binders' ? property.value.binders : []));
  return {
    ask: outer.ask,
    blocks: [membersOf(declaration), ...outer.blocks],
    base: owner ? outer.base : likeOf(declaration),
    binders,
    selects: (owner ?? declaration).keyword.text === 'policy' || declaration.head?.kind === 'requirement',
  };
}

/** A policy at the top has its name in its head. */
const declaredPolicy = (head: PropertyValue): Token[] =>
  head.kind === 'names' ? head.names.slice(0, 1).flatMap((name) => (name.kind === 'reference' ? name.path.slice(0, 1) : [])).map((word) => token(word, 'class', 'declaration')) : [];

/** What names stand for after a keyword, whatever is called so. */
const HEADS: ReadonlyMap<string, string> = new Map([['assign', 'device'], ['bar', 'device'], ['policy', 'policy']]);

function* propertyTokens({ word, value }: Property, scene: Scene, owner: Declaration | undefined): Generator<Token> {
  yield token(word, 'property');
  if (value?.kind === 'word') yield token(value, 'enumMember');
  else if (value) yield* valueTokens(value, scene, kindAfter(word.text, owner?.keyword.text));
}

/** What names stand for after the word of a property, whatever is called so; nothing where it depends on the name. */
function kindAfter(word: string, owner: string | undefined): string | undefined {
  if (word === 'like') return owner;
  if (word === 'on') return owner === 'vm' ? 'host' : undefined;
  return word === 'behind' ? 'iommu' : HEADS.get(word);
}

function* valueTokens(value: PropertyValue, scene: Scene, kind: string | undefined): Generator<Token> {
  for (const node of walk(value)) yield* tokensAt(node, scene, kind);
}

/** What a node says of its own words; those inside of it speak for themselves. */
function tokensAt(node: AnyNode, scene: Scene, kind: string | undefined): Token[] {
  switch (node.kind) {
    case 'property':
      return [token(node.word, 'property'), ...(node.value?.kind === 'word' ? [token(node.value, 'enumMember')] : [])];
    case 'rule-names':
      return node.names.flatMap((name) => (name.kind === 'word' ? [token(name, 'decorator')] : []));
    case 'binder':
      return [token(node.name, 'parameter', 'declaration'), ...(node.selector.kind === 'word' ? [token(node.selector, 'enumMember')] : [])];
    case 'requirement':
      return node.name ? [token(node.name, 'decorator', 'declaration')] : [];
    case 'call':
      return node.callee.path.slice(-1).flatMap((word) => (word.kind === 'word' ? [token(word, 'function')] : []));
    case 'reference':
      return referenceTokens(node, scene, kind);
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

/** The first name is what it stands for; those behind a point are parts of it. */
const referenceTokens = ({ path }: Reference, scene: Scene, kind: string | undefined): Token[] =>
  path.flatMap((word, index) => (word.kind !== 'word' ? [] : index > 0 ? [token(word, 'property')] : [kind === undefined ? nameToken(word, scene) : tokenOfKind(word, kind)]));

function nameToken(word: Word, { binders, selects, blocks, base, ask }: Scene): Token {
  const name = word.text;
  if (binders.some((binder) => binder.name.text === name)) return token(word, 'parameter');
  if (selects && (SELECTORS as readonly string[]).includes(name)) return token(word, 'enumMember');
  const inside = blocks.find((block) => block.has(name))?.get(name);
  return tokenOfKind(word, inside ?? (base && ask({ ...base, member: name })) ?? (name === 'host' ? 'host' : ask({ table: 'names', name })));
}

const CLASSES: ReadonlySet<string> = new Set(['host', 'vm', 'policy', 'iommu', 'device', 'backing']);

function tokenOfKind(span: Span, keyword: string | undefined, ...modifiers: Token['modifiers']): Token {
  if (keyword === 'const') return token(span, 'variable', ...modifiers, 'readonly');
  return token(span, keyword !== undefined && CLASSES.has(keyword) ? 'class' : 'variable', ...modifiers);
}
