import type { CheckedVm } from '../rules/parts.js';
import type { CheckResult } from '../rules/check.js';
import type { Host } from '../layout/model.js';
import type { Change, ChangedPart } from './change.js';
import { hostChanges } from './hosts.js';
import { findingChanges, leafChanges } from './plan-changes.js';
import { regionChanges } from './regions.js';

/**
 * What changed from one layout to another, by meaning: a text that says the same otherwise has no changes. Vms and hosts
 * are told apart by their names; where each side has just one, these are compared, whatever they are called.
 */
export function diffLayouts(before: CheckResult, after: CheckResult): ChangedPart[] {
  const hosts = pairs(before.hosts, after.hosts, ({ name }) => name);
  const vms = pairs(firstPlans(before), firstPlans(after), ({ vm }) => vm.name);
  return [
    ...hosts.map(([old, now]) => ({ kind: 'host' as const, name: (now ?? old)?.name ?? '', changes: oneHost(old, now) })),
    ...vms.map(([old, now]) => ({ kind: 'vm' as const, name: (now ?? old)?.vm.name ?? '', changes: oneVm(old, now, before, after) })),
  ].filter(({ changes }) => changes.length > 0);
}

/** A vm on its first host: what differs between hosts is told by `fleet`. */
function firstPlans({ vms }: CheckResult): CheckedVm[] {
  const seen = new Set<string>();
  return vms.filter(({ vm }) => !seen.has(vm.name) && seen.add(vm.name));
}

type Pair<One> = readonly [One | undefined, One | undefined];

function pairs<One>(before: readonly One[], after: readonly One[], nameOf: (one: One) => string): Pair<One>[] {
  if (before.length === 1 && after.length === 1) return [[before[0], after[0]]];
  const now = new Map(after.map((one) => [nameOf(one), one]));
  const known = new Set(before.map(nameOf));
  return [...before.map((one): Pair<One> => [one, now.get(nameOf(one))]), ...after.filter((one) => !known.has(nameOf(one))).map((one): Pair<One> => [undefined, one])];
}

const whole = (kind: 'added' | 'removed', what: string): Change[] => [{ kind, what, message: kind === 'added' ? 'is there now' : 'was there', breaksMigration: kind === 'removed' }];

function oneHost(old: Host | undefined, now: Host | undefined): Change[] {
  if (old && now) return hostChanges(old, now);
  return now ? whole('added', `host ${now.name}`) : old ? whole('removed', `host ${old.name}`) : [];
}

function oneVm(old: CheckedVm | undefined, now: CheckedVm | undefined, before: CheckResult, after: CheckResult): Change[] {
  if (!old || !now) return now ? whole('added', `vm ${now.vm.name}`) : old ? whole('removed', `vm ${old.vm.name}`) : [];
  const findings = (result: CheckResult, { vm }: CheckedVm) => result.findings.filter((finding) => finding.vm === vm.name);
  return [
    ...widthChange(old, now),
    ...regionChanges(old.vm, now.vm),
    ...leafChanges(old.plan, now.plan),
    ...findingChanges(findings(before, old), findings(after, now)),
  ];
}

function widthChange({ vm: old }: CheckedVm, { vm: now }: CheckedVm): Change[] {
  if (old.bits === now.bits) return [];
  return [{ kind: 'changed', what: `vm ${now.name}`, message: `bits ${old.bits ?? 'not told'} is ${now.bits ?? 'not told'} now`, breaksMigration: true }];
}
