import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { fieldsOf } from '../layout/things.js';
import { resolveBeside } from '../layout/scope.js';
import type { AnyNode, Binder, Declaration, Expression, Names, Property, Reference, Text, Word } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { SELECTORS } from '../syntax/vocabulary.js';
import type { Span } from '../text/span.js';
import { insideOut, type Cursor } from './cursor.js';
import type { EditorFile } from './editor-file.js';
import { elementsOn } from './statement-targets.js';
import { contextOf, hostsOf, surroundingsOf, topElement, type Surroundings } from './surroundings.js';

/**
 * What stands at a cursor, and what it means there. Spans count in the item. A name means several elements where a vm runs on several
 * hosts, or a policy holds for several vms.
 */
export type Meaning = { readonly span: Span } & (
  | { readonly kind: 'keyword'; readonly word: string }
  | { readonly kind: 'property'; readonly word: string; readonly keyword: string }
  | { readonly kind: 'fixed'; readonly word: string; readonly property: string }
  | { readonly kind: 'element'; readonly element: Element; readonly others: readonly Element[]; readonly around: Surroundings }
  | { readonly kind: 'field'; readonly owner: Element; readonly name: string; readonly around: Surroundings }
  | { readonly kind: 'bound'; readonly name: string; readonly selector: string; readonly binder: Binder | undefined; readonly around: Surroundings }
  | { readonly kind: 'bound-field'; readonly selector: string; readonly name: string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'rule'; readonly name: string; readonly around: Surroundings }
  | { readonly kind: 'expression'; readonly node: Expression; readonly around: Surroundings }
  | { readonly kind: 'import'; readonly path: string }
);

/** What the word or number at the cursor means; nothing where nothing stands or it means nothing. */
export function meaningAt(file: EditorFile, cursor: Cursor): Meaning | undefined {
  const [leaf, parent, grandparent] = insideOut(cursor);
  if (leaf?.kind === 'word') return meaningOfWord(leaf, parent, grandparent, cursor, { ...aroundOf(file, cursor), files: file.files ?? [file] });
  if (leaf?.kind === 'integer' || leaf?.kind === 'decimal' || leaf?.kind === 'percent') {
    return { kind: 'expression', span: leaf, node: leaf, around: aroundOf(file, cursor) };
  }
  return leaf?.kind === 'text' ? importOf(leaf, parent, file.path) : undefined;
}

const aroundOf = (file: EditorFile, { item, nodes }: Cursor): Surroundings => surroundingsOf(file.path, file.world, item, nodes);

/** What names are looked up in, and the files of which vms a policy may speak. */
type Scene = Surroundings & Required<Pick<EditorFile, 'files'>>;

function meaningOfWord(word: Word, parent: AnyNode | undefined, grandparent: AnyNode | undefined, cursor: Cursor, around: Scene): Meaning | undefined {
  switch (parent?.kind) {
    case 'declaration':
      if (word === parent.keyword) return { kind: 'keyword', span: word, word: word.text };
      return around.element && elementMeaning(word, declaredBy(word, parent, around.element), around);
    case 'property':
      if (word === parent.word) return { kind: 'property', span: word, word: word.text, keyword: around.element?.keyword ?? '' };
      return { kind: 'fixed', span: word, word: word.text, property: parent.word.text };
    case 'rule-names':
      return { kind: 'rule', span: word, name: word.text, around };
    case 'requirement':
      return { kind: 'rule', span: word, name: `policy/${word.text}`, around };
    case 'binder':
      return { kind: 'bound', span: word, name: parent.name.text, selector: textOf(parent.selector) ?? '', binder: word === parent.name ? parent : undefined, around };
    case 'unary':
    case 'binary':
      return { kind: 'expression', span: parent, node: parent, around };
    case 'reference':
      return meaningInReference(word, parent, grandparent, cursor, around);
    default:
      return undefined;
  }
}

/** An `assign` declares nothing; every other declaration is at its name. */
const declaredBy = (word: Word, declaration: Declaration, element: Element): Element[] =>
  word === declaration.name && element.origin.declaration === declaration ? [element] : [];

const elementMeaning = (span: Span, [element, ...others]: readonly Element[], around: Surroundings): Meaning | undefined =>
  element && { kind: 'element', span, element, others, around };

function importOf(text: Text, parent: AnyNode | undefined, path: string): Meaning | undefined {
  if (parent?.kind !== 'declaration' || parent.keyword.text !== 'import' || text.value === '') return undefined;
  return { kind: 'import', span: text, path: text.value.startsWith('std:') ? text.value : resolveBeside(path, text.value) };
}

