import type { TextEdit } from '../text/text-edit.js';
import { DEPTH_LIMIT } from './build.js';
import { parse } from './generated/parser.js';
import type { Block } from './nodes.js';

/**
 * A text as a list of items: top-level declarations with the lines that lead to them, each parsed from its own text and
 * remembered by it. An edit makes new items only where it falls, so the cost of a key does not grow with the document.
 */
export interface Document {
  readonly items: readonly Item[];
  /** Offset of each item; one more entry for the length of the whole. */
  readonly starts: readonly number[];
  /** Line of each item's first character, from 0; one more entry for the last line of the text. */
  readonly lines: readonly number[];
  /** True when the text is longer than `LENGTH_LIMIT`: then it is one item, which is not parsed. */
  readonly oversized: boolean;
  /** True when a block comment is never closed: then every edit may close it, and the whole is cut anew. */
  readonly unclosed: boolean;
}

/** A part of a document. Compared by identity: the same object means the same text at whatever place. */
export interface Item {
  readonly text: string;
  /** Number of line breaks in the text. */
  readonly breaks: number;
}

/** The longest text that is read, in UTF-16 units. */
export const LENGTH_LIMIT = 16 * 1024 * 1024;

export function openDocument(text: string): Document {
  return reopenDocument(text, []);
}

/** Cuts the whole text, and keeps those of the old items whose text is the same. */
function reopenDocument(text: string, old: readonly Item[]): Document {
  if (text.length > LENGTH_LIMIT) return documentOf([makeItem(text)], { oversized: true });
  const { pieces, unclosed } = split(text);
  return documentOf(reuse(pieces, old), { unclosed });
}

/** The document after an edit: `start` and `end` (exclusive) are offsets in the text as it was. */
export function editDocument(document: Document, start: number, end: number, newText: string): Document {
  const { items } = document;
  if (document.oversized || document.unclosed || items.length === 0) {
    const text = textOfDocument(document);
    return reopenDocument(text.slice(0, start) + newText + text.slice(end), items);
  }
  const touched = itemIndexAt(document, start);
  const first = Math.max(0, touched - 1);
  let next = Math.max(itemIndexAt(document, end), touched) + 1;
  const base = document.starts[first] ?? 0;
  const before = joinItems(items, first, next);
  let text = before.slice(0, start - base) + newText + before.slice(end - base);
  let cut = split(text, following(items, next));
  for (let more = 1; !cut.fits && next < items.length; more *= 2) {
    const upTo = Math.min(items.length, next + more);
    text += joinItems(items, next, upTo);
    next = upTo;
    cut = split(text, following(items, next));
  }
  const fresh = reuse(cut.pieces, items.slice(first, next));
  return limited(replaced(document, first, next, fresh, cut.unclosed));
}

/** The document after edits that don't overlap, in the offsets of the text as it was. */
export function editDocumentAll(document: Document, edits: readonly TextEdit[]): Document {
  const backwards = edits
    .map((edit, order) => ({ edit, order }))
    .sort((left, right) => right.edit.start - left.edit.start || right.order - left.order);
  return backwards.reduce((edited, { edit }) => editDocument(edited, edit.start, edit.end, edit.newText), document);
}

/** The items of a document that are kept, as a document of their own. */
export const partOfDocument = ({ items }: Document, isKept: (item: Item) => boolean): Document => documentOf(items.filter(isKept), {});

/** Some items in a row, as a document of their own. */
export const documentOfItems = (items: readonly Item[]): Document => documentOf(items, {});

export const textOfDocument = (document: Document): string => joinItems(document.items, 0, document.items.length);

export const lengthOf = (document: Document): number => document.starts.at(-1) ?? 0;

