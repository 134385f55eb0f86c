import { isExcluded } from '../dma/verdict.js';
import type { Plan } from '../dma/plan.js';
import { unmappedIn } from '../dma/unreached.js';
import { alignDown, alignUp, formatRange, formatSize } from '../layout/address.js';
import { hiddenParts } from '../layout/hidden-parts.js';
import { isEmpty, sizeOf, subtract, unite, type Range } from '../layout/intervals.js';
import type { Region, Vm, WrittenMap } from '../layout/model.js';
import { mapAccess } from '../layout/vm.js';
import { declareBelow } from './carving.js';
import { isWrittenIn, linesAfter, linesInto, replacedBy } from './edits.js';
import { freshMapName, letter, mapLine } from './map-lines.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** Written maps leave RAM out, and the guest isn't told. */
export const mapMissing = defineRule({
  name: 'map-missing',
  over: 'vm',
  level: 'warning',
  group: 'contract',
  summary: 'RAM that no written map covers and no `avoid` declares.',
  since: '0.1.0',
  why: `As soon as one \`map\` stands, the plan is exactly what is written: a \`ram\` that no map covers isn't mapped for DMA.
The guest takes it for memory like any other and hands it to its devices; their DMA faults in the IOMMU, and the kernel
logs it (\`arm_smmu_evt_thread\`, \`dmar_fault\`, \`iommu_print_event\`) while the device hangs or resets. RAM that isn't
meant for DMA says \`dma off\`; a hole that the guest knows of is an \`avoid\`. RAM that is plugged later takes a map as well, for
itself or for the window that it comes into.`,

  examples: [
    bad(
      `
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        ram low at 0x4000_0000 size 1 GiB
            ^^^ no map covers 0x60000000-0x7fffffff of \`low\` (512 MiB), and no \`avoid\` tells the guest: DMA to it faults
        map first size 512 MiB to low
        assign nic
      }
    `,
      fixed('Extend `first` over the rest of `low`: 262,144 × 4 KiB instead of 131,072 × 4 KiB', `
        -   map first size 512 MiB to low
        +   map first to low
      `),
      fixed('Tell the guest to keep its DMA out of the rest of `low`', `
            ram low at 0x4000_0000 size 1 GiB
        +   avoid low-hole at 0x6000_0000 size 512 MiB via reserved-memory
      `),
    ),
    good(`
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        ram low at 0x4000_0000 size 1 GiB
        ram shared at 0x8000_0000 size 16 MiB dma off
        avoid firmware at 0x7fe0_0000 size 2 MiB via reserved-memory
        map first size 1022 MiB to low
        assign nic
      }
    `),
  ],

  check: ({ vm, plan }) => (plan && vm.assignments.length > 0 ? gapsIn(vm, plan) : []),
  locate: ({ region }) => region.element,
  message: ({ region, missing }) => {
    const [first, ...more] = missing;
    const where = first ? `${formatRange(first)} of \`${region.name}\` (${formatSize(sizeOf(first))})` : `\`${region.name}\``;
    const others = more.length > 0 ? `, nor ${more.length} more of its ranges` : '';
    return `no map covers ${where}${others}, and no \`avoid\` tells the guest: ${region.hotplug ? 'once it is plugged, ' : ''}DMA to it faults`;
  },
  witness: ({ missing }) => missing[0],
  witnessIn: 'gpa',
  fixes: (gap, subject) => [...extend(gap, subject), ...add(gap, subject), ...avoid(gap, subject)],
});

interface Gap {
  readonly plan: Plan;
  readonly region: Region;
  readonly range: Range;
  /** Addresses of the region that no map covers, in order. */
  readonly missing: readonly Range[];
}

