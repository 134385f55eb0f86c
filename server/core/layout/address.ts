import type { Range } from './intervals.js';

/** One past the highest 64-bit address, in bytes. */
export const ADDRESS_SPACE = 1n << 64n;

export const KIB = 1n << 10n;
export const MIB = 1n << 20n;
export const GIB = 1n << 30n;
export const TIB = 1n << 40n;

/** The units a size is written in, largest first, with their bytes. */
export const UNITS: readonly (readonly [name: string, bytes: bigint])[] = [
  ['EiB', 1n << 60n],
  ['PiB', 1n << 50n],
  ['TiB', TIB],
  ['GiB', GIB],
  ['MiB', MIB],
  ['KiB', KIB],
  ['B', 1n],
];

/** `address` rounded up to a multiple of `block` (bytes, at least 1). */
export const alignUp = (address: bigint, block: bigint): bigint => ((address + block - 1n) / block) * block;

/** `address` rounded down to a multiple of `block` (bytes, at least 1). */
export const alignDown = (address: bigint, block: bigint): bigint => (address / block) * block;

export const isAligned = (address: bigint, block: bigint): boolean => address % block === 0n;

/** `value mod block`, never negative. */
export const modulo = (value: bigint, block: bigint): bigint => ((value % block) + block) % block;

export const isPowerOfTwo = (value: bigint): boolean => value > 0n && (value & (value - 1n)) === 0n;

/** Position of the highest set bit: 12 for 4096. `value` must be positive. */
export const log2 = (value: bigint): number => value.toString(2).length - 1;

/** The largest power of two that divides a value; all of the address space for 0. */
export const lowestBit = (value: bigint): bigint => (value === 0n ? ADDRESS_SPACE : value & -value);

export const smallest = (first: bigint, ...rest: readonly bigint[]): bigint =>
  rest.reduce((least, value) => (value < least ? value : least), first);

export const largest = (first: bigint, ...rest: readonly bigint[]): bigint =>
  rest.reduce((most, value) => (value > most ? value : most), first);

/** An address as everyone prints it: `0x8000000`. */
export const formatAddress = (address: bigint): string =>
  address < 0n ? `-0x${(-address).toString(16)}` : `0x${address.toString(16)}`;

/**
 * A size in the largest unit that divides it (`1 GiB`, `3584 MiB`); a size that is no multiple of a KiB and longer than
 * a page is told in hexadecimal, where its digits mean something.
 */
export function formatSize(size: bigint): string {
  if (size < 0n) return `-${formatSize(-size)}`;
  for (const [name, bytes] of UNITS) {
    if (size >= bytes && size % bytes === 0n && (bytes > 1n || size < 4096n)) return `${size / bytes} ${name}`;
  }
  return size === 0n ? '0' : formatAddress(size);
}

/** A range as the kernel prints it, with its last byte: `0x8000000-0x80fffff`. */
export const formatRange = (range: Range): string => `${formatAddress(range.base)}-${formatAddress(range.end - 1n)}`;

/** A count with its thousands set apart: `1,015,872`. */
export const formatCount = (count: bigint | number): string =>
  count.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** A count and its noun, `1 leaf`, `3 leaves`. */
export const formatPlural = (count: bigint | number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 || count === 1n ? one : many}`;
