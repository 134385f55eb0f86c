import { asciiOf, cellAt, DEEPEST_NODE, joinCells, MOST_NODES, MOST_PROPERTIES, type DeviceTree, type TreeNode, type TreeProperty } from './device-tree.js';

/**
 * Reads a flattened device tree, as QEMU's `dumpdtb`, dtc and /sys/firmware/fdt give it (Devicetree Specification 0.4,
 * chapter 5). Nothing in it is trusted: every offset is checked, and a blob that is cut off or leads in circles is an
 * error that tells the byte.
 */
export function readDeviceTreeBlob(bytes: Uint8Array): DeviceTree | BlobError {
  const header = readHeader(bytes);
  if ('message' in header) return header;
  const reservations = readReservations(bytes, header);
  if ('message' in reservations) return reservations;
  const root = readStructure(bytes, header);
  return 'message' in root ? root : { root, reservations, notes: [] };
}

export interface BlobError {
  /** The byte at fault. */
  readonly offset: number;
  readonly message: string;
}

const MAGIC = 0xd00dfeed;

interface Header {
  /** Where the blob ends, in bytes. */
  readonly end: number;
  readonly structure: number;
  readonly structureEnd: number;
  readonly strings: number;
  readonly stringsEnd: number;
  readonly reservations: number;
}

/** The first version with the size of the strings, and the last one whose layout is known. */
const VERSIONS = { oldest: 3, newest: 17, sized: 17, sizedStrings: 3 };

function readHeader(bytes: Uint8Array): Header | BlobError {
  if (bytes.length < 4 || cellAt(bytes, 0) !== MAGIC) return { offset: 0, message: 'a device tree blob begins with d00dfeed' };
  if (bytes.length < 40) return { offset: bytes.length, message: 'the blob ends inside its header' };
  const [, end = 0, structure = 0, strings = 0, reservations = 0, version = 0, compatible = 0, , stringsSize = 0, structureSize = 0] = Array.from({ length: 10 }, (_, index) => cellAt(bytes, index * 4));
  if (end > bytes.length) return { offset: bytes.length, message: `the blob ends here, and its header says that it has 0x${end.toString(16)} bytes` };
  if (version < VERSIONS.oldest || compatible > VERSIONS.newest) return { offset: 20, message: `version ${version} (compatible with ${compatible}) is not one of 3 to 17` };
  const structureEnd = version >= VERSIONS.sized ? structure + structureSize : end;
  const stringsEnd = strings + stringsSize;
  if (structure % 4 !== 0 || structure < 28 || structureEnd > end) return { offset: 8, message: 'the structure block lies outside of the blob' };
  if (stringsEnd > end) return { offset: 12, message: 'the strings block lies outside of the blob' };
  if (reservations % 8 !== 0 || reservations > end) return { offset: 16, message: 'the memory reservation block lies outside of the blob' };
  return { end, structure, structureEnd, strings, stringsEnd, reservations };
}

const MOST_RESERVATIONS = 10_000;

function readReservations(bytes: Uint8Array, header: Header): { origin: string; base: bigint; size: bigint }[] | BlobError {
  const found: { origin: string; base: bigint; size: bigint }[] = [];
  for (let at = header.reservations; found.length < MOST_RESERVATIONS; at += 16) {
    if (at + 16 > header.end) return { offset: at, message: 'the memory reservation block doesn’t end' };
    const [base, size] = [0, 8].map((skip) => joinCells([cellAt(bytes, at + skip), cellAt(bytes, at + skip + 4)]));
    if (base === undefined || size === undefined || (base === 0n && size === 0n)) return found;
    found.push({ origin: byteOf(at), base, size });
  }
  return { offset: header.reservations, message: `more than ${MOST_RESERVATIONS} memory reservations` };
}

const byteOf = (offset: number): string => `byte 0x${offset.toString(16)}`;

// ── The structure block ────────────────────────────────────────────────────────────────────────────────────────────

const TOKEN = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 };

interface OpenNode extends TreeNode {
  readonly properties: Map<string, TreeProperty>;
  readonly children: OpenNode[];
}

