import { largest } from '../layout/address.js';
import { intersect, sizeOf, type Range } from '../layout/intervals.js';
import type { Assignment, ContractName, Host, Iommu, Reserved, Vm } from '../layout/model.js';
import { arrivalsOf, type Arrivals, type HotplugVerdict } from './arrivals.js';
import { mapBeside, openContainer, type Container } from './contract.js';
import { smallestPage, type IommuFormat } from './formats.js';
import { apertureOf, formatOf, hostPage } from './host-formats.js';
import { formatKernel, type KernelVersion } from './kernel-version.js';
import { addLeaves, totalLeaves, type Leaves } from './leaves.js';
import { plannedMap, withAllSizes, type PlannedMap } from './planned-map.js';
import { pluggedMemory, type PluggedMemory } from './plugged-memory.js';
import { isPinned, requestsOf, type DmaRequest, type LeftOut, type MappingHabits } from './requests.js';
import { guestIova, spaceOf, spacesOf, viommuOf, type AddressSpace, type GuestIova } from './spaces.js';
import { countTables, tableBytes } from './tables.js';
import { habitsOf } from './vmm-habits.js';
import { OK, isExcluded, refuse, type AttachRequest, type MapRequest, type Verdict } from './verdict.js';

export { apertureOf, formatOf } from './host-formats.js';
export type { PlannedMap } from './planned-map.js';
export { contiguousPage, physicalOf } from './requests.js';

/** What a guest's VMM asks of a host's kernel at start-up, what the kernel answers, and what its IOMMU tables then hold. */
export interface Plan {
  readonly vm: Vm;
  readonly host: Host;
  readonly contract: ContractName;
  readonly kernel: KernelVersion;
  /** Base page of the host, in bytes. */
  readonly page: bigint;
  /** The tables that leaves are counted for: those of the first device's IOMMU. */
  readonly format: IommuFormat;
  readonly iommu: Iommu | undefined;
  /** What IOVA, size and offset of a request must be multiples of, in bytes. */
  readonly alignment: bigint;
  /** How the VMM maps by itself, and around what. */
  readonly habits: MappingHabits;
  /** Whether a device is assigned at start-up; if not, nobody is asked then. */
  readonly attachedAtBoot: boolean;
  readonly attach: readonly Attachment[];
  /** The I/O address spaces of the devices assigned at start-up: one, unless some stand behind a vIOMMU. */
  readonly spaces: readonly AddressSpace[];
  /** What the guest can map behind each vIOMMU. */
  readonly guestIovas: readonly GuestIova[];
  /** What the devices assigned at start-up keep, each range once. */
  readonly kept: readonly Reserved[];
  /** IOVAs that all those devices translate. */
  readonly aperture: Range;
  /** Where a request may lie: whole in one of these. */
  readonly usable: readonly Range[];
  readonly maps: readonly PlannedMap[];
  readonly leftOut: readonly LeftOut[];
  /** Devices that come later. */
  readonly hotplug: readonly HotplugVerdict[];
  /** RAM that comes later and is mapped for DMA. */
  readonly memoryHotplug: readonly PluggedMemory[];
  readonly totals: PlanTotals;
  /** What the file doesn't say and the plan took for granted, in words. */
  readonly assumed: readonly string[];
}

export interface Attachment {
  readonly assignment: Assignment;
  readonly verdict: Verdict;
}

export interface PlanTotals {
  readonly maps: number;
  readonly mapped: bigint;
  /** Bytes the VMM pins, once for each address space that maps them. */
  readonly pinned: bigint;
  readonly leaves: Leaves;
  readonly entries: bigint;
  /** Table pages per level, last level first, without the root. */
  readonly tables: readonly bigint[];
  readonly tableBytes: bigint;
}

/** The kernel whose verdicts count where a host names none. */
const NEWEST_KERNEL: KernelVersion = { major: 7, minor: 2 };

/** How a VMM carves, where that isn't as a layout can say. */
export interface CarvingOptions {
  /** Holes are widened to whole leaves of at most so many bytes; to what a request must be aligned to, if left out. */
  readonly carveTo?: bigint | undefined;
}