/** Index of the item an offset falls in; an offset between two belongs to the later one. */
export function itemIndexAt(document: Document, offset: number): number {
  let low = 0;
  let high = Math.max(0, document.items.length - 1);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((document.starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How many items two documents share at their beginnings and, besides those, at their ends. */
export function sharedItems(before: Document, after: Document): { readonly head: number; readonly tail: number } {
  const [old, young] = [before.items, after.items];
  const most = Math.min(old.length, young.length);
  let head = 0;
  while (head < most && old[head] === young[head]) head++;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === young[young.length - 1 - tail]) tail++;
  return { head, tail };
}

/** The items between those that two documents share. */
export interface EditedItems {
  /** Index of the first. */
  readonly from: number;
  readonly gone: readonly Item[];
  readonly fresh: readonly Item[];
}

export function editedItems(before: Document, after: Document): EditedItems {
  const { head, tail } = sharedItems(before, after);
  return { from: head, gone: before.items.slice(head, before.items.length - tail), fresh: after.items.slice(head, after.items.length - tail) };
}

/** Where an item was found last: mostly it is there still. */
const places = new WeakMap<Item, number>();

/** Which item of a document this is; nothing where it is none, as after an edit of its text. */
export function indexOfItem({ items }: Document, item: Item): number | undefined {
  const last = places.get(item);
  if (last !== undefined && items[last] === item) return last;
  const index = items.indexOf(item);
  if (index < 0) return undefined;
  places.set(item, index);
  return index;
}

const trees = new WeakMap<Item, Block>();

/** The tree of an item: parsed once. Never fails; damage is a node. */
export function treeOf(item: Item): Block {
  let tree = trees.get(item);
  if (!tree) {
    const { text } = item;
    tree = text.length > LENGTH_LIMIT ? unread(text) : parse(text, { tooDeep: tooDeepIn(text) });
    trees.set(item, tree);
  }
  return tree;
}

/** It is parsed anew when somebody asks for it. */
export const forgetTree = (item: Item): void => void trees.delete(item);

const unread = ({ length }: string): Block => ({ kind: 'block', start: 0, end: length, members: [], closed: true });

function documentOf(items: readonly Item[], flags: { oversized?: boolean; unclosed?: boolean }): Document {
  const starts: number[] = [];
  const lines: number[] = [];
  let offset = 0;
  let line = 0;
  for (const item of items) {
    starts.push(offset);
    lines.push(line);
    offset += item.text.length;
    line += item.breaks;
  }
  starts.push(offset);
  lines.push(line);
  return { items, starts, lines, oversized: flags.oversized ?? false, unclosed: flags.unclosed ?? false };
}

/** The document with other items in the place of some; what is behind them only moves. */
function replaced(document: Document, first: number, next: number, fresh: readonly Item[], unclosed: boolean): Document {
  const between = documentOf(fresh, { unclosed });
  const items = document.items.slice(0, first).concat(fresh, document.items.slice(next));
  return { ...between, items, starts: renumbered(document.starts, first, next, between.starts), lines: renumbered(document.lines, first, next, between.lines) };
}

function renumbered(all: readonly number[], first: number, next: number, between: readonly number[]): number[] {
  const from = all[first] ?? 0;
  const moved = from + (between.at(-1) ?? 0) - (all[next] ?? 0);
  const rest = all.slice(next);
  return all.slice(0, first).concat(between.slice(0, -1).map((each) => each + from), moved === 0 ? rest : rest.map((each) => each + moved));
}

function limited(document: Document): Document {
  return lengthOf(document) > LENGTH_LIMIT ? documentOf([makeItem(textOfDocument(document))], { oversized: true }) : document;
}

const makeItem = (text: string): Item => ({ text, breaks: countOf('\n', text) });

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}

function joinItems(items: readonly Item[], from: number, to: number): string {
  let text = '';
  for (let index = from; index < to; index++) text += items[index]?.text ?? '';
  return text;
}

/**
 * Items for the pieces; a piece whose text did not change keeps its item, counted from the front and from the back. No
 * item is kept twice: it would be in two places.
 */
function reuse(pieces: readonly string[], old: readonly Item[]): Item[] {
  const shift = old.length - pieces.length;
  const left = new Set(old);
  return pieces.map((text, index) => {
    const same = [old[index], old[index + shift]].find((item) => item !== undefined && item.text === text && left.has(item));
    if (same) left.delete(same);
    return same ?? makeItem(text);
  });
}

const TOKEN = /"(?:\\[^\n]|[^"\\\n])*"?|\/\/[^\n]*|\/\*|[{}\n]/g;
const STARTS_ITEM = /(?:import|const|host|vm|policy|device|backing)(?=[ \t\r\n]|$)/y;
const ALWAYS_STARTS_ITEM = /(?:import[ \t]+"|(?:vm|host)[ \t]+[A-Za-z_][\w-]*(?:[ \t]+(?:on|like)\b|[ \t]*\{))/y;

interface Cut {
  readonly pieces: string[];
  /** A block comment is never closed, neither here nor in what follows. */
  readonly unclosed: boolean;
  /** Whether what follows begins an item of its own, as it did before. */
  readonly fits: boolean;
}

/** The text after the part that is cut, as far as it matters. */
interface Following {
  readonly first: string;
  closesComment(): boolean;
}

function following(items: readonly Item[], next: number): Following | undefined {
  const first = items[next];
  if (!first) return undefined;
  return { first: first.text, closesComment: () => items.slice(next).some((item) => item.text.includes('*/')) };
}

/**
 * Cuts a text before each line that begins, in its first column, with the keyword of a top-level declaration, or with
 * the doc comment above one. Inside braces only `import`, `vm` and `host` do so, which can't stand there: an unbalanced
 * brace spoils one item, not the file.
 */
function split(text: string, rest?: Following): Cut {
  const pieces: string[] = [];
  let from = 0;
  let depth = 0;
  let afterDoc = text.startsWith('///');
  let unclosed = false;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token; token = TOKEN.exec(text)) {
    const mark = token[0];
    if (mark === '{') depth++;
    else if (mark === '}') depth = Math.max(0, depth - 1);
    else if (mark === '/*') {
      const close = text.indexOf('*/', token.index + 2);
      if (close >= 0) TOKEN.lastIndex = close + 2;
      else if (rest?.closesComment()) return { pieces, unclosed, fits: false };
      else unclosed = true;
    } else if (mark === '\n') {
      const line = token.index + 1;
      const cut = line < text.length && startsItem(text, line, depth, afterDoc);
      afterDoc = depth === 0 && text.startsWith('///', line);
      if (!cut) continue;
      pieces.push(text.slice(from, line));
      from = line;
      depth = 0;
    }
  }
  if (from < text.length || pieces.length === 0) pieces.push(text.slice(from));
  const docAbove = depth === 0 && lastLineOf(text).startsWith('///');
  const fits = !rest || (text.endsWith('\n') && startsItem(rest.first, 0, depth, docAbove));
  return { pieces, unclosed, fits };
}

