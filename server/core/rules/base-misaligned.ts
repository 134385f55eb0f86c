import { HANDFUL, type BorderLoss } from '../dma/fragmentation.js';
import { formatLeaves } from '../dma/leaves.js';
import type { PlannedMap } from '../dma/plan.js';
import { alignDown, alignUp, formatSize, modulo } from '../layout/address.js';
import { rangeOf, sizeOf } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';
import { writeAddress } from '../layout/written.js';
import { mapName } from './contact-words.js';
import { nearestFreePlace } from '../dma/free-places.js';
import { lossWords, offsetsInPhase, refit } from './realignment.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';
import { fragmentationIn } from './wanted-pages.js';

/** A DMA mapping begins in the middle of a block. */
export const baseMisaligned = defineRule({
  name: 'base-misaligned',
  over: 'vm',
  level: 'note',
  group: 'fragmentation',
  summary: 'A DMA mapping begins in the middle of a block that its backing and the IOMMU’s tables could hold in one leaf.',
  since: '0.1.0',
  why: `Linux fills page tables with the largest leaf that divides the address and fits into what is left (\`iommu_pgsize\` in
drivers/iommu/iommu.c). A mapping that begins in the middle of a block has no leaf of that size before the next
block: 256 MiB before the first 1 GiB leaf take 128 leaves of 2 MiB. Where the size is whole, the end is in the
middle of a block, too, and moving the base mends both.

What costs no more than ${HANDFUL} leaves is not told. Base and offset in the backing have to move together, or the phase is
lost.`,

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
        backing ram0 size 4 GiB hugetlb 1 GiB
        hole spare at 0x4000_0000 size 256 MiB from ram0
        ram low at 0x5000_0000 size 3 GiB from ram0
            ^^^ \`low\` begins 256 MiB into a block of 1 GiB: 3 × 1 GiB become 2 × 1 GiB + 512 × 2 MiB
        assign nic
      }
    `,
      fixed('Move `low` to 0x8000_0000, with the bytes from 1 GiB on: 3 × 1 GiB instead of 2 × 1 GiB + 512 × 2 MiB', `
        -   ram low at 0x5000_0000 size 3 GiB from ram0
        +   ram low at 0x8000_0000 size 3 GiB from ram0 + 1 GiB
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

  check: (subject) => fragmentationIn(subject)?.base ?? [],
  locate: ({ blamed, plan }) => blamed.written?.element ?? blamed.region?.element ?? plan.vm.element,
  message: ({ blamed, block, into, now, could }) =>
    `${mapName(blamed)} begins ${formatSize(into)} into a block of ${formatSize(block)}: ${formatLeaves(could)} become ${formatLeaves(now)}`,
  witness: ({ hull, block }) => ({ base: hull.base, end: alignUp(hull.base, block) }),
  fixes: (loss, subject) => [...move(loss, subject), ...grow(loss, subject), ...shrink(loss, subject)],
});

/** Base and offset both to a block, so that the phase stays. */
function move(loss: BorderLoss, subject: VmSubject): Fix[] {
  const { blamed, block, byMoving } = loss;
  const { region } = blamed;
  if (!byMoving || !region?.range || region.offset === undefined || !isWholeBase(blamed)) return [];
  const base = nearestFreePlace(subject, region, block);
  if (base === undefined) return [];
  const range = rangeOf(base, sizeOf(region.range));
  const title = `Move \`${region.name}\` to ${writeAddress(base)}`;
  const stays = isInPhase(region, base, block) ? refit(title, region, { range, offset: region.offset }, subject) : undefined;
  return stays ?? offsetsInPhase(region, base, block, subject).flatMap((offset) =>
    refit(`${title}, with the bytes from ${formatSize(offset)} on`, region, { range, offset }, subject),
  );
}

const isInPhase = ({ backing, offset }: Region, base: bigint, block: bigint): boolean =>
  modulo(base - (backing?.physical ?? 0n) - (offset ?? 0n), block) === 0n;

/** Whether the mapping is derived and begins with its region: then the region's base is what is to be mended. */
const isWholeBase = ({ region, written, range }: PlannedMap): boolean => !written && region?.range?.base === range.base;

/** Down to the block, where addresses and bytes below are free. */
function grow({ blamed, block, into }: BorderLoss, subject: VmSubject): Fix[] {
  const { region } = blamed;
  if (!region?.range || !isWholeBase(blamed) || region.offset === undefined || region.offset < into) return [];
  const to = { base: alignDown(region.range.base, block), end: region.range.end };
  return refit(`Grow \`${region.name}\` down to ${writeAddress(to.base)}`, region, { range: to, offset: region.offset - into }, subject);
}

/** Up to the next block: the guest loses what is below. */
function shrink({ blamed, block }: BorderLoss, subject: VmSubject): Fix[] {
  const { region } = blamed;
  if (!region?.range || !isWholeBase(blamed) || region.offset === undefined || region.backing?.own) return [];
  const to = { base: alignUp(region.range.base, block), end: region.range.end };
  if (sizeOf(to) < block) return [];
  const offset = region.offset + (to.base - region.range.base);
  return refit(`Begin \`${region.name}\` at ${writeAddress(to.base)}${lossWords(region, to)}`, region, { range: to, offset }, subject);
}
