import { reasonLeftOut } from '../dma/left-out-words.js';
import { isWhole, memorySlots } from '../dma/memory-slots.js';
import type { LeftOut } from '../dma/requests.js';
import type { Plan } from '../dma/plan.js';
import { alignDown, alignUp, formatRange, formatSize } from '../layout/address.js';
import { isEmpty, sizeOf, type Range } from '../layout/intervals.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';
import { lossWords, rebase } from './realignment.js';

/** QEMU doesn't map a part of RAM, and goes on. */
export const sectionSkipped = defineRule({
  name: 'section-skipped',
  over: 'vm',
  level: 'warning',
  group: 'contract',
  summary: 'QEMU leaves a part of the guest’s memory unmapped for DMA, and starts all the same.',
  since: '0.1.0',
  why: `QEMU asks for a mapping of each section of its flat view of memory (hw/vfio/listener.c). It rounds a section inwards to
pages of the host and skips in silence what is left empty. One whose address and offset differ within a page can't be
mapped at all: “received unaligned region” is logged, and the VM starts without it (if it fills a page of the host, KVM
refuses it, too, and QEMU stops: \`slot-unaligned\`). Addresses with bit 63 set are taken for the halves of BARs that are being
sized, and are skipped, too. DMA to what is skipped faults.

With 4 KiB pages this is rare. On a host with 16 or 64 KiB pages it happens wherever another region cuts RAM at 4 KiB, as
many firmware images and ACPI tables do.`,

  examples: [
    bad(
      `
      host altra {
        arch arm64
        page 64 KiB
        iommu smmu0 {
          model smmu-v3
          granule 64 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        vmm qemu
        ram low at 0x4000_0000 size 1 GiB
        ram tables at 0x8000_0000 size 0x1_4000
            ^^^^^^ QEMU maps whole pages of 64 KiB: 0x80010000-0x80013fff of \`tables\` is left out without a word, and DMA to it faults
        assign nic
      }
    `,
      fixed('Grow `tables` to 128 KiB: 2 × 64 KiB instead of 1 × 64 KiB', `
        -   ram tables at 0x8000_0000 size 0x1_4000
        +   ram tables at 0x8000_0000 size 128 KiB
      `),
    ),
    bad(`
      host altra {
        arch arm64
        page 64 KiB
        iommu smmu0 {
          model smmu-v3
          granule 64 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        vmm qemu
        ram low at 0x4000_0000 size 1 GiB
        rom tables at 0x8000_1000 size 8 KiB
            ^^^^^^ \`tables\` is at 0x80001000 and begins at 0x0 in its memory, which differ within a page of 64 KiB: QEMU logs “received unaligned region” and maps none of it, and DMA to it faults
        assign nic
      }
    `),
    good(`
      host altra {
        arch arm64
        page 64 KiB
        iommu smmu0 {
          model smmu-v3
          granule 64 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        vmm qemu
        ram low at 0x4000_0000 size 1 GiB
        rom flash at 0 size 64 MiB
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan && plan.vm.assignments.length > 0 ? skippedIn(plan) : []),
  locate: ({ left }) => left.region.element,
  message: wordsOf,
  witness: ({ left }) => left.range,
  witnessIn: 'gpa',
  fixes: waysToMap,
});

interface Skipped {
  readonly plan: Plan;
  readonly left: LeftOut;
  /** How many more of its ranges are left out. */
  readonly more: number;
}

/** One for each region of memory, at its first range. A BAR is \`bar-unmappable\`, and what KVM refuses, so that QEMU stops, \`slot-unaligned\`. */
function skippedIn(plan: Plan): Skipped[] {
  if (plan.leftOut.length === 0) return [];
  const refused = new Set(memorySlots(plan).filter((slot) => !isWhole(slot, plan.page)).map(({ regions }) => regions[0]));
  const lost = plan.leftOut.filter(({ kept, region }) => kept.length === 0 && region.kind !== 'bar' && !refused.has(region));
  const regions = new Set(lost.map(({ region }) => region));
  return [...regions].flatMap((region): Skipped[] => {
    const [left, ...more] = lost.filter((one) => one.region === region);
    return left ? [{ plan, left, more: more.length }] : [];
  });
}

function wordsOf({ plan, left, more }: Skipped): string {
  const { region, range, because } = left;
  const name = `\`${region.name}\``;
  if (because === 'bit-63') return `${reasonLeftOut(left, plan, `${formatRange(range)} of ${name}`)}: it maps none of it, and DMA to it faults`;
  if (because === 'unaligned') return `${reasonLeftOut(left, plan, name)}: QEMU logs “received unaligned region” and maps none of it, and DMA to it faults`;
  const others = more > 0 ? `, and ${more} more of its ranges,` : '';
  return `${reasonLeftOut(left, plan)}: ${formatRange(range)} of ${name}${others} is left out without a word, and DMA to it faults`;
}

function waysToMap({ plan, left }: Skipped, subject: VmSubject): Fix[] {
  const { region, because } = left;
  if (because !== 'part-of-page' || !region.range || region.offset === undefined) return [];
  const outer = { base: alignDown(region.range.base, plan.page), end: alignUp(region.range.end, plan.page) };
  const inner = { base: alignUp(region.range.base, plan.page), end: alignDown(region.range.end, plan.page) };
  return [...resized('Grow', left, outer, subject), ...(isEmpty(inner) ? [] : resized('Shrink', left, inner, subject))];
}

function resized(verb: string, { region }: LeftOut, range: Range, subject: VmSubject): Fix[] {
  const offset = (region.offset ?? 0n) + (range.base - (region.range?.base ?? 0n));
  const at = region.backing?.own ? 0n : offset;
  return at < 0n ? [] : rebase(`${verb} \`${region.name}\` to ${formatSize(sizeOf(range))}${lossWords(region, range)}`, region, { range, offset: at }, subject);
}
