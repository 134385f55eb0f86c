import type { Plan } from '../dma/plan.js';
import type { Element } from '../layout/elements.js';
import type { Range } from '../layout/intervals.js';
import { namePlace, type Vm } from '../layout/model.js';
import { placeOf, samePlace } from '../layout/place.js';
import type { Finding } from '../rules/rule.js';
import { itemsIn, lanesOf, type Lane } from './lanes.js';
import type { Hit, MapItem, Placed, Space } from './model.js';

/** An item, and the element it was made of. */
export interface Located {
  readonly item: MapItem<Placed>;
  readonly element: Element | undefined;
}

/** The findings about a guest and its host, numbered in the order of the text, with what each one hits. */
export function hitsOf(vm: Vm, plan: Plan | undefined, findings: readonly Finding[], items: readonly Located[]): Hit<Placed>[] {
  const index = new Index(items);
  return findingsAbout(vm, plan, findings).map((finding, at) => hitOf(finding, at + 1, index));
}

/** The items by what they were made of, and by where they are. */
class Index {
  readonly #byElement = new Map<Element, MapItem<Placed>[]>();
  readonly #lanes: Readonly<Record<'gpa' | 'iova', readonly Lane[]>>;

  constructor(items: readonly Located[]) {
    for (const { element, item } of items) if (element) push(this.#byElement, element, item);
    const all = items.map(({ item }) => item);
    this.#lanes = { gpa: lanesOf(all, 'gpa'), iova: lanesOf(all, 'iova') };
  }

  /** What a finding blames: its element, or what is written at its place. */
  blamed({ element, place }: Finding): readonly MapItem[] {
    const known = element && this.#byElement.get(element);
    if (known) return known;
    return [...this.#byElement].flatMap(([other, items]) => (other.origin.item === place.item && samePlace(namePlace(other), place) ? items : []));
  }

  meeting(space: 'gpa' | 'iova', range: Range): MapItem[] {
    return this.#lanes[space].flatMap((lane) => itemsIn(lane, range));
  }
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

/** Those about a guest and its host, in the order of the text. */
export const findingsAbout = (vm: Vm, plan: Plan | undefined, findings: readonly Finding[]): Finding[] =>
  findings.filter((finding) => isAbout(finding, vm, plan));

/** Where an element is written. */
export const placedAt = (element: Element): Placed => ({ name: namePlace(element), whole: placeOf(element.origin, element.origin.declaration) });

function isAbout({ vm, host, hosts, place }: Finding, subject: Vm, plan: Plan | undefined): boolean {
  // What is found of the text alone, such as a syntax error, is about whoever is written there: what it says may be missing here.
  if (vm === undefined && host === undefined) return place.item === subject.element.origin.item || place.item === plan?.host.element.origin.item;
  if (vm === undefined) return host !== undefined && host === plan?.host.name;
  return vm === subject.name && (hosts === undefined || hosts.includes(plan?.host.name ?? ''));
}

function hitOf(finding: Finding, number: number, index: Index): Hit<Placed> {
  const { rule, level, message, witness, place } = finding;
  const blamed = index.blamed(finding);
  const space = spaceOf(finding, blamed, index);
  const touched = witness && space !== 'memory' ? index.meeting(space, witness) : [];
  return { number, rule, level, message, space, witness, items: [...new Set([...blamed, ...touched].map(({ id }) => id))], place: { name: place, whole: place } };
}

/** The space that a finding is shown in: the one its witness counts in, else that of the first item it blames. */
function spaceOf({ witness, witnessIn }: Finding, blamed: readonly MapItem[], index: Index): Space {
  if (!witness) return blamed[0]?.space ?? 'gpa';
  if (witnessIn) return witnessIn;
  return index.meeting('iova', witness).length > 0 ? 'iova' : 'gpa';
}
