import type { Element } from '../layout/elements.js';
import { FUNCTIONS } from '../layout/functions.js';
import { fieldsOf } from '../layout/things.js';
import type { AnyNode, Names } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { REGION_KEYWORDS } from '../syntax/vocabulary.js';
import { aboutField } from './field-words.js';
import { devicesOf, memberOf } from './meaning.js';
import { contextOf, outermost, topElement, type Surroundings } from './surroundings.js';
import { valueText } from './value-text.js';

/** One thing that could stand at the cursor. */
export interface Suggestion {
  readonly label: string;
  readonly kind: 'keyword' | 'property' | 'value' | 'unit' | 'rule' | 'selector' | 'file' | 'function' | 'field' | 'constant' | 'element';
  /** Shown beside the label. */
  readonly detail?: string;
  /** A sentence, in Markdown. */
  readonly about?: string;
  /** What is written, where it isn't the label. */
  readonly insert?: string;
  /** Whether what is written has places to fill in (`${1:x}`). */
  readonly snippet?: boolean;
}

/** Names and functions that an expression may say; after `from` and the like only what makes sense there. */
export function expressionNames(property: string | undefined, around: Surroundings): Suggestion[] {
  const named = visibleElements(around);
  if (property === 'from') return named.filter(({ keyword }) => keyword === 'backing').map((element) => suggestionOf(element, around));
  if (property === 'to' || property === 'alias') return named.filter(({ keyword }) => REGION_KEYWORDS.has(keyword)).map((element) => suggestionOf(element, around));
  const bound = around.binders.map(({ name, selector }): Suggestion => ({ label: name.text, kind: 'element', detail: `each ${textOf(selector) ?? ''}` }));
  const host: Suggestion[] = around.evaluator.host ? [{ label: 'host', kind: 'element', detail: around.evaluator.host.name }] : [];
  return [...bound, ...named.map((element) => suggestionOf(element, around)), ...functions(), ...host];
}

/** Names after words such as `on`, `assign`, `like`. */
export function namesFor(names: Names, nodes: readonly AnyNode[], around: Surroundings): Suggestion[] {
  const owner = nodes[nodes.indexOf(names) - 1];
  const taken = new Set(names.names.map((name) => (name.kind === 'reference' ? textOf(name.path[0]) : undefined)));
  const word = owner?.kind === 'declaration' ? owner.keyword.text : owner?.kind === 'property' ? owner.word.text : '';
  return candidates(word, around).filter(({ name }) => !taken.has(name)).map((element) => suggestionOf(element, around));
}

function candidates(word: string, around: Surroundings): Element[] {
  const { element, evaluator } = around;
  const keyword = element?.keyword ?? '';
  switch (word) {
    case 'assign':
      return evaluator.host ? devicesOf(evaluator.host) : [];
    case 'policy':
      return tops('policies', around);
    case 'on':
      return tops('names', around).filter((top) => top.keyword === (keyword === 'vm' ? 'host' : 'vm'));
    case 'behind':
      return (keyword === 'assign' ? element?.parent : evaluator.host)?.children.filter((child) => child.keyword === (keyword === 'assign' ? 'viommu' : 'iommu')) ?? [];
    case 'over':
      return (element?.parent?.children ?? []).filter((child) => child !== element && REGION_KEYWORDS.has(child.keyword));
    case 'like':
      return likeable(keyword, around);
    default:
      return [];
  }
}

function likeable(keyword: string, around: Surroundings): Element[] {
  const { element, evaluator } = around;
  const all = keyword === 'device' && evaluator.host ? devicesOf(evaluator.host) : tops(keyword === 'policy' ? 'policies' : 'names', around);
  return all.filter((other) => other.keyword === keyword && other.name !== element?.name);
}

