import { ADDRESS_SPACE } from '../layout/address.js';
import { byBase, type Range } from '../layout/intervals.js';
import { baseName, cellCountsOf, cellOf, cellsOf, isCompatible, isEnabled, joinCells, nodesBelow, nodesByPhandle, type DeviceTree, type TreeNode } from './device-tree.js';
import { busRanges, countRegisters, cpuRange, cpuRanges, pairsIn, regOf, type BusRange } from './device-tree-ranges.js';
import { MOST_RANGES } from './import-result.js';

/** What a device tree says of memory, DMA and interrupts, before it is known whether a host or a guest is meant. */
export interface TreeFacts {
  readonly memory: readonly MemoryFact[];
  readonly reserved: readonly ReservedMemory[];
  readonly doorbells: readonly DoorbellFact[];
  readonly iommus: readonly TreeNode[];
  /** Devices that an IOMMU translates for, or that have IOVAs kept for them. */
  readonly masters: readonly MasterFact[];
  readonly bridges: readonly BridgeFact[];
  readonly dmaRanges: readonly { readonly bus: TreeNode; readonly ranges: readonly BusRange[] | 'identity' }[];
  /** What is damaged, and what nothing can be made of. */
  readonly notes: readonly string[];
  /** A range that no machine has. */
  readonly impossible: { readonly origin: string; readonly message: string } | undefined;
}

export interface MemoryFact {
  readonly node: TreeNode;
  readonly range: Range;
  readonly numaNode: number | undefined;
}

export interface ReservedMemory {
  readonly node: TreeNode;
  readonly ranges: readonly Range[];
  /** What is to be found at boot: nothing says where. */
  readonly dynamic: { readonly size: bigint; readonly alignment: bigint | undefined } | undefined;
  readonly noMap: boolean;
  readonly reusable: boolean;
  /** A pool that drivers take DMA memory from. */
  readonly isPool: boolean;
  /** Whether a device uses it (`memory-region`). */
  readonly isUsed: boolean;
}

export interface DoorbellFact {
  readonly node: TreeNode;
  readonly name: string;
  readonly about: string;
  readonly range: Range;
  readonly isEnabled: boolean;
}

export interface MasterFact {
  readonly node: TreeNode;
  readonly iommus: readonly TreeNode[];
  /** IOVAs of `iommu-addresses`, in the cells of the device's own bus. */
  readonly kept: readonly { readonly region: TreeNode; readonly range: Range; readonly isDirect: boolean }[];
  /** Bits that DMA of the device reaches, where `dma-ranges` around it are one to one from 0 on. */
  readonly bits: number | undefined;
}

export interface BridgeFact {
  readonly node: TreeNode;
  readonly config: Range | undefined;
  readonly windows: readonly { readonly kind: 'io' | 'mem32' | 'mem64'; readonly prefetchable: boolean; readonly bus: bigint; readonly range: Range }[];
}

export function factsOf(tree: DeviceTree): TreeFacts {
  const nodes = [...nodesBelow(tree.root)];
  const phandles = nodesByPhandle(tree.root);
  const notes: string[] = [];
  const impossible = tooMany(tree.root, nodes) ?? nodes.flatMap((node) => pastEnd(node) ?? [])[0];
  if (impossible) return { ...NO_FACTS, impossible };
  const iommus = nodes.filter((node) => node.properties.has('#iommu-cells') && isEnabled(node));
  return {
    memory: memoryOf(tree.root, notes),
    reserved: reservedOf(tree.root, nodes, phandles, notes),
    doorbells: nodes.flatMap((node) => doorbellsOf(node, notes)),
    iommus,
    masters: mastersOf(nodes, phandles, notes),
    bridges: nodes.filter((node) => isEnabled(node) && isHostBridge(node)).map((node) => bridgeOf(node, notes)),
    dmaRanges: nodes.flatMap((bus) => {
      const ranges = busRanges(bus, 'dma-ranges');
      return ranges === undefined ? [] : [{ bus, ranges }];
    }),
    notes: [...tree.notes, ...notes],
    impossible: undefined,
  };
}

