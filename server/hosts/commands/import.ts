import { importInputs, IMPORT_FORMATS, isName, nearest } from '../../core/index.js';
import type { Arguments } from '../arguments.js';
import { Files, tidyName } from '../files.js';
import { importInputsOf, type InputWords } from '../import-inputs.js';
import { Misuse, STATUS, tell, type Session } from '../session.js';
import type { Command } from './command.js';

type ImportOptions = NonNullable<Parameters<typeof importInputs>[1]>;

export const importCommand: Command = {
  name: 'import',
  operands: '[FORMAT] [FILE…]',
  about: 'write a layout from what real machines print',
  details: () =>
    `A format says what the files behind it are, up to the next format; without one a file is looked at. Several inputs make
one layout: \`vmlayout import /sys/kernel/iommu_groups /proc/iomem guest.mtree\` is a host and a guest that runs on it.
Without a file, or for \`-\`, standard input is read. What a layout can’t say is told on standard error.

The formats:
${IMPORT_FORMATS.map(({ name, about }) => `\n  ${name.padEnd(18)}${about}`).join('')}`,
  options: [
    { name: 'host', value: 'FILE', about: 'the layout of the host: it is imported, and the vm is said to run on what it declares' },
    { name: 'name', value: 'NAME', about: 'what the vm, or else the host, is called (default: after the file)' },
    { name: 'as', value: 'host|vm', about: 'whose device tree it is (default: what it looks like)' },
  ],
  async run(args, session) {
    const options = importOptions(args, session);
    const result = importInputs(await importInputsOf(args.operands, session, WORDS), options);
    if ('errors' in result) throw new Misuse(errorText(result.errors));
    for (const note of result.notes) tell(session, `note: ${note}`);
    session.out.write(result.text);
    return STATUS.fine;
  },
};

const WORDS: InputWords = {
  command: 'import',
  sayWhich: 'say which, in front of the file',
  nothingAt(name) {
    const formats = IMPORT_FORMATS.map((format) => format.name);
    const meant = nearest(name, formats);
    return `there is no format and no file \`${name}\`${meant ? `; did you mean \`${meant}\`?` : `; the formats are ${formats.join(', ')}`}`;
  },
};

function importOptions(args: Arguments, session: Session): ImportOptions {
  const [host, name, as] = [args.value('host'), args.value('name'), args.value('as')];
  if (name !== undefined && !isName(name)) throw new Misuse(`import: \`${name}\` is no name; names are letters, digits, \`_\` and inner hyphens`);
  if (as !== undefined && as !== 'host' && as !== 'vm') throw new Misuse(`import: \`--as\` is host or vm, not \`${as}\``);
  return {
    ...(name !== undefined && { name }),
    ...(as !== undefined && { as }),
    ...(host !== undefined && { host: { path: tidyName(host), text: textOf(host, new Files(session.folder)) } }),
  };
}

function textOf(name: string, files: Files): string {
  const loaded = files.read(name);
  if ('error' in loaded) throw new Misuse(`${name}: ${loaded.error}`);
  return loaded.text;
}

/** The first error, which is mostly the cause of the others. */
function errorText(errors: readonly { readonly path: string; readonly line: number; readonly offset?: number; readonly message: string }[]): string {
  const [first, ...others] = errors;
  if (!first) return 'import: nothing could be read';
  const place = first.offset === undefined ? `:${first.line}` : `: byte 0x${first.offset.toString(16)}`;
  const where = first.path === '' ? 'import' : `${first.path === '-' ? 'standard input' : first.path}${place}`;
  return `${where}: ${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}
