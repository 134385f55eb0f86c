import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  byBase, contains, intersect, isEmpty, lastOf, overlappingPairs, overlaps, rangeOf, sizeOf, subtract, unite, type Range,
} from '../../server/core/layout/intervals.js';

/** `10-20` is the half-open range of the bytes 10 to 19. */
function range(written: string): Range {
  const [base = '', end = ''] = written.split('-');
  return { base: BigInt(base), end: BigInt(end) };
}

const ranges = (written: string): Range[] => written.split(' ').filter((word) => word !== '').map(range);
const written = (list: Iterable<Range>): string => [...list].map(({ base, end }) => `${base}-${end}`).join(' ');

describe('a range', () => {
  it('has its first byte and not its end', () => {
    assert.deepEqual(rangeOf(16n, 4n), { base: 16n, end: 20n });
    assert.equal(sizeOf(range('16-20')), 4n);
    assert.equal(lastOf(range('16-20')), 19n);
  });

  it('is empty where it ends at its base, or below', () => {
    assert.deepEqual(ranges('5-6 5-5 5-4').map(isEmpty), [false, true, true]);
  });

  for (const [left, right, shared] of [
    ['10-20', '12-14', '12-14'],
    ['10-20', '15-25', '15-20'],
    ['10-20', '10-20', '10-20'],
    ['10-20', '19-30', '19-20'],
    ['10-20', '20-30', ''],
    ['10-20', '21-30', ''],
    ['10-20', '15-15', ''],
  ] as const) {
    it(`${left} shares ${shared || 'nothing'} with ${right}`, () => {
      for (const [one, other] of [[range(left), range(right)], [range(right), range(left)]] as const) {
        assert.equal(overlaps(one, other), shared !== '');
        assert.deepEqual(intersect(one, other), shared === '' ? undefined : range(shared));
      }
    });
  }

  for (const [inner, isIn] of [['10-20', true], ['10-11', true], ['19-20', true], ['9-20', false], ['10-21', false], ['9-21', false]] as const) {
    it(`10-20 ${isIn ? 'contains' : 'does not contain'} ${inner}`, () => assert.equal(contains(range('10-20'), range(inner)), isIn));
  }

  it('comes before one of a higher base, or of the same base and a higher end', () => {
    const order = (left: string, right: string): number => byBase(range(left), range(right));
    assert.deepEqual([order('1-9', '2-3'), order('2-3', '1-9'), order('1-2', '1-3'), order('1-3', '1-2'), order('1-2', '1-2')], [-1, 1, -1, 1, 0]);
  });
});

describe('the union of ranges', () => {
  for (const [list, united] of [
    ['', ''],
    ['30-40 10-20', '10-20 30-40'],
    ['10-20 20-30', '10-30'],
    ['10-20 21-30', '10-20 21-30'],
    ['10-20 15-30 25-35', '10-35'],
    ['10-40 15-20 39-40', '10-40'],
    ['10-20 5-5 15-15 50-40', '10-20'],
  ] as const) {
    it(`of ${list || 'none'} is ${united || 'nothing'}`, () => assert.equal(written(unite(ranges(list))), united));
  }
});

describe('what is left of 10-50', () => {
  for (const [holes, rest] of [
    ['', '10-50'],
    ['20-30', '10-20 30-50'],
    ['20-30 40-45', '10-20 30-40 45-50'],
    ['0-10 50-60', '10-50'],
    ['0-11 49-60', '11-49'],
    ['10-20', '20-50'],
    ['40-50', '10-40'],
    ['0-60', ''],
    ['10-50', ''],
    ['0-5 60-70', '10-50'],
    ['20-20', '10-50'],
  ] as const) {
    it(`without ${holes || 'a hole'} is ${rest || 'nothing'}`, () => assert.equal(written(subtract(range('10-50'), ranges(holes))), rest));
  }

  it('and nothing is left of an empty range', () => assert.deepEqual(subtract(range('10-10'), []), []));
});

describe('pairs that share a byte', () => {
  const pairs = (list: string): string =>
    [...overlappingPairs(ranges(list).map((each, index) => ({ each, name: 'abcdef'[index] })), ({ each }) => each)]
      .map(([lower, upper]) => `${lower.name}${upper.name}`).join(' ');

  for (const [list, expected, why] of [
    ['10-20 15-30', 'ab', 'the lower first'],
    ['15-30 10-20', 'ba', 'the lower first, wherever it is in the list'],
    ['10-20 20-30', '', 'not neighbours'],
    ['10-20 10-20 10-20', 'ab ac bc', 'equal ranges in the order of the list, each pair once'],
    ['10-30 10-20', 'ba', 'of two with one base, the shorter is lower'],
    ['10-50 15-20 30-40', 'ab ac', 'one that has ended is no longer asked'],
    ['10-20 15-15 12-11', '', 'empty ones share nothing'],
    ['40-60 0-100 10-50', 'bc ba ca', 'in the order of their bases'],
  ] as const) {
    it(`${why}: ${list}`, () => assert.equal(pairs(list), expected));
  }

  const short = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 6 })).map(([base, size]) => rangeOf(BigInt(base), BigInt(size)));

  it('are those that two loops find', () => fc.assert(fc.property(fc.array(short, { maxLength: 12 }), (list) => {
    const naive = list.flatMap((left, index) => list.slice(index + 1).filter((right) => overlaps(left, right)));
    assert.equal([...overlappingPairs(list, (each) => each)].length, naive.length);
  }), { numRuns: 50 }));
});
