import {
  checkFile, COLOURED, countLevels, nearest, openDocument, PLAIN, planJson, planText, type CheckedVm, type CheckResult, type Plan,
} from '../../core/index.js';
import { choice, type Arguments } from '../arguments.js';
import { Configurations } from '../configurations.js';
import { Files, readInput, STANDARD_INPUT, tidyName } from '../files.js';
import { Misuse, STATUS, tell, type Session } from '../session.js';
import { checkOptions } from './check-options.js';
import { FORMAT, TODAY, type Command } from './command.js';

export const plan: Command = {
  name: 'plan',
  operands: 'FILE',
  about: 'what the VMM maps for DMA, what the kernel answers, and which leaves hold it',
  details: () => 'A plan for each vm of the file on each of its hosts. The status is 1 if `check` finds an error in what is shown.',
  options: [
    { name: 'vm', value: 'NAME', about: 'this vm only' },
    { name: 'host', value: 'NAME', about: 'on this host only' },
    FORMAT,
    TODAY,
  ],
  async run(args, session) {
    const format = choice('plan', args, 'format', ['text', 'json']);
    const name = fileIn(args.operands);
    const result = await checked(name, args, session);
    const shown = chosen(result.vms, name, args);
    tellPlanless(shown, name, session);
    const plans = shown.flatMap(({ plan: made }): Plan[] => (made ? [made] : []));
    session.out.write(format === 'json' ? planJson(plans) : planText(plans, session.out.colour ? COLOURED : PLAIN));
    return judged(result, shown, name, session);
  },
};

function fileIn(operands: readonly string[]): string {
  const [name, ...others] = operands;
  if (name === undefined) throw new Misuse('plan: which file? (`-` is standard input)');
  if (others.length > 0) throw new Misuse(`plan: one file at a time, and here are ${operands.length}`);
  return name === '-' ? STANDARD_INPUT : tidyName(name);
}

async function checked(name: string, args: Arguments, session: Session): Promise<CheckResult> {
  const files = new Files(session.folder);
  const options = checkOptions('plan', args, session, new Configurations(session.folder, files).of(name));
  const loaded = name === STANDARD_INPUT ? await readInput(session.input()) : files.read(name);
  if ('error' in loaded) throw new Misuse(`${name}: ${loaded.error}`);
  return checkFile(name, files.worldOf(name, openDocument(loaded.text)), options);
}

/** The vms, on the hosts, that were asked for. */
function chosen(vms: readonly CheckedVm[], name: string, args: Arguments): CheckedVm[] {
  const ofVm = named(vms, 'vm', ({ vm }) => vm.name, name, args);
  return named(ofVm, 'host', ({ host }) => host?.name, name, args);
}

function named(vms: readonly CheckedVm[], option: 'vm' | 'host', nameOf: (one: CheckedVm) => string | undefined, file: string, args: Arguments): CheckedVm[] {
  const wanted = args.value(option);
  if (wanted === undefined) return [...vms];
  const found = vms.filter((one) => nameOf(one) === wanted);
  if (found.length > 0) return found;
  const meant = nearest(wanted, vms.flatMap((one) => nameOf(one) ?? []));
  const what = option === 'vm' ? `no vm \`${wanted}\` to plan in ${file}` : `no plan on a host \`${wanted}\` in ${file}`;
  throw new Misuse(`plan: there is ${what}${meant ? `; did you mean \`${meant}\`?` : ''}`);
}

/** Says of which vms there is no plan, and why. */
function tellPlanless(shown: readonly CheckedVm[], name: string, session: Session): void {
  if (shown.length === 0) tell(session, `${name}: no vm is declared here that could be planned`);
  for (const { vm, plan: made } of shown) if (!made) tell(session, `${name}: vm ${vm.name} has no host, so there is no plan; write \`on HOST\` behind its name`);
}

function judged(result: CheckResult, shown: readonly CheckedVm[], name: string, session: Session): number {
  const names = new Set(shown.map(({ vm }) => vm.name));
  const { errors } = countLevels(result.findings.filter(({ vm }) => vm === undefined || names.has(vm)).map(({ level }) => level));
  if (errors === 0) return STATUS.fine;
  tell(session, `${name}: ${errors === 1 ? '1 error' : `${errors} errors`}; \`vmlayout check\` tells ${errors === 1 ? 'it' : 'them'}`);
  return STATUS.found;
}
