import type { Word } from '../syntax/nodes.js';
import { didYouMean, meaning, type Meant } from './did-you-mean.js';
import type { Context, Evaluator } from './evaluate.js';
import { placeOf } from './place.js';
import type { Thing } from './values.js';

/** Tells names that mean nothing, with the one that was meant or with the spaces of a subtraction. */

export function reportUnknownName(word: Word, context: Context, evaluator: Evaluator): void {
  const known = (part: string): boolean => means(part, context, evaluator);
  const { hint, more } = meantBy(word, known, known, () => visibleNames(context, evaluator));
  evaluator.report('unknown-name', placeOf(context.origin, word), `nothing here is called \`${word.text}\`${hint}`, more);
}

export function reportNoField(thing: Thing, word: Word, owner: string, context: Context, evaluator: Evaluator): void {
  const field = (part: string): boolean => thing.fields.includes(part);
  const { hint, more } = meantBy(word, field, (part) => means(part, context, evaluator), () => thing.fields);
  evaluator.report('unknown-name', placeOf(context.origin, word), `\`${owner}\` has no \`${word.text}\`${hint}`, more);
}

/** Every name that an expression could say here. */
function visibleNames(context: Context, { host, lookup }: Evaluator): string[] {
  const names = [...(context.bindings?.keys() ?? []), ...(host ? ['host'] : [])];
  for (let element = context.element; element; element = element.parent) {
    names.push(...element.children.map((child) => child.name));
  }
  return [...names, ...lookup.namesIn(context.origin.path)].filter((name) => name !== '');
}

const means = (name: string, context: Context, evaluator: Evaluator): boolean =>
  (context.bindings?.has(name) ?? false) || evaluator.find(name, context) !== undefined;

type Knows = (part: string) => boolean;

function meantBy(word: Word, first: Knows, others: Knows, candidates: () => readonly string[]): Meant {
  const spaced = spacedOut(word.text, first, others);
  return spaced === undefined ? didYouMean(word.text, candidates(), word) : meaning(spaced, word);
}

/** `ram-size` where `ram` and `size` mean something: a subtraction without its spaces. */
function spacedOut(word: string, first: Knows, others: Knows): string | undefined {
  for (let at = word.indexOf('-'); at > 0; at = word.indexOf('-', at + 1)) {
    const [left, right] = [word.slice(0, at), word.slice(at + 1)];
    const rest = others(right) ? right : spacedOut(right, others, others);
    if (rest !== undefined && first(left)) return `${left} - ${rest}`;
  }
  return undefined;
}
