import { once } from 'node:events';
import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { CheckOutcome, CheckTask } from './file-reports.js';
import type { Session } from './session.js';

/** Bytes of layouts from which on threads pay, and bytes that each should have: a thread needs a while to start and to get warm (docs/performance.md). */
const LEAST_BYTES = 400_000;
const BYTES_EACH = 150_000;
const MOST_THREADS = 8;

/** How many threads check these files soonest; 0 where this one alone does. */
export function threadsFor(names: readonly string[], { startThread, folder }: Session): number {
  if (!startThread || names.length < 2) return 0;
  const bytes = names.reduce((sum, name) => sum + sizeOf(path.resolve(folder, name)), 0);
  if (bytes < LEAST_BYTES) return 0;
  const threads = Math.min(os.availableParallelism(), names.length, Math.floor(bytes / BYTES_EACH), MOST_THREADS);
  return threads < 2 ? 0 : threads;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Does the tasks in as many threads; the outcomes are in the order of the tasks. */
export async function inThreads(tasks: readonly CheckTask[], count: number, startThread: () => Worker, done: () => void): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const thread = startThread();
    try {
      for (let index = next++; index < tasks.length; index = next++) {
        thread.postMessage(tasks[index]);
        const [outcome] = (await once(thread, 'message')) as [CheckOutcome];
        outcomes[index] = outcome;
        done();
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  return outcomes;
}
