import { HANDFUL, isIdentity, isPlugged, leavesBeside, lostLeaves, shiftOf, tablesLost, type PhaseLoss } from '../dma/fragmentation.js';
import { formatLeaves } from '../dma/leaves.js';
import { physicalOf } from '../dma/plan.js';
import { formatAddress, formatCount, formatSize } from '../layout/address.js';
import { namePlace } from '../layout/model.js';
import { writeSize } from '../layout/written.js';
import { mapName } from './contact-words.js';
import { moveInPhase, offsetsInPhase, refit } from './realignment.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';
import { fragmentationIn } from './wanted-pages.js';

/** Guest addresses and the pages behind them differ by something else than a multiple of a block. */
export const phaseMismatch = defineRule({
  name: 'phase-mismatch',
  over: 'vm',
  level: 'warning',
  group: 'fragmentation',
  summary: 'Addresses of a DMA mapping are out of phase with the pages behind them, so that no large leaf fits.',
  since: '0.1.0',
  why: `A leaf of an IOMMU's page tables holds a block only if the IOVA *and* the physical address are multiples of its size
(\`iommu_pgsize\` in drivers/iommu/iommu.c, \`pt_compute_best_pgsize\` in drivers/iommu/generic_pt/pt_iter.h). Behind huge
pages that is a matter of the phase: \`(iova − offset) mod block\` must be 0, where the offset counts in the backing, whose
pages are aligned to their own size.

A hole in the guest's addresses that the offset does not skip, too, shifts everything above it. Nothing is refused; each
block above the hole is then mapped in the next smaller leaves that still are in phase. This is the costliest mistake
there is: in 4 GiB of 1 GiB pages a hole of 1 MiB costs 770 leaves instead of 4 if the offset skips it, and
1,015,872 leaves and 1,988 more table pages if it does not. Old PC machines with 3.5 GiB of RAM below 4 GiB have it: above
4 GiB they are 512 MiB out of phase, and no 1 GiB leaf is left (measured on Linux 6.1 to 7.2 with VT-d).

Take the bytes from an offset in phase, or move the region by the difference. A mapping that loses no more than
${HANDFUL} leaves, as tables with a leaf for every power of two (AMD v1) often do, is only noted.`,

  examples: [
    bad(
      `
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        bits 46
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device gpu "0000:17:00.0" }
      }

      vm build on xeon {
        backing ram0 size 9 GiB hugetlb 1 GiB
        ram low at 0 size 3584 MiB from ram0
        ram high at 4 GiB size 5 GiB from ram0
            ^^^^ \`high\` lies 512 MiB out of phase with \`ram0\`: 5 × 1 GiB become 2,560 × 2 MiB; nothing is refused, but \`build\` takes 2,819 leaves instead of 264
        assign gpu
      }
    `,
      fixed('Take `high` from `ram0 + 4 GiB`: 5 × 1 GiB instead of 2,560 × 2 MiB', `
        -   ram high at 4 GiB size 5 GiB from ram0
        +   ram high at 4 GiB size 5 GiB from ram0 + 4 GiB
      `),
    ),
    good(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        bits 46
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device gpu "0000:17:00.0" }
      }

      vm build on xeon {
        backing ram0 size 8 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
        ram high at 4 GiB size 5 GiB from ram0
        assign gpu
      }
    `),
  ],

  check: (subject) => fragmentationIn(subject)?.phase ?? [],
  locate: ({ blamed, plan }) => blamed.written?.element ?? blamed.region?.element ?? plan.vm.element,
  levelOf: (loss) => (lostLeaves(loss) > HANDFUL ? 'warning' : 'note'),
  message: (loss) => {
    const { plan, blamed, now, could, outBy } = loss;
    const taken = leavesBeside(loss);
    const then = isPlugged(loss) ? ' once it is plugged' : '';
    const all = `\`${plan.vm.name}\` takes ${formatCount(taken)} leaves instead of ${formatCount(taken - lostLeaves(loss))}${then}`;
    return `${mapName(blamed)} lies ${formatSize(outBy)} out of phase with ${backingName(loss)}: ${formatLeaves(could)} become ${formatLeaves(now)}; nothing is refused, but ${all}${tables(loss)}`;
  },
  notes: (loss) => [{ place: namePlace(loss.blamed.backing?.element ?? loss.plan.vm.element), message: difference(loss) }],
  witness: ({ blamed }) => blamed.range,
  fixes: waysIntoPhase,
});

const backingName = ({ blamed: { backing } }: PhaseLoss): string => (!backing || backing.own ? 'its own memory' : `\`${backing.name}\``);

/** The sum that doesn't come out even, for who wants to follow it. */
const difference = ({ blamed, block }: PhaseLoss): string =>
  `IOVA ${formatAddress(blamed.range.base)} − ${blamed.backing?.kind === 'physical' ? 'HPA' : 'offset'} ${formatAddress(physicalOf(blamed))} = ${formatAddress(shiftOf(blamed))}, which is no multiple of ${formatSize(block)}`;

/** Table pages, where there are many: fewer are nothing beside the leaves. */
const MANY_TABLES = 256n;

function tables(loss: PhaseLoss): string {
  const own = loss.maps.flatMap((map) => map.tables).reduce((sum, count) => sum + count, 0n);
  const lost = own < MANY_TABLES ? 0n : tablesLost(loss);
  return lost < MANY_TABLES ? '' : `, with ${formatCount(lost)} more table pages`;
}

function waysIntoPhase(loss: PhaseLoss, subject: VmSubject): Fix[] {
  const { region, written } = loss.blamed;
  const { range, backing } = region ?? {};
  if (!region || !range || !backing || region.alias || !isIdentity(loss.blamed)) return [];
  const offsets = backing.own ? [] : offsetsInPhase(region, range.base, loss.block, subject);
  const from = (offset: bigint): string => (offset === 0n ? `the start of \`${backing.name}\`` : `\`${backing.name} + ${writeSize(offset)}\``);
  const taken = offsets.flatMap((offset) => refit(`Take \`${region.name}\` from ${from(offset)}`, region, { range, offset }, subject));
  return [...taken, ...(written ? [] : moveInPhase(loss, region, subject))];
}

