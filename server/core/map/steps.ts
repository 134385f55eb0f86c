import { stepText, whyRefused } from '../dma/arrival-words.js';
import type { ArrivalFailure, MemoryVerdict } from '../dma/arrivals.js';
import type { Plan } from '../dma/plan.js';
import { reasonOf } from '../dma/verdict-words.js';
import { OK, type Verdict } from '../dma/verdict.js';
import type { Region } from '../layout/model.js';
import type { Step } from './model.js';

/** Start-up, then each device that comes later, then RAM that does, in the order of the plan. */
export function stepsOf(plan: Plan): Step[] {
  const refused = [...plan.attach, ...plan.maps].find(({ verdict }) => verdict.errno !== 'ok')?.verdict;
  const start = { label: 'start-up', verdict: refused?.errno ?? 'ok', reason: refused ? reasonOf(refused, plan) : '', witness: refused?.witness };
  return [
    start,
    ...plan.hotplug.map(({ assignment, failures }) => stepOf(`${assignment.name} is plugged in`, failures, plan)),
    ...plan.memoryHotplug.map((memory) => stepOf(`${memory.region.name} arrives`, memory.failures, plan)),
  ];
}

/** The step at which RAM that comes later is there; nothing where it is there from the start. */
export function arrivalOf(region: Region, { hotplug, memoryHotplug }: Plan): number | undefined {
  const index = memoryHotplug.findIndex((memory) => memory.region === region);
  return index < 0 ? undefined : stepOfMemory(index, { hotplug });
}

export const stepOfMemory = (index: number, { hotplug }: Pick<Plan, 'hotplug'>): number => 1 + hotplug.length + index;

/** What becomes of RAM that comes, if nothing else came before. */
export const aloneVerdict = ({ failures }: Pick<MemoryVerdict, 'failures'>): Verdict => failures.find(({ sequence }) => sequence.length === 1)?.verdict ?? OK;

/** The worst that can become of an arrival: refused by itself, else in company. */
function stepOf(label: string, failures: readonly ArrivalFailure[], plan: Plan): Step {
  const failure = failures.find(({ sequence }) => sequence.length === 1) ?? failures[0];
  if (!failure) return { label, verdict: 'ok', reason: '', witness: undefined };
  const company = failure.sequence.slice(0, -1).map((step) => stepText(step)).join(', ');
  const why = whyRefused(failure, plan);
  return { label, verdict: failure.verdict.errno, reason: company === '' ? why : `after ${company}: ${why}`, witness: failure.verdict.witness };
}
