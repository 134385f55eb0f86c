import { sizeOf } from '../layout/intervals.js';
import type { IommuFormat } from './formats.js';
import { leafSegments, leavesOf, usableLeafSizes, type Leaves, type LeafSegments } from './leaves.js';
import { contiguousPage, physicalOf, type DmaRequest } from './requests.js';
import { countTables } from './tables.js';
import type { Verdict } from './verdict.js';

/** A DMA mapping request with what the kernel answers, and what the IOMMU's tables then hold. */
export interface PlannedMap extends DmaRequest {
  readonly verdict: Verdict;
  /** Leaf sizes that alignment, phase and backing allow, largest first. */
  readonly usableSizes: readonly bigint[];
  readonly segments: LeafSegments;
  readonly leaves: Leaves;
  readonly tables: readonly bigint[];
}

/** The tables that leaves are counted for, and the host's base page in bytes. */
export interface TablesOfHost {
  readonly format: IommuFormat;
  readonly page: bigint;
}

export function plannedMap(request: DmaRequest, verdict: Verdict, { format, page }: TablesOfHost): PlannedMap {
  const run = { iova: request.range.base, size: sizeOf(request.range), physical: physicalOf(request) };
  const phase = { iova: run.iova, physical: run.physical, contiguous: contiguousPage(request, page) };
  const usableSizes = usableLeafSizes(phase, format.leafSizes);
  const segments = leafSegments(run, usableSizes);
  return {
    ...request,
    verdict,
    usableSizes,
    segments,
    leaves: withAllSizes(leavesOf(segments), format),
    tables: countTables([segments], format),
  };
}

/** Leaves with a count for every size that the tables have. */
export const withAllSizes = (leaves: Leaves, format: IommuFormat): Leaves =>
  new Map(format.leafSizes.map((size) => [size, leaves.get(size) ?? 0n]));
