import { formatCount } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import type { Context, Evaluator } from '../layout/evaluate.js';
import { namePlace } from '../layout/model.js';
import { placeOf } from '../layout/place.js';
import { isPresent } from '../layout/presence.js';
import { describe, UNKNOWN, type Value } from '../layout/values.js';
import { textOf } from '../syntax/nodes.js';
import { problemsOfRequirement, vmAround } from './requirement-problems.js';
import { selectionOf, type Candidate, type Selection } from './policy-things.js';
import { breachMessage } from './requirement-words.js';
import { readPolicy } from './read-policy.js';
import { requirementsOf, type Requirement } from './requirements.js';
import type { Finding, Note, VmSubject } from './rule.js';
import { reasonText } from './statements.js';

/** What breaks the requirements of these policies, and the vm's own, each combination by itself. */
export function breachesOf(policies: readonly Element[], subject: VmSubject): Finding[] {
  const { vm, evaluator } = subject;
  const requirements = [...policies.flatMap((policy) => readPolicy(policy.origin, evaluator).what.requirements), ...soundOnes(vm.element, evaluator)];
  if (requirements.length === 0) return [];
  const selection = selectionOf(subject);
  const known = knownIn(selection, subject);
  return requirements.flatMap((requirement) => breachesOfOne(requirement, selection, known, subject));
}

/** The requirements of a vm itself that make sense; what is wrong with the others is told. */
function soundOnes(vm: Element, evaluator: Evaluator): Requirement[] {
  return requirementsOf(vm).filter((requirement) => {
    const problems = problemsOfRequirement(requirement, evaluator.lookup);
    evaluator.problems.push(...problems);
    return problems.length === 0;
  });
}

/** Combinations that are looked at: more is a mistake in the policy, and would take minutes. */
const COMBINATION_LIMIT = 100_000;

/** Breaches of one requirement that are told one by one. */
const TOLD_LIMIT = 100;

function breachesOfOne(requirement: Requirement, selection: Selection, common: ReadonlyMap<string, Value>, subject: VmSubject): Finding[] {
  const { evaluator } = subject;
  if (!isPresent(requirement.element, evaluator)) return [];
  const lists = requirement.binders.map(({ selector }) => selection.get(textOf(selector) ?? ''));
  const known = lists.filter((list) => list !== undefined);
  if (known.length < lists.length || isTooMany(requirement, known, subject)) return [];
  const bindings = new Map(common);
  const context = { origin: requirement.element.origin, element: vmAround(requirement), bindings };
  const breaches: Finding[] = [];
  let more = 0;
  for (const chosen of combinations(known)) {
    for (const [index, { name }] of requirement.binders.entries()) bindings.set(name.text, chosen[index]?.value ?? UNKNOWN);
    const holds = outcome(requirement, context, subject);
    if (holds === 'wrong') break;
    if (holds !== false) continue;
    if (breaches.length < TOLD_LIMIT) breaches.push(breach(requirement, chosen, context, subject));
    else more++;
  }
  return more === 0 ? breaches : withRest(breaches, more);
}

/** What every condition can name: the host, and `ram` as the list of all RAM: `count(ram)`, `sum(ram.size)`. */
const knownIn = (selection: Selection, { host, evaluator }: VmSubject): ReadonlyMap<string, Value> =>
  new Map<string, Value>([
    ['host', host ? evaluator.thing(host.element) : UNKNOWN],
    ...[...selection].map(([selector, list]): [string, Value] => [selector, list ? { type: 'list', values: list.map(({ value }) => value) } : UNKNOWN]),
  ]);

function isTooMany({ element, binders }: Requirement, lists: readonly (readonly Candidate[])[], { evaluator }: VmSubject): boolean {
  const count = lists.reduce((product, list) => product * list.length, 1);
  const [first] = binders;
  const last = binders.at(-1);
  if (count <= COMBINATION_LIMIT || !first || !last) return false;
  const place = placeOf(element.origin, { start: first.start, end: last.end });
  evaluator.report('value-range', place, `this makes ${formatCount(count)} combinations; at most ${formatCount(COMBINATION_LIMIT)} are judged`);
  return true;
}

/** One of each list, the last one changing fastest. */
function* combinations(lists: readonly (readonly Candidate[])[]): Generator<readonly Candidate[]> {
  const [first, ...rest] = lists;
  if (!first) return yield [];
  for (const candidate of first) for (const others of combinations(rest)) yield [candidate, ...others];
}

/** Whether the condition holds; `wrong` where it makes no sense, which is told once. */
function outcome({ verb, condition, element }: Requirement, context: Context, { evaluator }: VmSubject): boolean | 'wrong' | undefined {
  const before = evaluator.problems.length;
  const value = evaluator.evaluate(condition, context);
  if (evaluator.problems.length > before) return 'wrong';
  if (value.type === 'truth') return value.truth;
  if (value.type === 'unknown') return undefined;
  evaluator.report('type-mismatch', placeOf(element.origin, condition), `\`${verb}\` asks for a condition, and this is ${describe(value)}`);
  return 'wrong';
}

function breach(requirement: Requirement, chosen: readonly Candidate[], context: Context, { vm, host, evaluator }: VmSubject): Finding {
  const { element, verb, rule, binders, because, owner } = requirement;
  const blamed = chosen[0]?.element ?? vm.element;
  const others = chosen.slice(1).map((candidate, index): Note => {
    const name = binders[index + 1]?.name.text ?? '';
    return { place: namePlace(candidate.element), message: `\`${name}\` is \`${candidate.value.thing.name}\`` };
  });
  const reason = { place: namePlace(element), message: reasonText(because ?? (verb === 'require' ? 'required here' : 'preferred here'), owner) };
  return {
    rule,
    level: verb === 'require' ? 'error' : 'warning',
    place: namePlace(blamed),
    message: breachMessage(requirement, chosen, context, evaluator),
    notes: [...others, reason],
    witness: undefined,
    element: blamed,
    vm: vm.name,
    host: host?.name,
    unused: false,
    fixes: () => [],
  };
}

/** Says on the last finding how many more there are. */
function withRest(breaches: readonly Finding[], more: number): Finding[] {
  return breaches.map((finding, index) =>
    index < breaches.length - 1 ? finding : { ...finding, notes: [...finding.notes, { place: finding.place, message: `${formatCount(more)} more break this` }] },
  );
}
