import type { Reference } from '../syntax/nodes.js';
import { didYouMean } from './did-you-mean.js';
import { pathText, type Element } from './elements.js';
import type { Evaluator } from './evaluate.js';
import { placeOf, type Place } from './place.js';
import type { Source } from './scope.js';

/** How many declarations may be like one another in a row. */
const LIKE_LIMIT = 100;

/** Finds what `like` names, and tells where that is nothing, or leads back to where it began. */
export class Likes {
  readonly #evaluator: Evaluator;
  /** How many are being followed. */
  #running = 0;
  /** Where the row of declarations began that is being followed. */
  #outermost: Place | undefined;

  constructor(evaluator: Evaluator) {
    this.#evaluator = evaluator;
  }

  /** The element that `like` names: of the same kind, from where the declaration was written. */
  baseOf(source: Source, like: Reference): Element | undefined {
    const { lookup } = this.#evaluator;
    const name = pathText(like);
    const keyword = source.declaration.keyword.text;
    const table = keyword === 'policy' ? 'policies' : 'names';
    const base = lookup.find(source.path, name, table);
    if (!base || base.declaration.keyword.text !== keyword) {
      const { hint, more } = didYouMean(name, lookup.namesIn(source.path, table), like);
      this.#evaluator.report('unknown-name', placeOf(source, like), `there is no ${keyword} \`${name}\`${hint}`, more);
      return undefined;
    }
    return this.#unlessEndless(source, base, like, name);
  }

  #unlessEndless(source: Source, base: Source, like: Reference, name: string): Element | undefined {
    const place = placeOf(source, like);
    if (this.#running === 0) this.#outermost = place;
    if (base.declaration === source.declaration || this.#evaluator.isMaking(base)) {
      this.#evaluator.report('cycle', place, `\`${name}\` is like itself`);
      return undefined;
    }
    if (this.#running >= LIKE_LIMIT) {
      this.#evaluator.report('value-range', this.#outermost ?? place, `more than ${LIKE_LIMIT} declarations in a row are like one another here`);
      return undefined;
    }
    this.#running++;
    const element = this.#evaluator.elementOf(base);
    this.#running--;
    return element;
  }
}
