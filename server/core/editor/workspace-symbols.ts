import type { Element } from '../layout/elements.js';
import { formatRange } from '../layout/address.js';
import { namePlace } from '../layout/model.js';
import type { Place } from '../layout/place.js';
import type { CheckResult } from '../rules/check.js';
import { contains, sizeOf, type Range } from '../layout/intervals.js';

/** Something in a workspace that a search finds. */
export interface FoundSymbol {
  /** With the address that was asked for behind it, as it was written: VS Code shows only what its own search finds in a name, too. */
  readonly name: string;
  readonly keyword: string;
  /** What it is part of: `web`, and where it lies if an address was asked for. */
  readonly container: string;
  readonly place: Place;
}

/** Answers of a search are for people. */
const MOST_FOUND = 500;

/**
 * Searches what files declare. `0x8080040` finds what contains that address, the smallest first; anything else is found
 * in names, its letters in order.
 */
export function searchSymbols(query: string, results: Iterable<CheckResult>): FoundSymbol[] {
  const address = addressIn(query);
  const found: (FoundSymbol & { readonly weight: bigint })[] = [];
  const seen = new Set<unknown>();
  for (const { vms, hosts } of results) {
    for (const { element, range } of [...vms.flatMap(({ vm }) => partsOf(vm.element, vm.regions)), ...hosts.flatMap(hostParts)]) {
      if (seen.has(element.origin.declaration) || !(address === undefined ? isLike(element.name, query) : range && contains(range, { base: address, end: address + 1n }))) continue;
      seen.add(element.origin.declaration);
      const symbol = symbolOf(element, range);
      found.push({ ...symbol, ...(address !== undefined && { name: `${symbol.name}: ${query.trim()}` }), weight: address === undefined ? BigInt(element.name.length) : range ? sizeOf(range) : 0n });
    }
  }
  return found.sort((left, right) => (left.weight < right.weight ? -1 : left.weight > right.weight ? 1 : 0)).slice(0, MOST_FOUND).map(({ weight: _weight, ...symbol }) => symbol);
}

interface Part {
  readonly element: Element;
  readonly range: Range | undefined;
}

const partsOf = (owner: Element, regions: readonly { readonly element: Element; readonly range: Range | undefined }[]): Part[] => [
  { element: owner, range: undefined },
  ...regions.map(({ element, range }) => ({ element, range })),
];

function hostParts(host: CheckResult['hosts'][number]): Part[] {
  const kept = host.devices.flatMap(({ reserved }) => reserved);
  return [
    { element: host.element, range: undefined },
    ...host.devices.map(({ element }) => ({ element, range: undefined })),
    ...[...kept, ...host.iommus.flatMap(({ reserved }) => reserved), ...host.memories, ...host.bridges.flatMap(({ windows }) => windows)].map(({ element, range }) => ({ element, range })),
  ];
}

const symbolOf = (element: Element, range: Range | undefined): FoundSymbol => ({
  name: element.name || element.keyword,
  keyword: element.keyword,
  container: [element.parent?.name ?? '', ...(range ? [formatRange(range)] : [])].filter((part) => part !== '').join(' '),
  place: namePlace(element),
});

/** `0x808_0040`, or a decimal number that is long enough to be no part of a name. */
function addressIn(query: string): bigint | undefined {
  const text = query.trim().replaceAll('_', '');
  return /^0x[0-9a-f]{1,16}$/i.test(text) || /^\d{4,20}$/.test(text) ? BigInt(text) : undefined;
}

/** Whether the letters of a query stand in a name in their order, whatever their case. */
function isLike(name: string, query: string): boolean {
  let from = 0;
  const letters = name.toLowerCase();
  for (const letter of query.toLowerCase().replaceAll(/\s/g, '')) {
    const at = letters.indexOf(letter, from);
    if (at < 0) return false;
    from = at + 1;
  }
  return name !== '';
}
