import type { Element } from '../layout/elements.js';
import { fieldsOf } from '../layout/things.js';
import { plain } from '../layout/written.js';
import { isSelector, sketchOf } from '../rules/policy-things.js';
import type { AnyNode, Names } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { PROPERTIES, REGION_KEYWORDS, RESERVED_KINDS } from '../syntax/vocabulary.js';
import type { Unfinished } from './damage.js';
import { aboutField } from './field-words.js';
import { devicesOf, memberOf } from './meaning.js';
import { isNamed, partsOf, suggestionOf, unassignedFirst, unique, wordBefore } from './names-in-scope.js';
import { BACKING_KINDS } from './statement-words.js';
import { told, type Suggestion } from './suggestion.js';
import { contextOf, topElement, type Surroundings } from './surroundings.js';
import { valueText } from './value-text.js';

/** What a path leads to: a declaration, or each of those that a selector stands for. */
type Owner = { readonly element: Element } | { readonly selector: string };

/** Fields, children and methods of what a path before a dot stands for; of a list, those of its elements. */
export function membersAfter(path: readonly string[], place: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): Suggestion[] {
  const owner = ownerOf(path, place, nodes, around);
  if (!owner) return [];
  if ('selector' in owner) return fieldsOfEach(owner.selector);
  const { element } = owner;
  const children = element.keyword === 'host' ? [...element.children, ...devicesOf(element)] : element.children;
  const fields = fieldsOf(element.keyword).map((name) => fieldSuggestion(name, element, around));
  return [...fields, ...unique(children.filter(isNamed)).map((child) => suggestionOf(child, around))];
}

/** What a name in a list goes on with: behind `assign` a device of a host, behind `on` a part of a vm. */
export function namesAfter(path: readonly string[], names: Names, nodes: readonly AnyNode[], around: Surroundings): Suggestion[] {
  const owner = ownerOf(path, names, nodes, around);
  if (!owner || !('element' in owner)) return [];
  const suggested = (elements: readonly Element[]): Suggestion[] => unique(elements).map((element) => suggestionOf(element, around));
  const word = wordBefore(names, nodes);
  if (word === 'on') return suggested(partsOf(owner.element));
  return word === 'assign' && owner.element.keyword === 'host' ? unassignedFirst(suggested(devicesOf(owner.element)), around.element) : [];
}

/** In quotes beside a field: the words that it has. Where nobody knows yet what has the field, those that it has of anything. */
export function comparedWords({ nodes, before }: Unfinished, around: Surroundings): Suggestion[] {
  const [text, comparison] = [nodes.at(-1), nodes.at(-2)];
  if (!before.endsWith('"') || comparison?.kind !== 'binary' || !/^[!=]=$/.test(comparison.operator.text)) return [];
  const compared = comparison.left === text ? comparison.right : comparison.left;
  if (compared.kind !== 'reference') return [];
  const path = compared.path.map((part) => textOf(part) ?? '');
  const owner = ownerOf(path.slice(0, -1), comparison, nodes, around);
  return wordsOfField(path.at(-1) ?? '', owner && keywordOf(owner)).map((label) => ({ label, kind: 'value' }));
}

function wordsOfField(field: string, keyword: string | undefined): readonly string[] {
  if (field !== 'kind') return /^(?:arch|contract|model)$/.test(field) ? PROPERTIES[field]?.words ?? [] : [];
  const kinds = [[...REGION_KEYWORDS], RESERVED_KINDS, BACKING_KINDS] as const;
  const [regions, reserved, backings] = kinds;
  if (keyword === undefined) return kinds.flat();
  return REGION_KEYWORDS.has(keyword) ? regions : keyword === 'reserved' ? reserved : keyword === 'backing' ? backings : [];
}

function ownerOf([first = '', ...rest]: readonly string[], place: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): Owner | undefined {
  let owner = startOf(first, place, nodes, around);
  for (const name of rest) owner = owner && stepInto(owner, name);
  return owner;
}

function startOf(first: string, place: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): Owner | undefined {
  const binder = around.binders.find(({ name }) => name.text === first);
  if (binder) return { selector: textOf(binder.selector) ?? '' };
  if (around.selects && place?.kind !== 'names' && isSelector(first)) return { selector: first };
  const element = first === 'host' ? around.evaluator.host : elementNamed(first, place, nodes, around);
  return element && { element };
}

function elementNamed(name: string, place: AnyNode | undefined, nodes: readonly AnyNode[], around: Surroundings): Element | undefined {
  const inVm = place?.kind === 'names' && nodes.some((node) => node.kind === 'declaration' && node.keyword.text === 'policy');
  return inVm ? topElement(name, 'names', around) : around.evaluator.find(name, contextOf(around));
}

/** The field `backing` is the one that has fields itself. */
function stepInto(owner: Owner, name: string): Owner | undefined {
  if (name === 'backing' && fieldsOf(keywordOf(owner)).includes(name)) return { selector: 'backing' };
  const element = 'element' in owner ? memberOf(owner.element, name) : undefined;
  return element && { element };
}

/** `region` stands for regions of every kind: they have the same fields. */
function keywordOf(owner: Owner): string {
  if ('element' in owner) return owner.element.keyword;
  return owner.selector === 'region' ? 'ram' : owner.selector;
}

/** What `r.` has where `r` is each region, map, vm …, and the list of all of them. */
function fieldsOfEach(selector: string): Suggestion[] {
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
    const detail = value ? plain(valueText(value)) : '';
    return { about: aboutField(name) ?? '', ...(detail !== '' && { detail }) };
  },
});
