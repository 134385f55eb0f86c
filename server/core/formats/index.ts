import { LENGTH_LIMIT } from '../syntax/document.js';
import type { ImportFile, ImportOptions, ImportResult } from './import-result.js';
import { importQemuMtree } from './qemu-mtree-layout.js';
import { importReservedRegions } from './reserved-regions-layout.js';

export type { ImportError, ImportFile, ImportHost, ImportOptions, ImportResult } from './import-result.js';
export { importQemuMtree, type MtreeOptions, type MtreeResult } from './qemu-mtree-layout.js';
export { readQemuMtree, systemView, type FlatSection, type FlatView, type MemoryTree } from './qemu-mtree.js';
export { importReservedRegions } from './reserved-regions-layout.js';
export { readReservedRegions, type ReservedGroup, type ReservedRegion, type ReservedRegions } from './reserved-regions.js';

/** A format that can be read: what others say, into a layout. */
interface ImportFormat {
  readonly about: string;
  /** Whether a text, of which only the beginning is given, looks like it. */
  readonly sniff: (beginning: string) => boolean;
  readonly read: (files: readonly ImportFile[], options: ImportOptions) => ImportResult;
}

const MTREE_LINE =
  /^[ \t>|]*(?:\(qemu\) )?(?:FlatView #\d|AS ".*", root: |address-space: |[0-9a-f]{16}-[0-9a-f]{16} \(prio )/m;
const RESERVED_LINE = /^(?:\S{0,200}reserved_regions:)?[ \t>|]*0x[0-9a-f]{16} +0x[0-9a-f]{16} +[a-z-]+\s*$/m;

const FORMATS = {
  'qemu-mtree': {
    about: 'QEMU monitor: `info mtree -f`, with or without `-o`',
    sniff: (text) => MTREE_LINE.test(text),
    read: readMtreeFile,
  },
  'reserved-regions': {
    about: 'Linux: /sys/kernel/iommu_groups/*/reserved_regions, a file or the directory',
    sniff: (text) => RESERVED_LINE.test(text),
    read: importReservedRegions,
  },
} satisfies Record<string, ImportFormat>;

export type ImportFormatName = keyof typeof FORMATS;

/** What can be imported, in the order in which it is offered. */
export const IMPORT_FORMATS: readonly { readonly name: ImportFormatName; readonly about: string }[] = Object.entries(
  FORMATS,
).map(([name, { about }]) => ({ name: name as ImportFormatName, about }));

/** Reads what another tool printed and writes it as a layout. The same input gives the same text. */
export const importFormat = (
  format: ImportFormatName,
  input: readonly ImportFile[],
  options: ImportOptions = {},
): ImportResult => short(FORMATS[format].read(input, options), input);

/** A layout that is too long to be read back is no result. */
function short(result: ImportResult, input: readonly ImportFile[]): ImportResult {
  if ('errors' in result || result.text.length <= LENGTH_LIMIT) return result;
  return { errors: [{ path: input[0]?.path ?? '', line: 1, message: 'the layout would be longer than a file may be' }] };
}

/** Characters that are looked at to tell formats apart. */
const SNIFFED = 1 << 16;

/** The format that a text seems to be in. */
export function sniffFormat(text: string): ImportFormatName | undefined {
  const beginning = text.slice(0, SNIFFED);
  return IMPORT_FORMATS.find(({ name }) => FORMATS[name].sniff(beginning))?.name;
}

function readMtreeFile(files: readonly ImportFile[], options: ImportOptions): ImportResult {
  const [file, second] = files;
  if (file === undefined || second !== undefined) {
    return { errors: [{ path: second?.path ?? '', line: 1, message: 'one dump at a time: each is a machine of its own' }] };
  }
  const result = importQemuMtree(file.text, { ...options, path: file.path });
  return 'errors' in result ? { errors: result.errors.map((error) => ({ ...error, path: file.path })) } : result;
}
