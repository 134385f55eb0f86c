import { formatSize } from './address.js';

/** Writes addresses, sizes and strings as the language has them, and as people write them. */

/** Digits in groups of four from the right, as addresses are read: `0x4000_0000`; `0` alone. */
export function writeAddress(address: bigint): string {
  if (address === 0n) return '0';
  return `0x${address.toString(16).replace(/\B(?=([0-9a-f]{4})+$)/g, '_')}`;
}

/** Most digits of a count of units that still reads as a size; longer ones are told in hexadecimal. */
const READABLE_COUNT = 5;

/** A size in the largest unit that divides it, `4 GiB`, or else in hexadecimal: `0x3f00_3000`. */
export function writeSize(size: bigint): string {
  const exact = /^(\d+) [KMGTPE]?i?B$/.exec(formatSize(size));
  return exact?.[1] !== undefined && exact[1].length <= READABLE_COUNT ? exact[0] : writeAddress(size);
}

/** A string in quotes, with the escapes of the language. */
export const writeText = (text: string): string => `"${escapeControls(text.replace(/["\\]/g, '\\$&'))}"`;

/** Control characters, line separators and characters that turn the direction of text, as `\u{…}`. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}

/** A size that is one wherever it stands, as the value of a constant or beside others: with its unit, however long it gets. */
export function writeSizeWithUnit(size: bigint): string {
  const written = writeSize(size);
  if (/[A-Za-z]B$|^0$/.test(written)) return written;
  const exact = formatSize(size);
  return exact.includes(' ') ? exact : `${written} B`;
}

/** Words without the backticks around what is code in them: for where nothing is set in two ways. */
export const plain = (words: string): string => words.replaceAll('`', '');
