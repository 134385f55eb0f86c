import { formatRange } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { contains, sizeOf, type Range } from '../layout/intervals.js';
import { namePlace } from '../layout/model.js';
import { placeOf, type Origin, type Place } from '../layout/place.js';
import type { CheckResult } from '../rules/check.js';
import { treeOf } from '../syntax/document.js';
import type { Declaration, Member } from '../syntax/nodes.js';
import { nameWordOf, type TextFile } from './references.js';
import { isDeprecated, outlined, shownName } from './symbols.js';

/** Something in a workspace that a search finds. */
export interface FoundSymbol {
  /** With the address that was asked for behind it, as it was written: VS Code shows only what its own search finds in a name, too. */
  readonly name: string;
  readonly keyword: string;
  /** What it is part of: `web`, and where it lies if that is known. */
  readonly container: string;
  readonly deprecated: boolean;
  readonly place: Place;
}

/** A file of the workspace, and what its last check came to. */
export interface SearchedFile extends TextFile {
  readonly result: CheckResult;
}

/** Answers of a search are for people. */
const MOST_FOUND = 500;

/**
 * Searches what files declare. `0x8080040` finds what contains that address, the smallest first; anything else is found
 * in the names of the outline, its letters in order: what has a name of its own first, then what a statement or the like says. What a vm
 * only uses is left out, its devices and policies: there would be more of them than of what they name.
 */
export function searchSymbols(query: string, files: readonly SearchedFile[]): FoundSymbol[] {
  const address = addressIn(query);
  const found = address === undefined ? [...namedLike(query, files)] : [...containing(address, query.trim(), files)];
  return found.sort(lightestFirst).slice(0, MOST_FOUND).map(({ weight: _weight, ...symbol }) => symbol);
}

type Weighed = FoundSymbol & { readonly weight: bigint };

const lightestFirst = (left: Weighed, right: Weighed): number => (left.weight < right.weight ? -1 : left.weight > right.weight ? 1 : 0);

function* containing(address: bigint, asked: string, files: readonly SearchedFile[]): Generator<Weighed> {
  for (const { element, range } of partsOf(files)) {
    if (!range || !contains(range, { base: address, end: address + 1n })) continue;
    const { keyword, name, parent, origin } = element;
    const container = containerText(parent?.name ?? '', range);
    yield { name: `${name || keyword}: ${asked}`, keyword, container, deprecated: isDeprecated(origin.declaration), place: namePlace(element), weight: sizeOf(range) };
  }
}

function* namedLike(query: string, files: readonly SearchedFile[]): Generator<Weighed> {
  const ranges = new Map([...partsOf(files)].map(({ element, range }) => [element.origin.declaration, range]));
  for (const { path, document } of files) {
    for (const item of document.items) if (isLike(item.text, query)) yield* namedIn(treeOf(item).members, '', { path, item }, query, ranges);
  }
}

function* namedIn(members: readonly Member[], owner: string, origin: Origin, query: string, ranges: ReadonlyMap<Declaration, Range | undefined>): Generator<Weighed> {
  for (const declaration of outlined(members)) {
    const { span, text } = shownName(declaration, origin.item.text);
    const { keyword, block } = declaration;
    if (!isUse(declaration, owner) && isLike(text, query)) {
      const weight = BigInt(text.length) + (nameWordOf(declaration) ? 0n : UNNAMED);
      yield { name: text, keyword: keyword.text, container: containerText(owner, ranges.get(declaration)), deprecated: isDeprecated(declaration), place: placeOf(origin, span), weight };
    }
    yield* namedIn(block?.members ?? [], text, origin, query, ranges);
  }
}

/** A `policy` in a block says which holds there. */
const isUse = ({ keyword }: Declaration, owner: string): boolean => keyword.text === 'assign' || (keyword.text === 'policy' && owner !== '');

/** More than any name is long. */
const UNNAMED = 1n << 32n;

const containerText = (owner: string, range: Range | undefined): string => [owner, ...(range ? [formatRange(range)] : [])].filter((part) => part !== '').join(' ');

interface Part {
  readonly element: Element;
  readonly range: Range | undefined;
}

/** What lies somewhere, each declaration once. */
function* partsOf(files: readonly SearchedFile[]): Generator<Part> {
  const seen = new Set<Declaration>();
  for (const { result: { vms, hosts } } of files) {
    for (const part of [...vms.flatMap(({ vm }) => vm.regions), ...hosts.flatMap(hostParts)]) {
      if (seen.has(part.element.origin.declaration)) continue;
      seen.add(part.element.origin.declaration);
      yield part;
    }
  }
}

const hostParts = ({ devices, iommus, memories, bridges }: CheckResult['hosts'][number]): Part[] => [
  ...[...devices, ...iommus].flatMap(({ reserved }) => reserved), ...memories, ...bridges.flatMap(({ windows }) => windows),
];

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
