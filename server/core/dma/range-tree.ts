import type { Range } from '../layout/intervals.js';

/**
 * Disjoint ranges with a value each, ordered by address: an immutable balanced tree. Inserting, removing and
 * finding take O(log n) and share everything else with the tree before, so a plan can try each hot-plug on a
 * copy of a full container of 65535 mappings for nothing.
 *
 * Weight-balanced with the parameters (3, 2) of Hirai and Yamamoto, "Balancing weight-balanced trees", 2011.
 */
export type RangeTree<T> = Node<T> | undefined;

interface Node<T> {
  readonly range: Range;
  readonly value: T;
  readonly left: RangeTree<T>;
  readonly right: RangeTree<T>;
  readonly size: number;
}

/** Number of ranges. */
export const sizeOfTree = <T>(tree: RangeTree<T>): number => tree?.size ?? 0;

/** The tree with one more range, which must share no byte with the others. */
export function insertRange<T>(tree: RangeTree<T>, range: Range, value: T): RangeTree<T> {
  if (!tree) return node(undefined, range, value, undefined);
  return range.base < tree.range.base
    ? balance(insertRange(tree.left, range, value), tree, tree.right)
    : balance(tree.left, tree, insertRange(tree.right, range, value));
}

/** The tree without the range that begins at `base`, if there is one. */
export function removeRange<T>(tree: RangeTree<T>, base: bigint): RangeTree<T> {
  if (!tree) return undefined;
  if (base < tree.range.base) return balance(removeRange(tree.left, base), tree, tree.right);
  if (base > tree.range.base) return balance(tree.left, tree, removeRange(tree.right, base));
  const next = firstNode(tree.right);
  return next ? balance(tree.left, next, removeRange(tree.right, next.range.base)) : tree.left;
}

/** The lowest range that shares a byte with `range`. */
export function findOverlap<T>(tree: RangeTree<T>, range: Range): T | undefined {
  let found: T | undefined;
  for (let at = tree; at; ) {
    if (at.range.end <= range.base) {
      at = at.right;
    } else {
      if (at.range.base < range.end) found = at.value;
      at = at.left;
    }
  }
  return found;
}

/** All values in the order of their addresses. */
export function* valuesOf<T>(tree: RangeTree<T>): Generator<T> {
  if (!tree) return;
  yield* valuesOf(tree.left);
  yield tree.value;
  yield* valuesOf(tree.right);
}

function firstNode<T>(tree: RangeTree<T>): RangeTree<T> {
  let first = tree;
  while (first?.left) first = first.left;
  return first;
}

const node = <T>(left: RangeTree<T>, range: Range, value: T, right: RangeTree<T>): Node<T> =>
  ({ range, value, left, right, size: sizeOfTree(left) + sizeOfTree(right) + 1 });

/** `middle` between two subtrees, one of which has gained or lost a single range. */
function balance<T>(left: RangeTree<T>, middle: Node<T>, right: RangeTree<T>): Node<T> {
  if (right && isHeavier(right, left)) return rotateLeft(left, middle, right);
  if (left && isHeavier(left, right)) return rotateRight(left, middle, right);
  return node(left, middle.range, middle.value, right);
}

/** Weights are sizes plus one; a side may weigh three times the other. */
const isHeavier = <T>(side: RangeTree<T>, other: RangeTree<T>): boolean =>
  sizeOfTree(side) + 1 > 3 * (sizeOfTree(other) + 1);

/** A child is turned first where the inner grandchild weighs twice the outer one. */
const isInner = <T>(inner: RangeTree<T>, outer: RangeTree<T>): boolean =>
  sizeOfTree(inner) + 1 >= 2 * (sizeOfTree(outer) + 1);

function rotateLeft<T>(left: RangeTree<T>, middle: Node<T>, right: Node<T>): Node<T> {
  const inner = right.left;
  if (!inner || !isInner(inner, right.right)) {
    return node(node(left, middle.range, middle.value, inner), right.range, right.value, right.right);
  }
  return node(
    node(left, middle.range, middle.value, inner.left), inner.range, inner.value,
    node(inner.right, right.range, right.value, right.right),
  );
}

function rotateRight<T>(left: Node<T>, middle: Node<T>, right: RangeTree<T>): Node<T> {
  const inner = left.right;
  if (!inner || !isInner(inner, left.left)) {
    return node(left.left, left.range, left.value, node(inner, middle.range, middle.value, right));
  }
  return node(
    node(left.left, left.range, left.value, inner.left), inner.range, inner.value,
    node(inner.right, middle.range, middle.value, right),
  );
}
