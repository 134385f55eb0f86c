import assert from 'node:assert/strict';
import { GIB, KIB, MIB, TIB } from '../../server/core/layout/address.js';
import { iommuFormat } from '../../server/core/dma/formats.js';
import { leafSegments, type LeafSegments, usableLeafSizes } from '../../server/core/dma/leaves.js';
import { countTables, leafLevel, tableBytes, type TableFormat, tableSpan } from '../../server/core/dma/tables.js';

const VTD: TableFormat = { granule: 4n * KIB, bitsPerLevel: 9, levels: 4 };
const SIZES = [GIB, 2n * MIB, 4n * KIB];

/** A request whose physical address equals its IOVA plus `shift`. */
function identity(iova: bigint, size: bigint, sizes: readonly bigint[] = SIZES, shift = 0n): LeafSegments {
  const physical = iova + shift;
  return leafSegments({ iova, size, physical }, usableLeafSizes({ iova, physical, contiguous: undefined }, sizes));
}

describe('tables', () => {
  it('are only there where a leaf of their level or below is', () => {
    assert.deepEqual(countTables([identity(0n, GIB)], VTD), [0n, 0n, 1n]);
    assert.deepEqual(countTables([identity(0n, 2n * MIB)], VTD), [0n, 1n, 1n]);
    assert.deepEqual(countTables([identity(0n, 4n * KIB)], VTD), [1n, 1n, 1n]);
    assert.deepEqual(countTables([], VTD), [0n, 0n, 0n]);
  });

  it('are shared by requests in the same span', () => {
    const pages = [identity(0n, 4n * KIB), identity(2n * MIB - 4n * KIB, 4n * KIB), identity(2n * MIB, 4n * KIB)];
    assert.deepEqual(countTables(pages, VTD), [2n, 1n, 1n]);
  });

  it('are counted at both ends of a request that is out of phase', () => {
    assert.deepEqual(countTables([identity(8n * GIB + 4n * KIB, GIB, SIZES, -4n * KIB)], VTD), [513n, 2n, 1n]);
  });

  it('take eight bytes an entry', () => {
    assert.equal(tableBytes([513n, 2n, 1n], VTD), 516n * 4n * KIB);
    assert.equal(tableBytes([2n, 1n, 0n], { granule: 16n * KIB, bitsPerLevel: 11, levels: 4 }), 48n * KIB);
  });

  it('of s390 are smaller in the last level', () => {
    const s390 = iommuFormat({ model: 's390', hostPage: 4n * KIB });
    assert.ok(s390);
    assert.equal(s390.levels, 3);
    assert.equal(tableSpan(0, s390), MIB);
    assert.equal(tableSpan(1, s390), 2n * GIB);
    assert.equal(tableSpan(2, s390), 4n * TIB);
    assert.equal(tableBytes([1n, 1n], s390), 2n * KIB + 16n * KIB);
  });

  it('of AMD v1 grow at the root as higher addresses are mapped', () => {
    const amd = iommuFormat({ model: 'amd-v1', hostPage: 4n * KIB });
    assert.ok(amd);
    const low = identity(0n, 4n * KIB, amd.leafSizes);
    assert.deepEqual(countTables([low], amd), [1n, 1n, 0n, 0n, 0n]);
    const high = identity(512n * GIB, 4n * KIB, amd.leafSizes);
    assert.deepEqual(countTables([low, high], amd), [2n, 2n, 2n, 0n, 0n]);
    const last = identity(512n * GIB - 4n * KIB, 4n * KIB, amd.leafSizes);
    assert.deepEqual(countTables([last], amd), [1n, 1n, 0n, 0n, 0n]);
  });

  it('hold a leaf between two levels in the lower one', () => {
    const amd = { granule: 4n * KIB, bitsPerLevel: 9, levels: 6 };
    assert.deepEqual([4n * KIB, MIB, 2n * MIB, 512n * MIB, GIB, 256n * GIB, TIB].map((size) => leafLevel(size, amd)), [0, 0, 1, 1, 2, 2, 3]);
    assert.equal(leafLevel(64n * KIB, VTD), 0);
  });
});
