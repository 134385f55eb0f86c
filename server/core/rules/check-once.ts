import { Lookup } from '../layout/lookup.js';
import { forgetTreeOf, isLoaded, sourcesOf, withText, type FileScope, type Source, type TopSource, type World } from '../layout/scope.js';
import type { Document, Item } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import { surveyOf } from '../syntax/survey.js';
import { analyseOnce, checkFile, findingsIn, tellingFor, type CheckOptions } from './check.js';
import { loadsOf, sharersIn } from './host-loads.js';
import { offersFor, type Offer } from './offers.js';
import { offersInPart, tiesOf, type Ties } from './part-of-file.js';
import { isTelling, type CheckedVm, type Told } from './parts.js';
import type { Finding } from './rule.js';
import { judgeTogether, type Together } from './together.js';

/** What is told of a file, and the ways out of a finding when they are asked for. */
export interface CheckedOnce {
  /** In the order of the text. */
  readonly findings: readonly Finding[];
  /** Findings that a waiver silences. */
  readonly waived: readonly Finding[];
  offersFor(finding: Finding): readonly Offer[];
}

/** Items that make a file long: with its tree, values and plans, a guest takes fifty times the memory of its text. */
const LONG = 1000;

/**
 * Checks a file of which nothing else is asked, and no other version: it tells what `checkFile` tells. Of a long one it forgets the guests
 * of a host once they are judged, and tries fixes on the part of the file that has to do with their item.
 */
export function checkOnce(path: string, world: World, options: CheckOptions, long = LONG): CheckedOnce {
  const lookup = new Lookup(world);
  const document = lookup.stateOf(path);
  const scope = isLoaded(document) && document.items.length >= long ? namesRead(path, document, lookup) : undefined;
  const told = scope && judgeHostByHost(scope, lookup, options);
  if (!scope || !told) return checkWhole(path, world, options);
  const { findings, waived, ties } = told;
  return { findings, waived, offersFor: offersInPart(scope, ties, (part) => checkWhole(path, withText(world, path, part), options)) };
}

function checkWhole(path: string, world: World, options: CheckOptions): CheckedOnce {
  const result = checkFile(path, world, options);
  const { findings, waived } = result;
  return { findings, waived, offersFor: (finding) => offersFor(finding, { path, world, options, result }) };
}

/** The names of a file and what its items mention, without the trees of its guests. */
function namesRead(path: string, document: Document, lookup: Lookup): FileScope | undefined {
  for (const item of document.items) {
    surveyOf(item);
    forgetGuestsIn(item, path);
  }
  return lookup.scopeOf(path);
}

/** Forgets the tree of an item that declares nothing but guests. */
function forgetGuestsIn(item: Item, path: string): void {
  if (sourcesOf(path, item).every(isGuest)) forgetTreeOf(item);
}

const isGuest = ({ keyword }: TopSource): boolean => keyword === 'vm';

/** What is told of a file, and what its guests have to do with each other. */
interface ToldOfLong extends Pick<CheckedOnce, 'findings' | 'waived'> {
  readonly ties: ReadonlyMap<Source, Ties>;
}

/**
 * Judges each guest by itself, and those of a host together once its name is mentioned no more. Nothing where that fails: if a guest comes
 * to its host by way of another that it is like, after the others were judged; or if one is on several hosts, on which findings may be the same.
 */
function judgeHostByHost(scope: FileScope, lookup: Lookup, options: CheckOptions): ToldOfLong | undefined {
  const tellers: Told[] = [];
  const ties = new Map<Source, Ties>();
  const hosts = new Map<Declaration, Gathering>();
  const last = lastMentions(scope);
  for (const [index, source] of scope.declarations.entries()) {
    const { part, answers } = analyseOnce(source, lookup, options);
    if (isTelling(part)) tellers.push(bare(part));
    if (isGuest(source)) ties.set(source, tiesOf(source, part, answers, scope));
    if (part.vms.length > 1) return undefined;
    for (const guest of sharersIn(part.vms)) if (!gather(guest, hosts, last)) return undefined;
    for (const gathering of hosts.values()) if (gathering.last <= index) judgeGathered(gathering, options);
    forgetGuestsIn(source.item, scope.path);
  }
  const together = [...hosts.values()].map((gathering) => judgeGathered(gathering, options));
  const all = { findings: together.flatMap(({ findings }) => findings), waivers: together.flatMap(({ waivers }) => waivers) };
  return { findings: findingsIn(scope, tellers, all, lookup, options), waived: [...tellers, ...together].flatMap(({ waived }) => waived), ties };
}

/** For each name, the index of the last declaration whose item mentions it. */
function lastMentions({ declarations }: FileScope): Map<string, number> {
  const last = new Map<string, number>();
  for (const [index, { item }] of declarations.entries()) for (const name of surveyOf(item).names) last.set(name, index);
  return last;
}

/** The guests that share a host, until they are judged. */
interface Gathering {
  guests: CheckedVm[];
  /** Index of the last declaration that may be on the host. */
  readonly last: number;
  verdict: Together | undefined;
}

/** Adds a guest to those of its host; false if they have been judged. */
function gather(guest: CheckedVm, hosts: Map<Declaration, Gathering>, last: ReadonlyMap<string, number>): boolean {
  if (!guest.host) return true;
  const { element, name } = guest.host;
  const gathering = hosts.get(element.origin.declaration) ?? { guests: [], last: last.get(name) ?? Infinity, verdict: undefined };
  hosts.set(element.origin.declaration, gathering);
  gathering.guests.push(guest);
  return !gathering.verdict;
}

function judgeGathered(gathering: Gathering, options: CheckOptions): Together {
  if (!gathering.verdict) {
    const { findings, waived, waivers } = judgeTogether(loadsOf(gathering.guests), tellingFor(options));
    gathering.verdict = { findings: findings.map(bareFinding), waived: waived.map(bareFinding), waivers };
    gathering.guests = [];
  }
  return gathering.verdict;
}

/** What is told, without what it was found in. */
const bare = ({ problems, findings, waived, waivers, targets }: Told): Told => ({
  problems,
  findings: findings.map(bareFinding),
  waived: waived.map(bareFinding),
  waivers,
  targets: targets.map((target) => ({ ...target, elements: [] })),
});

const bareFinding = (finding: Finding): Finding => ({ ...finding, element: undefined, fixes: () => [] });
