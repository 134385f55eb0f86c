import { contains, type Range } from '../layout/intervals.js';
import { findOverlap, insertRange, type RangeTree, removeRange } from './range-tree.js';
import { lockedBytes, mappedRange, type MapRequest } from './verdict.js';

/** The mappings that a container holds. A value: taking and releasing give another. */
export interface HeldMaps {
  readonly maps: RangeTree<MapRequest>;
  /** Bytes that count against RLIMIT_MEMLOCK. */
  readonly locked: bigint;
}

/** With one more mapping, which must not overlap another. */
export const taking = ({ maps, locked }: HeldMaps, request: MapRequest, hostPage: bigint): HeldMaps => ({
  maps: insertRange(maps, mappedRange(request), request),
  locked: locked + lockedBytes(request, hostPage),
});

/** Without the mappings inside `range`, from the lowest upwards until one sticks out of it: `cut`. */
export function releasing(held: HeldMaps, range: Range, hostPage: bigint): { held: HeldMaps; unmapped: bigint; cut: MapRequest | undefined } {
  let { maps, locked } = held;
  let unmapped = 0n;
  let map = findOverlap(maps, range);
  for (; map && contains(range, mappedRange(map)); map = findOverlap(maps, range)) {
    maps = removeRange(maps, map.iova);
    locked -= lockedBytes(map, hostPage);
    unmapped += map.size;
  }
  return { held: { maps, locked }, unmapped, cut: map };
}
