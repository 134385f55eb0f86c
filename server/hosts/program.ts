import { realpathSync } from 'node:fs';
import process from 'node:process';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { run } from './commands/run.js';
import { answerTasks } from './file-reports.js';
import { inWords } from './files.js';
import type { Session, Sink } from './session.js';
import { today } from './today.js';

/** The program `vmlayout`, and the threads that it starts of itself. */
if (isMainThread) void start();
else if (parentPort) answerTasks(parentPort);

/** The exit status is set, not taken at once: what is printed has to get through. */
async function start(): Promise<void> {
  const session: Session = {
    folder: process.cwd(),
    today: today(),
    out: sinkTo(process.stdout),
    err: sinkTo(process.stderr),
    input: () => process.stdin,
    startThread: () => new Worker(realpathSync(process.argv[1] ?? '')),
  };
  process.exitCode = await run(process.argv.slice(2), session);
}

function sinkTo(stream: NodeJS.WriteStream): Sink {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads may have seen enough, as `head` has.
    if (error.code === 'EPIPE') return;
    if (stream !== process.stderr) process.stderr.write(`vmlayout: standard output: ${inWords(error, 'written')}\n`);
    process.exit(2);
  });
  const terminal = stream.isTTY === true;
  return { write: (text) => void stream.write(text), terminal, colour: terminal && !process.env['NO_COLOR'] };
}
