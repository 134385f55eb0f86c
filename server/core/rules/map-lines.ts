import type { DmaRequest } from '../dma/requests.js';
import type { Element } from '../layout/elements.js';
import type { Range } from '../layout/intervals.js';
import { mapAccess } from '../layout/vm.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { freshName, otherProperties } from './edits.js';

/** Writes DMA mapping requests as `map` declarations. */

/** What a line tells of a request; `range` is in IOVA, bytes. */
export type WritableMap = Pick<DmaRequest, 'region' | 'written' | 'range' | 'access'>;

/** `map low-a size 128 MiB to low`: a request for each part of a mapping, each with the bytes it has in the whole. */
export function mapLines(map: WritableMap, parts: readonly Range[], owner: Element, name: string): string[] {
  if (!map.region?.range) return [];
  const plain = name.replaceAll('.', '_');
  return parts.map((part, index) => {
    const own = parts.length > 1 ? freshMapName(owner, `${plain}-${letter(index)}`) : plain;
    return mapLine(map, part, offsetInRegion(map) + (part.base - map.range.base), own);
  });
}

/** One request: address and size are written only where they aren't those of the region; what else stood there is kept. */
export function mapLine({ region, access, written }: WritableMap, part: Range, offset: bigint, name: string): string {
  const identity = region?.range?.base === part.base - offset;
  const whole = region?.range && part.end - part.base === region.range.end - region.range.base && offset === 0n;
  const words = [
    `map ${name}`,
    ...(identity ? [] : [`at ${writeAddress(part.base)}`]),
    ...(whole ? [] : [`size ${writeSize(part.end - part.base)}`]),
    `to ${region?.name}${offset === 0n ? '' : ` + ${writeSize(offset)}`}`,
    ...(access === mapAccess(region) ? [] : [`access ${access}`]),
  ];
  return words.join(' ') + (written ? otherProperties(written.element, ['at', 'size', 'to', 'access']) : '');
}

/** First byte of a request in its region. */
export const offsetInRegion = ({ written, range, region }: WritableMap): bigint =>
  written?.offset ?? range.base - (region?.range?.base ?? 0n);

/** `a`, `b` … `z`, `a1`: the letter of the piece with this number. */
export const letter = (index: number): string => String.fromCharCode(97 + (index % 26)) + (index < 26 ? '' : `${Math.floor(index / 26)}`);

/** Maps have names of their own, apart from those of regions. */
export const freshMapName = (owner: Element, wanted: string): string =>
  owner.children.some((child) => child.keyword === 'map' && child.name === wanted) ? freshName(owner, wanted) : wanted;
