import { formatRange, KIB, log2, smallest } from '../layout/address.js';
import { intersect, overlappingPairs, sizeOf, type Range } from '../layout/intervals.js';
import { namePlace, type Region } from '../layout/model.js';
import { writeSize } from '../layout/written.js';
import { isWrittenIn, withProperty } from './edits.js';
import { offsetsInPhase, rebase } from './realignment.js';
import { isCommon } from './host-load.js';
import { bad, defineRule, fixed, good, type Blamed, type Fix, type HostLoad, type VmSubject } from './rule.js';
import { takenBytes, type TakenBytes } from './taken-bytes.js';

/** Two regions are made of the same memory, and nobody says that it is meant. */
export const backingOverlap = defineRule({
  name: 'backing-overlap',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'Two regions of a guest take the same bytes of a backing.',
  since: '0.1.0',
  why: `Nothing refuses it: KVM takes two memory slots over one piece of host memory, and VFIO and iommufd pin its pages twice
and count them twice against RLIMIT_MEMLOCK (measured on Linux 6.1 to 7.2). The guest takes both for memory of its own;
what it, or one of its devices, writes through the one changes the other.

Mostly an offset was counted wrong. \`from ram0\` alone takes the bytes after the highest ones taken above it. Where the
same memory is meant to be seen twice, \`alias R\` says so, or \`share\`, on one of the regions or on the backing. What
another region hides with \`over\` isn't taken. Neither are the bytes of a \`hole\`: \`from ram0\` alone goes on behind them, but the
guest doesn't see them there, so that a region which names them by their offset has them for itself.`,

  examples: [
    bad(
      `
      vm pc {
        backing ram0 size 8 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
        ram high at 4 GiB size 5 GiB from ram0 + 2 GiB
            ^^^^ \`high\` takes 0x80000000-0xbfffffff of \`ram0\`, which \`low\` has taken: nothing refuses it, and what the guest writes to one it overwrites in the other
      }
    `,
      fixed('Take `high` from `ram0 + 3 GiB`', `
        -   ram high at 4 GiB size 5 GiB from ram0 + 2 GiB
        +   ram high at 4 GiB size 5 GiB from ram0
      `),
      fixed('Say that `high` shares them', `
        -   ram high at 4 GiB size 5 GiB from ram0 + 2 GiB
        +   ram high at 4 GiB size 5 GiB from ram0 + 2 GiB share
      `),
    ),
    bad(`
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
      }

      backing pool size 8 GiB hugetlb 1 GiB

      vm one on xeon {
        ram low at 0 size 4 GiB from pool
      }

      vm two on xeon {
        ram low at 0 size 4 GiB from pool + 2 GiB
            ^^^ \`low\` takes 0x80000000-0xffffffff of \`pool\`, which \`low\` of \`one\` has taken: nothing refuses it, and what one guest writes it overwrites in the other
      }
    `),
    good(`
      vm pc {
        backing ram0 size 8 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
        ram high at 4 GiB size 5 GiB from ram0
        ram twice at 16 GiB size 1 GiB alias low
        rom shadow at 0xc_0000 size 128 KiB from ram0 + 0xc_0000 over low
      }
    `),
    good(`
      vm pc {
        backing ram0 size 8 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
        hole gap at 3 GiB size 1 GiB from ram0
        ram high at 4 GiB size 4 GiB from ram0
        ram top at 8 GiB size 1 GiB from ram0 + 3 GiB
      }
    `),
  ],

  check: ({ vm }) => meetingsIn(takenBytes(vm)),
  checkTogether: meetingsOfGuests,
  locate: ({ later }) => later.region.element,
  message: (meeting) => `${takenWords(meeting)}: nothing refuses it, and what ${meeting.earlier.vm === meeting.later.vm ? 'the guest writes to one it overwrites' : 'one guest writes it overwrites'} in the other`,
  notes: ({ earlier: { region, bytes } }) => [{ place: namePlace(region.element), message: `\`${region.name}\` has ${formatRange(bytes)}` }],
  witness: ({ later }) => later.region.range,
  witnessIn: 'gpa',
  fixes: ({ later }, subject) => [...otherBytes(later.region, subject), ...sayShared(later.region, subject)],
});