interface BlobReader {
  readonly bytes: Uint8Array;
  readonly header: Header;
  at: number;
  /** The nodes that are open, from the root on. */
  readonly open: OpenNode[];
  root: OpenNode | undefined;
  nodes: number;
  properties: number;
}

function readStructure(bytes: Uint8Array, header: Header): TreeNode | BlobError {
  const reader: BlobReader = { bytes, header, at: header.structure, open: [], root: undefined, nodes: 0, properties: 0 };
  for (;;) {
    const { at } = reader;
    if (at + 4 > header.structureEnd) return { offset: at, message: 'the structure block ends inside a node' };
    const token = cellAt(bytes, at);
    reader.at += 4;
    if (token === TOKEN.end) return finish(reader, at);
    const error = token === TOKEN.nop ? undefined : readToken(reader, token, at);
    if (error) return error;
  }
}

function finish(reader: BlobReader, at: number): TreeNode | BlobError {
  if (reader.open.length > 0) return { offset: at, message: `${reader.open.at(-1)?.path} isn’t closed` };
  return reader.root ?? { offset: at, message: 'there is no root node' };
}

function readToken(reader: BlobReader, token: number, at: number): BlobError | undefined {
  switch (token) {
    case TOKEN.beginNode:
      return openNode(reader, at);
    case TOKEN.endNode:
      return reader.open.pop() ? undefined : { offset: at, message: 'a node ends that isn’t open' };
    case TOKEN.property:
      return readProperty(reader, at);
    default:
      return { offset: at, message: `${token} is no token of the structure block` };
  }
}

function openNode(reader: BlobReader, at: number): BlobError | undefined {
  const name = textAt(reader.bytes, reader.at, reader.header.structureEnd);
  if (name === undefined) return { offset: reader.at, message: 'the name of a node has no end, or is no text' };
  reader.at = (reader.at + name.length + 4) & ~3;
  reader.nodes += 1;
  const parent = reader.open.at(-1);
  if (parent === undefined && reader.root) return { offset: at, message: 'there is a second root node' };
  if (reader.open.length >= DEEPEST_NODE) return { offset: at, message: `nodes lie in each other more than ${DEEPEST_NODE} deep` };
  if (reader.nodes > MOST_NODES) return { offset: at, message: `more than ${MOST_NODES} nodes` };
  const path = parent === undefined ? '/' : `${parent.path === '/' ? '' : parent.path}/${name}`;
  const node: OpenNode = { name, path, parent, properties: new Map(), children: [], origin: byteOf(at) };
  parent?.children.push(node);
  reader.root ??= node;
  reader.open.push(node);
  return undefined;
}

function readProperty(reader: BlobReader, at: number): BlobError | undefined {
  const { bytes, header } = reader;
  const node = reader.open.at(-1);
  if (node === undefined) return { offset: at, message: 'a property stands outside of all nodes' };
  if (reader.at + 8 > header.structureEnd) return { offset: at, message: 'the structure block ends inside a property' };
  const [length, nameAt] = [cellAt(bytes, reader.at), header.strings + cellAt(bytes, reader.at + 4)];
  const start = reader.at + 8;
  if (length > header.structureEnd - start) return { offset: at, message: `a property of ${length} bytes ends outside of the structure block` };
  const name = nameAt < header.stringsEnd ? textAt(bytes, nameAt, header.stringsEnd) : undefined;
  if (!name) return { offset: reader.at + 4, message: 'the name of a property lies outside of the strings block, or is no text' };
  reader.properties += 1;
  if (reader.properties > MOST_PROPERTIES) return { offset: at, message: `more than ${MOST_PROPERTIES} properties` };
  node.properties.set(name, { name, value: bytes.subarray(start, start + length), origin: byteOf(at), unknown: [] });
  reader.at = (start + length + 3) & ~3;
  return undefined;
}

/** Characters that a name may have; the specification allows 31, and nobody keeps to it. */
const LONGEST_NAME = 255;

/** The text that begins at a byte and ends with a zero before `end`. */
function textAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = bytes.subarray(start, Math.min(end, start + LONGEST_NAME + 1)).indexOf(0);
  if (length < 0) return undefined;
  const text = asciiOf(bytes.subarray(start, start + length));
  return /^[\x20-\x7e]*$/.test(text) ? text : undefined;
}
