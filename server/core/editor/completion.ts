import { formatSize } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { lastOf, sizeOf } from '../layout/intervals.js';
import { rangeOfElement } from '../layout/vm.js';
import { writeAddress } from '../layout/written.js';
import { itemIndexAt } from '../syntax/document.js';
import type { AnyNode, Declaration, Property, Reference, Word } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { REGION_KEYWORDS } from '../syntax/vocabulary.js';
import { barsOf, barsOfDevices } from './bars.js';
import { endsIn, unfinishedAt, type Unfinished } from './damage.js';
import type { EditorFile } from './editor-file.js';
import { freeAddress } from './free-address.js';
import { reservedOf } from './guest-snippets.js';
import { importPathAt, importPaths, MOST_PATHS } from './import-paths.js';
import { replaceable } from './inherited.js';
import { comparedWords, membersAfter, namesAfter } from './members.js';
import { anchorNames, CONDITIONS, expressionNames, namesFor } from './names-in-scope.js';
import { continuing, restOf } from './statement-rest.js';
import { binders, dates, fixedWords, propertiesOf, ruleNames, selectorNames, statements, type Asked } from './statement-words.js';
import { told, type Suggestion } from './suggestion.js';
import { surroundingsOf, type Surroundings } from './surroundings.js';
import { mayFollow } from './trigger.js';
import { unitsAfter, usualValues } from './usual-values.js';

/** What could stand at the cursor, the likeliest first. */
export interface Completions {
  /** Offset of the word that is being typed. */
  readonly start: number;
  /** Offset of the end of the word that the cursor is in. */
  readonly end: number;
  readonly suggestions: readonly Suggestion[];
  /** Whether there are more, which the next letters may bring. */
  readonly isIncomplete?: boolean;
}

/** What the core can't know by itself. */
export interface CompletionContext {
  /** Paths of the layouts that an import may lead to. */
  readonly layouts?: readonly string[];
  /** A date such as `2026-11-22`. */
  readonly today?: string;
  /** The character behind which the editor asks by itself; nothing where somebody asks, or types a word. */
  readonly trigger?: string | undefined;
}

const NOTHING: readonly Suggestion[] = [];

/** Suggestions for the offset. The text is mostly damaged there: it is read as if the word were finished. */
export function completionsAt(file: EditorFile, offset: number, context: CompletionContext = {}): Completions {
  const path = importPathAt(file.document, offset);
  if (path) {
    const suggestions = importPaths(file.path, file.document, path, context.layouts ?? []);
    return { start: path.start, end: path.end, suggestions, isIncomplete: suggestions.length === MOST_PATHS };
  }
  const unfinished = unfinishedAt(file.document, offset);
  if (!unfinished) return { start: offset, end: offset, suggestions: NOTHING };
  const { before, start, typed } = unfinished;
  const end = offset + wordAfter(file, offset);
  const nothing = { start, end, suggestions: NOTHING };
  const ends = endsIn(before);
  if (ends === 'comment') return nothing;
  if (ends === 'string') return { start, end, suggestions: comparedWords(unfinished, surroundingsIn(file, unfinished)) };
  const number = numberBefore(before + typed, context);
  if (number) return { start: offset - number.digits.length, end: offset, suggestions: number.suggestions };
  if (!mayFollow(context.trigger, unfinished)) return nothing;
  const binder = binderAfter(before);
  if (binder.length > 0) return { start, end, suggestions: binder };
  const around = surroundingsIn(file, unfinished);
  return { start, end, suggestions: [...unitsAfter(before), ...suggest(unfinished, { file, around, context })] };
}

const surroundingsIn = ({ path, world }: EditorFile, { item, nodes }: Unfinished): Surroundings => surroundingsOf(path, world, item, nodes);

/** How many letters of a word follow an offset. */
function wordAfter({ document }: EditorFile, offset: number): number {
  const index = itemIndexAt(document, offset);
  const base = document.starts[index] ?? 0;
  return /^[\w-]*/.exec(document.items[index]?.text.slice(offset - base, offset - base + 100) ?? '')?.[0].length ?? 0;
}

/** A day or a release of which some digits are typed, and what it could become. */
function numberBefore(text: string, { today }: CompletionContext): { readonly digits: string; readonly suggestions: readonly Suggestion[] } | undefined {
  const day = /\buntil[ \t]+([\d-]*)$/.exec(text)?.[1];
  if (day !== undefined) return { digits: day, suggestions: dates(today) };
  const release = /(?<![\w-])kernel(?:[ \t]+|[ \t]*[=!<>]=?[ \t]*)(\d[\d.]*)$/.exec(text)?.[1];
  return release === undefined ? undefined : { digits: release, suggestions: usualValues('kernel') };
}

