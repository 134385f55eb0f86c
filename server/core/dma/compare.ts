import { formatSize, isAligned } from '../layout/address.js';
import { contains, intersect, overlaps, subtract, unite, type Range } from '../layout/intervals.js';
import { hiddenParts } from '../layout/hidden-parts.js';
import type { Device, Host, Region, Reserved, Stance, Vm } from '../layout/model.js';
import { alignmentFor, nearestFreePlace, phaseOf } from './free-places.js';
import { KERNEL_CHANGES, type KernelVersion } from './kernel-version.js';
import { leafLevel } from './tables.js';
import { lateContacts } from './contacts.js';
import { apertureOf, makePlan, type Plan, type PlannedMap } from './plan.js';
import { comesAlone, mapsInAll } from './plugged-memory.js';
import { carvedHoles, NEVER_REACHED } from './unreached.js';
import { reasonOf } from './verdict-words.js';
import { isExcluded, type Errno, type Verdict } from './verdict.js';
import { habitsOf } from './vmm-habits.js';

/**
 * The stances side by side: what would happen to one guest on one host if its VMM rejected, carved, tolerated, or if its
 * RAM lay elsewhere. What a layout writes as `map` is left aside, since no stance shapes it.
 */
export interface Comparison {
  readonly vm: Vm;
  readonly host: Host;
  /** The plan as it stands. */
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
}

/** What comes of one stance. */
export interface Outcome {
  readonly stance: Stance | 'relocate';
  /** Bytes that holes are widened to, where the VMM carves whole blocks. */
  readonly block: bigint | undefined;
  /** Whether the layout says so itself. */
  readonly isDeclared: boolean;
  /** Nothing where there is no such layout; then `why` says so. */
  readonly plan: Plan | undefined;
  readonly why: string | undefined;
  readonly start: Start;
  /** RAM that isn't mapped, or where DMA doesn't reach it, in order. */
  readonly outOfReach: readonly Range[];
  /** What the guest has to keep its DMA out of, in order. */
  readonly keptOff: readonly KeptOff[];
  readonly moves: readonly Move[];
  /** What kernels of other releases say at start-up, oldest first; empty where no kernel is asked. */
  readonly kernels: readonly KernelSpan[];
}

/** How start-up ends. */
export interface Start {
  readonly errno: 'ok' | Errno;
  /** Why it fails, or what is wrong although it doesn't. */
  readonly reason: string | undefined;
}

export interface KeptOff {
  readonly range: Range;
  /** The `avoid` that tells the guest; nothing where none does. */
  readonly avoid: Region | undefined;
}

export interface Move {
  readonly region: Region;
  /** First guest-physical address. */
  readonly to: bigint;
}

/** Releases that give one answer: `from` inclusive, `until` exclusive. */
export interface KernelSpan {
  readonly from: KernelVersion | undefined;
  readonly until: KernelVersion | undefined;
  readonly errno: 'ok' | Errno;
}

/** What a stance is called: `carve to 2 MiB`; with a star where the layout says so itself. */
export const stanceName = ({ stance, block, isDeclared }: Outcome): string =>
  `${stance}${block === undefined ? '' : ` to ${formatSize(block)}`}${isDeclared ? ' *' : ''}`;

export function compareStances(declared: Vm, host: Host): Comparison {
  const vm = declared.maps.length === 0 ? declared : { ...declared, maps: [] };
  const rejected = makePlan({ ...vm, stance: 'reject' }, host);
  const stance = (name: Stance, block?: bigint): Outcome => {
    const variant = { ...vm, stance: name };
    return outcomeOf(name, block, variant, host, declared, []);
  };
  const outcomes = [stance('reject'), stance('carve'), ...blocksToCarve(rejected).map((block) => stance('carve', block)), stance('tolerate'), relocation(rejected, declared)];
  return { vm: declared, host, plan: makePlan(declared, host), outcomes };
}

function outcomeOf(stance: Outcome['stance'], block: bigint | undefined, vm: Vm, host: Host, declared: Vm, moves: readonly Move[]): Outcome {
  const plan = makePlan(vm, host, { carveTo: block });
  const start = startOf(plan);
  return {
    stance,
    block,
    isDeclared: declared.stance === stance && block === undefined,
    plan,
    why: undefined,
    start,
    outOfReach: start.errno === 'ok' ? outOfReach(plan) : [],
    keptOff: keptOff(plan),
    moves,
    kernels: kernelSpans(vm, host, plan, block),
  };
}

