import type { Plan } from '../dma/plan.js';
import type { Evaluator } from '../layout/evaluate.js';
import { scopeAfter, type Answer, type Lookup } from '../layout/lookup.js';
import type { Host, Vm } from '../layout/model.js';
import type { Problem } from '../layout/problem.js';
import { FileScope, type NextScope, type Source } from '../layout/scope.js';
import type { Document } from '../syntax/document.js';
import { keepOverview } from '../syntax/survey.js';
import { loadsAfter, loadsOf, sharersIn, type HostLoads } from './host-loads.js';
import type { Finding, Waiver } from './rule.js';
import type { Target } from './statements.js';

/** A guest on a host as the file describes it, with its plan. */
export interface CheckedVm {
  readonly vm: Vm;
  readonly host: Host | undefined;
  readonly plan: Plan | undefined;
  readonly evaluator: Evaluator;
}

/** What there is to tell of a top-level declaration. */
export interface Told {
  readonly problems: readonly Problem[];
  readonly findings: readonly Finding[];
  readonly waived: readonly Finding[];
  readonly waivers: readonly Waiver[];
  readonly targets: readonly Target[];
}

/** What one top-level declaration comes to. */
export interface Part extends Told {
  readonly vms: readonly CheckedVm[];
  readonly hosts: readonly Host[];
}

export const NOTHING: Part = { problems: [], findings: [], waived: [], waivers: [], targets: [], vms: [], hosts: [] };

/** A part with the names it looked up and what they meant: it holds as long as they mean the same. */
export interface Analysis {
  readonly part: Part;
  readonly answers: readonly Answer[];
}

/** What is known of analyses that are taken over. */
interface Known {
  readonly telling: readonly boolean[];
  readonly loads: HostLoads | undefined;
  readonly asked: Set<string>;
}

/** What the declarations of a file come to, each by itself, in the order of the text. */
export class FileParts {
  readonly scope: FileScope;
  /** What they depend on besides the texts. */
  readonly options: string;
  /** The files that were looked into, and what was there. */
  readonly around: ReadonlyMap<string, FileScope | undefined>;
  readonly analyses: readonly Analysis[];
  /** What the analyses look into, in the state of these texts. */
  readonly lookup: Lookup;
  /** Whether there is more to tell of a part than its vms and hosts; of most there isn't. */
  readonly telling: readonly boolean[];
  #loads: HostLoads | undefined;
  #asked: Set<string> | undefined;

  constructor(scope: FileScope, options: string, around: FileParts['around'], analyses: readonly Analysis[], lookup: Lookup, known?: Known) {
    this.scope = scope;
    this.options = options;
    this.around = around;
    this.analyses = analyses;
    this.lookup = lookup;
    this.telling = known?.telling ?? analyses.map(({ part }) => isTelling(part));
    this.#loads = known?.loads;
    this.#asked = known?.asked;
  }

  /** The parts of which there is something to tell. */
  get tellers(): Part[] {
    return this.analyses.filter((_, index) => this.telling[index]).map(({ part }) => part);
  }

  /** Guests by the host that they share. */
  get loads(): HostLoads {
    this.#loads ??= loadsOf(this.analyses.flatMap(({ part }) => sharersIn(part.vms)));
    return this.#loads;
  }

  /** Names that were asked for in any file, by these parts or by earlier versions of them. Gathered when it is first needed. */
  get asked(): Set<string> {
    this.#asked ??= new Set(this.analyses.flatMap(namesAsked));
    return this.#asked;
  }
}

export const isTelling = ({ problems, findings, waived, waivers, targets }: Told): boolean => [problems, findings, waived, waivers, targets].some(({ length }) => length > 0);

/** Who asked for all names of a file got what is the same as long as no name comes or goes. */
const namesAsked = ({ answers }: Analysis): string[] => answers.flatMap(({ table, name }) => (name === undefined ? [] : [`${table} ${name}`]));

/**
 * Analyses the declarations of a file. After an edit all parts are taken over but those of the declarations that were
 * edited, so that the cost of a key does not grow with the file; unless somebody asks for what those declare, or
 * something else is another than before. Then each part is asked by itself.
 */
export function partsOf(path: string, document: Document, lookup: Lookup, options: string, analyse: (source: Source) => Analysis, before?: FileParts): FileParts {
  const next = before && before.scope.path === path && before.options === options && isSameAround(before, lookup) ? scopeAfter(before.scope, document) : undefined;
  if (before && next && !isAskedFor(next, before)) return takenOver(before, next, lookup, analyse);
  const scope = lookup.scopeOf(path) ?? FileScope.of(path, document);
  const analyses = scope.declarations.map(analyse);
  return new FileParts(scope, options, otherFiles(path, lookup), analyses, lookup);
}

function takenOver(before: FileParts, { scope, edited, from, old, fresh }: NextScope, lookup: Lookup, analyse: (source: Source) => Analysis): FileParts {
  keepOverview(before.scope.document, scope.document, edited);
  const anew = fresh.map(analyse);
  for (const analysis of anew) for (const name of namesAsked(analysis)) before.asked.add(name);
  const replaced = <One>(all: readonly One[], some: readonly One[]): One[] => all.slice(0, from).concat(some, all.slice(from + old));
  const around = new Map([...before.around, ...otherFiles(scope.path, lookup)]);
  const sharers = (analyses: readonly Analysis[]): CheckedVm[] => analyses.flatMap(({ part }) => sharersIn(part.vms));
  const loads = loadsAfter(before.loads, sharers(before.analyses.slice(from, from + old)), sharers(anew));
  const known = { telling: replaced(before.telling, anew.map(({ part }) => isTelling(part))), loads, asked: before.asked };
  return new FileParts(scope, before.options, around, replaced(before.analyses, anew), lookup, known);
}

const isSameAround = ({ around }: FileParts, lookup: Lookup): boolean => [...around].every(([path, scope]) => lookup.scopeOf(path) === scope);

const otherFiles = (own: string, lookup: Lookup): Map<string, FileScope | undefined> => new Map([...lookup.lookedInto].filter(([path]) => path !== own));

/** Whether anybody asked for the name of a declaration that is another one now. */
const isAskedFor = ({ fresh }: NextScope, { asked }: FileParts): boolean =>
  fresh.some(({ names: { names, policies } }) =>
    (names !== undefined && asked.has(`names ${names}`)) || (policies !== undefined && asked.has(`policies ${policies}`)));
