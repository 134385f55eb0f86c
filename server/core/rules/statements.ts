import { didYouMean } from '../layout/did-you-mean.js';
import type { Element, LocatedProperty } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import type { Vm } from '../layout/model.js';
import { placeOf, type Origin, type Place, type PlacedEdit } from '../layout/place.js';
import { isPresent } from '../layout/presence.js';
import type { Problem } from '../layout/problem.js';
import type { Member, Property, PropertyValue, Reference, RuleNames, Word } from '../syntax/nodes.js';
import { REGION_KEYWORDS } from '../syntax/vocabulary.js';
import { without, withoutSpan } from './edits.js';
import type { DatedPlace } from './rule.js';

/** `deny`, `warn`, `note` and `allow`, as a policy or an element of a vm says them. */
export interface Statement {
  readonly verb: Verb;
  readonly rules: readonly Word[];
  /** What offsets of its words count in. */
  readonly origin: Origin;
  readonly place: Place;
  readonly because: string | undefined;
  readonly until: DatedPlace | undefined;
  /** Who answers for it: named here, else by the policy. */
  readonly owner: string | undefined;
  /** The names after `on`; nothing where it is about everything. */
  readonly on: readonly Reference[] | undefined;
  /** The element it stands in, if not in a policy. */
  readonly within: Element | undefined;
  /** Takes one rule out of the text, or the whole where it names no other. */
  removalOf(rule: Word): PlacedEdit;
}

export type Verb = 'deny' | 'warn' | 'note' | 'allow';

const VERBS: ReadonlySet<string> = new Set<Verb>(['deny', 'warn', 'note', 'allow']);

/** The statements of a policy that are there: those of the one it is `like` first, then its own. */
export const policyStatements = (policy: Element, evaluator: Evaluator): Statement[] =>
  policy.children.filter(({ keyword }) => VERBS.has(keyword)).flatMap((child) => declared(child, undefined, ownerOf(policy), evaluator));

/** The waivers that regions, maps and assignments of a vm carry themselves. */
export const ownStatements = ({ element }: Vm, evaluator: Evaluator): Statement[] => element.children.flatMap((child) => statementsIn(child, evaluator));

const CARRIERS: ReadonlySet<string> = new Set([...REGION_KEYWORDS, 'map', 'assign']);

function statementsIn(element: Element, evaluator: Evaluator): Statement[] {
  if (!CARRIERS.has(element.keyword)) return [];
  const inBlock = element.children.filter(({ keyword }) => keyword === 'allow').flatMap((child) => declared(child, element, undefined, evaluator));
  return element.properties.has('allow') ? [...inBlock, ...written(element)] : inBlock;
}

function declared(element: Element, within: Element | undefined, owner: string | undefined, evaluator: Evaluator): Statement[] {
  const { origin, properties, keyword } = element;
  const { head } = origin.declaration;
  if (head?.kind !== 'rule-names' || !isPresent(element, evaluator)) return [];
  const valueOf = (word: string): PropertyValue | undefined => properties.get(word)?.[0]?.property.value;
  const on = valueOf('on');
  return [
    {
      verb: keyword as Verb,
      rules: wordsIn(head),
      origin,
      place: placeOf(origin, origin.declaration.keyword),
      because: textIn(valueOf('because')),
      until: dateIn(valueOf('until'), origin),
      owner: ownerOf(element) ?? owner,
      on: on?.kind === 'names' ? on.names.filter((name): name is Reference => name.kind === 'reference') : undefined,
      within,
      removalOf: (rule) => removalIn(head, rule, origin) ?? without({ origin }),
    },
  ];
}

/** Who answers for what a policy or a statement says, where it names somebody: `owner "network team"`. */
export const ownerOf = ({ properties }: Element): string | undefined => textIn(properties.get('owner')?.[0]?.property.value);

/** A reason as it is shown, with who answers for it. */
export const reasonText = (because: string, owner: string | undefined): string => (owner === undefined ? because : `${because} (${owner})`);

/** What belongs to an `allow` on the line of a declaration. */
const BELONGING: ReadonlySet<string> = new Set(['because', 'until', 'owner']);

