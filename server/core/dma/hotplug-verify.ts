import { type ArrivalStep, arrive, type Arrived, arriveInTurn, type BlockRun, type HotplugSystem, type Running } from './hotplug-replay.js';
import type { MapRequest, Verdict } from './verdict.js';

/** A sequence of arrivals after start-up, the last of which is refused. */
export interface HotplugFailure {
  readonly steps: readonly ArrivalStep[];
  readonly verdict: Verdict;
  /** The mapping that is refused; nothing where it is an attachment. */
  readonly request: MapRequest | undefined;
  /** The blocks of the last arrival to which the same happens. */
  readonly affected: BlockRun | undefined;
}

/** A sequence that a condition points at. */
export interface Candidate {
  readonly before: readonly ArrivalStep[];
  readonly last: ArrivalStep;
  readonly affected?: BlockRun | undefined;
}

/** Asks the model of the kernel about candidates; what sequences begin alike with is asked once. */
export class Verifier {
  readonly #system: HotplugSystem;
  readonly #running: Running;
  readonly #states = new Map<string, Arrived>();

  constructor(system: HotplugSystem, running: Running) {
    this.#system = system;
    this.#running = running;
  }

  /** The failure, if the last step is refused, none before it is, and it isn't refused with one of them missing. */
  failureOf({ before, last, affected }: Candidate): HotplugFailure | undefined {
    const arrived = this.#lastOf(before, last);
    if (!arrived || arrived.verdict.errno === 'ok' || before.some((_, index) => this.#isRefusedWithout(index, before, last))) return undefined;
    return { steps: [...before, last], verdict: arrived.verdict, request: arrived.request, affected: last.blocks && (affected ?? last.blocks) };
  }

  #isRefusedWithout(index: number, before: readonly ArrivalStep[], last: ArrivalStep): boolean {
    const arrived = this.#lastOf(before.toSpliced(index, 1), last);
    return arrived !== undefined && arrived.verdict.errno !== 'ok';
  }

  /** What comes of the last step; nothing where one before it is refused. */
  #lastOf(before: readonly ArrivalStep[], last: ArrivalStep): Arrived | undefined {
    const key = [...before, last].map(({ arrival, blocks }) => `${arrival}/${blocks?.first}`).join(' ');
    const known = this.#states.get(key);
    if (known) return known;
    const running = this.#after(before);
    const arrived = running && (this.#mapWaiting(running, before, last) ?? arrive(this.#system, running, last));
    if (arrived) this.#states.set(key, arrived);
    return arrived;
  }

  #after(steps: readonly ArrivalStep[]): Running | undefined {
    const last = steps.at(-1);
    if (!last) return this.#running;
    const arrived = this.#lastOf(steps.slice(0, -1), last);
    return arrived?.verdict.errno === 'ok' ? arrived.running : undefined;
  }

  /** The first group after memory: as if the memory came right after it. So RAM is mapped once for each group. */
  #mapWaiting(running: Running, before: readonly ArrivalStep[], last: ArrivalStep): Arrived | undefined {
    if (running.attached.length > 0 || before.length === 0 || this.#system.arrivals[last.arrival]?.kind !== 'group') return undefined;
    const opened = this.#lastOf([], last);
    if (!opened || opened.verdict.errno !== 'ok') return opened;
    const { verdict, request, running: after } = arriveInTurn(this.#system, opened.running, before);
    return { verdict, ...(request && { request }), running: verdict.errno === 'ok' ? after : running };
  }
}
