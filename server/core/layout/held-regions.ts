import { contains } from './intervals.js';
import type { Region } from './model.js';

/** A region as far as its place depends on what it is; it need not be of a guest yet. */
export type Placed = Pick<Region, 'kind' | 'range' | 'hotplug'>;

/**
 * Whether `inner` belongs into `outer`, and fits: a doorbell into the registers it is one of, BARs and hot-plugged RAM into
 * the window that is kept free for them.
 */
export function holds(outer: Region, inner: Placed): boolean {
  if (!outer.range || !inner.range || !contains(outer.range, inner.range)) return false;
  if (outer.kind === 'mmio') return inner.kind === 'doorbell';
  if (outer.kind !== 'window') return false;
  if (inner.kind === 'bar') return outer.purpose !== 'memory';
  return inner.kind === 'ram' && inner.hotplug && outer.purpose !== 'bars';
}

/** Whether a region may belong into another at all. */
export const isHeld = ({ kind, hotplug }: Pick<Placed, 'kind' | 'hotplug'>): boolean => kind === 'doorbell' || kind === 'bar' || (kind === 'ram' && hotplug);
