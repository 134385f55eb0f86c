import { checkFile, countLevels, nearest, openDocument, type CheckedFile, type CheckedVm, type CheckResult } from '../../core/index.js';
import type { Arguments, OptionSpec } from '../arguments.js';
import { Configurations } from '../configurations.js';
import { Files } from '../files.js';
import { Misuse, STATUS, tell, type Session } from '../session.js';
import { nameOf, readText } from '../texts.js';
import { checkOptions } from './check-options.js';

/** What commands about the vms of one file share: the file, its check, which vms are meant, and the exit status. */

export const VM: OptionSpec = { name: 'vm', value: 'NAME', about: 'this vm only' };
export const HOST: OptionSpec = { name: 'host', value: 'NAME', about: 'on this host only' };

/** The file that a command is about. */
export function fileIn(command: string, operands: readonly string[]): string {
  const [name, ...others] = operands;
  if (name === undefined) throw new Misuse(`${command}: which file? (\`-\` is standard input)`);
  if (others.length > 0) throw new Misuse(`${command}: one file at a time, and here are ${operands.length}`);
  return nameOf(name);
}

export async function checkedFile(command: string, name: string, args: Arguments, session: Session): Promise<CheckedFile> {
  const files = new Files(session.folder);
  const options = checkOptions(command, args, session, new Configurations(session.folder, files).of(name));
  const loaded = await readText(name, session, files);
  if ('error' in loaded) throw new Misuse(`${name}: ${loaded.error}`);
  const world = files.worldOf(name, openDocument(loaded.text));
  return { path: name, world, options, result: checkFile(name, world, options) };
}

/** The vms, on the hosts, that were asked for. */
export function chosenVms(command: string, vms: readonly CheckedVm[], name: string, args: Arguments): CheckedVm[] {
  const ofVm = named(command, vms, 'vm', ({ vm }) => vm.name, name, args);
  return named(command, ofVm, 'host', ({ host }) => host?.name, name, args);
}

function named(
  command: string, vms: readonly CheckedVm[], option: 'vm' | 'host', nameOf: (one: CheckedVm) => string | undefined, file: string, args: Arguments,
): CheckedVm[] {
  const wanted = args.value(option);
  if (wanted === undefined) return [...vms];
  const found = vms.filter((one) => nameOf(one) === wanted);
  if (found.length > 0) return found;
  const meant = nearest(wanted, vms.flatMap((one) => nameOf(one) ?? []));
  const what = option === 'vm' ? `no vm \`${wanted}\` to ${command} in ${file}` : `no vm on a host \`${wanted}\` in ${file}`;
  throw new Misuse(`${command}: there is ${what}${meant ? `; did you mean \`${meant}\`?` : ''}`);
}

/** The exit status: whether `check` finds an error in what is shown. */
export function judged(result: CheckResult, shown: readonly CheckedVm[], name: string, session: Session): number {
  const names = new Set(shown.map(({ vm }) => vm.name));
  const { errors } = countLevels(result.findings.filter(({ vm }) => vm === undefined || names.has(vm)).map(({ level }) => level));
  if (errors === 0) return STATUS.fine;
  tell(session, `${name}: ${errors === 1 ? '1 error' : `${errors} errors`}; \`vmlayout check\` tells ${errors === 1 ? 'it' : 'them'}`);
  return STATUS.found;
}
