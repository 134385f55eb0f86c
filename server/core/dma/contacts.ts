import { alignDown, alignUp } from '../layout/address.js';
import { intersect, subtract, type Range } from '../layout/intervals.js';
import type { Region, Reserved, ReservedKind } from '../layout/model.js';
import { addLeaves, leafSegments, leavesOf, usableLeafSizes, type Leaves } from './leaves.js';
import { contiguousPage, physicalOf, type Plan, type PlannedMap } from './plan.js';
import { atLeast } from './kernel-version.js';

/** A DMA mapping that meets a range which a device assigned at start-up keeps. */
export interface Contact {
  readonly plan: Plan;
  readonly map: PlannedMap;
  readonly kept: Reserved;
  /** The bytes both have. */
  readonly shared: Range;
  /** Whether the kernel looks at it at all. */
  readonly checked: boolean;
}

/** Every contact with ranges of these kinds that isn't carved around or rightly tolerated. */
export function contactsOf(plan: Plan, kinds: ReadonlySet<ReservedKind>): Contact[] {
  if (!plan.attachedAtBoot) return [];
  const checked = refusesContacts(plan);
  return plan.maps.flatMap((map) =>
    plan.kept.flatMap((kept) => {
      const shared = kinds.has(kept.kind) ? intersect(map.range, kept.range) : undefined;
      return shared && !isTolerated(plan, kept, shared) ? [{ plan, map, kept, shared, checked }] : [];
    }),
  );
}

/** Whether the kernel refuses a mapping over a kept range: iommufd always, VFIO type1 since Linux 5.4 (`vfio_iommu_iova_dma_valid`). */
export const refusesContacts = ({ contract, kernel }: Pick<Plan, 'contract' | 'kernel'>): boolean =>
  contract === 'iommufd' || (contract === 'type1' && atLeast(kernel, 5, 4));

/**
 * Tolerating is right where the kernel accepts the mapping and the guest has promised to keep its DMA out; never over a
 * software MSI window, because the kernel maps the doorbell itself there.
 */
export function isTolerated(plan: Plan, kept: Reserved, shared: Range): boolean {
  if (plan.vm.stance !== 'tolerate' || kept.kind === 'sw-msi' || refusesContacts(plan)) return false;
  return isAvoided(plan.vm.regions, shared);
}

/** Whether the guest has promised to keep its DMA out of all these bytes. */
export const isAvoided = (regions: readonly Region[], range: Range): boolean => unavoided(regions, range).length === 0;

/** The parts of a range that the guest hasn’t promised to keep its DMA out of. */
export const unavoided = (regions: readonly Region[], range: Range): Range[] =>
  subtract(range, regions.flatMap((region) => (region.kind === 'avoid' && region.range ? [region.range] : [])));

/** The parts of a mapping that are left around holes, which are widened to multiples of `block` bytes. */
export function partsAround(map: PlannedMap, holes: readonly Range[], block: bigint): Range[] {
  return subtract(map.range, holes.map(({ base, end }) => ({ base: alignDown(base, block), end: alignUp(end, block) })));
}

/** The leaves that hold parts of a mapping, each part asked for by itself with the offset it has. */
export function leavesOfParts(plan: Plan, map: PlannedMap, parts: readonly Range[]): Leaves {
  return parts.map((part) => leavesOfPart(plan, map, part)).reduce(addLeaves, new Map());
}

function leavesOfPart(plan: Plan, map: PlannedMap, part: Range): Leaves {
  const physical = physicalOf(map) + (part.base - map.range.base);
  const sizes = usableLeafSizes({ iova: part.base, physical, contiguous: contiguousPage(map, plan.page) }, plan.format.leafSizes);
  return leavesOf(leafSegments({ iova: part.base, size: part.end - part.base, physical }, sizes));
}
