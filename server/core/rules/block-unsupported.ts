import { countLeaves, formatLeaves, usableLeafSizes } from '../dma/leaves.js';
import type { Plan, PlannedMap } from '../dma/plan.js';
import { formatSize, isPowerOfTwo } from '../layout/address.js';
import { byBase, sizeOf } from '../layout/intervals.js';
import { namePlace, type Backing } from '../layout/model.js';
import { mapName } from './contact-words.js';
import { bad, defineRule, good, type VmSubject } from './rule.js';
import { fragmentationIn } from './wanted-pages.js';

/** The page of a backing is no leaf of the IOMMU's tables. */
export const blockUnsupported = defineRule({
  name: 'block-unsupported',
  over: 'vm',
  level: 'note',
  group: 'fragmentation',
  summary: 'The pages behind a DMA mapping have a size that the IOMMU’s tables have no leaf for.',
  since: '0.1.0',
  why: `Which leaves there are is up to the tables, and the granule decides: an SMMUv3 has 2 MiB and 1 GiB at 4 KiB, 32 MiB at
16 KiB, and 512 MiB at 64 KiB (drivers/iommu/io-pgtable-arm.c \`arm_lpae_restrict_pgsizes\`), and Linux uses the page of the
host's kernel where the hardware has it. The huge pages of the CPU are others: 64 KiB and 32 MiB pages of a 4 KiB kernel
are runs of entries, which its IOMMU tables don't have. Each page is then held in the next smaller leaves: a 2 MiB page on
a host with 16 KiB pages takes 128 (measured on Linux 7.2). It works, and huge pages of another size would cost less.`,

  examples: [
    bad(`
      host altra {
        arch arm64
        kernel 7.2
        page 16 KiB
        iommu smmu0 {
          model smmu-v3
          granule 16 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        backing ram0 size 2 GiB hugetlb 2 MiB
        ram low at 0x4000_0000 size 2 GiB from ram0
            ^^^ \`low\` lies in pages of 2 MiB, for which \`smmu0\` has no leaf (32 MiB and 16 KiB are what it has): each page takes 128 × 16 KiB
        assign nic
      }
    `),
    good(`
      host altra {
        arch arm64
        kernel 7.2
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        backing ram0 size 2 GiB hugetlb 2 MiB
        ram low at 0x4000_0000 size 2 GiB from ram0
        assign nic
      }
    `),
  ],

  check: (subject) => missingLeaves(subject),
  locate: ({ map, plan }) => map.written?.element ?? map.region?.element ?? plan.vm.element,
  message: ({ plan, map, page }) => {
    const sizes = plan.format.leafSizes;
    const leaves = countLeaves({ iova: 0n, physical: 0n, size: page }, usableLeafSizes({ iova: 0n, physical: 0n, contiguous: page }, sizes));
    const has = `${sizes.map(formatSize).join(sizes.length === 2 ? ' and ' : ', ')} ${sizes.length === 1 ? 'is' : 'are'} what it has`;
    return `${mapName(map)} lies in pages of ${formatSize(page)}, for which ${plan.iommu ? `\`${plan.iommu.name}\`` : 'the IOMMU'} has no leaf (${has}): each page takes ${formatLeaves(leaves)}`;
  },
  notes: ({ backing }) => (backing.own ? [] : [{ place: namePlace(backing.element), message: `\`${backing.name}\` says which pages it has` }]),
  witness: ({ map }) => map.range,
});

interface MissingLeaf {
  readonly plan: Plan;
  /** The mapping with the lowest IOVA that could have held a leaf of that size. */
  readonly map: PlannedMap;
  readonly backing: Backing;
  readonly page: bigint;
}

/** Once for each backing, and not where a phase or a wish for larger pages is told of it already. */
function missingLeaves(subject: VmSubject): MissingLeaf[] {
  const { plan } = subject;
  const losses = fragmentationIn(subject);
  if (!plan || !losses) return [];
  const told = new Set([...losses.phase, ...losses.backing].flatMap(({ maps }) => maps.map(({ backing }) => backing)));
  return [...plan.maps].sort((left, right) => byBase(left.range, right.range)).flatMap((map): MissingLeaf[] => {
    const { backing, range } = map;
    const page = backing?.page;
    if (!backing || page === undefined || !isPowerOfTwo(page) || told.has(backing)) return [];
    if (plan.format.leafSizes.includes(page) || page <= plan.alignment || sizeOf(range) < page) return [];
    told.add(backing);
    return [{ plan, map, backing, page }];
  });
}
