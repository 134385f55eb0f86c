/**
 * Ranges of addresses, half-open: `base` is in, `end` is not. All in bytes, exact.
 *
 * An address space of 2^64 bytes ends at 2^64, which no 64-bit word holds; a bigint does, so nothing wraps here.
 */
export interface Range {
  /** First byte, inclusive. */
  readonly base: bigint;
  /** One past the last byte. */
  readonly end: bigint;
}

/** Makes the range of `size` bytes from `base`. */
export const rangeOf = (base: bigint, size: bigint): Range => ({ base, end: base + size });

/** Number of bytes in a range. */
export const sizeOf = (range: Range): bigint => range.end - range.base;

/** Last byte, inclusive, as the kernel prints it. */
export const lastOf = (range: Range): bigint => range.end - 1n;

export const isEmpty = (range: Range): boolean => range.end <= range.base;

/** Whether the two share at least one byte. */
export const overlaps = (left: Range, right: Range): boolean =>
  left.base < right.end && right.base < left.end && !isEmpty(left) && !isEmpty(right);

/** Whether every byte of `inner` lies in `outer`. */
export const contains = (outer: Range, inner: Range): boolean =>
  outer.base <= inner.base && inner.end <= outer.end;

/** The bytes both have, or nothing. */
export function intersect(left: Range, right: Range): Range | undefined {
  const base = left.base > right.base ? left.base : right.base;
  const end = left.end < right.end ? left.end : right.end;
  return base < end ? { base, end } : undefined;
}

/** The union of many ranges: sorted, disjoint, neighbours joined, empty ones dropped. */
export function unite(ranges: Iterable<Range>): Range[] {
  const sorted = [...ranges].filter((range) => !isEmpty(range)).sort(byBase);
  const united: Range[] = [];
  for (const range of sorted) {
    const previous = united.at(-1);
    if (previous && range.base <= previous.end) {
      if (range.end > previous.end) united[united.length - 1] = { base: previous.base, end: range.end };
    } else {
      united.push(range);
    }
  }
  return united;
}

/** What is left of `whole` without the holes, in order. */
export function subtract(whole: Range, holes: Iterable<Range>): Range[] {
  const rest: Range[] = [];
  let base = whole.base;
  for (const hole of unite(holes)) {
    if (hole.end <= base) continue;
    if (hole.base >= whole.end) break;
    if (hole.base > base) rest.push({ base, end: hole.base });
    base = hole.end;
  }
  if (base < whole.end) rest.push({ base, end: whole.end });
  return rest;
}

/**
 * All pairs that share a byte, each pair once, in the order of their bases: `[lower, upper]`.
 * A sweep over the sorted bases: O(n log n + pairs). Who has seen enough pairs may stop asking: n ranges in one place
 * make n² of them.
 */
export function* overlappingPairs<T>(items: readonly T[], rangeOfItem: (item: T) => Range): Generator<[T, T]> {
  const entries = items
    .map((item) => ({ item, range: rangeOfItem(item) }))
    .filter((entry) => !isEmpty(entry.range))
    .sort((left, right) => byBase(left.range, right.range));
  let open: typeof entries = [];
  for (const entry of entries) {
    open = open.filter((other) => other.range.end > entry.range.base);
    for (const other of open) yield [other.item, entry.item];
    open.push(entry);
  }
}

/** Orders ranges by base, then by end. */
export function byBase(left: Range, right: Range): number {
  if (left.base !== right.base) return left.base < right.base ? -1 : 1;
  if (left.end !== right.end) return left.end < right.end ? -1 : 1;
  return 0;
}
