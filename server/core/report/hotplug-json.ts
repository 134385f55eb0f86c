import { answerTo, effectOfFailure, reserveText, whyRefused } from '../dma/arrival-words.js';
import type { ArrivalFailure, HotplugVerdict, SequenceStep } from '../dma/arrivals.js';
import type { BlockRun } from '../dma/hotplug-replay.js';
import { formatKernel } from '../dma/kernel-version.js';
import type { Plan } from '../dma/plan.js';
import { aloneVerdict, leavesIn, type PluggedMemory } from '../dma/plugged-memory.js';
import { countTables } from '../dma/tables.js';
import { unreachedWith, type Unreached } from '../dma/unreached.js';
import { leavesRecord } from './leaves-json.js';
import { formatAddress } from '../layout/address.js';
import { lastOf, type Range } from '../layout/intervals.js';

/** What `hotplug --format json` prints: docs/schema/hotplug.schema.json. */
export function hotplugJson(plans: readonly Plan[]): string {
  return `${JSON.stringify({ schema: 1, vms: plans.map(vmRecord) }, undefined, 2)}\n`;
}

const vmRecord = (plan: Plan) => ({
  vm: plan.vm.name,
  host: plan.host.name,
  contract: plan.contract,
  kernel: formatKernel(plan.kernel),
  maps: plan.maps.length,
  arrivals: arrivalRecords(plan),
});

/** Everything that comes later, devices before RAM; the plan prints the same. */
export const arrivalRecords = (plan: Plan) => [
  ...plan.hotplug.map((arrival) => deviceRecord(arrival, plan)),
  ...plan.memoryHotplug.map((arrival) => memoryRecord(arrival, plan)),
];

const deviceRecord = (arrival: HotplugVerdict, plan: Plan) => ({
  device: arrival.assignment.name,
  attach: arrival.verdict.errno,
  ...witnessRecord(arrival.verdict.witness),
  failures: arrival.failures.map((failure) => failureRecord(failure, plan)),
  untold: arrival.untold,
  outOfReach: unreachedWith(arrival, plan).map(unreachedRecord),
});

function memoryRecord(arrival: PluggedMemory, plan: Plan) {
  const { region, kind, blocks, refusal, failures, untold } = arrival;
  const alone = aloneVerdict(arrival);
  return {
    memory: region.name,
    kind,
    ...(blocks && { block: formatAddress(blocks.size), blocks: Number(blocks.count) }),
    ...(refusal ? { refused: `QEMU refuses it, ${refusal.words}` } : { map: alone.errno }),
    ...witnessRecord(alone.witness),
    leaves: leavesRecord(leavesIn(arrival)),
    tables: countTables(arrival.maps.map(({ segments }) => segments), plan.format).map(Number),
    failures: failures.map((failure) => failureRecord(failure, plan)),
    untold,
    outOfReach: unreachedWith(arrival, plan).map(unreachedRecord),
  };
}

const unreachedRecord = ({ region, range, kept, isCarved, isPlugged, keeper, isAvoided }: Unreached) => ({
  region: region.name,
  base: formatAddress(range.base),
  last: formatAddress(lastOf(range)),
  reserved: kept.map(({ name }) => name),
  ...(isPlugged && keeper && { after: keeper.name }),
  carved: isCarved,
  avoided: isAvoided,
});

function failureRecord(failure: ArrivalFailure, plan: Plan) {
  const { sequence, verdict, map, memory, affected } = failure;
  const inTheWay = map?.name ?? memory?.name;
  return {
    sequence: sequence.map(stepRecord),
    verdict: answerTo(failure),
    ...(verdict.cause && { cause: verdict.cause }),
    ...witnessRecord(verdict.witness),
    ...(verdict.kept && { reserved: verdict.kept.name }),
    ...(inTheWay !== undefined && { mapping: inTheWay }),
    ...(affected && { affected: runRecord(affected) }),
    vm: effectOfFailure(failure, plan),
    why: whyRefused(failure, plan),
    reserve: reserveText(failure),
  };
}

const stepRecord = ({ name, kind, blocks }: SequenceStep) => ({ name, kind, ...(blocks && { blocks: runRecord(blocks) }) });

const runRecord = ({ first, count }: BlockRun) => ({ first: Number(first), count: Number(count) });

const witnessRecord = (range: Range | undefined) => (range ? { witness: { base: formatAddress(range.base), last: formatAddress(lastOf(range)) } } : {});
