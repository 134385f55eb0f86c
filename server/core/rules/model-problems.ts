import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { namePlace } from '../layout/model.js';
import { placeOf } from '../layout/place.js';
import { isModel, isWithoutValue } from '../layout/presence.js';
import type { Problem } from '../layout/problem.js';
import { sourcesOf } from '../layout/scope.js';

/** What a vm tells of the model that it is like: nobody checks that by itself. */

/**
 * The first problem that a vm has in a model of another file, told at the vm: a model is worked out with this vm’s constants, and nowhere
 * else. The others mostly follow from it, and numbers that come out too large or too small from what is told as an error anyway.
 */
export function problemOfModel(problems: readonly Problem[], element: Element, evaluator: Evaluator, hasErrors: boolean): Problem[] {
  for (const { rule, place, message } of problems) {
    if (place.path === element.origin.path || (hasErrors && rule === 'value-range')) continue;
    const model = sourcesOf(place.path, place.item).map((source) => evaluator.elementOf(source)).find(isModel);
    const note = { place, message: 'it is worked out here' };
    if (model) return [{ rule, place: namePlace(element), message: `\`${model.name}\` can’t be worked out for \`${element.name}\`: ${message}`, note }];
  }
  return [];
}

/** The constants that keep a vm from being checked, though it says itself on which host it is. */
export function valuesMissing(element: Element): Problem[] {
  const { origin, properties } = element;
  if (!properties.get('on')?.some(({ item }) => item === origin.item)) return [];
  const missing = element.children.filter(isWithoutValue);
  const [first] = missing;
  if (!first) return [];
  const names = missing.map(({ name }) => `\`${name}\``).join(', ');
  return [{
    rule: 'value-missing',
    place: namePlace(element),
    message: `${names} ${missing.length > 1 ? 'have' : 'has'} no value, so \`${element.name}\` is a model, and nobody checks it`,
    note: { place: placeOf(first.origin, first.nameSpan), message: 'it is declared here' },
  }];
}