/** Fields, children and methods of what a path before a dot stands for. */
export function membersAfter(path: readonly string[], owner: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): Suggestion[] {
  const [first = '', ...rest] = path;
  const binder = around.binders.find(({ name }) => name.text === first);
  if (binder) return rest.length === 0 ? boundFields(textOf(binder.selector) ?? '') : [];
  let element = startOf(first, owner, nodes, around);
  for (const name of rest) element = element && memberOf(element, name);
  if (!element) return [];
  const children = element.keyword === 'host' ? [...element.children, ...devicesOf(element)] : element.children;
  const fields = fieldsOf(element.keyword).map((name) => fieldSuggestion(name, element, around));
  return [...fields, ...unique(children.filter(isNamed)).map((child) => suggestionOf(child, around))];
}

function startOf(first: string, owner: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): Element | undefined {
  const { evaluator } = around;
  if (first === 'host') return evaluator.host;
  const inVm = owner?.kind === 'names' && nodes.some((node) => node.kind === 'declaration' && node.keyword.text === 'policy');
  return inVm ? topElement(first, 'names', around) : evaluator.find(first, contextOf(around));
}

const MEASURES: ReadonlyMap<string, readonly string[]> = new Map([
  ['map', ['entries', 'tables', 'blocks', 'coverage']],
  ['vm', ['ram', 'dma', 'maps', 'entries', 'tables', 'pinned']],
]);
const METHODS = new Set(['blocks', 'coverage']);

/** What `r.` has where `r` is each region, map, vm … */
function boundFields(selector: string): Suggestion[] {
  const keyword = selector === 'region' ? 'ram' : selector;
  const names = new Set([...fieldsOf(keyword), ...(MEASURES.get(keyword) ?? [])]);
  return [...names].map((name) => ({ label: name, kind: 'field', about: aboutField(name) ?? '', ...(METHODS.has(name) && { insert: `${name}(\${1:2 MiB})`, snippet: true }) }));
}

function fieldSuggestion(name: string, element: Element, { evaluator }: Surroundings): Suggestion {
  const thing = evaluator.thing(element);
  const value = thing.type === 'thing' ? thing.thing.field(name) : undefined;
  const detail = value ? valueText(value).replaceAll('`', '') : '';
  return { label: name, kind: 'field', about: aboutField(name) ?? '', ...(detail !== '' && { detail }) };
}

function functions(): Suggestion[] {
  return [...FUNCTIONS].map(([name, { signature, about }]) => {
    const parameters = signature.slice(signature.indexOf('(') + 1, -1).split(', ').filter((parameter) => parameter !== '…');
    const insert = `${name}(${parameters.map((parameter, index) => `\${${index + 1}:${parameter}}`).join(', ')})`;
    return { label: name, kind: 'function' as const, detail: signature, about, insert, snippet: true };
  });
}

/** Named elements that an expression sees: from the inside out, then those at the top and in imports. */
function visibleElements(around: Surroundings): Element[] {
  const found: Element[] = [];
  const self = around.element;
  for (let element = self; element; element = element.parent) {
    found.push(...element.children.filter((child) => child !== self && isNamed(child)));
  }
  const top = self && outermost(self);
  return unique([...found, ...tops('names', around).filter((element) => element.origin.declaration !== top?.origin.declaration)]);
}

const isNamed = ({ name, keyword }: Element): boolean => name !== '' && !name.includes('.') && keyword !== 'assign' && keyword !== 'map' && keyword !== 'policy';

/** The first of each name: it hides the others. */
function unique(elements: readonly Element[]): Element[] {
  const names = new Set<string>();
  return elements.filter(({ name }) => !names.has(name) && names.add(name));
}

function tops(table: 'names' | 'policies', around: Surroundings): Element[] {
  const names = new Set(around.evaluator.lookup.namesIn(around.origin.path, table));
  return [...names].flatMap((name) => topElement(name, table, around) ?? []);
}

function suggestionOf(element: Element, { evaluator }: Surroundings): Suggestion {
  const constant = element.keyword === 'const';
  const value = constant ? valueText(evaluator.constant(element)).replaceAll('`', '') : '';
  return {
    label: element.name,
    kind: constant ? 'constant' : 'element',
    detail: value === '' ? element.keyword : value,
    ...(element.origin.declaration.doc !== undefined && { about: element.origin.declaration.doc }),
  };
}
