import type { Session } from './session.js';

/** Milliseconds of work without a word. */
const PATIENCE = 500;
const INTERVAL = 100;

/** Tells on a terminal, over standard error, how far long work has come; elsewhere nothing. */
export class Progress {
  readonly #session: Pick<Session, 'err'>;
  readonly #total: number;
  readonly #now: () => number;
  readonly #begun: number;
  #count = 0;
  #told = 0;

  constructor(session: Pick<Session, 'err'>, total: number, now = () => performance.now()) {
    this.#session = session;
    this.#total = total;
    this.#now = now;
    this.#begun = now();
  }

  /** Says that one more is done. */
  step(): void {
    this.#count++;
    const elapsed = this.#now() - this.#begun;
    if (!this.#session.err.terminal || elapsed < PATIENCE || elapsed < this.#told + INTERVAL) return;
    this.#told = elapsed;
    this.#session.err.write(`\r${this.#count} of ${this.#total} files checked\u001b[K`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#told > 0) this.#session.err.write('\r\u001b[K');
  }
}
