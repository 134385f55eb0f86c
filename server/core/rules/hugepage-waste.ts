import { alignUp, formatSize } from '../layout/address.js';
import { byBase, sizeOf } from '../layout/intervals.js';
import { namePlace, type Backing, type Region, type Vm } from '../layout/model.js';
import { brokenIn } from './broken-pages.js';
import { isCommon } from './host-load.js';
import { lossWords, rebase } from './realignment.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';
import { spokenFor } from './taken-bytes.js';
import { fragmentationIn } from './wanted-pages.js';

/** The last huge page of a backing is taken in part, and the rest of it is lost. */
export const hugepageWaste = defineRule({
  name: 'hugepage-waste',
  over: 'vm',
  level: 'note',
  group: 'fragmentation',
  summary: 'A guest’s memory ends inside a huge page, and nobody takes the rest of the page.',
  since: '0.1.0',
  why: `A huge page is allocated whole (mm/hugetlb.c \`hugetlb_reserve_pages\` counts pages, not bytes): what no region takes of
the last one is lost to the guest and to everybody else. Regions that share a page waste nothing of it, and what a \`hole\`
uses up, or an offset skips to stay in phase, is meant to be given up. Where the region loses leaves for its place, its
phase or its end, or where the VMM takes no part of a page, that is told instead.`,

  examples: [
    bad(
      `
      vm pc {
        backing ram0 size 4 GiB hugetlb 1 GiB
        ram low at 0 size 3584 MiB from ram0
            ^^^ \`low\` ends 512 MiB into a page of 1 GiB of \`ram0\`: the other 512 MiB are allocated, and lost to everybody
      }
    `,
      fixed('Grow `low` by 512 MiB', `
        -   ram low at 0 size 3584 MiB from ram0
        +   ram low at 0 size 4 GiB from ram0
      `),
      fixed('Shrink `low` to 3 GiB (the guest loses 512 MiB)', `
        -   ram low at 0 size 3584 MiB from ram0
        +   ram low at 0 size 3 GiB from ram0
      `),
    ),
    good(`
      vm pc {
        backing ram0 size 8 GiB hugetlb 1 GiB
        ram low at 0 size 3584 MiB from ram0
        ram high at 4 GiB size 4 GiB from ram0
        hole lost at 8 GiB size 512 MiB from ram0
      }
    `),
  ],

  check: wasteIn,
  locate: ({ last }) => last.element,
  message: ({ last, backing, page, wasted }) =>
    `\`${last.name}\` ends ${formatSize(page - wasted)} into a page of ${formatSize(page)}${backing.own ? '' : ` of \`${backing.name}\``}: the other ${formatSize(wasted)} are allocated, and lost to everybody`,
  notes: ({ backing }) => (backing.own ? [] : [{ place: namePlace(backing.element), message: `\`${backing.name}\` says which pages it has` }]),
  witness: ({ last }) => last.range,
  witnessIn: 'gpa',
  fixes: (waste, subject) => [...grow(waste, subject), ...shrink(waste, subject)],
});

interface Waste {
  readonly backing: Backing;
  readonly page: bigint;
  /** Bytes of the last page that nobody takes. */
  readonly wasted: bigint;
  /** The region that takes the last bytes. */
  readonly last: Region;
}

/** Of backings that belong to this guest alone, that their VMM doesn't refuse, and whose places cost no leaves. */
function wasteIn(subject: VmSubject): Waste[] {
  const { vm } = subject;
  const own = vm.regions.flatMap(({ backing, alias }) => (backing?.own && !alias ? [backing] : []));
  const named = vm.backings.filter((backing) => !backing.share && !isCommon(vm, backing));
  const { phase = [], base = [], size = [] } = fragmentationIn(subject) ?? {};
  const told = new Set([...phase, ...base, ...size].flatMap(({ maps }) => maps.map(({ backing }) => backing)));
  const refused = new Set(brokenIn(vm).map(({ backing }) => backing));
  return [...named, ...own].filter((backing) => !told.has(backing) && !refused.has(backing)).flatMap((backing) => wasteOf(vm, backing));
}

function wasteOf(vm: Vm, backing: Backing): Waste[] {
  const { kind, page } = backing;
  const taken = spokenFor(vm, backing);
  if (kind !== 'hugetlb' || page === undefined || !taken || taken.length === 0) return [];
  const end = taken.reduce((most, range) => (range.end > most ? range.end : most), 0n);
  // Where several take these bytes, the one that lies highest, so that their order means nothing.
  const last = vm.regions.filter((region) => region.backing === backing && !region.alias && endOf(region) === end).sort(byPlace).at(-1);
  const wasted = alignUp(end, page) - end;
  return wasted > 0n && last ? [{ backing, page, wasted, last }] : [];
}

const byPlace = ({ range: left }: Region, { range: right }: Region): number => (left && right ? byBase(left, right) : 0);

/** One past the last byte that a region takes of its backing. */
const endOf = ({ offset, range }: Region): bigint | undefined => (range && offset !== undefined ? offset + sizeOf(range) : undefined);

/** The region takes the rest of the page, too. */
function grow({ last, wasted }: Waste, subject: VmSubject): Fix[] {
  if (!last.range || last.kind !== 'ram' || last.offset === undefined) return [];
  const range = { base: last.range.base, end: last.range.end + wasted };
  return rebase(`Grow \`${last.name}\` by ${formatSize(wasted)}`, last, { range, offset: last.offset }, subject);
}

/** The region gives up what it has of the page. */
function shrink({ last, page, wasted }: Waste, subject: VmSubject): Fix[] {
  const part = page - wasted;
  if (!last.range || last.kind !== 'ram' || last.offset === undefined || sizeOf(last.range) <= part) return [];
  const range = { base: last.range.base, end: last.range.end - part };
  return rebase(`Shrink \`${last.name}\` to ${formatSize(sizeOf(range))}${lossWords(last, range)}`, last, { range, offset: last.offset }, subject);
}
