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

/** One more than the most units of a size that are read at a glance. */
const TOO_MANY_UNITS = 100_000n;

/**
 * A size in the largest unit that divides it (`1 GiB`, `3584 MiB`), or as a sum where that takes more than five digits
 * (`16 GiB + 128 KiB`); a size that is no multiple of a KiB and longer than a page is told in hexadecimal, where its digits mean
 * something.
 */
export function formatSize(size: bigint): string {
  if (size < 0n) return negated(formatSize(-size));
  const unit = UNITS.find(([, bytes]) => size >= bytes && size % bytes === 0n && (bytes > 1n || size < 4096n));
  if (!unit) return size === 0n ? '0' : formatAddress(size);
  const [name, bytes] = unit;
  return size / bytes < TOO_MANY_UNITS ? `${size / bytes} ${name}` : sumOfSizes(size, bytes);
}

/** As two sizes where few digits do for both, else as the largest and the rest of it. `unit` divides it, in bytes. */
function sumOfSizes(size: bigint, unit: bigint): string {
  const larger = UNITS.map(([, bytes]) => bytes).filter((bytes) => bytes > unit && bytes <= size);
  const parting = larger.find((bytes) => size / bytes < TOO_MANY_UNITS && (size % bytes) / unit < TOO_MANY_UNITS) ?? larger[0];
  return parting === undefined ? `${size / unit} B` : `${formatSize(alignDown(size, parting))} + ${formatSize(size % parting)}`;
}

const negated = (told: string): string => (told.includes('+') ? `-(${told})` : `-${told}`);

/** A range as the kernel prints it, with its last byte: `0x8000000-0x80fffff`. */
export const formatRange = (range: Range): string => `${formatAddress(range.base)}-${formatAddress(range.end - 1n)}`;

/** A count with its thousands set apart: `1,015,872`. */
export const formatCount = (count: bigint | number): string =>
  count.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** A count and its noun, `1 leaf`, `3 leaves`. */
export const formatPlural = (count: bigint | number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 || count === 1n ? one : many}`;
