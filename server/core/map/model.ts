import type { Range } from '../layout/intervals.js';
import type { RegionKind, ReservedKind } from '../layout/model.js';
import type { Place } from '../layout/place.js';
import type { Level } from '../rules/rule.js';

/**
 * The addresses of a guest on a host, ready to be drawn: guest-physical addresses, IOVAs and the memory behind them side
 * by side. All addresses are exact; `P` is how a place in the text is told.
 */
export interface MapModel<P = unknown> {
  readonly vm: string;
  /** Nothing where the guest has no host: then only its own addresses are known. */
  readonly host: string | undefined;
  /** Who is asked, in words: `VFIO type1, kernel 6.6`. */
  readonly asked: string;
  readonly stance: string;
  /** In the order of their addresses, those of a space together. */
  readonly items: readonly MapItem<P>[];
  /** The blocks of the page tables, as runs of leaves of one size. */
  readonly leaves: readonly LeafRun[];
  readonly backings: readonly MapBacking<P>[];
  readonly hits: readonly Hit<P>[];
  /** Start-up first, then each hot-plug. */
  readonly steps: readonly Step[];
  /** `2 mappings, 3 GiB mapped, …`. */
  readonly totals: string;
  /** How start-up ends under this stance, where stances are compared. */
  readonly outcome?: string;
}

/** Where something is written: its name, and the declaration as a whole. */
export interface Placed {
  readonly name: Place;
  readonly whole: Place;
}

export type Space = 'gpa' | 'iova' | 'memory';

/** What stands in a space: a region, a mapping, what is kept, what the VMM leaves out, and what can't be addressed. */
export type ItemKind = RegionKind | 'map' | 'kept' | 'left-out' | 'outside';

export interface MapItem<P = unknown> {
  /** Unique in its map, and the same after an edit that leaves the names alone: `gpa/low`. */
  readonly id: string;
  readonly space: 'gpa' | 'iova';
  readonly kind: ItemKind;
  readonly name: string;
  readonly range: Range;
  /** Why it is kept, where it is. */
  readonly kept: ReservedKind | undefined;
  /** `ok` or the error, of a mapping. */
  readonly verdict: string | undefined;
  /** What a table tells besides, each a phrase in itself. */
  readonly details: readonly string[];
  /** The step from which it is there: 0 is start-up. */
  readonly since: number;
  /** Where its bytes are. */
  readonly bytes: Bytes | undefined;
  /** The guest-physical addresses that a mapping shows to devices. */
  readonly gpa: Range | undefined;
  readonly place: P | undefined;
}

/** Bytes of a backing: offsets in it, or host-physical addresses where it is `physical`. */
export interface Bytes {
  readonly backing: string;
  readonly range: Range;
}

export interface MapBacking<P = unknown> {
  readonly id: string;
  readonly name: string;
  /** `hugetlb 1 GiB`. */
  readonly about: string;
  /** Whether its addresses are host-physical ones. */
  readonly physical: boolean;
  readonly size: bigint | undefined;
  readonly place: P | undefined;
}

/** Leaves of one size, one after the other. */
export interface LeafRun {
  /** The mapping they are of. */
  readonly map: string;
  /** Bytes of one leaf. */
  readonly size: bigint;
  readonly range: Range;
  /** Whether its mapping is refused, so that no table holds them. */
  readonly refused: boolean;
}

/** A finding, and what it hits. */
export interface Hit<P = unknown> {
  /** Counted from 1, as the drawing numbers them. */
  readonly number: number;
  readonly rule: string;
  readonly level: Level;
  readonly message: string;
  readonly space: Space;
  /** The exact bytes at fault; nothing where the rule knows none. */
  readonly witness: Range | undefined;
  /** The items it is about. */
  readonly items: readonly string[];
  readonly place: P | undefined;
}

/** Start-up, or the arrival of a device or of RAM. */
export interface Step {
  readonly label: string;
  /** `ok` or the error. */
  readonly verdict: string;
  /** Why it is refused; empty where it isn't. */
  readonly reason: string;
  readonly witness: Range | undefined;
}

/** Whether a mapping is refused. */
export const isRefused = ({ verdict }: Pick<MapItem, 'verdict'>): boolean => verdict !== undefined && verdict !== 'ok';

/** The map as it is once a step has come: what comes later isn't there yet. */
export function atStep<P>(model: MapModel<P>, step: number): MapModel<P> {
  const later = new Set(model.items.flatMap(({ id, since }) => (since > step ? [id] : [])));
  if (later.size === 0) return model;
  return { ...model, items: model.items.filter(({ id }) => !later.has(id)), leaves: model.leaves.filter(({ map }) => !later.has(map)) };
}
