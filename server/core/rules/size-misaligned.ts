import { HANDFUL, type BorderLoss } from '../dma/fragmentation.js';
import { formatLeaves } from '../dma/leaves.js';
import { alignDown, alignUp, formatSize } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import { writeSize } from '../layout/written.js';
import { brokenIn } from './broken-pages.js';
import { mapName } from './contact-words.js';
import { lossWords, refit } from './realignment.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';
import { fragmentationIn } from './wanted-pages.js';

/** A DMA mapping ends in the middle of a block. */
export const sizeMisaligned = defineRule({
  name: 'size-misaligned',
  over: 'vm',
  level: 'note',
  group: 'fragmentation',
  summary: 'A DMA mapping ends in the middle of a block that its backing and the IOMMU’s tables could hold in one leaf.',
  since: '0.1.0',
  why: `Linux fills page tables with the largest leaf that divides the address and fits into what is left (\`iommu_pgsize\` in
drivers/iommu/iommu.c): behind the last whole block a mapping goes on in smaller leaves. 512 MiB at the end of RAM
that lies in 1 GiB pages take 256 leaves of 2 MiB, and a last page that is cut by 4 KiB takes 511 × 2 MiB + 511 × 4 KiB
(measured on Linux 6.1 to 7.2). The rest of the last page is often wasted, too.

What costs no more than ${HANDFUL} leaves is not told.`,

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
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0x4000_0000 size 2560 MiB from ram0
            ^^^ \`low\` ends 512 MiB into a block of 1 GiB: 3 × 1 GiB become 2 × 1 GiB + 256 × 2 MiB
        assign nic
      }
    `,
      fixed('Grow `low` to 3 GiB: 3 × 1 GiB instead of 2 × 1 GiB + 256 × 2 MiB', `
        -   ram low at 0x4000_0000 size 2560 MiB from ram0
        +   ram low at 0x4000_0000 size 3 GiB from ram0
      `),
      fixed('Shrink `low` to 2 GiB (the guest loses 512 MiB): 2 × 1 GiB instead of 2 × 1 GiB + 256 × 2 MiB', `
        -   ram low at 0x4000_0000 size 2560 MiB from ram0
        +   ram low at 0x4000_0000 size 2 GiB from ram0
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
        backing ram0 size 3 GiB hugetlb 1 GiB
        ram low at 0x4000_0000 size 3 GiB from ram0
        assign nic
      }
    `),
  ],

  check: lossesIn,
  locate: ({ blamed, plan }) => blamed.written?.element ?? blamed.region?.element ?? plan.vm.element,
  message: ({ blamed, block, into, now, could }) =>
    `${mapName(blamed)} ends ${formatSize(into)} into a block of ${formatSize(block)}: ${formatLeaves(could)} become ${formatLeaves(now)}`,
  witness: ({ hull, block }) => ({ base: alignDown(hull.end, block), end: hull.end }),
  fixes: (loss, subject) => [...resize(loss, subject, alignUp(loss.hull.end, loss.block), 'Grow'), ...resize(loss, subject, alignDown(loss.hull.end, loss.block), 'Shrink')],
});

/** What the VMM refuses for its end is told so, with the same ways out. */
function lossesIn(subject: VmSubject): readonly BorderLoss[] {
  const refused = new Set(brokenIn(subject.vm).map(({ region }) => region));
  return (fragmentationIn(subject)?.size ?? []).filter(({ blamed }) => blamed.written !== undefined || !blamed.region || !refused.has(blamed.region));
}

function resize({ blamed: { region, written, range } }: BorderLoss, subject: VmSubject, end: bigint, verb: 'Grow' | 'Shrink'): Fix[] {
  if (!region?.range || written || region.range.end !== range.end || region.offset === undefined || end <= region.range.base) return [];
  const to = { base: region.range.base, end };
  return refit(`${verb} \`${region.name}\` to ${writeSize(sizeOf(to))}${lossWords(region, to)}`, region, { range: to, offset: region.offset }, subject);
}
