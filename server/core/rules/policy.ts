import { didYouMean } from '../layout/did-you-mean.js';
import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { pathText } from '../layout/elements.js';
import { placeOf } from '../layout/place.js';
import { isPresent } from '../layout/presence.js';
import type { Word } from '../syntax/nodes.js';
import { checkStatement, isKnownRule, overOf } from './policy-names.js';
import { readPolicy } from './read-policy.js';
import type { Finding, Level, VmSubject, Waiver } from './rule.js';
import { daysBetween } from './days.js';
import { ownStatements, policyStatements, reasonText, targetOf, type Statement, type Target, type Verb } from './statements.js';

/** What is left of a vm's findings after its policies. */
export interface Judgement {
  readonly findings: readonly Finding[];
  readonly waived: readonly Finding[];
  /** Waivers that could apply in this vm, as it saw them. */
  readonly waivers: readonly Waiver[];
  /** What `on` names in this vm. */
  readonly targets: readonly Target[];
}

/** The policies a vm names, in the order in which it names them; one that isn't there is told. */
export function policiesOf({ vm, evaluator }: { readonly vm: Pick<VmSubject['vm'], 'element'>; readonly evaluator: Evaluator }): Element[] {
  return (vm.element.properties.get('policy') ?? []).flatMap((located) => {
    const { value } = located.property;
    const names = value?.kind === 'names' ? value.names : [];
    return names.flatMap((name) => {
      if (name.kind === 'missing') return [];
      const source = evaluator.lookup.find(located.path, pathText(name), 'policies');
      const policy = source && readPolicy(source, evaluator).element;
      if (policy) return isPresent(policy, evaluator) ? [policy] : [];
      const { hint, more } = didYouMean(pathText(name), evaluator.lookup.namesIn(located.path, 'policies'), name);
      evaluator.report('unknown-name', placeOf(located, name), `there is no policy \`${pathText(name)}\`${hint}`, more);
      return [];
    });
  });
}

/** What the policies of a vm say, in their order. */
export const statementsOf = (policies: readonly Element[], evaluator: Evaluator): Statement[] => policies.flatMap((policy) => policyStatements(policy, evaluator));

/** Gives each finding the level that the vm's policies give it, and silences what is waived. Later statements win; those on an element come last. */
export function judge(subject: VmSubject, ofPolicies: readonly Statement[], findings: readonly Finding[], today: string): Judgement {
  const { vm, evaluator } = subject;
  const own = ownStatements(vm, evaluator);
  for (const statement of own) checkStatement(statement, evaluator);
  const statements = [...ofPolicies, ...own].map((statement) => aimed(statement, subject));
  const uses: Uses = { used: new Set(), overruled: new Map() };
  const verdicts = findings.map((finding) => verdictOn(finding, statements, today, uses));
  return {
    findings: verdicts.flatMap(({ waived, finding }) => (waived ? [] : [finding])),
    waived: verdicts.flatMap(({ waived, finding }) => (waived ? [finding] : [])),
    waivers: statements.flatMap((statement) => waiversOf(statement, today, uses, subject)),
    targets: statements.flatMap(({ targets }) => targets),
  };
}

/** A statement with what it is about in this vm. */
interface Aimed {
  readonly statement: Statement;
  readonly targets: readonly Target[];
  /** Nothing where it is about everything. */
  readonly elements: readonly Element[] | undefined;
}

function aimed(statement: Statement, { vm, evaluator }: VmSubject): Aimed {
  const { on, origin, within } = statement;
  const targets = (on ?? []).flatMap((reference) => targetOf(reference, origin, vm, evaluator) ?? []);
  return { statement, targets, elements: within ? [within] : on && targets.flatMap(({ elements }) => elements) };
}

const LEVELS: Readonly<Record<Exclude<Verb, 'allow'>, Level>> = { deny: 'error', warn: 'warning', note: 'note' };

/** What becomes of the waivers, each the name of a rule in an `allow`: those that silence a finding, and those that a later statement overrules. */
interface Uses {
  readonly used: Set<Word>;
  readonly overruled: Map<Word, Statement>;
}

function verdictOn(finding: Finding, statements: readonly Aimed[], today: string, { used, overruled }: Uses): { waived: boolean; finding: Finding } {
  let waivers: Word[] = [];
  let told = finding;
  for (const { statement, elements } of statements) {
    const rule = statement.rules.find(({ text }) => text === finding.rule);
    if (!rule || isOver(statement, today) || (elements && !concerns(finding, elements))) continue;
    const { verb, because, owner, place } = statement;
    if (verb !== 'allow') {
      const notes = because === undefined ? finding.notes : [...finding.notes, { place, message: reasonText(because, owner) }];
      for (const waiver of waivers) overruled.set(waiver, statement);
      [waivers, told] = [[], { ...finding, level: LEVELS[verb], notes }];
    } else if (because !== undefined) {
      waivers.push(rule);
      told = { ...told, waiver: { because, until: statement.until?.date, owner } };
    }
  }
  for (const waiver of waivers) used.add(waiver);
  return { waived: waivers.length > 0, finding: told };
}

/** `until` names the last day. */
const isOver = ({ until }: Statement, today: string): boolean => until !== undefined && today > until.date;

/** Whether a finding is about one of the elements, or about something in one. */
function concerns({ element, vm }: Finding, elements: readonly Element[]): boolean {
  for (let owner = element; owner; owner = owner.parent) if (elements.includes(owner)) return true;
  return elements.some(({ keyword, name }) => keyword === 'vm' && name === vm);
}

/** One entry a rule that is allowed where something of this vm could need it. A vm that isn't understood is in doubt, and uses all. */
function waiversOf({ statement, elements }: Aimed, today: string, { used, overruled }: Uses, { evaluator }: VmSubject): Waiver[] {
  const { verb, rules, origin, because, until, owner } = statement;
  if (verb !== 'allow' || because === undefined || elements?.length === 0) return [];
  const inDoubt = evaluator.problems.length > 0;
  return rules
    .filter(({ text }) => isKnownRule(text, origin, evaluator))
    .map((rule) => ({
      place: placeOf(origin, rule),
      rule: rule.text,
      over: overOf(rule.text),
      because,
      until,
      owner,
      expired: isOver(statement, today),
      daysLeft: until && daysBetween(today, until.date),
      used: inDoubt || used.has(rule),
      overruledBy: overruled.get(rule),
      removal: statement.removalOf(rule),
    }));
}
