import { addLeaves, countLeaves, formatLeaves, totalLeaves, type Leaves } from '../dma/leaves.js';
import { physicalOf, type Plan, type PlannedMap } from '../dma/plan.js';
import { isAligned } from '../layout/address.js';
import { byBase, sizeOf } from '../layout/intervals.js';
import { namePlace } from '../layout/model.js';
import { mapName } from './contact-words.js';
import { mergeMaps } from './rejoining.js';
import { bad, defineRule, fixed, good, type VmSubject } from './rule.js';
import { fragmentationIn } from './wanted-pages.js';

/** Two maps would be held in larger leaves if they were one. */
export const mapsMergeable = defineRule({
  name: 'maps-mergeable',
  over: 'vm',
  level: 'note',
  group: 'fragmentation',
  summary: 'Two maps touch, in IOVA and in what is behind them, and would take fewer leaves as one.',
  since: '0.1.0',
  why: `Each request is filled with leaves by itself, and Linux never joins the leaves of two (measured on 6.1 to 7.2: two requests
of 512 MiB on one 1 GiB page stay two leaves on AMD, which has a leaf for 1 GiB and for 512 MiB). One request also counts
once against \`dma-maps\`. It can be unmapped only as a whole: where the guest gives back a part while it runs, two maps are
right. Where a border costs more than a handful of leaves, \`block-split\` tells it.`,

  examples: [
    bad(
      `
      host epyc {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu amdvi {
          model amd-v1
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
          reserved hypertransport at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved
        }
        group 8 { device nic "0000:41:00.0" }
      }

      vm web on epyc {
        backing ram0 size 1 GiB hugetlb 1 GiB
        ram low at 0x4000_0000 size 1 GiB from ram0
        map first size 512 MiB to low
        map second size 512 MiB to low + 512 MiB
            ^^^^^^ map \`second\` goes on where map \`first\` ends: 1 × 1 GiB become 2 × 512 MiB
        assign nic
      }
    `,
      fixed('Merge `first` and `second`: 1 × 1 GiB instead of 2 × 512 MiB', `
        -   map first size 512 MiB to low
        -   map second size 512 MiB to low + 512 MiB
        +   map first to low
      `),
    ),
    good(`
      host epyc {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu amdvi {
          model amd-v1
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
          reserved hypertransport at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved
        }
        group 8 { device nic "0000:41:00.0" }
      }

      vm web on epyc {
        backing ram0 size 2 GiB hugetlb 1 GiB
        ram low at 0x4000_0000 size 2 GiB from ram0
        map first size 1 GiB to low
        map second size 1 GiB to low + 1 GiB
        assign nic
      }
    `),
  ],

  check: pairsIn,
  locate: ({ right, plan }) => right.written?.element ?? plan.vm.element,
  message: ({ left, right, joined }) =>
    `${mapName(right)} goes on where ${mapName(left)} ends: ${formatLeaves(joined)} become ${formatLeaves(addLeaves(left.leaves, right.leaves))}`,
  notes: ({ left, plan }) => [{ place: namePlace(left.written?.element ?? plan.vm.element), message: `${mapName(left)} could go on` }],
  witness: ({ left, right }) => ({ base: left.range.base, end: right.range.end }),
  fixes: ({ left, right }, subject) => mergeMaps({ maps: [left, right] }, subject),
});

interface Pair {
  readonly plan: Plan;
  readonly left: PlannedMap;
  readonly right: PlannedMap;
  /** The leaves of both as one request. */
  readonly joined: Leaves;
}

/** Written maps of one region that touch, but for those whose border is told as `block-split`. */
function pairsIn(subject: VmSubject): Pair[] {
  const { plan } = subject;
  if (!plan || plan.vm.maps.length === 0) return [];
  const told = new Set(fragmentationIn(subject)?.splits.flatMap(({ maps }) => maps));
  const maps = plan.maps.filter((map) => map.written && map.verdict.errno === 'ok' && !told.has(map)).sort((left, right) => byBase(left.range, right.range));
  return maps.flatMap((right, index) => {
    const left = maps[index - 1];
    return left && goesOn(left, right, plan) ? fewerLeaves(left, right, plan) : [];
  });
}

function goesOn(left: PlannedMap, right: PlannedMap, { alignment }: Plan): boolean {
  const isOne = left.region === right.region && left.access === right.access && left.range.end === right.range.base && left.kind === right.kind;
  const isInLine = left.offset !== undefined && left.offset + sizeOf(left.range) === right.offset;
  return isOne && isInLine && [left.range.base, right.range.base, right.range.end, physicalOf(left)].every((address) => isAligned(address, alignment));
}

function fewerLeaves(left: PlannedMap, right: PlannedMap, plan: Plan): Pair[] {
  if (left.piece !== undefined) return [];
  const size = sizeOf(left.range) + sizeOf(right.range);
  const joined = countLeaves({ iova: left.range.base, size, physical: physicalOf(left) }, left.usableSizes);
  return totalLeaves(joined) < totalLeaves(left.leaves) + totalLeaves(right.leaves) ? [{ plan, left, right, joined }] : [];
}
