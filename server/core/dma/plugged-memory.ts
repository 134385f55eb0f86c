import { lowestBit, smallest } from '../layout/address.js';
import type { Vm } from '../layout/model.js';
import type { MemoryVerdict } from './arrivals.js';
import { sumOfLeaves, type Leaves } from './leaves.js';
import type { Plan } from './plan.js';
import { plannedMap, type PlannedMap, type TablesOfHost } from './planned-map.js';
import { pluggedRequests, type DmaRequest, type LeftOut, type MappingHabits, type Requests } from './requests.js';
import { OK, type Verdict } from './verdict.js';

/** RAM that comes while the guest runs, with what is mapped of it once all of it is there. */
export interface PluggedMemory extends MemoryVerdict {
  /** One for each request, none where QEMU doesn't take it; blocks of `virtio-mem` that follow one another as one, no leaf of which is larger than a block. */
  readonly maps: readonly PlannedMap[];
  readonly leftOut: readonly LeftOut[];
}

/** What becomes of RAM if nothing else has come before. */
export const aloneVerdict = ({ failures }: Pick<MemoryVerdict, 'failures'>): Verdict =>
  failures.find(({ sequence }) => sequence.length === 1)?.verdict ?? OK;

/** The leaves that all of it takes. */
export const leavesIn = ({ maps }: PluggedMemory): Leaves => sumOfLeaves(maps.map(({ leaves }) => leaves));

/** The mappings from start-up, and those of RAM that comes later. */
export const mapsInAll = ({ maps, memoryHotplug }: Pick<Plan, 'maps' | 'memoryHotplug'>): PlannedMap[] => [...maps, ...memoryHotplug.flatMap((memory) => memory.maps)];

/** What is left out at start-up, and of RAM that comes later. */
export const leftOutInAll = ({ leftOut, memoryHotplug }: Pick<Plan, 'leftOut' | 'memoryHotplug'>): LeftOut[] => [...leftOut, ...memoryHotplug.flatMap((memory) => memory.leftOut)];

/** The mappings that a `map` says as well: one of `virtio-mem` would make one request of all its blocks. */
export const mapsToWrite = ({ maps, memoryHotplug }: Plan): PlannedMap[] => [...maps, ...memoryHotplug.flatMap((memory) => (memory.blocks ? [] : memory.maps))];

/** Whether some of it comes if nothing else does. */
export const comesAlone = ({ kind, failures, refusal }: MemoryVerdict): boolean => !refusal && (kind === 'virtio-mem' || aloneVerdict({ failures }).errno === 'ok');

/** What is mapped of RAM that comes to what is there from start-up. */
export function pluggedMemory(memory: MemoryVerdict, vm: Vm, habits: MappingHabits, tables: TablesOfHost): PluggedMemory {
  if (memory.refusal) return { ...memory, maps: [], leftOut: [] };
  const { requests, leftOut } = requestsOnce(memory, vm, habits);
  const verdict = aloneVerdict(memory);
  return { ...memory, maps: requests.map((request) => plannedMap(inBlocks(request, memory), verdict, tables)), leftOut };
}

function requestsOnce({ region, requests, blocks }: MemoryVerdict, vm: Vm, habits: MappingHabits): Requests {
  if (requests.some(({ written }) => written)) return { requests, leftOut: [] };
  const part = blocks && region.range && { base: region.range.base, end: region.range.base + blocks.size * blocks.count };
  return pluggedRequests(region, vm, habits, part);
}

/** Blocks are asked for by themselves: no leaf is larger than the largest power of two at whose multiples all of them begin and end. */
function inBlocks(request: DmaRequest, { blocks, requests: [first] }: MemoryVerdict): DmaRequest {
  if (!blocks || !first) return request;
  const piece = lowestBit(first.range.base | blocks.size);
  return { ...request, piece: smallest(piece, request.piece ?? piece) };
}
