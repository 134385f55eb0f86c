import { alignDown, formatSize, GIB, KIB, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { contains, sizeOf, type Range } from '../layout/intervals.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeAddress } from '../layout/written.js';
import { isWrittenIn, replacedBy } from '../rules/edits.js';
import { mapLines } from '../rules/map-lines.js';
import type { CheckedVm } from '../rules/parts.js';
import { walk } from '../syntax/walk.js';
import { regionPieces } from './region-pieces.js';

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
  const cuts = nodes.slice(1).map((_, index) => alignDown(range.base + share * BigInt(index + 1) + block / 2n, block));
  return splitAt(element, cuts, checked, `by NUMA node (${nodes.join(', ')})`, nodes);
}

/** Cuts at these addresses, ascending; `nodes` are those of the pieces. */
function splitAt(element: Element, cuts: readonly bigint[], checked: CheckedVm, where: string, nodes: readonly number[] = []): Split[] {
  const { vm } = checked;
  const range = rangeOf(element, checked);
  if (!range || !isWrittenIn(element, vm.element) || element.origin.declaration.block) return [];
  const bounds = [range.base, ...cuts, range.end];
  const parts = bounds.slice(1).map((end, index) => ({ base: bounds[index] ?? 0n, end }));
  const title = `Split \`${element.name}\` ${where}`;
  if (element.keyword === 'map') return splitMap(element, parts, checked, title);
  const region = vm.regions.find((candidate) => isSame(candidate.element, element));
  const edits = region && regionPieces(region, parts, vm.element, nodes);
  return edits ? [{ title, edits }] : [];
}

/** A request for each piece. They are written in numbers, which the title says where there was something else. */
function splitMap(element: Element, parts: readonly Range[], { plan, vm }: CheckedVm, title: string): Split[] {
  const map = plan?.maps.find(({ written }) => written && isSame(written.element, element));
  if (!map) return [];
  const names = walk(element.origin.declaration).filter(({ kind }) => kind === 'reference');
  // One of them is the region that it goes to.
  const isComputed = names.length > 1;
  return [{ title: isComputed ? `${title}, in numbers` : title, edits: [replacedBy(element, mapLines(map, parts, vm.element, element.name))] }];
}
