import { textOf, type Declaration, type Expression, type Member, type Property, type Reference } from '../syntax/nodes.js';
import { articleOf } from '../syntax/problems.js';
import type { Span } from '../text/span.js';
import { groupBy } from './grouping.js';
import type { Origin } from './place.js';
import { policyName, type Source } from './scope.js';

/**
 * A declaration as it counts: with the properties of its line and of its block in one table, with what `like` brings,
 * and with one element for each device of an `assign`. `when` is not applied yet.
 */
export interface Element {
  readonly keyword: string;
  /** Its name; empty where it has none. */
  readonly name: string;
  readonly origin: Source;
  /** What to underline for the element as a whole: its name, or its keyword. */
  readonly nameSpan: Span;
  readonly parent: Element | undefined;
  /** What it replaces of the declaration that its owner is `like`. */
  readonly replaces?: readonly Element[];
  readonly properties: ReadonlyMap<string, readonly LocatedProperty[]>;
  readonly children: readonly Element[];
}

export interface LocatedProperty extends Origin {
  readonly property: Property;
}

/** Builds the element of a declaration. `baseOf` finds what `like` names; an element it returns is copied. */
export function makeElement(
  source: Source,
  parent: Element | undefined,
  baseOf: (source: Source, like: Reference) => Element | undefined,
): Element {
  const own = ownElement(source, parent, baseOf);
  const like = own.properties.get('like')?.[0]?.property.value;
  const reference = like?.kind === 'names' ? like.names[0] : undefined;
  const base = reference?.kind === 'reference' ? baseOf(source, reference) : undefined;
  return base ? merge(base, own) : own;
}

function ownElement(source: Source, parent: Element | undefined, baseOf: (source: Source, like: Reference) => Element | undefined): Element {
  const { declaration } = source;
  const children: Element[] = [];
  const element: Element = {
    keyword: declaration.keyword.text,
    name: nameOf(declaration),
    origin: source,
    nameSpan: nameSpanOf(declaration),
    parent,
    properties: propertiesOf(source),
    children,
  };
  for (const member of declaration.block?.members ?? []) {
    if (member.kind !== 'declaration' || isPolicyUse(declaration, member)) continue;
    const child = { path: source.path, item: source.item, declaration: member };
    children.push(...(member.keyword.text === 'assign' ? assignments(child, element) : [makeElement(child, element, baseOf)]));
  }
  return element;
}

/** In a vm, `policy production` says which policy holds. */
const isPolicyUse = (owner: Declaration, member: Member): boolean =>
  owner.keyword.text === 'vm' && member.kind === 'declaration' && member.keyword.text === 'policy';

function nameOf(declaration: Declaration): string {
  if (declaration.keyword.text === 'bar') return pathText(declaration.head);
  return textOf(declaration.name) ?? policyName(declaration) ?? '';
}

/** `a hole`, `an avoid`: what an element is, in a sentence. */
export const kindText = ({ keyword }: Element): string => `${articleOf(keyword)} ${keyword}`;

/** `gpu.0`, as one text. */
export function pathText(value: Declaration['head']): string {
  if (value?.kind === 'integer') return `${value.value ?? ''}`;
  if (value?.kind !== 'reference') return '';
  return value.path.map((word) => textOf(word) ?? '').join('.');
}

function nameSpanOf({ keyword, name, head }: Declaration): Span {
  if (name?.kind === 'word') return name;
  return head && head.kind !== 'missing' && head.end > head.start ? head : keyword;
}

function propertiesOf(source: Source): Map<string, LocatedProperty[]> {
  const { declaration } = source;
  const table = new Map<string, LocatedProperty[]>();
  for (const member of [...declaration.properties, ...(declaration.block?.members ?? [])]) {
    for (const property of propertiesIn(declaration, member)) {
      const located = { path: source.path, item: source.item, property };
      const others = table.get(property.word.text);
      if (others) others.push(located);
      else table.set(property.word.text, [located]);
    }
  }
  return table;
}

/** A property is itself; `policy production vmm qemu` in a vm is read as the properties `policy` and `vmm`. */
function propertiesIn(owner: Declaration, member: Member): Property[] {
  if (member.kind === 'property') return [member];
  if (member.kind !== 'declaration' || !isPolicyUse(owner, member)) return [];
  const { keyword, head } = member;
  const use: Property = { kind: 'property', start: keyword.start, end: head?.end ?? keyword.end, word: keyword, ...(head && { value: head }) };
  return [use, ...member.properties.filter((property): property is Property => property.kind === 'property')];
}

/** One element for each device that an `assign` names. */
function assignments(source: Source, parent: Element): Element[] {
  const { head } = source.declaration;
  const names = head?.kind === 'names' ? head.names : [];
  const properties = propertiesOf(source);
  return names.flatMap((name) =>
    name.kind === 'missing'
      ? []
      : [{ keyword: 'assign', name: pathText(name), origin: source, nameSpan: name, parent, properties, children: [] }],
  );
}

/** The other's declarations with one's own on top: same kind and name replaces whole and keeps its place. */
function merge(base: Element, own: Element): Element {
  const properties = new Map([...base.properties].filter(([word]) => word !== 'like'));
  for (const [word, located] of own.properties) properties.set(word, located);
  const children: Element[] = [];
  const merged: Element = { ...own, properties, children };
  const owned = grouped(own.children);
  const replaced = grouped(base.children);
  for (const child of base.children) {
    const others = replaced.get(identityOf(child)) ?? [];
    const replacements = owned.get(identityOf(child))?.map((replacement) => ({ ...replacement, replaces: others }));
    if (!replacements) children.push(adopt(child, merged));
    else if (others[0] === child) children.push(...replacements.map((replacement) => adopt(replacement, merged)));
  }
  for (const child of own.children) if (!replaced.has(identityOf(child))) children.push(adopt(child, merged));
  return merged;
}

/** The element with another parent, down to its children: expressions look names up from where they end up. */
function adopt(element: Element, parent: Element): Element {
  const children: Element[] = [];
  const adopted: Element = { ...element, parent, children };
  for (const child of element.children) children.push(adopt(child, adopted));
  return adopted;
}

/** Children by what makes them the same one: several where `when` chooses between them. */
const grouped = (children: readonly Element[]): Map<unknown, Element[]> => groupBy(children, identityOf);

/**
 * What makes two declarations the same one: kind and name, and for `hugepages` size and node. What has no name, such as
 * a statement of a policy, is itself alone.
 */
function identityOf({ keyword, name, origin, properties }: Element): unknown {
  if (keyword === 'limits') return keyword;
  if (keyword !== 'hugepages') return name === '' ? origin.declaration : `${keyword} ${name}`;
  const parts = [origin.declaration.head, properties.get('node')?.[0]?.property.value];
  return [keyword, ...parts.map((part) => (part ? origin.item.text.slice(part.start, part.end).replaceAll(/\s/g, '') : ''))].join(' ');
}

const EXPRESSIONS = new Set(['integer', 'decimal', 'percent', 'text', 'date', 'reference', 'call', 'group', 'unary', 'binary', 'missing', 'skipped']);

export const isExpression = (value: { readonly kind: string }): value is Expression => EXPRESSIONS.has(value.kind);

const indexes = new WeakMap<Element, ReadonlyMap<string, readonly Element[]>>();

/** The children of this name, in order. Indexed once an element: a block may have ten thousand of them. */
export function childrenNamed(element: Element, name: string): readonly Element[] {
  const index = indexes.get(element) ?? groupBy(element.children, (child) => child.name);
  indexes.set(element, index);
  return index.get(name) ?? [];
}
