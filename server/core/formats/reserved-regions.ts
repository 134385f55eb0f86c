import type { Range } from '../layout/intervals.js';
import type { ReservedKind } from '../layout/model.js';
import { MOST_ERRORS, MOST_RANGES, type ImportError, type ImportFile, type LineError } from './import-result.js';
import { isPrompt, keepStrange, noStrangeLines, pastedLines, type PastedLine, type StrangeLines } from './pasted-text.js';

/**
 * Reads `/sys/kernel/iommu_groups/N/reserved_regions`: a line for each range, `0x%016llx 0x%016llx TYPE` with its last
 * byte (Linux drivers/iommu/iommu.c, iommu_group_show_resv_regions). One file, many behind each other, or what shells
 * make of them: `grep . …` (path in front of each line), `head …` (`==> path <==`), prompts with their commands.
 */
export interface ReservedRegions {
  /** In the order in which they were met; the same group met again goes on. */
  readonly groups: readonly ReservedGroup[];
  readonly strange: StrangeLines;
}

export interface ReservedGroup {
  /** The number of the group; nothing where no line or path says which group it is. */
  readonly number: number | undefined;
  /** Its devices, where sysfs was read: `0000:01:00.0`, or the name of a platform device. */
  readonly devices: readonly string[];
  /** Identical lines stand here once. */
  readonly regions: readonly ReservedRegion[];
}

export interface ReservedRegion {
  readonly kind: ReservedKind;
  readonly range: Range;
  /** Where it was printed, each time. */
  readonly places: readonly Place[];
}

export interface Place {
  readonly path: string;
  readonly line: number;
}

const PRINTED_KINDS = ['msi', 'direct', 'direct-relaxable', 'reserved'] as const;

/**
 * The window in which Linux maps doorbells on Arm (MSI_IOVA_BASE and MSI_IOVA_LENGTH of arm-smmu, arm-smmu-v3 and
 * virtio-iommu). The kernel prints `msi` for it as for hardware windows; these very bytes are what tells them apart.
 */
export const SOFTWARE_MSI: Range = { base: 0x0800_0000n, end: 0x0810_0000n };

/** Reads one text, or the files of several groups. */
export function readReservedRegions(
  input: string | readonly ImportFile[],
  options: { readonly path?: string } = {},
): ReservedRegions | { readonly errors: readonly ImportError[] } {
  const files = typeof input === 'string' ? [{ path: options.path ?? '', text: input }] : input;
  const reader: Reader = { groups: new Map(), devices: new Map(), strange: noStrangeLines(), errors: [], count: 0 };
  for (const file of files) readFile(reader, file);
  if (reader.errors.length > 0) return { errors: reader.errors };
  const groups = [...reader.groups].map(([number, regions]) => ({ number, devices: reader.devices.get(number) ?? [], regions: [...regions.values()] }));
  return { groups, strange: reader.strange };
}

interface OpenRegion extends ReservedRegion {
  readonly places: Place[];
}

interface Reader {
  /** Regions by their text, by group. */
  readonly groups: Map<number | undefined, Map<string, OpenRegion>>;
  readonly devices: Map<number | undefined, readonly string[]>;
  readonly strange: StrangeLines;
  readonly errors: ImportError[];
  /** Different regions so far. */
  count: number;
}

function readFile(reader: Reader, file: ImportFile): void {
  let group = file.group === undefined ? groupIn(file.path) : Number(file.group);
  if (group !== undefined) openGroup(reader, group);
  if (file.devices) reader.devices.set(group, file.devices);
  for (const line of pastedLines(file.text)) {
    if (reader.errors.length >= MOST_ERRORS) return;
    const place = { path: file.path, line: line.number };
    const [prefix = ''] = PREFIX.exec(line.text) ?? [];
    const text = line.text.slice(prefix.length);
    if (isRegion(text)) keepRegion(reader, groupIn(prefix) ?? group, place, text, line.cut);
    else group = readBetween(reader, place, line, group);
  }
}

/** What `grep` and `uniq -c` write in front of a line. */
const PREFIX = /^(?:\S*reserved_regions:(?:\d{1,9}:)?|\d{1,9} +(?=0x))\s*/;

const isRegion = (text: string): boolean => /^0x/i.test(text) || /^[0-9a-f]{8,}[\s-]+[0-9a-f]{8,}\b/i.test(text);

