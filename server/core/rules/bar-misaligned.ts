import { alignDown, formatAddress, formatSize, isAligned, isPowerOfTwo } from '../layout/address.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import type { Region, Vm } from '../layout/model.js';
import { moveRegion } from './placement.js';
import { bad, defineRule, fixed, good } from './rule.js';

/** A BAR is placed where its device can't decode it. */
export const barMisaligned = defineRule({
  name: 'bar-misaligned',
  over: 'vm',
  level: 'warning',
  group: 'fragmentation',
  summary: 'A BAR is placed at an address that is no multiple of its size.',
  since: '0.1.0',
  why: `A base address register holds only the bits above its size; those below read as 0, which is how its size is found out
(PCI Local Bus Specification 3.0, 6.2.5.1). An address that is no multiple of the size can't be written into it: the guest
reads back the multiple below.

Where a VMM maps the BAR at the odd address all the same, no large leaf fits, neither in the IOMMU's tables nor in the
CPU's: a BAR is one run of physical memory that is aligned to its size, and so must its address be. Cloud Hypervisor had
such BARs, and booted slowly with a GPU for it.`,

  examples: [
    bad(
      `
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device gpu "0000:17:00.0" { bar 1 size 256 MiB } }
      }

      vm pc on xeon {
        window mmio32 at 0x8000_0000 size 1 GiB for bars
        bar gpu.1 at 0x8010_0000
            ^^^^^ \`gpu.1\` is at 0x80100000, no multiple of its size 256 MiB: the register can’t hold that, the guest reads back 0x80000000, and no large leaf fits
        assign gpu
      }
    `,
      fixed('Move `gpu.1` to 0x8000_0000', `
        -   bar gpu.1 at 0x8010_0000
        +   bar gpu.1 at 0x8000_0000
      `),
    ),
    good(`
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device gpu "0000:17:00.0" { bar 1 size 256 MiB } }
      }

      vm pc on xeon {
        window mmio32 at 0x8000_0000 size 1 GiB for bars
        bar gpu.1 at 0x9000_0000
        assign gpu
      }
    `),
  ],

  check: ({ vm }) => oddBars(vm),
  locate: ({ region }) => region.element,
  message: ({ region: { name }, range, size }) =>
    `\`${name}\` is at ${formatAddress(range.base)}, no multiple of its size ${formatSize(size)}: the register can’t hold that, the guest reads back ${formatAddress(alignDown(range.base, size))}, and no large leaf fits`,
  witness: ({ range }) => range,
  witnessIn: 'gpa',
  fixes: ({ region }, subject) => moveRegion(region, subject),
});

interface OddBar {
  readonly region: Region;
  readonly range: Range;
  readonly size: bigint;
}

/** A size that is no power of two is none of a BAR, and says nothing about where it may be. */
function oddBars({ regions }: Vm): OddBar[] {
  return regions.flatMap((region) => {
    const { kind, range } = region;
    if (kind !== 'bar' || !range) return [];
    const size = sizeOf(range);
    return isPowerOfTwo(size) && !isAligned(range.base, size) ? [{ region, range, size }] : [];
  });
}
