import { alignDown, alignUp, formatRange, formatSize, isAligned } from '../layout/address.js';
import { rangeOf, sizeOf, type Range } from '../layout/intervals.js';
import { namePlace, type Backing, type Region, type Vm } from '../layout/model.js';
import { writeSize } from '../layout/written.js';
import { brokenIn, type Broken } from './broken-pages.js';
import { isWrittenIn, withProperty } from './edits.js';
import { isCommon } from './host-load.js';
import { lossWords, rebase } from './realignment.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** A backing has too few bytes, or a part of a page that the VMM can't map. */
export const backingSize = defineRule({
  name: 'backing-size',
  over: 'vm',
  level: 'error',
  group: 'fragmentation',
  summary: 'A backing is smaller than what is taken from it, or what the VMM maps of it is no multiple of its page.',
  since: '0.1.0',
  why: `Past the end of a backing there is no memory: where the VMM maps it all the same, the guest's access ends in SIGBUS and
the pinning of VFIO in EFAULT.

Huge pages are mapped whole. QEMU allocates a backend at once and shows parts of it, so a border between two regions may
lie anywhere, but the backend itself must have a multiple of its page: since 9.1 it is refused, “memory size must be
multiple of 1 GiB” (backends/hostmem.c \`host_memory_backend_memory_complete\`). Cloud Hypervisor and Firecracker map each
region by itself, and mmap of a hugetlbfs file refuses an offset that is no multiple of the page with EINVAL
(fs/hugetlbfs/inode.c \`hugetlbfs_file_mmap\`), as ftruncate refuses such a size. So a hole at 3 GiB that cuts 4 GiB of 1 GiB
pages into 2560 MiB and the rest is refused at start-up. Of what other VMMs do only the waste is told, as
\`hugepage-waste\`.`,

  examples: [
    bad(
      `
      vm pc {
        backing ram0 size 8 GiB hugetlb 1 GiB
        ram low at 0 size 3 GiB from ram0
        ram high at 4 GiB size 6 GiB from ram0
            ^^^^ \`high\` takes bytes of \`ram0\` up to 9 GiB, and it has 8 GiB: no memory is behind the last 1 GiB, so the guest’s access ends in SIGBUS and a DMA mapping in EFAULT
      }
    `,
      fixed('Grow `ram0` to 9 GiB', `
        -   backing ram0 size 8 GiB hugetlb 1 GiB
        +   backing ram0 size 9 GiB hugetlb 1 GiB
      `),
      fixed('Shrink `high` to 5 GiB (the guest loses 1 GiB)', `
        -   ram high at 4 GiB size 6 GiB from ram0
        +   ram high at 4 GiB size 5 GiB from ram0
      `),
    ),
    bad(
      `
      vm micro {
        vmm cloud-hypervisor
        backing ram0 size 4 GiB hugetlb 1 GiB
        ram low at 0 size 2560 MiB from ram0
            ^^^ \`low\` takes 2560 MiB of \`ram0\`, no multiple of its page of 1 GiB: cloud-hypervisor maps it by itself, and mmap fails with EINVAL
        ram high at 4 GiB size 1 GiB from ram0 + 3 GiB
      }
    `,
      fixed('Shrink `low` to 2 GiB (the guest loses 512 MiB)', `
        -   ram low at 0 size 2560 MiB from ram0
        +   ram low at 0 size 2 GiB from ram0
      `),
    ),
    bad(
      `
      vm pc {
        vmm qemu
        backing ram0 size 3584 MiB hugetlb 1 GiB
                ^^^^ \`ram0\` has 3584 MiB, no multiple of its page of 1 GiB: QEMU refuses it since 9.1, “memory size must be multiple of 1 GiB”
        ram low at 0 size 3584 MiB from ram0
      }
    `,
      fixed('Grow `ram0` to 4 GiB', `
        -   backing ram0 size 3584 MiB hugetlb 1 GiB
        +   backing ram0 size 4 GiB hugetlb 1 GiB
      `),
    ),
    good(`
      vm pc {
        vmm qemu
        backing ram0 size 8 GiB hugetlb 1 GiB
        ram low at 0 size 3584 MiB from ram0
        ram high at 4 GiB size 4608 MiB from ram0
      }
    `),
  ],

  check: ({ vm }) => [...overdrawnIn(vm), ...brokenIn(vm)],
  locate: ({ region, backing, vm }) => (region && !region.backing?.own ? region.element : isCommon(vm, backing) ? region?.element ?? vm.element : backing.element),
  message: (fact) => (fact.kind === 'overdrawn' ? overdrawnWords(fact) : brokenWords(fact)),
  notes: ({ region, backing }) =>
    region && !backing.own && backing.size !== undefined ? [{ place: namePlace(backing.element), message: `\`${backing.name}\` has ${formatSize(backing.size)}` }] : [],
  witness: ({ region }) => region?.range,
  witnessIn: 'gpa',
  fixes: (fact, subject) => (fact.kind === 'overdrawn' ? waysToCover(fact, subject) : waysToWholePages(fact, subject)),
});

