import type { Session } from './session.js';

/** Milliseconds of work without a word. */
const PATIENCE = 500;
const INTERVAL = 100;

/** Tells on a terminal, over standard error, how far long work has come; elsewhere nothing. */
export class Progress {
  readonly #session: Session;
  readonly #total: number;
  readonly #begun = performance.now();
  #count = 0;
  #told = 0;

  constructor(session: Session, total: number) {
    this.#session = session;
    this.#total = total;
  }

  /** Says that one more is done. */
  step(): void {
    this.#count++;
    const elapsed = performance.now() - this.#begun;
    if (!this.#session.err.terminal || elapsed < PATIENCE || elapsed < this.#told + INTERVAL) return;
    this.#told = elapsed;
    this.#session.err.write(`\r${this.#count} of ${this.#total} files checked\u001b[K`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#told > 0) this.#session.err.write('\r\u001b[K');
  }
}