const NO_FACTS: Omit<TreeFacts, 'impossible'> = { memory: [], reserved: [], doorbells: [], iommus: [], masters: [], bridges: [], dmaRanges: [], notes: [] };

function tooMany(root: TreeNode, nodes: readonly TreeNode[]): { origin: string; message: string } | undefined {
  return countRegisters(nodes) > MOST_RANGES ? { origin: root.origin, message: `more than ${MOST_RANGES} ranges in \`reg\` are no machine` } : undefined;
}

/** What of the memory, or of what is reserved in it, lies past 2^64. */
function pastEnd(node: TreeNode): { origin: string; message: string } | undefined {
  const isIn = node.parent?.name === 'reserved-memory' || (node.parent?.path === '/' && isMemory(node));
  const entry = isIn ? (regOf(node) ?? []).find(({ base, size }) => base + size > ADDRESS_SPACE) : undefined;
  return entry && { origin: node.origin, message: `${node.path}: 0x${entry.base.toString(16)} and 0x${entry.size.toString(16)} bytes reach past 2^64` };
}

const told = (node: TreeNode, what: string): string => `${node.origin}: ${node.path}: ${what}`;

// ── Memory ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `/memory`: by its type, or by its name in trees that leave the type out (spec 3.4). */
const isMemory = (node: TreeNode): boolean => baseName(node) === 'memory' || deviceType(node) === 'memory';

const deviceType = (node: TreeNode): string | undefined => {
  const value = node.properties.get('device_type')?.value;
  return value && String.fromCharCode(...value.subarray(0, 32)).replace(/\0.*$/, '');
};

function memoryOf(root: TreeNode, notes: string[]): MemoryFact[] {
  const found: MemoryFact[] = [];
  for (const node of root.children.filter(isMemory)) {
    const entries = regOf(node);
    if (!isEnabled(node)) notes.push(told(node, 'is disabled and left out'));
    else if (entries === undefined) notes.push(told(node, node.properties.has('reg') ? 'its `reg` isn’t made of whole addresses and sizes' : 'has no `reg`: the boot loader fills it in'));
    else found.push(...entries.filter(({ size }) => size > 0n).map(({ base, size }) => ({ node, range: { base, end: base + size }, numaNode: cellOf(node, 'numa-node-id') })));
    if (entries?.every(({ size }) => size === 0n)) notes.push(told(node, 'has no bytes: the boot loader fills it in'));
  }
  return found.sort((left, right) => byBase(left.range, right.range));
}

const POOL = /^(?:shared|restricted)-dma-pool$/;

function reservedOf(root: TreeNode, nodes: readonly TreeNode[], phandles: ReadonlyMap<number, TreeNode>, notes: string[]): ReservedMemory[] {
  const area = root.children.find((node) => node.name === 'reserved-memory');
  if (!area) return [];
  const used = new Set(nodes.flatMap((node) => (cellsOf(node, 'memory-region') ?? []).map((phandle) => phandles.get(phandle))));
  return area.children.filter((node) => {
    if (!isEnabled(node)) notes.push(told(node, 'is disabled and left out'));
    return isEnabled(node);
  }).map((node) => reservedNode(node, area, used.has(node), notes));
}

function reservedNode(node: TreeNode, area: TreeNode, isUsed: boolean, notes: string[]): ReservedMemory {
  const ranges = (regOf(node) ?? []).flatMap((entry) => {
    const range = cpuRange(area, entry);
    if (range === undefined && entry.size > 0n) notes.push(told(node, `0x${entry.base.toString(16)} and 0x${entry.size.toString(16)} bytes aren’t shown to the CPU, or reach past 2^64`));
    return range ? [range] : [];
  });
  const size = cellsOf(node, 'size');
  const alignment = cellsOf(node, 'alignment');
  if (node.properties.has('reg') && regOf(node) === undefined) notes.push(told(node, 'its `reg` isn’t made of whole addresses and sizes'));
  const isKeptOnly = node.properties.has('iommu-addresses');
  if (ranges.length === 0 && !size && !node.properties.has('reg') && !isKeptOnly) notes.push(told(node, 'has neither `reg` nor `size`'));
  return {
    node,
    ranges,
    dynamic: size && ranges.length === 0 ? { size: joinCells(size), alignment: alignment && joinCells(alignment) } : undefined,
    noMap: node.properties.has('no-map'),
    reusable: node.properties.has('reusable'),
    isPool: isCompatible(node, POOL),
    isUsed,
  };
}