interface Overdrawn {
  readonly kind: 'overdrawn';
  readonly vm: Vm;
  readonly region: Region;
  readonly backing: Backing;
  readonly size: bigint;
  /** One past the last byte that is taken. */
  readonly end: bigint;
}

/** Of each backing the taker that reaches furthest. */
function overdrawnIn(vm: Vm): Overdrawn[] {
  const furthest = new Map<Backing, Overdrawn>();
  for (const region of vm.regions) {
    const { range, backing, offset, alias } = region;
    if (!range || !backing || backing.own || backing.size === undefined || offset === undefined || alias) continue;
    const end = offset + sizeOf(range);
    if (end <= backing.size || end <= (furthest.get(backing)?.end ?? 0n)) continue;
    furthest.set(backing, { kind: 'overdrawn', vm, region, backing, size: backing.size, end });
  }
  return [...furthest.values()];
}

function overdrawnWords({ region, backing, size, end }: Overdrawn): string {
  const taken = `\`${region.name}\` takes bytes of \`${backing.name}\` up to ${formatSize(end)}, and it has ${formatSize(size)}`;
  if (backing.kind === 'physical') return `${taken}: the last ${formatSize(end - size)} are memory of somebody else`;
  return `${taken}: no memory is behind the last ${formatSize(end - size)}, so the guest’s access ends in SIGBUS and a DMA mapping in EFAULT`;
}

function waysToCover({ region, backing, size, end, vm }: Overdrawn, subject: VmSubject): Fix[] {
  const grown = alignUp(end, backing.page ?? 1n);
  const grow: Fix[] = isWrittenIn(backing.element, vm.element)
    ? [{ title: `Grow \`${backing.name}\` to ${formatSize(grown)}`, safe: false, edits: [withProperty(backing.element, 'size', writeSize(grown))] }]
    : [];
  const { range, offset } = region;
  if (!range || offset === undefined || offset >= size) return grow;
  return [...grow, ...shrinkTo(region, rangeOf(range.base, alignDown(size - offset, backing.page ?? 1n)), subject)];
}

function shrinkTo(region: Region, range: Range, subject: VmSubject): Fix[] {
  const title = `Shrink \`${region.name}\` to ${formatSize(sizeOf(range))}${lossWords(region, range)}`;
  return sizeOf(range) > 0n && region.offset !== undefined ? rebase(title, region, { range, offset: region.offset }, subject) : [];
}

function brokenWords({ vm, backing, page, bytes, region }: Broken): string {
  const of = `no multiple of its page of ${formatSize(page)}`;
  if (vm.vmm === 'qemu') return `\`${backing.name}\` has ${formatSize(sizeOf(bytes))}, ${of}: QEMU refuses it since 9.1, “memory size must be multiple of ${formatSize(page)}”`;
  const { name } = region ?? backing;
  const refused = `${vm.vmm} maps it by itself, and mmap fails with EINVAL`;
  if (backing.own) return `\`${name}\` has ${formatSize(sizeOf(bytes))}, ${of}: ${refused}`;
  if (isAligned(bytes.base, page)) return `\`${name}\` takes ${formatSize(sizeOf(bytes))} of \`${backing.name}\`, ${of}: ${refused}`;
  return `\`${name}\` takes ${formatRange(bytes)} of \`${backing.name}\`, which doesn’t begin at a multiple of its page of ${formatSize(page)}: ${refused}`;
}

/** The backing up to whole pages, or the region up or down to them. */
function waysToWholePages({ vm, backing, page, bytes, region }: Broken, subject: VmSubject): Fix[] {
  const up = alignUp(bytes.end, page);
  if (!region && !backing.own) {
    const isWritten = isWrittenIn(backing.element, vm.element);
    return isWritten ? [{ title: `Grow \`${backing.name}\` to ${formatSize(up)}`, safe: false, edits: [withProperty(backing.element, 'size', writeSize(up))] }] : [];
  }
  const taker = region ?? vm.regions.find((candidate) => candidate.backing === backing);
  if (!taker?.range || taker.offset === undefined || !isAligned(bytes.base, page)) return [];
  const { base } = taker.range;
  const grow = rebase(`Grow \`${taker.name}\` to ${formatSize(up - bytes.base)}`, taker, { range: rangeOf(base, up - bytes.base), offset: taker.offset }, subject);
  return [...grow, ...shrinkTo(taker, rangeOf(base, alignDown(bytes.end, page) - bytes.base), subject)];
}