/** `allow x because "…" until …` among the properties of a line: what follows belongs to it. */
function written(element: Element): Statement[] {
  const { declaration } = element.origin;
  const members: readonly Member[] = [...declaration.properties, ...(declaration.block?.members ?? [])];
  const properties = members.filter((member): member is Property => member.kind === 'property');
  return (element.properties.get('allow') ?? []).flatMap((located) => {
    const after = properties.slice(properties.indexOf(located.property) + 1);
    const next = after.findIndex(({ word }) => !BELONGING.has(word.text));
    return writtenOne(located, next < 0 ? after : after.slice(0, next), element);
  });
}

function writtenOne(located: LocatedProperty, belonging: readonly Property[], element: Element): Statement[] {
  const { property } = located;
  const { value } = property;
  if (value?.kind !== 'rule-names') return [];
  const valueOf = (word: string): PropertyValue | undefined => belonging.find((other) => other.word.text === word)?.value;
  return [
    {
      verb: 'allow',
      rules: wordsIn(value),
      origin: located,
      place: placeOf(located, property.word),
      because: textIn(valueOf('because')),
      until: dateIn(valueOf('until'), located),
      owner: textIn(valueOf('owner')),
      on: undefined,
      within: element,
      removalOf: (rule) => removalIn(value, rule, located) ?? withoutSpan(located, property.start, belonging.at(-1)?.end ?? property.end),
    },
  ];
}

const wordsIn = ({ names }: RuleNames): Word[] => names.filter((name): name is Word => name.kind === 'word');

export const textIn = (value: PropertyValue | undefined): string | undefined => (value?.kind === 'text' ? value.value : undefined);

const dateIn = (value: PropertyValue | undefined, origin: Origin): DatedPlace | undefined =>
  value?.kind === 'date' ? { ...placeOf(origin, value), date: value.text } : undefined;

/** Takes a name out of a list; nothing where it is the only one. */
function removalIn({ names }: RuleNames, rule: Word, { path, item }: Origin): PlacedEdit | undefined {
  const index = names.indexOf(rule);
  const [before, after] = [names[index - 1], names[index + 1]];
  if (before) return { path, item, start: before.end, end: rule.end, newText: '' };
  return after && { path, item, start: rule.start, end: after.start, newText: '' };
}

/** What `on PATH` stands for in one vm. */
export interface Target {
  readonly place: Place;
  readonly elements: readonly Element[];
  /** What is told if no vm that the policy holds for has it. */
  readonly unknown: Problem | undefined;
}

/** Finds the elements of a path, relative to the vm or starting with its name; nothing where another vm is meant. */
export function targetOf(reference: Reference, origin: Origin, { element: vm, name }: Vm, evaluator: Evaluator): Target | undefined {
  const words = reference.path.flatMap((word) => (word.kind === 'word' ? [word.text] : []));
  if (words.length < reference.path.length) return undefined;
  const fromVm = words[0] === name;
  const elements = elementsAt(vm, fromVm ? words.slice(1) : words);
  const place = placeOf(origin, reference);
  if (elements.length > 0) return { place, elements, unknown: undefined };
  if (isElsewhere(words[0], fromVm, origin, evaluator)) return undefined;
  const first = reference.path[fromVm ? 1 : 0] ?? reference;
  const span = { start: first.start, end: reference.end };
  const wanted = words.slice(fromVm ? 1 : 0).join('.');
  const { hint, more } = didYouMean(wanted, vm.children.map((child) => child.name).filter((child) => child !== ''), span);
  return { place, elements, unknown: { rule: 'unknown-name', place: placeOf(origin, span), message: `nothing in \`${name}\` is called \`${wanted}\`${hint}`, ...more } };
}

const isElsewhere = (first: string | undefined, fromVm: boolean, { path }: Origin, { lookup }: Evaluator): boolean =>
  !fromVm && first !== undefined && lookup.find(path, first)?.declaration.keyword.text === 'vm';

/** All elements of a path: a region and the map of its name; `gpu.0` may be one name or two. */
export function elementsAt(owner: Element, words: readonly string[]): Element[] {
  if (words.length === 0) return [owner];
  return words.flatMap((_, index) => {
    const name = words.slice(0, index + 1).join('.');
    const children = owner.children.filter((child) => child.name === name);
    return children.flatMap((child) => elementsAt(child, words.slice(index + 1)));
  });
}
