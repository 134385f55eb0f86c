import { ADDRESS_SPACE } from '../layout/address.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import { MOST_ERRORS, type LineError } from './import-result.js';
import { isPrompt, keepStrange, noStrangeLines, pastedLines, type PastedLine, type StrangeLines } from './pasted-text.js';
import { parseName, SECTION_TYPES, type SectionType } from './qemu-mtree-section.js';

/**
 * Reads what QEMU's monitor prints for plain `info mtree`, with or without `-o` and `-D` (system/memory.c,
 * mtree_print_mr): regions inside each other, told by their indentation. Before 2.9 an access word, `RW` or `R-`,
 * stands where the type stands today.
 */
export interface RegionTree {
  /** What is printed for each address space and for each target of an alias, in this order. */
  readonly roots: readonly TreeRoot[];
  /** Whether a line has an access word, so that nobody knows its type. */
  readonly hasAccessWords: boolean;
  readonly strange: StrangeLines;
}

export interface TreeRoot {
  /** Names of the address spaces that it is the root of; none if it is printed as the target of an alias. */
  readonly spaces: readonly string[];
  readonly region: TreeRegion;
}

export interface TreeRegion {
  readonly line: number;
  readonly range: Range;
  readonly priority: number;
  readonly type: SectionType;
  readonly nonvolatile: boolean;
  /** Whether `type` was told by the name alone. */
  readonly isGuessed: boolean;
  readonly name: string;
  readonly owner: string;
  readonly isDisabled: boolean;
  readonly alias: AliasTarget | undefined;
  readonly children: readonly TreeRegion[];
}

export interface AliasTarget {
  readonly name: string;
  /** First byte that is shown, counted from the beginning of the target. */
  readonly offset: bigint;
}

/** Regions of a tree; a real one has some hundred to some thousand, and most of them twice. */
const MOST_REGIONS = 200_000;

/** Regions inside each other; real ones stay below 10. */
const DEEPEST = 100;

/** Every tree of a dump, or what is wrong with it. */
export function readRegionTree(text: string): RegionTree | { readonly errors: readonly LineError[] } {
  const reader: Reader = { roots: [], spaces: [], open: [], errors: [], strange: noStrangeLines(), accessWords: false, count: 0, pending: undefined };
  for (const line of pastedLines(text)) {
    readLine(reader, line);
    if (reader.errors.length >= MOST_ERRORS || reader.count > MOST_REGIONS) break;
  }
  readPending(reader);
  if (reader.count > MOST_REGIONS) return { errors: [{ line: lastLine(reader), message: `more than ${MOST_REGIONS} regions are no memory map` }] };
  if (reader.errors.length > 0) return { errors: reader.errors };
  return { roots: reader.roots, hasAccessWords: reader.accessWords, strange: reader.strange };
}

interface OpenRegion extends TreeRegion {
  readonly children: TreeRegion[];
}

interface Reader {
  readonly roots: TreeRoot[];
  /** Address spaces whose tree comes next: several may share one. */
  spaces: string[];
  /** The regions that the next line may lie in, from the outside in, with their indentation. */
  open: { readonly indent: number; readonly region: OpenRegion }[];
  readonly errors: LineError[];
  readonly strange: StrangeLines;
  accessWords: boolean;
  count: number;
  /** A region whose line may go on in the next one. */
  pending: { readonly line: number; readonly indent: number; text: string } | undefined;
}

const lastLine = (reader: Reader): number => reader.open.at(-1)?.region.line ?? 1;

