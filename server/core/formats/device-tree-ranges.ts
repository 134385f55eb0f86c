import { ADDRESS_SPACE } from '../layout/address.js';
import type { Range } from '../layout/intervals.js';
import { cellCountsOf, cellsOf, joinCells, type TreeNode } from './device-tree.js';

/** Ranges of addresses that properties hold, and how buses translate them (Devicetree Specification 0.4, 2.3). */

/** Most entries of one property that are read; the longest in the kernel sources have some dozens. */
const MOST_ENTRIES = 256;

export interface RegEntry {
  readonly base: bigint;
  readonly size: bigint;
}

/** `reg` as the bus of the node counts cells; nothing where it isn't made of whole entries. */
export function regOf(node: TreeNode, name = 'reg'): readonly RegEntry[] | undefined {
  const bus = node.parent;
  return bus ? pairsIn(cellsOf(node, name), bus) : undefined;
}

/** Pairs of an address and a size, in the cells of a bus. */
export function pairsIn(cells: readonly number[] | undefined, bus: TreeNode): readonly RegEntry[] | undefined {
  const counts = cellCountsOf(bus);
  if (cells === undefined || counts === undefined) return undefined;
  const width = counts.address + counts.size;
  if (width === 0 || cells.length % width !== 0 || cells.length / width > MOST_ENTRIES) return undefined;
  const entries: RegEntry[] = [];
  for (let at = 0; at < cells.length; at += width) {
    entries.push({ base: joinCells(cells.slice(at, at + counts.address)), size: joinCells(cells.slice(at + counts.address, at + width)) });
  }
  return entries;
}

/** How many entries the `reg` of all these nodes have together. */
export const countRegisters = (nodes: readonly TreeNode[]): number => nodes.reduce((count, node) => count + (regOf(node)?.length ?? 0), 0);

/** A window through which a bus shows its parent's addresses, or the other way round for DMA. */
export interface BusRange {
  /** The first cells of the child address, before its lower 64 bits: what PCI calls `phys.hi`. */
  readonly space: number;
  readonly child: bigint;
  readonly parent: bigint;
  readonly size: bigint;
}

/** What `ranges` of a bus came to: every device on it asks. Nodes are values, so that the answer stays. */
const known = new WeakMap<TreeNode, readonly BusRange[] | 'identity' | 'none'>();

/** `ranges` or `dma-ranges` of a bus: empty for one to one, nothing if it isn't there or isn't whole. */
export function busRanges(bus: TreeNode, name: 'ranges' | 'dma-ranges'): readonly BusRange[] | 'identity' | undefined {
  if (name === 'dma-ranges') return readBusRanges(bus, name);
  const ranges = known.get(bus) ?? readBusRanges(bus, name) ?? 'none';
  known.set(bus, ranges);
  return ranges === 'none' ? undefined : ranges;
}

function readBusRanges(bus: TreeNode, name: 'ranges' | 'dma-ranges'): readonly BusRange[] | 'identity' | undefined {
  const property = bus.properties.get(name);
  if (property === undefined || property.unknown.length > 0) return undefined;
  if (property.value.length === 0) return 'identity';
  const inner = cellCountsOf(bus);
  const outer = bus.parent && cellCountsOf(bus.parent);
  const cells = cellsOf(bus, name);
  if (!inner || !outer || !cells) return undefined;
  const width = inner.address + outer.address + inner.size;
  if (width === 0 || cells.length % width !== 0 || cells.length / width > MOST_ENTRIES) return undefined;
  const ranges: BusRange[] = [];
  for (let at = 0; at < cells.length; at += width) {
    const child = cells.slice(at, at + inner.address);
    const afterChild = at + inner.address;
    ranges.push({
      space: child.length > 2 ? (child[0] ?? 0) : 0,
      child: joinCells(child.slice(-2)),
      parent: joinCells(cells.slice(afterChild, afterChild + outer.address).slice(-2)),
      size: joinCells(cells.slice(afterChild + outer.address, at + width)),
    });
  }
  return ranges;
}

/** Where the CPU sees a range that is given in the addresses of `bus`: nothing where a bus doesn't show it. */
export function cpuRange(bus: TreeNode, { base, size }: RegEntry): Range | undefined {
  if (size === 0n || base + size > ADDRESS_SPACE) return undefined;
  if (bus.parent === undefined) return { base, end: base + size };
  const ranges = busRanges(bus, 'ranges');
  if (ranges === undefined) return undefined;
  if (ranges === 'identity') return cpuRange(bus.parent, { base, size });
  const window = ranges.find(({ child, size: length }) => child <= base && base + size <= child + length);
  return window && cpuRange(bus.parent, { base: base - window.child + window.parent, size });
}

/** What the CPU sees of each entry of `reg`, in its order. */
export function cpuRanges(node: TreeNode): readonly (Range | undefined)[] {
  const { parent } = node;
  return parent ? (regOf(node) ?? []).map((entry) => cpuRange(parent, entry)) : [];
}
