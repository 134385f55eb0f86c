import type { Plan, PlannedMap } from '../../server/core/dma/plan.js';
import { habitsOf } from '../../server/core/dma/vmm-habits.js';
import type { Element } from '../../server/core/layout/elements.js';
import type { Finding } from '../../server/core/rules/rule.js';

/** Requests that the kernel refuses at start-up and that no error is about, each with the answer. BARs that the VMM goes on without are left out. */
export const untoldRefusals = (plan: Plan, findings: readonly Finding[]): string[] => {
  const errors = findings.filter(({ level, vm }) => level === 'error' && (vm === undefined || vm === plan.vm.name));
  return plan.maps.flatMap((map) => (map.verdict.errno !== 'ok' && !isDispensable(map, plan) && !errors.some((error) => isAbout(error, map, plan)) ? [`${map.name}: ${map.verdict.errno}, ${map.verdict.cause}`] : []));
};

const isDispensable = ({ kind }: PlannedMap, { vm }: Plan): boolean => kind === 'bar' && habitsOf(vm.vmm).barsMayFail;

/** Limits are told of the vm; a mapping in the place of another, at the later one; without a device, what refuses the device is. */
function isAbout({ rule, place }: Finding, { region, written, verdict }: PlannedMap, plan: Plan): boolean {
  if (verdict.cause === 'limit' || verdict.cause === 'memlock') return rule === `${verdict.cause === 'limit' ? 'map' : 'memlock'}-limit`;
  if (verdict.cause === 'unattached' || verdict.cause === 'no-iommufd') return plan.vm.element.children.some((child) => child.keyword === 'assign' && liesIn(place, child));
  return [written, region].some((part) => part && liesIn(place, part.element));
}

const liesIn = (place: Finding['place'], { origin: { item, declaration } }: Element): boolean =>
  place.item === item && place.start >= declaration.start && place.end <= declaration.end;
