import { itemIndexAt, treeOf, type Document, type Item } from '../syntax/document.js';
import type { AnyNode } from '../syntax/nodes.js';
import { touches, type Span } from '../text/span.js';
import { pathTo } from '../syntax/walk.js';

/** A place between two characters, and the nodes around it. */
export interface Cursor {
  readonly item: Item;
  /** Offset of the item in the document. */
  readonly base: number;
  /** Offset of the cursor in the item. */
  readonly offset: number;
  /** Outermost first; never empty. */
  readonly nodes: readonly AnyNode[];
}

/** The cursor at an offset of the document. Between two nodes that touch, a name comes before a number, that before all else. */
export function cursorAt(document: Document, offset: number): Cursor | undefined {
  const index = itemIndexAt(document, offset);
  const item = document.items[index];
  if (!item) return undefined;
  const base = document.starts[index] ?? 0;
  return { item, base, offset: offset - base, nodes: nodesAround(item, offset - base) };
}

/** The innermost node at the cursor, and those around it from the inside out. */
export function insideOut({ nodes }: Cursor): [leaf: AnyNode | undefined, parent: AnyNode | undefined, grandparent: AnyNode | undefined] {
  return [nodes.at(-1), nodes.at(-2), nodes.at(-3)];
}

/** A span of the item, in the offsets of the document. */
export const inDocument = ({ base }: Cursor, { start, end }: Span): Span => ({ start: base + start, end: base + end });

function nodesAround(item: Item, offset: number): AnyNode[] {
  const tree = treeOf(item);
  const here = pathTo(tree, offset);
  const before = offset > 0 ? pathTo(tree, offset - 1) : here;
  const [leafHere, leafBefore] = [here.at(-1), before.at(-1)];
  return leafBefore && touches(leafBefore, offset) && weight(leafBefore) > weight(leafHere) ? before : here;
}

function weight(node: AnyNode | undefined): number {
  if (node?.kind === 'word') return /^[A-Za-z_]/.test(node.text) ? 3 : 1;
  return node?.kind === 'integer' || node?.kind === 'decimal' || node?.kind === 'percent' || node?.kind === 'text' ? 2 : 0;
}
