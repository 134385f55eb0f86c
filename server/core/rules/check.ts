import { makePlan, type Plan } from '../dma/plan.js';
import { didYouMean } from '../layout/did-you-mean.js';
import type { Element } from '../layout/elements.js';
import { Evaluator } from '../layout/evaluate.js';
import { readHost } from '../layout/host.js';
import { Lookup, type Answer } from '../layout/lookup.js';
import { namePlace, type Host, type Vm } from '../layout/model.js';
import { placeOf, samePlace, type Place } from '../layout/place.js';
import { isModel, isPresent } from '../layout/presence.js';
import type { Problem } from '../layout/problem.js';
import { namesOf } from '../layout/properties.js';
import type { FileScope, Source, World } from '../layout/scope.js';
import { evaluateAll } from '../layout/unread.js';
import { readVm } from '../layout/vm.js';
import { indexOfItem } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import { breachesOf } from './breaches.js';
import { RULES } from './catalogue.js';
import { duplicatesIn } from './duplicates.js';
import { judgedWaivers, unknownTargets } from './judged.js';
import { lostProperties } from './lost-properties.js';
import { judge, policiesOf } from './policy.js';
import { checkPolicy } from './policy-names.js';
import type { Finding, Level, Waiver } from './rule.js';
import type { Target } from './statements.js';

/** What a check depends on besides the text. */
export interface CheckOptions {
  /** Today's date, `2026-11-22`: waivers are judged by it. */
  readonly today: string;
  /** Levels that replace the defaults, by rule; policies still have the last word. */
  readonly levels?: ReadonlyMap<string, Level | 'off'>;
}

/** A guest on a host as the file describes it, with its plan. */
export interface CheckedVm {
  readonly vm: Vm;
  readonly host: Host | undefined;
  readonly plan: Plan | undefined;
  readonly evaluator: Evaluator;
}

export interface CheckResult {
  /** In the order of the text. */
  readonly findings: readonly Finding[];
  /** Findings that a waiver silences. */
  readonly waived: readonly Finding[];
  /** Paths whose text is needed and not loaded yet: the result is provisional until they are. */
  readonly missing: readonly string[];
  readonly vms: readonly CheckedVm[];
  readonly hosts: readonly Host[];
}

/** Checks a file. Pure: what was loaded, today's date and the text decide. */
export function checkFile(path: string, world: World, options: CheckOptions): CheckResult {
  const lookup = new Lookup(world);
  const scope = lookup.scopeOf(path);
  if (!scope) return { findings: [], waived: [], missing: [path], vms: [], hosts: [] };
  const missing = scope.imports().flatMap(({ path: target }) => (target && lookup.stateOf(target) === 'missing' ? [target] : []));
  const parts = together(scope.declarations.map((source) => analyse(source, lookup, options)));
  const told = [...parts.problems, ...unknownTargets(parts.targets)];
  const problems = dedupe(told.filter(({ place }) => place.path === path));
  const waivers = judgedWaivers(parts.waivers, scope);
  const file = RULES.flatMap((rule) => rule.findFile({ scope, lookup, problems, waivers })).flatMap((finding) => levelled(finding, options));
  return { findings: inOrder([...file, ...parts.findings], scope), waived: parts.waived, missing, vms: parts.vms, hosts: parts.hosts };
}

/** What one top-level declaration comes to. */
interface Part {
  readonly problems: readonly Problem[];
  readonly findings: readonly Finding[];
  readonly waived: readonly Finding[];
  readonly waivers: readonly Waiver[];
  readonly targets: readonly Target[];
  readonly vms: readonly CheckedVm[];
  readonly hosts: readonly Host[];
}

const NOTHING: Part = { problems: [], findings: [], waived: [], waivers: [], targets: [], vms: [], hosts: [] };

/** All parts as one. */
function together(parts: readonly Part[]): Part {
  const all = { problems: [], findings: [], waived: [], waivers: [], targets: [], vms: [], hosts: [] };
  for (const part of parts) {
    append(all.problems, part.problems);
    append(all.findings, part.findings);
    append(all.waived, part.waived);
    append(all.waivers, part.waivers);
    append(all.targets, part.targets);
    append(all.vms, part.vms);
    append(all.hosts, part.hosts);
  }
  return all;
}

