import type { Element } from '../layout/elements.js';
import { Evaluator } from '../layout/evaluate.js';
import { Lookup } from '../layout/lookup.js';
import { namesOf } from '../layout/properties.js';
import type { World } from '../layout/scope.js';
import type { Declaration } from '../syntax/nodes.js';
import { devicesOf } from './meaning.js';
import type { ElementTarget, Target, TextFile } from './references.js';
import { deviceOf, hostNamed } from './surroundings.js';

/**
 * The other declarations that are one thing with a target since they have its name: what is declared anew in a vm, host or
 * policy and replaces a declaration of the one that this is `like`, alternatives that `when` chooses between, and the devices of
 * several hosts that a vm is assigned by one name. They may be of the shipped library.
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

function* groupsCalled({ name, element }: ElementTarget, files: readonly TextFile[], world: World): Generator<Element[]> {
  const evaluator = new Evaluator(new Lookup(world));
  for (const { path } of files) {
    for (const source of evaluator.lookup.scopeOf(path)?.declarations ?? []) {
      if (source.item.text.includes(name)) yield* groupsIn(evaluator.elementOf(source), name);
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

function* groupsIn({ children }: Element, name: string): Generator<Element[]> {
  const named = children.filter((child) => child.name === name);
  for (const child of named) {
    if (child.replaces) yield [child, ...child.replaces];
    if (child.properties.has('when')) yield named.filter((other) => other.keyword === child.keyword && other.properties.has('when'));
  }
  for (const child of children) yield* groupsIn(child, name);
}