/** Makes the plan of a guest on a host. */
export function makePlan(vm: Vm, host: Host, { carveTo }: CarvingOptions = {}): Plan {
  const facts = factsOf(vm, host, carveTo);
  const attached = facts.boot.length > 0;
  const spaces = spacesOf(facts.boot, vm).map((space) => openSpace(space, facts));
  // What a layout writes as `map` is asked for in every space; what a VMM maps by itself, where nobody else translates.
  const mapped = spaces.filter(({ space }) => space.identity || vm.maps.length > 0);
  const alignment = alignmentIn(mapped.length > 0 ? mapped : spaces, facts);
  const habits = { ...facts.habits, alignment };
  const { requests, leftOut } = attached && mapped.length === 0 ? { requests: [], leftOut: [] } : requestsOf(vm, habits);
  const [full, maps] = mapAll(mapped, vm.assignments.length === 0 ? [] : requests, facts);
  const arrivals = arrivalsIn(full, spaces, maps, facts, habits);
  const reached = (mapped.length > 0 ? mapped : spaces).flatMap(({ space }) => space.assignments);
  return {
    vm,
    host,
    ...facts.plain,
    alignment,
    habits,
    attachedAtBoot: attached,
    spaces: spaces.map(({ space }) => space),
    attach: inOrder(facts.boot, spaces.flatMap(({ attach }) => attach)),
    kept: keptBy(reached),
    aperture: commonAperture(attached ? reached : facts.later, facts),
    usable: commonRanges((mapped.length > 0 ? mapped : spaces).map(({ container }) => container.usable())),
    guestIovas: spaces.flatMap(({ space, container }) => (space.viommu ? [guestIova(space, space.viommu, { usable: container.usable(), arch: host.arch })] : [])),
    maps,
    leftOut,
    hotplug: arrivals.hotplug,
    memoryHotplug: arrivals.memory.map((memory) => pluggedMemory(memory, vm, habits, facts)),
    totals: totalsOf(maps, facts.format, Math.max(1, mapped.length)),
    assumed: facts.assumed,
  };
}

/** An address space with the container that stands for it. */
interface OpenSpace {
  readonly space: AddressSpace;
  readonly container: Container;
  readonly attach: readonly Attachment[];
}

function openSpace(space: AddressSpace, facts: Facts): OpenSpace {
  const [container, attach] = attachAll(openContainer(facts.options), space.assignments, facts);
  return { space, container, attach };
}

const inOrder = (assignments: readonly Assignment[], attach: readonly Attachment[]): Attachment[] =>
  assignments.flatMap((assignment) => attach.filter((one) => one.assignment === assignment));

/** The IOVAs that are in all of these. */
function commonRanges(lists: readonly (readonly Range[])[]): readonly Range[] {
  const [first = [], ...rest] = lists;
  return rest.reduce((common, ranges) => common.flatMap((left) => ranges.flatMap((right) => intersect(left, right) ?? [])), first);
}

interface Facts {
  readonly vm: Vm;
  readonly host: Host;
  readonly plain: Pick<Plan, 'contract' | 'kernel' | 'page' | 'format' | 'iommu'>;
  readonly format: IommuFormat;
  readonly page: bigint;
  readonly habits: Omit<MappingHabits, 'alignment'>;
  readonly boot: readonly Assignment[];
  readonly later: readonly Assignment[];
  readonly options: Parameters<typeof openContainer>[0];
  readonly assumed: readonly string[];
}

function factsOf(vm: Vm, host: Host, carveTo: bigint | undefined): Facts {
  const assumed: string[] = [];
  const assume = <T>(value: T | undefined, fallback: T, words: string): T => {
    if (value === undefined) assumed.push(words);
    return value ?? fallback;
  };
  const known = vm.assignments.filter(({ device }) => device);
  const boot = known.filter(({ hotplug }) => !hotplug);
  const later = known.filter(({ hotplug }) => hotplug);
  const page = assume(host.page, hostPage(host), 'the host’s base page is 4 KiB');
  const kernel = assume(host.kernel, NEWEST_KERNEL, `kernel ${formatKernel(NEWEST_KERNEL)}, the newest known`);
  const vmm = habitsOf(vm.vmm);
  const contract = assume(host.contract, vmm.contract, vmm.contract === 'none' ? `${vmm.name} asks nobody` : 'the VMM asks VFIO type1');
  const iommu = (boot[0] ?? later[0])?.device?.iommu ?? host.iommus[0];
  const format = formatOf(iommu, host);
  if (known.length > 0) assumed.push(...format.assumed, ...otherTables(known, format, host));
  if (vm.vmm === undefined) assumed.push('the VMM maps each `ram`, as `generic` does');
  assumed.push(...vmm.remarks);
  // hw/vfio/listener.c `vfio_listener_region_add` maps each section whole.
  if (vm.vmm === 'qemu' && vm.stance === 'carve' && vm.maps.length === 0) assumed.push('QEMU is changed so that it carves: as it is, it only rejects');
  const first = boot.length > 0 ? boot : later.slice(0, 1);
  if (vm.stance === 'carve' && first !== boot && later.length > 1) assumed.push(`\`${later[0]?.name}\` is plugged first, and RAM is carved around what it keeps`);
  const carve = vm.stance === 'carve' ? keptBy(spacesOf(first, vm).filter(({ identity }) => identity).flatMap(({ assignments }) => assignments)).filter(isExcluded) : [];
  return {
    vm,
    host,
    plain: { contract, kernel, page, format, iommu },
    format,
    page,
    habits: { vmm, contract, page, carve, widening: carveTo === undefined ? undefined : { most: carveTo, leafSizes: format.leafSizes } },
    boot,
    later,
    options: { contract, kernel, hostPage: page, dmaMaps: host.limits.dmaMaps, memlock: host.limits.memlock },
    assumed: [...assumed, ...vm.unjudged, 'leaves are those that the backing guarantees'],
  };
}

