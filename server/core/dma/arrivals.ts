import { KIB, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import type { Assignment, Backing, Host, Region, Vm } from '../layout/model.js';
import type { Container } from './contract.js';
import { judgeArrivals, type Judgement } from './hotplug.js';
import type { Arrival, ArrivalStep, BlockRun, HotplugSystem } from './hotplug-replay.js';
import type { HotplugFailure } from './hotplug-verify.js';
import { deviceRefusal, type DeviceRefusal } from './memory-device.js';
import type { PlannedMap } from './plan.js';
import { arrivalRequests, type DmaRequest, type MappingHabits } from './requests.js';
import { type AttachRequest, type ContainerOptions, mappedRange, type MapRequest, OK, type Verdict } from './verdict.js';

/** A device that comes while the guest runs, and whom it can't come after. */
export interface HotplugVerdict {
  readonly assignment: Assignment;
  /** What becomes of it if nothing else has come before. */
  readonly verdict: Verdict;
  /** The request from start-up in the way, or the one that fails. */
  readonly map: PlannedMap | undefined;
  readonly failures: readonly ArrivalFailure[];
  /** Further companies in which it fails. */
  readonly untold: number;
}

/** RAM that comes while the guest runs. */
export interface MemoryVerdict {
  readonly region: Region;
  readonly kind: 'dimm' | 'virtio-mem';
  /** What is asked for when it comes: all of a DIMM, or the first block; nothing where no `map` is for it. */
  readonly requests: readonly DmaRequest[];
  /** Of `virtio-mem`, unless maps are written for it. */
  readonly blocks: { readonly size: bigint; readonly count: bigint } | undefined;
  /** Why QEMU doesn't take it, whoever is there: then nobody is asked. */
  readonly refusal: DeviceRefusal | undefined;
  readonly failures: readonly ArrivalFailure[];
  readonly untold: number;
}

/** Arrivals after start-up, the last of which is refused. */
export interface ArrivalFailure {
  readonly sequence: readonly SequenceStep[];
  /** What the kernel answers, or would. */
  readonly verdict: Verdict;
  /** Whether QEMU refuses it before it asks, since another memory device has some of its addresses. */
  readonly isConflict: boolean;
  /** The mapping from start-up in the way, or the one that is refused. */
  readonly map: PlannedMap | undefined;
  /** RAM that came later and is in the way. */
  readonly memory: Region | undefined;
  /** Blocks of the last arrival to which the same happens. */
  readonly affected: BlockRun | undefined;
}

export interface SequenceStep {
  readonly kind: 'device' | 'dimm' | 'virtio-mem';
  readonly name: string;
  readonly element: Element;
  readonly blocks: BlockRun | undefined;
}

/** One address space, as far as arrivals are concerned. */
export interface ArrivalSpace {
  readonly key: string;
  /** Whether RAM is mapped in it. */
  readonly isMapped: boolean;
  /** Groups attached at start-up, and what then holds their mappings; nothing where no device was there. */
  readonly boot: { readonly attached: readonly AttachRequest[]; readonly container: Container } | undefined;
}

/** A device that comes into a space. `refusal` is what it can't get past, whoever else is there. */
export interface ArrivingDevice {
  readonly assignment: Assignment;
  readonly key: string;
  readonly request: AttachRequest;
  readonly refusal: Verdict | undefined;
}

/** All that arrivals meet. */
export interface ArrivalContext {
  readonly vm: Vm;
  readonly host: Host;
  readonly habits: MappingHabits;
  readonly options: ContainerOptions;
  readonly spaces: readonly ArrivalSpace[];
  readonly devices: readonly ArrivingDevice[];
  /** What is asked for at start-up. */
  readonly maps: readonly PlannedMap[];
  /** The same as it is asked for in a space without a device: before anything is carved where none is there at all. */
  readonly ram: readonly DmaRequest[];
  requestOf(request: DmaRequest): MapRequest;
}

export interface Arrivals {
  readonly hotplug: readonly HotplugVerdict[];
  readonly memory: readonly MemoryVerdict[];
}

/** Judges everything that is declared to come later, in each address space that it comes into. */
export function arrivalsOf(context: ArrivalContext): Arrivals {
  const memory = context.vm.assignments.length === 0 ? [] : memoriesIn(context);
  if (memory.length === 0 && context.devices.length === 0) return { hotplug: [], memory: [] };
  const asked = memory.filter(({ requests, refusal }) => requests.length > 0 && !refusal);
  const judged = context.spaces.map((space) => judgeSpace(space, asked, context));
  return {
    hotplug: context.devices.map((device) => deviceVerdict(device, judged, context)),
    memory: memory.map((one) => ({ ...one, ...together(judged.map(({ memories }) => memories.get(one))) })),
  };
}

type Memory = Omit<MemoryVerdict, 'failures' | 'untold'>;

/** RAM with what is asked for when it comes: nothing where maps are written and none is for it. What isn't meant for DMA is left out. */
function memoriesIn({ vm, host, habits }: ArrivalContext): Memory[] {
  return vm.regions.flatMap((region): Memory[] => {
    if (!region.arrival || !region.range) return [];
    const kind = region.arrival.kind;
    const refusal = deviceRefusal(region, vm, host, habits.page);
    const size = kind === 'virtio-mem' ? blockSize(region.arrival.block, region.backing, habits.page) : undefined;
    const requests = arrivalRequests(region, vm, habits, size);
    if (requests.some(({ offset }) => offset === undefined)) return [];
    if (requests.length === 0) return (vm.maps.length > 0 || refusal) && region.dma !== false ? [{ region, kind, requests, blocks: undefined, refusal }] : [];
    const isWritten = requests.some(({ written }) => written);
    if (size === undefined) return [{ region, kind, requests, blocks: undefined, refusal }];
    if (isWritten) return requests.map((request) => ({ region, kind, requests: [request], blocks: undefined, refusal }));
    const count = sizeOf(region.range) / size;
    return [{ region, kind, requests, blocks: { size, count: count === 0n ? 1n : count }, refusal }];
  });
}

/**
 * The block of virtio-mem: as written, else what QEMU takes by itself, the page of the backing or a transparent huge page,
 * which depends on the host's page (hw/virtio/virtio-mem.c `virtio_mem_default_block_size`). Bytes.
 */
export const blockSize = (written: bigint | undefined, backing: Backing | undefined, page: bigint): bigint =>
  written ?? (backing?.page !== undefined ? (backing.page > MIB ? backing.page : MIB) : HUGE.get(page) ?? 2n * MIB);

const HUGE: ReadonlyMap<bigint, bigint> = new Map([[4n * KIB, 2n * MIB], [16n * KIB, 32n * MIB], [64n * KIB, 512n * MIB]]);

interface JudgedSpace {
  readonly space: ArrivalSpace;
  readonly devices: ReadonlyMap<string, Told>;
  readonly memories: ReadonlyMap<Memory, Told>;
}

interface Told {
  readonly failures: readonly ArrivalFailure[];
  readonly untold: number;
}

const NOTHING: Told = { failures: [], untold: 0 };

function judgeSpace(space: ArrivalSpace, all: readonly Memory[], context: ArrivalContext): JudgedSpace {
  const memory = space.isMapped ? all : [];
  const devices = groupsInto(space, context);
  const system = systemOf(space, devices, memory, context);
  const running = space.boot && { container: space.boot.container, attached: space.boot.attached, waiting: [] };
  const judgements = judgeArrivals(system, running);
  const names = [...devices.map(deviceStep), ...memory.map(memoryStep)];
  const tell = ({ failures, untold }: Judgement): Told => ({ untold, failures: onceEach(failures.map((failure) => told(failure, names, memory, context))) });
  return {
    space,
    devices: new Map(devices.map((device, index) => [device.request.name, tell(judgements[index] ?? NOTHING_JUDGED)])),
    memories: new Map(memory.map((one, index) => [one, tell(judgements[devices.length + index] ?? NOTHING_JUDGED)])),
  };
}

const NOTHING_JUDGED: Judgement = { failures: [], untold: 0 };

/** The groups that come into a space, each with the first of its devices. */
function groupsInto({ key, boot }: ArrivalSpace, { devices }: ArrivalContext): ArrivingDevice[] {
  const seen = new Set(boot?.attached.map(({ name }) => name));
  return devices.filter((device) => {
    if (device.key !== key || device.refusal || seen.has(device.request.name)) return false;
    seen.add(device.request.name);
    return true;
  });
}

function systemOf(space: ArrivalSpace, devices: readonly ArrivingDevice[], memory: readonly Memory[], context: ArrivalContext): HotplugSystem {
  const { vm, options, habits, maps, ram, requestOf } = context;
  return {
    options,
    boot: space.boot?.attached ?? [],
    ram: !space.isMapped ? [] : space.boot ? maps.filter(({ verdict }) => verdict.errno === 'ok').map(requestOf) : ram.map(requestOf),
    arrivals: [...devices.map(({ request }): Arrival => ({ kind: 'group', group: request })), ...memory.map((one) => memoryArrival(one, requestOf))],
    carve: vm.stance === 'carve' && vm.maps.length === 0 ? habits.alignment : undefined,
  };
}

const memoryArrival = ({ requests, blocks }: Memory, requestOf: ArrivalContext['requestOf']): Arrival =>
  ({ kind: 'memory', requests: requests.map(requestOf), blocks: blocks && { stride: blocks.size, count: blocks.count } });

const deviceStep = ({ assignment }: ArrivingDevice): SequenceStep =>
  ({ kind: 'device', name: assignment.name, element: assignment.element, blocks: undefined });

const memoryStep = ({ region, kind, requests: [first] }: Memory): SequenceStep =>
  ({ kind, name: first?.written && kind === 'virtio-mem' ? first.name : region.name, element: region.element, blocks: undefined });

function told({ steps, verdict, request, affected }: HotplugFailure, names: readonly SequenceStep[], memory: readonly Memory[], { maps, vm }: ArrivalContext): ArrivalFailure {
  const sequence = steps.flatMap((step: ArrivalStep) => {
    const named = names[step.arrival];
    return named ? [{ ...named, blocks: step.blocks }] : [];
  });
  const decided = verdict.existing ?? request;
  const map = decided && mapAt(decided.iova, maps);
  const last = memory[(steps.at(-1)?.arrival ?? 0) - (names.length - memory.length)];
  const others = verdict.existing ? memory.filter((one) => one !== last) : memory;
  const failure = { sequence, verdict, isConflict: false, map, memory: decided && !map ? memoryAt(decided, others) : undefined, affected };
  return isDeviceConflict(failure, vm) ? { ...failure, isConflict: true, sequence: sequence.map(whole), affected: undefined } : failure;
}

const whole = (step: SequenceStep): SequenceStep => ({ ...step, blocks: undefined });

/** Two memory devices in one place: QEMU gives addresses to a whole device when it is plugged (hw/mem/memory-device.c `memory_device_get_free_addr`). */
const isDeviceConflict = ({ sequence, verdict, memory }: ArrivalFailure, { vmm }: Vm): boolean =>
  vmm === 'qemu' && verdict.cause === 'existing-map' && memory !== undefined && sequence.at(-1)?.kind !== 'device';

/** Blocks that conflict one by one are one conflict of whole devices. */
const onceEach = (failures: readonly ArrivalFailure[]): ArrivalFailure[] =>
  failures.filter((failure, index) => !failure.isConflict || failures.findIndex((other) => other.isConflict && namesIn(other) === namesIn(failure)) === index);

const namesIn = ({ sequence }: ArrivalFailure): string => sequence.map(({ name }) => name).join(' ');

/** The mapping at an address, or of the region there, where the mapping was carved around another device. */
const mapAt = (address: bigint, maps: readonly PlannedMap[]): PlannedMap | undefined =>
  maps.find(({ range }) => holds(range, address)) ?? maps.find(({ region, written }) => !written && region?.range && holds(region.range, address));

const holds = ({ base, end }: Range, address: bigint): boolean => base <= address && address < end;

function memoryAt(request: MapRequest, memory: readonly Memory[]): Region | undefined {
  const { base } = mappedRange(request);
  return memory.find(({ region, requests }) => [region.range, ...requests.map(({ range }) => range)].some((range) => range && holds(range, base)))?.region;
}

function deviceVerdict({ assignment, key, request, refusal }: ArrivingDevice, judged: readonly JudgedSpace[], context: ArrivalContext): HotplugVerdict {
  const step = { kind: 'device' as const, name: assignment.name, element: assignment.element, blocks: undefined };
  if (refusal) return { assignment, verdict: refusal, map: undefined, failures: [{ sequence: [step], verdict: refusal, isConflict: false, map: undefined, memory: undefined, affected: undefined }], untold: 0 };
  const told = judged.find(({ space }) => space.key === key)?.devices.get(request.name) ?? NOTHING;
  const alone = told.failures.find(({ sequence }) => sequence.length === 1);
  const isBooted = context.spaces.some((space) => space.key === key && space.boot);
  const map = isBooted && !alone?.verdict.existing ? undefined : alone?.map;
  return { assignment, verdict: alone?.verdict ?? OK, map, ...told };
}

/** What is told of memory in every space that maps it. */
const together = (told: readonly (Told | undefined)[]): Told => ({
  failures: told.flatMap((one) => one?.failures ?? []),
  untold: told.reduce((sum, one) => sum + (one?.untold ?? 0), 0),
});
