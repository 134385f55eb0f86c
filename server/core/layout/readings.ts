import type { Declaration } from '../syntax/nodes.js';
import type { Element } from './elements.js';
import { Evaluator } from './evaluate.js';
import type { Answer } from './lookup.js';
import type { Problem } from './problem.js';
import type { Source } from './scope.js';

/** A top-level declaration as others see it: what was read of it, and which names were looked up for that. */
export interface Reading<What> {
  readonly element: Element;
  readonly what: What;
  readonly problems: readonly Problem[];
  readonly answers: readonly Answer[];
}

/** Declarations that many look at, as guests do at their host: each is read once for all, as long as the names it looked up mean the same. */
export class Readings<What> {
  readonly #read: (element: Element, evaluator: Evaluator) => What;
  readonly #known = new WeakMap<Declaration, Reading<What>>();

  constructor(read: (element: Element, evaluator: Evaluator) => What) {
    this.#read = read;
  }

  /** What is read of a declaration. The evaluator of whoever asks takes over its element, and what is wrong with it. */
  of(source: Source, evaluator: Evaluator): Reading<What> {
    const { lookup } = evaluator;
    let reading = this.#known.get(source.declaration);
    if (!reading || reading.element.origin.path !== source.path || !lookup.stillHolds(reading.answers)) {
      reading = this.#readAnew(source, new Evaluator(lookup.fork()));
      this.#known.set(source.declaration, reading);
    }
    lookup.follow(reading.answers);
    evaluator.adopt(reading.element, reading.problems);
    return reading;
  }

  #readAnew(source: Source, evaluator: Evaluator): Reading<What> {
    const element = evaluator.elementOf(source);
    const what = this.#read(element, evaluator);
    return { element, what, problems: evaluator.problems, answers: evaluator.lookup.answers };
  }
}