/**
 * What IOVA, size and offset of a request must be multiples of, in bytes: what the kernel asks for the devices that it let in. Where it let
 * in none, or nobody is asked, the smallest leaf of the coarsest tables; type1 wants at least a page of the host.
 */
function alignmentIn(spaces: readonly OpenSpace[], { boot, later, format, host, page, plain: { contract } }: Facts): bigint {
  const asked = spaces.filter(({ attach }) => contract !== 'none' && attach.some(({ verdict }) => verdict.errno === 'ok'));
  if (asked.length > 0) return largest(1n, ...asked.map(({ container }) => container.alignment()));
  const tables = (boot.length > 0 ? boot : later).map(({ device }) => formatOf(device?.iommu, host));
  return largest(1n, ...(tables.length > 0 ? tables : [format]).map(({ leafSizes }) => smallestPage(leafSizes, contract === 'type1' ? page : 1n)));
}

/** Says so where devices stand behind tables of another shape than those that are counted. */
function otherTables(assignments: readonly Assignment[], format: IommuFormat, host: Host): string[] {
  const names = new Set<string>();
  for (const { device } of assignments) {
    const other = device?.iommu && formatOf(device.iommu, host);
    if (device?.iommu && `${other?.leafSizes}` !== `${format.leafSizes}`) names.add(device.iommu.name);
  }
  return [...names].map((name) => `leaves are counted for one domain; the tables of \`${name}\` have others`);
}

/** What devices keep, each declaration once. */
function keptBy(assignments: readonly Assignment[]): Reserved[] {
  const kept = new Map(assignments.flatMap(({ device }) => device?.reserved ?? []).map((reserved) => [reserved.element, reserved]));
  return [...kept.values()];
}

/** The IOVAs that all these devices' IOMMUs translate. */
function commonAperture(assignments: readonly Assignment[], facts: Facts): Range {
  const apertures = assignments.map(({ device }) => apertureOf(device?.iommu, facts));
  const base = apertures.reduce((most, aperture) => (aperture.base > most ? aperture.base : most), 0n);
  const end = apertures.reduce((least, aperture) => (aperture.end < least ? aperture.end : least), 1n << 64n);
  return { base, end };
}

function attachRequest({ name, device }: Assignment, facts: Facts): AttachRequest {
  return {
    name,
    model: device?.iommu?.model ?? '',
    aperture: apertureOf(device?.iommu, facts),
    pageSizes: formatOf(device?.iommu, facts.host).leafSizes,
    kept: device?.reserved ?? [],
  };
}

/** Attaches groups one after the other; a second device of a group comes with the first. */
function attachAll(empty: Container, assignments: readonly Assignment[], facts: Facts): [Container, Attachment[]] {
  let container = empty;
  const verdicts = new Map<string, Verdict>();
  const attach = assignments.map((assignment) => {
    const group = groupOf(assignment);
    let verdict = verdicts.get(group);
    if (!verdict) {
      const refusal = unnestable(assignment, facts);
      [container, verdict] = refusal ? [container, refusal] : container.attach(attachRequest(assignment, facts));
      verdicts.set(group, verdict);
    }
    return { assignment, verdict };
  });
  return [container, attach];
}

