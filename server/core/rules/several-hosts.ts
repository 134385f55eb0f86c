import { samePlace } from '../layout/place.js';
import type { Finding } from './rule.js';

/**
 * A finding that holds on every host is told once; one that doesn't, once with the hosts on which it does. Remarks at other places and
 * fixes are those of all of them. Two of one host stay two.
 */
export function mergeHosts(findings: readonly Finding[], hosts: number): Finding[] {
  if (hosts < 2) return [...findings];
  const groups: { readonly told: Finding[]; readonly on: Set<string> }[] = [];
  for (const finding of findings) {
    const name = finding.host ?? '';
    const twin = groups.find(({ told: [first], on }) => first && !on.has(name) && isSameOnHosts(first, finding));
    if (twin) {
      twin.told.push(finding);
      twin.on.add(name);
    } else {
      groups.push({ told: [finding], on: new Set([name]) });
    }
  }
  return groups.flatMap(({ told, on }) => merged(told, on.size === hosts ? undefined : [...on]));
}

const isSameOnHosts = (left: Finding, right: Finding): boolean =>
  left.rule === right.rule && left.level === right.level && left.waiver?.because === right.waiver?.because && samePlace(left.place, right.place) && left.message === right.message;

/** One finding of several hosts; `on` names them, where they aren't all. */
function merged(told: readonly Finding[], on: readonly string[] | undefined): Finding[] {
  const [first, ...others] = told;
  if (!first) return [];
  const notes = told.flatMap((finding) => finding.notes);
  const finding = others.length === 0 ? first : {
    ...first,
    host: undefined,
    notes: notes.filter((note, index) => notes.findIndex((other) => other.message === note.message && samePlace(other.place, note.place)) === index),
    fixes: () => told.flatMap((one) => one.fixes()).filter(({ title }, index, all) => all.findIndex((other) => other.title === title) === index),
  };
  return [on ? { ...finding, hosts: on, message: `on ${on.map((name) => `\`${name}\``).join(', ')}: ${first.message}` } : finding];
}