function meaningInReference(word: Word, reference: Reference, owner: AnyNode | undefined, cursor: Cursor, around: Scene): Meaning | undefined {
  const index = reference.path.indexOf(word);
  const before = reference.path.slice(0, index);
  const called = owner?.kind === 'call' && owner.callee === reference;
  if (called && reference.path.length === 1) return { kind: 'function', span: word, name: word.text };
  const names = before.map((part) => textOf(part) ?? '');
  const binder = around.binders.find(({ name }) => name.text === (names[0] ?? word.text));
  if (binder && owner?.kind !== 'names') {
    const selector = textOf(binder.selector) ?? '';
    if (names.length === 0) return { kind: 'bound', span: word, name: word.text, selector, binder, around };
    return { kind: 'bound-field', span: word, selector, name: [...names.slice(1), word.text].join('.') };
  }
  if (owner?.kind !== 'names' && names.length === 0 && isSelectorIn(around, word.text)) return { kind: 'bound', span: word, name: word.text, selector: word.text, binder: undefined, around };
  const path = [...names, word.text];
  const concerned = around.element && isConcern(owner, cursor.nodes) ? elementsOn(path, around.element, around.files, around.evaluator) : [];
  if (concerned.length > 0) return elementMeaning(word, concerned, around);
  const [head = word.text, ...rest] = path;
  return meaningOfPath(word, firstOf(owner, cursor.nodes, around)(head), rest, around);
}

/** Whether names say what a statement such as `deny` is about. */
function isConcern(names: AnyNode | undefined, nodes: readonly AnyNode[]): boolean {
  const property = names && nodes[nodes.indexOf(names) - 1];
  const statement = property && nodes.findLast((node) => node.kind === 'declaration');
  return property?.kind === 'property' && property.word.text === 'on' && statement?.head?.kind === 'rule-names';
}

const isSelectorIn = ({ selects }: Surroundings, word: string): boolean => selects && (SELECTORS as readonly string[]).includes(word);

/** Goes from an element through its fields and children; the last word decides. */
function meaningOfPath(span: Span, starts: readonly Element[], rest: readonly string[], around: Surroundings): Meaning | undefined {
  let elements = starts;
  for (const [index, name] of rest.entries()) {
    const [owner] = elements;
    if (!owner) return undefined;
    if (fieldsOf(owner.keyword).includes(name)) {
      return index === rest.length - 1 ? { kind: 'field', span, owner, name, around } : undefined;
    }
    elements = elements.flatMap((element) => memberOf(element, name) ?? []);
  }
  return elementMeaning(span, elements, around);
}

/** A child by its name, and of a host also the devices in its groups. */
export function memberOf(element: Element, name: string): Element | undefined {
  const named = element.children.filter((child) => child.name === name);
  const best = named.find(({ keyword }) => keyword !== 'map' && keyword !== 'assign') ?? named[0];
  return best ?? (element.keyword === 'host' ? devicesOf(element).find((device) => device.name === name) : undefined);
}

/** The devices of a host, whatever group they are in. */
export const devicesOf = (host: Element): Element[] =>
  host.children.flatMap((child) => (child.keyword === 'group' ? child.children : [child])).filter(({ keyword }) => keyword === 'device');

type Finds = (name: string) => readonly Element[];

/** How the first name of a path is found: it depends on the word that the path stands after. */
function firstOf(owner: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): Finds {
  const visible: Finds = (name) => orElse(name === 'host' ? hostsAround(around) : [], () => listed(around.evaluator.find(name, contextOf(around))));
  if (owner?.kind === 'declaration' && owner.keyword.text === 'bar') return (name) => orElse(devicesNamed(name, around), () => visible(name));
  if (owner?.kind !== 'names') return visible;
  return namesRole(owner, nodes, around, visible);
}

function namesRole(names: Names, nodes: readonly AnyNode[], around: Surroundings, visible: Finds): Finds {
  const owner = nodes[nodes.indexOf(names) - 1];
  const keyword = around.element?.keyword ?? '';
  if (owner?.kind === 'declaration') return ofHead(owner, around, visible);
  if (owner?.kind !== 'property') return visible;
  return ofProperty(owner, keyword, around, visible);
}

function ofHead(declaration: Declaration, around: Surroundings, visible: Finds): Finds {
  if (declaration.keyword.text === 'assign') return (name) => orElse(devicesNamed(name, around), () => visible(name));
  if (declaration.keyword.text === 'policy') return (name) => listed(topElement(name, 'policies', around));
  return visible;
}

function ofProperty({ word }: Property, keyword: string, around: Surroundings, visible: Finds): Finds {
  switch (word.text) {
    case 'like':
      return keyword === 'device' ? (name) => devicesNamed(name, around) : (name) => listed(topElement(name, keyword === 'policy' ? 'policies' : 'names', around));
    case 'on':
      return (name) => listed(topElement(name, 'names', around));
    case 'behind':
      return (name) => orElse(listed(around.evaluator.host?.children.find((child) => child.keyword === 'iommu' && child.name === name)), () => visible(name));
    case 'over':
      return (name) => listed(around.element?.parent && memberOf(around.element.parent, name));
    default:
      return visible;
  }
}

const listed = (element: Element | undefined): readonly Element[] => (element ? [element] : []);

const orElse = (found: readonly Element[], others: () => readonly Element[]): readonly Element[] => (found.length > 0 ? found : others());

const hostsAround = ({ element, evaluator }: Surroundings): Element[] => (element ? [...hostsOf(element, evaluator)] : []);

const devicesNamed = (name: string, around: Surroundings): Element[] => (around.element ? devicesFor(around.element, name, around.evaluator) : []);

/** The device of this name on each host that an element belongs to, or its vm runs on. */
export const devicesFor = (element: Element, name: string, evaluator: Evaluator): Element[] =>
  [...hostsOf(element, evaluator)].flatMap((host) => devicesOf(host).find((device) => device.name === name) ?? []);
