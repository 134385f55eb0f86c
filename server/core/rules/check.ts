import { makePlan } from '../dma/plan.js';
import { didYouMean, withoutNames } from '../layout/did-you-mean.js';
import type { Element } from '../layout/elements.js';
import { Evaluator } from '../layout/evaluate.js';
import { readHost } from '../layout/host.js';
import { Lookup } from '../layout/lookup.js';
import { namePlace, type Host } from '../layout/model.js';
import { placeOf, spanOfPlace } from '../layout/place.js';
import { isModel, isPresent } from '../layout/presence.js';
import type { Problem } from '../layout/problem.js';
import { hostsNamedBy, type NamedPlace } from '../layout/properties.js';
import { Readings } from '../layout/readings.js';
import { isLoaded, type FileScope, type Source, type World } from '../layout/scope.js';
import { evaluateAll } from '../layout/unread.js';
import { readVm } from '../layout/vm.js';
import type { Declaration } from '../syntax/nodes.js';
import { breachesOf } from './breaches.js';
import { RULES } from './catalogue.js';
import { duplicatesIn, hostsTwiceIn } from './duplicates.js';
import { demandsOnHost } from './host-demands.js';
import { judgedWaivers, unknownTargets } from './judged.js';
import { lostProperties } from './lost-properties.js';
import { problemOfModel, valuesMissing } from './model-problems.js';
import { judge, policiesOf, statementsOf, type Judgement } from './policy.js';
import { checkPolicy } from './policy-names.js';
import { NOTHING, partsOf, type Analysis, type CheckedVm, type FileParts, type Part, type Told } from './parts.js';
import type { Finding, Level } from './rule.js';
import { mergeHosts } from './several-hosts.js';
import { judgeTogether, type Telling, type Together } from './together.js';

/** What a check depends on besides the text. */
export interface CheckOptions {
  /** Today's date, `2026-11-22`: waivers are judged by it. */
  readonly today: string;
  /** Levels that replace the defaults, by rule; policies still have the last word. */
  readonly levels?: ReadonlyMap<string, Level | 'off'>;
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
  /** What a check of the next version can take over. */
  readonly parts?: FileParts;
}

/** What the rules look at: each is asked about nothing else. */
const OF_FILES = RULES.flatMap(({ findFile }) => findFile ?? []);
const OF_HOSTS = RULES.flatMap(({ findHost }) => findHost ?? []);
const OF_VMS = RULES.flatMap(({ findVm }) => findVm ?? []);

/**
 * Checks a file. Pure: what was loaded, today's date and the text decide. What an earlier check found makes it faster and
 * changes nothing.
 */
export const checkFile = (path: string, world: World, options: CheckOptions, before?: CheckResult): CheckResult =>
  checkWith(new Lookup(world), path, options, before);

/** Checks the next version of a file, and gives the one before up: what is taken over of it looks into the new texts from now on, and keeps no old ones. */
export function checkNextVersion(path: string, world: World, options: CheckOptions, before: CheckResult | undefined): CheckResult {
  const lookup = new Lookup(world);
  if (before?.parts) lookup.supersede(before.parts.lookup);
  return checkWith(lookup, path, options, before);
}

function checkWith(lookup: Lookup, path: string, options: CheckOptions, before: CheckResult | undefined): CheckResult {
  const document = lookup.stateOf(path);
  if (!isLoaded(document)) return { findings: [], waived: [], missing: [path], vms: [], hosts: [] };
  const parts = partsOf(path, document, lookup, optionsKey(options), (source) => analyse(source, lookup, options), before?.parts);
  const { scope, tellers } = parts;
  const missing = scope.imports().flatMap(({ path: target }) => (target && lookup.stateOf(target) === 'missing' ? [target] : []));
  const together = judgeTogether(parts.loads, tellingFor(options));
  return new Checked(findingsIn(scope, tellers, together, lookup, options), together.waived, missing, parts);
}

/** All that is found in a file, in the order of its text: what its parts come to, guests of a host together, and the file as a whole. */
export function findingsIn(scope: FileScope, tellers: readonly Told[], together: Pick<Together, 'findings' | 'waivers'>, lookup: Lookup, options: CheckOptions): Finding[] {
  const told = [...tellers.flatMap(({ problems }) => problems), ...unknownTargets(tellers.flatMap(({ targets }) => targets))];
  const problems = dedupe(told.filter(({ place }) => place.path === scope.path));
  const waivers = judgedWaivers([...tellers.flatMap((part) => part.waivers), ...together.waivers], scope);
  const subject = { scope, lookup, problems, waivers };
  const file = OF_FILES.flatMap((find) => find(subject)).flatMap((finding) => levelled(finding, options));
  return inOrder([...file, ...tellers.flatMap((part) => part.findings), ...together.findings], scope);
}