// ── Interrupts ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where devices write, in the first `reg` of MSI controllers: Linux drivers/irqchip (irq-gic-v3-its.c, irq-gic-v2m.c, irq-riscv-imsic-state.c). */
const CONTROLLERS: readonly { readonly compatible: RegExp; readonly name: string; readonly offset: bigint; readonly size: bigint | undefined; readonly about: string }[] = [
  { compatible: /^arm,gic-v3-its$/, name: 'its_doorbell', offset: 0x1_0040n, size: 4n, about: 'GITS_TRANSLATER' },
  { compatible: /^arm,gic-v2m-frame$/, name: 'v2m_doorbell', offset: 0x40n, size: 4n, about: 'V2M_MSI_SETSPI_NS' },
  { compatible: /^riscv,imsics$/, name: 'imsic_doorbell', offset: 0n, size: undefined, about: 'interrupt files' },
];

function doorbellsOf(node: TreeNode, notes: string[]): DoorbellFact[] {
  const known = CONTROLLERS.find(({ compatible }) => isCompatible(node, compatible));
  if (known) {
    return cpuRanges(node).slice(0, known.size === undefined ? undefined : 1).flatMap((range) => {
      if (range === undefined || range.base + known.offset >= range.end) {
        notes.push(told(node, 'its registers aren’t shown to the CPU, so that its doorbell isn’t known'));
        return [];
      }
      const base = range.base + known.offset;
      return [{ node, name: known.name, about: known.about, range: { base, end: known.size === undefined ? range.end : base + known.size }, isEnabled: isEnabled(node) }];
    });
  }
  const other = messageFrame(node);
  if (other) return [other];
  if (node.properties.has('msi-controller') && isEnabled(node) && !node.children.some((child) => child.properties.has('msi-controller'))) {
    notes.push(told(node, 'takes MSIs, and its doorbell isn’t known: declare it with `doorbell`'));
  }
  return [];
}

/** A GICv3 that takes MSIs without an ITS: GICD_SETSPI_NSR, or its alias (arm,gic-v3.yaml, mbi-alias). */
function messageFrame(node: TreeNode): DoorbellFact | undefined {
  if (!node.properties.has('mbi-ranges')) return undefined;
  const alias = cellsOf(node, 'mbi-alias');
  const base = alias ? joinCells(alias) : cpuRanges(node)[0]?.base;
  if (base === undefined) return undefined;
  return { node, name: 'mbi_doorbell', about: 'GICD_SETSPI_NSR', range: { base: base + 0x40n, end: base + 0x44n }, isEnabled: isEnabled(node) };
}

// ── DMA ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `iommu-addresses` of reserved memory names devices and IOVAs, in the cells of the bus that the device lies in. */
function mastersOf(nodes: readonly TreeNode[], phandles: ReadonlyMap<number, TreeNode>, notes: string[]): MasterFact[] {
  const kept = new Map<TreeNode, MasterFact['kept'][number][]>();
  for (const region of nodes.filter((node) => node.properties.has('iommu-addresses') && isEnabled(node))) {
    for (const { device, entry } of iommuAddresses(region, phandles, notes)) {
      const physical = region.parent && (regOf(region) ?? []).map((one) => cpuRange(region.parent as TreeNode, one));
      const range = { base: entry.base, end: entry.base + entry.size };
      const isDirect = physical?.some((one) => one !== undefined && one.base === range.base && one.end === range.end) ?? false;
      if (!isDirect && region.properties.has('reg')) notes.push(told(region, '`iommu-addresses` differ from `reg`: Linux warns and keeps the IOVAs without a mapping'));
      const known = kept.get(device) ?? [];
      known.push({ region, range, isDirect });
      kept.set(device, known);
    }
  }
  return nodes.filter((node) => (isEnabled(node) && !node.properties.has('#iommu-cells') && node.properties.has('iommus')) || kept.has(node)).map((node) => ({
    node,
    iommus: iommusOf(node, phandles),
    kept: kept.get(node) ?? [],
    bits: reachOf(node),
  }));
}

