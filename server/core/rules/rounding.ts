import { alignDown, alignUp, formatAddress, formatSize, isAligned, modulo } from '../layout/address.js';
import type { Range } from '../layout/intervals.js';
import type { Region, Vm } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { isWrittenIn } from './edits.js';
import { withRange } from './placement.js';
import { offsetEdits } from './realignment.js';
import type { Fix } from './rule.js';

/** Moves both ends of a range to whole pages, and its bytes with it. */

export type Way = 'inwards' | 'outwards';

export const inwards = ({ base, end }: Range, block: bigint): Range => ({ base: alignUp(base, block), end: alignDown(end, block) });

export const outwards = ({ base, end }: Range, block: bigint): Range => ({ base: alignDown(base, block), end: alignUp(end, block) });

/** The fix that rounds a range to `block` one way; where only the bytes move, both ways are one. */
export function rounding(name: string, range: Range, way: Way, block: bigint, editsFor: (wanted: Range) => readonly PlacedEdit[]): Fix[] {
  const wanted = way === 'inwards' ? inwards(range, block) : outwards(range, block);
  const isSame = wanted.base === range.base && wanted.end === range.end;
  if (wanted.base >= wanted.end || (isSame && way === 'inwards')) return [];
  const title = isSame ? `Let the bytes of \`${name}\` begin at a multiple of ${formatSize(block)}` : `Round \`${name}\` ${way} to ${formatSize(block)}`;
  return [{ title, safe: false, edits: editsFor(wanted) }];
}

/** `0 .. 0x7fff_ffff` is meant with its last byte: an end that is one less than whole pages. */
export function withLastByte({ element, range }: Region, block: bigint, vm: Vm): Fix[] {
  const located = element.properties.get('at')?.[0];
  const value = located?.property.value;
  if (!located || !range || value?.kind !== 'extent' || value.inclusive || !isAligned(range.end + 1n, block) || !isWrittenIn(element, vm.element)) return [];
  const edit = { path: located.path, item: located.item, start: value.base.end, end: value.bound.start, newText: ' ..= ' };
  return [{ title: `Write \`..=\`: ${formatAddress(range.end)} is the last byte of \`${element.name}\``, safe: false, edits: [edit] }];
}

/** Gives a region a range of whole pages, and the bytes that it had there if it can. A BAR is as large as its device says. */
export function roundedRegion(region: Region, wanted: Range, alignment: bigint, vm: Vm): PlacedEdit[] {
  const { range, backing, offset, kind } = region;
  if (kind === 'bar') return [];
  const edits = withRange(region, wanted);
  if (!range || !backing || backing.own || offset === undefined) return edits;
  const moved = inStep(offset, range, wanted, alignment);
  if (moved === offset) return edits;
  return moved < 0n ? [] : [...edits, ...offsetEdits(region, moved, vm)];
}

/** The offset after the base has moved: by as much, where both are in step; else the next below that is a multiple. */
export function inStep(offset: bigint, before: Range, after: Range, alignment: bigint): bigint {
  const moved = offset + (after.base - before.base);
  return modulo(moved, alignment) === 0n ? moved : alignDown(offset, alignment);
}
