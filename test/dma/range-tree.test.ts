import assert from 'node:assert/strict';
import fc from 'fast-check';
import { overlaps, rangeOf } from '../../server/core/layout/intervals.js';
import {
  findOverlap, insertRange, type RangeTree, removeRange, sizeOfTree, valuesOf,
} from '../../server/core/dma/range-tree.js';

/** Pages 0 to 199, each a range of two bytes at 10 times its number: insert (true) or remove. */
const edits = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 199 })), { maxLength: 300 });

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

  it('stays balanced', () => fc.assert(fc.property(edits, (operations) => {
    const [tree] = apply(operations);
    assert.ok(depth(tree) <= 2 + 2.5 * Math.log2(sizeOfTree(tree) + 1));
  })));

  it('stays balanced where everything comes in order', () => {
    let tree: RangeTree<number>;
    for (let page = 0; page < 65535; page++) tree = insertRange(tree, pageRange(page), page);
    assert.ok(depth(tree) <= 40, `${depth(tree)}`);
  });

  it('leaves the tree before an edit as it was', () => {
    const [tree] = apply([[true, 1], [true, 2], [true, 3]]);
    insertRange(tree, pageRange(9), 9);
    removeRange(tree, pageRange(2).base);
    assert.deepEqual([...valuesOf(tree)], [1, 2, 3]);
  });
});
