import type { Evaluator } from '../layout/evaluate.js';
import { requirementsOf, type Requirement } from '../rules/requirements.js';

/** The named requirements of all policies that a file sees: their findings are told, and waived, as `policy/NAME`. */
export function visibleRequirements(path: string, { evaluator }: { readonly evaluator: Evaluator }): Requirement[] {
  const { lookup } = evaluator;
  const policies = lookup.namesIn(path, 'policies').flatMap((name) => lookup.find(path, name, 'policies') ?? []);
  const found = new Map<string, Requirement>();
  for (const policy of policies) {
    for (const requirement of requirementsOf(evaluator.elementOf(policy))) {
      if (requirement.rule !== `policy/${requirement.verb}`) found.set(requirement.rule, requirement);
    }
  }
  return [...found.values()];
}

/** What a requirement asks for, as it is written. */
export function conditionText({ element, condition }: Requirement): string {
  return element.origin.item.text.slice(condition.start, condition.end).replace(/\s+/g, ' ');
}