/** Leaf sizes that holes could be widened to, so that what is left keeps its blocks: one for each level of the tables. */
function blocksToCarve(plan: Plan): bigint[] {
  const kept = [...plan.kept, ...keptByComers(plan)].filter(isExcluded);
  const plugged = plan.memoryHotplug.flatMap(({ maps }) => maps);
  // What stands by the time that a device comes isn't cut for it.
  const cut = [...plan.maps.map((map) => ({ map, by: plan.attachedAtBoot ? plan.kept.filter(isExcluded) : kept })), ...plugged.map((map) => ({ map, by: kept }))];
  const sizes = new Set(cut.flatMap(({ map: { range, usableSizes }, by }) => {
    const holes = by.filter((one) => overlaps(one.range, range)).map((one) => one.range);
    return usableSizes.filter((size) => size > plan.alignment && holes.some(({ base, end }) => !isAligned(base, size) || !isAligned(end, size)));
  }));
  const byLevel = new Map<number, bigint>();
  for (const size of [...sizes].sort((left, right) => (left < right ? -1 : 1))) {
    const level = leafLevel(size, plan.format);
    if (level > 0 && !byLevel.has(level)) byLevel.set(level, size);
  }
  return [...byLevel.values()];
}

/** How start-up ends: the first device or mapping that is refused ends it, but for BARs that a VMM can do without. */
export function startOf(plan: Plan): Start {
  if (!plan.attachedAtBoot) return { errno: 'ok', reason: plan.vm.assignments.length === 0 ? 'no device is assigned' : 'no device at start-up' };
  const refused = plan.attach.find(({ verdict }) => verdict.errno !== 'ok');
  if (refused) return refusal(refused.assignment.name, refused.verdict, plan);
  const optional = habitsOf(plan.vm.vmm).barsMayFail;
  const map = plan.maps.find(({ verdict, kind }) => verdict.errno !== 'ok' && !(optional && kind === 'bar'));
  if (map) return refusal(map.name, map.verdict, plan);
  return { errno: 'ok', reason: lostDoorbell(plan) };
}

const refusal = (name: string, verdict: Verdict, plan: Plan): Start => ({ errno: verdict.errno, reason: `${name}: ${reasonOf(verdict, plan)}` });

/** Where RAM is mapped over a software MSI window, the kernel can't map the doorbell there: drivers/iommu/dma-iommu.c `iommu_dma_get_msi_page`. */
function lostDoorbell(plan: Plan): string | undefined {
  const window = plan.kept.find((kept) => kept.kind === 'sw-msi' && plan.maps.some(({ range }) => overlaps(range, kept.range)));
  return window && `the kernel finds no room for doorbells in \`${window.name}\`: devices raise no MSI`;
}

/**
 * RAM that no mapping shows to devices, and what of it lies under a range that never gets to RAM, once everything has come that
 * can. `dma off` is as it was meant.
 */
export function outOfReach(plan: Plan): Range[] {
  const hidden = hiddenParts(plan.vm.regions);
  const mapped = [...plan.maps.filter(isAccepted), ...plan.memoryHotplug.flatMap(({ maps }) => maps)].map(({ range }) => range);
  const lost = [...shadowed(plan), ...carvedHoles(plan).map(({ range }) => range)];
  const refused = new Set(plan.memoryHotplug.filter((memory) => !comesAlone(memory)).map(({ region }) => region));
  const ram = plan.vm.regions.filter((region) => region.kind === 'ram' && region.dma !== false && !region.alias && !refused.has(region));
  return unite(ram.flatMap((region) => {
    if (!region.range) return [];
    const visible = subtract(region.range, hidden.get(region) ?? []);
    return visible.flatMap((piece) => [...subtract(piece, mapped), ...lost.flatMap((range) => intersect(range, piece) ?? [])]);
  }));
}

/** What mappings that the kernel accepted share with what devices keep, those that come later among them. */
const shadowed = (plan: Plan): Range[] => unite([
  ...plan.kept.filter(isExcluded).flatMap(({ range }) => plan.maps.filter(isAccepted).flatMap((map) => intersect(map.range, range) ?? [])),
  ...lateContacts(plan, NEVER_REACHED).map(({ shared }) => shared),
]);