function gapsIn(vm: Vm, plan: Plan): Gap[] {
  if (vm.maps.length === 0 || vm.maps.some(({ region }) => !region)) return [];
  const maps = mapsByRegion(vm.maps);
  const hidden = hiddenParts(vm.regions);
  const avoided = unite(vm.regions.flatMap(({ kind, range }) => (kind === 'avoid' && range ? [range] : [])));
  return vm.regions.flatMap((region) => {
    const { range } = region;
    const excused = [...(hidden.get(region) ?? []), ...avoided];
    const missing = range && isForDma(region) ? (region.hotplug ? unmappedIn(region, vm).flatMap((piece) => subtract(piece, excused)) : missingOf(range, maps.get(region) ?? [], excused)) : [];
    return range && missing.length > 0 ? [{ plan, region, range, missing }] : [];
  });
}

function mapsByRegion(maps: readonly WrittenMap[]): Map<Region | undefined, WrittenMap[]> {
  const groups = new Map<Region | undefined, WrittenMap[]>();
  for (const map of maps) {
    const group = groups.get(map.region);
    if (group) group.push(map);
    else groups.set(map.region, [map]);
  }
  return groups;
}

const isForDma = ({ kind, dma }: Region): boolean => kind === 'ram' && dma !== false;

/** What is neither mapped nor excused; nothing where a map can't be known. */
function missingOf(range: Range, maps: readonly WrittenMap[], excused: readonly Range[]): Range[] {
  if (maps.some(({ size, offset }) => size === undefined || offset === undefined)) return [];
  return subtract(range, [...maps.map((map) => inGuest(map, range)), ...excused]);
}

/** Which addresses of its region a map covers, wherever it puts them in IOVA. */
function inGuest({ offset, size }: WrittenMap, range: Range): Range {
  const base = range.base + (offset ?? 0n);
  return { base, end: base + (size ?? 0n) };
}

/** One request that ends where the gap begins goes on to its end: larger leaves than a second one would get. */
function extend({ region, range, missing }: Gap, { vm }: VmSubject): Fix[] {
  const [gap] = missing;
  const before = gap && vm.maps.find((map) => map.region === region && inGuest(map, range).end === gap.base);
  if (missing.length !== 1 || !before || before.iova === undefined || before.offset === undefined || !isWrittenIn(before.element, vm.element)) return [];
  const grown = { base: before.iova, end: before.iova + (gap.end - range.base - before.offset) };
  const line = mapLine({ region, written: before, range: grown, access: before.access }, grown, before.offset, before.name);
  return [{ title: `Extend \`${before.name}\` over the rest of \`${region.name}\``, safe: false, edits: [replacedBy(before.element, [line])] }];
}

/** A request for each piece, at IOVA = GPA and around what devices keep. */
function add({ plan, region, range, missing }: Gap, { vm }: VmSubject): Fix[] {
  const kept = plan.kept.filter(isExcluded).map((one) => one.range);
  const holes = kept.map(({ base, end }) => ({ base: alignDown(base, plan.alignment), end: alignUp(end, plan.alignment) }));
  const parts = missing.flatMap((piece) => subtract(piece, holes)).filter((part) => !isEmpty(part));
  const lines = parts.map((part, index) => {
    const wanted = parts.length > 1 ? `${region.name}-rest-${letter(index)}` : `${region.name}-rest`;
    return mapLine({ region, written: undefined, range: part, access: mapAccess(region) }, part, part.base - range.base, freshMapName(vm.element, wanted));
  });
  const last = vm.maps.findLast(({ element }) => isWrittenIn(element, vm.element));
  if (lines.length === 0) return [];
  const edit = last ? linesAfter(last.element, lines) : linesInto(vm.element, lines);
  return [{ title: `Map the rest of \`${region.name}\``, safe: false, edits: [edit] }];
}

const avoid = ({ region, missing }: Gap, subject: VmSubject): Fix[] =>
  [{ title: `Tell the guest to keep its DMA out of the rest of \`${region.name}\``, safe: false, edits: declareBelow(subject, region, missing, undefined) }];
