import { alignmentFor, freeGaps, nearestTo, phaseOf, placesNear, type Situation } from '../dma/free-places.js';
import { ALL_ADDRESSES } from '../dma/usable-ranges.js';
import { KIB, largest, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { Evaluator } from '../layout/evaluate.js';
import { lengthOf } from '../layout/extents.js';
import { isHeld, type Placed } from '../layout/held-regions.js';
import { rangeOf, subtract, type Range } from '../layout/intervals.js';
import { readVm } from '../layout/vm.js';
import { writeAddress } from '../layout/written.js';
import type { EditorFile } from './editor-file.js';
import type { Surroundings } from './surroundings.js';

/** A guest as it stands around the cursor, on each of the hosts that it was checked on; without any, what it says by itself. */
export function situationsOf(vm: Element, { result }: EditorFile, { evaluator }: Surroundings): Situation[] {
  const checked = result.vms.filter((each) => each.vm.name === vm.name);
  const read = ({ host, plan }: Omit<Situation, 'vm'>): Situation => ({ vm: readVm(vm, host, new Evaluator(evaluator.lookup)), host, plan });
  return checked.length > 0 ? checked.map(read) : [read({ host: undefined, plan: undefined })];
}

/**
 * The free address after the highest region, aligned as is best for what is to be placed; where the guest has none there,
 * the last one before. What belongs into windows gets the lowest there.
 */
export function freeAddress(element: Element, file: EditorFile, around: Surroundings): string | undefined {
  if (!element.parent) return undefined;
  const length = lengthOf(element, around.evaluator);
  const size = length.type === 'quantity' ? length.value : USUAL_SIZE;
  const [first, ...others] = situationsOf(element.parent, file, around);
  const region = first?.vm.regions.find((each) => each.element === element);
  if (!first || !region) return undefined;
  const without = (situation: Situation): Situation => ({ ...situation, vm: { ...situation.vm, regions: situation.vm.regions.filter((each) => each.element !== element) } });
  const situations = [first, ...others].map(without);
  const inWindow = region.kind !== 'doorbell' && isHeld(region) && first.vm.regions.some(({ kind }) => kind === 'window');
  const placed = { ...region, range: rangeOf(inWindow ? 0n : highestEnd(situations), size) };
  const alignment = largest(alignmentFor(placed, first.plan), region.kind === 'doorbell' ? 1n : 4n * KIB);
  const address = placeFrom(placed.range, commonGaps(situations, placed), alignment, phaseOf(placed));
  return address === undefined ? undefined : writeAddress(address);
}

/** Of a region that has none yet. */
const USUAL_SIZE = 2n * MIB;

/** Where a region could be on every host. */
export const commonGaps = (situations: readonly Situation[], region: Placed): Range[] =>
  subtract(ALL_ADDRESSES, situations.flatMap((situation) => subtract(ALL_ADDRESSES, freeGaps(situation, region))));

/** The first place in the gaps from where a range is on, `phase` past a multiple of `alignment`; where there is none, the last one before. Bytes. */
export function placeFrom(range: Range, gaps: readonly Range[], alignment: bigint, phase = 0n): bigint | undefined {
  const places = placesNear(range, gaps, alignment, phase);
  const after = places.filter((base) => base >= range.base);
  return nearestTo(range.base, after.length > 0 ? after : places);
}

/** One past the highest region of a guest; 0 where it has none. */
export const highestEnd = (situations: readonly Situation[]): bigint =>
  situations.flatMap(({ vm }) => vm.regions).reduce((most, { range }) => (range ? largest(most, range.end) : most), 0n);