const isAccepted = ({ verdict }: PlannedMap): boolean => verdict.errno === 'ok';

/** What is carved out or left to the guest to keep off, each with the `avoid` that says so. */
function keptOff(plan: Plan): KeptOff[] {
  const carved = carvedHoles(plan).map(({ range }) => range);
  const avoids = plan.vm.regions.filter(({ kind }) => kind === 'avoid');
  return unite([...carved, ...shadowed(plan)]).map((range) => ({ range, avoid: avoids.find((avoid) => avoid.range && contains(avoid.range, range)) }));
}

/** Moves each region that is in the way to the nearest free place in which it fills its leaves. */
function relocation(rejected: Plan, declared: Vm): Outcome {
  let { vm } = rejected;
  const moves: Move[] = [];
  for (const name of inTheWay(rejected)) {
    const region = vm.regions.find((candidate) => candidate.element === name.element);
    const to = region && isMovable(region, vm) ? nearestFreePlace({ vm, host: rejected.host, plan: rejected }, region, alignmentFor(region, rejected), phaseOf(region)) : undefined;
    if (!region || to === undefined) return nowhere(`there is no other place for \`${name.name}\``);
    moves.push({ region, to });
    vm = withRegion(vm, region, to);
  }
  return moves.length === 0 ? nowhere('nothing is in the way') : outcomeOf('relocate', undefined, vm, rejected.host, declared, moves);
}

const nowhere = (why: string): Outcome =>
  ({ stance: 'relocate', block: undefined, isDeclared: false, plan: undefined, why, start: { errno: 'ok', reason: undefined }, outOfReach: [], keptOff: [], moves: [], kernels: [] });

/** Regions whose mapping meets what a device keeps, or leaves an aperture, now or once everything has come. */
function inTheWay(plan: Plan): Region[] {
  const kept = [...plan.kept, ...keptByComers(plan)].filter(isExcluded);
  const apertures = [plan.aperture, ...comersTo(plan).map(({ iommu }) => apertureOf(iommu, plan))];
  const isMet = ({ range }: PlannedMap): boolean => apertures.some((aperture) => !contains(aperture, range)) || kept.some((one) => overlaps(one.range, range));
  return [...new Set(mapsInAll(plan).filter(isMet).flatMap(({ region }) => region ?? []))];
}

/** Devices that come later, or would if RAM lay elsewhere. */
const comersTo = ({ hotplug }: Plan): Device[] =>
  hotplug.flatMap(({ assignment: { device, behind }, verdict: { errno, cause } }) => (device && behind === undefined && (errno === 'ok' || cause === 'reserved' || cause === 'aperture') ? [device] : []));

const keptByComers = (plan: Plan): Reserved[] => comersTo(plan).flatMap(({ reserved }) => reserved);

/** What others lie over, or what lies over others, stays where it is. */
const isMovable = (region: Region, { regions }: Vm): boolean => region.over.length === 0 && !regions.some(({ over, alias }) => over.includes(region) || alias === region);

function withRegion(vm: Vm, region: Region, base: bigint): Vm {
  const range = region.range && { base, end: base + (region.range.end - region.range.base) };
  return { ...vm, regions: vm.regions.map((other) => (other === region ? { ...region, range } : other)) };
}

/** Each release from which on the model answers otherwise, with the one before the first. */
function kernelSpans(vm: Vm, host: Host, plan: Plan, block: bigint | undefined): KernelSpan[] {
  if (plan.contract === 'none' || !plan.attachedAtBoot) return [];
  const spans: KernelSpan[] = [];
  for (const from of KERNEL_CHANGES[plan.contract]) {
    const { errno } = startOf(makePlan(vm, { ...host, kernel: from ?? BEFORE_ALL }, { carveTo: block }));
    const last = spans.at(-1);
    if (last?.errno === errno) continue;
    if (last) spans[spans.length - 1] = { ...last, until: from };
    spans.push({ from, until: undefined, errno });
  }
  return spans;
}

/** A kernel before the first change that is known: the last long-term release before VFIO looked at reserved ranges. */
const BEFORE_ALL: KernelVersion = { major: 4, minor: 19 };
