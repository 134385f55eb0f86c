import { ADDRESS_SPACE } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import { MOST_ERRORS, MOST_RANGES, type LineError } from './import-result.js';
import { isPrompt, keepStrange, noStrangeLines, pastedLines, type PastedLine, type StrangeLines } from './pasted-text.js';
import { parseName, SECTION_TYPES, type FlatSection } from './qemu-mtree-section.js';

export type { FlatSection, SectionType } from './qemu-mtree-section.js';

/**
 * Reads what QEMU's monitor prints for `info mtree -f`, with or without `-o` (system/memory.c, mtree_print_flatview;
 * the same since 2.9). A flat view is what is left of an address space after QEMU has settled priorities, aliases and
 * disabled regions: sections in ascending order that never overlap. Plain `info mtree` is read elsewhere
 * (`qemu-mtree-tree.ts`); where both stand in a text, the flat views count.
 */
export interface MemoryTree {
  readonly views: readonly FlatView[];
  readonly strange: StrangeLines;
  /** What had to be guessed, where the views were made of plain `info mtree`. */
  readonly plain?: { readonly notes: readonly string[] };
}

export interface FlatView {
  /** Line of its first words. */
  readonly line: number;
  /** Names of the address spaces that see it, `memory` for the machine's own. */
  readonly spaces: ReadonlySet<string>;
  /** Names of the regions at the roots of those address spaces, and of the view's own. */
  readonly roots: ReadonlySet<string>;
  readonly sections: readonly FlatSection[];
}

/** Every flat view of a dump, or what is wrong with it. Time and memory grow with the text, nothing else. */
export function readQemuMtree(text: string): MemoryTree | { readonly errors: readonly LineError[] } {
  const reader = newReader();
  for (const line of pastedLines(text)) {
    readLine(reader, line);
    if (reader.tooMany || reader.errors.length >= MOST_ERRORS) break;
  }
  readPending(reader);
  if (reader.errors.length > 0) return { errors: reader.errors };
  return { views: reader.views, strange: reader.strange };
}

/** The view of the machine's own address space, which devices without an IOMMU see; or why there is none. */
export function systemView(tree: MemoryTree): FlatView | LineError {
  const named = tree.views.filter((view) => view.spaces.has('memory'));
  const [only, second] = named.length > 0 ? named : tree.views.filter((view) => view.spaces.size === 0);
  if (only === undefined) return { line: 1, message: NO_SYSTEM_VIEW };
  if (second !== undefined) {
    return { line: second.line, message: `a second dump begins here (the first at line ${only.line}): import one of them` };
  }
  return disorderIn(only) ?? only;
}

const NO_SYSTEM_VIEW =
  'no flat view of the address space "memory": paste the whole output of `info mtree -f`';

/** What makes a view no flat view. */
function disorderIn(view: FlatView): LineError | undefined {
  let previous: FlatSection | undefined;
  for (const section of view.sections) {
    if (previous && section.range.base < previous.range.end) {
      const message = `begins before the section of line ${previous.line} ends, as in no flat view`;
      return { line: section.line, message: `${message}; was it made with \`info mtree -f\`?` };
    }
    previous = section;
  }
  return undefined;
}

// ── Lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface OpenView {
  readonly line: number;
  readonly spaces: Set<string>;
  readonly roots: Set<string>;
  readonly sections: FlatSection[];
  /** Whether its list of address spaces is over, so that the next one belongs to another view. */
  closed: boolean;
}

interface Reader {
  readonly views: OpenView[];
  readonly errors: LineError[];
  readonly strange: StrangeLines;
  /** Whether what is read now belongs to plain `info mtree`. */
  inTree: boolean;
  /** Whether one view has more sections than a machine can have: then nothing more is read. */
  tooMany: boolean;
  /** A section whose line may go on in the next one: mail programs wrap them. */
  pending: { readonly line: number; text: string } | undefined;
}

const newReader = (): Reader => ({
  views: [],
  errors: [],
  strange: noStrangeLines(),
  inTree: false,
  tooMany: false,
  pending: undefined,
});

const SECTION_START = /^[0-9a-f]{6,}-[0-9a-f]{6,}/i;

