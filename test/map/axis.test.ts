import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressAt, compressedAxis, EVERYTHING, EXACT, panned, positionOf, viewOf, zoomed, type View } from '../../server/core/map/axis.js';
import { ticksOf } from '../../server/core/map/ruler.js';
import { drawn, model } from './random-maps.js';

// Positions are floating, addresses are not: whatever the zoom, what is told of an address is exact.

const pixelsOfByte = (view: View, address: bigint): number => Math.abs(positionOf(view, address + 1n) - positionOf(view, address));

describe('axis of a map', () => {
  it('has its cells one after the other, from 0 to 2^64', () => {
    fc.assert(fc.property(model, (map) => {
      const { cells } = compressedAxis([map]);
      assert.equal(cells[0]?.range.base, 0n);
      assert.equal(cells.at(-1)?.range.end, 1n << 64n);
      for (const [index, { range }] of cells.entries()) assert.ok(range.base < range.end && (index === 0 || cells[index - 1]?.range.end === range.base));
    }));
  });

  it('puts the window between the first and the last pixel, and never turns an order around', () => {
    fc.assert(fc.property(drawn, fc.array(fc.bigInt({ min: 0n, max: 1n << 64n }), { maxLength: 20 }), ({ view }, addresses) => {
      assert.ok(Math.abs(positionOf(view, view.window.base)) < 1e-6);
      assert.ok(Math.abs(positionOf(view, view.window.end) - view.height) < 1e-6);
      const sorted = [...addresses].sort((left, right) => (left < right ? -1 : 1)).map((address) => positionOf(view, address));
      for (const [index, position] of sorted.entries()) assert.ok(index === 0 || position >= (sorted[index - 1] ?? 0));
    }));
  });

  it('finds the address at a position, to the byte where a byte has a pixel', () => {
    fc.assert(fc.property(drawn, fc.integer({ min: 0, max: 1 << 20 }).map((part) => part / (1 << 20)), ({ view }, share) => {
      const position = share * view.height;
      const address = addressAt(view, position);
      const away = position - positionOf(view, address);
      assert.ok(away > -1e-3 && away < 1e-3 + Math.max(1e-3, pixelsOfByte(view, address)), `${away} pixels away`);
    }));
  });

  it('zooms from 2^64 down to a byte and back, with the address under the pointer staying there', () => {
    fc.assert(fc.property(model, fc.boolean(), fc.integer({ min: 0, max: 5990 }).map((tenths) => tenths / 10), (map, exact, position) => {
      const axis = exact ? EXACT : compressedAxis([map]);
      let view = viewOf(axis, EVERYTHING, 600);
      for (let step = 0; view.window.end - view.window.base > 1n; step++) {
        assert.ok(step < 400, 'zooming in comes to no end');
        const anchor = addressAt(view, position);
        view = viewOf(axis, zoomed(view, position, 0.6), 600);
        // Windows begin and end with whole bytes, and near them a byte may be large.
        const slack = Math.max(...[anchor, view.window.base - 1n, view.window.base, view.window.end - 1n, view.window.end].filter((address) => address >= 0n).map((address) => pixelsOfByte(view, address)));
        assert.ok(Math.abs(positionOf(view, anchor) - position) <= 2 + 2 * slack);
      }
      for (let step = 0; view.window.end - view.window.base < 1n << 64n; step++) {
        assert.ok(step < 600, 'zooming out comes to no end');
        view = viewOf(axis, zoomed(view, position, 1.6), 600);
      }
    }), { numRuns: 60 });
  });

  it('pans by the pixels asked for, and stops at the ends', () => {
    fc.assert(fc.property(drawn, fc.integer({ min: -300, max: 300 }), ({ view }, pixels) => {
      const { base, end } = panned(view, pixels);
      assert.ok(base >= 0n && end <= 1n << 64n && base < end);
      assert.ok(pixels < 0 ? base <= view.window.base : base >= view.window.base);
    }));
  });

  it('tells exact addresses, each where it is, and no two in one place', () => {
    fc.assert(fc.property(drawn, ({ map, view }) => {
      const ticks = ticksOf(view, map.items.flatMap(({ range }) => [range.base, range.end]));
      assert.deepEqual([ticks[0]?.address, ticks.length > 1 ? ticks.at(-1)?.address : view.window.end], [view.window.base, view.window.end]);
      for (const [index, { label, address, position }] of ticks.entries()) {
        assert.equal(label === '2^64' ? 1n << 64n : BigInt(label.replaceAll('_', '')), address);
        assert.ok(Math.abs(positionOf(view, address) - position) < 1e-9);
        assert.ok(index === 0 || position - (ticks[index - 1]?.position ?? 0) > 11.9);
      }
    }));
  });
});
