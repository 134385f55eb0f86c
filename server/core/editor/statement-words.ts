import type { Element } from '../layout/elements.js';
import { RULES } from '../rules/catalogue.js';
import type { Declaration, Member, Property } from '../syntax/nodes.js';
import { DECLARATIONS, EVERYWHERE, keywordsIn, PROPERTIES, SELECTORS } from '../syntax/vocabulary.js';
import type { CompletionContext } from './completion.js';
import type { EditorFile } from './editor-file.js';
import { inheritedText, openConstants } from './inherited.js';
import { monthsAfter } from './policy-snippets.js';
import { conditionText, visibleRequirements } from './requirement-names.js';
import { snippetsAt, waiverOf } from './snippets.js';
import { told, type Suggestion } from './suggestion.js';
import type { Surroundings } from './surroundings.js';

/** Words of the language at the place of a statement, of a property, and behind one. */
export interface Asked {
  readonly file: EditorFile;
  readonly around: Surroundings;
  readonly context: CompletionContext;
}

/** What may begin a statement in the block of a declaration, or at the top of the file. The last declaration of `around` is the one to be. */
export function statements(owner: Declaration | undefined, asked: Asked): Suggestion[] {
  const { around, file, context } = asked;
  const container = owner?.keyword.text ?? 'file';
  const element = around.element?.parent;
  const taken = owner ? wordsFor(owner, element) : [];
  const keywords = keywordsIn(container).filter((keyword) => !isProperty(container, keyword) || taken.includes(keyword));
  const properties = owner ? propertiesOf(owner, asked, true).filter(({ label }) => !keywords.includes(label)) : [];
  const snippets = snippetsAt(container, { around, owner: element, file, today: context.today });
  return [...openConstants(element, around), ...keywords.map(keywordSuggestion), ...properties, ...snippets];
}

function keywordSuggestion(keyword: string): Suggestion {
  const { about, head } = DECLARATIONS[keyword] ?? { about: '', head: 'nothing' };
  const known = { label: keyword, kind: 'keyword' as const, ...told(about) };
  if (keyword === 'import') return { ...known, insert: 'import "$1"', snippet: true, plain: 'import "' };
  return { ...known, insert: head === 'nothing' ? keyword : `${keyword} ` };
}

/** The properties that a declaration takes and doesn't have yet; with what it takes over, where it says nothing itself. */
export function propertiesOf(owner: Declaration, { around, file, context }: Asked, inBlock = false): Suggestion[] {
  const used = new Set([...owner.properties, ...(owner.block?.members ?? [])].flatMap(wordsTaken));
  const element = inBlock ? around.element?.parent : around.element;
  const words = [...wordsFor(owner, element), ...EVERYWHERE].filter((word) => !used.has(word));
  const waiver = words.includes('allow') && !inBlock ? [waiverOf({ around, owner: element, file, today: context.today })] : [];
  return [...words.map((word) => propertySuggestion(word, inheritedText(word, element, around))), ...waiver];
}

/** What a declaration takes where it stands. `element` is its own, unless it is damaged. */
function wordsFor(owner: Declaration, element: Element | undefined): readonly string[] {
  const container = element?.origin.declaration === owner ? element.parent?.keyword : undefined;
  const place = `${container} ${owner.keyword.text}`;
  const words = DECLARATIONS[owner.keyword.text]?.properties ?? [];
  return words.filter((word) => (ONLY.get(place)?.includes(word) ?? true) && word !== NEVER.get(place));
}

/** Declarations that mean something else elsewhere, by what they stand in: all that they take there. */
const ONLY: ReadonlyMap<string, readonly string[]> = new Map([
  ['bridge window', ['at', 'size', 'acs']],
  ['device bar', ['size']],
]);

/** A word of the other place, where that is all that isn’t taken. */
const NEVER: ReadonlyMap<string, string> = new Map([['vm window', 'acs']]);

