import type { Plan, PlannedMap } from '../dma/plan.js';
import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import type { Range } from '../layout/intervals.js';
import type { Lookup } from '../layout/lookup.js';
import { namePlace, type Host, type Vm } from '../layout/model.js';
import type { Place, PlacedEdit } from '../layout/place.js';
import type { LanguageRule, Problem } from '../layout/problem.js';
import type { FileScope } from '../layout/scope.js';
import type { Repair } from '../syntax/problems.js';

/** How bad a finding is. */
export type Level = 'error' | 'warning' | 'note';

/** Which part of the catalogue a rule belongs to. */
export type RuleGroup = 'overlap' | 'fragmentation' | 'contract' | 'hotplug' | 'policy' | 'language';

/** A guest on one host: what most rules look at. A vm without a host has no plan. */
export interface VmSubject {
  readonly vm: Vm;
  readonly host: Host | undefined;
  readonly plan: Plan | undefined;
  readonly evaluator: Evaluator;
}

export interface HostSubject {
  readonly host: Host;
  readonly evaluator: Evaluator;
}

/** A whole file: its names, and what could not be understood in it. */
export interface FileSubject {
  readonly scope: FileScope;
  readonly lookup: Lookup;
  /** What evaluating its declarations stumbled over. */
  readonly problems: readonly Problem[];
  /** Waivers that are in it, with what became of them. */
  readonly waivers: readonly Waiver[];
}

/** One rule that an `allow` names, in a policy or on a region, after everything it may waive has been judged. */
export interface Waiver {
  /** The name of the rule. */
  readonly place: Place;
  readonly rule: string;
  /** What the rule looks at: a waiver holds for vms. */
  readonly over: keyof Subjects;
  readonly because: string;
  /** The last day it holds, if it ends. */
  readonly until: DatedPlace | undefined;
  /** Who answers for it: named at the waiver, else by its policy. */
  readonly owner: string | undefined;
  readonly expired: boolean;
  /** Days from today to its last one: 0 on that day, negative once it is past; nothing where it doesn’t end. */
  readonly daysLeft: number | undefined;
  readonly used: boolean;
  /** A later statement that tells again what it silences, if there is one. */
  readonly overruledBy: { readonly verb: string; readonly place: Place } | undefined;
  /** What takes it out of the text: the name, or the whole `allow` where it names no other. */
  readonly removal: PlacedEdit;
}

export interface DatedPlace extends Place {
  /** `2027-06-30`. */
  readonly date: string;
}

/** The guests of a file that are on one host, in the order of the text; those that take something of it that another could want. */
export interface HostLoad {
  readonly host: Host;
  readonly vms: readonly VmSubject[];
  /** Those of them that take from backings which others may take from, too. */
  readonly common: readonly VmSubject[];
  /** Those that claim memory of the host by its address. */
  readonly physical: readonly VmSubject[];
}

/** What was found of several guests, with the one that is blamed: its policies decide about it. */
export interface Blamed<Fact> {
  readonly subject: VmSubject;
  readonly fact: Fact;
}

interface Subjects {
  readonly vm: VmSubject;
  readonly host: HostSubject;
  readonly file: FileSubject;
}

/** A remark at another place: the other party. */
export interface Note {
  readonly place: Place;
  readonly message: string;
}

/**
 * A change that would mend a finding. The title starts with a verb and says nothing of its price: that is measured when
 * it is offered (offers.ts).
 */
export interface Fix {
  readonly title: string;
  /** True if the meaning stays and only spelling changes, or if the plan changes in nothing but leaves gained. */
  readonly safe: boolean;
  /** True if it is no fix unless the plans take fewer leaves with it. */
  readonly savesLeaves?: boolean;
  /** Mappings that the finding counts: the price in the title is over these, too, where nothing of them changes. */
  readonly counted?: readonly PlannedMap[];
  /**
   * True if it mends what the checker could not read, or writes a fact: errors that only then come to light were there
   * before. They are told in the title, and don't speak against it unless they are of the language, too.
   */
  readonly reveals?: boolean;
  readonly edits: readonly PlacedEdit[];
}

