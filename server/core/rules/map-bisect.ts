import { blockSize } from '../dma/arrivals.js';
import type { Plan } from '../dma/plan.js';
import { formatPlural, formatRange, formatSize } from '../layout/address.js';
import { intersect, type Range, sizeOf, subtract, unite } from '../layout/intervals.js';
import { namePlace, type Region, type Vm, type WrittenMap } from '../layout/model.js';
import { isWrittenIn, replacedBy } from './edits.js';
import { mapLines } from './map-lines.js';
import { bad, defineRule, fixed, good, type Fix, type Note, type VmSubject } from './rule.js';

/** Something that goes by itself is mapped in one piece with what stays. */
export const mapBisect = defineRule({
  name: 'map-bisect',
  over: 'vm',
  level: 'warning',
  group: 'hotplug',
  summary: 'A map holds in one piece what is unplugged piece by piece.',
  since: '0.1.0',
  why: `A mapping can only be taken out as it was put in. VFIO type1 refuses to unmap a part of it with EINVAL (\`vfio_dma_do_unmap\` in
drivers/vfio/vfio_iommu_type1.c), iommufd with ENOENT after it has taken out whatever lay below (\`iopt_unmap_iova_range\` in
drivers/iommu/iommufd/io_pagetable.c). So what can be unplugged by itself, a DIMM, a block of virtio-mem or a BAR in its window,
has to be a request of its own. What a hot-plugged device would need cut out is told at that device (hotplug-device).`,

  examples: [
    bad(
      `
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
      }

      vm web on xeon {
        ram low at 0 size 2 GiB
        ram more at 4 GiB size 2 GiB hotplug virtio-mem block 1 GiB
        map all to low
        map rest to more
            ^^^^ \`rest\` holds 2 blocks of \`more\` in one piece: unplugging one of them fails, VFIO_IOMMU_UNMAP_DMA of a part gives EINVAL
        assign nic
      }
    `,
      fixed('Map each of them by itself: still 524,288 × 4 KiB', `
        -   map rest to more
        +   map rest-a size 1 GiB to more
        +   map rest-b size 1 GiB to more + 1 GiB
      `),
    ),
    good(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
      }

      vm web on xeon {
        ram low at 0 size 2 GiB
        ram more at 4 GiB size 2 GiB hotplug dimm
        map all to low
        map rest to more
        assign nic
      }
    `),
  ],

  check: ({ vm, plan }) => (plan && plan.contract !== 'none' && vm.assignments.length > 0 ? vm.maps.flatMap((map) => bisected(map, vm, plan)) : []),
  locate: ({ map }) => map.element,
  message: ({ map, what, plan }) => {
    const refused = plan.contract === 'iommufd' ? 'IOMMU_IOAS_UNMAP of a part gives ENOENT' : 'VFIO_IOMMU_UNMAP_DMA of a part gives EINVAL';
    return `\`${map.name}\` holds ${what} in one piece: unplugging one of them fails, ${refused}`;
  },
  notes: ({ pieces }) => pieces.flatMap(({ region, range }): Note[] => (region ? [{ place: namePlace(region.element), message: `\`${region.name}\` is there at ${formatRange(range)}` }] : [])),
  fixes: (bisection, subject) => apart(bisection, subject),
});

/** Part of a map that goes by itself, in guest-physical addresses. */
interface Piece {
  readonly range: Range;
  /** The region it is, where the map is of a window around it. */
  readonly region: Region | undefined;
}

interface Bisection {
  readonly plan: Plan;
  readonly map: WrittenMap;
  readonly what: string;
  readonly pieces: readonly Piece[];
  /** How many pieces there are in all: blocks are listed only where they are few. */
  readonly count: bigint;
}

/** Pieces that a fix writes as maps of their own. */
const MOST_PIECES = 32n;

function bisected(map: WrittenMap, vm: Vm, plan: Plan): Bisection[] {
  const { region, offset, size } = map;
  if (!region?.range || offset === undefined || size === undefined) return [];
  const covered = intersect(region.range, { base: region.range.base + offset, end: region.range.base + offset + size });
  if (!covered) return [];
  return region.kind === 'window' ? inWindow(map, covered, vm, plan) : inBlocks(map, region, covered, plan);
}

function inBlocks(map: WrittenMap, region: Region, covered: Range, plan: Plan): Bisection[] {
  if (region.arrival?.kind !== 'virtio-mem' || !region.range) return [];
  const block = blockSize(region.arrival.block, region.backing, plan.page);
  const { base } = region.range;
  const [first, last] = [(covered.base - base) / block, (covered.end - 1n - base) / block];
  const count = last - first + 1n;
  if (count < 2n) return [];
  const numbers = count > MOST_PIECES ? [] : Array.from({ length: Number(count) }, (_, index) => first + BigInt(index));
  const pieces = numbers.flatMap((number) => intersect(covered, { base: base + number * block, end: base + (number + 1n) * block }) ?? []);
  return [{ plan, map, what: `${formatPlural(count, 'block', 'blocks')} of \`${region.name}\``, count, pieces: pieces.map((range) => ({ range, region: undefined })) }];
}

/** A map of a window holds whatever is plugged into it, and the room between. */
function inWindow(map: WrittenMap, covered: Range, vm: Vm, plan: Plan): Bisection[] {
  const held = vm.regions.filter(({ kind, hotplug }) => (kind === 'ram' && hotplug) || kind === 'bar');
  const pieces = held.flatMap((region) => {
    const range = region.range && intersect(region.range, covered);
    return range ? [{ range, region }] : [];
  });
  const isWhole = pieces.length === 1 && pieces[0] && sizeOf(pieces[0].range) === sizeOf(covered);
  if (pieces.length === 0 || isWhole) return [];
  const names = pieces.map(({ region }) => `\`${region.name}\``);
  const what = pieces.length === 1 ? `${names[0]} and ${formatSize(sizeOf(covered) - sizeOf(pieces[0]?.range ?? covered))} beside it` : names.join(' and ');
  return [{ plan, map, what, count: BigInt(pieces.length), pieces }];
}

/** A map for each piece, and for what is between them. */
function apart({ map, pieces, count }: Bisection, { vm }: VmSubject): Fix[] {
  const { region, offset, iova, size } = map;
  if (!region?.range || offset === undefined || iova === undefined || size === undefined || pieces.length === 0 || count > MOST_PIECES) return [];
  if (!isWrittenIn(map.element, vm.element)) return [];
  const whole = { base: iova, end: iova + size };
  const shift = iova - (region.range.base + offset);
  const own = pieces.map(({ range }) => ({ base: range.base + shift, end: range.end + shift }));
  const parts = [...own, ...subtract(whole, unite(own))].sort((left, right) => (left.base < right.base ? -1 : 1));
  const request = { region, written: map, range: whole, access: map.access };
  return [{ title: 'Map each of them by itself', safe: false, edits: [replacedBy(map.element, mapLines(request, parts, vm.element, map.name))] }];
}