/** Whether a declaration takes a word as a property of its line as well. */
const isProperty = (keyword: string, word: string): boolean => DECLARATIONS[keyword]?.properties.includes(word) ?? false;

/** A property’s own word; what has an end behind `at` has its size, too. */
const wordsTaken = (member: Member): string[] =>
  member.kind !== 'property' ? [] : member.value?.kind === 'extent' ? [member.word.text, 'size'] : [member.word.text];

export function propertySuggestion(word: string, inherited?: string): Suggestion {
  const known = PROPERTIES[word];
  const alone = known?.form === 'flag' && word !== 'physical';
  const insert = { insert: alone ? word : `${word} ` };
  const quoted = known?.form === 'text' && { insert: `${word} "$1"`, snippet: true, plain: `${word} ` };
  return { label: word, kind: 'property', ...told(known?.about), ...insert, ...quoted, ...(inherited !== undefined && { suffix: ` ${inherited}` }) };
}

export const BACKING_KINDS: readonly string[] = ['anonymous', 'thp', 'hugetlb', 'dax', 'physical'];

export const backingKinds = (): Suggestion[] =>
  BACKING_KINDS.map((word) => ({ label: word, kind: 'value', ...told(PROPERTIES[word]?.about), ...(word === 'physical' && { insert: 'physical at ' }) }));

/** Words that a property takes beside those in its table. */
const MORE_WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['access', ['r', 'rw', 'rx', 'rwx']],
  ['memory for', ['host', 'hypervisor', 'guests']],
  ['window for', ['bars', 'memory']],
]);

/** What stands behind a word that takes fixed ones; `for` of a requirement takes a name and a list. */
export function fixedWords({ word }: Property, owner: Declaration | undefined): Suggestion[] {
  const keyword = owner?.keyword.text ?? '';
  if (word.text === 'for' && (keyword === 'require' || keyword === 'prefer')) return binders();
  const words = PROPERTIES[word.text]?.words ?? MORE_WORDS.get(word.text) ?? MORE_WORDS.get(`${keyword} ${word.text}`) ?? [];
  return words.map((label) => ({ label, kind: 'value' }));
}

/** `r in ram`: a name for each of a list. */
export const binders = (): Suggestion[] => SELECTORS.map((selector) => ({ label: `${selector.charAt(0)} in ${selector}`, kind: 'selector', ...told(`Each \`${selector}\` of the vm.`) }));

export const selectorNames = (): Suggestion[] => SELECTORS.map((label) => ({ label, kind: 'selector', ...told(`Each \`${label}\` of the vm.`) }));

/** Rules, and requirements that have a name, for a statement that begins with `verb`; but for those that stand there already. */
export function ruleNames(around: Surroundings, taken: ReadonlySet<string>, verb: string | undefined): Suggestion[] {
  // A policy holds for vms, and sets no level of a rule that looks at files.
  const rules = RULES.filter(({ over }) => verb === 'allow' || over !== 'file').map(({ name, summary, why, level, group }): Suggestion => ({
    label: name,
    kind: 'rule',
    detail: level,
    commit: ',',
    explain: () => ({ about: `${summary}\n\n${why.trim().replace(/\n[ \t]+/g, '\n')}`, detail: `${level}, ${group}` }),
    brief: () => ({ about: summary }),
  }));
  const named = visibleRequirements(around.origin.path, around).map((requirement): Suggestion => ({
    label: requirement.rule, kind: 'rule', commit: ',', explain: () => ({ about: requirement.because ?? '', detail: `${requirement.verb} ${conditionText(requirement)}` }),
  }));
  return [...rules, ...named].filter(({ label }) => !taken.has(label));
}

/** Days on which a waiver or a requirement may end. */
export const dates = (today: string | undefined): Suggestion[] =>
  today === undefined ? [] : [[3, 'in three months'], [6, 'in half a year'], [12, 'in a year']].map(([months, detail]) => ({ label: monthsAfter(today, Number(months)), kind: 'value', detail: `${detail}` }));
