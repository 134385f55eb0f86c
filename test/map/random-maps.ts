import fc from 'fast-check';
import type { Range } from '../../server/core/layout/intervals.js';
import { compressedAxis, EXACT, viewOf, type View } from '../../server/core/map/axis.js';
import type { ItemKind, MapItem, MapModel } from '../../server/core/map/model.js';

/** Maps and views as they come, overlaps and single bytes included. */

const LAST = (1n << 64n) - 1n;

/** Addresses of every magnitude, many of them near each other. */
const address = fc.oneof(
  fc.bigInt({ min: 0n, max: LAST }),
  fc.tuple(fc.integer({ min: 0, max: 63 }), fc.bigInt({ min: -3n, max: 3n })).map(([bit, off]) => clamp((1n << BigInt(bit)) + off)),
  fc.bigInt({ min: 0n, max: 1n << 20n }),
);

const size = fc.oneof(fc.bigInt({ min: 1n, max: 16n }), fc.integer({ min: 0, max: 62 }).map((bit) => 1n << BigInt(bit)));

const clamp = (value: bigint): bigint => (value < 0n ? 0n : value > LAST ? LAST : value);

export const range: fc.Arbitrary<Range> = fc.tuple(address, size).map(([base, bytes]) => ({ base, end: base + bytes > LAST ? LAST + 1n : base + bytes }));

const KINDS: readonly ItemKind[] = ['ram', 'mmio', 'avoid', 'doorbell', 'rom'];

export function itemOf(space: 'gpa' | 'iova', where: Range, index: number): MapItem {
  const kind = space === 'iova' ? 'map' : KINDS[index % KINDS.length] ?? 'ram';
  return {
    id: `${space}/r${index}`, space, kind, name: `region-${index}`, range: where, kept: undefined, verdict: space === 'iova' ? 'ok' : undefined,
    details: ['rw'], arrivals: [], bytes: { backing: `memory/b${index % 3}`, range: { base: where.base % 4096n, end: (where.base % 4096n) + where.end - where.base } },
    gpa: undefined, place: undefined,
  };
}

export const modelOf = (items: readonly MapItem[]): MapModel => ({
  vm: 'web', host: 'altra', asked: 'iommufd, kernel 6.12', stance: 'reject', items, leaves: [],
  backings: [0, 1, 2].map((index) => ({ id: `memory/b${index}`, name: `b${index}`, about: 'anonymous', physical: false, size: undefined, place: undefined })),
  hits: [], sequences: [], totals: '',
});

export const model: fc.Arbitrary<MapModel> = fc
  .array(fc.tuple(fc.constantFrom('gpa' as const, 'iova' as const), range), { maxLength: 40 })
  .map((items) => modelOf(items.map(([space, where], index) => itemOf(space, where, index))));

export interface Drawn {
  readonly map: MapModel;
  readonly view: View;
}

/** A map in some window of either scale; half of the windows are around something. */
export const drawn: fc.Arbitrary<Drawn> = fc.tuple(model, range, fc.boolean(), fc.integer({ min: 40, max: 900 }), fc.boolean(), fc.nat()).map(([map, window, exact, height, near, pick]) => {
  const item = map.items[pick % Math.max(1, map.items.length)];
  return { map, view: viewOf(exact ? EXACT : compressedAxis([map]), near && item ? item.range : window, height) };
});
