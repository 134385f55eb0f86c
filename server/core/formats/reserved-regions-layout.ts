import type { ReservedKind } from '../layout/model.js';
import { byBase, type Range } from '../layout/intervals.js';
import { groupBy } from '../layout/grouping.js';
import { fileName, type ImportFile, type ImportOptions } from './import-result.js';
import type { LayoutPart, PartsResult } from './layout-part.js';
import { writeAddress } from '../layout/written.js';
import {
  blankLine,
  codeLine,
  layoutBlock,
  legalName,
  newNames,
  remark,
  writeLineNumbers,
  writeText,
  type LayoutLine,
  type Names,
} from './layout-text.js';
import { tellStrange } from './pasted-text.js';
import {
  readReservedRegions,
  SOFTWARE_MSI,
  type Place,
  type ReservedGroup,
  type ReservedRegion,
  type ReservedRegions,
} from './reserved-regions.js';

/**
 * Writes the reserved regions of machines, each as a `host`: what every group keeps stands in its IOMMU, the rest in
 * the group. The kernel prints neither the architecture nor the IOMMU; where ranges give a driver away (domain: 1.4)
 * they are written, and said to be assumed.
 */
export function reservedRegionParts(files: readonly ImportFile[], options: ImportOptions = {}): PartsResult {
  const parts: LayoutPart[] = [];
  for (const machine of options.isOneMachine ? [files] : machinesIn(files)) {
    const read = readReservedRegions(machine);
    if ('errors' in read) return read;
    if (read.groups.length === 0) {
      const message = 'no line `0xFIRST 0xLAST TYPE` as a reserved_regions file has';
      return { errors: [{ path: machine[0]?.path ?? '', line: 1, message }] };
    }
    parts.push(hostPart(read, machine, options));
  }
  return { parts };
}

/** The files of each machine: those of the same directory of groups, and else each file is one of its own. */
function machinesIn(files: readonly ImportFile[]): ImportFile[][] {
  return [...groupBy(files, (file) => file.machine ?? (GROUPS.exec(file.path)?.[1] ?? file.path)).values()];
}

/** The path of the directory that holds the groups. */
const GROUPS = /^(.*?)(?:^|\/)\d{1,9}\/reserved_regions$/;

function hostPart(read: ReservedRegions, files: readonly ImportFile[], options: ImportOptions): LayoutPart {
  const groups = [...read.groups].sort(byNumber);
  const shared = sharedKeys(groups);
  const guess = guessMachine(groups.flatMap((group) => group.regions));
  const tellsPath = files.length > 1;
  const name = options.name ?? legalName(fileName(stemOf(files)), 'machine');
  return {
    kind: 'host',
    name,
    isNameless: options.name === undefined && stemOf(files) === '',
    about: ['Imported from reserved_regions of /sys/kernel/iommu_groups. Each comment tells where a range was printed.'],
    notes: [...tellStrange(read.strange), ...guess.notes, ...groupNotes(groups)],
    lines: [
      ...guess.host,
      ...iommuLines(guess.iommu, groups, shared, tellsPath),
      ...groups.flatMap((group) => [blankLine, ...groupLines(group, shared, tellsPath)]),
    ],
  };
}

/** What the files are named after: the file, or the machine if it is sysfs that was read. */
function stemOf(files: readonly ImportFile[]): string {
  const [first] = files;
  const isSysfs = files.length !== 1 || first === undefined || /reserved_regions$|iommu_groups/.test(first.path);
  return isSysfs || first.path === '-' ? '' : fileName(first.path).replace(/(?:\.(?:txt|log|out))+$/i, '');
}

/** By number; what belongs to no known group comes last. */
const byNumber = (left: ReservedGroup, right: ReservedGroup): number =>
  (left.number ?? Number.MAX_SAFE_INTEGER) - (right.number ?? Number.MAX_SAFE_INTEGER);

const keyOf = (region: ReservedRegion): string => `${region.kind} ${region.range.base} ${region.range.end}`;

