import assert from 'node:assert/strict';
import { GIB, KIB, MIB } from '../../server/core/layout/address.js';
import { type IommuFormat, iommuFormat } from '../../server/core/dma/formats.js';
import {
  addLeaves, formatLeaves, type Leaves, leafSegments, leavesOf, totalLeaves, usableLeafSizes,
} from '../../server/core/dma/leaves.js';
import { countTables } from '../../server/core/dma/tables.js';

/** IOVA, size and offset in the backing of one request. */
type Request = readonly [iova: bigint, size: bigint, offset: bigint];

interface Golden {
  readonly layout: string;
  readonly requests: readonly Request[];
  readonly leaves: string;
  readonly total: bigint;
  /** Tables of the last three levels, last one first; of a format with three levels the third is the root. */
  readonly tables?: readonly bigint[];
  readonly granule?: bigint;
  readonly model?: string;
  /** Page of the backing, 1 GiB if left out; `run` is one physical run. */
  readonly backing?: bigint | 'run';
}

const DOORBELL = 0x800_0000n;

/** 1 GiB of RAM from 0 on a 1 GiB page, with a hole at 128 MiB around which it is mapped. */
const withHole = (hole: bigint, size = GIB): Request[] => [
  [0n, DOORBELL, 0n],
  [DOORBELL + hole, size - DOORBELL - hole, DOORBELL + hole],
];

/** Every row of the golden numbers: what one physical page of 1 GiB becomes in well-known layouts. */
const GOLDEN: readonly Golden[] = [
  { layout: '64 GiB at 1 GiB', requests: [[GIB, 64n * GIB, 0n]], leaves: '64 × 1 GiB', total: 64n, tables: [0n, 0n, 1n] },
  {
    layout: 'the same on 4 KiB pages', requests: [[GIB, 64n * GIB, 0n]], backing: 4n * KIB,
    leaves: '16,777,216 × 4 KiB', total: 16_777_216n, tables: [32768n, 64n, 1n],
  },
  { layout: '1 GiB with a hole of 4 KiB', requests: withHole(4n * KIB), leaves: '511 × 2 MiB + 511 × 4 KiB', total: 1022n, tables: [1n, 1n, 1n] },
  { layout: '1 GiB with a hole of 64 KiB', requests: withHole(64n * KIB), leaves: '511 × 2 MiB + 496 × 4 KiB', total: 1007n, tables: [1n, 1n, 1n] },
  { layout: '1 GiB with the software MSI window', requests: withHole(MIB), leaves: '511 × 2 MiB + 256 × 4 KiB', total: 767n, tables: [1n, 1n, 1n] },
  { layout: '1 GiB with the hole rounded to 2 MiB', requests: withHole(2n * MIB), leaves: '511 × 2 MiB', total: 511n, tables: [0n, 1n, 1n] },
  {
    layout: '4 GiB from 0, hole of 1 MiB, offsets kept', requests: withHole(MIB, 4n * GIB),
    leaves: '3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB', total: 770n, tables: [1n, 1n, 1n],
  },
  {
    layout: 'the same with the backing closed up', requests: [[0n, DOORBELL, 0n], [DOORBELL + MIB, 4n * GIB - DOORBELL, DOORBELL]],
    leaves: '64 × 2 MiB + 1,015,808 × 4 KiB', total: 1_015_872n, tables: [1985n, 5n, 1n],
  },
  {
    layout: '1 GiB out of phase by 4 KiB', requests: [[0n, GIB, 4n * KIB]],
    leaves: '262,144 × 4 KiB', total: 262_144n, tables: [512n, 1n, 1n],
  },
  {
    layout: '4.5 GiB of high RAM behind a split at 3.5 GiB', requests: [[4n * GIB, 4608n * MIB, 3584n * MIB]],
    leaves: '2,304 × 2 MiB', total: 2304n, tables: [0n, 5n, 1n],
  },
  { layout: '5 GiB of high RAM behind a split at 3 GiB', requests: [[4n * GIB, 5n * GIB, 3n * GIB]], leaves: '5 × 1 GiB', total: 5n, tables: [0n, 0n, 1n] },
  {
    layout: 'q35 with max-ram-below-4g=1536M, 6.5 GiB of high RAM', requests: [[4n * GIB, 6656n * MIB, 1536n * MIB]],
    leaves: '3,328 × 2 MiB', total: 3328n, tables: [0n, 7n, 1n],
  },
  {
    layout: '64 GiB at 1 GiB, 16 KiB granule', requests: [[GIB, 64n * GIB, 0n]], granule: 16n * KIB,
    leaves: '2,048 × 32 MiB', total: 2048n, tables: [0n, 2n, 1n],
  },
  {
    layout: '64 GiB at 1 GiB, 64 KiB granule', requests: [[GIB, 64n * GIB, 0n]], granule: 64n * KIB,
    leaves: '128 × 512 MiB', total: 128n, tables: [0n, 1n, 1n],
  },
  {
    layout: '1 GiB with the software MSI window, 16 KiB granule', requests: withHole(MIB), granule: 16n * KIB,
    leaves: '31 × 32 MiB + 1,984 × 16 KiB', total: 2015n,
  },
  {
    layout: '1 GiB with the software MSI window, 64 KiB granule', requests: withHole(MIB), granule: 64n * KIB,
    leaves: '1 × 512 MiB + 8,176 × 64 KiB', total: 8177n,
  },
  {
    layout: '64 GiB identity at 1 GiB in one run, AMD v1', requests: [[GIB, 64n * GIB, GIB]], model: 'amd-v1', backing: 'run',
    leaves: '1 × 32 GiB + 1 × 16 GiB + 1 × 8 GiB + 1 × 4 GiB + 1 × 2 GiB + 2 × 1 GiB', total: 7n,
  },
];

describe('golden numbers of leaves and tables', () => {
  for (const golden of GOLDEN) it(golden.layout, () => checkGolden(golden));
});

function checkGolden(golden: Golden): void {
  const format = formatOf(golden);
  const contiguous = golden.backing === 'run' ? undefined : (golden.backing ?? GIB);
  const segments = golden.requests.map(([iova, size, physical]) =>
    leafSegments({ iova, size, physical }, usableLeafSizes({ iova, physical, contiguous }, format.leafSizes)));
  const leaves = segments.map(leavesOf).reduce<Leaves>(addLeaves, new Map());
  assert.equal(formatLeaves(leaves), golden.leaves);
  assert.equal(totalLeaves(leaves), golden.total);
  if (golden.tables) assert.deepEqual(lastThreeLevels(countTables(segments, format)), golden.tables);
}

function formatOf({ granule = 4n * KIB, model = 'smmu-v3' }: Golden): IommuFormat {
  const format = iommuFormat({ model, granule, bits: model === 'smmu-v3' ? 48 : undefined, hostPage: granule });
  assert.ok(format);
  return format;
}

/** Three levels of tables, the root among them where there are no more. */
const lastThreeLevels = (tables: readonly bigint[]): bigint[] => [...tables, 1n].slice(0, 3);
