import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import { IMPORT_FORMATS, sniffFormat, type ImportInput } from '../core/index.js';
import { decode } from './bytes.js';
import { entriesOf, Files, isDirectory, readInputBytes } from './files.js';
import { Misuse, type Session } from './session.js';

type ImportFormatName = ImportInput['format'];
type ImportFile = ImportInput['files'][number];

/** How a command that reads dumps speaks of what is wrong with its operands. */
export interface InputWords {
  readonly command: string;
  /** How to say which format a file has. */
  readonly sayWhich: string;
  /** Why a word is neither a format nor a file. */
  readonly nothingAt: (word: string) => string;
}

/**
 * What the operands of `import` ask for. The name of a format says what the files behind it are, up to the next name;
 * files before any name are looked at. A format without files is read from standard input.
 */
export async function importInputsOf(operands: readonly string[], session: Session, words: InputWords): Promise<ImportInput[]> {
  const files = new Files(session.folder);
  const inputs: { format: ImportFormatName; files: ImportFile[] }[] = [];
  for (const { format, names } of sectionsOf(operands, words)) {
    for (const name of names) {
      const read = name === '-' ? [await standardInput(session)] : filesAt(name, format, files, session, words);
      const found = format ?? formatOf(name, read, words);
      const last = inputs.at(-1);
      if (last?.format === found) last.files.push(...read);
      else inputs.push({ format: found, files: read });
    }
  }
  return inputs;
}

interface OperandSection {
  readonly format: ImportFormatName | undefined;
  readonly names: string[];
}

const formatNames = (): readonly ImportFormatName[] => IMPORT_FORMATS.map(({ name }) => name);

function sectionsOf(operands: readonly string[], { command }: InputWords): OperandSection[] {
  const sections: OperandSection[] = [];
  for (const operand of operands) {
    const format = formatNames().find((name) => name === operand);
    const last = sections.at(-1);
    // `iomem iomem` is a file that is called as its format is: nobody says a format twice in a row.
    const isFile = last?.format === format && last?.names.length === 0;
    if (format && !isFile) sections.push({ format, names: [] });
    else if (last) last.names.push(operand);
    else sections.push({ format: undefined, names: [operand] });
  }
  for (const { names } of sections) if (names.length === 0) names.push('-');
  const first = sections[0];
  if (first === undefined) throw new Misuse(`${command}: which format, or which file? There are ${formatNames().join(', ')}`);
  if (sections.flatMap(({ names }) => names).filter((name) => name === '-').length > 1) {
    throw new Misuse(`${command}: standard input is asked for twice, and can be read once`);
  }
  return sections;
}

function formatOf(name: string, files: readonly ImportFile[], { sayWhich }: InputWords): ImportFormatName {
  const [file] = files;
  const format = file?.machine === undefined ? sniffFormat(file?.text ?? '', file?.bytes, file?.path) : 'reserved-regions';
  if (format) return format;
  const where = name === '-' ? 'standard input' : name;
  throw new Misuse(`${where}: this looks like none of ${formatNames().join(', ')}; ${sayWhich}`);
}

const DEVICE_TREE_BLOB = 0xd00dfeed;

async function standardInput(session: Session): Promise<ImportFile> {
  return fileOf('-', await readInputBytes(session.input()), 'standard input');
}

function fileOf(name: string, bytes: Buffer | { readonly error: string }, where = name): ImportFile {
  if ('error' in bytes) throw new Misuse(`${where}: ${bytes.error}`);
  if (bytes.length >= 4 && bytes.readUInt32BE() === DEVICE_TREE_BLOB) return { path: name, text: '', bytes };
  if (isCommandLine(bytes)) return { path: name, text: bytes.toString('utf8') };
  const loaded = decode(bytes);
  if ('error' in loaded) throw new Misuse(`${where}: ${loaded.error}`);
  return { path: name, text: loaded.text };
}

/** `/proc/PID/cmdline` of QEMU: words that each end with NUL. Its reader takes it as it is. */
const isCommandLine = (bytes: Buffer): boolean => bytes[0] !== 0 && bytes.at(-1) === 0 && bytes.includes('qemu') && isUtf8(bytes);

function filesAt(name: string, format: ImportFormatName | undefined, files: Files, session: Session, { command, nothingAt }: InputWords): ImportFile[] {
  const isGroups = (format ?? 'reserved-regions') === 'reserved-regions' && isDirectory(path.resolve(session.folder, name));
  if (isGroups) return groupFiles(name, files, session);
  const bytes = files.bytes(name);
  if ('error' in bytes && format === undefined && !/[./\\]/.test(name)) throw new Misuse(`${command}: ${nothingAt(name)}`);
  return [{ ...fileOf(name, bytes), include: (asked, from) => included(asked, from, name, session, files) }];
}

/** A file beside the one that includes it, below the working directory or the folder of the file that the user named. */
function included(asked: string, from: string, named: string, session: Session, files: Files): { path: string; text: string } | undefined {
  const name = path.join(path.dirname(from), asked);
  if (path.isAbsolute(asked) || isDirectory(path.resolve(session.folder, name))) return undefined;
  const loaded = files.readFor(named, name);
  return 'error' in loaded ? undefined : { path: name, text: loaded.text };
}

/** The files of /sys/kernel/iommu_groups, of one group in it, or of a copy of either. */
function groupFiles(folder: string, files: Files, session: Session): ImportFile[] {
  const inside = namesIn(folder, session);
  // Groups that are named one by one are of one machine if they lie in one directory.
  if (inside.includes(REGIONS)) return [groupFile(folder, path.dirname(path.resolve(session.folder, folder)), files, session)];
  const groups = inside.filter((name) => /^\d{1,9}$/.test(name)).sort((left, right) => Number(left) - Number(right));
  const found = groups.map((group) => path.join(folder, group)).filter((group) => namesIn(group, session).includes(REGIONS));
  if (found.length === 0) throw new Misuse(`${folder}: no IOMMU group is in this directory (as N/${REGIONS}); is the IOMMU on?`);
  return found.map((group) => groupFile(group, folder, files, session));
}

const namesIn = (folder: string, session: Session): string[] => entriesOf(session.folder, folder).map(({ name }) => name);

const REGIONS = 'reserved_regions';

function groupFile(folder: string, machine: string, files: Files, session: Session): ImportFile {
  const name = path.join(folder, REGIONS);
  const group = path.basename(path.resolve(folder));
  const list = path.join(folder, 'devices');
  const devices = isDirectory(path.resolve(session.folder, list)) ? namesIn(list, session).sort() : [];
  return { ...fileOf(name, files.bytes(name)), machine, ...(/^\d+$/.test(group) && { group }), ...(devices.length > 0 && { devices }) };
}