/** What every group keeps. One group alone says nothing about others. */
function sharedKeys(groups: readonly ReservedGroup[]): ReadonlySet<string> {
  if (groups.length < 2) return new Set();
  const counts = new Map<string, number>();
  for (const region of groups.flatMap((group) => group.regions)) {
    counts.set(keyOf(region), (counts.get(keyOf(region)) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count === groups.length).map(([key]) => key));
}

function groupNotes(groups: readonly ReservedGroup[]): string[] {
  const notes: string[] = [];
  if (groups.some((group) => group.number === undefined)) {
    notes.push('no line says which group some ranges belong to: they stand in `group unknown`, however many it were');
  }
  if (groups.some(({ devices }) => devices.length === 0)) {
    notes.push('the devices of a group aren’t in reserved_regions: each has a placeholder (sysfs lists them beside it)');
  }
  return notes;
}

// ── Lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function iommuLines(
  model: readonly LayoutLine[],
  groups: readonly ReservedGroup[],
  shared: ReadonlySet<string>,
  tellsPath: boolean,
): LayoutLine[] {
  const everywhere = new Map<string, { region: ReservedRegion; places: Place[] }>();
  for (const region of groups.flatMap((group) => group.regions).filter((one) => shared.has(keyOf(one)))) {
    const known = everywhere.get(keyOf(region));
    if (known) known.places.push(...region.places.slice(0, MOST_PLACES));
    else everywhere.set(keyOf(region), { region, places: region.places.slice(0, MOST_PLACES) });
  }
  const regions = [...everywhere.values()].map(({ region, places }) => ({ ...region, places: places.sort(byLine) }));
  return layoutBlock('iommu iommu0', [...model, ...regionLines(regions, tellsPath)]);
}

/** Places that are remembered for each group; more are not printed anyway. */
const MOST_PLACES = 10;

const byLine = (left: Place, right: Place): number => left.line - right.line;

function groupLines(group: ReservedGroup, shared: ReadonlySet<string>, tellsPath: boolean): LayoutLine[] {
  const label = group.number ?? 'unknown';
  const own = group.regions.filter((region) => !shared.has(keyOf(region)));
  return layoutBlock(`group ${label}`, [
    ...deviceLines(group),
    ...regionLines(own, tellsPath),
  ]);
}

/** The devices that sysfs lists, or one that stands for them. */
function deviceLines({ number, devices }: ReservedGroup): LayoutLine[] {
  if (devices.length === 0) {
    const name = number === undefined ? 'group_unknown' : `group${number}`;
    return [codeLine(`device ${name}`, 'a placeholder: write `device NAME "0000:01:00.0"`')];
  }
  return devices.map((device) => {
    if (PCI_ADDRESS.test(device)) return codeLine(`device ${legalName(`pci ${device}`, 'device')} ${writeText(device)}`);
    return codeLine(`device ${legalName(device, 'device')} label ${writeText(device)}`);
  });
}

const PCI_ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

function regionLines(regions: readonly ReservedRegion[], tellsPath: boolean): LayoutLine[] {
  const names = newNames();
  const sorted = [...regions].sort((left, right) => byBase(left.range, right.range) || (left.kind < right.kind ? -1 : 1));
  return sorted.map((region) => regionLine(region, names, tellsPath));
}

function regionLine(region: ReservedRegion, names: Names, tellsPath: boolean): LayoutLine {
  const { base, end } = region.range;
  const name = names.take(NAMES[region.kind], `at_${base.toString(16)}`);
  const extent = `at ${writeAddress(base)} ..= ${writeAddress(end - 1n)}`;
  const about = sameRange(region.range, HYPERTRANSPORT) ? '; the HyperTransport range' : '';
  return codeLine(`reserved ${name} ${extent} kind ${region.kind}`, `${placesOf(region, tellsPath)}${about}`);
}

/** What a range is called in the layout: the words of its kind are taken by the language. */
const NAMES: Readonly<Record<ReservedKind, string>> = {
  msi: 'msi',
  'sw-msi': 'msi_window',
  direct: 'firmware',
  'direct-relaxable': 'relaxable',
  reserved: 'kept',
};

function placesOf(region: ReservedRegion, tellsPath: boolean): string {
  if (!tellsPath) return writeLineNumbers(region.places.map((place) => place.line));
  const [first] = region.places;
  const more = region.places.length - 1;
  return `${first?.path ?? ''}:${first?.line ?? 1}${more > 0 ? ` and ${more} more` : ''}`;
}

