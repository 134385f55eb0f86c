import { alignDown, alignUp, modulo } from '../layout/address.js';
import type { Range } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeSize } from '../layout/written.js';
import { withProperty } from './edits.js';
import { withRange } from './placement.js';

/** Moves both ends of a range to whole pages, and its bytes with it. */

export const inwards = ({ base, end }: Range, block: bigint): Range => ({ base: alignUp(base, block), end: alignDown(end, block) });

export const outwards = ({ base, end }: Range, block: bigint): Range => ({ base: alignDown(base, block), end: alignUp(end, block) });

/** Gives a region a range of whole pages, and the bytes that it had there if it can. */
export function roundedRegion(region: Region, wanted: Range, alignment: bigint): PlacedEdit[] {
  const { element, range, backing, offset } = region;
  const edits = withRange(region, wanted);
  if (!range || !backing || backing.own || offset === undefined) return edits;
  const moved = inStep(offset, range, wanted, alignment);
  if (moved === offset) return edits;
  return moved < 0n ? [] : [...edits, withProperty(element, 'from', `${backing.name} + ${writeSize(moved)}`)];
}

/** The offset after the base has moved: by as much, where both are in step; else the next below that is a multiple. */
export function inStep(offset: bigint, before: Range, after: Range, alignment: bigint): bigint {
  const moved = offset + (after.base - before.base);
  return modulo(moved, alignment) === 0n ? moved : alignDown(offset, alignment);
}
