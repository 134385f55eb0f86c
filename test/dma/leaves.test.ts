import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GIB, KIB, MIB } from '../../server/core/layout/address.js';
import { sizeOf, unite } from '../../server/core/layout/intervals.js';
import {
  addLeaves, bytesInLeavesOf, countLeaves, formatLeaves, leafSegments, leavesOf, totalLeaves, usableLeafSizes,
} from '../../server/core/dma/leaves.js';
import { countTables } from '../../server/core/dma/tables.js';
import { naiveCounts, naiveLeaves, naiveTables } from '../support/oracle.js';
import { type Layout, layouts, naiveEntries, naiveRequest, segmentsOf } from './random-layouts.js';

const SIZES = [4n * KIB, 2n * MIB, GIB];

describe('leaves: which sizes a request can use', () => {
  const usable = (iova: bigint, physical: bigint, contiguous: bigint | undefined, sizes = SIZES): bigint[] =>
    usableLeafSizes({ iova, physical, contiguous }, sizes);

  it('are those in phase, largest first', () => {
    assert.deepEqual(usable(4n * GIB, 3n * GIB, undefined), [GIB, 2n * MIB, 4n * KIB]);
    assert.deepEqual(usable(4n * GIB, 4n * GIB - 512n * MIB, undefined), [2n * MIB, 4n * KIB]);
    assert.deepEqual(usable(4n * GIB, 4n * KIB, undefined), [4n * KIB]);
  });

  it('are no larger than the page of the backing', () => {
    assert.deepEqual(usable(GIB, 0n, GIB), [GIB, 2n * MIB, 4n * KIB]);
    assert.deepEqual(usable(GIB, 0n, 2n * MIB), [2n * MIB, 4n * KIB]);
    assert.deepEqual(usable(GIB, 0n, 4n * KIB), [4n * KIB]);
  });

  it('may be smaller than the page of the host', () => {
    assert.deepEqual(usable(0n, 0n, 16n * KIB, [4n * KIB, 8n * KIB, 16n * KIB, 32n * KIB]), [16n * KIB, 8n * KIB, 4n * KIB]);
    assert.deepEqual(usable(0n, 0n, 16n * KIB), [4n * KIB]);
  });

  it('are none where the smallest leaf is larger than the page, or out of phase', () => {
    assert.deepEqual(usable(0n, 0n, 4n * KIB, [64n * KIB, 512n * MIB]), []);
    assert.deepEqual(usable(0x800n, 0n, undefined), []);
  });

  it('take a request that begins below its physical address', () => {
    assert.deepEqual(usable(0n, 2n * MIB, undefined), [2n * MIB, 4n * KIB]);
  });
});

describe('leaves: what is told of them', () => {
  const leaves = countLeaves({ iova: 0n, size: 3n * GIB - 1n * MIB, physical: 0n }, SIZES);

  it('has every size that could be used, largest first', () => {
    assert.deepEqual([...leaves], [[GIB, 2n], [2n * MIB, 511n], [4n * KIB, 256n]]);
    assert.deepEqual([...countLeaves({ iova: 0n, size: GIB, physical: 0n }, SIZES).values()], [1n, 0n, 0n]);
  });

  it('is printed largest first, without zeros, thousands set apart', () => {
    assert.equal(formatLeaves(leaves), '2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB');
    assert.equal(formatLeaves(countLeaves({ iova: 0n, size: GIB, physical: 4096n }, [4096n])), '262,144 × 4 KiB');
    assert.equal(formatLeaves(new Map()), 'nothing');
    assert.equal(formatLeaves(new Map([[GIB, 0n]])), 'nothing');
    const powers = (length: number) => new Map(Array.from({ length }, (_, index) => [4096n << BigInt(index), 1n]));
    assert.equal(formatLeaves(powers(18)), '18 leaves of 512 MiB to 4 KiB');
    assert.equal(formatLeaves(powers(7)), '7 leaves of 256 KiB to 4 KiB');
    assert.equal(formatLeaves(powers(6)), '1 × 128 KiB + 1 × 64 KiB + 1 × 32 KiB + 1 × 16 KiB + 1 × 8 KiB + 1 × 4 KiB');
  });

  it('adds up', () => {
    const sum = addLeaves(new Map([[4096n, 3n]]), leaves);
    assert.deepEqual([...sum], [[GIB, 2n], [2n * MIB, 511n], [4n * KIB, 259n]]);
    assert.equal(totalLeaves(sum), 772n);
  });

  it('says how many bytes lie in leaves of a size or larger', () => {
    assert.equal(bytesInLeavesOf(leaves, GIB), 2n * GIB);
    assert.equal(bytesInLeavesOf(leaves, 2n * MIB), 2n * GIB + 1022n * MIB);
    assert.equal(bytesInLeavesOf(leaves, 1n), 3n * GIB - MIB);
  });

  it('holds each size in at most two ranges', () => {
    const segments = leafSegments({ iova: 0xc0000n, size: 2n * GIB - 0xc0000n, physical: 0xc0000n }, SIZES);
    assert.deepEqual(segments.get(GIB), [{ base: GIB, end: 2n * GIB }]);
    assert.deepEqual(segments.get(2n * MIB), [{ base: 2n * MIB, end: GIB }]);
    assert.deepEqual(segments.get(4n * KIB), [{ base: 0xc0000n, end: 2n * MIB }]);
  });
});

describe('leaves and tables: the closed forms are a count page by page', function () {
  this.timeout(60_000);

  for (const model of ['smmu 4K', 'smmu 16K', 'smmu 64K', 'vt-d', 'amd-v1', 'riscv', 's390'] as const) {
    it(`on ${model}`, () => fc.assert(fc.property(layouts(model), checkAgainstPages), { numRuns: 60 }));
  }

  it('with blocks of 1 GiB', () => fc.assert(fc.property(layouts('vt-d', GIB), checkAgainstPages), { numRuns: 8 }));
  it('with blocks of 1 GiB and every power of two', () =>
    fc.assert(fc.property(layouts('amd-v1', GIB), checkAgainstPages), { numRuns: 8 }));
});

function checkAgainstPages(layout: Layout): void {
  const { format } = layout;
  const sizes = format.leafSizes.map((size) => Number(size / format.granule)).filter((pages) => pages < 2 ** 40);
  const segments = layout.requests.map((request) => segmentsOf(request, layout));
  const leaves = layout.requests.map((request) => naiveLeaves(naiveRequest(request, layout), sizes));
  segments.forEach((each, index) => {
    const expected = naiveCounts(leaves[index] ?? []);
    for (const [size, count] of leavesOf(each)) {
      assert.equal(count, BigInt(expected.get(Number(size / format.granule)) ?? 0), `leaves of ${size}`);
    }
    assert.equal(totalLeaves(leavesOf(each)), BigInt(leaves[index]?.length ?? 0));
    assertPartition(layout, index);
  });
  const start = (format.startingLevels ?? format.levels) - 1;
  assert.deepEqual(countTables(segments, format), naiveTables(leaves.flat(), naiveEntries(format), start).map(BigInt));
}

/** The segments of a request are the request: nothing twice, nothing left out. */
function assertPartition(layout: Layout, index: number): void {
  const request = layout.requests[index];
  if (!request) return;
  const ranges = [...segmentsOf(request, layout).values()].flat();
  assert.deepEqual(unite(ranges), [{ base: request.iova, end: request.iova + request.size }]);
  assert.equal(ranges.reduce((bytes, range) => bytes + sizeOf(range), 0n), request.size);
}
