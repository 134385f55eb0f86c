import { hiddenParts } from '../layout/hidden-parts.js';
import { rangeOf, sizeOf, subtract, type Range } from '../layout/intervals.js';
import type { Backing, Region, Vm } from '../layout/model.js';
import type { Declaration } from '../syntax/nodes.js';

/** Bytes that a region shows of its backing. Two with the same `space` and a common byte show the same memory. */
export interface TakenBytes {
  readonly vm: Vm;
  readonly region: Region;
  readonly backing: Backing;
  readonly space: unknown;
  /** In the backing; host-physical addresses where the backing has one. */
  readonly bytes: Range;
}

/** All `physical` backings lie in one space, that of the host. */
const HOST_MEMORY = 'host memory';

/** A backing is the declaration that it was read from: several guests may read one. */
const spaceOf = ({ own, element, physical }: Backing): Declaration | string | object =>
  physical !== undefined ? HOST_MEMORY : own ? element : element.origin.declaration;

/**
 * What the regions of a guest take of their backings, without what others hide of them. A `hole` uses bytes up and shows
 * them to nobody, and an `alias` shows what another region has taken.
 */
export function takenBytes(vm: Vm): TakenBytes[] {
  const hidden = hiddenParts(vm.regions);
  return vm.regions.flatMap((region): TakenBytes[] => {
    const { range, backing, offset, kind, alias } = region;
    if (!range || !backing || offset === undefined || kind === 'hole' || alias) return [];
    if (backing.kind === 'physical' && backing.physical === undefined) return [];
    const shift = (backing.physical ?? 0n) + offset - range.base;
    const space = spaceOf(backing);
    return subtract(range, hidden.get(region) ?? []).map((part) => ({ vm, region, backing, space, bytes: { base: part.base + shift, end: part.end + shift } }));
  });
}

/** What of a backing is spoken for, holes included; nothing where it can't be known. */
export function spokenFor({ regions }: Vm, backing: Backing): Range[] | undefined {
  const takers = regions.filter((region) => region.backing === backing && !region.alias);
  const known = takers.flatMap(({ range, offset }) => (range && offset !== undefined ? [rangeOf(offset, sizeOf(range))] : []));
  return known.length === takers.length ? known : undefined;
}
