import fc from 'fast-check';
import { KIB, MIB } from '../../server/core/layout/address.js';
import { type Range, rangeOf } from '../../server/core/layout/intervals.js';
import type { Arrival, HotplugSystem } from '../../server/core/dma/hotplug-replay.js';
import type { AttachRequest, KeptKind, MapRequest } from '../../server/core/dma/verdict.js';

/** Small guests to which things are added: so narrow that most of them are in each other's way. */

const PAGE = 4n * KIB;

const PAGE_SIZES = [[PAGE, 2n * MIB], [PAGE, 2n * MIB], [PAGE, 8n * KIB, 2n * MIB], [8n * KIB, 32n * KIB], [16n * KIB]];

const KINDS: readonly KeptKind[] = ['reserved', 'reserved', 'reserved', 'msi', 'sw-msi', 'direct', 'direct-relaxable'];

const keptRange = fc
  .record({ kind: fc.constantFrom(...KINDS), base: fc.integer({ min: 0, max: 70 }), pages: fc.integer({ min: 1, max: 20 }) })
  .map(({ kind, base, pages }) => ({ kind, name: `${kind}-${base}`, range: rangeOf(BigInt(base) * PAGE, BigInt(pages) * PAGE) }));

const EVERYTHING = rangeOf(0n, 1n << 48n);

const aperture = fc.oneof(
  { weight: 3, arbitrary: fc.constant(EVERYTHING) },
  fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 4, max: 60 })).map(([base, pages]) => rangeOf(BigInt(base) * PAGE, BigInt(pages) * PAGE)),
);

/** A VMM that carves does so in pages of the first IOMMU: others are taken to have the same. */
const group = (isCarving: boolean, translates: fc.Arbitrary<Range> = aperture): fc.Arbitrary<Omit<AttachRequest, 'name'>> => fc
  .record({ model: fc.constantFrom('vt-d', 'amd-v1'), aperture: translates, pageSizes: fc.constantFrom(...(isCarving ? PAGE_SIZES.slice(0, 1) : PAGE_SIZES)), kept: fc.array(keptRange, { maxLength: 2 }) })
  .map((facts) => facts);

const request = (pages?: number): fc.Arbitrary<MapRequest> =>
  fc
    .record({ base: fc.integer({ min: 0, max: 30 }), pages: pages === undefined ? fc.integer({ min: 1, max: 8 }) : fc.constant(pages), offset: fc.integer({ min: 0, max: 3 }), isBar: fc.integer({ min: 0, max: 20 }) })
    .map(({ base, pages: count, offset, isBar }) => ({
      iova: BigInt(base) * 2n * PAGE,
      size: BigInt(count) * PAGE,
      offset: BigInt(offset) * 2n * PAGE,
      access: 'rw' as const,
      kind: isBar === 0 ? ('bar' as const) : ('memory' as const),
    }));

const asMemory = (one: MapRequest): MapRequest => ({ ...one, kind: 'memory' });

const memory = (pages?: number): fc.Arbitrary<Arrival> =>
  fc.oneof(
    request(pages).map((one): Arrival => ({ kind: 'memory', requests: [asMemory(one)], blocks: undefined })),
    fc.tuple(request(pages), fc.bigInt({ min: 1n, max: 3n })).map(([one, count]): Arrival =>
      ({ kind: 'memory', requests: [asMemory(one)], blocks: { stride: one.size, count } })),
  );

/** Guests with at most `most` things to add, each block counted. */
export function systems(most: number): fc.Arbitrary<HotplugSystem> {
  return fc
    .record({
      contract: fc.constantFrom('type1' as const, 'type1' as const, 'iommufd' as const),
      kernel: fc.constantFrom({ major: 5, minor: 0 }, { major: 5, minor: 3 }, { major: 6, minor: 1 }, { major: 7, minor: 2 }),
      hostPage: fc.constantFrom(PAGE, PAGE, 16n * KIB),
      limit: fc.constantFrom('none' as const, 'none' as const, 'maps' as const, 'memlock' as const, 'carve' as const),
      room: fc.integer({ min: 1, max: 5 }),
    })
    .chain(({ contract, kernel, hostPage, limit, room }) => {
      const pages = limit === 'memlock' ? 4 : undefined;
      const options = {
        contract, kernel,
        hostPage: limit === 'carve' ? PAGE : hostPage,
        dmaMaps: limit === 'maps' ? room : undefined,
        memlock: limit === 'memlock' ? BigInt(room) * 4n * PAGE : undefined,
      };
      return fc
        .record({
          boot: fc.array(group(limit === 'carve'), { maxLength: 2 }),
          ram: fc.array(request(pages), { maxLength: 3 }),
          arrivals: fc.array(fc.oneof(group(limit === 'carve', limit === 'carve' ? fc.constant(EVERYTHING) : aperture), memory(pages)), { minLength: 1, maxLength: most }),
        })
        .map(({ boot, ram, arrivals }): HotplugSystem => ({
          options,
          boot: boot.map((one, index) => ({ ...one, name: `boot-${index}` })),
          ram,
          arrivals: arrivals.map((one, index): Arrival => ('kind' in one ? one : { kind: 'group', group: { ...one, name: `later-${index}` } })),
          carve: limit === 'carve' ? PAGE : undefined,
        }));
    })
    .filter(({ arrivals }) => arrivals.reduce((sum, one) => sum + (one.kind === 'memory' ? Number(one.blocks?.count ?? 1n) : 1), 0) <= most);
}
