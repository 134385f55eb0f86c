import type { Declaration } from '../syntax/nodes.js';
import { RULES } from './catalogue.js';
import type { HostLoads } from './host-loads.js';
import { judge, policiesOf, statementsOf } from './policy.js';
import type { CheckedVm } from './parts.js';
import type { Blamed, Finding, HostLoad, Waiver } from './rule.js';

/** What is found of the guests of a host together, and what their policies make of it. */
export interface Together {
  readonly findings: readonly Finding[];
  readonly waived: readonly Finding[];
  /** Waivers of guests that are blamed, as they saw them. */
  readonly waivers: readonly Waiver[];
}

export const NOBODY: Together = { findings: [], waived: [], waivers: [] };

/** What a check does with findings: their levels, one for those that hold on every host, and the place where they are told. */
export interface Telling {
  readonly today: string;
  readonly levelled: (finding: Finding) => readonly Finding[];
  readonly merged: (findings: readonly Finding[], vm: CheckedVm) => readonly Finding[];
}

/**
 * Judges the guests of each host together. A host is judged anew only if one of its guests was: the others keep what was
 * found of them. Whose fault a finding is, their policies decide about it.
 */
export function judgeTogether(loads: HostLoads, telling: Telling): Together {
  const blamed: Blamed<Finding>[] = [];
  for (const load of loads.values()) if (load.vms.length > 1) blamed.push(...foundIn(load));
  if (blamed.length === 0) return NOBODY;
  const verdicts = [...byGuest(blamed)].map(([subject, findings]) => {
    const verdict = judge(subject, statementsOf(policiesOf(subject), subject.evaluator), findings.flatMap(telling.levelled), telling.today);
    return { subject, ...verdict };
  });
  const guests = new Map(verdicts.map(({ subject }) => [subject.vm.element.origin.declaration, subject]));
  const of = (declaration: Declaration, pick: (verdict: (typeof verdicts)[number]) => readonly Finding[]): readonly Finding[] =>
    verdicts.filter(({ subject }) => subject.vm.element.origin.declaration === declaration).flatMap(pick);
  return {
    findings: [...guests].flatMap(([declaration, subject]) => telling.merged(of(declaration, ({ findings }) => findings), subject)),
    waived: [...guests].flatMap(([declaration, subject]) => telling.merged(of(declaration, ({ waived }) => waived), subject)),
    waivers: verdicts.flatMap(({ waivers }) => waivers),
  };
}

const OF_HOST_LOADS = RULES.flatMap(({ findTogether }) => findTogether ?? []);

const remembered = new WeakMap<HostLoad, readonly Blamed<Finding>[]>();

/** What all rules find of a host's guests, once for the same guests. */
function foundIn(load: HostLoad): readonly Blamed<Finding>[] {
  const found = remembered.get(load) ?? OF_HOST_LOADS.flatMap((find) => find(load));
  remembered.set(load, found);
  return found;
}

function byGuest(blamed: readonly Blamed<Finding>[]): Map<CheckedVm, Finding[]> {
  const guests = new Map<CheckedVm, Finding[]>();
  for (const { subject, fact } of blamed) {
    const findings = guests.get(subject);
    if (findings) findings.push(fact);
    else guests.set(subject, [fact]);
  }
  return guests;
}
