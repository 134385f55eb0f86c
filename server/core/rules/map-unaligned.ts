import type { Plan, PlannedMap } from '../dma/plan.js';
import { formatAddress, formatSize, isAligned } from '../layout/address.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import type { PlacedEdit } from '../layout/place.js';
import { mapCall, mapName } from './contact-words.js';
import { isWrittenIn, replacedBy } from './edits.js';
import { mapLine, offsetInRegion } from './map-lines.js';
import { inStep, roundedRegion, rounding, withLastByte, type Way } from './rounding.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** A DMA mapping begins or ends between two pages. */
export const mapUnaligned = defineRule({
  name: 'map-unaligned',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'A DMA mapping is no multiple of the smallest page in IOVA, size or offset.',
  since: '0.1.0',
  why: `An IOMMU maps whole pages. VFIO wants IOVA, size and the address of the memory to be multiples of the smallest page
that all domains have, but at least of the host's page, and says EINVAL otherwise, before it looks at anything else
(\`vfio_dma_do_map\`, \`vfio_update_pgsize_bitmap\` in drivers/vfio/vfio_iommu_type1.c). iommufd asks the same of
\`iova_alignment\` (\`iopt_alloc_area_pages\`, \`iopt_insert_area\`). Layouts made for 4 KiB pages fail so on a host with
16 or 64 KiB pages: the 640 KiB border of a PC is a multiple of 16 KiB, many others aren't. QEMU rounds what it maps
inwards to host pages; what is out of step with its backing it can't round, and leaves out ("received unaligned region").`,

  examples: [
    bad(
      `
      host ampere {
        arch arm64
        kernel 6.12
        page 16 KiB
        iommu smmu0 {
          model smmu-v3
          granule 16 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on ampere {
        ram low at 0x4000_0000 size 0x4000_1000
            ^^^ the size 0x40001000 of \`low\` is no multiple of 16 KiB, the host’s page: VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
        assign nic
      }
    `,
      fixed('Round `low` outwards to 16 KiB: 65,537 × 16 KiB instead of 65,536 × 16 KiB', `
        -   ram low at 0x4000_0000 size 0x4000_1000
        +   ram low at 0x4000_0000 size 0x4000_4000
      `),
      fixed('Round `low` inwards to 16 KiB: still 65,536 × 16 KiB', `
        -   ram low at 0x4000_0000 size 0x4000_1000
        +   ram low at 0x4000_0000 size 1 GiB
      `),
    ),
    good(`
      host ampere {
        arch arm64
        kernel 6.12
        page 16 KiB
        iommu smmu0 {
          model smmu-v3
          granule 16 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on ampere {
        ram low at 0x4000_0000 size 1 GiB
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? misfitsIn(plan) : []),
  locate: ({ plan, map }) => map.written?.element ?? map.region?.element ?? plan.vm.element,
  message: (misfit) => `${oddParts(misfit)} of ${mapName(misfit.map)} ${verdictOf(misfit)}`,
  witness: ({ map }) => map.range,
  fixes: (misfit, subject) => [close(misfit, subject), round(misfit, 'outwards', subject), round(misfit, 'inwards', subject)].flat(),
});

interface Misfit {
  readonly plan: Plan;
  readonly map: PlannedMap;
  /** What is no multiple, in words: `the size 0x1800`. */
  readonly odd: readonly string[];
}

/** One for each declaration, although a carved region is asked for piece by piece. */
function misfitsIn(plan: Plan): Misfit[] {
  const told = new Set<unknown>();
  return plan.maps.flatMap((map) => misfitOf(map, plan)).filter(({ map }) => {
    const owner = map.written ?? map.region;
    return !told.has(owner) && told.add(owner);
  });
}

function misfitOf(map: PlannedMap, plan: Plan): Misfit[] {
  const { range, offset } = map;
  const values = [['base', range.base], ['size', sizeOf(range)], ['offset', offset ?? 0n]] as const;
  const odd = values.filter(([, value]) => !isAligned(value, plan.alignment)).map(([word, value]) => `${word} ${formatAddress(value)}`);
  return odd.length > 0 ? [{ plan, map, odd }] : [];
}

const oddParts = ({ odd }: Misfit): string => odd.map((part) => `the ${part}`).join(' and ');

function verdictOf({ plan, odd }: Misfit): string {
  const page = `${formatSize(plan.alignment)}, ${plan.alignment === plan.page ? 'the host’s page' : 'the smallest leaf of the tables'}`;
  return `${odd.length > 1 ? 'are no multiples' : 'is no multiple'} of ${page}: ${consequence(plan)}`;
}

function consequence(plan: Plan): string {
  if (plan.contract === 'none') return 'no entry of the tables holds what is left over';
  return `${mapCall(plan.contract)} fails with EINVAL ${plan.attachedAtBoot ? 'at start-up' : 'when a device is plugged'}`;
}

const close = ({ plan, map: { written, region } }: Misfit, { vm }: VmSubject): Fix[] => (written || !region ? [] : withLastByte(region, plan.alignment, vm));

/** Moves both ends to whole pages, and the offset with them, so that every byte stays where it is if it can. */
function round({ plan, map }: Misfit, way: Way, subject: VmSubject): Fix[] {
  const { alignment } = plan;
  const owner = map.written?.element ?? map.region?.element;
  if (!owner || !map.region || !isWrittenIn(owner, subject.vm.element)) return [];
  const whole = map.written || !map.region.range ? map.range : map.region.range;
  const { region } = map;
  return rounding(owner.name, whole, way, alignment, (wanted) => (map.written ? roundedMap(map, wanted, alignment) : roundedRegion(region, wanted, alignment, subject.vm)));
}

function roundedMap(map: PlannedMap, wanted: Range, alignment: bigint): PlacedEdit[] {
  if (!map.written) return [];
  const begin = map.region?.offset ?? 0n;
  const offset = inStep(offsetInRegion(map) + begin, map.range, wanted, alignment) - begin;
  return offset < 0n ? [] : [replacedBy(map.written.element, [mapLine(map, wanted, offset, map.written.name)])];
}