function readLine(reader: Reader, line: PastedLine): void {
  const text = line.text.replace(/^\(qemu\) ?/, '');
  if (reader.pending !== undefined && goesOn(line, text)) {
    reader.pending.text += ` ${text}`;
    return;
  }
  readPending(reader);
  if (text === '') return;
  if (SECTION_START.test(text)) {
    if (line.cut) reader.errors.push({ line: line.number, message: 'the line is longer than any that QEMU prints' });
    else reader.pending = { line: line.number, text };
  } else if (!readHeader(reader, line.number, text) && isSaid(reader, line, text)) {
    keepStrange(reader.strange, `line ${line.number}`, text);
  }
}

/** Whether a line is the rest of the section above it: a bare offset, or in a mail whatever is no line of its own. */
const goesOn = (line: PastedLine, text: string): boolean =>
  /^@[0-9a-f]{1,16}\b/.test(text) || (line.quoted && text !== '' && !SECTION_START.test(text) && !HEADER.test(text));

/** Whether a line that is not understood says something: not a prompt, an echo, or what stood before the dump. */
const isSaid = (reader: Reader, line: PastedLine, text: string): boolean =>
  reader.views.length > 0 && !reader.inTree && text === line.text && !isPrompt(text);

const HEADER = /^(?:FlatView #\d|AS "|Root memory region: |No rendered FlatView|address-space: |memory-region: )/;
const ADDRESS_SPACE_LINE = /^AS "(.*)", root: (.*?)(?:, alias (.*))?$/;
const ROOT_LINE = /^Root memory region: (.*)$/;

/** Takes a line that opens or describes a view; false if it is none. */
function readHeader(reader: Reader, line: number, text: string): boolean {
  if (!HEADER.test(text)) return false;
  reader.inTree = text.startsWith('address-space:') || text.startsWith('memory-region:');
  if (text.startsWith('FlatView')) {
    openView(reader, line);
  } else if (!reader.inTree && !text.startsWith('No rendered')) {
    describeView(reader, line, text);
  }
  return true;
}

function describeView(reader: Reader, line: number, text: string): void {
  const last = reader.views.at(-1);
  const view = last === undefined || last.closed ? openView(reader, line) : last;
  const space = ADDRESS_SPACE_LINE.exec(text);
  const root = ROOT_LINE.exec(text);
  if (space) view.spaces.add(space[1] ?? '');
  for (const name of [space?.[2], space?.[3], root?.[1]]) if (name) view.roots.add(name);
  if (root) view.closed = true;
}

function openView(reader: Reader, line: number): OpenView {
  const view: OpenView = { line, spaces: new Set(), roots: new Set(), sections: [], closed: false };
  reader.views.push(view);
  return view;
}

// ── Sections ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Reads the section that was kept back, now that its line has ended. */
function readPending(reader: Reader): void {
  const { pending } = reader;
  reader.pending = undefined;
  if (pending === undefined || reader.inTree) return;
  const section = parseSection(pending.line, pending.text);
  if ('message' in section) {
    reader.errors.push(section);
    return;
  }
  const view = reader.views.at(-1) ?? openView(reader, pending.line);
  view.closed = true;
  view.sections.push(section);
  if (view.sections.length <= MOST_RANGES) return;
  reader.tooMany = true;
  reader.errors.push({ line: section.line, message: `more than ${MOST_RANGES} sections are no memory map` });
}

const SECTION = /^([0-9a-f]+)-([0-9a-f]+) \(prio (-?\d{1,10}), (nv-)?([^\s)]{1,12})\): ?(.*)$/i;

function parseSection(line: number, text: string): FlatSection | LineError {
  const match = SECTION.exec(text);
  if (!match) return { line, message: 'expected `FIRST-LAST (prio N, TYPE): NAME` as `info mtree -f` prints it' };
  const [, first = '', last = '', priority = '', nonvolatile, typeWord = '', rest = ''] = match;
  if (first.length > 16 || last.length > 16) return { line, message: `${first}-${last} is past 2^64` };
  const type = SECTION_TYPES.find((known) => known === typeWord);
  if (type === undefined) return { line, message: `\`${typeWord}\` is none of ${SECTION_TYPES.join(', ')}` };
  const range = { base: BigInt(`0x${first}`), end: BigInt(`0x${last}`) + 1n };
  if (range.end <= range.base) return { line, message: `the last byte ${last} lies before the first ${first}` };
  const named = parseName(rest);
  if (named.offset + sizeOf(range) > ADDRESS_SPACE) return { line, message: 'the offset in the region reaches past 2^64' };
  return { line, range, priority: Number(priority), type, nonvolatile: nonvolatile !== undefined, ...named };
}