/** Behind the name that a requirement binds, and behind the comma before the next: there the parser reads no binder yet. */
function binderAfter(before: string): readonly Suggestion[] {
  const { name } = /\bfor[ \t]+(?:\w+[ \t]+in[ \t]+[\w-]+,[ \t]*)*(?<name>\w+[ \t]+)?$/.exec(before)?.groups ?? {};
  if (name !== undefined) return [{ label: 'in', kind: 'keyword', insert: 'in ' }];
  return /\bin[ \t]+[\w-]+,[ \t]*$/.test(before) && /\bfor\b[^\n"]*$/.test(before) ? binders() : NOTHING;
}

function suggest(unfinished: Unfinished, asked: Asked): readonly Suggestion[] {
  const { nodes } = unfinished;
  const { around } = asked;
  const [leaf, parent] = [nodes.at(-1), nodes.at(-2)];
  const declarations = nodes.filter((node): node is Declaration => node.kind === 'declaration');
  switch (parent?.kind) {
    case 'declaration':
      if (leaf === parent.keyword) return beginnings(declarations.at(-2), unfinished, asked);
      return leaf === parent.name ? newNames(parent, asked) : restOf(parent, parent, unfinished, asked);
    case 'property':
      return fixedWords(parent, declarations.at(-1));
    case 'rule-names':
      return ruleNames(around, new Set(parent.names.map((name) => textOf(name) ?? '')), nodes.at(-3)?.kind === 'declaration' ? declarations.at(-1)?.keyword.text : 'allow');
    case 'binder':
      return leaf === parent.name ? NOTHING : selectorNames();
    case 'reference':
      return inReference(parent, nodes, asked);
    case 'block': {
      const owner = declarations.at(-1);
      return owner ? restOf(parent, owner, unfinished, asked) : statements(undefined, asked);
    }
    default:
      return NOTHING;
  }
}

/** A line begins a statement, or goes on with the one above. */
function beginnings(owner: Declaration | undefined, unfinished: Unfinished, asked: Asked): Suggestion[] {
  const { words, further } = continuing(unfinished);
  const begun = statements(owner, asked);
  return further ? [...words, ...begun] : [...begun, ...words];
}

/** A declaration's own name is new, unless it replaces one of the vm or host that its owner is like. */
function newNames(declaration: Declaration, asked: Asked): Suggestion[] {
  const keyword = declaration.keyword.text;
  const names = replaceable(keyword, asked.around.element?.parent, asked.around);
  return keyword === 'window' ? [...names, ...propertiesOf(declaration, asked)] : names;
}

function inReference(reference: Reference, nodes: readonly AnyNode[], { around, file }: Asked): readonly Suggestion[] {
  const [leaf, owner] = [nodes.at(-1), nodes.at(-3)];
  const index = reference.path.findIndex((part) => part === leaf);
  const before = reference.path.slice(0, index).map((part) => textOf(part) ?? '');
  const of = ownerOfExpression(nodes);
  const word = of?.word.text ?? '';
  if (word === 'bar') return before.length > 0 ? barsOf(before, around) : barsOfDevices(around);
  if (owner?.kind === 'names') return before.length > 0 ? namesAfter(before, owner, nodes, around) : namesFor(owner, nodes, around);
  if (before.length > 0) return membersAfter(before, owner, nodes, around);
  const anchors = of?.start === reference.start ? anchorNames(word, around) : undefined;
  return anchors ?? [...(of?.start === reference.start ? placesFor(word, around, file) : []), ...usualValues(word), ...conditions(word, owner), ...expressionNames(word, around)];
}

/** The word of the property that an expression belongs to, or of the declaration where it stands right behind its keyword; and where the expression begins. */
function ownerOfExpression(nodes: readonly AnyNode[]): { readonly word: Word; readonly start: number | undefined } | undefined {
  const node = nodes.findLast((each): each is Property | Declaration => each.kind === 'property' || each.kind === 'declaration');
  if (!node) return undefined;
  return node.kind === 'property' ? { word: node.word, start: node.value?.start } : { word: node.keyword, start: node.head?.start };
}

/** How a condition may begin. */
function conditions(word: string, owner: AnyNode | undefined): Suggestion[] {
  if (word === 'const') return owner?.kind === 'declaration' ? ['true', 'false'].map((label) => ({ label, kind: 'keyword' })) : [];
  const joined = owner?.kind !== 'binary' || owner.operator.text === 'and' || owner.operator.text === 'or';
  if (!CONDITIONS.has(word) || owner?.kind === 'call' || !joined) return [];
  return [{ label: 'not', kind: 'keyword', insert: 'not ' }];
}

/** For a region of a vm the next free place; for what the guest leaves out, what its host keeps. */
function placesFor(word: string, around: Surroundings, file: EditorFile): Suggestion[] {
  const { element, evaluator } = around;
  if (word !== 'at' || !element || !REGION_KEYWORDS.has(element.keyword) || element.parent?.keyword !== 'vm') return [];
  const kept = element.keyword === 'avoid' || element.keyword === 'hole' ? reservedOf(evaluator.host).flatMap((reserved) => keptRange(reserved, around)) : [];
  const free = freeAddress(element, file, around);
  return [...kept, ...(free === undefined ? [] : [{ label: free, kind: 'value' as const, detail: 'the next free address', ...told('After the highest region of this vm, or where the guest has room below; aligned.') }])];
}

function keptRange(reserved: Element, { evaluator }: Surroundings): Suggestion[] {
  const range = rangeOfElement(reserved, evaluator);
  if (!range) return [];
  const label = `${writeAddress(range.base)} ..= ${writeAddress(lastOf(range))}`;
  return [{ label, kind: 'value', detail: `${reserved.parent?.name}.${reserved.name}`, ...told(`${formatSize(sizeOf(range))} that the host keeps.`) }];
}
