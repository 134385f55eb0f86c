import type { Decimal, Expression, PropertyValue } from '../syntax/nodes.js';
import { isExpression, type Element } from './elements.js';
import type { Evaluator } from './evaluate.js';
import { baseOf, lengthOf } from './extents.js';
import type { Range } from './intervals.js';
import { ADDRESS_SPACE } from './address.js';
import { didYouMean } from './did-you-mean.js';
import type { ContractName, Device, Host, Iommu, KernelRelease, Limits, Reserved, ReservedKind } from './model.js';
import { placeOf } from './place.js';
import { barsOf, readResources } from './host-resources.js';
import { whyNoBasePage } from './page-sizes.js';
import { namesOf, numberOf, pageOf, sizeOf, wordOf } from './properties.js';
import { isPresent, presence } from './presence.js';
import { UNKNOWN } from './values.js';

/** The facts of a host. */
export function readHost(element: Element, evaluator: Evaluator): Host {
  evaluator.host = element;
  const children = element.children.filter((child) => isPresent(child, evaluator));
  const iommus = children.filter(({ keyword }) => keyword === 'iommu').map((child) => readIommu(child, evaluator));
  const shared = reservedIn(children, evaluator);
  const arch = wordOf(element, 'arch', evaluator);
  const page = basePage(element, arch, evaluator);
  return {
    name: element.name,
    element,
    arch,
    kernel: kernelOf(element, evaluator),
    page,
    bits: numberOf(element, 'bits', 1n, 64n, evaluator),
    contract: wordOf(element, 'contract', evaluator) as ContractName | undefined,
    iommus,
    devices: children.flatMap((child) => devicesIn(child, iommus, shared, evaluator)),
    ...readResources(children, { arch, page }, evaluator),
    limits: readLimits(children, evaluator),
  };
}

/** The page that the kernel was built with, if the architecture can have it. Bytes. */
function basePage(element: Element, arch: string | undefined, evaluator: Evaluator): bigint | undefined {
  const page = pageOf(element, 'page', evaluator);
  const located = element.properties.get('page')?.[0];
  const why = page === undefined ? undefined : whyNoBasePage(page, arch);
  if (why === undefined || !located?.property.value) return page;
  evaluator.report('value-range', placeOf(located, located.property.value), why);
  return undefined;
}

function readIommu(element: Element, evaluator: Evaluator): Iommu {
  const children = element.children.filter((child) => isPresent(child, evaluator));
  return {
    name: element.name,
    element,
    model: wordOf(element, 'model', evaluator),
    granule: pageOf(element, 'granule', evaluator),
    blocks: blocksOf(element, evaluator),
    bits: numberOf(element, 'bits', 1n, 64n, evaluator),
    aperture: apertureOf(element, evaluator),
    reserved: reservedIn(children, evaluator),
  };
}

/** `blocks 4 KiB, 2 MiB`: powers of two. */
function blocksOf(element: Element, evaluator: Evaluator): bigint[] | undefined {
  const located = element.properties.get('blocks')?.[0];
  if (located?.property.value?.kind !== 'list') return undefined;
  return located.property.value.items.flatMap((item) => {
    const place = placeOf(located, item);
    const bytes = evaluator.wantSize(evaluator.evaluate(item, { origin: located, element }), place);
    if (bytes === undefined) return [];
    if ((bytes & (bytes - 1n)) === 0n) return [bytes];
    evaluator.report('value-range', place, 'a block size is a power of two');
    return [];
  });
}

function apertureOf(element: Element, evaluator: Evaluator): Range | undefined {
  const located = element.properties.get('aperture')?.[0];
  const value = located?.property.value;
  if (!located || !value) return undefined;
  if (value.kind !== 'extent') {
    if (isExpression(value) && value.kind !== 'missing') evaluator.report('type-mismatch', placeOf(located, value), 'an aperture is a range, such as `0x1000 ..= 0xffff_ffff`');
    return undefined;
  }
  const context = { origin: located, element };
  const base = evaluator.wantAddress(evaluator.evaluate(value.base, context), placeOf(located, value.base));
  const bound = evaluator.evaluate(value.bound, context);
  if (base === undefined || bound.type !== 'quantity') return undefined;
  const end = bound.value + (value.inclusive ? 1n : 0n);
  if (end > base && end <= ADDRESS_SPACE) return { base, end };
  evaluator.report('value-range', placeOf(located, value), 'the aperture ends before it begins, or past 2^64');
  return undefined;
}

export function reservedIn(children: readonly Element[], evaluator: Evaluator): Reserved[] {
  return children.filter(({ keyword }) => keyword === 'reserved').flatMap((child) => readReserved(child, evaluator));
}

function readReserved(element: Element, evaluator: Evaluator): Reserved[] {
  const base = baseOf(element, evaluator);
  const size = lengthOf(element, evaluator);
  const kind = wordOf(element, 'kind', evaluator) as ReservedKind | undefined;
  if (base.type !== 'quantity' || size.type !== 'quantity' || presence(element, evaluator) === undefined) return [];
  if (kind === undefined && element.properties.has('kind')) return [];
  const range = { base: base.value, end: base.value + size.value };
  if (range.end > ADDRESS_SPACE) {
    evaluator.report('value-range', placeOf(element.origin, element.nameSpan), `\`${element.name}\` ends past 2^64`);
    return [];
  }
  return [{ name: element.name, element, range, kind: kind ?? 'reserved' }];
}