/**
 * Why a device can't be attached whatever is mapped. Tables of the guest’s can only be nested in those of an IOAS (include/uapi/linux/iommufd.h
 * `IOMMU_HWPT_ALLOC`): VFIO’s own container has nothing to ask for them.
 */
function unnestable(assignment: Assignment, { plain, vm }: Facts): Verdict | undefined {
  const nested = viommuOf(assignment, vm)?.mode === 'nested';
  return nested && plain.contract === 'type1' ? refuse('EOPNOTSUPP', 'nesting') : undefined;
}

/**
 * Asks for each mapping in turn, also after one is refused: the others would fail or not by themselves. Where there are
 * several spaces, each is asked, and the first that refuses is told.
 */
function mapAll(spaces: readonly OpenSpace[], requests: readonly DmaRequest[], facts: Facts): [OpenSpace[], PlannedMap[]] {
  const open = [...spaces];
  const maps = requests.map((request) => {
    let verdict = OK;
    for (const [index, each] of open.entries()) {
      const [container, answer] = mapBeside(each.container, kernelRequest(request), open.flatMap(({ container: other }) => (other === each.container ? [] : [other])), facts.options);
      if (verdict.errno === 'ok') verdict = answer;
      open[index] = { ...each, container };
    }
    return plannedMap(request, verdict, facts);
  });
  return [open, maps];
}

function kernelRequest(request: DmaRequest): MapRequest {
  const writes = request.access.includes('w');
  const reads = request.access.includes('r');
  return {
    iova: request.range.base,
    size: sizeOf(request.range),
    offset: request.offset ?? 0n,
    access: reads && writes ? 'rw' : reads ? 'r' : writes ? 'w' : '',
    kind: request.kind,
    memlocked: isPinned(request),
  };
}

/** What comes later: into the spaces that there are, and into those of its own. */
function arrivalsIn(full: readonly OpenSpace[], spaces: readonly OpenSpace[], maps: readonly PlannedMap[], facts: Facts, habits: MappingHabits): Arrivals {
  const { vm, host, options, boot, later } = facts;
  const there = new Map(spaces.map((one) => [one.space.key, full.find(({ space }) => space === one.space) ?? one]));
  const joined = new Map([...spaces.map(({ space }) => space), ...later.map((assignment) => spaceOf(assignment, vm))].reverse().map((space) => [space.key, space]));
  const arrivalSpaces = [...joined.values()].map((space) => {
    const open = there.get(space.key);
    const attached = new Map(open?.attach.flatMap(({ assignment, verdict }) => (verdict.errno === 'ok' ? [[groupOf(assignment), grouped(assignment, facts)]] : [])));
    return { key: space.key, isMapped: space.identity || vm.maps.length > 0, boot: open && { container: open.container, attached: [...attached.values()] } };
  });
  const devices = later.map((assignment) => ({ assignment, key: spaceOf(assignment, vm).key, request: grouped(assignment, facts), refusal: unnestable(assignment, facts) }));
  // Without a device at start-up, whoever comes first has RAM carved around what it keeps.
  const ram = boot.length > 0 ? maps : requestsOf(vm, { ...habits, carve: [] }).requests;
  return arrivalsOf({ vm, host, habits, options, spaces: arrivalSpaces, devices, maps, ram, requestOf: kernelRequest });
}

const groupOf = ({ device, name }: Assignment): string => device?.group ?? name;

/** The request under the name of its group: whoever comes first of it brings all. */
const grouped = (assignment: Assignment, facts: Facts): AttachRequest => ({ ...attachRequest(assignment, facts), name: groupOf(assignment) });

/** What is asked for, with what would be held if it were granted; without BARs that are refused, which many a VMM can do without. */
function totalsOf(asked: readonly PlannedMap[], format: IommuFormat, spaces: number): PlanTotals {
  const maps = asked.filter(({ kind, verdict }) => kind !== 'bar' || verdict.errno === 'ok');
  const leaves = maps.reduce<Leaves>((sum, map) => addLeaves(sum, map.leaves), withAllSizes(new Map(), format));
  const tables = countTables(maps.map((map) => map.segments), format);
  return {
    maps: maps.length,
    mapped: maps.reduce((sum, map) => sum + sizeOf(map.range), 0n),
    pinned: BigInt(spaces) * maps.reduce((sum, map) => sum + (isPinned(map) ? sizeOf(map.range) : 0n), 0n),
    leaves,
    entries: totalLeaves(leaves),
    tables,
    tableBytes: tableBytes(tables, format),
  };
}
