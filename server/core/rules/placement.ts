import { alignUp, largest } from '../layout/address.js';
import { overlaps, type Range } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeAddress } from './edits.js';
import type { VmSubject } from './rule.js';

/**
 * The free place nearest to where a region is: aligned, inside the aperture and the guest's width, and away from every
 * region and from what assigned devices keep. Bytes; nothing where there is none.
 */
export function nearestFreePlace(subject: VmSubject, region: Region, alignment: bigint): bigint | undefined {
  const { range } = region;
  if (!range) return undefined;
  const size = range.end - range.base;
  const taken = takenBy(subject, region);
  const { base: floor, end: ceiling } = roomFor(subject);
  const candidates = [floor, range.base, ...taken.map(({ end }) => end)].map((base) => alignUp(largest(base, floor), alignment));
  const downwards = taken.map(({ base }) => ((base - size) / alignment) * alignment).filter((base) => base >= floor);
  let best: bigint | undefined;
  for (const base of [...candidates, ...downwards]) {
    const place = { base, end: base + size };
    if (place.end > ceiling || taken.some((other) => overlaps(other, place)) || base === range.base) continue;
    if (best === undefined || distance(base, range.base) < distance(best, range.base)) best = base;
  }
  return best;
}

const distance = (left: bigint, right: bigint): bigint => (left < right ? right - left : left - right);

/** Where nothing may be put: other regions, and what devices keep if the region is mapped for DMA. */
function takenBy({ vm, host, plan }: VmSubject, region: Region): Range[] {
  const regions = vm.regions.flatMap((other) => (other !== region && other.kind !== 'avoid' && other.range ? [other.range] : []));
  const devices = new Set(vm.assignments.map(({ device }) => device));
  const kept = plan && host ? host.devices.filter((device) => devices.has(device)).flatMap(({ reserved }) => reserved) : [];
  return [...regions, ...kept.filter(({ kind }) => kind !== 'direct-relaxable').map(({ range }) => range)];
}

function roomFor({ vm, plan }: VmSubject): Range {
  const width = 1n << BigInt(vm.bits ?? 64);
  const aperture = plan && vm.assignments.length > 0 ? plan.aperture : { base: 0n, end: width };
  return { base: aperture.base, end: aperture.end < width ? aperture.end : width };
}

/** The edit that puts a region elsewhere; an extent `A ..= B` keeps its form. */
export function movedTo(region: Region, base: bigint): PlacedEdit | undefined {
  const located = region.element.properties.get('at')?.[0];
  const value = located?.property.value;
  if (!located || !value || !region.range) return undefined;
  const { start, end } = value;
  const size = region.range.end - region.range.base;
  const bound = value.kind === 'extent' ? (value.inclusive ? ` ..= ${writeAddress(base + size - 1n)}` : ` .. ${writeAddress(base + size)}`) : '';
  return { path: located.path, item: located.item, start, end, newText: writeAddress(base) + bound };
}
