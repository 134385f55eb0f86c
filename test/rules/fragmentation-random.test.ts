import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fragmentationOf, HANDFUL, type Fragmentation, type LeafLoss } from '../../server/core/dma/fragmentation.js';
import { formatLeaves, totalLeaves, type Leaves } from '../../server/core/dma/leaves.js';
import { physicalOf, type Plan, type PlannedMap } from '../../server/core/dma/plan.js';
import type { Range } from '../../server/core/layout/intervals.js';
import { applyOffer, check, offersOf, type Checked } from '../support/check.js';
import { naiveCounts, naiveLeaves } from '../support/oracle.js';

// Layouts small enough to be walked page by page: leaves of 4 KiB, 64 KiB and 1 MiB, and pages like them.

const OURS = ['phase-mismatch', 'backing-too-small', 'base-misaligned', 'size-misaligned', 'block-split'];
const KIB = 1024n;
const PAGE = 4n * KIB;
const BLOCKS = [4, 64, 1024];
const LARGEST = 256;

interface SmallRegion {
  /** From the end of the one before, in pages of 4 KiB. */
  readonly gap: number;
  readonly size: number;
  /** Bytes of the backing that are left out before it, in pages; nothing for as many as the gap has. */
  readonly skip: number | undefined;
}

interface SmallLayout {
  readonly regions: readonly SmallRegion[];
  /** Page of the backing, in KiB. */
  readonly page: number;
  readonly hole: { readonly base: number; readonly size: number } | undefined;
  /** Whether each region is mapped in two requests. */
  readonly halves: boolean;
}

/** Some large blocks, some smaller ones and some pages; mostly only some of them. */
const lengths = fc
  .tuple(fc.nat(3), fc.oneof(fc.constant(0), fc.nat(15)), fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(15)))
  .map(([large, middle, small]) => large * LARGEST + middle * 16 + small);

const smallRegions = fc.record({
  gap: lengths,
  size: lengths.map((length) => Math.max(1, length)),
  skip: fc.option(lengths, { nil: undefined }),
});

const smallLayouts: fc.Arbitrary<SmallLayout> = fc.record({
  regions: fc.array(smallRegions, { minLength: 1, maxLength: 4 }),
  page: fc.constantFrom(...BLOCKS),
  hole: fc.option(fc.record({ base: lengths, size: fc.integer({ min: 1, max: 40 }) }), { nil: undefined }),
  halves: fc.boolean(),
});

function textOf({ regions, page, hole, halves }: SmallLayout): string {
  let [base, offset] = [0, 0];
  const lines = regions.flatMap(({ gap, size, skip }, index) => {
    base += gap;
    offset += skip ?? gap;
    const line = `  ram r${index} at ${base * 4} KiB size ${size * 4} KiB from ram0 + ${offset * 4} KiB`;
    base += size;
    offset += size;
    const half = (size >> 1) * 4;
    const maps = half > 0 ? [`  map low${index} size ${half} KiB to r${index}`, `  map high${index} to r${index} + ${half} KiB`] : [`  map low${index} to r${index}`];
    return halves ? [line, ...maps] : [line];
  });
  const kept = hole ? `    reserved quirk at ${hole.base * 4} KiB size ${hole.size * 4} KiB kind reserved\n` : '';
  return `host small {
  arch x86_64
  kernel 6.12
  page 4 KiB
  bits 40
  iommu unit0 {
    blocks ${BLOCKS.map((size) => `${size} KiB`).join(', ')}
    bits 39
${kept}  }
  group 1 { device nic "0000:01:00.0" }
}

vm web on small {
  on-overlap carve
  backing ram0 size 1 GiB hugetlb ${page} KiB
${lines.join('\n')}
  assign nic
}
`;
}

const LEAVES = BLOCKS.map((size) => size / 4);

/** The leaves of a range, walked page by page. Pages of the backing lie in memory in descending order: none are adjacent. */
function walked({ base, end }: Range, physical: bigint, page: number): string {
  const [first, perPage] = [Number(physical / PAGE), page / 4];
  const physicalAt = (index: number): number => {
    const offset = first + index;
    return (2 ** 24 - 2 * Math.floor(offset / perPage)) * perPage + (offset % perPage);
  };
  const leaves = naiveLeaves({ iova: Number(base / PAGE), pages: Number((end - base) / PAGE), physicalOf: physicalAt }, LEAVES);
  return counted(naiveCounts(leaves));
}

const counted = (counts: ReadonlyMap<number, number>): string => LEAVES.map((pages) => counts.get(pages) ?? 0).join(' ');

const closed = (leaves: Leaves): string => BLOCKS.map((size) => leaves.get(BigInt(size) * KIB) ?? 0n).join(' ');

const summed = (parts: readonly string[]): string =>
  LEAVES.map((_, index) => parts.reduce((sum, part) => sum + Number(part.split(' ')[index]), 0)).join(' ');

