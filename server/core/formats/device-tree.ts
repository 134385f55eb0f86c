/**
 * A device tree as a tree of bytes: what a blob holds, and what a source says once its labels and expressions are
 * worked out (Devicetree Specification 0.4, chapters 2 and 5). Numbers are big-endian cells of 32 bits.
 */
export interface DeviceTree {
  readonly root: TreeNode;
  /** Ranges of `/memreserve/`, in bytes. */
  readonly reservations: readonly { readonly origin: string; readonly base: bigint; readonly size: bigint }[];
  /** What the reader couldn't work out, in words. */
  readonly notes: readonly string[];
}

export interface TreeNode {
  readonly name: string;
  /** From the root on: `/soc/serial@9000000`, and `/` for the root. */
  readonly path: string;
  readonly parent: TreeNode | undefined;
  readonly properties: ReadonlyMap<string, TreeProperty>;
  readonly children: readonly TreeNode[];
  /** Where it is written: `line 12`, `virt.dtsi:12` or `byte 0x1f0`. */
  readonly origin: string;
}

export interface TreeProperty {
  readonly name: string;
  readonly value: Uint8Array;
  readonly origin: string;
  /** Macros in it whose meaning isn't known: then the value means nothing. */
  readonly unknown: readonly string[];
}

/** Nodes inside each other; Linux reads 64 levels (drivers/of/fdt.c, FDT_MAX_DEPTH). */
export const DEEPEST_NODE = 64;

/** Nodes and properties that a tree may have; the largest in the kernel sources have some ten thousand. */
export const MOST_NODES = 100_000;
export const MOST_PROPERTIES = 1_000_000;

/** The cells of a property, or nothing if it isn't there, isn't made of whole cells, or isn't known. */
export function cellsOf(node: TreeNode, name: string): readonly number[] | undefined {
  const property = node.properties.get(name);
  if (property === undefined || property.unknown.length > 0 || property.value.length % 4 !== 0) return undefined;
  const { value } = property;
  const cells: number[] = [];
  for (let at = 0; at < value.length; at += 4) cells.push(cellAt(value, at));
  return cells;
}

/** The cell at a byte. */
export const cellAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

/** A number of several cells, the highest first. */
export const joinCells = (cells: readonly number[]): bigint => cells.reduce((sum, cell) => (sum << 32n) | BigInt(cell), 0n);

/** The first cell of a property. */
export const cellOf = (node: TreeNode, name: string): number | undefined => cellsOf(node, name)?.[0];

/** The texts of a property, which end with a zero byte each. */
export function textsOf(node: TreeNode, name: string): readonly string[] {
  const property = node.properties.get(name);
  if (property === undefined || property.unknown.length > 0) return [];
  return asciiOf(property.value).split('\0').slice(0, -1);
}

export const asciiOf = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** How many cells an address and a size take for the children of a node. */
export interface CellCounts {
  readonly address: number;
  readonly size: number;
}

/** The counts of a bus; what it doesn't say is 2 and 1. More cells than a PCI address has are no address. */
export function cellCountsOf(bus: TreeNode): CellCounts | undefined {
  const address = cellOf(bus, '#address-cells') ?? 2;
  const size = cellOf(bus, '#size-cells') ?? 1;
  return address <= 3 && size <= 3 ? { address, size } : undefined;
}

/** A node by what `phandle` says; the first one if several say the same. */
export function nodesByPhandle(root: TreeNode): ReadonlyMap<number, TreeNode> {
  const found = new Map<number, TreeNode>();
  for (const node of nodesBelow(root)) {
    const phandle = cellOf(node, 'phandle') ?? cellOf(node, 'linux,phandle');
    if (phandle !== undefined && !found.has(phandle)) found.set(phandle, node);
  }
  return found;
}

/** A node and all below it, in the order in which they are written. */
export function* nodesBelow(node: TreeNode): Generator<TreeNode> {
  yield node;
  for (const child of node.children) yield* nodesBelow(child);
}

/** Whether nothing disables the node or what it lies in. */
export function isEnabled(node: TreeNode): boolean {
  const [status = 'okay'] = textsOf(node, 'status');
  return (status === 'okay' || status === 'ok') && (node.parent === undefined || isEnabled(node.parent));
}

export const isCompatible = (node: TreeNode, pattern: RegExp): boolean => textsOf(node, 'compatible').some((text) => pattern.test(text));

/** The name without its unit address. */
export const baseName = (node: TreeNode): string => node.name.replace(/@.*$/, '');