function iommuAddresses(region: TreeNode, phandles: ReadonlyMap<number, TreeNode>, notes: string[]): { device: TreeNode; entry: { base: bigint; size: bigint } }[] {
  const cells = cellsOf(region, 'iommu-addresses') ?? [];
  const found: { device: TreeNode; entry: { base: bigint; size: bigint } }[] = [];
  if (cells.length === 0) notes.push(told(region, '`iommu-addresses` isn’t known'));
  for (let at = 0; at < cells.length; ) {
    const device = phandles.get(cells[at] ?? 0);
    const counts = device?.parent && cellCountsOf(device.parent);
    const width = counts ? counts.address + counts.size : 0;
    const [entry] = (device?.parent && pairsIn(cells.slice(at + 1, at + 1 + width), device.parent)) ?? [];
    if (!device || !entry || entry.base + entry.size > ADDRESS_SPACE) {
      notes.push(told(region, 'an entry of `iommu-addresses` names no device, isn’t whole, or reaches past 2^64'));
      return found;
    }
    if (entry.size === 0n) notes.push(told(region, 'an entry of `iommu-addresses` has no size: Linux warns and keeps nothing for it'));
    else found.push({ device, entry });
    at += 1 + width;
  }
  return found;
}

/** The IOMMUs in `iommus`, each once: a phandle and as many cells as that IOMMU says. */
function iommusOf(node: TreeNode, phandles: ReadonlyMap<number, TreeNode>): TreeNode[] {
  const cells = cellsOf(node, 'iommus') ?? [];
  const found = new Set<TreeNode>();
  for (let at = 0; at < cells.length; ) {
    const iommu = phandles.get(cells[at] ?? 0);
    if (!iommu) break;
    found.add(iommu);
    at += 1 + Math.min(cellOf(iommu, '#iommu-cells') ?? 0, 64);
  }
  return [...found];
}

/** The nearest bus around a device with a `dma-ranges` of one entry, 0 to 0 with 2^n bytes: n. */
function reachOf(node: TreeNode): number | undefined {
  for (let bus = node.parent; bus; bus = bus.parent) {
    const ranges = busRanges(bus, 'dma-ranges');
    if (ranges === undefined || ranges === 'identity') continue;
    const [only, second] = ranges;
    const isPlain = only && !second && only.child === 0n && only.parent === 0n && only.size > 1n && (only.size & (only.size - 1n)) === 0n;
    return isPlain ? only.size.toString(2).length - 1 : undefined;
  }
  return undefined;
}

// ── PCI ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A bridge at the top: its parent is no PCI bus. */
const isHostBridge = (node: TreeNode): boolean =>
  deviceType(node) === 'pci' && !(node.parent && deviceType(node.parent) === 'pci') && node.properties.has('ranges');

const SPACES = [undefined, 'io', 'mem32', 'mem64'] as const;

/** `ranges` of a PCI bus: bits 24 and 25 of the first cell tell the space, bit 30 whether it may be prefetched (IEEE 1275 PCI binding 2.1, 2.2.1). */
function bridgeOf(node: TreeNode, notes: string[]): BridgeFact {
  const ranges = busRanges(node, 'ranges');
  if (ranges === undefined) notes.push(told(node, 'its `ranges` aren’t whole, or not known'));
  const windows = (ranges === undefined || ranges === 'identity' ? [] : ranges).flatMap(({ space, child, parent, size }) => {
    const kind = SPACES[(space >>> 24) & 3];
    const range = node.parent && cpuRange(node.parent, { base: parent, size });
    if (kind === undefined || range === undefined) {
      notes.push(told(node, `the window at 0x${parent.toString(16)} isn’t shown to the CPU, or is no memory or I/O`));
      return [];
    }
    return [{ kind, prefetchable: (space & 0x4000_0000) !== 0, bus: child, range }];
  });
  return { node, config: cpuRanges(node)[0], windows };
}