/** What guests of a host have together is told as what one has by itself. */
export const tellingFor = (options: CheckOptions): Telling => ({
  today: options.today,
  levelled: (finding) => levelled(finding, options),
  merged: (findings, { vm: { element } }) => mergeHosts(findings, hostsNamedBy(element).length).map((finding) => atHome(finding, element)),
});

class Checked implements CheckResult {
  readonly findings: readonly Finding[];
  readonly missing: readonly string[];
  readonly parts: FileParts;
  readonly #together: readonly Finding[];
  #vms: readonly CheckedVm[] | undefined;
  #hosts: readonly Host[] | undefined;

  /** `together` is what is waived of the guests of a host together. */
  constructor(findings: readonly Finding[], together: readonly Finding[], missing: readonly string[], parts: FileParts) {
    this.findings = findings;
    this.#together = together;
    this.missing = missing;
    this.parts = parts;
  }

  get waived(): readonly Finding[] {
    return [...this.parts.tellers.flatMap((part) => part.waived), ...this.#together];
  }

  /** Gathered when somebody asks: a check at a key needs none of them. */
  get vms(): readonly CheckedVm[] {
    this.#vms ??= this.parts.analyses.flatMap(({ part }) => part.vms);
    return this.#vms;
  }

  get hosts(): readonly Host[] {
    this.#hosts ??= this.parts.analyses.flatMap(({ part }) => part.hosts);
    return this.#hosts;
  }
}

interface Remembered extends Analysis {
  readonly path: string;
  readonly options: string;
}

/** Analyses by declaration: one holds as long as the names it looked up mean the same declarations. */
const remembered = new WeakMap<Declaration, Remembered>();

function analyse(source: Source, lookup: Lookup, options: CheckOptions): Analysis {
  const key = optionsKey(options);
  const known = remembered.get(source.declaration);
  if (known && known.path === source.path && known.options === key && lookup.stillHolds(known.answers)) return known;
  const analysis = { path: source.path, options: key, ...analyseOnce(source, lookup, options) };
  remembered.set(source.declaration, analysis);
  return analysis;
}

/** The same without remembering it. */
export function analyseOnce(source: Source, lookup: Lookup, options: CheckOptions): Analysis {
  const own = lookup.fork();
  const part = analyseAnew(source, own, options);
  return { answers: own.answers, part };
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
  const findings = OF_HOSTS.flatMap((find) => find({ host, evaluator })).flatMap((finding) => levelled(finding, options));
  return { ...NOTHING, problems: problems(), findings: findings.map((finding) => atHome(finding, element)), hosts: [host] };
}

/** A guest on each of its hosts; one that names an unknown host is judged on the others, and on none if there are no others. */
function analyseVm(source: Source, lookup: Lookup, options: CheckOptions): Part {
  const first = new Evaluator(lookup);
  const element = first.elementOf(source);
  if (isModel(element)) return { ...NOTHING, problems: [...first.problems, ...writtenTwiceOrLost(element, first), ...valuesMissing(element)] };
  const names = hostsNamedBy(element);
  const hosts = names.length > 0 ? names : [undefined];
  const all = hosts.map((host) => analyseOnHost(element, host, first, options));
  const onHosts = all.filter(({ host }) => host);
  const parts = onHosts.length > 0 ? onHosts : all.slice(0, 1);
  return {
    problems: all.flatMap((part) => part.problems),
    findings: mergeHosts(parts.flatMap((part) => part.findings), parts.length),
    waived: mergeHosts(parts.flatMap((part) => part.waived), parts.length),
    waivers: parts.flatMap((part) => part.waivers),
    targets: parts.flatMap((part) => part.targets),
    vms: parts.flatMap((part) => part.vms),
    hosts: [],
  };
}

/** What is found of a guest on a host; without one, where its name means none. */
interface PartOnHost extends Part {
  readonly host: Host | undefined;
}

/** The guest on one of its hosts; `first` has read its element, with what `like` brings. */
function analyseOnHost(
  element: Element,
  named: NamedPlace | undefined,
  first: Evaluator,
  options: CheckOptions,
): PartOnHost {
  const evaluator = new Evaluator(first.lookup);
  evaluator.adopt(element, first.problems);
  const beforeHost = evaluator.problems.length;
  const host = named && hostNamed(named, element, evaluator);
  const afterHost = evaluator.problems.length;
  const subject = subjectOf(element, host, evaluator);
  if (!subject) return { ...NOTHING, host, problems: evaluator.problems };
  const verdict = judged(subject, options);
  const told = evaluator.problems.filter(({ place }, index) => index < beforeHost || index >= afterHost || place.item === element.origin.item);
  return {
    host,
    problems: [...told, ...problemOfModel(told, element, evaluator, verdict.findings.some(({ level }) => level === 'error')), ...writtenTwiceOrLost(element, evaluator)],
    findings: verdict.findings.map((finding) => atHome(finding, element)),
    waived: verdict.waived,
    waivers: verdict.waivers,
    targets: verdict.targets,
    vms: [subject],
    hosts: [],
  };
}

/** A guest on a host, read and planned; nothing where its `when` says that it isn't there. */
function subjectOf(element: Element, host: Host | undefined, evaluator: Evaluator): CheckedVm | undefined {
  const vm = readVm(element, host, evaluator);
  evaluateAll(element, evaluator);
  return isPresent(element, evaluator) ? { vm, host, plan: host && makePlan(vm, host), evaluator } : undefined;
}

function judged(subject: CheckedVm, options: CheckOptions): Judgement {
  const policies = policiesOf(subject);
  const statements = statementsOf(policies, subject.evaluator);
  const found = [...OF_VMS.flatMap((find) => find(subject)), ...demandsOnHost(statements, subject), ...breachesOf(policies, subject)].flatMap((finding) => levelled(finding, options));
  return judge(subject, statements, found, options.today);
}

/** What a guest comes to on a host, whether or not it says that it is `on` it. */
export interface GuestOnHost extends CheckedVm {
  readonly findings: readonly Finding[];
  /** What could not be read of it there, such as a device that this host doesn't have. */
  readonly problems: readonly Problem[];
}

/** Judges a guest on any host; nothing for a model, and where the guest isn't there. */
export function judgeOn(source: Source, host: Host, lookup: Lookup, options: CheckOptions): GuestOnHost | undefined {
  const evaluator = new Evaluator(lookup);
  const element = evaluator.elementOf(source);
  const subject = isModel(element) ? undefined : subjectOf(element, host, evaluator);
  return subject && { ...subject, findings: judged(subject, options).findings, problems: evaluator.problems };
}

const writtenTwiceOrLost = (element: Element, evaluator: Evaluator): Problem[] => [...duplicatesIn(element, evaluator), ...hostsTwiceIn(element), ...lostProperties(element)];

/** What is wrong with a declaration that `like` brings from another file is told at the one that is checked. */
function atHome(finding: Finding, element: Element): Finding {
  if (finding.place.path === element.origin.path) return finding;
  const declared = { place: finding.place, message: 'it is declared here, and `like` brings it' };
  return { ...finding, place: namePlace(element), notes: [declared, ...finding.notes] };
}

function hostNamed(named: NamedPlace, element: Element, evaluator: Evaluator): Host | undefined {
  const located = element.properties.get('on')?.[0];
  const source = evaluator.lookup.find(located?.path ?? element.origin.path, named.name);
  const read = source?.declaration.keyword.text === 'host' ? hosts.of(source, evaluator) : undefined;
  if (read?.what) return read.what;
  if (!located) return undefined;
  if (read) {
    const why = isModel(read.element) ? 'is a model: it has a constant without a value' : 'isn’t there: its `when` is false';
    evaluator.report('type-mismatch', placeOf(located, named.span), `host \`${named.name}\` ${why}`);
    return undefined;
  }
  const { hint, more } = didYouMean(named.name, withoutNames(evaluator.lookup.namesIn(located.path), hostsNamedBy(element)), named.span);
  evaluator.report('unknown-name', placeOf(located, named.span), `there is no host \`${named.name}\`${hint}`, more);
  return undefined;
}

/** Hosts as guests see them; without facts where one is a model or isn't there. */
const hosts = new Readings((element, evaluator) => (isModel(element) || !isPresent(element, evaluator) ? undefined : readHost(element, evaluator)));

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

const SEVERITY: Readonly<Record<Level, number>> = { error: 0, warning: 1, note: 2 };

function inOrder(findings: readonly Finding[], scope: FileScope): Finding[] {
  return findings
    .map((finding) => ({ finding, start: spanOfPlace(scope.document, finding.place)?.start ?? finding.place.start }))
    .sort(({ finding: left, start }, { finding: right, start: other }) =>
      start - other || SEVERITY[left.level] - SEVERITY[right.level] || (left.rule < right.rule ? -1 : 1))
    .map(({ finding }) => finding);
}
