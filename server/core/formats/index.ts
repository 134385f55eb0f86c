import { LENGTH_LIMIT } from '../syntax/document.js';
import { IOMEM, MTREE, RESERVED_REGIONS } from '../syntax/listings.js';
import type { ImportFile, ImportHost, ImportOptions, ImportResult } from './import-result.js';
import { blobParts, sourceParts } from './device-tree-layout.js';
import { iomemParts } from './iomem-layout.js';
import { jailhouseParts } from './jailhouse-layout.js';
import { readLibvirtDomain } from './libvirt-domain.js';
import { writeParts, type LayoutPart, type PartsResult } from './layout-part.js';
import { microkitParts } from './microkit-layout.js';
import { looksLikeQemuCommand, readQemuCommandLine } from './qemu-command-line.js';
import { qemuMachinePart } from './qemu-machine-layout.js';
import { machineOf } from './qemu-mtree-layout.js';
import { reservedRegionParts } from './reserved-regions-layout.js';

export type { ImportError, ImportFile, ImportHost, ImportOptions, ImportResult } from './import-result.js';
export { readQemuCommandLine, type QemuCommandLine } from './qemu-command-line.js';
export type { QemuMachine } from './qemu-machine.js';
export { qemuMachinePart, type MachineSource } from './qemu-machine-layout.js';
export { importQemuMtree, type MtreeOptions, type MtreeResult } from './qemu-mtree-layout.js';
export { readQemuMtree, systemView, type FlatSection, type FlatView, type MemoryTree } from './qemu-mtree.js';
export { readReservedRegions, type ReservedGroup, type ReservedRegion, type ReservedRegions } from './reserved-regions.js';

/** A format that can be read: what others say, into a layout. */
interface ImportFormat {
  readonly about: string;
  /** Whether a file, of which only the beginning is given, looks like it. */
  readonly sniff: (beginning: string, bytes: Uint8Array | undefined, path: string) => boolean;
  readonly read: (files: readonly ImportFile[], options: ImportOptions) => PartsResult;
  /** Whether it tells devices by their addresses on the host, so that it is read when the host is known. */
  readonly namesDevices?: boolean;
}

const FORMATS = {
  'qemu-mtree': {
    about: 'QEMU monitor: `info mtree`, best with `-f -o`',
    sniff: (text) => MTREE.line.test(text),
    read: each((file, options) => {
      const machine = machineOf(file.text, { ...options, path: file.path });
      return 'errors' in machine ? { errors: machine.errors.map((error) => ({ ...error, path: file.path })) } : { parts: [machine.part] };
    }),
  },
  'qemu-args': {
    about: 'QEMU: the command line of a guest, as typed, from `ps` or /proc/PID/cmdline',
    sniff: looksLikeQemuCommand,
    namesDevices: true,
    read: each((file, options) => {
      const read = readQemuCommandLine(file.text);
      if ('errors' in read) return { errors: read.errors.map((error) => ({ ...error, path: file.path })) };
      return qemuMachinePart(read.machine, { path: file.path, what: 'a QEMU command line', notes: read.notes }, options);
    }),
  },
  'libvirt-xml': {
    about: 'domain of libvirt: `virsh dumpxml`',
    sniff: (text) => /<domain\b[^>]*\btype=|<domstatus\b/.test(text),
    namesDevices: true,
    read: each((file, options) => {
      const domain = readLibvirtDomain(file.text);
      if ('message' in domain) return { errors: [{ ...domain, path: file.path }] };
      return qemuMachinePart(domain.machine, { path: file.path, what: 'a domain of libvirt', notes: domain.notes }, options);
    }),
  },
  'reserved-regions': {
    about: 'Linux: /sys/kernel/iommu_groups/*/reserved_regions, files or the directory',
    sniff: (text) => RESERVED_REGIONS.line.test(text),
    read: reservedRegionParts,
  },
  iomem: {
    about: 'Linux: /proc/iomem, read as root',
    sniff: (text) => IOMEM.line.test(text),
    read: each(iomemParts),
  },
  dtb: {
    about: 'device tree blob: `qemu … -machine dumpdtb=FILE`, /sys/firmware/fdt',
    sniff: (_, bytes) => bytes !== undefined,
    read: each(blobParts),
  },
  dts: {
    about: 'device tree source, with the files it includes',
    sniff: (text, _, path) => /\.dtsi?$/.test(path) || /^\s*\/dts-v1\//m.test(text),
    read: each(sourceParts),
  },
  jailhouse: {
    about: 'Jailhouse cell configuration (C source)',
    sniff: (text) => /JAILHOUSE_(?:SYSTEM|CELL(?:_DESC)?)_SIGNATURE|struct jailhouse_(?:system|cell_desc)\b/.test(text),
    read: each(jailhouseParts),
  },
  microkit: {
    about: 'seL4 Microkit system description (.system)',
    sniff: (text, _, path) => path.endsWith('.system') || (/<system>/.test(text) && /<(?:protection_domain|memory_region) /.test(text)),
    read: each(microkitParts),
  },
} satisfies Record<string, ImportFormat>;

