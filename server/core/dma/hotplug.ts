import { Conditions, type Group, type Memory } from './hotplug-conditions.js';
import { familiesOf, rangeOfRun } from './hotplug-blocks.js';
import { type HotplugSystem, type Running, startUp } from './hotplug-replay.js';
import { sumFailures } from './hotplug-sums.js';
import { type Candidate, type HotplugFailure, Verifier } from './hotplug-verify.js';

/**
 * Which arrivals a kernel can refuse, in whatever order and company they come.
 *
 * n arrivals make n! orders of 2^n subsets; none of them is enumerated. What is there after some arrivals is a set of
 * groups and of mappings, and what becomes of the next one depends on that set alone. Read from type1.ts and iommufd.ts,
 * each check is a condition that a small part of the set breaks, and that no further arrival mends:
 *
 * 1. one arrival beside what is there from start-up (a direct range, both kinds of MSI window, no page of the host …);
 * 2. a group and a mapping: it meets what the group keeps, or leaves its aperture;
 * 3. two groups without a common aperture (ranges that meet pairwise meet all at once: Helly's theorem on a line);
 * 4. two mappings that share a byte;
 * 5. groups whose page doesn't divide a mapping. The page is the coarsest of one group with iommufd; with type1 it is the
 *    smallest that all share, which two groups decide, unless three IOMMUs share smaller pages pairwise than all
 *    together, as no formats do;
 * 6. sums: as many mappings as a container holds, as many bytes as may be pinned;
 * 7. groups that together keep everything, while nothing is mapped: a mapping that each of them leaves alone is usable.
 *
 * So an arrival is refused in some order exactly if it is in a smallest set that breaks a condition: the rest of that set
 * breaks none, is taken in any order, and stands when the last one comes. Conditions 1 to 5 need two others at most,
 * so a shortest failing sequence has three arrivals at most, four if no group is attached at start-up and the
 * first one makes the VMM map at all. Only 6 and 7 take as many as fill a container or the address space. What
 * departs leaves a set that arrivals alone could have made, and what is refused leaves the set as it was; neither
 * adds anything.
 *
 * A VMM that carves brings order back in one place: memory is cut around what is attached when it is mapped, so it
 * never meets a kept range itself, and stands in the way of a group that comes later. (Whether an earlier group would have
 * carved away what a later one is refused for isn't asked, nor pages that differ between IOMMUs there.)
 *
 * The conditions choose sequences; the verdict is the container's (hotplug-verify.ts). What it doesn't refuse, or
 * refuses for less, isn't told.
 */
export function judgeArrivals(system: HotplugSystem, running: Running = startUp(system)): readonly Judgement[] {
  if (system.options.contract === 'none' || system.arrivals.length === 0) return system.arrivals.map(() => NEVER);
  const verifier = new Verifier(system, running);
  const first = new Conditions(system, running);
  const alone = system.arrivals.map((arrival, index) => verified(first.alone(arrival, index), verifier).failures);
  const conditions = new Conditions(system, running, groupsOf(system, running, alone), memoriesOf(system, alone));
  const sums = sumFailures(system, running, conditions);
  return alone.map((failures, index) => {
    const company = verified(conditions.inCompany(index), verifier);
    return { failures: [...failures, ...company.failures, ...(sums.get(index) ?? [])], untold: company.untold };
  });
}

/** What can become of one arrival. */
export interface Judgement {
  /** The smallest companies in which it is refused. Refused alone, it has no other, unless other blocks of it have. */
  readonly failures: readonly HotplugFailure[];
  /** Further companies, which are not told. */
  readonly untold: number;
}

const NEVER: Judgement = { failures: [], untold: 0 };

/** Companies of one arrival that are told; the others are counted. */
const TOLD = 8;

function verified(candidates: Iterable<Candidate>, verifier: Verifier): Judgement {
  const failures = new Map<string, HotplugFailure>();
  let untold = 0;
  for (const candidate of candidates) {
    const key = keyOf(candidate);
    if (failures.has(key)) continue;
    if (failures.size >= TOLD) {
      untold++;
      continue;
    }
    const failure = verifier.failureOf(candidate);
    if (failure) failures.set(key, failure);
  }
  return { failures: [...failures.values()], untold };
}

const keyOf = ({ before, last }: Candidate): string =>
  [...before, last].map(({ arrival, blocks }) => `${arrival}/${blocks?.first}`).join(' ');

/** Groups that come if nobody else does; those that are attached already can't fail, and change nothing. */
function groupsOf(system: HotplugSystem, { attached }: Running, alone: readonly (readonly HotplugFailure[])[]): Group[] {
  return system.arrivals.flatMap((arrival, index) => {
    const isNew = arrival.kind === 'group' && !attached.some(({ name }) => name === arrival.group.name);
    return isNew && alone[index]?.length === 0 ? [{ index, group: arrival.group }] : [];
  });
}

/** Memory of which something comes if nobody else does. */
function memoriesOf(system: HotplugSystem, alone: readonly (readonly HotplugFailure[])[]): Memory[] {
  return system.arrivals.flatMap((arrival, index) => {
    const failures = alone[index] ?? [];
    if (arrival.kind !== 'memory' || (failures.length > 0 && !arrival.blocks)) return [];
    const families = familiesOf(arrival);
    const dead = failures.flatMap(({ affected }) => families.flatMap((family) => (affected ? [rangeOfRun(family, affected)] : [])));
    return [{ index, families, dead, inBlocks: arrival.blocks !== undefined }];
  });
}