/** Most parts have nothing to tell, and this runs at every key. */
function append<One>(all: One[], some: readonly One[]): void {
  if (some.length > 0) all.push(...some);
}

interface Remembered {
  readonly path: string;
  readonly options: string;
  readonly answers: readonly Answer[];
  readonly part: Part;
}

/** Analyses by declaration: one holds as long as the names it looked up mean the same declarations. */
const remembered = new WeakMap<Declaration, Remembered>();

function analyse(source: Source, lookup: Lookup, options: CheckOptions): Part {
  const key = optionsKey(options);
  const known = remembered.get(source.declaration);
  if (known && known.path === source.path && known.options === key && lookup.stillHolds(known.answers)) return known.part;
  const own = lookup.fork();
  const part = analyseAnew(source, own, options);
  remembered.set(source.declaration, { path: source.path, options: key, answers: own.answers, part });
  return part;
}

const keys = new WeakMap<CheckOptions, string>();

function optionsKey(options: CheckOptions): string {
  const key = keys.get(options) ?? `${options.today} ${[...(options.levels ?? [])].sort().join(' ')}`;
  keys.set(options, key);
  return key;
}

function analyseAnew(source: Source, lookup: Lookup, options: CheckOptions): Part {
  switch (source.declaration.keyword.text) {
    case 'vm':
      return analyseVm(source, lookup, options);
    case 'host':
      return analyseHost(source, lookup, options);
    case 'const':
      return evaluated(lookup, (evaluator) => evaluator.constant(evaluator.elementOf(source)));
    case 'backing':
    case 'device':
      return evaluated(lookup, (evaluator) => evaluateAll(evaluator.elementOf(source), evaluator));
    case 'policy':
      return evaluated(lookup, (evaluator) => checkPolicy(evaluator.elementOf(source), evaluator));
    default:
      return NOTHING;
  }
}

function evaluated(lookup: Lookup, run: (evaluator: Evaluator) => unknown): Part {
  const evaluator = new Evaluator(lookup);
  run(evaluator);
  return { ...NOTHING, problems: evaluator.problems };
}

function analyseHost(source: Source, lookup: Lookup, options: CheckOptions): Part {
  const evaluator = new Evaluator(lookup);
  const element = evaluator.elementOf(source);
  const problems = () => [...evaluator.problems, ...writtenTwiceOrLost(element, evaluator)];
  if (isModel(element)) return { ...NOTHING, problems: problems() };
  const host = readHost(element, evaluator);
  if (!isPresent(element, evaluator)) return { ...NOTHING, problems: evaluator.problems };
  evaluateAll(element, evaluator);
  const findings = RULES.flatMap((rule) => rule.findHost({ host, evaluator })).flatMap((finding) => levelled(finding, options));
  return { ...NOTHING, problems: problems(), findings: findings.map((finding) => atHome(finding, element)), hosts: [host] };
}

function analyseVm(source: Source, lookup: Lookup, options: CheckOptions): Part {
  const first = new Evaluator(lookup);
  const element = first.elementOf(source);
  if (isModel(element)) return { ...NOTHING, problems: [...first.problems, ...writtenTwiceOrLost(element, first)] };
  const names = namesOf(element, 'on');
  const hosts = names.length > 0 ? names : [undefined];
  const parts = hosts.map((host) => analyseOnHost(source, host, lookup, options));
  return {
    problems: parts.flatMap((part) => part.problems),
    findings: mergeHosts(parts.flatMap((part) => part.findings), hosts.length),
    waived: mergeHosts(parts.flatMap((part) => part.waived), hosts.length),
    waivers: parts.flatMap((part) => part.waivers),
    targets: parts.flatMap((part) => part.targets),
    vms: parts.flatMap((part) => part.vms),
    hosts: [],
  };
}

