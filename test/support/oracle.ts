/**
 * A naive model of how Linux fills an IOMMU's page tables: every page is walked, every leaf is emitted, every
 * table is put into a set. Slow and obvious; it shares no code with the closed forms that it is there to
 * check. Everything is counted in pages of the smallest leaf, as plain numbers.
 */
export interface NaiveRequest {
  /** First IOVA, in pages. */
  readonly iova: number;
  readonly pages: number;
  /** Physical page behind the `index`-th page of the request. */
  readonly physicalOf: (index: number) => number;
}

export interface NaiveLeaf {
  /** First IOVA, in pages. */
  readonly iova: number;
  /** Size, in pages. */
  readonly pages: number;
}

/**
 * The leaves of one request: one call of `iommu_map` for each physically contiguous run, found page by page.
 */
export function naiveLeaves(request: NaiveRequest, sizes: readonly number[]): NaiveLeaf[] {
  const leaves: NaiveLeaf[] = [];
  let start = 0;
  for (let index = 1; index <= request.pages; index++) {
    const goesOn = index < request.pages && request.physicalOf(index) === request.physicalOf(index - 1) + 1;
    if (goesOn) continue;
    mapRun(request.iova + start, request.physicalOf(start), index - start, sizes, leaves);
    start = index;
  }
  return leaves;
}

/**
 * drivers/iommu/iommu.c `iommu_pgsize`, one leaf at a time: the largest that divides both addresses and fits.
 */
function mapRun(iova: number, physical: number, pages: number, sizes: readonly number[], leaves: NaiveLeaf[]): void {
  let done = 0;
  while (done < pages) {
    const size = largestFitting(iova + done, physical + done, pages - done, sizes);
    if (size === undefined) return;
    leaves.push({ iova: iova + done, pages: size });
    done += size;
  }
}

function largestFitting(iova: number, physical: number, left: number, sizes: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const size of sizes) {
    const fits = size <= left && iova % size === 0 && physical % size === 0;
    if (fits && (best === undefined || size > best)) best = size;
  }
  return best;
}

/** Number of leaves of every size, in pages. */
export function naiveCounts(leaves: readonly NaiveLeaf[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { pages } of leaves) counts.set(pages, (counts.get(pages) ?? 0) + 1);
  return counts;
}

/**
 * Table pages of every level but the root, last level first. `entryPages[k]` is what an entry of level k
 * maps, in pages; the last of them is an entry of the highest root there can be. Where the root grows it
 * starts at level `start`.
 */
export function naiveTables(
  leaves: readonly NaiveLeaf[], entryPages: readonly number[], start = entryPages.length - 1,
): number[] {
  const tables = entryPages.slice(1).map(() => new Set<number>());
  let root = start;
  for (const leaf of leaves) {
    while (leaf.iova + leaf.pages > (entryPages[root + 1] ?? Infinity)) root++;
    for (let level = levelOf(leaf, entryPages); level < tables.length; level++) {
      tables[level]?.add(Math.floor(leaf.iova / (entryPages[level + 1] ?? Infinity)));
    }
  }
  return tables.map((set, level) => (level < root ? set.size : 0));
}

/** The level whose entries are no larger than the leaf. */
function levelOf(leaf: NaiveLeaf, entryPages: readonly number[]): number {
  let level = 0;
  while ((entryPages[level + 1] ?? Infinity) <= leaf.pages) level++;
  return level;
}