/** The devices of a group, or a device that is a group of its own. */
function devicesIn(child: Element, iommus: readonly Iommu[], shared: readonly Reserved[], evaluator: Evaluator): Device[] {
  if (child.keyword === 'device') return [readDevice(child, child, child.name, iommus, shared, [], evaluator)];
  if (child.keyword !== 'group') return [];
  const members = child.children.filter((member) => isPresent(member, evaluator));
  const devices = members.filter(({ keyword }) => keyword === 'device');
  // What one device of a group keeps, the whole group keeps: they are attached together.
  const group = [...reservedIn(members, evaluator), ...devices.flatMap((device) => reservedIn(device.children.filter((part) => isPresent(part, evaluator)), evaluator))];
  return devices.map((device) => readDevice(device, child, child.name, iommus, shared, group, evaluator));
}

function readDevice(
  element: Element,
  owner: Element,
  group: string,
  iommus: readonly Iommu[],
  shared: readonly Reserved[],
  groupReserved: readonly Reserved[],
  evaluator: Evaluator,
): Device {
  const iommu = iommuOf(element, owner, iommus, evaluator);
  const own = element === owner ? reservedIn(element.children.filter((child) => isPresent(child, evaluator)), evaluator) : [];
  return {
    name: element.name,
    element,
    address: addressOf(element),
    group,
    iommu,
    bits: numberOf(element, 'bits', 1n, 64n, evaluator),
    bars: barsOf(element, evaluator),
    reserved: [...(iommu?.reserved ?? []), ...shared, ...groupReserved, ...own],
  };
}

/** What stands in quotes behind its name. */
function addressOf({ origin }: Element): string | undefined {
  const { head } = origin.declaration;
  return head?.kind === 'text' && head.value !== '' ? head.value : undefined;
}

/** The IOMMU that `behind` names; without it the only one, or the first. */
function iommuOf(element: Element, owner: Element, iommus: readonly Iommu[], evaluator: Evaluator): Iommu | undefined {
  const named = [element, owner].find((candidate) => namesOf(candidate, 'behind').length > 0);
  const behind = named && namesOf(named, 'behind')[0];
  const located = named?.properties.get('behind')?.[0];
  if (!behind || !located) return iommus[0];
  const iommu = iommus.find(({ name }) => name === behind.name);
  if (!iommu) {
    const { hint, more } = didYouMean(behind.name, iommus.map(({ name }) => name), behind.span);
    evaluator.report('unknown-name', placeOf(located, behind.span), `this host has no iommu \`${behind.name}\`${hint}`, more);
  }
  return iommu;
}

function readLimits(children: readonly Element[], evaluator: Evaluator): Limits {
  const element = children.find(({ keyword }) => keyword === 'limits');
  if (!element) return { memlock: undefined, dmaMaps: undefined, slots: undefined };
  return {
    memlock: isUnlimited(element) ? undefined : sizeOf(element, 'memlock', evaluator),
    dmaMaps: numberOf(element, 'dma-maps', 0n, 1n << 32n, evaluator),
    slots: numberOf(element, 'slots', 0n, 1n << 32n, evaluator),
  };
}

function isUnlimited(limits: Element): boolean {
  const value = limits.properties.get('memlock')?.[0]?.property.value;
  return value?.kind === 'reference' && value.path[0]?.kind === 'word' && value.path[0].text === 'unlimited';
}

/** The version at the beginning of what `uname -r` prints, `5.15.0-generic`, with the span of all of it; nothing for anything else. */
function releaseOf(value: PropertyValue | undefined): Decimal | undefined {
  if (value?.kind !== 'binary') return undefined;
  let first: Expression = value;
  while (first.kind === 'binary' && first.operator.text === '-') first = first.left;
  if (first.kind !== 'decimal') return undefined;
  return { ...first, end: value.end, text: first.text.split('.').slice(0, 2).join('.') };
}

/** `kernel 6.6`. A third part counts for nothing. */
export function kernelOf(element: Element, evaluator: Evaluator): KernelRelease | undefined {
  const located = element.properties.get('kernel')?.[0];
  const release = located && releaseOf(located.property.value);
  if (located && release) {
    const { start, end, text } = release;
    evaluator.once(element, 'kernel', () => UNKNOWN);
    evaluator.report('type-mismatch', placeOf(located, { start, end }), `a kernel is told by its version alone: \`${text}\``, { repair: { start, end, newText: text, title: `Change to \`${text}\`` } });
    return undefined;
  }
  const value = evaluator.property(element, 'kernel');
  if (!located || value.type === 'unknown') return undefined;
  if (value.type === 'version') return { major: value.parts[0] ?? 0, minor: value.parts[1] ?? 0 };
  if (value.type === 'quantity' && value.unit === 'bare') return { major: Number(value.value), minor: 0 };
  evaluator.report('type-mismatch', placeOf(located, located.property), 'a kernel is told by its version, such as `6.6`');
  return undefined;
}
