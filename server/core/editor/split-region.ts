import { alignDown, formatSize, GIB, KIB, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { contains, sizeOf, type Range } from '../layout/intervals.js';
import type { Backing, Region } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { freshName, indentOf, isWrittenIn, otherProperties } from '../rules/edits.js';
import { letter, mapLines } from '../rules/map-lines.js';
import type { CheckedVm } from '../rules/parts.js';

/** Cuts a region or a written map into pieces that have the bytes they had in the whole. */

export interface Split {
  readonly title: string;
  readonly edits: readonly PlacedEdit[];
}

/** The cuts that make sense where a region stands: in the middle, by the leaves it becomes, by the nodes of its host. */
export function splitsOf(element: Element, checked: CheckedVm): Split[] {
  const range = rangeOf(element, checked);
  if (!range) return [];
  const middle = middleOf(range);
  return [
    ...(middle === undefined ? [] : splitAt(element, [middle], checked, `at ${writeAddress(middle)}`)),
    ...bySizes(element, range, checked),
    ...byNodes(element, range, checked),
  ];
}

/** A cut at an address that is named elsewhere, of whatever RAM or map holds it. */
export function splitsAtAddress(address: bigint, checked: CheckedVm): Split[] {
  const { vm } = checked;
  const parts = [...vm.regions.filter(({ kind }) => kind === 'ram').map(({ element }) => element), ...vm.maps.map(({ element }) => element)];
  return parts.flatMap((element) => {
    const range = rangeOf(element, checked);
    const isInside = range !== undefined && contains(range, { base: address, end: address + 1n }) && address > range.base;
    return isInside ? splitAt(element, [address], checked, `at ${writeAddress(address)}`) : [];
  });
}

const isSame = (left: Element, right: Element): boolean => left.origin.declaration === right.origin.declaration;

function rangeOf(element: Element, { vm, plan }: CheckedVm): Range | undefined {
  if (element.keyword === 'map') return plan?.maps.find(({ written }) => written && isSame(written.element, element))?.range;
  return vm.regions.find((region) => isSame(region.element, element))?.range;
}

/** The block boundary nearest to the middle, of the largest usual block of which there is one inside. */
function middleOf({ base, end }: Range): bigint | undefined {
  for (const block of [GIB, 2n * MIB, 64n * KIB, 4n * KIB]) {
    const middle = alignDown(base + (end - base) / 2n + block / 2n, block);
    const inside = [middle, middle - block].find((address) => address > base && address < end);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** Pieces by the leaves that they become: what stands before and behind the large ones gets a piece of its own. */
function bySizes(element: Element, range: Range, checked: CheckedVm): Split[] {
  const maps = checked.plan?.maps.filter(({ written, region }) => [written, region].some((part) => part && isSame(part.element, element))) ?? [];
  const [map] = maps;
  if (!map || maps.length > 1) return [];
  const sizes = [...map.segments].filter(([, ranges]) => ranges.length > 0).map(([size]) => size);
  const edges = [...map.segments.values()].flat().flatMap(({ base, end }) => [base, end]);
  const cuts = [...new Set(edges)].filter((address) => address > range.base && address < range.end).sort(byAddress);
  return cuts.length === 0 ? [] : splitAt(element, cuts, checked, `by the size of its blocks (${sizes.map(formatSize).join(', ')})`);
}

const byAddress = (left: bigint, right: bigint): number => (left < right ? -1 : 1);

/** A piece for each node that the host has memory on, as even as whole blocks allow. */
function byNodes(element: Element, range: Range, checked: CheckedVm): Split[] {
  const { host } = checked;
  if (!host || element.keyword !== 'ram' || element.properties.has('node')) return [];
  const nodes = [...new Set([...host.memories, ...host.hugepages].flatMap(({ node }) => node ?? []))].sort((left, right) => left - right);
  const block = [GIB, 2n * MIB, 4n * KIB].find((size) => sizeOf(range) / size >= BigInt(nodes.length));
  if (nodes.length < 2 || block === undefined) return [];
  const share = sizeOf(range) / BigInt(nodes.length);
  const cuts = nodes.slice(1).map((_, index) => alignDown(range.base + share * BigInt(index + 1), block)).filter((cut) => cut > range.base);
  return splitAt(element, cuts, checked, `by NUMA node (${nodes.join(', ')})`, nodes.map((node) => ` node ${node}`));
}

/** Cuts at these addresses, ascending; `more` is written behind each piece. */
function splitAt(element: Element, cuts: readonly bigint[], checked: CheckedVm, where: string, more: readonly string[] = []): Split[] {
  const { vm } = checked;
  const range = rangeOf(element, checked);
  if (!range || !isWrittenIn(element, vm.element) || element.origin.declaration.block) return [];
  const bounds = [range.base, ...cuts, range.end];
  const parts = bounds.slice(1).map((end, index) => ({ base: bounds[index] ?? 0n, end }));
  const lines = element.keyword === 'map' ? pieceMaps(element, parts, checked) : pieceRegions(element, parts, checked, more);
  if (!lines) return [];
  const { path, item, declaration } = element.origin;
  return [{ title: `Split \`${element.name}\` ${where}`, edits: [{ path, item, start: declaration.keyword.start, end: declaration.end, newText: lines.join(`\n${indentOf(element)}`) }] }];
}

function pieceMaps(element: Element, parts: readonly Range[], { plan, vm }: CheckedVm): string[] | undefined {
  const map = plan?.maps.find(({ written }) => written && isSame(written.element, element));
  return map && mapLines(map, parts, vm.element, element.name);
}

function pieceRegions(element: Element, parts: readonly Range[], { vm }: CheckedVm, more: readonly string[]): string[] | undefined {
  const region = vm.regions.find((candidate) => isSame(candidate.element, element));
  if (!region?.range || (region.kind !== 'ram' && region.kind !== 'rom') || region.alias || region.over.length > 0) return undefined;
  const source = sourceOf(region, vm.element);
  const { base } = region.range;
  const pieces = parts.map((part, index) => {
    const name = index === 0 ? region.name : freshName(vm.element, `${region.name}-${letter(index)}`);
    const rest = otherProperties(element, ['at', 'size', 'from', ...(source.line === undefined ? [] : ['backing'])]);
    return `${region.kind} ${name} at ${writeAddress(part.base)} size ${writeSize(part.end - part.base)}${source.from(part.base - base, index)}${rest}${more[index] ?? ''}`;
  });
  return [...(source.line === undefined ? [] : [source.line]), ...pieces];
}

interface PieceSource {
  /** A declaration of the backing, where it had no name. */
  readonly line: string | undefined;
  /** ` from …` of the piece so many bytes behind the region's base. */
  readonly from: (distance: bigint, index: number) => string;
}

/** Where pieces take their bytes from: the offsets stay what they were in the whole. */
function sourceOf({ backing, offset, element, name, range }: Region, owner: Element): PieceSource {
  const from = (target: string, start: bigint) => (distance: bigint, index: number): string => {
    const written = element.properties.get('from')?.[0];
    if (index === 0 && written) return ` ${written.item.text.slice(written.property.start, written.property.end)}`;
    return ` from ${target}${start + distance === 0n ? '' : ` + ${writeSize(start + distance)}`}`;
  };
  if (!backing || (backing.own && (backing.kind === 'anonymous' || backing.kind === 'thp'))) return { line: undefined, from: () => '' };
  if (!backing.own) return { line: undefined, from: from(backing.name, offset ?? 0n) };
  const named = freshName(owner, `${name}-memory`);
  const size = range ? range.end - range.base : 0n;
  return { line: `backing ${named} size ${writeSize(size)} ${kindText(backing)}`, from: from(named, 0n) };
}

const kindText = ({ kind, page, physical }: Backing): string =>
  kind === 'physical' ? `physical at ${writeAddress(physical ?? 0n)}` : page === undefined ? kind : `${kind} ${writeSize(page)}`;
