import { characterCode, readCExpression } from './c-expression.js';
import type { Preprocessed } from './c-preprocessor.js';
import { DEEPEST_NODE, MOST_NODES, MOST_PROPERTIES } from './device-tree.js';
import { applyBlock, childOf, deleteReference, newSourceTree, type SourceNode, type SourcePart, type SourceTree } from './dts-link.js';
import { accept, expect, scan, ScanError, skipBlanks, take, type Scanned } from './scanner.js';
import { lineStarts, placeAt, type SourceError, type SourcePlace } from './source-places.js';

/** Reads the preprocessed text of a device tree source, statement by statement. */
export function parseSource(source: Preprocessed, path: string): SourceTree | SourceError {
  const reader: Reader = { text: source.text, at: 0, tree: newSourceTree(path), starts: lineStarts(source.text), origins: source.origins, nodes: 0, properties: 0 };
  return scan(() => {
    while (skipBlanks(reader) < reader.text.length) readStatement(reader);
    return reader.tree;
  }, ({ message, at }) => ({ place: placeAt(reader, at), message }));
}

interface Reader extends Scanned {
  readonly tree: SourceTree;
  readonly starts: readonly number[];
  readonly origins: readonly SourcePlace[];
  nodes: number;
  properties: number;
}

// ── Statements ─────────────────────────────────────────────────────────────────────────────────────────────────────

const LABEL = /([A-Za-z_]\w*):(?!:)\s*/y;
const REFERENCE = /&(?:([A-Za-z_]\w*)|\{([^}\n]*)\})/y;
const HEADER = /\/(?:dts-v1|plugin)\/\s*;/y;
const MEMRESERVE = /\/memreserve\/\s*/y;
const DELETE_NODE = /\/delete-node\/\s*/y;
const DELETE_PROPERTY = /\/delete-property\/\s*/y;
const OMIT = /\/omit-if-no-ref\/\s*/y;
const NAME = /[\w,.+*#?@-]+/y;

function readStatement(reader: Reader): void {
  if (take(reader, HEADER)) return;
  const start = reader.at;
  if (take(reader, DELETE_NODE)) {
    const reference = take(reader, REFERENCE);
    if (!reference) throw new ScanError('expected `&LABEL` after `/delete-node/`', reader.at);
    deleteReference(reader.tree, reference[1], reference[2]);
    expect(reader, ';');
    return;
  }
  const omit = take(reader, OMIT) !== undefined;
  const labels = readLabels(reader);
  if (take(reader, MEMRESERVE)) readReservation(reader, start);
  else readTree(reader, labels, omit);
}

function readReservation(reader: Reader, start: number): void {
  const base = readNumber(reader, 'operand');
  const size = readNumber(reader, 'operand');
  expect(reader, ';');
  reader.tree.reservations.push({ place: placeAt(reader, start), base, size });
}

/** `/ { … };` or `&label { … };`: more of a node. */
function readTree(reader: Reader, labels: readonly string[], omit: boolean): void {
  const start = reader.at;
  const reference = take(reader, REFERENCE);
  if (!reference && !accept(reader, '/')) throw new ScanError(expectedStatement(reader), reader.at);
  const place = placeAt(reader, start);
  const node = reference ? applyBlock(reader.tree, reference[1], reference[2], place) : reader.tree.root;
  node.isOptional ||= omit;
  for (const label of labels) reader.tree.labels.set(label, node);
  if (!reference) node.place ??= place;
  readBlock(reader, node, 0);
  expect(reader, ';');
}

const expectedStatement = ({ text, at }: Reader): string => {
  const word = /^[^\s;{}]{1,40}/.exec(text.slice(at, at + 40))?.[0] ?? '';
  return `expected \`/ {\`, \`&label {\` or \`/dts-v1/;\`, not \`${word}\``;
};

function readLabels(reader: Reader): string[] {
  const labels: string[] = [];
  for (let label = take(reader, LABEL); label; label = take(reader, LABEL)) labels.push(label[1] ?? '');
  return labels;
}

function readBlock(reader: Reader, node: SourceNode, depth: number): void {
  expect(reader, '{');
  if (depth > DEEPEST_NODE) throw new ScanError(`nodes lie in each other more than ${DEEPEST_NODE} deep`, reader.at);
  while (!accept(reader, '}')) {
    if (skipBlanks(reader) >= reader.text.length) throw new ScanError('expected `}`', reader.at);
    readInside(reader, node, depth);
  }
}

function readInside(reader: Reader, node: SourceNode, depth: number): void {
  const start = reader.at;
  if (take(reader, DELETE_PROPERTY)) {
    node.properties.delete(readName(reader));
    expect(reader, ';');
    return;
  }
  if (take(reader, DELETE_NODE)) {
    const reference = take(reader, REFERENCE);
    if (reference) deleteReference(reader.tree, reference[1], reference[2]);
    else node.children.delete(readName(reader));
    expect(reader, ';');
    return;
  }
  const omit = take(reader, OMIT) !== undefined;
  const labels = readLabels(reader);
  const name = readName(reader);
  skipBlanks(reader);
  if (reader.text[reader.at] === '{') readChild(reader, node, { name, labels, omit, start, depth });
  else readProperty(reader, node, name, start);
}

interface ChildHead {
  readonly name: string;
  readonly labels: readonly string[];
  readonly omit: boolean;
  readonly start: number;
  readonly depth: number;
}

function readChild(reader: Reader, parent: SourceNode, { name, labels, omit, start, depth }: ChildHead): void {
  reader.nodes += 1;
  if (reader.nodes > MOST_NODES) throw new ScanError(`more than ${MOST_NODES} nodes`, start);
  const child = childOf(parent, name, placeAt(reader, start));
  child.isOptional ||= omit;
  for (const label of labels) reader.tree.labels.set(label, child);
  readBlock(reader, child, depth + 1);
  expect(reader, ';');
}

function readName(reader: Reader): string {
  const name = take(reader, NAME)?.[0];
  if (name === undefined) throw new ScanError('expected the name of a node or property', reader.at);
  return name;
}

// ── Properties ─────────────────────────────────────────────────────────────────────────────────────────────────────

function readProperty(reader: Reader, node: SourceNode, name: string, start: number): void {
  reader.properties += 1;
  if (reader.properties > MOST_PROPERTIES) throw new ScanError(`more than ${MOST_PROPERTIES} properties`, start);
  const parts: SourcePart[] = [];
  const unknown: string[] = [];
  if (accept(reader, '=')) {
    do readValue(reader, parts, unknown);
    while (accept(reader, ','));
  }
  if (!accept(reader, ';')) throw new ScanError(`expected \`;\` after the property \`${name}\``, reader.at);
  reader.tree.unknown.push(...unknown);
  node.properties.set(name, { name, parts, unknown, place: placeAt(reader, start) });
}

const STRING = /"((?:\\[^]|[^"\\])*)"/y;
const BITS = /\/bits\/\s*(\d+)\s*/y;
const INCBIN = /\/incbin\/\s*\([^)]*\)/y;
const MACRO = /[A-Za-z_]\w*(?:\s*\([^()]*\))?/y;

