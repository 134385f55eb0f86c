import { didYouMean } from '../layout/did-you-mean.js';
import type { Element } from '../layout/elements.js';
import { Evaluator } from '../layout/evaluate.js';
import type { Lookup } from '../layout/lookup.js';
import { placeOf, type Origin } from '../layout/place.js';
import type { Problem } from '../layout/problem.js';
import { UNKNOWN, type Value } from '../layout/values.js';
import { textOf, type Binder } from '../syntax/nodes.js';
import { SELECTORS } from '../syntax/vocabulary.js';
import { isSelector, sketchOf } from './policy-things.js';
import type { Requirement } from './requirements.js';

/** What is wrong with a requirement in every vm: selectors, names, and fields that its things don't have. */
export function problemsOfRequirement(requirement: Requirement, lookup: Lookup): readonly Problem[] {
  const { element, condition, binders } = requirement;
  const evaluator = new Evaluator(lookup);
  const { origin } = element;
  const bindings = new Map<string, Value>([['host', UNKNOWN], ...SELECTORS.map((selector): [string, Value] => [selector, { type: 'list', values: [sketchOf(selector)] }])]);
  for (const binder of binders) bindings.set(binder.name.text, boundBy(binder, origin, evaluator));
  evaluator.evaluate(condition, { origin, element: vmAround(requirement), bindings });
  return evaluator.problems;
}

/** Where a requirement looks names up first: in the vm that it stands in. A policy has none of its own. */
export const vmAround = ({ element: { parent } }: Requirement): Element | undefined => (parent?.keyword === 'vm' ? parent : undefined);

function boundBy({ selector }: Binder, origin: Origin, evaluator: Evaluator): Value {
  const word = textOf(selector);
  if (word === undefined || selector.kind === 'missing') return UNKNOWN;
  if (isSelector(word)) return sketchOf(word);
  const { hint, more } = didYouMean(word, SELECTORS, selector);
  evaluator.report('unknown-name', placeOf(origin, selector), `there is no selector \`${word}\`${hint}`, more);
  return UNKNOWN;
}
