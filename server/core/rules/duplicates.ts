import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { placeOf } from '../layout/place.js';
import { presence } from '../layout/presence.js';
import { namesOf } from '../layout/properties.js';
import type { Problem } from '../layout/problem.js';

/**
 * Names that a block declares twice. A map may be called like a region; devices of an `assign` are told there. What
 * `when` takes away, or may take away, is no duplicate.
 */
export function duplicatesIn(element: Element, evaluator: Evaluator): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, Element>();
  for (const child of element.children) {
    if (child.name === '' || child.origin.item !== element.origin.item) continue;
    const table = child.keyword === 'map' || child.keyword === 'assign' ? child.keyword : 'name';
    const key = `${table} ${child.name}`;
    const earlier = seen.get(key);
    if (presence(child, evaluator) === true) {
      if (earlier) problems.push(duplicate(child, earlier));
      else seen.set(key, child);
    }
    if (child.children.length > 0) problems.push(...duplicatesIn(child, evaluator));
  }
  return problems;
}

/** Hosts that a guest is `on` twice, with what takes the second away. */
export function hostsTwiceIn(vm: Element): Problem[] {
  const located = vm.properties.get('on')?.[0];
  if (!located || located.item !== vm.origin.item) return [];
  const names = namesOf(vm, 'on');
  return names.flatMap(({ name, span }, index) => {
    const first = names.findIndex((other) => other.name === name);
    const [earlier, before] = [names[first], names[index - 1]];
    if (first === index || !earlier || !before) return [];
    return [{
      rule: 'duplicate-name' as const,
      place: placeOf(located, span),
      message: `the vm is \`on\` \`${name}\` twice`,
      note: { place: placeOf(located, earlier.span), message: `\`${name}\` is named here` },
      repair: { start: before.span.end, end: span.end, newText: '', title: `Remove the second \`${name}\``, safe: true },
    }];
  });
}

const duplicate = (later: Element, earlier: Element): Problem => ({
  rule: 'duplicate-name',
  place: placeOf(later.origin, later.nameSpan),
  message: later.keyword === 'assign' ? `\`${later.name}\` is assigned twice` : `the name \`${later.name}\` is taken`,
  note: { place: placeOf(earlier.origin, earlier.nameSpan), message: `\`${earlier.name}\` is declared here` },
});
