import { LIBRARY } from '../std/generated/library.js';
import { RULES } from '../rules/catalogue.js';
import type { AnyNode, Declaration, Property, Reference } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { DECLARATIONS, EVERYWHERE, keywordsIn, PROPERTIES, REGION_KEYWORDS, SELECTORS } from '../syntax/vocabulary.js';
import { endsIn, unfinishedAt, type Unfinished } from './damage.js';
import type { EditorFile } from './editor-file.js';
import { freeAddress } from './free-address.js';
import { expressionNames, membersAfter, namesFor, type Suggestion } from './names-in-scope.js';
import { conditionText, visibleRequirements } from './requirement-names.js';
import { surroundingsOf, type Surroundings } from './surroundings.js';

/** What could stand at the cursor, the likeliest first. */
export interface Completions {
  /** Offset of the word that is being typed; it ends at the cursor. */
  readonly start: number;
  readonly suggestions: readonly Suggestion[];
}

const NOTHING: readonly Suggestion[] = [];

/** Suggestions for the offset. The text is mostly damaged there: it is read as if the word were finished. */
export function completionsAt(file: EditorFile, offset: number): Completions {
  const unfinished = unfinishedAt(file.document, offset);
  if (!unfinished) return { start: offset, suggestions: NOTHING };
  const { before, typed, start } = unfinished;
  const ends = endsIn(before);
  if (ends === 'string') return inString(before + typed, offset);
  if (ends === 'comment' || isNameToBe(unfinished)) return { start, suggestions: NOTHING };
  const around = surroundingsOf(file.path, file.world, unfinished.item, unfinished.nodes);
  return { start, suggestions: [...unitsAfter(before), ...suggest(unfinished, around)] };
}

/** In the quotes of an import: the files of the shipped library. */
function inString(upTo: string, offset: number): Completions {
  const typed = /(?:^|\n)[ \t]*import[ \t]+"([^"\n]*)$/.exec(upTo)?.[1];
  if (typed === undefined) return { start: offset, suggestions: NOTHING };
  return { start: offset - typed.length, suggestions: [...LIBRARY.keys()].map((path) => ({ label: path, kind: 'file' as const, about: 'The shipped library.' })) };
}

const UNITS = ['GiB', 'MiB', 'KiB', 'TiB', 'B', 'PiB', 'EiB'];

/** After a number without a unit, but not after a 0, which needs none. */
function unitsAfter(before: string): Suggestion[] {
  const match = /(?:^|[^\w.])[1-9][\d_]*(?:\.\d+)?([ \t]*)$/.exec(before);
  if (!match) return [];
  return UNITS.map((unit) => ({ label: unit, kind: 'unit' as const, insert: match[1] === '' ? ` ${unit}` : unit }));
}

/** A declaration's own name is new: nothing is known of it. */
function isNameToBe({ nodes }: Unfinished): boolean {
  const [leaf, parent] = [nodes.at(-1), nodes.at(-2)];
  return (parent?.kind === 'declaration' && leaf === parent.name) || (parent?.kind === 'binder' && leaf === parent.name);
}

function suggest({ nodes, before }: Unfinished, around: Surroundings): readonly Suggestion[] {
  const [leaf, parent, grandparent] = [nodes.at(-1), nodes.at(-2), nodes.at(-3)];
  const declarations = nodes.filter((node): node is Declaration => node.kind === 'declaration');
  switch (parent?.kind) {
    case 'declaration':
      if (leaf === parent.keyword) return statements(declarations.at(-2));
      return before.trimEnd().endsWith('backing') ? backingKinds() : propertiesOf(parent);
    case 'property':
      return fixedWords(parent, declarations.at(-1));
    case 'rule-names':
      return ruleNames(around);
    case 'binder':
      return SELECTORS.map((label) => ({ label, kind: 'selector' as const, about: `Each \`${label}\` of the vm.` }));
    case 'reference':
      return inReference(parent, leaf, grandparent, nodes, around);
    case 'block':
      return statements(declarations.at(-1));
    default:
      return NOTHING;
  }
}

/** What may begin a statement in the block of a declaration, or at the top of the file. */
function statements(owner: Declaration | undefined): Suggestion[] {
  const container = owner?.keyword.text ?? 'file';
  const keywords = keywordsIn(container).map((keyword) => ({ label: keyword, kind: 'keyword' as const, about: DECLARATIONS[keyword]?.about ?? '', insert: `${keyword}${DECLARATIONS[keyword]?.head === 'nothing' ? '' : ' '}` }));
  return [...keywords, ...(owner ? propertiesOf(owner) : [])];
}

/** The properties that a declaration takes and doesn't have yet. */
function propertiesOf(owner: Declaration): Suggestion[] {
  const used = new Set([...owner.properties, ...(owner.block?.members ?? [])].map((member) => (member.kind === 'property' ? member.word.text : '')));
  const words = [...(DECLARATIONS[owner.keyword.text]?.properties ?? []), ...EVERYWHERE];
  return words.filter((word) => !used.has(word)).map(propertySuggestion);
}

function propertySuggestion(word: string): Suggestion {
  const known = PROPERTIES[word];
  const alone = known?.form === 'flag' && word !== 'physical';
  return { label: word, kind: 'property', about: known?.about ?? '', insert: alone ? word : `${word} ` };
}

const BACKING_KINDS = ['anonymous', 'thp', 'hugetlb', 'dax', 'physical'];

const backingKinds = (): Suggestion[] => BACKING_KINDS.map((word) => ({ label: word, kind: 'value' as const, about: PROPERTIES[word]?.about ?? '' }));

/** Words that a property takes beside those in its table. */
const MORE_WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['access', ['r', 'rw', 'rx', 'rwx']],
  ['memory for', ['host', 'hypervisor', 'guests']],
  ['window for', ['bars', 'memory']],
]);

function fixedWords({ word }: Property, owner: Declaration | undefined): Suggestion[] {
  const words = PROPERTIES[word.text]?.words ?? MORE_WORDS.get(word.text) ?? MORE_WORDS.get(`${owner?.keyword.text} ${word.text}`) ?? [];
  return words.map((label) => ({ label, kind: 'value' as const }));
}

function ruleNames(around: Surroundings): Suggestion[] {
  const rules = RULES.map(({ name, summary, level }): Suggestion => ({ label: name, kind: 'rule', detail: level, about: summary }));
  const named = visibleRequirements(around.origin.path, around).map((requirement): Suggestion => ({ label: requirement.rule, kind: 'rule', detail: conditionText(requirement) }));
  return [...rules, ...named];
}

function inReference(reference: Reference, leaf: AnyNode | undefined, owner: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): readonly Suggestion[] {
  const index = reference.path.findIndex((part) => part === leaf);
  const before = reference.path.slice(0, index).map((part) => textOf(part) ?? '');
  if (before.length > 0) return membersAfter(before, owner, nodes, around);
  if (owner?.kind === 'names') return namesFor(owner, nodes, around);
  const property = nodes.findLast((node): node is Property => node.kind === 'property');
  const places = property?.word.text === 'at' ? placesAfterAt(around) : [];
  return [...places, ...expressionNames(property?.word.text, around)];
}

/** The next free place, for a region of a vm. */
function placesAfterAt(around: Surroundings): Suggestion[] {
  const { element } = around;
  if (!element || !REGION_KEYWORDS.has(element.keyword) || element.parent?.keyword !== 'vm') return [];
  const free = freeAddress(element, around.evaluator);
  return free === undefined ? [] : [{ label: free, kind: 'value', detail: 'the next free address', about: 'After the highest region of this vm, aligned.' }];
}
