import { hopedLeaves, type BackingLoss } from '../dma/fragmentation.js';
import { formatLeaves, sumOfLeaves } from '../dma/leaves.js';
import { contiguousPage } from '../dma/plan.js';
import { formatSize } from '../layout/address.js';
import { namePlace } from '../layout/model.js';
import { mapName } from './contact-words.js';
import { isWrittenIn } from './edits.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';
import { fits, fragmentationIn, ofHugePages, poolsOf } from './wanted-pages.js';

/** The pages of a backing are smaller than the leaves that somebody asks for. */
export const backingTooSmall = defineRule({
  name: 'backing-too-small',
  over: 'vm',
  level: 'note',
  group: 'fragmentation',
  summary: 'The pages behind a DMA mapping are smaller than the leaves that its policy, or its host, asks for.',
  since: '0.1.0',
  why: `A leaf holds one physically contiguous run, and only pages promise one: \`hugetlb\` and \`dax\` up to their page size,
ordinary memory up to the base page of the host (drivers/vfio/vfio_iommu_type1.c \`vfio_pin_pages_remote\` joins neighbours,
but nobody promises that there are any). 64 GiB are 64 leaves on 1 GiB pages, 32,768 on 2 MiB pages, and 16,777,216 on
4 KiB pages, with 128 MiB of page tables. \`thp\` is hoped for: the kernel usually finds 2 MiB, and guarantees 4 KiB.

Smaller pages may be what you want, so this is told only where somebody asks for more: a policy that speaks of
\`coverage(S)\` or \`blocks(S)\` of leaves that the pages can't fill, or a host whose \`hugepages\` are larger than those of a
\`hugetlb\` or \`thp\` backing, and enough for it.`,

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
        hugepages 1 GiB count 8
      }

      vm web on altra {
        backing ram0 size 3 GiB hugetlb 2 MiB
        ram low at 0x4000_0000 size 3 GiB from ram0
            ^^^ \`low\` lies in pages of 2 MiB and could be held in leaves of 1 GiB, which \`altra\` has pages for: 3 × 1 GiB become 1,536 × 2 MiB
        assign nic
      }
    `,
      fixed('Make `ram0` of 1 GiB pages: 3 × 1 GiB instead of 1,536 × 2 MiB', `
        -   backing ram0 size 3 GiB hugetlb 2 MiB
        +   backing ram0 size 3 GiB hugetlb 1 GiB
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
        backing ram0 size 3 GiB hugetlb 2 MiB
        ram low at 0x4000_0000 size 3 GiB from ram0
        assign nic
      }
    `),
  ],

  check: (subject) => fragmentationIn(subject)?.backing ?? [],
  locate: ({ blamed, plan }) => blamed.written?.element ?? blamed.region?.element ?? plan.vm.element,
  message: (loss) => {
    const { blamed, block, now, could, wanted } = loss;
    const page = formatSize(contiguousPage(blamed, loss.plan.page) ?? 0n);
    return `${mapName(blamed)} lies in pages of ${page} and could be held in leaves of ${formatSize(block)}, ${wanted.asking}: ${formatLeaves(could)} become ${formatLeaves(now)}${hoped(loss)}`;
  },
  notes: ({ backing }) => (backing.own ? [] : [{ place: namePlace(backing.element), message: `\`${backing.name}\` says which pages it has` }]),
  witness: ({ blamed }) => blamed.range,
  fixes: largerPages,
});

/** What transparent huge pages would make of it where the kernel finds them all. */
function hoped({ maps, plan }: BackingLoss): string {
  const found = maps.map((map) => hopedLeaves(map, plan));
  if (found.every((leaves) => !leaves)) return '';
  const leaves = sumOfLeaves(maps.map((map, index) => found[index] ?? map.leaves));
  return ` (${formatLeaves(leaves)} are hoped for)`;
}

/** The smallest pages that the host has and that are large enough. */
function largerPages({ backing, wanted }: BackingLoss, subject: VmSubject): Fix[] {
  const pages = poolsOf(subject).filter((pool) => pool.page >= wanted.page && fits(backing, pool)).map(({ page }) => page);
  const page = pages.reduce<bigint | undefined>((least, next) => (least === undefined || next < least ? next : least), undefined);
  if (page === undefined || !isWrittenIn(backing.element, subject.vm.element)) return [];
  return [{ ...ofHugePages(backing, page), savesLeaves: true }];
}
