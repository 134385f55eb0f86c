import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { policiesOf } from '../rules/policy.js';
import { elementsAt } from '../rules/statements.js';
import { outermost } from './surroundings.js';

/** What `on PATH` of a statement is about, as the checker finds it: in each vm that the statement holds for. */

/** A text by its path, in which there may be vms. */
export interface Listed {
  readonly path: string;
}

/** The elements of a path in each vm of these files that the statement holds for, relative to the vm or from its name on; an element of an `assign` is itself. */
export function elementsOn(words: readonly string[], statement: Element, files: Iterable<Listed>, evaluator: Evaluator): Element[] {
  return vmsOf(statement, files, evaluator).flatMap((vm) => elementsAt(vm, words[0] === vm.name ? words.slice(1) : words));
}

/** The vm that a statement stands in, or those whose policies say it. */
function vmsOf(statement: Element, files: Iterable<Listed>, evaluator: Evaluator): Element[] {
  const top = outermost(statement);
  if (top.keyword === 'vm') return [top];
  const says = (vm: Element): boolean =>
    policiesOf({ vm: { element: vm }, evaluator }).some(({ children }) => children.some(({ origin }) => origin.declaration === statement.origin.declaration));
  return [...files].flatMap(({ path }) => evaluator.lookup.scopeOf(path)?.declarations ?? []).flatMap((source) => {
    const vm = source.keyword === 'vm' ? evaluator.elementOf(source) : undefined;
    return vm && says(vm) ? [vm] : [];
  });
}
