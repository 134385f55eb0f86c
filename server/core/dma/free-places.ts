import { GIB, largest, log2, modulo, smallest } from '../layout/address.js';
import { holds, isHeld, type Placed } from '../layout/held-regions.js';
import { contains, intersect, isEmpty, overlaps, subtract, type Range } from '../layout/intervals.js';
import type { Host, Region, Vm } from '../layout/model.js';
import { apertureOf, physicalOf, type Plan } from './plan.js';

/** A guest, and the host and plan that say where it may be; without them only the guest does. */
export interface Situation {
  readonly vm: Vm;
  readonly host: Host | undefined;
  readonly plan: Plan | undefined;
}

/** RAM to the largest leaf that it and a page of its backing hold; anything else to its own size, as a BAR is decoded. */
export function alignmentFor({ kind, range, backing }: Region, plan: Plan | undefined): bigint {
  const size = range ? range.end - range.base : 1n;
  const own = 1n << BigInt(log2(size));
  if (kind !== 'ram' || !plan) return kind === 'bar' || own < GIB ? own : GIB;
  return plan.format.leafSizes.find((leaf) => leaf <= size && leaf <= (backing?.page ?? leaf)) ?? plan.alignment;
}

/** How far past a multiple of its page a region begins in its backing; nothing is promised of one without pages. */
export const phaseOf = ({ backing, offset }: Region): bigint =>
  backing?.page !== undefined || backing?.kind === 'physical' ? physicalOf({ backing, offset }) : 0n;

/**
 * The free place nearest to where a region is, but another: aligned, inside the aperture and the guest's width, and away from every
 * region and from what assigned devices keep. Bytes; nothing where there is none. With a `phase`, the base is that much
 * past a multiple of the alignment, as the region's bytes are in their backing.
 */
export const nearestFreePlace = (subject: Situation, region: Placed, alignment: bigint, phase = 0n): bigint | undefined =>
  region.range && nearestTo(region.range.base, placesNear(region.range, freeGaps(subject, region), alignment, phase).filter((base) => base !== region.range?.base));

/** Where a region could be, itself aside. */
export function freeGaps(subject: Situation, region: Placed): Range[] {
  const taken = takenBy(subject, region);
  return roomsFor(subject, region).flatMap((room) => subtract(room, taken));
}

/** In each gap the bases of a range's size that are nearest to where it is, `phase` past a multiple of `alignment`. Bytes. */
export function placesNear(range: Range, gaps: readonly Range[], alignment: bigint, phase = 0n): bigint[] {
  const size = range.end - range.base;
  const upTo = (address: bigint): bigint => address + modulo(phase - address, alignment);
  const downTo = (address: bigint): bigint => address - modulo(address - phase, alignment);
  return gaps.flatMap((gap) => {
    const [lowest, highest] = [upTo(gap.base), downTo(gap.end - size)];
    if (lowest > highest) return [];
    return [upTo(range.base), downTo(range.base)].map((wanted) => smallest(highest, largest(lowest, wanted)));
  });
}

/** The nearest to an address, of several the first. */
export const nearestTo = (address: bigint, places: readonly bigint[]): bigint | undefined =>
  places.reduce<bigint | undefined>((best, base) => (best !== undefined && distance(best, address) <= distance(base, address) ? best : base), undefined);

/** Whether a region could be in a place, itself aside. */
export const isFreePlace = (subject: Situation, region: Placed, place: Range): boolean =>
  roomsFor(subject, region).some((room) => contains(room, place)) && !takenBy(subject, region).some((other) => overlaps(other, place));

const distance = (left: bigint, right: bigint): bigint => (left < right ? right - left : left - right);

/** Where nothing may be put: other regions, and if the region is mapped for DMA, what devices keep and what bridges route past the IOMMU. */
function takenBy(subject: Situation, region: Placed): Range[] {
  const { vm } = subject;
  const windows = windowsFor(region, vm);
  const inTheWay = vm.regions.filter((other) => other !== region && !windows.includes(other) && other.kind !== 'avoid');
  return [...inTheWay.flatMap(({ range }) => range ?? []), ...unmappable(subject)];
}

/** What assigned devices keep, and what bridges route past the IOMMU. */
function unmappable({ vm, host, plan }: Situation): Range[] {
  const devices = new Set(vm.assignments.map(({ device }) => device));
  const kept = plan && host ? host.devices.filter((device) => devices.has(device)).flatMap(({ reserved }) => reserved) : [];
  const bypassed = plan && host && devices.size > 0 ? host.bridges.flatMap(({ windows }) => windows.filter(({ acs }) => acs === false)) : [];
  return [...bypassed.map(({ range }) => range), ...kept.filter(({ kind }) => kind !== 'direct-relaxable').map(({ range }) => range)];
}

/** What a region can be in: the guest's width, what all its devices translate, and the windows that are kept for its kind, if any are. */
function roomsFor(subject: Situation, region: Placed): Range[] {
  const windows = windowsFor(region, subject.vm).flatMap(({ range }) => range ?? []);
  const whole = reachOf(subject);
  return windows.length === 0 ? (isEmpty(whole) ? [] : [whole]) : windows.flatMap((window) => intersect(whole, window) ?? []);
}

/** The guest's width, as far as all its devices translate it. */
function reachOf({ vm, plan }: Situation): Range {
  const apertures = plan ? vm.assignments.flatMap(({ device }) => (device ? [apertureOf(device.iommu, plan)] : [])) : [];
  return { base: largest(0n, ...apertures.map(({ base }) => base)), end: smallest(1n << BigInt(vm.bits ?? 64), ...apertures.map(({ end }) => end)) };
}

/** What all devices of a guest could reach, were it mapped: a mapping lies whole in one of these. */
export const mappableRanges = (subject: Situation): Range[] => subtract(reachOf(subject), unmappable(subject));

/** The window that a BAR or a DIMM lies in; of one that lies in none, or sticks out, those that are kept for its kind. */
function windowsFor(region: Placed, { regions }: Vm): Region[] {
  if (!isHeld(region)) return [];
  const windows = regions.filter(({ kind }) => kind === 'window');
  const own = windows.find((outer) => holds(outer, region));
  if (own) return [own];
  const other = { bar: 'memory', ram: 'bars' }[region.kind as string];
  return other === undefined ? [] : windows.filter(({ purpose }) => purpose !== other);
}
