import { formatAddress } from '../layout/address.js';
import type { Range } from '../layout/intervals.js';
import type { Bytes, Hit, LeafRun, MapBacking, MapItem, MapModel, Step } from './model.js';

/**
 * A map as plain JSON: addresses are hexadecimal strings, and what isn't known is left out. A range has its last byte,
 * inclusive, so that each end is a 64-bit number.
 */
export interface MapRecord<P = unknown> {
  readonly vm: string;
  readonly host?: string;
  readonly asked: string;
  readonly stance: string;
  readonly totals: string;
  readonly outcome?: string;
  readonly items: readonly ItemRecord<P>[];
  readonly leaves: readonly { readonly map: string; readonly size: string; readonly range: RangeRecord; readonly refused: boolean }[];
  readonly backings: readonly BackingRecord<P>[];
  readonly hits: readonly HitRecord<P>[];
  readonly sequences: readonly { readonly label: string; readonly steps: readonly StepRecord[] }[];
}

export interface RangeRecord {
  readonly base: string;
  readonly last: string;
}

interface BytesRecord {
  readonly backing: string;
  readonly range: RangeRecord;
}

type Plain<Thing, Exact extends keyof Thing> = Omit<Thing, Exact>;

interface ItemRecord<P> extends Plain<MapItem<P>, 'range' | 'bytes' | 'gpa' | 'place' | 'kept' | 'verdict'> {
  readonly range: RangeRecord;
  readonly kept?: NonNullable<MapItem['kept']>;
  readonly verdict?: string;
  readonly bytes?: BytesRecord;
  readonly gpa?: RangeRecord;
  readonly place?: P;
}

interface BackingRecord<P> extends Plain<MapBacking<P>, 'size' | 'place'> {
  readonly size?: string;
  readonly place?: P;
}

interface HitRecord<P> extends Plain<Hit<P>, 'witness' | 'place'> {
  readonly witness?: RangeRecord;
  readonly place?: P;
}

interface StepRecord extends Plain<Step, 'witness' | 'arrival'> {
  readonly arrival?: number;
  readonly witness?: RangeRecord;
}

/** Writes a map down; `told` says how a place is told, or leaves it out. */
export function recordOf<P, Q>(model: MapModel<P>, told: (place: P) => Q | undefined): MapRecord<Q> {
  const placed = (place: P | undefined): { readonly place?: Q } => {
    const where = place === undefined ? undefined : told(place);
    return where === undefined ? {} : { place: where };
  };
  const { vm, host, asked, stance, totals } = model;
  return {
    vm, ...(host !== undefined && { host }), asked, stance, totals, ...(model.outcome !== undefined && { outcome: model.outcome }),
    items: model.items.map(({ range, kept, verdict, bytes, gpa, place, ...rest }) => ({
      ...rest, range: rangeRecord(range), ...(kept && { kept }), ...(verdict !== undefined && { verdict }),
      ...(bytes && { bytes: { backing: bytes.backing, range: rangeRecord(bytes.range) } }), ...(gpa && { gpa: rangeRecord(gpa) }), ...placed(place),
    })),
    leaves: model.leaves.map(({ map, size, range, refused }) => ({ map, size: formatAddress(size), range: rangeRecord(range), refused })),
    backings: model.backings.map(({ size, place, ...rest }) => ({ ...rest, ...(size !== undefined && { size: formatAddress(size) }), ...placed(place) })),
    hits: model.hits.map(({ witness, place, ...rest }) => ({ ...rest, ...(witness && { witness: rangeRecord(witness) }), ...placed(place) })),
    sequences: model.sequences.map(({ label, steps }) => ({ label, steps: steps.map(stepRecord) })),
  };
}

/** Reads a map that `recordOf` wrote. */
export function modelOfRecord<P>(record: MapRecord<P>): MapModel<P> {
  const { vm, host, asked, stance, totals } = record;
  return {
    vm, host, asked, stance, totals, ...(record.outcome !== undefined && { outcome: record.outcome }),
    items: record.items.map((item): MapItem<P> => ({
      ...item, range: rangeIn(item.range), kept: item.kept, verdict: item.verdict, bytes: bytesIn(item.bytes), gpa: item.gpa && rangeIn(item.gpa), place: item.place,
    })),
    leaves: record.leaves.map(({ map, size, range, refused }): LeafRun => ({ map, size: BigInt(size), range: rangeIn(range), refused })),
    backings: record.backings.map((backing) => ({ ...backing, size: backing.size === undefined ? undefined : BigInt(backing.size), place: backing.place })),
    hits: record.hits.map((hit) => ({ ...hit, witness: hit.witness && rangeIn(hit.witness), place: hit.place })),
    sequences: record.sequences.map(({ label, steps }) => ({ label, steps: steps.map(stepIn) })),
  };
}

const stepRecord = ({ witness, arrival, ...rest }: Step): StepRecord =>
  ({ ...rest, ...(arrival !== undefined && { arrival }), ...(witness && { witness: rangeRecord(witness) }) });

const stepIn = (step: StepRecord): Step => ({ ...step, arrival: step.arrival, witness: step.witness && rangeIn(step.witness) });

const rangeRecord = ({ base, end }: Range): RangeRecord => ({ base: formatAddress(base), last: formatAddress(end - 1n) });

const rangeIn = ({ base, last }: RangeRecord): Range => ({ base: BigInt(base), end: BigInt(last) + 1n });

const bytesIn = (bytes: BytesRecord | undefined): Bytes | undefined => bytes && { backing: bytes.backing, range: rangeIn(bytes.range) };
