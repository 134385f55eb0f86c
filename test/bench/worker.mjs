// A process that does one thing again and again when it is told to, and says what it took. Each subject has a process of
// its own, so that none shares its heap or its compiled code with another.
import { fork } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { subjects } from './subjects.mjs';

/** Starts a process for a subject (subjects.mjs), warmed up. `run(times)` is the best of so many runs, in milliseconds. */
export async function startWorker(name, settings) {
  // Trees of large documents are thrown away all the time here; in a small nursery their moving about hides the rest.
  const child = fork(import.meta.filename, [name, JSON.stringify(settings)], { execArgv: ['--max-semi-space-size=64'] });
  const ended = new Promise((_, reject) => child.once('exit', (code) => reject(new Error(`${name} ended with status ${code}`))));
  ended.catch(() => undefined);
  const reply = () => Promise.race([new Promise((resolve) => child.once('message', resolve)), ended]);
  await reply();
  return {
    async run(times) {
      child.send(times);
      return reply();
    },
    stop: () => void child.kill(),
  };
}

const WARM_UP_MILLISECONDS = 3000;
const WARM_UP_RUNS = 40;

if (process.argv[1] === import.meta.filename) {
  const [name, settings] = process.argv.slice(2);
  const run = await subjects[name](JSON.parse(settings));
  const end = performance.now() + WARM_UP_MILLISECONDS;
  for (let runs = 0; runs < WARM_UP_RUNS && (runs < 2 || performance.now() < end); runs++) run();
  process.on('message', (times) => process.send(bestOf(times, run)));
  process.on('disconnect', () => process.exit());
  process.send('ready');
}

function bestOf(times, run) {
  let best = Infinity;
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
