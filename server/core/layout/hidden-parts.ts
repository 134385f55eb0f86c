import type { Range } from './intervals.js';
import type { Region } from './model.js';

/** What of each region others hide with `over`, in guest-physical addresses; found once for all regions. */
export function hiddenParts(regions: readonly Region[]): ReadonlyMap<Region, readonly Range[]> {
  const hidden = new Map<Region, Range[]>();
  for (const { range, over } of regions) {
    if (!range) continue;
    for (const lower of over) {
      const parts = hidden.get(lower);
      if (parts) parts.push(range);
      else hidden.set(lower, [range]);
    }
  }
  return hidden;
}
