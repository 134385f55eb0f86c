import { answerTo, effectOfFailureText, reserveText, runText, stepText, whyRefused } from '../dma/arrival-words.js';
import type { ArrivalFailure, HotplugVerdict } from '../dma/arrivals.js';
import { formatKernel } from '../dma/kernel-version.js';
import { formatLeaves } from '../dma/leaves.js';
import type { DeviceRefusal } from '../dma/memory-device.js';
import type { Plan } from '../dma/plan.js';
import { comesAlone, leavesIn, type PluggedMemory } from '../dma/plugged-memory.js';
import { bytesOf, unreachedWith, type Comer, type Unreached } from '../dma/unreached.js';
import { formatPlural, formatRange, formatSize } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import type { Paint } from './paint.js';

/** What `hotplug` prints: each arrival, the shortest sequences after which it is refused, and what to reserve for it. */
export const hotplugText = (plans: readonly Plan[], paint: Paint): string => plans.map((plan) => `${onePlan(plan, paint)}\n`).join('\n');

function onePlan(plan: Plan, paint: Paint): string {
  const { vm, host, contract, kernel, maps } = plan;
  const whom = contract === 'none' ? 'no kernel is asked' : `${contract === 'type1' ? 'VFIO type1' : contract}, kernel ${formatKernel(kernel)}`;
  const start = `${paint.strong(`vm ${vm.name} on ${host.name}`)}: ${whom}; ${formatPlural(maps.length, 'mapping', 'mappings')} at start-up`;
  const arrivals = [...plan.hotplug.flatMap((arrival) => deviceLines(arrival, plan, paint)), ...plan.memoryHotplug.flatMap((arrival) => memoryLines(arrival, plan, paint))];
  return [start, ...(arrivals.length === 0 ? ['  nothing comes later'] : arrivals)].join('\n');
}

/** The lines of a plan about what comes later. */
export const arrivalSummary = (plan: Plan, paint: Paint): string[] =>
  [...plan.hotplug.flatMap((arrival) => summaryLines(arrival.assignment.name, arrival, plan, paint)),
   ...plan.memoryHotplug.flatMap((arrival) => summaryLines(arrival.region.name, arrival, plan, paint, leavesText(arrival)))];

/** The leaves that RAM takes, where it is mapped. */
const leavesText = (arrival: PluggedMemory): string => (arrival.maps.length === 0 || !comesAlone(arrival) ? '' : `: ${formatLeaves(leavesIn(arrival))}`);

type Judged = Comer & { readonly failures: readonly ArrivalFailure[]; readonly untold: number; readonly refusal?: DeviceRefusal | undefined };

function summaryLines(name: string, arrival: Judged, plan: Plan, paint: Paint, held = ''): string[] {
  const { failures, untold, refusal } = arrival;
  if (refusal) return [`${name}  ${paint.level('error', 'refused')} by QEMU, ${refusal.words}`];
  const lost = unreachedText(unreachedWith(arrival, plan));
  if (failures.length === 0) return [`${name}  ${paint.good('ok')}${held}${lost === '' ? '' : `; ${lost}`}`];
  const lines = failures.map((failure) => `${name}  ${afterText(failure)}${verdictText(failure, plan, paint)}`);
  return untold === 0 ? lines : [...lines, `${name}  and in ${formatPlural(untold, 'more company', 'more companies')}`];
}

const afterText = ({ sequence }: ArrivalFailure): string =>
  sequence.length === 1 ? '' : `after ${sequence.slice(0, -1).map((step) => stepText(step)).join(', ')}: `;

function verdictText(failure: ArrivalFailure, plan: Plan, paint: Paint): string {
  const blocks = failure.affected ? ` (${runText(failure.affected)})` : '';
  return `${paint.level('error', answerTo(failure))}${blocks}: ${whyRefused(failure, plan)}`;
}

const deviceLines = (arrival: HotplugVerdict, plan: Plan, paint: Paint): string[] =>
  [`  ${paint.strong(arrival.assignment.name)}  device`, ...outcomeLines(arrival, plan, paint)];

function memoryLines(arrival: PluggedMemory, plan: Plan, paint: Paint): string[] {
  const { region, kind, blocks } = arrival;
  const size = blocks ? `, ${formatPlural(blocks.count, 'block', 'blocks')} of ${formatSize(blocks.size)}` : '';
  return [`  ${paint.strong(region.name)}  ${kind === 'dimm' ? 'DIMM' : kind}${size}${leavesText(arrival)}`, ...outcomeLines(arrival, plan, paint)];
}

function outcomeLines(arrival: Judged, plan: Plan, paint: Paint): string[] {
  const { failures, untold, refusal } = arrival;
  if (refusal) return [`    ${paint.level('error', 'refused')} by QEMU, ${refusal.words}; the VM keeps running without it`];
  const lost = unreachedWith(arrival, plan);
  const lostLines = lost.map((one) => `      ${paint.faint('lost')}     ${lossText(one)}`);
  if (failures.length === 0) return [`    ${lost.some(({ isAvoided }) => !isAvoided) ? `${paint.level('error', 'ok')} in every order, but ${unreachedText(lost)}` : `${paint.good('ok')} in every order`}`, ...lostLines];
  const lines = failures.flatMap((failure) => {
    return [
      `    ${failure.sequence.map((step) => stepText(step)).join(', then ')}: ${verdictText(failure, plan, paint)}; ${effectOfFailureText(failure, plan)}`,
      `      ${paint.faint('reserve')}  ${reserveText(failure)}`,
    ];
  });
  const more = untold === 0 ? [] : [`    and in ${formatPlural(untold, 'more company', 'more companies')}`];
  return [...lines, ...more, ...lostLines];
}

/** `0x180000000-0x1800fffff of high (1 MiB), which mailbox takes; letters tells the guest`. */
function lossText({ region, range, kept, isCarved, isPlugged, keeper, isAvoided }: Unreached): string {
  const names = kept.map(({ name }) => `\`${name}\``).join(', ');
  const how = kept.length === 0 ? 'which no `map` shows' : isCarved ? `carved out around ${names}` : `which ${names} takes`;
  const after = isPlugged && keeper ? ` once \`${keeper.name}\` is there` : '';
  return `${formatRange(range)} of \`${region.name}\` (${formatSize(sizeOf(range))}), ${how}${after}: ${isAvoided ? 'the guest knows' : 'no `avoid` tells the guest'}`;
}

/** `1 MiB out of reach, and the guest knows`. */
function unreachedText(lost: readonly Unreached[]): string {
  if (lost.length === 0) return '';
  const known = lost.every(({ isAvoided }) => isAvoided);
  return `${formatSize(bytesOf(lost.map(({ range }) => range)))} out of reach, ${known ? 'and the guest knows' : 'and nobody tells the guest'}`;
}
