import type { LeafLoss } from '../dma/fragmentation.js';
import { alignUp, formatSize, isAligned, MIB, modulo, smallest } from '../layout/address.js';
import { contains, isEmpty, overlaps, rangeOf, sizeOf, type Range } from '../layout/intervals.js';
import type { Backing, Region, Vm } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { isWrittenIn, withProperty } from './edits.js';
import { isFreePlace, nearestFreePlace } from '../dma/free-places.js';
import type { Fix, VmSubject } from './rule.js';

/** Puts a region elsewhere, in the guest or in its backing, so that larger leaves fit; the fixes of the fragmentation rules. */

/** Where a region is to be. Bytes. */
export interface Refit {
  readonly range: Range;
  /** First byte in its backing. */
  readonly offset: bigint;
}

/** The fix that refits a region; none where it isn't written here or the place or the bytes are taken. */
export function refit(title: string, region: Region, to: Refit, subject: VmSubject): Fix[] {
  const edits = refitEdits(region, to, subject);
  const grown = edits && grownBacking(region, to, subject);
  if (!edits || !grown) return [];
  return [{ title: `${title}${grown.words}`, safe: false, savesLeaves: true, edits: [...edits, ...grown.edits] }];
}

/** The same for a region that is wrong where it is, whatever that costs in leaves. */
export const rebase = (title: string, region: Region, to: Refit, subject: VmSubject): Fix[] =>
  refit(title, region, to, subject).map((fix) => ({ ...fix, savesLeaves: false }));

/** The edits that put a region elsewhere; its backing has to be large enough already, or be grown besides. */
export function refitEdits(region: Region, to: Refit, subject: VmSubject): PlacedEdit[] | undefined {
  if (!region.range || isEmpty(to.range) || !isWrittenIn(region.element, subject.vm.element)) return undefined;
  if (!contains(region.range, to.range) && !isFreePlace(subject, region, to.range)) return undefined;
  if (!hasBytesFor(region, to, subject.vm)) return undefined;
  const edits = [...placeEdits(region, to.range), ...offsetEdits(region, to.offset, subject.vm)];
  return edits.length > 0 ? edits : undefined;
}

/**
 * A region at the nearest free place that keeps it in phase with its bytes; nothing where those begin at so odd an offset
 * that the place would have to be as odd.
 */
export function moveInPhase({ block }: LeafLoss, region: Region, subject: VmSubject): Fix[] {
  const { backing, offset } = region;
  if (!region.range || !backing || offset === undefined) return [];
  const phase = modulo(physicalBase(backing) + offset, block);
  const base = isAligned(phase, smallest(block, ODD)) ? nearestFreePlace(subject, region, block, phase) : undefined;
  if (base === undefined) return [];
  return refit(`Move \`${region.name}\` to ${writeAddress(base)}`, region, { range: rangeOf(base, sizeOf(region.range)), offset }, subject);
}

/** Nobody puts RAM at an address that is less aligned than this. */
const ODD = 2n * MIB;

/**
 * Offsets in the backing that are in phase with an address, the nearest above first, then the nearest below: the bytes
 * are free there. An offset above that needs a larger backing comes last.
 */
export function offsetsInPhase(region: Region, base: bigint, block: bigint, { vm }: VmSubject): bigint[] {
  const { backing, offset } = region;
  if (!region.range || !backing || offset === undefined) return [];
  const size = sizeOf(region.range);
  const { others } = bytesWith(vm, region, size, offset);
  const inPhase = (start: bigint): bigint => start + modulo(base - physicalBase(backing) - start, block);
  const starts = [0n, inPhase(offset) - block, offset, ...others.map((other) => other.end)].filter((start) => start >= 0n);
  const candidates = [...new Set(starts.map(inPhase))]
    .filter((start) => start !== offset && !others.some((other) => overlaps(other, rangeOf(start, size))))
    .sort((left, right) => (left < right ? -1 : 1));
  const [above, below] = [candidates.find((start) => start > offset), candidates.findLast((start) => start < offset)];
  const isEnough = above !== undefined && end(vm, region, size, above) <= (backing.size ?? 0n);
  return (isEnough ? [above] : [below, above]).filter((start) => start !== undefined);
}

/** First host-physical address of a backing that has one. The pages of the others are aligned to their size. */
const physicalBase = ({ physical }: Backing): bigint => physical ?? 0n;

/** `(the guest loses 512 MiB)`, where a region becomes smaller. */
export function lossWords(region: Region, range: Range): string {
  const lost = (region.range ? sizeOf(region.range) : 0n) - sizeOf(range);
  return lost > 0n ? ` (the guest loses ${formatSize(lost)})` : '';
}