/** Reads a line that is no region; gives the group of what follows, which is the one so far unless it announces another. */
function readBetween(reader: Reader, place: Place, { text }: PastedLine, group: number | undefined): number | undefined {
  const said = COMPLAINT.test(text) ? undefined : groupSaid(text);
  if (said !== undefined) {
    openGroup(reader, said);
    return said;
  }
  // A loop over groups, or several in one command: nothing tells them apart.
  if (isPrompt(text)) return text.includes('reserved_regions') ? undefined : group;
  if (MEANT_AS_REGION.test(text) && !COMPLAINT.test(text)) reader.errors.push({ ...place, message: EXPECTED });
  else if (text !== '' && !text.endsWith('reserved_regions')) keepStrange(reader.strange, place.path === '' ? `line ${place.line}` : `${place.path}:${place.line}`, text);
  return group;
}

/** `cat: …/reserved_regions: Permission denied`: what a program says instead of what it was to print. */
const COMPLAINT = /^[\w./-]+: .*: [A-Z][a-z ]+$/;

const EXPECTED = 'expected `0xFIRST 0xLAST TYPE` as the kernel prints it';

/** A region that is damaged at its beginning: rather an error than a range that is lost. */
const MEANT_AS_REGION = /\b0x[0-9a-f]|(?:^|\s)(?:msi|direct|direct-relaxable|reserved)$|reserved_regions:./i;

/** The group whose directory a path goes through; of several paths none. */
function groupIn(path: string): number | undefined {
  const [match, ...others] = path.matchAll(/(?:^|\/)(\d{1,9})\/reserved_regions\b/g);
  if (others.length > 0) return undefined;
  const found = match ?? /iommu_groups\/(\d{1,9})(?=[/\s:#$>\])]|$)/.exec(path);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

/** The group that a line between regions announces: a path in a prompt or heading, `28$ cat …`, or `Group 28:`. */
function groupSaid(text: string): number | undefined {
  if (/reserved_regions:./.test(text)) return undefined;
  const match = /^(\d{1,9})[$#%>] /.exec(text) ?? /^[^\w]*(?:iommu[ _-]?)?group[ _-]?#?(\d{1,9})[^\w]*$/i.exec(text);
  return match?.[1] === undefined ? groupIn(text) : Number(match[1]);
}

const openGroup = (reader: Reader, number: number | undefined): Map<string, OpenRegion> => {
  const regions = reader.groups.get(number) ?? new Map<string, OpenRegion>();
  reader.groups.set(number, regions);
  return regions;
};

function keepRegion(reader: Reader, group: number | undefined, place: Place, text: string, cut: boolean): void {
  const parsed = cut ? { line: place.line, message: EXPECTED } : parseRegion(place.line, text);
  if ('message' in parsed) {
    reader.errors.push({ ...parsed, path: place.path });
    return;
  }
  const regions = openGroup(reader, group);
  const key = `${parsed.kind} ${parsed.range.base} ${parsed.range.end}`;
  const known = regions.get(key);
  if (known) {
    known.places.push(place);
    return;
  }
  regions.set(key, { ...parsed, places: [place] });
  reader.count += 1;
  if (reader.count === MOST_RANGES) {
    reader.errors.push({ ...place, message: `more than ${MOST_RANGES} regions are no list of reserved regions` });
  }
}

const REGION = /^(?:0x)?([0-9a-f]+)\s+(?:0x)?([0-9a-f]+)\s+(\S+)$/i;

function parseRegion(line: number, text: string): { kind: ReservedKind; range: Range } | LineError {
  const match = REGION.exec(text);
  if (!match) return { line, message: EXPECTED };
  const [, first = '', last = '', word = ''] = match;
  if (first.length > 16 || last.length > 16) return { line, message: `0x${first} 0x${last} is past 2^64` };
  const printed = PRINTED_KINDS.find((kind) => kind === word);
  if (printed === undefined) return { line, message: `\`${word}\` is none of ${PRINTED_KINDS.join(', ')}` };
  const range = { base: BigInt(`0x${first}`), end: BigInt(`0x${last}`) + 1n };
  if (range.end <= range.base) return { line, message: `the last byte 0x${last} lies before the first 0x${first}` };
  return { range, kind: printed === 'msi' && isSoftwareMsi(range) ? 'sw-msi' : printed };
}

const isSoftwareMsi = (range: Range): boolean => range.base === SOFTWARE_MSI.base && range.end === SOFTWARE_MSI.end;
