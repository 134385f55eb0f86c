import type { Element } from '../layout/elements.js';
import { Evaluator } from '../layout/evaluate.js';
import { Lookup } from '../layout/lookup.js';
import { namesOf } from '../layout/properties.js';
import type { World } from '../layout/scope.js';
import type { Declaration } from '../syntax/nodes.js';
import { devicesOf } from './meaning.js';
import { namedBy, occurrencesOf, type ElementTarget, type Occurrence, type Target, type TextFile } from './references.js';
import { elementsOn } from './statement-targets.js';
import { deviceOf, hostNamed } from './surroundings.js';

/**
 * The other declarations that are one thing with a target since they have its name: what is declared anew in a vm, host or
 * policy and replaces a declaration of the one that this is `like`, alternatives that `when` chooses between, the devices of
 * several hosts that a vm is assigned by one name, and what `on` of a statement is about in several vms. They may be of the shipped library.
 */
export function namesakesOf(target: Target, files: readonly TextFile[], world: World): Element[] {
  if (target.kind !== 'element') return [];
  const groups = [...groupsCalled(target, files, world)];
  const groupsOf = new Map<Declaration, Element[][]>();
  for (const group of groups) for (const { origin } of group) groupsOf.set(origin.declaration, [...(groupsOf.get(origin.declaration) ?? []), group]);
  const together = new Map([[target.element.origin.declaration, target.element]]);
  for (const declaration of together.keys()) {
    for (const other of groupsOf.get(declaration)?.flat() ?? []) if (!together.has(other.origin.declaration)) together.set(other.origin.declaration, other);
  }
  return [...together.values()].slice(1);
}

/** Everywhere that a target or a namesake is named in these texts: to a reader they are one thing, as they are to a rename. */
export const allOccurrencesOf = (target: Target, files: readonly TextFile[], world: World): Occurrence[] => occurrencesOf(target, files, world, namesakesOf(target, files, world));

function* groupsCalled({ name, element }: ElementTarget, files: readonly TextFile[], world: World): Generator<Element[]> {
  const evaluator = new Evaluator(new Lookup(world));
  for (const { path } of files) {
    for (const source of evaluator.lookup.scopeOf(path)?.declarations ?? []) {
      if (source.item.text.includes(name)) {
        yield* groupsIn(evaluator.elementOf(source), name);
        yield* groupsConcerned(evaluator.elementOf(source), name, files, evaluator);
      }
      if (element.keyword === 'device' && source.keyword === 'vm') yield devicesAssigned(evaluator.elementOf(source), name, evaluator);
    }
  }
}

/** The devices of this name on the hosts of a vm that is assigned one of them: on each host it gets that one. */
function devicesAssigned(vm: Element, name: string, evaluator: Evaluator): Element[] {
  if (!vm.children.some((child) => child.keyword === 'assign' && deviceOf(child) === name)) return [];
  const hosts = namesOf(vm, 'on').flatMap((host) => hostNamed(host.name, vm, evaluator) ?? []);
  return hosts.flatMap(devicesOf).filter((device) => device.name === name);
}

/** What a name stands for after `on` in the statements of a policy or vm: an element in each of several vms, a region and the map of its name. */
function* groupsConcerned(element: Element, name: string, files: readonly TextFile[], evaluator: Evaluator): Generator<Element[]> {
  for (const child of element.children) {
    const on = child.origin.declaration.head?.kind === 'rule-names' ? namesOf(child, 'on').map((path) => path.name.split('.')) : [];
    for (const words of on) {
      for (const [index, word] of words.entries()) if (word === name) yield namedBy(elementsOn(words.slice(0, index + 1), child, files, evaluator), evaluator);
    }
    yield* groupsConcerned(child, name, files, evaluator);
  }
}

function* groupsIn({ children }: Element, name: string): Generator<Element[]> {
  const named = children.filter((child) => child.name === name);
  for (const child of named) {
    if (child.replaces) yield [child, ...child.replaces];
    if (child.properties.has('when')) yield named.filter((other) => other.keyword === child.keyword && other.properties.has('when'));
  }
  for (const child of children) yield* groupsIn(child, name);
}
