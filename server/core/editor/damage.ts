import { itemIndexAt, treeOf, type Document, type Item } from '../syntax/document.js';
import type { AnyNode } from '../syntax/nodes.js';
import { pathTo } from '../syntax/walk.js';

/** The letters that stand for the word to be: a name that means nothing, so that no grammar rule takes it for a word of its own. */
const MARK = 'Qz';

/**
 * A text in the middle of a word, read as if the word were there. Where somebody types, the text is damaged nearly
 * always; with a name in the place of the cursor it has the tree that it is about to have.
 */
export interface Unfinished {
  /** An item that is in no document. */
  readonly item: Item;
  /** The nodes around the mark, outermost first. */
  readonly nodes: readonly AnyNode[];
  /** What is typed of the word so far. */
  readonly typed: string;
  /** Offset of the word in the document. */
  readonly start: number;
  /** The text of the item before the word. */
  readonly before: string;
}

export function unfinishedAt(document: Document, offset: number): Unfinished | undefined {
  const index = itemIndexAt(document, offset);
  const text = document.items[index]?.text;
  if (text === undefined) return undefined;
  const base = document.starts[index] ?? 0;
  const upTo = text.slice(0, offset - base);
  const typed = /(?:\bpolicy\/[\w-]*|[A-Za-z_][\w-]*)$/.exec(upTo)?.[0] ?? '';
  const before = upTo.slice(0, upTo.length - typed.length);
  const marked = before + MARK + text.slice(offset - base);
  const item: Item = { text: marked, breaks: 0 };
  return { item, nodes: pathTo(treeOf(item), before.length + 1), typed, start: base + before.length, before };
}

/** Whether the end of a text is in code, in a comment, or in a string that is not closed. */
export function endsIn(text: string): 'code' | 'comment' | 'string' {
  for (const match of text.matchAll(/"(?:\\[^\n]|[^"\\\n])*("|\\?$)?|\/\/[^\n]*|\/\*(?:[^]*?\*\/|[^]*$)/g)) {
    const token = match[0];
    if (match.index + token.length < text.length) continue;
    if (token.startsWith('"')) return match[1] === '"' && token.length > 1 ? 'code' : 'string';
    if (token.startsWith('//') || !token.endsWith('*/') || token.length < 4) return 'comment';
  }
  return 'code';
}

/** A text with blanks for its strings and comments: what they hold is no code. */
export const codeOf = (text: string): string =>
  text.replace(/"(?:\\[^\n]|[^"\\\n])*"?|\/\/[^\n]*|\/\*[^]*?\*\//g, (each) => ' '.repeat(each.length));

/** Whether a parenthesis is open at the end of a text. */
export function isInParentheses(text: string): boolean {
  let depth = 0;
  for (const character of codeOf(text)) depth += character === '(' ? 1 : character === ')' && depth > 0 ? -1 : 0;
  return depth > 0;
}