function readValue(reader: Reader, parts: SourcePart[], unknown: string[]): void {
  readLabels(reader);
  const string = take(reader, STRING);
  const bits = string ? undefined : take(reader, BITS);
  if (string) {
    parts.push({ bytes: [...stringBytes(string[1] ?? ''), 0] });
  } else if (bits || reader.text[reader.at] === '<') {
    readCells(reader, Number(bits?.[1] ?? 32), parts, unknown);
  } else if (accept(reader, '[')) {
    readBytes(reader, parts);
  } else {
    readRest(reader, parts, unknown);
  }
  readLabels(reader);
}

function readRest(reader: Reader, parts: SourcePart[], unknown: string[]): void {
  const reference = take(reader, REFERENCE);
  const other = reference ? undefined : take(reader, INCBIN) ?? take(reader, MACRO);
  if (reference) parts.push({ pathOf: reference[1] ?? reference[2] ?? '', place: placeAt(reader, reader.at) });
  else if (other) unknown.push(other[0].replace(/\s*\([^]*$/, ''));
  else throw new ScanError('expected a value', reader.at);
}

function stringBytes(text: string): number[] {
  const bytes: number[] = [];
  for (const [piece] of text.matchAll(/\\x[0-9a-fA-F]{1,2}|\\[0-7]{1,3}|\\[^]|[^]/g)) {
    const code = piece.charCodeAt(0);
    if (piece.startsWith('\\') || code < 0x80) bytes.push(characterCode(piece));
    else bytes.push(...utf8Of(code));
  }
  return bytes;
}

const utf8Of = (code: number): number[] =>
  code < 0x800 ? [0xc0 | (code >> 6), 0x80 | (code & 0x3f)] : [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];

function readBytes(reader: Reader, parts: SourcePart[]): void {
  const start = reader.at;
  const end = reader.text.indexOf(']', start);
  const digits = end < 0 ? undefined : reader.text.slice(start, end).replace(/\s|[A-Za-z_]\w*:/g, '');
  if (digits === undefined || digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) throw new ScanError('expected bytes of two digits and `]`', start);
  parts.push({ bytes: (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)) });
  reader.at = end + 1;
}

function readCells(reader: Reader, bits: number, parts: SourcePart[], unknown: string[]): void {
  if (![8, 16, 32, 64].includes(bits)) throw new ScanError('`/bits/` is 8, 16, 32 or 64', reader.at);
  expect(reader, '<');
  while (!accept(reader, '>')) {
    readLabels(reader);
    if (reader.text[reader.at] === '>') continue;
    const reference = take(reader, REFERENCE);
    if (reference) {
      if (bits !== 32) throw new ScanError('a reference takes a cell of 32 bits', reader.at);
      parts.push({ phandleOf: reference[1] ?? reference[2] ?? '', place: placeAt(reader, reader.at) });
    } else {
      readCell(reader, bits, parts, unknown);
    }
  }
}

function readCell(reader: Reader, bits: number, parts: SourcePart[], unknown: string[]): void {
  const start = reader.at;
  const read = readCExpression(reader.text, start, () => undefined, 'operand');
  if ('message' in read) throw new ScanError(read.message, read.at);
  reader.at = read.end;
  if ('unknown' in read) unknown.push(...read.unknown);
  const value = 'unknown' in read ? 0n : read.value;
  // Negative numbers fill all 64 bits; what is left of them must be the sign.
  const high = value >> BigInt(bits);
  if (bits < 64 && high !== 0n && high !== (1n << BigInt(64 - bits)) - 1n) throw new ScanError(`0x${value.toString(16)} is past ${bits} bits`, start);
  const bytes: number[] = [];
  for (let shift = bits - 8; shift >= 0; shift -= 8) bytes.push(Number((value >> BigInt(shift)) & 0xffn));
  parts.push({ bytes });
}

function readNumber(reader: Reader, reach: 'operand' | 'whole'): bigint {
  const read = readCExpression(reader.text, reader.at, () => undefined, reach);
  if ('message' in read) throw new ScanError(read.message, read.at);
  if ('unknown' in read) throw new ScanError(`nothing says what ${read.unknown.join(', ')} is`, reader.at);
  reader.at = read.end;
  return read.value;
}