/** A text that shows a rule. Carets and the message stand on a line of their own under the source, as tests draw it. */
export type Example =
  | { readonly kind: 'bad'; readonly text: string; readonly fixes: readonly ExampleFix[] }
  | { readonly kind: 'good'; readonly text: string };

/** What a fix changes in a bad example, as a diff: lines that begin with `-`, `+` or, where they stay, a blank; `…` where others are left out. */
export interface ExampleFix {
  readonly title: string;
  readonly change: string;
}

/**
 * One rule, in one file. `check` looks once and yields facts; everything else is a pure function of one fact, so that
 * telling and repairing can't disagree.
 */
export interface Rule<Over extends keyof Subjects, Fact> {
  /** Kebab-case; names the offence and reads after *allow*. */
  readonly name: string;
  readonly over: Over;
  /** Default level; policies change it. */
  readonly level: Level;
  readonly group: RuleGroup;
  /** One sentence. */
  readonly summary: string;
  /** Why it matters on a real machine, with its source. Markdown. */
  readonly why: string;
  readonly since: string;
  readonly examples: readonly Example[];
  check(subject: Subjects[Over]): Iterable<Fact>;
  /** What only several guests of a host together have; for rules over guests. */
  checkTogether?(load: HostLoad): Iterable<Blamed<Fact>>;
  /** What to underline. */
  locate(fact: Fact): Element | Place;
  /** One sentence without a full stop: what is wrong, and what would happen on the real machine. */
  message(fact: Fact): string;
  /** The level of this fact, where it isn't the default. */
  levelOf?(fact: Fact): Level | undefined;
  notes?(fact: Fact): readonly Note[];
  /** The exact range at fault. */
  witness?(fact: Fact): Range | undefined;
  /** Where that counts: guest-physical addresses or the host's memory; IOVAs if left out. */
  readonly witnessIn?: WitnessSpace;
  /** In the order they are offered. */
  fixes?(fact: Fact, subject: Subjects[Over]): readonly Fix[];
  /** True where the fact is about something that could as well be deleted; editors fade it. */
  readonly unused?: boolean;
  /** True if what it warns of is the price itself that the title of a fix tells: blocks that a hole cuts. */
  readonly isPrice?: boolean;
}

/** What the addresses of a range are, where they are no IOVAs. */
export type WitnessSpace = 'gpa' | 'memory';

/** A rule whose facts are sealed in. */
export interface SealedRule {
  readonly name: string;
  readonly over: keyof Subjects;
  readonly level: Level;
  readonly group: RuleGroup;
  readonly summary: string;
  readonly why: string;
  readonly since: string;
  readonly examples: readonly Example[];
  readonly isPrice: boolean;
  /** Each of these is there where the rule looks at that. */
  readonly findVm: ((subject: VmSubject) => Finding[]) | undefined;
  readonly findTogether: ((load: HostLoad) => Blamed<Finding>[]) | undefined;
  readonly findHost: ((subject: HostSubject) => Finding[]) | undefined;
  readonly findFile: ((subject: FileSubject) => Finding[]) | undefined;
}

/** What a rule found, ready to be told. */
export interface Finding {
  readonly rule: string;
  readonly level: Level;
  readonly place: Place;
  readonly message: string;
  readonly notes: readonly Note[];
  readonly witness: Range | undefined;
  readonly witnessIn?: WitnessSpace | undefined;
  /** The element that is blamed, for waivers; nothing where a bare place is. */
  readonly element: Element | undefined;
  readonly vm: string | undefined;
  readonly host: string | undefined;
  /** The hosts of its vm on which it holds, where that has several and it doesn't hold on all. */
  readonly hosts?: readonly string[];
  readonly unused: boolean;
  /** Why it is silenced, in the words of the waiver; nothing where it is told. */
  readonly waiver?: WaiverReason;
  fixes(): readonly Fix[];
}

/** What an `allow` says for itself. */
export interface WaiverReason {
  readonly because: string;
  /** The last day it holds, `2027-06-30`, if it ends. */
  readonly until: string | undefined;
  /** Who answers for it, if anybody is named. */
  readonly owner: string | undefined;
}