/** Whether the line at this offset begins an item. */
function startsItem(text: string, line: number, depth: number, afterDoc: boolean): boolean {
  if (depth === 0 && afterDoc) return false;
  if (depth === 0 && text.startsWith('///', line)) return true;
  const pattern = depth === 0 ? STARTS_ITEM : ALWAYS_STARTS_ITEM;
  pattern.lastIndex = line;
  return pattern.test(text);
}

/** The last whole line of a text that ends in a line break. */
const lastLineOf = (text: string): string => text.slice(text.lastIndexOf('\n', text.length - 2) + 1);

/** Offsets of the braces and parentheses that open more than `DEPTH_LIMIT` levels deep. */
function tooDeepIn(text: string): ReadonlySet<number> {
  const deep = new Set<number>();
  if (countOf('(', text) + countOf('{', text) <= DEPTH_LIMIT) return deep;
  let depth = 0;
  for (const token of text.matchAll(/"(?:\\[^\n]|[^"\\\n])*"?|\/\/[^\n]*|[(){}]/g)) {
    if (token[0] === '(' || token[0] === '{') {
      if (++depth > DEPTH_LIMIT) deep.add(token.index);
    } else if (token[0] === ')' || token[0] === '}') {
      depth = Math.max(0, depth - 1);
    }
  }
  return deep;
}
