import { isExpression, kindText, type Element, type LocatedProperty } from './elements.js';
import { ADDRESS_SPACE } from './address.js';
import { didYouMean, withoutNames } from './did-you-mean.js';
import type { Evaluator } from './evaluate.js';
import { anchorOf, baseOf, lengthOf } from './extents.js';
import type { Range } from './intervals.js';
import { reservedIn } from './host.js';
import type { Arrival, Assignment, Backing, BackingKind, Device, Host, Region, RegionKind, Stance, Viommu, Vm, WrittenMap } from './model.js';
import { placeOf } from './place.js';
import { isPresent, presence } from './presence.js';
import { hasFlag, namesOf, numberOf, pageIn, pageOf, sizeOf, switchOf, wordOf } from './properties.js';
import { MAPPABLE_KEYWORDS, REGION_KEYWORDS } from '../syntax/vocabulary.js';
import { accessOf } from './things.js';

/** The facts of a guest on one of its hosts; without a host, what can be known without one. */
export function readVm(element: Element, host: Host | undefined, evaluator: Evaluator): Vm {
  evaluator.host = host?.element;
  const children = element.children.filter((child) => isPresent(child, evaluator));
  const backings = new Backings(evaluator);
  for (const child of children) if (child.keyword === 'backing') backings.of(child);
  const regions = readRegions(children, backings, evaluator);
  const viommus = children.filter(({ keyword }) => keyword === 'viommu').map((child) => readViommu(child, evaluator));
  const names = viommus.map(({ name }) => name);
  const assignments = children.filter(({ keyword }) => keyword === 'assign').map((child) => readAssignment(child, host, names, evaluator));
  const vmm = wordOf(element, 'vmm', evaluator);
  return {
    name: element.name,
    element,
    bits: numberOf(element, 'bits', 1n, 64n, evaluator),
    vmm,
    slots: numberOf(element, 'slots', 0n, 1n << 32n, evaluator),
    viommus,
    stance: (wordOf(element, 'on-overlap', evaluator) as Stance | undefined) ?? 'reject',
    backings: backings.all,
    regions,
    maps: readMaps(children, regions, evaluator),
    assignments,
    unjudged: unjudgedOf(element, host),
  };
}

/** The backings of a guest, each read once, and the bytes that regions take from them in order. */
class Backings {
  readonly all: Backing[] = [];
  readonly #evaluator: Evaluator;
  readonly #known = new Map<Element, Backing>();
  /** One past the highest byte taken so far; `undefined` once it can't be known. */
  readonly #taken = new Map<Backing, bigint | undefined>();

  constructor(evaluator: Evaluator) {
    this.#evaluator = evaluator;
  }