/** Two regions with the same memory; `later` is declared below `earlier`. */
interface Meeting {
  readonly earlier: TakenBytes;
  readonly later: TakenBytes;
  readonly shared: Range;
}

const takenWords = ({ earlier, later, shared }: Meeting): string => {
  const of = later.backing.physical !== undefined ? `host memory ${formatRange(shared)}` : `${formatRange(shared)} of \`${later.backing.name}\``;
  const owner = earlier.vm === later.vm ? '' : ` of \`${earlier.vm.name}\``;
  return `\`${later.region.name}\` takes ${of}, which \`${earlier.region.name}\`${owner} has taken`;
};

/** Backings at the top of a file, from which several guests take. */
function meetingsOfGuests({ common }: HostLoad): Blamed<Meeting>[] {
  const taken = common.flatMap(({ vm }) => takenBytes(vm).filter(({ backing }) => isCommon(vm, backing)));
  const meetings = [...groupBy(taken, ({ backing }) => backing.element.origin.declaration)].flatMap(meetingsIn);
  return meetings.filter(({ earlier, later }) => earlier.vm !== later.vm).flatMap((fact) => {
    const subject = common.find(({ vm }) => vm === fact.later.vm);
    return subject ? [{ subject, fact }] : [];
  });
}

/** Pairs that are told, at most: nobody reads more, and n regions with the same bytes make n² of them. */
const MOST_PAIRS = 1024;

/** Each pair of regions once, at the first bytes that both have. */
function meetingsIn(taken: readonly TakenBytes[]): Meeting[] {
  const meetings: Meeting[] = [];
  const told = new Map<Region, Set<Region>>();
  const order = new Map(taken.map(({ region }, index) => [region, index]));
  for (const group of groupBy(taken, ({ space }) => space)) {
    for (const [left, right] of overlappingPairs(group, ({ bytes }) => bytes)) {
      if (left.region === right.region || areShared(left, right) || told.get(left.region)?.has(right.region)) continue;
      if (meetings.length >= MOST_PAIRS) return meetings;
      for (const [one, other] of [[left.region, right.region], [right.region, left.region]] as const) told.set(one, (told.get(one) ?? new Set()).add(other));
      const swapped = (order.get(left.region) ?? 0) > (order.get(right.region) ?? 0);
      const [earlier, later] = swapped ? [right, left] : [left, right];
      meetings.push({ earlier, later, shared: intersect(left.bytes, right.bytes) ?? left.bytes });
    }
  }
  return meetings;
}

function groupBy(taken: readonly TakenBytes[], keyOf: (one: TakenBytes) => unknown): TakenBytes[][] {
  const groups = new Map<unknown, TakenBytes[]>();
  for (const one of taken) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return [...groups.values()];
}

const areShared = (left: TakenBytes, right: TakenBytes): boolean =>
  [left, right].some(({ region, backing }) => region.share || backing.share);

/** The next free bytes that are in phase with the region's addresses. */
function otherBytes(region: Region, subject: VmSubject): Fix[] {
  const { range, backing } = region;
  if (!range || !backing || backing.own) return [];
  const block = smallest(backing.page ?? PAGE, powerWithin(range));
  return offsetsInPhase(region, range.base, block, subject).flatMap((offset) =>
    rebase(`Take \`${region.name}\` from \`${backing.name}${offset === 0n ? '' : ` + ${writeSize(offset)}`}\``, region, { range, offset }, subject),
  );
}

/** What a mapping must be aligned to at least. */
const PAGE = 4n * KIB;

/** The largest power of two that is no longer than the range: what is shorter than a page needs no whole one. */
const powerWithin = (range: Range): bigint => 1n << BigInt(log2(sizeOf(range)));

const sayShared = ({ element, name }: Region, { vm }: VmSubject): Fix[] =>
  isWrittenIn(element, vm.element) ? [{ title: `Say that \`${name}\` shares them`, safe: false, edits: [withProperty(element, 'share', '')] }] : [];
