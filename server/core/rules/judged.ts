import type { Problem } from '../layout/problem.js';
import type { FileScope } from '../layout/scope.js';
import { indexOfItem } from '../syntax/document.js';
import type { Waiver } from './rule.js';
import type { Target } from './statements.js';

/** Brings together what several vms, on several hosts, saw of the statements of one file. */

/** One entry a waiver of this file: used if any vm used it. */
export function judgedWaivers(judged: readonly Waiver[], scope: FileScope): Waiver[] {
  const waivers = new Map<string, Waiver>();
  for (const waiver of judged) {
    if (waiver.place.path !== scope.path) continue;
    const key = `${indexOfItem(scope.document, waiver.place.item)} ${waiver.place.start}`;
    const earlier = waivers.get(key);
    waivers.set(key, { ...waiver, used: waiver.used || (earlier?.used ?? false), overruledBy: waiver.overruledBy ?? earlier?.overruledBy });
  }
  return [...waivers.values()];
}

/** Targets that no vm has: told once, in the words of the first. */
export function unknownTargets(judged: readonly Target[]): Problem[] {
  const targets = new Map<string, Target>();
  const numbers = new Map<unknown, number>();
  for (const target of judged) {
    const { place, unknown } = target;
    const number = numbers.get(place.item) ?? numbers.size;
    numbers.set(place.item, number);
    const key = `${number} ${place.start}`;
    if (!unknown || !targets.has(key)) targets.set(key, target);
  }
  return [...targets.values()].flatMap(({ unknown }) => unknown ?? []);
}