  of(element: Element): Backing {
    const known = this.#known.get(element);
    if (known) return known;
    const backing: Backing = {
      name: element.name,
      element,
      own: false,
      size: sizeOf(element, 'size', this.#evaluator),
      ...kindOf(element, this.#evaluator),
      node: numberOf(element, 'node', 0n, 0xffffn, this.#evaluator),
      share: hasFlag(element, 'share'),
    };
    this.#known.set(element, backing);
    this.all.push(backing);
    return backing;
  }

  /** Takes bytes: from the offset that is written, else from the one after the highest taken above. */
  take(backing: Backing, written: bigint | undefined, explicit: boolean, size: bigint | undefined): bigint | undefined {
    const highest = this.#taken.has(backing) ? this.#taken.get(backing) : 0n;
    const offset = explicit ? written : highest;
    const end = offset === undefined || size === undefined ? undefined : offset + size;
    const unknown = end === undefined || highest === undefined;
    this.#taken.set(backing, unknown ? undefined : end > highest ? end : highest);
    return offset;
  }
}

/** The kind of a backing, with the page or the address that belongs to it. */
function kindOf(element: Element, evaluator: Evaluator): Pick<Backing, 'kind' | 'page' | 'physical'> {
  for (const kind of ['hugetlb', 'dax'] as const) {
    if (hasFlag(element, kind)) return { kind, page: pageOf(element, kind, evaluator), physical: undefined };
  }
  if (hasFlag(element, 'physical')) {
    const base = baseOf(element, evaluator);
    return { kind: 'physical', page: undefined, physical: base.type === 'quantity' ? base.value : undefined };
  }
  return { kind: hasFlag(element, 'thp') ? 'thp' : 'anonymous', page: undefined, physical: undefined };
}

const BACKINGS: ReadonlySet<string> = new Set(['backing']);

type Draft = { -readonly [Field in keyof Region]: Region[Field] };

function readRegions(children: readonly Element[], backings: Backings, evaluator: Evaluator): Region[] {
  const drafts = children.filter(({ keyword }) => REGION_KEYWORDS.has(keyword)).map((child) => readRegion(child, backings, evaluator));
  for (const draft of drafts) {
    draft.over = overOf(draft.element, drafts, evaluator);
    takeAlias(draft, drafts, evaluator);
  }
  return drafts;
}

function readRegion(element: Element, backings: Backings, evaluator: Evaluator): Draft {
  const kind = element.keyword as RegionKind;
  const range = certainRange(element, evaluator);
  const draft: Draft = {
    kind,
    name: element.name || kind,
    element,
    range,
    backing: undefined,
    offset: undefined,
    access: accessOf(element),
    dma: dmaOf(element, evaluator),
    share: hasFlag(element, 'share'),
    node: numberOf(element, 'node', 0n, 0xffffn, evaluator),
    hotplug: hasFlag(element, 'hotplug'),
    arrival: arrivalOf(element, evaluator),
    purpose: wordOf(element, 'for', evaluator) as Region['purpose'],
    via: wordOf(element, 'via', evaluator),
    over: [],
    alias: undefined,
  };
  takeBacking(draft, backings, evaluator);
  return draft;
}

/** Whether the VMM maps it for DMA, where that is written; what has nothing that could be mapped says no more than that it isn't. */
function dmaOf(element: Element, evaluator: Evaluator): boolean | undefined {
  const dma = switchOf(element, 'dma', evaluator);
  const located = element.properties.get('dma')?.[0];
  if (!dma || !located || MAPPABLE_KEYWORDS.has(element.keyword)) return dma;
  evaluator.report('type-mismatch', placeOf(located, located.property), `there is nothing in ${kindText(element)} that could be mapped for DMA`);
  return undefined;
}

/** How hot-plugged RAM arrives; as a DIMM where it isn't said. */
function arrivalOf(element: Element, evaluator: Evaluator): Arrival | undefined {
  if (!hasFlag(element, 'hotplug')) return undefined;
  return hasFlag(element, 'virtio-mem') ? { kind: 'virtio-mem', block: pageOf(element, 'block', evaluator) } : { kind: 'dimm' };
}

/** Where something is; nothing where it may not be there at all. */
function certainRange(element: Element, evaluator: Evaluator): Range | undefined {
  const range = rangeOfElement(element, evaluator);
  return presence(element, evaluator) === undefined ? undefined : range;
}

/** The addresses of what has an extent; nothing where they can't be known or pass 2^64, which is told. */
export function rangeOfElement(element: Element, evaluator: Evaluator): Range | undefined {
  const base = baseOf(element, evaluator);
  const size = lengthOf(element, evaluator);
  if (base.type !== 'quantity' || size.type !== 'quantity') return undefined;
  const end = base.value + size.value;
  if (end <= ADDRESS_SPACE) return { base: base.value, end };
  evaluator.report('value-range', placeOf(element.origin, element.nameSpan), `\`${element.name}\` ends past 2^64`);
  return undefined;
}

function takeBacking(draft: Draft, backings: Backings, evaluator: Evaluator): void {
  const { element, range, kind } = draft;
  const size = range && range.end - range.base;
  if (element.properties.has('from')) {
    const anchor = anchorOf(element, 'from', BACKINGS, evaluator);
    if (!anchor) return;
    draft.backing = backings.of(anchor.element);
    draft.offset = backings.take(draft.backing, anchor.offset, anchor.explicit, size);
  } else if ((kind === 'ram' || kind === 'rom') && !element.properties.has('alias')) {
    draft.backing = ownBacking(element, size, evaluator);
    draft.offset = 0n;
  }
}

/** A region that takes its bytes from nowhere has a backing of its own: anonymous, or as `backing …` says. */
function ownBacking(element: Element, size: bigint | undefined, evaluator: Evaluator): Backing {
  const located = element.properties.get('backing')?.[0];
  const inner = located?.property.value;
  const common = { name: element.name, element, own: true, size, node: undefined, share: false };
  if (!located || inner?.kind !== 'property') return { ...common, kind: 'anonymous', page: undefined, physical: undefined };
  const kind = inner.word.text as BackingKind;
  const value = inner.value && isExpression(inner.value) && inner.value.kind !== 'missing' ? inner.value : undefined;
  const known = value && evaluator.evaluate(value, { origin: located, element });
  const place = value && placeOf(located, value);
  return {
    ...common,
    kind,
    page: known && place && kind !== 'physical' ? pageIn(known, place, evaluator) : undefined,
    physical: known && place && kind === 'physical' ? evaluator.wantAddress(known, place) : undefined,
  };
}

function overOf(element: Element, regions: readonly Region[], evaluator: Evaluator): Region[] {
  const located = element.properties.get('over')?.[0];
  return namesOf(element, 'over').flatMap(({ name, span }) => {
    const region = regions.find((candidate) => candidate.name === name);
    if (region) return [region];
    reportUnknownRegion(located, name, span, regions, evaluator);
    return [];
  });
}

function reportUnknownRegion(
  located: LocatedProperty | undefined,
  name: string,
  span: { start: number; end: number },
  regions: readonly Region[],
  evaluator: Evaluator,
): void {
  if (!located) return;
  const { hint, more } = didYouMean(name, regions.map((region) => region.name), span);
  evaluator.report('unknown-name', placeOf(located, span), `there is no region \`${name}\`${hint}`, more);
}

/** An alias shows the bytes of another region: the same backing, from the offset on. */
function takeAlias(draft: Draft, drafts: readonly Region[], evaluator: Evaluator): void {
  const anchor = anchorOf(draft.element, 'alias', REGION_KEYWORDS, evaluator);
  const target = anchor && drafts.find((candidate) => candidate.element === anchor.element);
  if (!anchor || !target) return;
  draft.alias = target;
  draft.backing = target.backing;
  draft.offset = target.offset === undefined || anchor.offset === undefined ? undefined : target.offset + anchor.offset;
}

function readMaps(children: readonly Element[], regions: readonly Region[], evaluator: Evaluator): WrittenMap[] {
  const byElement = new Map(regions.map((region) => [region.element, region]));
  return children.filter(({ keyword }) => keyword === 'map').map((child) => readMap(child, byElement, evaluator));
}

function readMap(element: Element, regions: ReadonlyMap<Element, Region>, evaluator: Evaluator): WrittenMap {
  const anchor = anchorOf(element, 'to', MAPPABLE_KEYWORDS, evaluator);
  const region = anchor && regions.get(anchor.element);
  const range = certainRange(element, evaluator);
  const access = element.properties.get('access')?.[0]?.property.value;
  return {
    name: element.name,
    element,
    iova: range?.base,
    size: range && range.end - range.base,
    region,
    offset: anchor?.offset,
    access: access?.kind === 'word' ? access.text : mapAccess(region),
  };
}

/**
 * What a mapping of a region asks for where it doesn't say: what the region allows, but that a device executes nothing, and
 * only reads what is to be executed alone. A region that says nothing, such as a BAR, allows all.
 */
export const mapAccess = (region: Region | undefined): string => (region?.access ? region.access.replace('x', '') || 'r' : 'rw');

function readViommu(element: Element, evaluator: Evaluator): Viommu {
  const children = element.children.filter((child) => isPresent(child, evaluator));
  return {
    name: element.name,
    element,
    model: wordOf(element, 'model', evaluator),
    mode: wordOf(element, 'mode', evaluator) as Viommu['mode'],
    bypass: switchOf(element, 'bypass', evaluator),
    bits: numberOf(element, 'bits', 1n, 64n, evaluator),
    reserved: reservedIn(children, evaluator),
  };
}

function readAssignment(element: Element, host: Host | undefined, viommus: readonly string[], evaluator: Evaluator): Assignment {
  return {
    name: element.name,
    element,
    device: presence(element, evaluator) === undefined ? undefined : deviceNamed(element, host, evaluator),
    hotplug: hasFlag(element, 'hotplug'),
    behind: viommuNamed(element, viommus, evaluator),
  };
}

/** The vIOMMU that `behind` names; one that the guest doesn't have is told. */
function viommuNamed(element: Element, viommus: readonly string[], evaluator: Evaluator): string | undefined {
  const located = element.properties.get('behind')?.[0];
  const behind = namesOf(element, 'behind')[0];
  if (!located || !behind || viommus.includes(behind.name)) return behind?.name;
  const { hint, more } = didYouMean(behind.name, viommus, behind.span);
  evaluator.report('unknown-name', placeOf(located, behind.span), `this vm has no viommu \`${behind.name}\`${hint}`, more);
  return undefined;
}

/** The device of the host, by its name or by `host.name`. Without a host, a vm that names one has been told of it. */
function deviceNamed(element: Element, host: Host | undefined, evaluator: Evaluator): Device | undefined {
  const place = placeOf(element.origin, element.nameSpan);
  if (!host) {
    if (!element.parent?.properties.has('on')) evaluator.report('unknown-name', place, `\`${element.name}\` can’t be found: the vm is \`on\` no host`);
    return undefined;
  }
  const owner = [`${host.name}.`, 'host.'].find((prefix) => element.name.startsWith(prefix)) ?? '';
  const name = element.name.slice(owner.length);
  const device = host.devices.find((candidate) => candidate.name === name);
  if (device) return device;
  const others = withoutNames(host.devices.map((candidate) => candidate.name), element.parent?.children.filter(({ keyword }) => keyword === 'assign') ?? []);
  const { hint, more } = didYouMean(name, others, element.nameSpan);
  evaluator.report('unknown-name', place, `host \`${host.name}\` has no device \`${name}\`${hint}`, more);
  return undefined;
}

/** What is read of the host and the guest and decides nothing yet, in one line; none where there is none. */
function unjudgedOf({ children }: Element, host: Host | undefined): string[] {
  const regions = children.filter(({ keyword }) => REGION_KEYWORDS.has(keyword));
  const memories = host?.memories.map((memory) => memory.element) ?? [];
  const isTold = [...regions, ...memories].some(({ properties }) => properties.has('node'));
  return isTold ? ['the `node` of regions and of `memory` is read, and no rule judges it yet'] : [];
}
