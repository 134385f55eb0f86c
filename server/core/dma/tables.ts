import { alignDown, alignUp, log2 } from '../layout/address.js';
import { isEmpty, type Range, sizeOf, unite } from '../layout/intervals.js';
import type { LeafSegments } from './leaves.js';

/** The shape of an IOMMU's page tables. Level 0 is the last level, whose entries map one granule each. */
export interface TableFormat {
  /** Bytes that an entry of the last level maps. */
  readonly granule: bigint;
  /** Address bits that a table resolves: 9 for a 4 KiB table of 8-byte entries. */
  readonly bitsPerLevel: number;
  /** The same for the last level, where it differs from the others (s390: 8 against 11). */
  readonly lastLevelBits?: number | undefined;
  /** Number of levels, the root included. */
  readonly levels: number;
  /**
   * Levels the root starts with, where it grows as higher addresses are mapped (AMD v1: 3, up to `levels`).
   */
  readonly startingLevels?: number | undefined;
}

/**
 * Table pages of every level but the root, last level first, that the requests need together: `levels - 1`
 * numbers.
 *
 * A table exists if and only if a leaf of its level or of a lower one lies in its span
 * (drivers/iommu/generic_pt/iommu_pt.h `__map_range`, drivers/iommu/io-pgtable-arm.c `__arm_lpae_map`: both
 * descend only where no leaf of the level fits). Requests share tables, so the spans are united. Where the
 * root grows (AMD v1), everything from the root up counts as 0.
 *
 * A closed form over the spans, O(requests log requests) a level: never a loop over blocks.
 */
export function countTables(requests: Iterable<LeafSegments>, format: TableFormat): bigint[] {
  const leaves = [...requests].flatMap((segments) => leafRanges(segments, format));
  const root = rootLevel(leaves, format);
  return Array.from({ length: Math.max(0, format.levels - 1) }, (_, level) =>
    level < root ? tablesOfLevel(leaves, level, format) : 0n,
  );
}

/**
 * Host memory that these tables take, in bytes, without the root. An entry has 8 bytes in every format known
 * here.
 */
export function tableBytes(tables: readonly bigint[], format: TableFormat): bigint {
  return tables.reduce((bytes, count, level) => bytes + count * (8n << BigInt(bitsOf(level, format))), 0n);
}

/** Bytes that one table of `level` spans; level 0 is the last one. */
export const tableSpan = (level: number, format: TableFormat): bigint =>
  format.granule << BigInt(bitsOf(0, format) + level * format.bitsPerLevel);

/**
 * The level whose tables hold leaves of `size` bytes. A leaf between two levels is held, several entries
 * wide, in the lower one: AMD v1's 8 MiB beside 2 MiB, RISC-V's 64 KiB (Svnapot) beside 4 KiB.
 */
export function leafLevel(size: bigint, format: TableFormat): number {
  const above = log2(size) - log2(format.granule) - bitsOf(0, format);
  return above < 0 ? 0 : 1 + Math.floor(above / format.bitsPerLevel);
}

interface LeafRange {
  readonly range: Range;
  readonly level: number;
}

function leafRanges(segments: LeafSegments, format: TableFormat): LeafRange[] {
  return [...segments].flatMap(([size, ranges]) => {
    const level = leafLevel(size, format);
    return ranges.map((range) => ({ range, level }));
  });
}

/** The level of the root: fixed, or as high as the highest leaf demands where the root grows. */
function rootLevel(leaves: readonly LeafRange[], format: TableFormat): number {
  const top = format.levels - 1;
  let level = Math.min(top, (format.startingLevels ?? format.levels) - 1);
  while (level < top && leaves.some(({ range }) => range.end > tableSpan(level, format))) level++;
  return level;
}

function tablesOfLevel(leaves: readonly LeafRange[], level: number, format: TableFormat): bigint {
  const span = tableSpan(level, format);
  const spans = leaves
    .filter((leaf) => leaf.level <= level && !isEmpty(leaf.range))
    .map(({ range }) => ({ base: alignDown(range.base, span), end: alignUp(range.end, span) }));
  return unite(spans).reduce((count, range) => count + sizeOf(range) / span, 0n);
}

const bitsOf = (level: number, format: TableFormat): number =>
  level === 0 ? (format.lastLevelBits ?? format.bitsPerLevel) : format.bitsPerLevel;
