import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { placeOf, type Place } from '../layout/place.js';
import type { World } from '../layout/scope.js';
import { treeOf, type Document, type Item } from '../syntax/document.js';
import type { AnyNode, Declaration, Word } from '../syntax/nodes.js';
import { pathTo, walk } from '../syntax/walk.js';
import { cursorAt, inDocument, type Cursor } from './cursor.js';
import type { EditorFile } from './editor-file.js';
import { devicesFor, meaningAt, type Meaning } from './meaning.js';
import { visibleRequirements } from './requirement-names.js';
import { deviceOf, type Surroundings } from './surroundings.js';
import type { Span } from '../text/span.js';

/** What has a name that may be used elsewhere. */
export type Target =
  | { readonly kind: 'element'; readonly name: string; readonly element: Element }
  | { readonly kind: 'requirement'; readonly name: string; readonly element: Element }
  | { readonly kind: 'bound'; readonly name: string; readonly statement: Declaration; readonly place: Place };

export type ElementTarget = Exclude<Target, { readonly kind: 'bound' }>;

/** A place where the name of a target stands: the name alone, without what is around it. */
export interface Occurrence extends Place {
  /** Whether it is the declaration itself. */
  readonly declares: boolean;
}

/** A text that may mention a target. */
export interface TextFile {
  readonly path: string;
  readonly document: Document;
}

/** What the name at an offset stands for, and the name’s span in the document; nothing where there is no name of the file’s own. */
export function targetAt(file: EditorFile, offset: number): { readonly target: Target; readonly span: Span } | undefined {
  const cursor = cursorAt(file.document, offset);
  const word = cursor?.nodes.at(-1);
  if (!cursor || word?.kind !== 'word') return undefined;
  const [target] = targetsOfWord(file, cursor);
  // Of `policy/no-wx` the name is the end.
  if (!target || !word.text.endsWith(target.name)) return undefined;
  return { target, span: inDocument(cursor, { start: word.end - target.name.length, end: word.end }) };
}

/** What a word stands for: several elements where it is a name on several hosts, or in several vms. */
function targetsOfWord(file: EditorFile, cursor: Cursor): Target[] {
  const meaning = meaningAt(file, cursor);
  return meaning ? targetsOf(meaning, cursor.nodes) : [];
}

function targetsOf(meaning: Meaning, nodes: readonly AnyNode[]): Target[] {
  if (meaning.kind === 'element') return elementTargets([meaning.element, ...meaning.others], meaning.around);
  if (meaning.kind === 'rule') return requirementTarget(meaning.name, meaning.around);
  const statement = meaning.kind === 'bound' && meaning.binder && nodes.findLast((node): node is Declaration => node.kind === 'declaration');
  return statement ? [{ kind: 'bound', name: meaning.name, statement, place: placeOf(meaning.around.origin, statement) }] : [];
}

const elementTargets = (elements: readonly Element[], { evaluator }: Surroundings): Target[] =>
  namedBy(elements, evaluator).map((element) => ({ kind: 'element', name: element.name, element }));

/** The elements that have a name of their own. An `assign` is called like its device, and is no declaration of that name. */
export const namedBy = (elements: readonly Element[], evaluator: Evaluator): Element[] =>
  elements
    .flatMap((element) => (element.keyword === 'assign' ? devicesFor(element, deviceOf(element) ?? '', evaluator) : [element]))
    .filter(({ name, origin }) => name !== '' && nameWordOf(origin.declaration)?.text === name);

/** The word that a declaration gives its name with; a policy at the top has it in its head. */
export function nameWordOf({ name, keyword, head }: Declaration): Word | undefined {
  if (name?.kind === 'word') return name;
  const [first] = keyword.text === 'policy' && head?.kind === 'names' ? head.names : [];
  const word = first?.kind === 'reference' ? first.path[0] : undefined;
  return word?.kind === 'word' ? word : undefined;
}

function requirementTarget(rule: string, around: Surroundings): Target[] {
  const found = visibleRequirements(around.origin.path, around).find((candidate) => candidate.rule === rule);
  return found ? requirementOf(found.element) : [];
}

