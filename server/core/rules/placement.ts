import { alignmentFor, nearestFreePlace, phaseOf } from '../dma/free-places.js';
import type { Element } from '../layout/elements.js';
import type { Range } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { isWrittenIn, withProperty } from './edits.js';
import type { Fix, VmSubject } from './rule.js';

/** Moves a region to the nearest free place in which it and its backing can fill the largest leaves. */
export function moveRegion(region: Region, subject: VmSubject): Fix[] {
  if (!isWrittenIn(region.element, subject.vm.element)) return [];
  const base = nearestFreePlace(subject, region, alignmentFor(region, subject.plan), phaseOf(region));
  const edit = base === undefined ? undefined : movedTo(region, base);
  return edit && base !== undefined ? [{ title: `Move \`${region.name}\` to ${writeAddress(base)}`, safe: false, edits: [edit] }] : [];
}

/** The edit that puts a region elsewhere; an extent `A ..= B` keeps its form. */
export const movedTo = ({ element, range }: Region, base: bigint): PlacedEdit | undefined =>
  range && withBase(element, { base, end: base + (range.end - range.base) });

/** The edits that give a region other addresses, of which only those that change are written anew. */
export function withRange({ element, range }: Region, wanted: Range): PlacedEdit[] {
  const isExtent = element.properties.get('at')?.[0]?.property.value?.kind === 'extent';
  const resized = !range || wanted.end - wanted.base !== range.end - range.base;
  const moved = wanted.base !== range?.base || (isExtent && resized) ? withBase(element, wanted) : undefined;
  const size = resized && !isExtent ? withProperty(element, 'size', writeSize(wanted.end - wanted.base)) : undefined;
  return [moved, size].filter((edit) => edit !== undefined);
}

function withBase(element: Element, { base, end }: Range): PlacedEdit | undefined {
  const located = element.properties.get('at')?.[0];
  const value = located?.property.value;
  if (!located || !value) return undefined;
  const bound = value.kind === 'extent' ? (value.inclusive ? ` ..= ${writeAddress(end - 1n)}` : ` .. ${writeAddress(end)}`) : '';
  return { path: located.path, item: located.item, start: value.start, end: value.end, newText: writeAddress(base) + bound };
}
