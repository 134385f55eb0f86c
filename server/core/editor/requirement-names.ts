import type { Evaluator } from '../layout/evaluate.js';
import { requirementsSeenIn } from '../rules/policy-names.js';
import type { Requirement } from '../rules/requirements.js';

/** The named requirements of all policies and vms that a file sees: their findings are told, and waived, as `policy/NAME`. */
export function visibleRequirements(path: string, { evaluator }: { readonly evaluator: Evaluator }): Requirement[] {
  const named = requirementsSeenIn(path, evaluator).filter(({ rule, verb }) => rule !== `policy/${verb}`);
  return [...new Map(named.map((requirement) => [requirement.rule, requirement])).values()];
}

/** What a requirement asks for, as it is written. */
export function conditionText({ element, condition }: Requirement): string {
  return element.origin.item.text.slice(condition.start, condition.end).replace(/\s+/g, ' ');
}