// ── What the ranges give away ──────────────────────────────────────────────────────────────────────────────────────

interface Guess {
  readonly host: readonly LayoutLine[];
  readonly iommu: readonly LayoutLine[];
  readonly notes: readonly string[];
}

/** Interrupts of x86: VT-d and AMD-Vi keep it for every device (IOAPIC_RANGE_START). */
const X86_MSI: Range = { base: 0xfee0_0000n, end: 0xfef0_0000n };
/** Below 1 TiB, on AMD unless the IOMMU says that it may be used (amd_iommu_get_resv_regions). */
const HYPERTRANSPORT: Range = { base: 0xfd_0000_0000n, end: 0x100_0000_0000n };
/** The ISA hole that only VT-d maps one to one, for ISA bridges (CONFIG_INTEL_IOMMU_FLOPPY_WA). */
const INTEL_ISA: Range = { base: 0n, end: 0x100_0000n };

/** The page of the doorbell of Apple's PCIe blocks, 0xfffff000, in pages of 4 or 16 KiB (drivers/iommu/apple-dart.c). */
const isAppleDoorbell = (range: Range): boolean =>
  range.end === 0x1_0000_0000n && (range.base === 0xffff_f000n || range.base === 0xffff_c000n);

const sameRange = (left: Range, right: Range): boolean => left.base === right.base && left.end === right.end;

function guessMachine(regions: readonly ReservedRegion[]): Guess {
  const isArm = regions.some((region) => region.kind === 'sw-msi');
  const isX86 = regions.some((region) => region.kind === 'msi' && sameRange(region.range, X86_MSI));
  if (isArm && isX86) {
    return { ...unknownMachine, notes: ['ranges of Arm and of x86 stand together: not one machine, or a virtual IOMMU'] };
  }
  if (isArm) return armMachine;
  if (regions.some((region) => region.kind === 'msi' && isAppleDoorbell(region.range))) return appleMachine;
  return isX86 ? x86Machine(regions) : unknownMachine;
}

const unknownMachine: Guess = {
  host: [remark('arch: these ranges don’t tell')],
  iommu: [remark('model: these ranges don’t tell')],
  notes: ['the architecture and the IOMMU aren’t in reserved_regions, and these ranges don’t give them away'],
};

const armMachine: Guess = {
  host: [codeLine('arch arm64', `assumed: at ${writeAddress(SOFTWARE_MSI.base)} Linux maps doorbells on Arm`)],
  iommu: [codeLine('model smmu-v3', 'assumed: smmu-v2 and virtio keep the same window')],
  notes: ['arch arm64 and model smmu-v3 are assumed from the software MSI window'],
};

const appleMachine: Guess = {
  host: [codeLine('arch arm64', 'assumed: the msi page is that of Apple’s PCIe blocks')],
  iommu: [codeLine('model apple-dart', 'assumed from the same page')],
  notes: ['arch arm64 and model apple-dart are assumed from the page of the MSI doorbell'],
};

function x86Machine(regions: readonly ReservedRegion[]): Guess {
  const host = [codeLine('arch x86_64', 'assumed: msi at 0xfee0_0000 is the window of the local APICs')];
  const hasHole = regions.some((region) => region.kind === 'reserved' && sameRange(region.range, HYPERTRANSPORT));
  const hasIsa = regions.some((region) => region.kind.startsWith('direct') && sameRange(region.range, INTEL_ISA));
  if (hasHole) {
    const iommu = [codeLine('model amd-v1', 'assumed: only AMD keeps the HyperTransport range')];
    return { host, iommu, notes: ['arch x86_64 and model amd-v1 are assumed from the MSI and HyperTransport ranges'] };
  }
  if (hasIsa || regions.some((region) => region.kind === 'direct-relaxable')) {
    const iommu = [codeLine('model vt-d', 'assumed: of the x86 IOMMUs only VT-d has ranges like its `direct` ones')];
    return { host, iommu, notes: ['arch x86_64 and model vt-d are assumed from the MSI window and the direct ranges'] };
  }
  const iommu = [remark('model: vt-d, or amd-v1 without the HyperTransport range; these ranges don’t tell')];
  return { host, iommu, notes: ['arch x86_64 is assumed from the MSI window; these ranges don’t tell VT-d from AMD'] };
}
