import { formatKernel } from '../dma/kernel-version.js';
import { answerTo, runText, stepText, whyRefused } from '../dma/arrival-words.js';
import type { ArrivalFailure } from '../dma/arrivals.js';
import { stanceName, type Comparison, type KernelSpan, type Outcome } from '../dma/compare.js';
import type { Plan } from '../dma/plan.js';
import type { PluggedMemory } from '../dma/plugged-memory.js';
import type { Verdict } from '../dma/verdict.js';
import { formatAddress, formatCount, formatRange, formatSize } from '../layout/address.js';
import { sizeOf, type Range } from '../layout/intervals.js';

/** The rows of a table with one column for each stance, for a terminal and for Markdown alike. */

export interface ComparisonRow {
  readonly heading: string;
  readonly cells: readonly string[];
}

/** What a cell says where there is nothing to say: the guest doesn't start, or there is no such layout. */
const NOTHING = '–';

export function comparisonRows({ plan, outcomes }: Comparison): ComparisonRow[] {
  const row = (heading: string, cellOf: (outcome: Outcome) => string): ComparisonRow => ({ heading, cells: outcomes.map(cellOf) });
  const counted = (heading: string, count: (plan: Plan, outcome: Outcome) => string): ComparisonRow =>
    row(heading, (outcome) => (outcome.plan && outcome.start.errno === 'ok' && count(outcome.plan, outcome)) || NOTHING);
  const sizes = plan.format.leafSizes.filter((size) => outcomes.some(({ plan: made }) => (made?.totals.leaves.get(size) ?? 0n) > 0n));
  return [
    row('cold start', ({ plan: made, start }) => (made ? startText(start) : NOTHING)),
    counted('mappings', ({ totals }) => formatCount(totals.maps)),
    ...sizes.map((size) => counted(`leaves of ${formatSize(size)}`, ({ totals }) => formatCount(totals.leaves.get(size) ?? 0n))),
    counted('IOTLB entries for all', ({ totals }) => formatCount(totals.entries)),
    counted('table pages', ({ totals }) => formatCount(totals.tables.reduce((sum, count) => sum + count, 0n))),
    counted('tables take', ({ totals }) => formatSize(totals.tableBytes)),
    counted('RAM out of reach', (_, { outOfReach }) => bytesText(outOfReach)),
    counted('guest told to keep off', (_, outcome) => toldText(outcome)),
    counted('devices plugged later', ({ hotplug }) => hotplug.map(({ assignment, verdict }) => `${assignment.name} ${verdict.errno}`).join(', ')),
    counted('memory plugged later', ({ memoryHotplug }) => memoryHotplug.map((memory) => `${memory.region.name} ${worstAnswer(memory)}`).join(', ')),
    row('kernels', ({ kernels }) => kernels.map(spanText).join('; ') || NOTHING),
  ].filter(({ heading, cells }) => !heading.endsWith('plugged later') || cells.some((cell) => cell !== NOTHING));
}

/** What becomes of RAM in the shortest sequence after which it is refused; `ok` if there is none, `refused` where the VMM asks nobody. */
export function worstAnswer({ failures, refusal }: PluggedMemory): Verdict['errno'] | 'refused' {
  if (refusal) return 'refused';
  const failure = shortest(failures);
  return failure ? answerTo(failure) : 'ok';
}

const shortest = (failures: readonly ArrivalFailure[]): ArrivalFailure | undefined =>
  [...failures].sort((left, right) => left.sequence.length - right.sequence.length)[0];

const startText = ({ errno, reason }: Outcome['start']): string => (errno !== 'ok' ? errno : reason === undefined || reason.startsWith('no device') ? 'ok' : 'ok, but');

const bytesText = (ranges: readonly Range[]): string => (ranges.length === 0 ? 'none' : formatSize(ranges.reduce((sum, range) => sum + sizeOf(range), 0n)));

function toldText({ keptOff }: Outcome): string {
  if (keptOff.length === 0) return 'nothing';
  const untold = keptOff.filter(({ avoid }) => !avoid).length;
  return untold === 0 ? 'yes' : untold === keptOff.length ? 'not yet' : 'in part';
}

/** `before 5.4 ok`, `since 5.4 EINVAL`, `all ok`. */
export function spanText({ from, until, errno }: KernelSpan): string {
  if (!from && !until) return `all ${errno}`;
  if (!from) return `before ${until ? formatKernel(until) : ''} ${errno}`;
  return `since ${formatKernel(from)} ${errno}`;
}

/** What no cell has room for, a sentence each: why a stance fails, what the guest is told of, what moves where. */
export function comparisonRemarks({ outcomes }: Comparison): { stance: string; text: string }[] {
  return outcomes.flatMap((outcome) => remarksOn(outcome).map((text) => ({ stance: stanceName(outcome).replace(' *', ''), text })));
}

function remarksOn({ why, start, keptOff, moves, plan }: Outcome): string[] {
  if (why !== undefined) return [why];
  const failed = start.errno !== 'ok';
  return [
    ...(start.reason === undefined ? [] : [failed ? `${start.errno}: ${start.reason}` : start.reason]),
    ...moves.map(({ region, to }) => `\`${region.name}\` at ${formatAddress(to)} instead of ${formatAddress(region.range?.base ?? 0n)}`),
    ...(failed ? [] : keptOff.map(({ range, avoid }) => `the guest keeps off ${formatRange(range)}: ${avoid ? `\`${avoid.name}\` tells it${avoid.via === undefined ? '' : `, via ${avoid.via}`}` : 'no `avoid` tells it yet'}`)),
    ...(failed ? [] : (plan?.hotplug ?? []).flatMap(({ assignment, verdict }) => (verdict.errno === 'ok' || !verdict.kept ? [] : [`\`${assignment.name}\` can’t be plugged: RAM lies over \`${verdict.kept.name}\` (${formatRange(verdict.kept.range)})`]))),
    ...(failed || !plan ? [] : plan.memoryHotplug.flatMap((memory) => refusedRemarks(memory, plan))),
  ];
}

function refusedRemarks({ region: { name }, failures, refusal }: PluggedMemory, plan: Plan): string[] {
  if (refusal) return [`\`${name}\` can’t be plugged: QEMU refuses it, ${refusal.words}`];
  const failure = shortest(failures);
  if (!failure) return [];
  const before = failure.sequence.slice(0, -1).map((step) => stepText(step, '`'));
  const what = failure.affected ? `${runText(failure.affected)} of \`${name}\`` : `\`${name}\``;
  return [`${what} can’t be plugged${before.length === 0 ? '' : ` after ${before.join(' and ')}`}: ${whyRefused(failure, plan)}`];
}

/** `web on altra: VFIO type1, kernel 6.6`. */
export function comparisonTitle({ vm, host, plan }: Comparison): string {
  const whom = plan.contract === 'none' ? 'no kernel is asked' : `${plan.contract === 'type1' ? 'VFIO type1' : plan.contract}, kernel ${formatKernel(plan.kernel)}`;
  return `${vm.name} on ${host.name}: ${whom}`;
}
