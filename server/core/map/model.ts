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
  /** Orders in which what is declared to come later may come; nothing but start-up where nothing is. Empty without a host. */
  readonly sequences: readonly Sequence[];
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
  /** Arrivals each of which brings it, by number: devices from 0, then RAM. Empty where it is there from start-up. */
  readonly arrivals: readonly number[];
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

/** What arrives one after the other. */
export interface Sequence {
  readonly label: string;
  /** Start-up first. */
  readonly steps: readonly Step[];
}

/** Start-up, or the arrival of a device or of RAM. */
export interface Step {
  readonly label: string;
  /** The arrival, by its number; nothing for start-up. */
  readonly arrival: number | undefined;
  /** Arrivals that are there by then, this one included even if it is refused. */
  readonly present: readonly number[];
  /** `ok` or the error. */
  readonly verdict: string;
  /** Why it is refused; empty where it isn't. */
  readonly reason: string;
  readonly witness: Range | undefined;
}

/** Whether a mapping is refused. */
export const isRefused = ({ verdict }: Pick<MapItem, 'verdict'>): boolean => verdict !== undefined && verdict !== 'ok';

/** Whether an item is there at a step. */
export const isThere = ({ arrivals }: Pick<MapItem, 'arrivals'>, { present }: Pick<Step, 'present'>): boolean =>
  arrivals.length === 0 || arrivals.some((arrival) => present.includes(arrival));

/** The map at a step: what comes later isn't there yet, and what is refused in this company is drawn so. */
export function atStep<P>(model: MapModel<P>, step: Step | undefined): MapModel<P> {
  if (!step) return model;
  const items = model.items.filter((item) => isThere(item, step)).map((item) => (isBrought(item, step) ? { ...item, verdict: step.verdict } : item));
  const verdicts = new Map(items.map(({ id, verdict }) => [id, verdict]));
  const leaves = model.leaves.flatMap((run) => (verdicts.has(run.map) ? [{ ...run, refused: isRefused({ verdict: verdicts.get(run.map) }) }] : []));
  return { ...model, items, leaves };
}

/** Whether it is the mapping that a step asks for. */
const isBrought = ({ kind, arrivals }: MapItem, { arrival }: Step): boolean => kind === 'map' && arrival !== undefined && arrivals.length === 1 && arrivals[0] === arrival;
