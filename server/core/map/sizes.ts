import { formatSize, UNITS } from '../layout/address.js';
import { lastOf, type Range } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';

/** A size without rounding, in as many units as that takes: `61 GiB 1023 MiB`; past four units in hexadecimal. */
export function sizeWords(size: bigint): string {
  const parts: string[] = [];
  let left = size;
  for (const [name, bytes] of UNITS) {
    if (left < bytes) continue;
    parts.push(`${left / bytes} ${name}`);
    left %= bytes;
  }
  return parts.length > 4 ? writeAddress(size) : parts.join(' ') || formatSize(size);
}

/** A range with its last byte, in groups of digits: `0x800_0000 – 0x80f_ffff`. */
export const rangeWords = (range: Range): string => `${writeAddress(range.base)} – ${writeAddress(lastOf(range))}`;
