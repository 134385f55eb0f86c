import path from 'node:path';
import { importFormat, IMPORT_FORMATS, nearest } from '../../core/index.js';
import type { Arguments } from '../arguments.js';
import { entriesOf, Files, isDirectory, readInput, tidyName } from '../files.js';
import { Misuse, STATUS, tell, type Session } from '../session.js';
import type { Command } from './command.js';

type ImportFormatName = (typeof IMPORT_FORMATS)[number]['name'];
type ImportFile = Parameters<typeof importFormat>[1][number];
type ImportOptions = NonNullable<Parameters<typeof importFormat>[2]>;

export const importCommand: Command = {
  name: 'import',
  operands: 'FORMAT [FILE…]',
  about: 'write a layout from what a real machine prints',
  details: () =>
    `Without a file, or for \`-\`, standard input is read. What a layout can’t say is told on standard error.\n\nThe formats:\n${IMPORT_FORMATS.map(({ name, about }) => `\n  ${name.padEnd(18)}${about}`).join('')}`,
  options: [
    { name: 'host', value: 'FILE', about: 'the layout of the host: it is imported, and the vm is said to run on what it declares' },
    { name: 'name', value: 'NAME', about: 'what the vm or host is called (default: after the file)' },
  ],
  async run(args, session) {
    const [word, ...operands] = args.operands;
    const format = formatNamed(word);
    const options = importOptions(args, session);
    const files = await inputFiles(format, operands, session);
    const result = importFormat(format, files, options);
    if ('errors' in result) throw new Misuse(errorText(result.errors));
    for (const note of result.notes) tell(session, `note: ${note}`);
    session.out.write(result.text);
    return STATUS.fine;
  },
};

function formatNamed(word: string | undefined): ImportFormatName {
  const names = IMPORT_FORMATS.map(({ name }) => name);
  const format = names.find((name) => name === word);
  if (format) return format;
  if (word === undefined) throw new Misuse(`import: which format? ${names.join(' or ')}`);
  const meant = nearest(word, names);
  throw new Misuse(`import: there is no format \`${word}\`${meant ? `; did you mean \`${meant}\`?` : `; there are ${names.join(' and ')}`}`);
}

function importOptions(args: Arguments, session: Session): ImportOptions {
  const [host, name] = [args.value('host'), args.value('name')];
  if (name !== undefined && !NAME.test(name)) throw new Misuse(`import: \`${name}\` is no name; names are letters, digits, \`_\` and inner hyphens`);
  return {
    ...(name !== undefined && { name }),
    ...(host !== undefined && { host: { path: tidyName(host), text: textOf(host, new Files(session.folder)) } }),
  };
}

const NAME = /^[A-Za-z_]\w*(?:-[A-Za-z]\w*)*$/;

async function inputFiles(format: ImportFormatName, operands: readonly string[], session: Session): Promise<ImportFile[]> {
  const files = new Files(session.folder);
  const read: ImportFile[] = [];
  for (const operand of operands.length === 0 ? ['-'] : operands) {
    if (operand === '-') read.push(await standardInput(session));
    else if (format === 'reserved-regions' && isDirectory(path.resolve(session.folder, operand))) read.push(...groupFiles(operand, files, session));
    else read.push({ path: operand, text: textOf(operand, files) });
  }
  return read;
}

async function standardInput(session: Session): Promise<ImportFile> {
  const loaded = await readInput(session.input());
  if ('error' in loaded) throw new Misuse(`standard input: ${loaded.error}`);
  return { path: '-', text: loaded.text };
}

function textOf(name: string, files: Files): string {
  const loaded = files.read(name);
  if ('error' in loaded) throw new Misuse(`${name}: ${loaded.error}`);
  return loaded.text;
}

/** The files of /sys/kernel/iommu_groups, of one group in it, or of a copy of either. */
function groupFiles(folder: string, files: Files, session: Session): ImportFile[] {
  const inside = namesIn(folder, session);
  if (inside.includes(REGIONS)) return [groupFile(folder, files)];
  const groups = inside.filter((name) => /^\d{1,9}$/.test(name)).sort((left, right) => Number(left) - Number(right));
  const found = groups.map((group) => path.join(folder, group)).filter((group) => namesIn(group, session).includes(REGIONS));
  if (found.length === 0) throw new Misuse(`${folder}: no IOMMU group is in this directory (as N/${REGIONS}); is the IOMMU on?`);
  return found.map((group) => groupFile(group, files));
}

const namesIn = (folder: string, session: Session): string[] => entriesOf(session.folder, folder).map(({ name }) => name);

const REGIONS = 'reserved_regions';

function groupFile(folder: string, files: Files): ImportFile {
  const name = path.join(folder, REGIONS);
  const group = path.basename(path.resolve(folder));
  return { path: name, text: textOf(name, files), ...(/^\d+$/.test(group) && { group }) };
}

/** The first error, which is mostly the cause of the others. */
function errorText(errors: readonly { readonly path: string; readonly line: number; readonly message: string }[]): string {
  const [first, ...others] = errors;
  if (!first) return 'import: nothing could be read';
  const where = `${first.path === '-' || first.path === '' ? 'standard input' : first.path}:${first.line}`;
  return `${where}: ${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}
