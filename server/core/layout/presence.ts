import type { Element } from './elements.js';
import type { Evaluator } from './evaluate.js';
import { placeOf } from './place.js';
import { describe } from './values.js';

/** Whether a declaration is there: `when` is absent, true, or can't be known. */
export const isPresent = (element: Element, evaluator: Evaluator): boolean => presence(element, evaluator) ?? true;

/** Whether a declaration is there; nothing where that can't be known. */
export function presence(element: Element, evaluator: Evaluator): boolean | undefined {
  const located = element.properties.get('when')?.[0];
  if (!located?.property.value) return true;
  const value = evaluator.property(element, 'when');
  if (value.type === 'truth') return value.truth;
  if (value.type !== 'unknown') {
    evaluator.report('type-mismatch', placeOf(located, located.property.value), `\`when\` asks for a condition, and this is ${describe(value)}`);
  }
  return undefined;
}

/** Whether a vm or host has a constant without a value: then it is a model, which is not checked by itself. */
export const isModel = (element: Element): boolean => element.children.some(isWithoutValue);

/** Whether a declaration is a constant without a value. */
export const isWithoutValue = ({ keyword, origin }: Element): boolean => keyword === 'const' && !origin.declaration.head;
