import { formatRange } from '../layout/address.js';
import { contains, intersect, overlappingPairs, subtract, type Range } from '../layout/intervals.js';
import { namePlace, type WrittenMap } from '../layout/model.js';
import type { Plan } from '../dma/plan.js';
import { mapCall } from './contact-words.js';
import { isWrittenIn, replacedBy, without } from './edits.js';
import { mapLines, type WritableMap } from './map-lines.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** Two mapping requests ask for the same IOVA. */
export const mapOverlap = defineRule({
  name: 'map-overlap',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'Two written maps meet in IOVA.',
  since: '0.1.0',
  why: `An IOVA leads to one page. VFIO looks for any byte in common with an existing mapping before everything else
that needs the IOMMU, and answers EEXIST (\`vfio_find_dma\` in drivers/vfio/vfio_iommu_type1.c); iommufd does the same
(\`iopt_check_iova\` in drivers/iommu/iommufd/io_pagetable.c). It makes no difference that both mean the same bytes.
Where no kernel is asked, the later one replaces entries of the earlier, or not.`,

  examples: [
    bad(
      `
      vm router {
        ram low at 0x4000_0000 size 1 GiB
        map first size 514 MiB to low
        map second size 512 MiB to low + 512 MiB
            ^^^^^^ map \`second\` meets map \`first\` (0x60000000-0x601fffff): VFIO_IOMMU_MAP_DMA fails with EEXIST for the second
      }
    `,
      fixed('Shrink `second` to what `first` leaves', `
        -   map second size 512 MiB to low + 512 MiB
        +   map second size 510 MiB to low + 514 MiB
      `),
      fixed('Merge `second` into `first`', `
        -   map first size 514 MiB to low
        -   map second size 512 MiB to low + 512 MiB
        +   map first to low
      `),
    ),
    good(`
      vm router {
        ram low at 0x4000_0000 size 1 GiB
        map first size 512 MiB to low
        map second size 512 MiB to low + 512 MiB
      }
    `),
  ],

  check: ({ vm, plan }) => meetingsIn(vm.maps, plan),
  locate: ({ later }) => later.written.element,
  message: (meeting) => {
    const { earlier, later, shared } = meeting;
    const verb = contains(earlier.range, later.range) ? 'lies in' : contains(later.range, earlier.range) ? 'covers' : 'meets';
    return `map \`${later.written.name}\` ${verb} map \`${earlier.written.name}\` (${formatRange(shared)}): ${consequence(meeting)}`;
  },
  notes: ({ earlier }) => [{ place: namePlace(earlier.written.element), message: `\`${earlier.written.name}\` maps ${formatRange(earlier.range)}` }],
  witness: ({ shared }) => shared,
  fixes: (meeting, subject) => [...shrink(meeting, subject), ...merge(meeting, subject)],
});

interface Request extends WritableMap {
  readonly written: WrittenMap;
  /** Place among the maps. */
  readonly order: number;
}

interface Meeting {
  readonly plan: Plan | undefined;
  readonly earlier: Request;
  readonly later: Request;
  readonly shared: Range;
}

/** Pairs that are told, at most: n maps in one place make n² of them. */
const MOST_PAIRS = 4096;

function* meetingsIn(maps: readonly WrittenMap[], plan: Plan | undefined): Iterable<Meeting> {
  let told = 0;
  for (const [left, right] of overlappingPairs(maps.flatMap(requestOf), ({ range }) => range)) {
    const shared = intersect(left.range, right.range);
    const [earlier, later] = left.order < right.order ? [left, right] : [right, left];
    if (shared) yield { plan, earlier, later, shared };
    if (++told === MOST_PAIRS) return;
  }
}

function requestOf(written: WrittenMap, order: number): Request[] {
  const { iova, size, region, access } = written;
  return iova === undefined || size === undefined ? [] : [{ written, order, region, access, range: { base: iova, end: iova + size } }];
}

function consequence({ plan, later }: Meeting): string {
  if (plan?.contract === 'none') return 'which of them the tables hold is up to who fills them';
  // Where the second meets a reserved range as well, iommufd tells that first (drivers/iommu/iommufd/io_pagetable.c `iopt_check_iova`).
  const verdict = plan?.maps.find(({ written }) => written === later.written)?.verdict;
  const errno = !verdict || verdict.errno === 'ok' || verdict.cause === 'no-iommufd' ? 'EEXIST' : verdict.errno;
  return `${mapCall(plan?.contract ?? 'type1')} fails with ${errno} for the second`;
}

/** Takes what both have away from the later one: its ends move, or it goes, or it becomes two. */
function shrink({ earlier, later, shared }: Meeting, { vm }: VmSubject): Fix[] {
  const { element, name } = later.written;
  if (!isWrittenIn(element, vm.element)) return [];
  const parts = subtract(later.range, [shared]);
  if (parts.length === 0) return [{ title: `Remove \`${name}\`, which \`${earlier.written.name}\` covers`, safe: false, edits: [without(element)] }];
  const lines = mapLines(later, parts, vm.element, name);
  if (lines.length === 0) return [];
  return [{ title: `Shrink \`${name}\` to what \`${earlier.written.name}\` leaves`, safe: false, edits: [replacedBy(element, lines)] }];
}

/** One request for both, where they mean the same bytes of a region. */
function merge({ earlier, later }: Meeting, { vm }: VmSubject): Fix[] {
  const isWritten = [earlier, later].every(({ written }) => isWrittenIn(written.element, vm.element));
  if (!isWritten || earlier.region !== later.region || earlier.access !== later.access || contains(earlier.range, later.range)) return [];
  const [lower, upper] = earlier.range.base <= later.range.base ? [earlier, later] : [later, earlier];
  if (distanceOf(lower) === undefined || distanceOf(lower) !== distanceOf(upper)) return [];
  const whole = { base: lower.range.base, end: upper.range.end > lower.range.end ? upper.range.end : lower.range.end };
  const [line] = mapLines({ ...lower, range: whole }, [whole], vm.element, earlier.written.name);
  if (!line) return [];
  const title = `Merge \`${later.written.name}\` into \`${earlier.written.name}\``;
  return [{ title, safe: false, edits: [replacedBy(earlier.written.element, [line]), without(later.written.element)] }];
}

/** How far a request's IOVAs lie from the bytes of its region. */
const distanceOf = ({ range, written }: Request): bigint | undefined => (written.offset === undefined ? undefined : range.base - written.offset);
