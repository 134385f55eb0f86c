import assert from 'node:assert/strict';
import fc from 'fast-check';
import { overlaps, rangeOf } from '../../server/core/layout/intervals.js';
import {
  findOverlap, insertRange, type RangeTree, removeRange, sizeOfTree, valuesOf,
} from '../../server/core/dma/range-tree.js';

/** Pages 0 to 199, each a range of two bytes at 10 times its number: insert (true) or remove. Enough of them for deep trees. */
const edits = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 199 })), { maxLength: 300, size: 'max' });

const pageRange = (page: number) => rangeOf(BigInt(page) * 10n, 2n);

function apply(operations: readonly (readonly [boolean, number])[]): [RangeTree<number>, Set<number>] {
  let tree: RangeTree<number>;
  const pages = new Set<number>();
  for (const [insert, page] of operations) {
    if (insert && !pages.has(page)) tree = insertRange(tree, pageRange(page), page);
    if (!insert) tree = removeRange(tree, pageRange(page).base);
    if (insert) pages.add(page);
    else pages.delete(page);
  }
  return [tree, pages];
}

/** Whether no side of any node weighs more than three times the other. */
function isBalanced(tree: RangeTree<number>): boolean {
  if (!tree) return true;
  const [left, right] = [sizeOfTree(tree.left) + 1, sizeOfTree(tree.right) + 1];
  return left <= 3 * right && right <= 3 * left && isBalanced(tree.left) && isBalanced(tree.right);
}

/** The tree as its pages: `((1) 2 (3))`. */
const shape = (tree: RangeTree<number>): string => (tree ? `(${[shape(tree.left), tree.value, shape(tree.right)].filter((part) => part !== '').join(' ')})` : '');

/** Longest way from the root, in nodes. */
const depth = (tree: RangeTree<number>): number =>
  tree ? 1 + Math.max(depth(tree.left), depth(tree.right)) : 0;

describe('range tree', () => {
  it('holds what was put in and not taken out, in order', () => fc.assert(fc.property(edits, (operations) => {
    const [tree, pages] = apply(operations);
    assert.deepEqual([...valuesOf(tree)], [...pages].sort((left, right) => left - right));
    assert.equal(sizeOfTree(tree), pages.size);
  })));

  it('finds the lowest range that shares a byte', () =>
    fc.assert(fc.property(edits, fc.bigInt(0n, 2000n), fc.bigInt(1n, 50n), (operations, base, size) => {
      const [tree, pages] = apply(operations);
      const found = [...pages].sort((left, right) => left - right).find((page) => overlaps(pageRange(page), rangeOf(base, size)));
      assert.equal(findOverlap(tree, rangeOf(base, size)), found);
    })));

  it('finds no neighbour', () => {
    const [tree] = apply([[true, 1], [true, 3]]);
    const found = ([[11n, 1n], [12n, 18n], [12n, 19n], [0n, 10n], [0n, 11n]] as const).map(([base, size]) => findOverlap(tree, rangeOf(base, size)));
    assert.deepEqual(found, [1, undefined, 3, undefined, 1]);
  });

  it('stays balanced', () => fc.assert(fc.property(edits, (operations) => {
    const [tree] = apply(operations);
    assert.ok(isBalanced(tree));
  })));

  for (const [order, page] of [['in order', (at: number) => at], ['from above', (at: number) => 65534 - at]] as const) {
    it(`stays balanced where everything comes ${order}`, () => {
      let tree: RangeTree<number>;
      for (let at = 0; at < 65535; at++) tree = insertRange(tree, pageRange(page(at)), page(at));
      assert.ok(depth(tree) <= 40, `${depth(tree)}`);
      assert.ok(isBalanced(tree));
    });
  }

  it('stays balanced where everything goes in order', () => {
    let [tree] = apply(Array.from({ length: 200 }, (_, page) => [true, page] as const));
    for (let page = 0; page < 200; page++) {
      tree = removeRange(tree, pageRange(page).base);
      assert.ok(isBalanced(tree) && sizeOfTree(tree) === 199 - page, `without the pages up to ${page}`);
    }
  });

  for (const [pages, turned] of [
    [[1, 2, 3], '(1 (2 (3)))'],
    [[1, 3, 2], '(1 ((2) 3))'],
    [[1, 2, 3, 4], '((1) 2 (3 (4)))'],
    [[4, 3, 2, 1], '(((1) 2) 3 (4))'],
    [[1, 4, 3, 2], '((1 (2)) 3 (4))'],
    [[4, 1, 2, 3], '((1) 2 ((3) 4))'],
    [[1, 2, 3, 4, 5, 6, 7], '((1) 2 ((3) 4 (5 (6 (7)))))'],
    [[7, 6, 5, 4, 3, 2, 1], '(((((1) 2) 3) 4 (5)) 6 (7))'],
  ] as const) {
    it(`${pages.join(' ')} becomes ${turned}`, () => assert.equal(shape(apply(pages.map((page) => [true, page]))[0]), turned));
  }

  it('leaves the tree before an edit as it was', () => {
    const [tree] = apply([[true, 1], [true, 2], [true, 3]]);
    insertRange(tree, pageRange(9), 9);
    removeRange(tree, pageRange(2).base);
    assert.deepEqual([...valuesOf(tree)], [1, 2, 3]);
  });
});
