import type { Plan } from '../dma/plan.js';
import type { Element } from '../layout/elements.js';
import { overlaps, type Range } from '../layout/intervals.js';
import { namePlace, type Vm } from '../layout/model.js';
import { placeOf, samePlace } from '../layout/place.js';
import type { Finding } from '../rules/rule.js';
import type { Hit, MapItem, Placed, Space } from './model.js';

/** An item, and the element it was made of. */
export interface Located {
  readonly item: MapItem<Placed>;
  readonly element: Element | undefined;
}

/** The findings about a guest and its host, numbered in the order of the text, with what each one hits. */
export function hitsOf(vm: Vm, plan: Plan | undefined, findings: readonly Finding[], items: readonly Located[]): Hit<Placed>[] {
  return findingsAbout(vm, plan, findings).map((finding, index) => hitOf(finding, index + 1, items));
}

/** Those about a guest and its host, in the order of the text. */
export const findingsAbout = (vm: Vm, plan: Plan | undefined, findings: readonly Finding[]): Finding[] =>
  findings.filter((finding) => isAbout(finding, vm, plan));

/** Where an element is written. */
export const placedAt = (element: Element): Placed => ({ name: namePlace(element), whole: placeOf(element.origin, element.origin.declaration) });

function isAbout({ vm, host, hosts }: Finding, subject: Vm, plan: Plan | undefined): boolean {
  if (vm === undefined) return host !== undefined && host === plan?.host.name;
  return vm === subject.name && (hosts === undefined || hosts.includes(plan?.host.name ?? ''));
}

function hitOf(finding: Finding, number: number, items: readonly Located[]): Hit<Placed> {
  const { rule, level, message, witness, place } = finding;
  const blamed = items.filter(({ element }) => element && isBlamed(element, finding)).map(({ item }) => item);
  const space = spaceOf(rule, witness, blamed, items);
  const touched = witness && space !== 'memory' ? items.filter(({ item }) => item.space === space && overlaps(item.range, witness)).map(({ item }) => item) : [];
  return { number, rule, level, message, space, witness, items: [...new Set([...blamed, ...touched].map(({ id }) => id))], place: { name: place, whole: place } };
}

const isBlamed = (element: Element, finding: Finding): boolean => element === finding.element || samePlace(namePlace(element), finding.place);

/** Rules whose witness counts in another space than IOVAs. */
const WITNESS_SPACE: ReadonlyMap<string, Space> = new Map<string, Space>([
  ['region-overlap', 'gpa'], ['guest-width', 'gpa'], ['map-missing', 'gpa'], ['map-outside', 'gpa'], ['window-too-small', 'gpa'],
  ['slot-unaligned', 'gpa'], ['slot-too-large', 'gpa'],
  ['backing-overlap', 'memory'], ['backing-size', 'memory'], ['host-memory-overlap', 'memory'], ['host-width', 'memory'],
]);

/** The space that a finding is shown in: the one its witness counts in, else that of the first item it blames. */
function spaceOf(rule: string, witness: Range | undefined, blamed: readonly MapItem[], items: readonly Located[]): Space {
  if (!witness) return blamed[0]?.space ?? 'gpa';
  const known = WITNESS_SPACE.get(rule);
  if (known) return known;
  return items.some(({ item }) => item.space === 'iova' && overlaps(item.range, witness)) ? 'iova' : 'gpa';
}
