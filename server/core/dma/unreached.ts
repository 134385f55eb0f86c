import { contains, sizeOf, subtract, unite, type Range } from '../layout/intervals.js';
import type { Assignment, Region, Reserved, ReservedKind, Vm } from '../layout/model.js';
import { isAvoided, keptLater, lateContacts } from './contacts.js';
import type { Plan } from './plan.js';
import { comesAlone } from './plugged-memory.js';
import { pluggedRequests, requestsOf, type LeftOut } from './requests.js';
import { isExcluded } from './verdict.js';

/** What a VMM carves out of a region around what devices keep. */
export interface CarvedHole extends LeftOut {
  /** Whether the region comes while the guest runs. */
  readonly isPlugged: boolean;
  /** The device for which alone it is carved, where that comes later. */
  readonly keeper: Assignment | undefined;
}

/** All that is carved out: at start-up, when the first device comes if none is there by then, and when RAM comes, whoever is there by then. */
export function carvedHoles(plan: Plan): CarvedHole[] {
  const { vm, habits } = plan;
  const atBoot = plan.leftOut.filter(({ kept }) => kept.length > 0).map((left) => ({ ...left, isPlugged: false, keeper: undefined }));
  if (vm.stance !== 'carve' || vm.maps.length > 0) return atBoot;
  const later = keptLater(plan).filter(({ kept }) => isExcluded(kept));
  const all = { ...habits, carve: [...plan.kept.filter(isExcluded), ...later.map(({ kept }) => kept)] };
  const keeperOf = (met: readonly Reserved[]): Assignment | undefined =>
    met.some((kept) => plan.kept.includes(kept)) ? undefined : later.find(({ kept }) => met.includes(kept))?.keeper;
  const holes = (leftOut: readonly LeftOut[], isPlugged: boolean): CarvedHole[] =>
    leftOut.filter(({ kept }) => kept.length > 0).map((left) => ({ ...left, isPlugged, keeper: keeperOf(left.kept) }));
  return [
    ...(plan.attachedAtBoot ? atBoot : holes(requestsOf(vm, all).leftOut, false)),
    ...plan.memoryHotplug.filter(comesAlone).flatMap(({ region }) => holes(pluggedRequests(region, vm, all).leftOut, true)),
  ];
}

/** Addresses of plugged RAM that no written map shows, neither one for it nor one for a window that it is in; in order. */
export function unmappedIn({ range }: Region, { maps }: Vm): Range[] {
  if (!range || maps.length === 0) return [];
  const shown = maps.flatMap(({ region, offset, size }) => {
    const base = region?.range && (offset === undefined ? region.range.base : region.range.base + offset);
    const end = base !== undefined && size !== undefined ? base + size : region?.range?.end;
    return base !== undefined && end !== undefined && end > base ? [{ base, end }] : [];
  });
  return subtract(range, shown);
}

/** RAM that devices don't reach once something has come, although nobody refuses it. */
export interface Unreached {
  readonly region: Region;
  readonly range: Range;
  /** What takes it; nothing where no `map` shows it. */
  readonly kept: readonly Reserved[];
  readonly isCarved: boolean;
  readonly isPlugged: boolean;
  /** The device that keeps it, where that comes later. */
  readonly keeper: Assignment | undefined;
  /** Whether the guest has promised to keep its DMA out. */
  readonly isAvoided: boolean;
}

/** Ranges in which DMA never gets to RAM. */
export const NEVER_REACHED: ReadonlySet<ReservedKind> = new Set(['msi', 'sw-msi', 'reserved', 'direct']);

/** What is lost of RAM as things come, each byte of a region once. */
export function unreachedLater(plan: Plan): Unreached[] {
  const carved = carvedHoles(plan).filter(({ isPlugged, keeper }) => isPlugged || keeper).map((hole) => ({ ...hole, isCarved: true }));
  const met = lateContacts(plan, NEVER_REACHED).flatMap(({ map: { region }, kept, shared, isPlugged, keeper }) =>
    region && !carved.some((hole) => hole.region === region && contains(hole.range, shared)) ? [{ region, range: shared, kept: [kept], isCarved: false, isPlugged, keeper }] : []);
  const unmapped = plan.memoryHotplug.filter(comesAlone).flatMap(({ region }) => unmappedIn(region, plan.vm).map((range) => ({ region, range, kept: [], isCarved: false, isPlugged: true, keeper: undefined })));
  return [...carved, ...met, ...unmapped].filter(({ region }) => region.kind === 'ram').map((one) => ({ ...one, isAvoided: isAvoided(plan.vm.regions, one.range) }));
}

/** What comes: a device, or the RAM of a region. */
export type Comer = { readonly assignment: Assignment } | { readonly region: Region };

/** What is lost as one of them comes. */
export const unreachedWith = (comer: Comer, plan: Plan): Unreached[] =>
  unreachedLater(plan).filter(({ region, keeper, isPlugged }) => ('region' in comer ? isPlugged && region === comer.region : !isPlugged && keeper === comer.assignment));

/** Bytes in all these ranges, those in several once. */
export const bytesOf = (ranges: readonly Range[]): bigint => unite(ranges).reduce((sum, range) => sum + sizeOf(range), 0n);
