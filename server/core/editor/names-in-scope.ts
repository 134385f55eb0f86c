import type { Element } from '../layout/elements.js';
import { FUNCTIONS } from '../layout/functions.js';
import { fieldsOf } from '../layout/things.js';
import { sketchOf } from '../rules/policy-things.js';
import type { AnyNode, Names } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { REGION_KEYWORDS, SELECTORS } from '../syntax/vocabulary.js';
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
  if (property === 'from') return visible(around, (keyword) => keyword === 'backing');
  if (property === 'to' || property === 'alias') return visible(around, (keyword) => REGION_KEYWORDS.has(keyword));
  const bound = around.binders.map(({ name, selector }): Suggestion => ({ label: name.text, kind: 'element', detail: `each ${textOf(selector) ?? ''}` }));
  const host: Suggestion[] = around.evaluator.host ? [{ label: 'host', kind: 'element', detail: around.evaluator.host.name }] : [];
  return [...bound, ...selectors(around), ...visible(around, () => true), ...functions(), ...host];
}

function selectors({ selects }: Surroundings): Suggestion[] {
  if (!selects) return [];
  return SELECTORS.map((label) => ({ label, kind: 'selector', detail: `every ${label}` }));
}

/** Names after words such as `on`, `assign`, `like`. */
export function namesFor(names: Names, nodes: readonly AnyNode[], around: Surroundings): Suggestion[] {
  const owner = nodes[nodes.indexOf(names) - 1];
  const taken = new Set(names.names.map((name) => (name.kind === 'reference' ? textOf(name.path[0]) : undefined)));
  const word = owner?.kind === 'declaration' ? owner.keyword.text : owner?.kind === 'property' ? owner.word.text : '';
  return candidates(word, around).filter(({ label }) => !taken.has(label));
}

function candidates(word: string, around: Surroundings): Suggestion[] {
  const { element, evaluator } = around;
  const keyword = element?.keyword ?? '';
  const suggested = (elements: readonly Element[] = []): Suggestion[] => elements.map((other) => suggestionOf(other, around));
  switch (word) {
    case 'assign':
      return suggested(evaluator.host && devicesOf(evaluator.host));
    case 'policy':
      return tops('policies', around, () => true);
    case 'on':
      return tops('names', around, (other) => other === (keyword === 'vm' ? 'host' : 'vm'));
    case 'behind': {
      const [owner, wanted] = keyword === 'assign' ? [element?.parent, 'viommu'] : [evaluator.host, 'iommu'];
      return suggested(owner?.children.filter((child) => child.keyword === wanted));
    }
    case 'over':
      return suggested(element?.parent?.children.filter((child) => child !== element && REGION_KEYWORDS.has(child.keyword)));
    case 'like':
      return likeable(keyword, around).filter(({ label }) => label !== element?.name);
    default:
      return [];
  }
}

function likeable(keyword: string, around: Surroundings): Suggestion[] {
  if (keyword !== 'device') return tops(keyword === 'policy' ? 'policies' : 'names', around, (other) => other === keyword);
  return around.evaluator.host ? devicesOf(around.evaluator.host).map((device) => suggestionOf(device, around)) : [];
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

/** What `r.` has where `r` is each region, map, vm … */
function boundFields(selector: string): Suggestion[] {
  const sketch = sketchOf(selector);
  if (sketch.type !== 'thing') return [];
  const fields = sketch.thing.fields.map((label): Suggestion => ({ label, kind: 'field', about: aboutField(label) ?? '' }));
  const methods = METHODS.filter((name) => sketch.thing.method?.(name, []) !== undefined);
  return [...fields, ...methods.map((label): Suggestion => ({ label, kind: 'function', about: aboutField(label) ?? '', insert: `${label}(\${1:2 MiB})`, snippet: true }))];
}

const METHODS = ['blocks', 'coverage', 'stage2', 'stage2-coverage'];

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

/** What an expression sees: from the inside out, then what stands at the top and in imports. */
function visible(around: Surroundings, wanted: (keyword: string) => boolean): Suggestion[] {
  const found: Element[] = [];
  const self = around.element;
  for (let element = self; element; element = element.parent) {
    found.push(...element.children.filter((child) => child !== self && isNamed(child) && wanted(child.keyword)));
  }
  const inner = unique(found).map((element) => suggestionOf(element, around));
  const hiding = new Set([...inner.map(({ label }) => label), self ? outermost(self).name : '']);
  return [...inner, ...tops('names', around, wanted).filter(({ label }) => !hiding.has(label))];
}

const isNamed = ({ name, keyword }: Element): boolean => name !== '' && !name.includes('.') && keyword !== 'assign' && keyword !== 'map' && keyword !== 'policy';

/** The first of each name: it hides the others. */
function unique(elements: readonly Element[]): Element[] {
  const names = new Set<string>();
  return elements.filter(({ name }) => !names.has(name) && names.add(name));
}

/** Names at the top of the file and in its imports; only constants are looked into. */
function tops(table: 'names' | 'policies', around: Surroundings, wanted: (keyword: string) => boolean): Suggestion[] {
  const { lookup } = around.evaluator;
  return [...new Set(lookup.namesIn(around.origin.path, table))].flatMap((label): Suggestion[] => {
    const source = lookup.find(around.origin.path, label, table);
    if (!source || !wanted(source.declaration.keyword.text)) return [];
    const { keyword, doc } = source.declaration;
    if (keyword.text === 'const') return [suggestionOf(around.evaluator.elementOf(source), around)];
    return [{ label, kind: 'element', detail: keyword.text, ...(doc !== undefined && { about: doc }) }];
  });
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
