import type { Element } from '../layout/elements.js';
import { FUNCTIONS } from '../layout/functions.js';
import { fieldsOf } from '../layout/things.js';
import type { Source } from '../layout/scope.js';
import type { CheckResult } from '../rules/check.js';
import { sketchOf } from '../rules/policy-things.js';
import type { AnyNode, Names } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { walk } from '../syntax/walk.js';
import { MAPPABLE_KEYWORDS, REGION_KEYWORDS, SELECTORS } from '../syntax/vocabulary.js';
import { aboutField } from './field-words.js';
import { devicesOf, memberOf } from './meaning.js';
import { describeElement } from './element-text.js';
import { contextOf, deviceOf, outermost, topElement, type Surroundings } from './surroundings.js';
import { shortText, told, type Explanation, type Suggestion } from './suggestion.js';
import { valueText } from './value-text.js';

/** Names and functions that an expression may say; after `from` and the like only what makes sense there. */
export function expressionNames(property: string | undefined, around: Surroundings): Suggestion[] {
  if (property === 'from') return unusedFirst(visible(around, (keyword) => keyword === 'backing'), around);
  if (property === 'to') return visible(around, (keyword) => MAPPABLE_KEYWORDS.has(keyword));
  if (property === 'alias') return visible(around, (keyword) => REGION_KEYWORDS.has(keyword));
  const bound = around.binders.map(({ name, selector }): Suggestion => ({ label: name.text, kind: 'element', detail: `each ${textOf(selector) ?? ''}` }));
  const host: Suggestion[] = around.evaluator.host ? [{ label: 'host', kind: 'element', detail: around.evaluator.host.name }] : [];
  return [...bound, ...selectors(around), ...visible(around, () => true), ...functions(), ...host];
}

/** Backings that no region of the vm takes bytes from come first. */
function unusedFirst(backings: readonly Suggestion[], { element }: Surroundings): Suggestion[] {
  const used = new Set((element?.parent?.children ?? []).filter((child) => child !== element).flatMap((child) => firstNameIn(child, 'from')));
  return [...backings.filter(({ label }) => !used.has(label)), ...backings.filter(({ label }) => used.has(label))];
}

function firstNameIn(element: Element, word: string): string[] {
  const value = element.properties.get(word)?.[0]?.property.value;
  const first = value && [...walk(value)].find((node) => node.kind === 'reference');
  return first?.kind === 'reference' ? [textOf(first.path[0]) ?? ''] : [];
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
      return unassignedFirst(suggested(evaluator.host && devicesOf(evaluator.host)), element);
    case 'policy':
      // At the top of a file the name is a new one.
      return element?.parent || keyword === 'vm' ? tops('policies', around, () => true) : [];
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

function unassignedFirst(devices: readonly Suggestion[], assign: Element | undefined): Suggestion[] {
  const assigned = new Set(assign?.parent?.children.filter(({ keyword, origin }) => keyword === 'assign' && origin.declaration !== assign.origin.declaration).map(deviceOf));
  return [...devices.filter(({ label }) => !assigned.has(label)), ...devices.filter(({ label }) => assigned.has(label))];
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
  const fields = sketch.thing.fields.map((label): Suggestion => ({ label, kind: 'field', ...told(aboutField(label)) }));
  const methods = METHODS.filter((name) => sketch.thing.method?.(name, []) !== undefined);
  return [...fields, ...methods.map((label): Suggestion => ({ label, kind: 'function', ...told(aboutField(label)), insert: `${label}(\${1:2 MiB})`, snippet: true, plain: label }))];
}

const METHODS = ['blocks', 'coverage', 'stage2', 'stage2-coverage'];

const fieldSuggestion = (name: string, element: Element, { evaluator }: Surroundings): Suggestion => ({
  label: name,
  kind: 'field',
  explain: () => {
    const thing = evaluator.thing(element);
    const value = thing.type === 'thing' ? thing.thing.field(name) : undefined;
    const detail = value ? valueText(value).replaceAll('`', '') : '';
    return { about: aboutField(name) ?? '', ...(detail !== '' && { detail }) };
  },
});

function functions(): Suggestion[] {
  return [...FUNCTIONS].map(([name, { signature, about }]) => {
    const parameters = signature.slice(signature.indexOf('(') + 1, -1).split(', ').filter((parameter) => parameter !== '…');
    const insert = `${name}(${parameters.map((parameter, index) => `\${${index + 1}:${parameter}}`).join(', ')})`;
    return { label: name, kind: 'function' as const, suffix: signature.slice(name.length), ...told(about), insert, snippet: true, plain: name };
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

/** Names at the top of the file and in its imports. None is looked into before somebody asks. */
function tops(table: 'names' | 'policies', around: Surroundings, wanted: (keyword: string) => boolean): Suggestion[] {
  const { lookup } = around.evaluator;
  return [...new Set(lookup.namesIn(around.origin.path, table))].flatMap((label): Suggestion[] => {
    const source = lookup.find(around.origin.path, label, table);
    return source && wanted(source.declaration.keyword.text) ? [declared(label, source, () => around.evaluator.elementOf(source), around)] : [];
  });
}

const suggestionOf = (element: Element, around: Surroundings): Suggestion => declared(element.name, element.origin, () => element, around);

function declared(label: string, { declaration, item }: Source, element: () => Element, around: Surroundings): Suggestion {
  const { keyword, doc, head } = declaration;
  const isConstant = keyword.text === 'const';
  const written = isConstant && head ? item.text.slice(head.start, head.end) : '';
  return {
    label,
    kind: isConstant ? 'constant' : 'element',
    detail: keyword.text,
    ...(written !== '' && { suffix: ` = ${shortText(written)}` }),
    ...(!isConstant && { commit: '.' }),
    ...(doc !== undefined && /^deprecated\b/i.test(doc) && { deprecated: true }),
    explain: ({ result }) => explanationOf(element(), around, result),
    ...(!isConstant && { brief: () => ({ about: doc ?? '' }) }),
  };
}

/** What hover tells of it; what a constant comes to in one line. */
function explanationOf(element: Element, around: Surroundings, result: CheckResult): Explanation {
  if (element.keyword !== 'const') return { about: describeElement(element, around, result).filter((paragraph) => paragraph !== '').join('\n\n') };
  const value = valueText(around.evaluator.constant(element)).replaceAll('`', '');
  return { about: element.origin.declaration.doc ?? '', ...(value !== '' && { detail: value }) };
}