function analyseOnHost(
  source: Source,
  named: ReturnType<typeof namesOf>[number] | undefined,
  lookup: Lookup,
  options: CheckOptions,
): Part {
  const evaluator = new Evaluator(lookup);
  const element = evaluator.elementOf(source);
  const beforeHost = evaluator.problems.length;
  const host = named && hostNamed(named, element, evaluator);
  const afterHost = evaluator.problems.length;
  const vm = readVm(element, host, evaluator);
  evaluateAll(element, evaluator);
  if (!isPresent(element, evaluator)) return { ...NOTHING, problems: evaluator.problems };
  const plan = host && makePlan(vm, host);
  const subject = { vm, host, plan, evaluator };
  const policies = policiesOf(subject);
  const found = [...RULES.flatMap((rule) => rule.findVm(subject)), ...breachesOf(policies, subject)].flatMap((finding) => levelled(finding, options));
  const verdict = judge(subject, policies, found, options.today);
  const told = evaluator.problems.filter(({ place }, index) => index < beforeHost || index >= afterHost || place.item === source.item);
  return {
    problems: [...told, ...writtenTwiceOrLost(element, evaluator)],
    findings: verdict.findings.map((finding) => atHome(finding, element)),
    waived: verdict.waived,
    waivers: verdict.waivers,
    targets: verdict.targets,
    vms: [subject],
    hosts: [],
  };
}

const writtenTwiceOrLost = (element: Element, evaluator: Evaluator): Problem[] => [...duplicatesIn(element, evaluator), ...lostProperties(element)];

/** What is wrong with a declaration that `like` brings from another file is told at the one that is checked. */
function atHome(finding: Finding, element: Element): Finding {
  if (finding.place.path === element.origin.path) return finding;
  const declared = { place: finding.place, message: 'it is declared here, and `like` brings it' };
  return { ...finding, place: namePlace(element), notes: [declared, ...finding.notes] };
}

function hostNamed(named: { name: string; span: { start: number; end: number } }, element: Element, evaluator: Evaluator): Host | undefined {
  const located = element.properties.get('on')?.[0];
  const source = evaluator.lookup.find(located?.path ?? element.origin.path, named.name);
  const host = source?.declaration.keyword.text === 'host' ? evaluator.elementOf(source) : undefined;
  if (host && !isModel(host) && isPresent(host, evaluator)) return readHost(host, evaluator);
  if (!located) return undefined;
  if (host) {
    const why = isModel(host) ? 'is a model: it has a constant without a value' : 'isn’t there: its `when` is false';
    evaluator.report('type-mismatch', placeOf(located, named.span), `host \`${named.name}\` ${why}`);
    return undefined;
  }
  const { hint, more } = didYouMean(named.name, evaluator.lookup.namesIn(located.path), named.span);
  evaluator.report('unknown-name', placeOf(located, named.span), `there is no host \`${named.name}\`${hint}`, more);
  return undefined;
}

function levelled(finding: Finding, { levels }: CheckOptions): Finding[] {
  const level = levels?.get(finding.rule);
  if (level === 'off') return [];
  return [level === undefined ? finding : { ...finding, level }];
}

function dedupe(problems: readonly Problem[]): Problem[] {
  const seen = new Map<unknown, Set<string>>();
  return problems.filter(({ rule, place, message }) => {
    const inItem = seen.get(place.item) ?? new Set<string>();
    seen.set(place.item, inItem);
    const key = `${rule} ${place.start} ${place.end} ${message}`;
    return inItem.has(key) ? false : inItem.add(key);
  });
}

/** A finding that holds on every host is told once; one that doesn't, once with the hosts on which it does. */
function mergeHosts(findings: readonly Finding[], hosts: number): Finding[] {
  if (hosts < 2) return [...findings];
  const merged: { finding: Finding; on: string[] }[] = [];
  for (const finding of findings) {
    const twin = merged.find(({ finding: other }) => other.rule === finding.rule && samePlace(other.place, finding.place) && other.message === finding.message);
    if (twin) twin.on.push(finding.host ?? '');
    else merged.push({ finding, on: [finding.host ?? ''] });
  }
  return merged.map(({ finding, on }) =>
    on.length === hosts ? finding : { ...finding, message: `on ${on.map((name) => `\`${name}\``).join(', ')}: ${finding.message}` },
  );
}

const SEVERITY: Readonly<Record<Level, number>> = { error: 0, warning: 1, note: 2 };

function inOrder(findings: readonly Finding[], scope: FileScope): Finding[] {
  const { document } = scope;
  const startOf = ({ item, start }: Place): number => (document.starts[indexOfItem(document, item) ?? 0] ?? 0) + start;
  return [...findings].sort(
    (left, right) => startOf(left.place) - startOf(right.place) || SEVERITY[left.level] - SEVERITY[right.level] || (left.rule < right.rule ? -1 : 1),
  );
}