const REGION_START = /^(?:\[DETECTED OVERFLOW!\] )?[0-9a-f]{6,16}-[0-9a-f]{6,16} \(prio /i;
const HEADER = /^(?:address-space: (.*)|memory-region: .*|(?:memory|I\/O))$/;

function readLine(reader: Reader, line: PastedLine): void {
  const text = line.text.replace(/^\(qemu\) ?/, '');
  if (reader.pending !== undefined && goesOn(line, text)) {
    reader.pending.text += ` ${text}`;
    return;
  }
  readPending(reader);
  const header = HEADER.exec(text);
  if (header) {
    if (reader.open.length > 0 || header[1] === undefined) reader.spaces = [];
    reader.open = [];
    // Before 1.6 the name of the address space stood alone.
    if (!text.startsWith('memory-region: ')) reader.spaces.push(header[1] ?? text);
  } else if (REGION_START.test(text)) {
    if (line.cut) reader.errors.push({ line: line.number, message: 'the line is longer than any that QEMU prints' });
    else reader.pending = { line: line.number, indent: line.indent, text };
  } else if (text !== '' && reader.roots.length > 0 && text === line.text && !isPrompt(text)) {
    keepStrange(reader.strange, `line ${line.number}`, text);
  }
}

/** Whether a line is the rest of the region above it, which a mail program has wrapped. */
const goesOn = (line: PastedLine, text: string): boolean =>
  /^@\S|^[0-9a-f]{16}-[0-9a-f]{16}(?: \[disabled\])?$|^\[disabled\]$/.test(text) ||
  (line.quoted && text !== '' && !REGION_START.test(text) && !HEADER.test(text));

/** Reads the region that was kept back, now that its line has ended. */
function readPending(reader: Reader): void {
  const { pending } = reader;
  reader.pending = undefined;
  if (pending === undefined) return;
  const parsed = parseRegion(pending.line, pending.text);
  if ('message' in parsed) {
    reader.errors.push(parsed);
    return;
  }
  reader.accessWords ||= parsed.isGuessed;
  reader.count += 1;
  while ((reader.open.at(-1)?.indent ?? -1) >= pending.indent) reader.open.pop();
  const parent = reader.open.at(-1);
  if (parent) parent.region.children.push(parsed);
  else openRoot(reader, parsed);
  if (reader.open.length >= DEEPEST) {
    reader.errors.push({ line: pending.line, message: `regions lie in each other more than ${DEEPEST} deep` });
    return;
  }
  reader.open.push({ indent: pending.indent, region: parsed });
}

/** Opens a tree. A second one right behind the first has no name of its own. */
function openRoot(reader: Reader, region: OpenRegion): void {
  reader.roots.push({ spaces: reader.spaces, region });
  reader.spaces = [];
}

const REGION = /^(?:\[DETECTED OVERFLOW!\] )?([0-9a-f]+)-([0-9a-f]+) \(prio (-?\d{1,10}), (nv-)?([^\s)]{1,12})\): ?(.*)$/i;

function parseRegion(line: number, text: string): OpenRegion | LineError {
  const match = REGION.exec(text);
  if (!match) return { line, message: 'expected `FIRST-LAST (prio N, TYPE): NAME` as `info mtree` prints it' };
  const [, first = '', last = '', priority = '', nonvolatile, word = '', rest = ''] = match;
  const range = { base: BigInt(`0x${first}`), end: BigInt(`0x${last}`) + 1n };
  // A region of no bytes is printed with a last byte before its first.
  if (range.end < range.base) return { line, message: `the last byte ${last} lies before the first ${first}` };
  const shown = parseShown(rest);
  if (shown.alias && shown.alias.offset + sizeOf(range) > ADDRESS_SPACE) return { line, message: 'the alias reaches past 2^64' };
  const type = typeOf(word, shown.name, shown.alias);
  if (type === undefined) return { line, message: `\`${word}\` is none of ${SECTION_TYPES.join(', ')}` };
  const isGuessed = ACCESS_WORD.test(word);
  return { line, range, priority: Number(priority), type, nonvolatile: nonvolatile !== undefined, isGuessed, ...shown, children: [] };
}

const ACCESS_WORD = /^[R-][W-]$/;

/** The type that is printed, or the one that a name gives away where an access word stands in its place. */
function typeOf(word: string, name: string, alias: AliasTarget | undefined): SectionType | undefined {
  if (!ACCESS_WORD.test(word)) return SECTION_TYPES.find((known) => known === word);
  if (word === 'R-') return 'rom';
  return RAM_NAME.test(alias?.name ?? name) ? 'ram' : 'i/o';
}

/** What QEMU calls memory blocks: `pc.ram`, `vga.vram`, `mach-virt.ram`, `pc.rom`, `/objects/mem0`. */
const RAM_NAME = /(?:^|[._-])(?:[a-z0-9]*ram|rom|bios|flash\d?)$|^\/objects\//i;

/** `NAME`, or `alias NAME @TARGET FIRST-LAST`; then `[disabled]` and owners. */
function parseShown(text: string): Pick<TreeRegion, 'name' | 'owner' | 'isDisabled' | 'alias'> {
  const isDisabled = /(?:^| )\[disabled\](?= |$)/.test(text);
  const { region, owner } = parseName(text.replace(/(?:^| )\[disabled\](?= |$)/, ''));
  const alias = /^alias (.*?) ?@(.*) ([0-9a-f]{16})-[0-9a-f]{16}$/i.exec(region);
  if (!alias) return { name: region, owner, isDisabled, alias: undefined };
  const [, name = '', target = '', offset = '0'] = alias;
  return { name, owner, isDisabled, alias: { name: target, offset: BigInt(`0x${offset}`) } };
}