function placeEdits({ element, range }: Region, to: Range): PlacedEdit[] {
  const located = element.properties.get('at')?.[0];
  const at = located?.property.value;
  if (!located || !at || !range) return [];
  const place = { path: located.path, item: located.item, start: at.start, end: at.end };
  if (at.kind === 'extent') {
    const bound = at.inclusive ? `..= ${writeAddress(to.end - 1n)}` : `.. ${writeAddress(to.end)}`;
    return to.base === range.base && to.end === range.end ? [] : [{ ...place, newText: `${writeAddress(to.base)} ${bound}` }];
  }
  const moved = to.base === range.base ? [] : [{ ...place, newText: writeAddress(to.base) }];
  return sizeOf(to) === sizeOf(range) ? moved : [...moved, withProperty(element, 'size', writeSize(sizeOf(to)))];
}

/** `from ram0 + 4 GiB`; without an offset where that means the same. */
export function offsetEdits(region: Region, offset: bigint, vm: Vm): PlacedEdit[] {
  const { backing, element } = region;
  if (!backing || backing.own || offset === region.offset) return [];
  const isNext = offset === bytesWith(vm, region, 0n, offset).before;
  return [withProperty(element, 'from', isNext ? backing.name : `${backing.name} + ${writeSize(offset)}`)];
}

/** Whether no other region has the bytes; those of a backing that other guests may share are left alone. */
function hasBytesFor(region: Region, { range, offset }: Refit, vm: Vm): boolean {
  const { backing } = region;
  if (!backing || !region.range || region.offset === undefined) return false;
  const bytes = rangeOf(offset, sizeOf(range));
  if (backing.own) return offset === 0n;
  if (hasBytes(region, bytes)) return true;
  if (!isWrittenIn(backing.element, vm.element)) return false;
  return !bytesWith(vm, region, sizeOf(range), offset).others.some((other) => overlaps(other, bytes));
}

/** Whether bytes of its backing are a region's already. */
const hasBytes = ({ offset, range }: Region, bytes: Range): boolean =>
  offset !== undefined && range !== undefined && contains(rangeOf(offset, sizeOf(range)), bytes);

interface Growth {
  readonly edits: readonly PlacedEdit[];
  readonly words: string;
}

/** A larger backing, where the refitted region needs one; memory at an address, or of a device, can't grow. */
function grownBacking(region: Region, { range, offset }: Refit, { vm }: VmSubject): Growth | undefined {
  const { backing } = region;
  if (!backing || backing.own || backing.size === undefined || hasBytes(region, rangeOf(offset, sizeOf(range)))) return { edits: [], words: '' };
  const needed = end(vm, region, sizeOf(range), offset);
  if (needed <= backing.size) return { edits: [], words: '' };
  if (backing.kind === 'physical' || backing.kind === 'dax' || !isWrittenIn(backing.element, vm.element)) return undefined;
  const size = alignUp(needed, backing.page ?? 1n);
  return { edits: [withProperty(backing.element, 'size', writeSize(size))], words: `, and grow \`${backing.name}\` to ${formatSize(size)}` };
}

const end = (vm: Vm, region: Region, size: bigint, offset: bigint): bigint => bytesWith(vm, region, size, offset).end;

interface BytesTaken {
  /** What the other regions take of the same backing and wouldn't give up. */
  readonly others: readonly Range[];
  /** One past the highest byte taken above the region. */
  readonly before: bigint;
  /** One past the highest byte taken by any region, this one at its new offset. */
  readonly end: bigint;
}

/**
 * What regions take of a backing if one of them has another size or offset: a region below that says `from ram0` alone
 * goes on after the highest byte taken above it.
 */
function bytesWith({ regions }: Vm, changed: Region, size: bigint, offset: bigint): BytesTaken {
  const others: Range[] = [];
  let highest = 0n;
  let before: bigint | undefined;
  for (const region of regions.filter(({ backing, alias }) => backing === changed.backing && !alias)) {
    const follows = before !== undefined && !saysOffset(region);
    if (region === changed) before = highest;
    const base = region === changed ? offset : follows ? highest : region.offset ?? 0n;
    const bytes = rangeOf(base, region === changed ? size : region.range ? sizeOf(region.range) : 0n);
    if (region !== changed && !follows) others.push(bytes);
    if (bytes.end > highest) highest = bytes.end;
  }
  return { others, before: before ?? 0n, end: highest };
}

const saysOffset = ({ element }: Region): boolean => element.properties.get('from')?.[0]?.property.value?.kind === 'binary';
