import { didYouMean } from '../layout/did-you-mean.js';
import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { placeOf, type Origin } from '../layout/place.js';
import type { Word } from '../syntax/nodes.js';
import { RULES } from './catalogue.js';
import { isDay } from './days.js';
import { problemsOfRequirement } from './requirement-problems.js';
import { requirementsOf, type Requirement } from './requirements.js';
import type { Waiver } from './rule.js';
import { policyStatements, type Statement } from './statements.js';

/** Checks what a policy says before any vm is looked at: names of rules, selectors, fields, and dates. */
export function checkPolicy(policy: Element, evaluator: Evaluator): void {
  for (const statement of policyStatements(policy, evaluator)) checkStatement(statement, evaluator);
  for (const requirement of requirementsOf(policy)) evaluator.problems.push(...problemsOfRequirement(requirement, evaluator.lookup));
}

/** Tells names that no rule has, rules that don’t look at vms, and a day that no month has. */
export function checkStatement({ verb, rules, origin, until }: Statement, evaluator: Evaluator): void {
  for (const rule of rules) {
    if (!isKnownRule(rule.text, origin, evaluator)) reportUnknownRule(rule, origin, evaluator);
    else if (verb !== 'allow' && overOf(rule.text) === 'file') evaluator.report('unknown-name', placeOf(origin, rule), `\`${rule.text}\` looks at files, and a policy holds for vms: vmlayout.json or --rule sets its level`);
  }
  if (until && !isDay(until.date)) evaluator.report('value-range', until, `${until.date} is no day`);
}

const OVER = new Map(RULES.map(({ name, over }) => [name, over]));

/** What a rule looks at. Requirements look at vms. */
export const overOf = (rule: string): Waiver['over'] => OVER.get(rule) ?? 'vm';

const RULE_NAMES: ReadonlySet<string> = new Set(RULES.map(({ name }) => name));

/** Whether a rule of the catalogue, or a requirement of a policy that can be named here, is called so. */
export const isKnownRule = (name: string, origin: Origin, evaluator: Evaluator): boolean =>
  RULE_NAMES.has(name) || name === 'policy/require' || name === 'policy/prefer' || (name.startsWith('policy/') && requirementNames(origin, evaluator).includes(name));

const requirementNames = ({ path }: Origin, evaluator: Evaluator): string[] => [...new Set(requirementsSeenIn(path, evaluator).map(({ rule }) => rule))];

/** The requirements of all policies and vms that a file sees. */
export function requirementsSeenIn(path: string, evaluator: Evaluator): Requirement[] {
  const { lookup } = evaluator;
  const policies = lookup.namesIn(path, 'policies').flatMap((name) => lookup.find(path, name, 'policies') ?? []);
  const named = lookup.namesIn(path).flatMap((name) => lookup.find(path, name) ?? []);
  const vms = named.filter(({ declaration }) => declaration.keyword.text === 'vm');
  return [...policies, ...vms].flatMap((source) => requirementsOf(evaluator.elementOf(source)));
}

function reportUnknownRule(rule: Word, origin: Origin, evaluator: Evaluator): void {
  const requirement = rule.text.startsWith('policy/');
  const names = requirement ? requirementNames(origin, evaluator) : RULE_NAMES;
  const { hint, more } = didYouMean(rule.text, names, rule);
  const what = requirement ? `no policy or vm here has a requirement \`${rule.text.slice('policy/'.length)}\`` : `there is no rule \`${rule.text}\``;
  evaluator.report('unknown-name', placeOf(origin, rule), `${what}${hint}`, more);
}