export type ImportFormatName = keyof typeof FORMATS;

/** What can be imported, in the order in which it is offered. */
export const IMPORT_FORMATS: readonly { readonly name: ImportFormatName; readonly about: string }[] = Object.entries(
  FORMATS,
).map(([name, { about }]) => ({ name: name as ImportFormatName, about }));

/** What one reader reads. */
export interface ImportInput {
  readonly format: ImportFormatName;
  readonly files: readonly ImportFile[];
}

/** Reads what other tools printed and writes it as one layout. The same input gives the same text. */
export function importInputs(inputs: readonly ImportInput[], { name, ...options }: ImportOptions = {}): ImportResult {
  const read = readInputs(inputs, options);
  if ('errors' in read) return read;
  const { parts } = read;
  const ofOne = options.isOneMachine ? parts.map((part) => (part.kind === 'host' ? { ...part, name: 'machine' } : part)) : parts;
  const called = name === undefined ? { parts: ofOne } : nameOne(ofOne, name);
  return 'errors' in called ? called : short(writeParts(called.parts, options), inputs[0]?.files ?? []);
}

/** Reads inputs; those that name devices of their host come last, when it is known. The parts keep the order of the inputs. */
function readInputs(inputs: readonly ImportInput[], options: ImportOptions): PartsResult {
  const parts: LayoutPart[][] = inputs.map(() => []);
  for (const last of [false, true]) {
    const host = options.host ?? (last ? hostIn(parts.flat()) : undefined);
    for (const [index, { format, files }] of inputs.entries()) {
      const reader: ImportFormat = FORMATS[format];
      if ((reader.namesDevices ?? false) !== last) continue;
      const read = reader.read(files, { ...options, ...(host && { host }) });
      if ('errors' in read) return read;
      parts[index] = [...read.parts];
    }
  }
  return { parts: parts.flat() };
}

/** The hosts among some parts, as a layout that others may look into. */
function hostIn(parts: readonly LayoutPart[]): ImportHost | undefined {
  const written = writeParts(parts.filter(({ kind }) => kind === 'host'));
  return 'text' in written && parts.some(({ kind }) => kind === 'host') ? { path: 'the host above', text: written.text } : undefined;
}

/** Gives the one vm the name, or the one host if there is no vm. */
function nameOne(parts: readonly LayoutPart[], name: string): PartsResult {
  const kind = parts.some((part) => part.kind === 'vm') ? 'vm' : 'host';
  const meant = parts.filter((part) => part.kind === kind);
  const different = new Set(meant.filter((part) => !part.isNameless).map((part) => part.name));
  if (kind === 'vm' ? meant.length > 1 : different.size > 1) {
    return { errors: [{ path: '', line: 1, message: `one name is given, and there are several to name: ${meant.map((part) => part.name).join(', ')}` }] };
  }
  return { parts: parts.map((part) => (part.kind === kind ? { ...part, name, isNameless: false } : part)) };
}

/** Reads one format. */
export const importFormat = (format: ImportFormatName, files: readonly ImportFile[], options: ImportOptions = {}): ImportResult =>
  importInputs([{ format, files }], options);

/** Reads files one by one, each a machine of its own. */
function each(read: (file: ImportFile, options: ImportOptions) => PartsResult): ImportFormat['read'] {
  return (files, options) => {
    const parts: LayoutPart[] = [];
    for (const file of files) {
      const result = read(file, options);
      if ('errors' in result) return result;
      parts.push(...result.parts);
    }
    return { parts };
  };
}

/** A layout that is too long to be read back is no result. */
function short(result: ImportResult, input: readonly ImportFile[]): ImportResult {
  if ('errors' in result || result.text.length <= LENGTH_LIMIT) return result;
  return { errors: [{ path: input[0]?.path ?? '', line: 1, message: 'the layout would be longer than a file may be' }] };
}

/** Characters that are looked at to tell formats apart. */
const SNIFFED = 1 << 16;

/** The format that a file seems to be in. */
export function sniffFormat(text: string, bytes?: Uint8Array, path = ''): ImportFormatName | undefined {
  const beginning = text.slice(0, SNIFFED);
  return IMPORT_FORMATS.find(({ name }) => (FORMATS[name] as ImportFormat).sniff(beginning, bytes, path))?.name;
}
