import assert from 'node:assert/strict';
import fc from 'fast-check';
import { overlaps, type Range } from '../../server/core/layout/intervals.js';
import { compressedAxis, EVERYTHING, EXACT, viewOf, zoomed, addressAt } from '../../server/core/map/axis.js';
import { lanesOf, MOST_LANES, spansIn } from '../../server/core/map/lanes.js';
import { memoryOf } from '../../server/core/map/memory.js';
import { drawn, itemOf, model, modelOf } from './random-maps.js';

// However small things get, each byte is drawn once, and what is drawn together is counted.

describe('spans of a map', () => {
  it('has each item in one lane, and only the last lane has items that meet', () => {
    fc.assert(fc.property(model, ({ items }) => {
      const lanes = lanesOf(items, 'gpa');
      assert.deepEqual(lanes.flatMap((lane) => lane.items.map(({ id }) => id)).sort(), items.filter(({ space }) => space === 'gpa').map(({ id }) => id).sort());
      for (const lane of lanes.slice(0, MOST_LANES - 1)) {
        for (const [index, { range }] of lane.items.entries()) assert.ok(index === 0 || (lane.items[index - 1]?.range.end ?? 0n) <= range.base);
      }
    }));
  });

  it('draws every byte of an item in exactly one span, at every zoom', () => {
    fc.assert(fc.property(drawn, ({ map, view }) => {
      for (const lane of lanesOf(map.items, 'gpa')) {
        const spans = spansIn(lane, view);
        for (const [index, span] of spans.entries()) assert.ok(index === 0 || (spans[index - 1]?.range.end ?? 0n) <= span.range.base, 'spans meet');
        const visible = lane.items.filter(({ range }) => overlaps(range, view.window));
        for (const { range } of visible) assert.equal(spans.filter((span) => overlaps(span.range, range)).length, 1);
        for (const { range } of visible) assert.ok(spans.some((span) => span.range.base <= range.base && range.end <= span.range.end));
        for (const { count, range, item } of spans) if (count === 1) assert.deepEqual(range, item.range);
        const counted = spans.reduce((sum, { count }) => sum + count, 0);
        assert.ok(counted >= visible.length);
      }
    }));
  });

  it('draws no more spans than pixels, of however many items', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => itemOf('gpa', { base: BigInt(index) * 0x3000n, end: BigInt(index) * 0x3000n + 0x1000n }, index));
    for (const axis of [EXACT, compressedAxis([modelOf(many)])]) {
      let view = viewOf(axis, { base: 0n, end: 0x3000n * 10_000n }, 700);
      const [lane] = lanesOf(many, 'gpa');
      assert.ok(lane);
      for (let step = 0; step < 40; step++) {
        const spans = spansIn(lane, view);
        assert.ok(spans.length <= 2 * 700, `${spans.length} spans`);
        view = viewOf(axis, zoomed(view, 333, 0.8), 700);
      }
    }
  });

  it('shows all items by themselves once the view is near enough', () => {
    const [left, right]: [Range, Range] = [{ base: 0x1000n, end: 0x1001n }, { base: 0x1001n, end: 0x1002n }];
    const items = [itemOf('gpa', left, 0), itemOf('gpa', right, 1)];
    const [lane] = lanesOf(items, 'gpa');
    assert.ok(lane);
    const far = spansIn(lane, viewOf(EXACT, EVERYTHING, 500));
    assert.deepEqual(far.map(({ count }) => count), [2]);
    const near = viewOf(EXACT, { base: 0xff0n, end: 0x1010n }, 500);
    assert.deepEqual(spansIn(lane, near).map(({ count, range }) => [count, range]), [[1, left], [1, right]]);
    assert.equal(addressAt(near, (spansIn(lane, near)[1]?.top ?? 0) + 1), 0x1001n);
  });
});

describe('memory of a map', () => {
  it('shows the bytes behind what is in view once, in their order, inside of the drawing', () => {
    fc.assert(fc.property(drawn, ({ map, view }) => {
      const spans = (space: 'gpa' | 'iova') => lanesOf(map.items, space).flatMap((lane) => spansIn(lane, view));
      const { pieces, ribbons } = memoryOf(spans('gpa'), spans('iova'), view);
      for (const [index, piece] of pieces.entries()) {
        const above = pieces[index - 1];
        assert.ok(piece.range.base < piece.range.end && piece.items.length > 0);
        assert.ok(piece.top >= (above?.bottom ?? 0) - 1e-6 && piece.bottom <= view.height + 1e-6, 'pieces lie over each other');
        if (above?.backing === piece.backing) assert.ok(above.range.end <= piece.range.base);
      }
      for (const { item } of ribbons) assert.ok(pieces.some(({ items }) => items.includes(item)));
    }));
  });
});
