import { Evaluator } from '../layout/evaluate.js';
import { Readings, type Reading } from '../layout/readings.js';
import type { Source } from '../layout/scope.js';
import { textOf } from '../syntax/nodes.js';
import { walk } from '../syntax/walk.js';
import { problemsOfRequirement } from './requirement-problems.js';
import { requirementsOf, type Requirement } from './requirements.js';

/** A policy as the guests see it that name it. What is wrong in it is told where the policy is judged. */
export interface ReadPolicy {
  /** Those that make sense. */
  readonly requirements: readonly Requirement[];
  /** Sizes that it counts leaves of, as in `coverage(2 MiB)`, in bytes. */
  readonly leafSizes: readonly bigint[];
}

const policies = new Readings<ReadPolicy>((policy, { lookup }) => {
  const requirements = requirementsOf(policy);
  const quiet = new Evaluator(lookup);
  return {
    requirements: requirements.filter((requirement) => problemsOfRequirement(requirement, lookup).length === 0),
    leafSizes: requirements.flatMap((requirement) => sizesIn(requirement, quiet)),
  };
});

/** Reads a policy, once for all guests that name it. */
export const readPolicy = (source: Source, evaluator: Evaluator): Reading<ReadPolicy> => policies.of(source, evaluator);

const COUNTING: ReadonlySet<string> = new Set(['coverage', 'blocks']);

function sizesIn({ condition, element }: Requirement, evaluator: Evaluator): bigint[] {
  const calls = walk(condition).filter((node) => node.kind === 'call').filter(({ callee }) => COUNTING.has(textOf(callee.path.at(-1)) ?? ''));
  return calls.flatMap(({ args: [size] }) => {
    const value = size && evaluator.evaluate(size, { origin: element.origin, element: element.parent });
    return value?.type === 'quantity' && value.value > 0n ? [value.value] : [];
  });
}
