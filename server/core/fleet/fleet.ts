import type { Lookup } from '../layout/lookup.js';
import type { Host } from '../layout/model.js';
import type { Source } from '../layout/scope.js';
import { judgeOn, type CheckOptions, type GuestOnHost } from '../rules/check.js';
import { RULES } from '../rules/catalogue.js';
import type { Finding, RuleGroup } from '../rules/rule.js';
import { firstDifference, guestAbi } from './guest-abi.js';
import { hostClass } from './host-class.js';

/** A host of a fleet. Names may repeat over files. */
export interface FleetHost {
  readonly name: string;
  readonly path: string;
  readonly host: Host;
}

/** A guest of a fleet, as it was declared. */
export interface FleetGuest {
  readonly name: string;
  readonly path: string;
  readonly source: Source;
  /** The hosts that it says it is `on`. */
  readonly on: readonly FleetHost[];
}

/** What becomes of one guest on every host. */
export interface GuestReport {
  readonly guest: FleetGuest;
  /** Hosts that come to the same together, in the order in which they were declared. */
  readonly verdicts: readonly HostVerdict[];
  /** Hosts where it boots, grouped: within a group a running guest may move. */
  readonly migration: readonly MigrationGroup[];
}

export interface HostVerdict {
  readonly hosts: readonly FleetHost[];
  /** Whether nothing of error level speaks against its start. */
  readonly boots: boolean;
  /** What speaks against it: findings of error level, each once. */
  readonly reasons: readonly Reason[];
  /** What may not arrive there while it runs: findings of the hot-plug rules. */
  readonly later: readonly Reason[];
}

export interface Reason {
  readonly rule: string;
  readonly message: string;
}

export interface MigrationGroup {
  readonly hosts: readonly FleetHost[];
  /** Why a guest of the first group can't come here; nothing for the first. */
  readonly apart: string | undefined;
  /** Devices assigned at start-up: unless their driver migrates (VFIO migration, Linux 5.18 and QEMU 8.1), they hold it back. */
  readonly devices: readonly string[];
}

/**
 * Judges a guest on every host. Hosts that are alike in all facts are judged once, unless the guest asks for `host`:
 * a fleet of n hosts of k kinds costs k judgements a guest.
 */
export function judgeGuest(guest: FleetGuest, hosts: readonly FleetHost[], lookup: Lookup, options: CheckOptions): GuestReport | undefined {
  const judged = new Map<string, Outcome | undefined>();
  const outcomes: { readonly host: FleetHost; readonly outcome: Outcome }[] = [];
  for (const host of hosts) {
    const kind = hostClass(host.host);
    let outcome = judged.get(kind);
    if (!judged.has(kind)) {
      outcome = outcomeOf(judgeOn(guest.source, host.host, lookup, options), host.host);
      if (!outcome?.hostAsked) judged.set(kind, outcome);
    }
    if (!outcome) return undefined;
    outcomes.push({ host, outcome });
  }
  return { guest, verdicts: verdictsOf(outcomes), migration: migrationOf(outcomes) };
}

/** What one guest comes to on one kind of host. */
interface Outcome {
  readonly reasons: readonly Reason[];
  readonly later: readonly Reason[];
  readonly arch: string | undefined;
  readonly abi: ReadonlyMap<string, string>;
  readonly devices: readonly string[];
  readonly hostAsked: boolean;
  /** What makes two outcomes the same one. */
  readonly verdictKey: string;
  readonly migrationKey: string;
}

const GROUPS: ReadonlyMap<string, RuleGroup> = new Map(RULES.map(({ name, group }) => [name, group]));
const LEVELS = new Map(RULES.map(({ name, level }) => [name, level]));

function outcomeOf(judged: GuestOnHost | undefined, host: Host): Outcome | undefined {
  if (!judged) return undefined;
  const { vm, findings, problems, evaluator } = judged;
  const unread = problems.filter(({ rule }) => LEVELS.get(rule) === 'error');
  const isLater = ({ rule }: Finding): boolean => GROUPS.get(rule) === 'hotplug';
  const reasons = once([...unread, ...findings.filter((finding) => finding.level === 'error' && !isLater(finding))]);
  const later = once(findings.filter(isLater));
  const abi = guestAbi(vm);
  const devices = vm.assignments.filter(({ hotplug }) => !hotplug).map(({ name }) => name);
  return {
    reasons,
    later,
    arch: host.arch,
    abi,
    devices,
    hostAsked: evaluator.hostAsked,
    verdictKey: JSON.stringify([reasons, later]),
    migrationKey: JSON.stringify([host.arch, ...abi]),
  };
}

/** Each reason once, in the order they were found. */
const once = (told: readonly Reason[]): Reason[] => [...new Map(told.map(({ rule, message }) => [`${rule} ${message}`, { rule, message }])).values()];

type Judged = readonly { readonly host: FleetHost; readonly outcome: Outcome }[];

function grouped(judged: Judged, keyOf: (outcome: Outcome) => string): { readonly outcome: Outcome; readonly hosts: FleetHost[] }[] {
  const groups = new Map<string, { readonly outcome: Outcome; readonly hosts: FleetHost[] }>();
  for (const { host, outcome } of judged) {
    const group = groups.get(keyOf(outcome));
    if (group) group.hosts.push(host);
    else groups.set(keyOf(outcome), { outcome, hosts: [host] });
  }
  return [...groups.values()];
}

const verdictsOf = (judged: Judged): HostVerdict[] =>
  grouped(judged, ({ verdictKey }) => verdictKey).map(({ outcome, hosts }) => ({
    hosts,
    boots: outcome.reasons.length === 0,
    reasons: outcome.reasons,
    later: outcome.later,
  }));

/** Where it boots: a running guest keeps its layout, so it may go where the guest would see the same. */
function migrationOf(judged: Judged): MigrationGroup[] {
  const groups = grouped(judged.filter(({ outcome }) => outcome.reasons.length === 0), ({ migrationKey }) => migrationKey);
  const first = groups[0]?.outcome;
  return groups.map(({ outcome, hosts }) => ({ hosts, apart: first && apart(first, outcome), devices: outcome.devices }));
}

function apart(first: Outcome, other: Outcome): string | undefined {
  if (first === other) return undefined;
  if (first.arch !== other.arch) return `they are ${other.arch ?? 'of an unknown architecture'}, not ${first.arch ?? 'of a known one'}`;
  return firstDifference(first.abi, other.abi);
}
