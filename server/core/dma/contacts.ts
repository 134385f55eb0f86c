import { alignDown, alignUp } from '../layout/address.js';
import { intersect, subtract, type Range } from '../layout/intervals.js';
import type { Assignment, Region, Reserved, ReservedKind } from '../layout/model.js';
import { leafSegments, leavesOf, sumOfLeaves, usableLeafSizes, type Leaves } from './leaves.js';
import { contiguousPage, physicalOf, type Plan, type PlannedMap } from './plan.js';
import { atLeast } from './kernel-version.js';
import { comesAlone } from './plugged-memory.js';
import { spaceOf } from './spaces.js';
import { isExcluded } from './verdict.js';

/** A DMA mapping that meets a range which an assigned device keeps. */
export interface Contact {
  readonly plan: Plan;
  readonly map: PlannedMap;
  readonly kept: Reserved;
  /** The bytes both have. */
  readonly shared: Range;
  /** Whether the kernel looks at it at all. */
  readonly checked: boolean;
  /** Whether the mapping is of RAM that comes while the guest runs. */
  readonly isPlugged: boolean;
  /** The device whose range it is, where that comes later. */
  readonly keeper: Assignment | undefined;
}

/** Every contact with ranges of these kinds that isn't carved around or rightly tolerated. */
export function contactsOf(plan: Plan, kinds: ReadonlySet<ReservedKind>): Contact[] {
  return [
    ...contactsAtBoot(plan, kinds).filter(({ kept, shared }) => !isTolerated(plan, kept, shared)),
    ...lateContacts(plan, kinds).filter((contact) => !isTolerated(plan, contact.kept, contact.shared) && !isLeftToTheGuest(contact)),
  ];
}

function contactsAtBoot(plan: Plan, kinds: ReadonlySet<ReservedKind>): Contact[] {
  if (!plan.attachedAtBoot) return [];
  return plan.maps.flatMap((map) => plan.kept.flatMap((kept) => contactOf({ plan, map, kept, isPlugged: false, keeper: undefined }, kinds)));
}

/**
 * What comes to be once everything has come, RAM or devices. Where the kernel looks, whatever would meet is refused when it
 * comes, and told there; only a `direct-relaxable` range stands in nobody's way.
 */
export function lateContacts(plan: Plan, kinds: ReadonlySet<ReservedKind>): Contact[] {
  const later = keptLater(plan);
  const plugged = plan.memoryHotplug.filter(comesAlone).flatMap(({ maps }) => maps);
  const atBoot = plan.maps.filter(({ verdict }) => verdict.errno === 'ok');
  const contacts = [
    ...atBoot.flatMap((map) => later.flatMap((one) => contactOf({ plan, map, ...one, isPlugged: false }, kinds))),
    ...plugged.flatMap((map) => plan.kept.flatMap((kept) => contactOf({ plan, map, kept, isPlugged: true, keeper: undefined }, kinds))),
    ...plugged.flatMap((map) => later.flatMap((one) => contactOf({ plan, map, ...one, isPlugged: true }, kinds))),
  ];
  return contacts.filter(({ checked, kept }) => !checked || kept.kind === 'direct-relaxable');
}

function contactOf(meeting: Omit<Contact, 'shared' | 'checked'>, kinds: ReadonlySet<ReservedKind>): Contact[] {
  const shared = kinds.has(meeting.kept.kind) ? intersect(meeting.map.range, meeting.kept.range) : undefined;
  return shared ? [{ ...meeting, shared, checked: refusesContacts(meeting.plan) }] : [];
}

/** A range that a device brings which comes later. */
export interface KeptLater {
  readonly kept: Reserved;
  readonly keeper: Assignment;
}

/** What devices bring that come to a space in which RAM is mapped, unless they can't come at all; each range once, and none that is kept already. */
export function keptLater({ vm, kept, hotplug }: Plan): KeptLater[] {
  const seen = new Set(kept.map(({ element }) => element));
  const comers = hotplug.filter(({ assignment, verdict }) => verdict.errno === 'ok' && (vm.maps.length > 0 || spaceOf(assignment, vm).identity));
  return comers.flatMap(({ assignment }) => (assignment.device?.reserved ?? []).flatMap((reserved) => {
    if (seen.has(reserved.element)) return [];
    seen.add(reserved.element);
    return [{ kept: reserved, keeper: assignment }];
  }));
}

/**
 * Whether a VMM that carves counts on the guest here: a hole that it makes as one or the other comes is told by itself, and what
 * it had mapped already the guest keeps off if it has promised to. A doorbell isn't mapped over RAM all the same.
 */
function isLeftToTheGuest({ plan, kept, shared, isPlugged, keeper }: Contact): boolean {
  if (plan.vm.stance !== 'carve' || plan.vm.maps.length > 0 || !isExcluded(kept)) return false;
  if (!keeper || !plan.attachedAtBoot) return true;
  return kept.kind !== 'sw-msi' && (isPlugged || isAvoided(plan.vm.regions, shared));
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
  return sumOfLeaves(parts.map((part) => leavesOfPart(plan, map, part)));
}

function leavesOfPart(plan: Plan, map: PlannedMap, part: Range): Leaves {
  const physical = physicalOf(map) + (part.base - map.range.base);
  const sizes = usableLeafSizes({ iova: part.base, physical, contiguous: contiguousPage(map, plan.page) }, plan.format.leafSizes);
  return leavesOf(leafSegments({ iova: part.base, size: part.end - part.base, physical }, sizes));
}
