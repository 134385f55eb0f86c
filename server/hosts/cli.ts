import process from 'node:process';
import { run } from './commands/run.js';
import type { Session, Sink } from './session.js';
import { today } from './today.js';

/** The program `vmlayout`. The exit status is set, not taken at once: what is printed has to get through. */
const session: Session = {
  folder: process.cwd(),
  today: today(),
  out: sinkTo(process.stdout),
  err: sinkTo(process.stderr),
  input: () => process.stdin,
};

void run(process.argv.slice(2), session).then((status) => {
  process.exitCode = status;
});

function sinkTo(stream: NodeJS.WriteStream): Sink {
  // Whoever reads may have seen enough, as `head` has.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return { write: (text) => void stream.write(text), colour: stream.isTTY === true && !process.env['NO_COLOR'] };
}
