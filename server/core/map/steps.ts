import { answerTo, effectOfFailure, effectOfFailureText, stepText, whyRefused } from '../dma/arrival-words.js';
import type { ArrivalFailure, SequenceStep } from '../dma/arrivals.js';
import type { DeviceRefusal } from '../dma/memory-device.js';
import type { Plan } from '../dma/plan.js';
import { reasonOf } from '../dma/verdict-words.js';
import type { Region } from '../layout/model.js';
import { plain } from '../layout/written.js';
import type { Sequence, Step } from './model.js';

/** Something that comes later: its number is its index, devices first. */
interface Arrival {
  readonly kind: SequenceStep['kind'];
  readonly name: string;
  readonly element: SequenceStep['element'];
  readonly failures: readonly ArrivalFailure[];
  /** Why QEMU doesn't take it, whoever is there. */
  readonly refusal: DeviceRefusal | undefined;
}

/** Sequences that one can choose from; a guest with more to tell has a list that nobody reads. */
const MOST_SEQUENCES = 64;

/**
 * What may come in which order: everything as it is declared; what of that works, if not everything does; each shortest
 * sequence that is refused; and each arrival by itself that is not.
 */
export function sequencesOf(plan: Plan): Sequence[] {
  const arrivals = arrivalsIn(plan);
  if (arrivals.length === 0) return [{ label: 'start-up', steps: [startUp(plan)] }];
  const all = arrivals.map((_, index) => ({ index, words: wordsOf(arrivals[index]) }));
  const declared = run('as declared', all, arrivals, plan);
  const accepted = declared.steps.flatMap(({ verdict, arrival }) => (verdict === 'ok' && arrival !== undefined ? all[arrival] ?? [] : []));
  const refused = arrivals.flatMap(({ failures }) => failures).map((failure) => steps(failure.sequence, arrivals));
  const alone = all.filter(({ index }) => !arrivals[index]?.refusal && !arrivals[index]?.failures.some(isAlone)).map((one) => [one]);
  const others = [accepted, ...refused, ...alone].filter((turns) => turns.length > 0).map((turns) => run(labelOf(turns), turns, arrivals, plan));
  return [declared, ...distinct(others, declared)].slice(0, MOST_SEQUENCES);
}

/** RAM that comes later, by the numbers of its arrivals. */
export const arrivalsOf = (region: Region, { hotplug, memoryHotplug }: Plan): number[] =>
  memoryHotplug.flatMap((memory, index) => (memory.region === region ? [numberOfMemory(index, { hotplug })] : []));

export const numberOfMemory = (index: number, { hotplug }: Pick<Plan, 'hotplug'>): number => hotplug.length + index;

const isAlone = ({ sequence }: ArrivalFailure): boolean => sequence.length === 1;

const arrivalsIn = ({ hotplug, memoryHotplug }: Plan): Arrival[] => [
  ...hotplug.map(({ assignment: { name, element }, failures }): Arrival => ({ kind: 'device', name, element, failures, refusal: undefined })),
  ...memoryHotplug.map(({ region, kind, requests: [first], failures, refusal }): Arrival => {
    // Of virtio-mem whose maps are written each one comes by itself.
    const name = first?.written && kind === 'virtio-mem' ? first.name : region.name;
    return { kind, name, element: region.element, failures, refusal };
  }),
];

const isSame = (one: Pick<Arrival, 'name' | 'element'>, other: Pick<Arrival, 'name' | 'element'>): boolean => one.element === other.element && one.name === other.name;

/** An arrival in a sequence, perhaps only some of its blocks. */
interface Turn {
  readonly index: number;
  readonly words: string;
}

const wordsOf = (arrival: Arrival | undefined): string => arrival?.name ?? '';

const steps = (sequence: readonly SequenceStep[], arrivals: readonly Arrival[]): Turn[] =>
  sequence.flatMap((step) => {
    const index = arrivals.findIndex((arrival) => isSame(arrival, step));
    return index < 0 ? [] : [{ index, words: stepText(step) }];
  });

const labelOf = (turns: readonly Turn[]): string => turns.length === 1 ? `only ${turns[0]?.words ?? ''}` : turns.map(({ words }) => words).join(', then ');

const distinct = (sequences: readonly Sequence[], first: Sequence): Sequence[] => {
  const shape = ({ steps: own }: Sequence): string => own.map(({ label }) => label).join('\n');
  const seen = new Set([shape(first)]);
  return sequences.filter((one) => !seen.has(shape(one)) && seen.add(shape(one)));
};

/** Lets one arrival after the other come. What is refused is gone at the next one, and an aborted VM has no next one. */
function run(label: string, turns: readonly Turn[], arrivals: readonly Arrival[], plan: Plan): Sequence {
  const taken: Step[] = [startUp(plan)];
  const came: number[] = [];
  for (const { index, words } of turns) {
    const arrival = arrivals[index];
    if (!arrival) continue;
    const others = came.flatMap((one) => arrivals[one] ?? []);
    const failure = arrival.failures.find(({ sequence }) => sequence.slice(0, -1).every((step) => others.some((other) => isSame(other, step))));
    taken.push(stepOf({ label: arrival.kind === 'device' ? `${words} is plugged in` : `${words} arrives`, arrival: index, present: [...came, index] }, failure, arrival, plan));
    if (arrival.refusal) continue;
    if (!failure) came.push(index);
    else if (effectOfFailure(failure, plan) === 'aborts') break;
  }
  return { label, steps: taken };
}

function startUp(plan: Plan): Step {
  const refused = [...plan.attach, ...plan.maps].find(({ verdict }) => verdict.errno !== 'ok')?.verdict;
  return { label: 'start-up', arrival: undefined, present: [], verdict: refused?.errno ?? 'ok', reason: refused ? plain(reasonOf(refused, plan)) : '', witness: refused?.witness };
}

function stepOf(begun: Pick<Step, 'label' | 'arrival' | 'present'>, failure: ArrivalFailure | undefined, { refusal }: Arrival, plan: Plan): Step {
  if (refusal) return { ...begun, verdict: 'refused', reason: `QEMU refuses it, ${refusal.words}; the VM keeps running without it`, witness: undefined };
  if (!failure) return { ...begun, verdict: 'ok', reason: '', witness: undefined };
  const company = failure.sequence.slice(0, -1).map((step) => stepText(step)).join(', ');
  const why = plain(`${whyRefused(failure, plan)}; ${effectOfFailureText(failure, plan)}`);
  return { ...begun, verdict: answerTo(failure), reason: company === '' ? why : `after ${company}: ${why}`, witness: failure.verdict.witness };
}