function requirementOf(element: Element): Target[] {
  const { head } = element.origin.declaration;
  return head?.kind === 'requirement' && head.name ? [{ kind: 'requirement', name: head.name.text, element }] : [];
}

/**
 * Everywhere that the target is named in these texts, in their order; its declaration included. `namesakes` are elements of the
 * same name that are looked for, too.
 */
export function occurrencesOf(target: Target, files: readonly TextFile[], world: World, namesakes: readonly Element[] = []): Occurrence[] {
  if (target.kind === 'bound') return boundOccurrences(target);
  const meant = new Set([target.element, ...namesakes].map(({ origin }) => origin.declaration));
  return files.flatMap(({ path, document }) => {
    const file: EditorFile = { path, document, world, result: NO_RESULT, files };
    return document.items.flatMap((item) => occurrencesIn(item, file, target, meant));
  });
}

/** Where the declaration of one element names another. */
export function mentionsIn({ origin: { path, item, declaration } }: Element, element: Element, files: readonly TextFile[], world: World): Occurrence[] {
  const file = files.find((one) => one.path === path);
  const target: ElementTarget = { kind: 'element', name: element.name, element };
  const found = file ? occurrencesIn(item, { ...file, world, result: NO_RESULT, files }, target, new Set([element.origin.declaration])) : [];
  return found.filter(({ start, end, declares }) => !declares && start >= declaration.start && end <= declaration.end);
}

function occurrencesIn(item: Item, file: EditorFile, target: ElementTarget, meant: ReadonlySet<Declaration>): Occurrence[] {
  if (!item.text.includes(target.name)) return [];
  const tree = treeOf(item);
  const occurrences: Occurrence[] = [];
  for (const node of walk(tree)) {
    if (node.kind !== 'word' || !mentions(node, target)) continue;
    const nodes = pathEndingAt(tree, node);
    const declares = isDeclaration(nodes, target.kind, meant);
    const found = declares ? [target] : targetsOfWord(file, { item, base: 0, offset: node.start, nodes });
    const isMeant = found.some((one) => one.kind === target.kind && meant.has(one.element.origin.declaration));
    if (isMeant) occurrences.push({ path: file.path, item, start: node.end - target.name.length, end: node.end, declares });
  }
  return occurrences;
}

/** Nothing that a name means depends on what was found. */
export const NO_RESULT: EditorFile['result'] = { findings: [], waived: [], missing: [], vms: [], hosts: [] };

const mentions = ({ text }: Word, target: Target): boolean => (target.kind === 'requirement' ? text === target.name || text === `policy/${target.name}` : text === target.name);

/** The nodes from the root to a word: of two words that touch, the one that is meant. */
function pathEndingAt(root: AnyNode, word: Word): AnyNode[] {
  const here = pathTo(root, word.start);
  if (here.at(-1) === word) return here;
  const inside = pathTo(root, Math.min(word.start + 1, word.end));
  return inside.at(-1) === word ? inside : pathTo(root, word.end);
}

function isDeclaration(nodes: readonly AnyNode[], kind: ElementTarget['kind'], meant: ReadonlySet<Declaration>): boolean {
  const [word, owner] = [nodes.at(-1), nodes.at(-2)];
  const declarations = nodes.filter((node): node is Declaration => node.kind === 'declaration' && meant.has(node));
  return declarations.some((declaration) =>
    kind === 'requirement' ? owner?.kind === 'requirement' && owner === declaration.head && owner.name === word : nameWordOf(declaration) === word,
  );
}

/** The binder, and the names that begin with it in its statement. */
function boundOccurrences({ name, statement, place }: Extract<Target, { kind: 'bound' }>): Occurrence[] {
  const occurrences: Occurrence[] = [];
  for (const node of walk(statement)) {
    const word = node.kind === 'binder' ? node.name : node.kind === 'reference' ? node.path[0] : undefined;
    if (word?.kind !== 'word' || word.text !== name) continue;
    occurrences.push({ path: place.path, item: place.item, start: word.start, end: word.end, declares: node.kind === 'binder' });
  }
  return occurrences.sort((left, right) => left.start - right.start);
}