const planOf = ({ result }: Checked): Plan => {
  const plan = result.vms[0]?.plan;
  assert.ok(plan);
  return plan;
};

function fragmentationOfText(layout: SmallLayout): { checked: Checked; found: Fragmentation; all: readonly LeafLoss[] } {
  const checked = check(textOf(layout));
  const found = fragmentationOf(planOf(checked), () => undefined);
  return { checked, found, all: [...found.phase, ...found.base, ...found.size, ...found.splits] };
}

const asPlanned = (maps: readonly PlannedMap[], page: number): string => summed(maps.map((map) => walked(map.range, physicalOf(map), page)));

describe('fragmentation of random layouts', () => {
  it('counts what a walk over all pages counts', () => {
    fc.assert(
      fc.property(smallLayouts, (layout) => {
        const { found } = fragmentationOfText(layout);
        for (const loss of found.phase) {
          assert.equal(closed(loss.now), asPlanned(loss.maps, layout.page));
          assert.equal(closed(loss.could), summed(loss.maps.map(({ range }) => walked(range, range.base, layout.page))));
        }
        for (const loss of found.splits) {
          assert.equal(closed(loss.now), asPlanned(loss.maps, layout.page));
          assert.equal(closed(loss.could), walked(loss.hull, physicalOf(loss.maps[0] as PlannedMap), layout.page));
        }
        for (const loss of [...found.base, ...found.size]) {
          assert.equal(closed(loss.now), walked(loss.hull, physicalOf(loss.maps[0] as PlannedMap), layout.page));
        }
      }),
    );
  });

  it('tells nothing where leaves couldn’t be fewer', () => {
    fc.assert(
      fc.property(smallLayouts, (layout) => {
        const { found, all } = fragmentationOfText(layout);
        for (const { now, could } of all) assert.ok(totalLeaves(could) < totalLeaves(now));
        for (const { now, could } of [...found.base, ...found.size, ...found.splits]) assert.ok(totalLeaves(now) - totalLeaves(could) > HANDFUL);
      }),
    );
  });

  it('tells every lost phase, and nothing else of those bytes', () => {
    fc.assert(
      fc.property(smallLayouts, (layout) => {
        const { checked, found } = fragmentationOfText(layout);
        const lost = found.phase.flatMap(({ maps }) => maps);
        for (const [region, maps] of regionsOf(planOf(checked))) {
          const isLost = asPlanned(maps, layout.page) !== summed(maps.map(({ range }) => walked(range, range.base, layout.page)));
          assert.equal(maps.some((map) => lost.includes(map)), isLost, region);
        }
        for (const { maps } of [...found.base, ...found.size, ...found.splits]) assert.ok(maps.every((map) => !lost.includes(map)));
      }),
    );
  });

  it('tells nothing where everything is whole blocks', () => {
    fc.assert(
      fc.property(smallLayouts, (layout) => {
        const whole = (length: number): number => Math.ceil(length / LARGEST) * LARGEST;
        const regions = layout.regions.map(({ gap, size }) => ({ gap: whole(gap), size: whole(size), skip: undefined }));
        assert.deepEqual(fragmentationOfText({ ...layout, regions, hole: undefined, halves: false }).all, []);
      }),
    );
  });

  it('says those numbers', () => {
    fc.assert(
      fc.property(smallLayouts, (layout) => {
        const { checked, all } = fragmentationOfText(layout);
        const messages = checked.result.findings.filter(({ rule }) => OURS.includes(rule)).map(({ message }) => message);
        assert.equal(messages.length, all.length);
        for (const { now, could } of all) {
          const words = `: ${formatLeaves(could)} become ${formatLeaves(now)}`;
          assert.ok(messages.some((message) => message.includes(words)), `${words}\n${messages.join('\n')}`);
        }
      }),
    );
  });

  it('offers only what takes fewer leaves and makes no new error', () => {
    const errors = ({ result }: Checked): number => result.findings.filter(({ level }) => level === 'error').length;
    fc.assert(
      fc.property(smallLayouts, (layout) => {
        const checked = check(textOf(layout));
        for (const finding of checked.result.findings.filter(({ rule }) => OURS.includes(rule))) {
          const titles = new Set(finding.fixes().map(({ title }) => title));
          for (const offer of offersOf(checked, finding).filter(({ title }) => [...titles].some((told) => title.startsWith(told)))) {
            const after = check(applyOffer(checked, offer));
            assert.ok(planOf(after).totals.entries < planOf(checked).totals.entries, offer.title);
            assert.ok(errors(after) <= errors(checked), offer.title);
          }
        }
      }),
    );
  });
});

/** The mappings of each region: those of one region are out of phase together. */
function regionsOf({ maps }: Plan): Map<string, PlannedMap[]> {
  const regions = new Map<string, PlannedMap[]>();
  for (const map of maps) regions.set(map.region?.name ?? '', [...(regions.get(map.region?.name ?? '') ?? []), map]);
  return regions;
}
