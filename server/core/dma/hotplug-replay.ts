import { alignDown, alignUp } from '../layout/address.js';
import { type Range, subtract } from '../layout/intervals.js';
import { type Container, openContainer } from './contract.js';
import { excludedBy } from './usable-ranges.js';
import { type AttachRequest, type ContainerOptions, mappedRange, type MapRequest, OK, type Verdict } from './verdict.js';

/** A guest to which groups and memory can be added while it runs, as far as the kernel is asked. */
export interface HotplugSystem {
  readonly options: ContainerOptions;
  /** Groups attached at start-up. */
  readonly boot: readonly AttachRequest[];
  /** What the VMM maps as soon as a group is attached, before it carves. */
  readonly ram: readonly MapRequest[];
  readonly arrivals: readonly Arrival[];
  /**
   * Where the VMM carves around what attached groups keep: what the holes are widened to multiples of, in
   * bytes. Nothing where it doesn't carve.
   */
  readonly carve: bigint | undefined;
}

export type Arrival = GroupArrival | MemoryArrival;

/** A group of devices; one that is attached already comes for nothing. */
export interface GroupArrival {
  readonly kind: 'group';
  readonly group: AttachRequest;
}

/** Memory: all requests are made at once (a DIMM), or, with `blocks`, the one request again and again. */
export interface MemoryArrival {
  readonly kind: 'memory';
  /** Before carving; with `blocks`, exactly one: that of the first block. */
  readonly requests: readonly MapRequest[];
  /** Blocks that come in any order, each so many bytes after the one before. */
  readonly blocks: { readonly stride: bigint; readonly count: bigint } | undefined;
}

/** One arrival of a sequence, by its place in the system; of memory in blocks, some of them in order. */
export interface ArrivalStep {
  readonly arrival: number;
  readonly blocks?: BlockRun;
}

/** Blocks from `first` on, counted from 0. */
export interface BlockRun {
  readonly first: bigint;
  readonly count: bigint;
}

/** A guest that runs: what its container holds. A value, like the container. */
export interface Running {
  readonly container: Container;
  readonly attached: readonly AttachRequest[];
  /** Memory that came before the first group, and is mapped with it. */
  readonly waiting: readonly MapRequest[];
}

/** What came of one arrival; after a refusal `running` is what was there before. */
export interface Arrived {
  readonly running: Running;
  readonly verdict: Verdict;
  /** The mapping that was refused; nothing where it was the attachment. */
  readonly request?: MapRequest;
}

/** The guest after start-up; what is refused then isn't held. */
export function startUp(system: HotplugSystem): Running {
  let running: Running = { container: openContainer(system.options), attached: [], waiting: [] };
  for (const group of system.boot) running = withGroup(running, group).running;
  if (running.attached.length === 0) return running;
  let { container } = running;
  for (const request of system.ram.flatMap((one) => carved(system, one, running.attached))) [container] = container.map(request);
  return { ...running, container };
}

/** Lets one thing arrive, as a VMM would ask the kernel for it. */
export function arrive(system: HotplugSystem, running: Running, step: ArrivalStep): Arrived {
  const arrival = system.arrivals[step.arrival];
  if (!arrival) throw new RangeError(`there is no arrival ${step.arrival}`);
  if (arrival.kind === 'group') return attachLater(system, running, arrival.group);
  const requests = requestsOfStep(arrival, step);
  if (running.attached.length === 0) return { running: { ...running, waiting: [...running.waiting, ...requests] }, verdict: OK };
  return mapAll(system, running, requests);
}

/** Lets a sequence arrive until something is refused; tells at which step. */
export function arriveInTurn(system: HotplugSystem, running: Running, steps: readonly ArrivalStep[]): Arrived & { readonly refusedAt: number | undefined } {
  let now = running;
  for (const [index, step] of steps.entries()) {
    const arrived = arrive(system, now, step);
    if (arrived.verdict.errno !== 'ok') return { ...arrived, refusedAt: index };
    now = arrived.running;
  }
  return { running: now, verdict: OK, refusedAt: undefined };
}

function withGroup(running: Running, group: AttachRequest): Arrived {
  const [container, verdict] = running.container.attach(group);
  if (verdict.errno !== 'ok') return { running, verdict };
  return { running: { ...running, container, attached: [...running.attached, group] }, verdict };
}

/** The first group brings all memory that is there by then with it; if any of that is refused, the group leaves again. */
function attachLater(system: HotplugSystem, running: Running, group: AttachRequest): Arrived {
  if (running.attached.some(({ name }) => name === group.name)) return { running, verdict: OK };
  const attached = withGroup(running, group);
  if (attached.verdict.errno !== 'ok' || running.attached.length > 0) return attached;
  const mapped = mapAll(system, { ...attached.running, waiting: [] }, [...system.ram, ...running.waiting]);
  return mapped.verdict.errno === 'ok' ? mapped : { ...mapped, running };
}

function mapAll(system: HotplugSystem, running: Running, requests: readonly MapRequest[]): Arrived {
  let { container } = running;
  for (const request of requests.flatMap((one) => carved(system, one, running.attached))) {
    const [after, verdict] = container.map(request);
    // A BAR that can't be mapped costs peer-to-peer DMA alone: the VMM warns and goes on (QEMU hw/vfio/listener.c).
    if (verdict.errno !== 'ok' && request.kind !== 'bar') return { running, verdict, request };
    container = after;
  }
  return { running: { ...running, container }, verdict: OK };
}

function requestsOfStep({ requests, blocks }: MemoryArrival, step: ArrivalStep): readonly MapRequest[] {
  const [first] = requests;
  if (!blocks || !first) return requests;
  const { first: start, count } = step.blocks ?? { first: 0n, count: blocks.count };
  return Array.from({ length: Number(count) }, (_, index) => blockAt(first, blocks.stride, start + BigInt(index)));
}

/** The request of the block with this number. */
export const blockAt = (first: MapRequest, stride: bigint, number: bigint): MapRequest =>
  ({ ...first, iova: first.iova + number * stride, offset: first.offset + number * stride });

/** What is left of a request if the VMM carves around what these groups keep; each piece keeps its bytes. */
export function carved(system: HotplugSystem, request: MapRequest, attached: readonly AttachRequest[]): MapRequest[] {
  const holes = holesOf(system, attached);
  if (holes.length === 0) return [request];
  const pieces = subtract(mappedRange(request), holes);
  return pieces.map(({ base, end }) => ({ ...request, iova: base, size: end - base, offset: request.offset + (base - request.iova) }));
}

/** What the VMM leaves unmapped for these groups. */
export function holesOf({ carve }: HotplugSystem, attached: readonly AttachRequest[]): Range[] {
  if (carve === undefined) return [];
  return excludedBy(attached).map(({ range }) => ({ base: alignDown(range.base, carve), end: alignUp(range.end, carve) }));
}
