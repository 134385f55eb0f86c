import assert from 'node:assert/strict';
import {
  ADDRESS_SPACE, alignDown, alignUp, formatAddress, formatCount, formatPlural, formatRange, formatSize, GIB, isAligned, isPowerOfTwo, KIB,
  largest, log2, MIB, modulo, smallest, TIB, UNITS,
} from '../../server/core/layout/address.js';

describe('addresses: units', () => {
  it('are powers of 1024, the largest first', () => {
    assert.deepEqual([KIB, MIB, GIB, TIB, ADDRESS_SPACE], [1024n, 1024n ** 2n, 1024n ** 3n, 1024n ** 4n, 2n ** 64n]);
    assert.deepEqual(UNITS.map(([name]) => name), ['EiB', 'PiB', 'TiB', 'GiB', 'MiB', 'KiB', 'B']);
    assert.deepEqual(UNITS.map(([, bytes]) => bytes), [6n, 5n, 4n, 3n, 2n, 1n, 0n].map((power) => 1024n ** power));
  });
});

describe('addresses: alignment', () => {
  for (const [address, down, up] of [[0n, 0n, 0n], [1n, 0n, 16n], [15n, 0n, 16n], [16n, 16n, 16n], [17n, 16n, 32n]] as const) {
    it(`puts ${address} between the multiples of 16 ${down} and ${up}`, () => {
      assert.equal(alignDown(address, 16n), down);
      assert.equal(alignUp(address, 16n), up);
      assert.equal(isAligned(address, 16n), down === up);
    });
  }

  it('takes blocks that are no power of two', () => assert.deepEqual([alignDown(100n, 24n), alignUp(100n, 24n)], [96n, 120n]));

  it('has a phase that is never negative', () => assert.deepEqual([0n, 5n, 16n, -1n, -16n, -17n].map((value) => modulo(value, 16n)), [0n, 5n, 0n, 15n, 0n, 15n]));

  it('knows powers of two, and their logarithms', () => {
    assert.deepEqual([-2n, 0n, 1n, 2n, 3n, 4n, 6n, 4096n].map(isPowerOfTwo), [false, false, true, true, false, true, false, true]);
    assert.deepEqual([1n, 2n, 3n, 4096n, 8191n, 1n << 63n].map(log2), [0, 1, 1, 12, 12, 63]);
  });

  it('knows the smallest and the largest of some', () => {
    assert.deepEqual([smallest(3n), smallest(3n, 1n, 2n), smallest(1n, 3n)], [3n, 1n, 1n]);
    assert.deepEqual([largest(2n), largest(2n, 1n, 3n), largest(3n, 1n)], [2n, 3n, 3n]);
  });
});

describe('addresses: how they are told', () => {
  for (const [size, told] of [
    [0n, '0'], [1n, '1 B'], [1023n, '1023 B'], [KIB, '1 KiB'], [1025n, '1025 B'], [4095n, '4095 B'], [4096n, '4 KiB'], [4097n, '0x1001'],
    [MIB, '1 MiB'], [MIB + KIB, '1025 KiB'], [3584n * MIB, '3584 MiB'], [GIB, '1 GiB'], [TIB, '1 TiB'], [1n << 50n, '1 PiB'], [ADDRESS_SPACE, '16 EiB'],
    [99_999n * KIB, '99999 KiB'], [100_000n * KIB, '97 MiB + 672 KiB'], [16n * GIB + 128n * KIB, '16 GiB + 128 KiB'], [4n * GIB - 4n * KIB, '4095 MiB + 1020 KiB'],
    [TIB + 2n * MIB, '1 TiB + 2 MiB'], [(1n << 50n) + 5n * GIB + 4n * KIB, '1 PiB + 5 GiB + 4 KiB'], [-(16n * GIB + 128n * KIB), '-(16 GiB + 128 KiB)'],
    [-4096n, '-4 KiB'], [-4097n, '-0x1001'],
  ] as const) {
    it(`the size ${size} as ${told}`, () => assert.equal(formatSize(size), told));
  }

  for (const [address, told] of [[0n, '0x0'], [0x800_0000n, '0x8000000'], [-16n, '-0x10']] as const) {
    it(`the address ${address} as ${told}`, () => assert.equal(formatAddress(address), told));
  }

  it('a range with its last byte', () => assert.equal(formatRange({ base: 0x800_0000n, end: 0x810_0000n }), '0x8000000-0x80fffff'));

  it('a count with its thousands apart, and its noun', () => {
    assert.deepEqual([0, 999, 1000, 1015872n, 1000000].map(formatCount), ['0', '999', '1,000', '1,015,872', '1,000,000']);
    assert.deepEqual([0, 1, 1n, 2n, 1500].map((count) => formatPlural(count, 'leaf', 'leaves')), ['0 leaves', '1 leaf', '1 leaf', '2 leaves', '1,500 leaves']);
  });
});
