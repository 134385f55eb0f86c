import { ADDRESS_SPACE } from '../layout/address.js';
import type { Range } from '../layout/intervals.js';
import { MOST_ERRORS, MOST_RANGES, type LineError } from './import-result.js';
import { isPrompt, keepStrange, noStrangeLines, pastedLines, type StrangeLines } from './pasted-text.js';

/**
 * Reads `/proc/iomem` of Linux: a line `FIRST-LAST : NAME` for each resource, those inside another one below it and
 * indented (kernel/resource.c, r_show). Resources of one parent never meet, so the addresses alone tell what lies in
 * what, whatever a mail has made of the blanks.
 */
export interface IomemTree {
  readonly resources: readonly IomemResource[];
  readonly strange: StrangeLines;
}

export interface IomemResource {
  readonly line: number;
  readonly range: Range;
  readonly name: string;
  readonly children: readonly IomemResource[];
}

interface OpenResource extends IomemResource {
  readonly children: IomemResource[];
}

interface Reader {
  readonly roots: OpenResource[];
  /** What the next resource may lie in, from the outside in. */
  readonly open: OpenResource[];
  readonly errors: LineError[];
  readonly strange: StrangeLines;
  count: number;
  /** Whether an address was seen that isn't 0. */
  tells: boolean;
}

/** The resources of a listing, or what is wrong with it. */
export function readIomem(text: string): IomemTree | { readonly errors: readonly LineError[] } {
  const reader: Reader = { roots: [], open: [], errors: [], strange: noStrangeLines(), count: 0, tells: false };
  for (const { number, text: line, cut } of pastedLines(text)) {
    if (reader.errors.length >= MOST_ERRORS || reader.count > MOST_RANGES) break;
    if (RESOURCE_START.test(line) && !cut) keepResource(reader, number, line);
    else if (line !== '' && !isPrompt(line) && !line.endsWith('iomem')) keepStrange(reader.strange, `line ${number}`, line);
  }
  if (reader.count > MOST_RANGES) return { errors: [{ line: lastLine(reader), message: `more than ${MOST_RANGES} resources are no machine` }] };
  if (reader.errors.length > 0) return { errors: reader.errors };
  if (reader.count === 0) return { errors: [{ line: 1, message: 'no line `FIRST-LAST : NAME` as /proc/iomem has' }] };
  if (!reader.tells) return { errors: [{ line: reader.roots[0]?.line ?? 1, message: HIDDEN }] };
  return { resources: reader.roots, strange: reader.strange };
}

const HIDDEN = 'every address is 0: the kernel hides them from users without CAP_SYS_ADMIN; read /proc/iomem as root';

const lastLine = (reader: Reader): number => reader.open.at(-1)?.line ?? 1;

/** Resources inside each other; real ones stay below 10. */
const DEEPEST = 64;

const RESOURCE_START = /^[0-9a-f]+-[0-9a-f]*(?: |$)/i;
const RESOURCE = /^([0-9a-f]+)-([0-9a-f]+) : (.*)$/i;

function keepResource(reader: Reader, line: number, text: string): void {
  const parsed = parseResource(line, text);
  if ('message' in parsed) {
    reader.errors.push(parsed);
    return;
  }
  reader.count += 1;
  reader.tells ||= parsed.range.base > 0n || parsed.range.end > 1n;
  const { open } = reader;
  for (let around = open.at(-1); around && around.range.end <= parsed.range.base; around = open.at(-1)) open.pop();
  const around = open.at(-1);
  if (around && reader.tells && !isInside(parsed.range, around.range)) {
    reader.errors.push({ line, message: `meets what line ${around.line} tells, and doesn’t lie in it: no kernel lists resources so` });
    return;
  }
  if (open.length >= DEEPEST) {
    reader.errors.push({ line, message: `resources lie in each other more than ${DEEPEST} deep` });
    return;
  }
  (around?.children ?? reader.roots).push(parsed);
  open.push(parsed);
}

const isInside = (inner: Range, outer: Range): boolean => outer.base <= inner.base && inner.end <= outer.end;

function parseResource(line: number, text: string): OpenResource | LineError {
  const [, first, last, name = ''] = RESOURCE.exec(text) ?? [];
  if (first === undefined || last === undefined) return { line, message: 'expected `FIRST-LAST : NAME` as /proc/iomem has it' };
  if (first.length > 16 || last.length > 16) return { line, message: `${first}-${last} is past 2^64` };
  const range = { base: BigInt(`0x${first}`), end: BigInt(`0x${last}`) + 1n };
  if (range.end <= range.base || range.end > ADDRESS_SPACE) return { line, message: `the last byte ${last} lies before the first ${first}` };
  return { line, range, name: name.trim(), children: [] };
}
