import fc from 'fast-check';
import { GIB, KIB, MIB } from '../../server/core/layout/address.js';
import { type IommuFormat, iommuFormat } from '../../server/core/dma/formats.js';
import { type LeafRequest, leafSegments, type LeafSegments, usableLeafSizes } from '../../server/core/dma/leaves.js';
import type { NaiveRequest } from '../support/oracle.js';

/** A few mapping requests of one IOMMU, their memory taken from one backing. */
export interface Layout {
  readonly format: IommuFormat;
  /** Page of the backing; undefined for one physical run. */
  readonly contiguous: bigint | undefined;
  readonly requests: readonly LeafRequest[];
}

interface Machine {
  readonly model: string;
  readonly granule: bigint;
  /** Largest distance that the requests span, so that no more than some 100,000 pages are walked. */
  readonly reach: bigint;
  /** Pages that a backing of this host can have; undefined is one run. */
  readonly pages: readonly (bigint | undefined)[];
}

const MACHINES = {
  'smmu 4K': { model: 'smmu-v3', granule: 4n * KIB, reach: 16n * MIB, pages: [4n * KIB, 16n * KIB, 64n * KIB, 2n * MIB, undefined] },
  'smmu 16K': { model: 'smmu-v3', granule: 16n * KIB, reach: 256n * MIB, pages: [16n * KIB, 2n * MIB, 32n * MIB, undefined] },
  'smmu 64K': { model: 'smmu-v3', granule: 64n * KIB, reach: 3n * GIB, pages: [64n * KIB, 2n * MIB, 512n * MIB, undefined] },
  'vt-d': { model: 'vt-d', granule: 4n * KIB, reach: 16n * MIB, pages: [4n * KIB, 2n * MIB, undefined] },
  'amd-v1': { model: 'amd-v1', granule: 4n * KIB, reach: 16n * MIB, pages: [4n * KIB, 2n * MIB, GIB, undefined] },
  riscv: { model: 'riscv', granule: 4n * KIB, reach: 16n * MIB, pages: [4n * KIB, 64n * KIB, 2n * MIB, undefined] },
  s390: { model: 's390', granule: 4n * KIB, reach: 8n * MIB, pages: [4n * KIB, MIB] },
} as const satisfies Readonly<Record<string, Machine>>;

export type MachineName = keyof typeof MACHINES;

/**
 * Layouts around a few places where blocks, tables and requests meet; with `block`, large enough to hold some
 * of it.
 */
export function layouts(name: MachineName, block?: bigint): fc.Arbitrary<Layout> {
  const machine: Machine = MACHINES[name];
  const format = iommuFormat({ model: machine.model, granule: machine.granule, hostPage: machine.granule });
  if (!format) throw new Error(`no format for ${name}`);
  const reach = block ? 3n * block : machine.reach;
  return fc
    .record({
      contiguous: fc.constantFrom(...(block ? [block, undefined] : machine.pages)),
      requests: fc.array(requestsWithin(reach, machine.granule), { minLength: 1, maxLength: block ? 2 : 4 }),
      place: fc.constantFrom(0n, GIB, 4n * GIB, 512n * GIB - reach),
    })
    .map(({ contiguous, requests, place }) => ({ format, contiguous, requests: requests.map((make) => make(place)) }));
}

/** Base, size and phase: whole blocks, plus or minus a few pages. */
function requestsWithin(reach: bigint, granule: bigint): fc.Arbitrary<(place: bigint) => LeafRequest> {
  const around = (most: bigint): fc.Arbitrary<bigint> =>
    fc.oneof(
      fc.bigInt({ min: 0n, max: most / granule }).map((pages) => pages * granule),
      fc.tuple(fc.bigInt({ min: 0n, max: 8n }), fc.bigInt({ min: 0n, max: 3n }))
        .map(([eighths, pages]) => (most * eighths) / 8n / granule * granule + pages * granule),
    );
  const phases = fc.oneof({ weight: 3, arbitrary: fc.constant(0n) }, around(reach / 2n));
  return fc.record({ base: around(reach), size: around(reach), phase: phases }).map(({ base, size, phase }) => (place) => ({
    iova: place + base,
    size: size + granule,
    physical: base + phase,
  }));
}

/** The leaves of a request as the closed form sees them. */
export function segmentsOf(request: LeafRequest, { contiguous, format }: Layout): LeafSegments {
  return leafSegments(request, usableLeafSizes({ ...request, contiguous }, format.leafSizes));
}

/**
 * The same request, page by page: pages of the backing lie in memory in descending order, so that none are
 * adjacent.
 */
export function naiveRequest(request: LeafRequest, { contiguous, format }: Layout): NaiveRequest {
  const pagesOf = (bytes: bigint): number => Number(bytes / format.granule);
  const first = pagesOf(request.physical);
  const page = contiguous === undefined ? undefined : pagesOf(contiguous);
  return {
    iova: pagesOf(request.iova),
    pages: pagesOf(request.size),
    physicalOf: (index) => (page === undefined ? first + index : scattered(first + index, page)),
  };
}

const scattered = (offset: number, page: number): number =>
  (2 ** 30 - 2 * Math.floor(offset / page)) * page + (offset % page);

/**
 * What an entry of each level maps, in pages, written out: for 4 KiB tables 1, 512, 512² …, for s390 1, 256,
 * 256 · 2048.
 */
export function naiveEntries({ bitsPerLevel, lastLevelBits = bitsPerLevel, levels }: IommuFormat): number[] {
  const entries = [1];
  for (let level = 1; level < levels; level++) {
    entries.push((entries.at(-1) ?? 1) * 2 ** (level === 1 ? lastLevelBits : bitsPerLevel));
  }
  return entries;
}