/** Makes a rule from its parts; the type of its facts is inferred from `check`. */
export function defineRule<Over extends keyof Subjects, Fact>(rule: Rule<Over, Fact>): SealedRule {
  const find = (subject: Subjects[Over]): Finding[] => {
    const findings: Finding[] = [];
    for (const fact of rule.check(subject)) findings.push(findingOf(rule, fact, subject));
    return findings;
  };
  const { name, over, level, group, summary, why, since, examples, checkTogether, isPrice = false } = rule;
  return {
    name,
    over,
    level,
    group,
    summary,
    why,
    since,
    examples,
    isPrice,
    findVm: over === 'vm' ? (find as SealedRule['findVm']) : undefined,
    findTogether: checkTogether && ((load) => Array.from(checkTogether(load), ({ subject, fact }) => ({ subject, fact: findingOf(rule, fact, subject as Subjects[Over]) }))),
    findHost: over === 'host' ? (find as SealedRule['findHost']) : undefined,
    findFile: over === 'file' ? (find as SealedRule['findFile']) : undefined,
  };
}

/** One rule that looks at guests in one way and at hosts in another. The first tells what it is and why. */
export const alsoOverHosts = (guests: SealedRule, hosts: SealedRule): SealedRule => ({ ...guests, findHost: hosts.findHost });

function findingOf<Over extends keyof Subjects, Fact>(rule: Rule<Over, Fact>, fact: Fact, subject: Subjects[Over]): Finding {
  const where = rule.locate(fact);
  const element = 'keyword' in where ? where : undefined;
  return {
    rule: rule.name,
    level: rule.levelOf?.(fact) ?? rule.level,
    place: 'keyword' in where ? namePlace(where) : where,
    message: rule.message(fact),
    notes: rule.notes?.(fact) ?? [],
    witness: rule.witness?.(fact),
    witnessIn: rule.witnessIn,
    element,
    vm: 'vm' in subject ? subject.vm.name : undefined,
    host: 'host' in subject ? subject.host?.name : undefined,
    unused: rule.unused ?? false,
    fixes: () => rule.fixes?.(fact, subject) ?? [],
  };
}

/** What a rule of the language has of its own. */
interface LanguageRuleParts extends Omit<Rule<'file', Problem>, 'over' | 'group' | 'level' | 'check' | 'locate' | 'message' | 'notes' | 'fixes'> {
  readonly name: LanguageRule;
  /** An error where it isn't said. */
  readonly level?: Level;
  /** Problems of this kind that don't come from evaluating a declaration. */
  also?(subject: FileSubject): Iterable<Problem>;
  /** Whether a problem is one in this file; each is, if left out. */
  isTold?(problem: Problem, subject: FileSubject): boolean;
  /** Fixes besides the repair that a problem brings, and before it. */
  fixesOf?(problem: Problem, subject: FileSubject): readonly Fix[];
}

/** A rule of the language: it tells the problems of one kind that evaluation stumbled over. */
export function defineLanguageRule({ also, isTold = () => true, fixesOf, ...rule }: LanguageRuleParts): SealedRule {
  return defineRule<'file', Problem>({
    ...rule,
    over: 'file',
    group: 'language',
    level: rule.level ?? 'error',
    check: (subject) => [...subject.problems.filter((problem) => problem.rule === rule.name && isTold(problem, subject)), ...(also?.(subject) ?? [])],
    locate: ({ place }) => place,
    message: ({ message }) => message,
    notes: ({ note }) => (note ? [note] : []),
    fixes: (problem, subject) => [...(fixesOf?.(problem, subject) ?? []), ...(problem.repair ? [fixOf(problem.place, problem.repair)] : [])],
  });
}

/** The fix that makes a replacement in the item of a place. */
export const fixOf = ({ path, item }: Place, { start, end, newText, title, safe = false }: Repair): Fix => ({
  title,
  safe,
  reveals: true,
  edits: [{ path, item, start, end, newText }],
});

/** A text the rule reports, with carets and the message drawn under it, and what its fixes make of it. */
export const bad = (text: string, ...fixes: readonly ExampleFix[]): Example => ({ kind: 'bad', text, fixes });

/** A text the rule has nothing to say about. */
export const good = (text: string): Example => ({ kind: 'good', text });

/** What the fix of this title changes in a bad example. */
export const fixed = (title: string, change: string): ExampleFix => ({ title, change });
