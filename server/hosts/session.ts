import type { Worker } from 'node:worker_threads';

/** What a command knows of the process it runs in. Tests give it another one. */
export interface Session {
  /** The working directory. */
  readonly folder: string;
  /** Today's date, `2026-11-22`. */
  readonly today: string;
  readonly out: Sink;
  readonly err: Sink;
  /** Standard input, until it ends. */
  input(): AsyncIterable<Uint8Array>;
  /** Starts another thread of this program; where there is none, all work is done in this one. */
  readonly startThread?: () => Worker;
}

/** Somewhere to write to. */
export interface Sink {
  write(text: string): void;
  /** Whether it shows colours: a terminal, and nobody who set NO_COLOR. */
  readonly colour: boolean;
  /** Whether somebody watches it being written. */
  readonly terminal?: boolean;
}

/** The exit status of a command. */
export const STATUS = { fine: 0, found: 1, misuse: 2 } as const;

/** Misuse, or input that can't be read: told in one line, and the exit status is 2. */
export class Misuse extends Error {}

/** Says something that is not the result itself. */
export const tell = (session: Session, message: string): void => session.err.write(`vmlayout: ${message}\n`);
