import type { Element } from '../layout/elements.js';
import { Evaluator, type Context } from '../layout/evaluate.js';
import { Lookup } from '../layout/lookup.js';
import type { Origin } from '../layout/place.js';
import { namesOf } from '../layout/properties.js';
import type { Source, World } from '../layout/scope.js';
import type { Item } from '../syntax/document.js';
import type { AnyNode, Binder, Declaration } from '../syntax/nodes.js';

/** What the names at a cursor are looked up in. */
export interface Surroundings {
  readonly evaluator: Evaluator;
  readonly origin: Origin;
  /** The declaration the cursor is in; nothing at the top of the file. */
  readonly element: Element | undefined;
  /** Names that the statement of a policy binds. */
  readonly binders: readonly Binder[];
  /** Whether it is a statement in which `ram` alone stands for every `ram`: in a policy, or a requirement of a vm. */
  readonly selects: boolean;
}

/** Looks at the declarations among some nodes of an item, outermost first; the item need not be one of the document. */
export function surroundingsOf(path: string, world: World, item: Item, nodes: readonly AnyNode[]): Surroundings {
  const evaluator = new Evaluator(new Lookup(world));
  const origin = { path, item };
  const declarations = nodes.filter((node): node is Declaration => node.kind === 'declaration');
  const [top, ...inner] = declarations;
  if (!top) return { evaluator, origin, element: undefined, binders: [], selects: false };
  let element = evaluator.elementOf({ ...origin, declaration: top });
  [evaluator.host] = hostsOf(element, evaluator);
  for (const declaration of inner) {
    const child = element.children.find((candidate) => candidate.origin.declaration === declaration);
    if (!child) break;
    element = child;
  }
  const last = declarations.at(-1);
  const selects = top.keyword.text === 'policy' || last?.head?.kind === 'requirement';
  return { evaluator, origin, element, binders: bindersOf(last), selects };
}

export const contextOf = ({ origin, element }: Surroundings): Context => ({ origin, element });

/** The host an element belongs to, or those that its vm runs on. Each is read when it is asked for. */
export function* hostsOf(element: Element, evaluator: Evaluator): Generator<Element> {
  const top = outermost(element);
  if (top.keyword === 'host') return yield top;
  for (const { name } of namesOf(top, 'on')) {
    const host = hostNamed(name, top, evaluator);
    if (host) yield host;
  }
}

/** The host that a name means where a declaration is written. */
export function hostNamed(name: string, { origin }: Element, evaluator: Evaluator): Element | undefined {
  const found = evaluator.lookup.find(origin.path, name);
  return found?.declaration.keyword.text === 'host' ? evaluator.elementOf(found) : undefined;
}

/** The device that an `assign` names, without its host. */
export const deviceOf = ({ name }: Element): string | undefined => name.split('.').at(-1);

/** The element of a name at the top of a file, as it is seen from there. */
export function topElement(name: string, table: 'names' | 'policies', { evaluator, origin }: Surroundings): Element | undefined {
  const source: Source | undefined = evaluator.lookup.find(origin.path, name, table);
  return source && evaluator.elementOf(source);
}

export function outermost(element: Element): Element {
  let top = element;
  while (top.parent) top = top.parent;
  return top;
}

function bindersOf(declaration: Declaration | undefined): readonly Binder[] {
  for (const property of declaration?.properties ?? []) {
    if (property.kind === 'property' && property.value?.kind === 'binders') return property.value.binders;
  }
  return [];
}
