import { HANDFUL, lostLeaves, type SplitLoss } from '../dma/fragmentation.js';
import { formatLeaves } from '../dma/leaves.js';
import { leftOutInAll } from '../dma/plugged-memory.js';
import { formatAddress, formatPlural, formatRange, formatSize } from '../layout/address.js';
import { isEmpty, overlaps, type Range } from '../layout/intervals.js';
import { namePlace, type Reserved } from '../layout/model.js';
import { mapName } from './contact-words.js';
import { waysToRejoin } from './rejoining.js';
import { bad, defineRule, fixed, good, type Note } from './rule.js';
import { fragmentationIn } from './wanted-pages.js';

/** Leaves that a cut may cost before it is more than a note: that of a 4 KiB hole in a 1 GiB leaf is 1021. */
const WORTH_A_WARNING = 100n;

/** A hole or a border cuts a block that one leaf could hold. */
export const blockSplit = defineRule({
  name: 'block-split',
  over: 'vm',
  level: 'warning',
  group: 'fragmentation',
  summary: 'A hole, or the border between two mappings, cuts a block that one leaf of the IOMMU’s tables could hold.',
  since: '0.1.0',
  why: `Each mapping request is filled with leaves by itself (\`iommu_pgsize\` in drivers/iommu/iommu.c), so its borders cut
blocks: a 4 KiB hole in a 1 GiB page leaves 511 × 2 MiB + 511 × 4 KiB, and two requests of 512 MiB that touch stay
512 × 2 MiB and are never joined later (measured on Linux 6.1 to 7.2, VFIO type1 and iommufd). A hole of 1 MiB for an MSI
doorbell costs 766 leaves; widened to 2 MiB it costs 510, and no table of 4 KiB leaves is needed at all. Tables with a
leaf for every power of two (AMD v1) lose some 18.

It is a warning where more than ${WORTH_A_WARNING} leaves are lost, a note otherwise, and not told up to ${HANDFUL}. Move the RAM away from the hole, widen the hole
to whole blocks, or merge mappings that touch.`,

  examples: [
    bad(
      `
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        bits 48
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        on-overlap carve
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
            ^^^ a hole at 0x8000000-0x80fffff cuts a block of 1 GiB in \`low\`: 3 × 1 GiB become 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB
        avoid doorbell at 0x0800_0000 size 1 MiB via reserved-memory
        assign nic
      }
    `,
      fixed('Move `low` to 0x4000_0000: 3 × 1 GiB instead of 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB', `
        -   ram low at 0 size 3 GiB from ram0
        +   ram low at 0x4000_0000 size 3 GiB from ram0
      `),
      fixed('Write the plan as maps, with the hole widened to 2 MiB: 2 × 1 GiB + 511 × 2 MiB instead of 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB', `
            assign nic
        +   avoid low-hole at 0x810_0000 size 1 MiB via reserved-memory
        +   map low-a size 128 MiB to low
        +   map low-b size 2942 MiB to low + 130 MiB
      `),
    ),
    bad(
      `
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        bits 48
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0x4000_0000 size 3 GiB from ram0
        map first size 512 MiB to low
        map second size 2560 MiB to low + 512 MiB
            ^^^^^^ the border to map \`first\` at 0x60000000 cuts a block of 1 GiB in map \`second\`: 3 × 1 GiB become 2 × 1 GiB + 512 × 2 MiB
        assign nic
      }
    `,
      fixed('Merge `first` and `second`: 3 × 1 GiB instead of 2 × 1 GiB + 512 × 2 MiB', `
        -   map first size 512 MiB to low
        -   map second size 2560 MiB to low + 512 MiB
        +   map first to low
      `),
    ),
    good(`
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        bits 48
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        backing ram0 size 4 GiB hugetlb 1 GiB
        ram low at 0x4000_0000 size 4 GiB from ram0
        map first size 2 GiB to low
        map second size 2 GiB to low + 2 GiB
        assign nic
      }
    `),
  ],

  check: (subject) => fragmentationIn(subject)?.splits ?? [],
  locate: ({ blamed, plan }) => blamed.written?.element ?? blamed.region?.element ?? plan.vm.element,
  levelOf: (loss) => (lostLeaves(loss) > WORTH_A_WARNING ? 'warning' : 'note'),
  message: (loss) => `${cutWords(loss)} in ${mapName(loss.blamed)}: ${formatLeaves(loss.could)} become ${formatLeaves(loss.now)}`,
  notes: otherParties,
  witness: ({ cuts, hull }) => cuts.find((cut) => !isEmpty(cut)) ?? hull,
  isPrice: true,
  fixes: waysToRejoin,
});

/** What cuts, and where: one hole, one border, or how many of them. */
function cutWords(loss: SplitLoss): string {
  const { cuts, block, maps, blamed } = loss;
  const [cut, ...others] = cuts;
  if (!cut || others.length > 0) return `${countWords(cuts)} from ${formatAddress(cut?.base ?? 0n)} on cut blocks of ${formatSize(block)}`;
  if (!isEmpty(cut)) return `a hole at ${formatRange(cut)} cuts a block of ${formatSize(block)}`;
  const other = maps.find((map) => map !== blamed) ?? blamed;
  return `the border to ${mapName(other)} at ${formatAddress(cut.base)} cuts a block of ${formatSize(block)}`;
}

/** `2 holes and 1 border`. */
function countWords(cuts: readonly Range[]): string {
  const borders = cuts.filter(isEmpty).length;
  const holes = cuts.length - borders;
  return [...(holes > 0 ? [formatPlural(holes, 'hole', 'holes')] : []), ...(borders > 0 ? [formatPlural(borders, 'border', 'borders')] : [])].join(' and ');
}

/** Other parties that are told; more help nobody. */
const MOST_NOTES = 5;

function otherParties(loss: SplitLoss): Note[] {
  return [...carvedOut(loss), ...hidden(loss), ...neighbours(loss)].slice(0, MOST_NOTES);
}

const isCut = ({ cuts }: SplitLoss, range: Range | undefined): boolean => range !== undefined && cuts.some((cut) => overlaps(cut, range));

/** What the VMM carved out. */
function carvedOut(loss: SplitLoss): Note[] {
  const kept = new Set<Reserved>(leftOutInAll(loss.plan).filter(({ range }) => isCut(loss, range)).flatMap((left) => left.kept));
  return [...kept].map(({ element, name, range }) => ({ place: namePlace(element), message: `\`${name}\` (${formatRange(range)}) is carved out` }));
}

/** Regions that hide a part of it. */
function hidden(loss: SplitLoss): Note[] {
  const regions = new Set(loss.maps.map(({ region }) => region));
  const hiding = loss.plan.vm.regions.filter(({ over, range }) => over.some((region) => regions.has(region)) && isCut(loss, range));
  return hiding.map(({ element, name }) => ({ place: namePlace(element), message: `\`${name}\` hides this part of it` }));
}

/** The other mappings, where they are declared by themselves. */
function neighbours({ maps, blamed }: SplitLoss): Note[] {
  const told = blamed.written?.element ?? blamed.region?.element;
  const others = maps.map((map) => ({ map, element: map.written?.element ?? map.region?.element }));
  return others.flatMap(({ map, element }) =>
    element && element !== told ? [{ place: namePlace(element), message: `${mapName(map)} has ${formatRange(map.range)}` }] : [],
  );
}
