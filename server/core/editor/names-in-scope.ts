import type { Element } from '../layout/elements.js';
import { FUNCTIONS } from '../layout/functions.js';
import { isModel } from '../layout/presence.js';
import { namesOf } from '../layout/properties.js';
import type { Source } from '../layout/scope.js';
import { plain } from '../layout/written.js';
import type { CheckResult } from '../rules/check.js';
import type { AnyNode, Names } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { walk } from '../syntax/walk.js';
import { MAPPABLE_KEYWORDS, REGION_KEYWORDS, SELECTORS } from '../syntax/vocabulary.js';
import { devicesOf } from './meaning.js';
import { describeElement } from './element-text.js';
import { deviceOf, outermost, topElement, type Surroundings } from './surroundings.js';
import { shortText, told, type Explanation, type Suggestion } from './suggestion.js';
import { isDeprecated } from './symbols.js';
import { valueText } from './value-text.js';

/** What `from`, `to` or `alias` begins with: what is added to it is an expression like any other. */
export function anchorNames(property: string, around: Surroundings): Suggestion[] | undefined {
  if (property === 'from') return unusedFirst(visible(around, (keyword) => keyword === 'backing'), around);
  if (property === 'to') return visible(around, (keyword) => MAPPABLE_KEYWORDS.has(keyword));
  return property === 'alias' ? visible(around, (keyword) => REGION_KEYWORDS.has(keyword)) : undefined;
}

/** Names and functions that the expression of a property or declaration may say. What asks for a number is mostly told a constant, a condition is mostly about an element. */
export function expressionNames(word: string, around: Surroundings): Suggestion[] {
  const bound = around.binders.map(({ name, selector }): Suggestion => ({ label: name.text, kind: 'element', detail: `each ${textOf(selector) ?? ''}` }));
  const host: Suggestion[] = around.evaluator.host ? [{ label: 'host', kind: 'element', detail: around.evaluator.host.name }] : [];
  const names = visible(around, () => true);
  return [...bound, ...selectors(around), ...(CONDITIONS.has(word) ? names : constantsFirst(names)), ...functions(), ...host];
}

/** Words that a condition stands behind. */
export const CONDITIONS: ReadonlySet<string> = new Set(['when', 'require', 'prefer']);

const constantsFirst = (names: readonly Suggestion[]): Suggestion[] => [...names.filter(({ kind }) => kind === 'constant'), ...names.filter(({ kind }) => kind !== 'constant')];

/** Backings that no region of the vm takes bytes from come first. */
function unusedFirst(backings: readonly Suggestion[], { element }: Surroundings): Suggestion[] {
  const used = new Set((element?.parent?.children ?? []).filter((child) => child !== element).flatMap((child) => firstNameIn(child, 'from')));
  return [...backings.filter(({ label }) => !used.has(label)), ...backings.filter(({ label }) => used.has(label))];
}

function firstNameIn(element: Element, word: string): string[] {
  const value = element.properties.get(word)?.[0]?.property.value;
  const first = value && walk(value).find((node) => node.kind === 'reference');
  return first?.kind === 'reference' ? [textOf(first.path[0]) ?? ''] : [];
}

function selectors({ selects }: Surroundings): Suggestion[] {
  if (!selects) return [];
  return SELECTORS.map((label) => ({ label, kind: 'selector', detail: `every ${label}` }));
}

/** Names after words such as `on`, `assign`, `like`. */
export function namesFor(names: Names, nodes: readonly AnyNode[], around: Surroundings): Suggestion[] {
  const word = wordBefore(names, nodes);
  const taken = new Set(names.names.map((name) => (name.kind === 'reference' ? textOf(name.path[0]) : undefined)));
  return candidates(word, around).filter(({ label }) => !taken.has(label));
}

/** What a list of names stands behind. */
export function wordBefore(names: Names, nodes: readonly AnyNode[]): string {
  const owner = nodes[nodes.indexOf(names) - 1];
  return owner?.kind === 'declaration' ? owner.keyword.text : owner?.kind === 'property' ? owner.word.text : '';
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
      return keyword === 'vm' ? hosts(around) : [...tops('names', around, (other) => other === 'vm'), ...unique(guestsOf(around).flatMap(partsOf)).map((part) => suggestionOf(part, around))];
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

/** Hosts that a vm can run on: models are none. */
function hosts(around: Surroundings): Suggestion[] {
  return tops('names', around, (keyword) => keyword === 'host').filter(({ label }) => {
    const host = topElement(label, 'names', around);
    return host !== undefined && !isModel(host);
  });
}

/** The vms that a statement is about: the one that it stands in, or those that its policy holds for. */
function guestsOf(around: Surroundings): Element[] {
  const owner = around.element && outermost(around.element);
  if (owner?.keyword !== 'policy') return owner ? [owner] : [];
  const named = around.evaluator.lookup.namesIn(around.origin.path).flatMap((name) => topElement(name, 'names', around) ?? []);
  return named.filter((vm) => vm.keyword === 'vm' && namesOf(vm, 'policy').some(({ name }) => name === owner.name));
}

/** What of a vm a statement can be about: what something is found of. */
export const partsOf = ({ children }: Element): Element[] => children.filter(({ name, keyword }) => name !== '' && keyword !== 'const');

export function unassignedFirst(devices: readonly Suggestion[], assign: Element | undefined): Suggestion[] {
  const assigned = new Set(assign?.parent?.children.filter(({ keyword, origin }) => keyword === 'assign' && origin.declaration !== assign.origin.declaration).map(deviceOf));
  return [...devices.filter(({ label }) => !assigned.has(label)), ...devices.filter(({ label }) => assigned.has(label))];
}

function likeable(keyword: string, around: Surroundings): Suggestion[] {
  if (keyword !== 'device') return tops(keyword === 'policy' ? 'policies' : 'names', around, (other) => other === keyword);
  return around.evaluator.host ? devicesOf(around.evaluator.host).map((device) => suggestionOf(device, around)) : [];
}

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

export const isNamed = ({ name, keyword }: Element): boolean => name !== '' && !name.includes('.') && keyword !== 'assign' && keyword !== 'map' && keyword !== 'policy';

/** The first of each name: it hides the others. */
export function unique(elements: readonly Element[]): Element[] {
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

export const suggestionOf = (element: Element, around: Surroundings): Suggestion => declared(element.name, element.origin, () => element, around);

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
    ...(isDeprecated(declaration) && { deprecated: true }),
    explain: ({ result }) => explanationOf(element(), around, result),
    ...(!isConstant && { brief: () => ({ about: doc ?? '' }) }),
  };
}

/** What hover tells of it; what a constant comes to in one line. */
function explanationOf(element: Element, around: Surroundings, result: CheckResult): Explanation {
  if (element.keyword !== 'const') return { about: describeElement(element, around, result).filter((paragraph) => paragraph !== '').join('\n\n') };
  const value = plain(valueText(around.evaluator.constant(element)));
  return { about: element.origin.declaration.doc ?? '', ...(value !== '' && { detail: value }) };
}
