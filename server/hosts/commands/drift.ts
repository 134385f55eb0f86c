import { checkFile, hostDrift, IMPORT_FORMATS, importInputs, openDocument, vmDrift, type CheckedVm, type CheckResult, type MachineDrift } from '../../core/index.js';
import { choice, type Arguments } from '../arguments.js';
import { importInputsOf, type InputWords } from '../import-inputs.js';
import { Misuse, tell, type Session } from '../session.js';
import { checkedFile, chosenVms, fileIn, HOST, VM } from './chosen-vms.js';
import { FORMAT, TODAY, type Command } from './command.js';
import { printChanges } from './printed-changes.js';

export const drift: Command = {
  name: 'drift',
  operands: 'FILE',
  about: 'what differs between a layout and a dump of the real machine',
  details: () => `The dump is whatever \`vmlayout import\` reads; \`--against\` may be given again for several dumps of one machine.
Everything is compared by address, as names mean nothing between the two. The status is 1 if anything differs.`,
  options: [
    { name: 'against', value: 'DUMP', about: 'what the machine prints, or its directory of IOMMU groups', many: true },
    { name: 'as', value: 'FORMAT', about: 'the format of the dumps (default: what they look like)' },
    VM,
    HOST,
    FORMAT,
    TODAY,
  ],
  async run(args, session) {
    const format = choice('drift', args, 'format', ['text', 'json']);
    if (!args.has('against')) throw new Misuse('drift: a dump of the machine is missing; say it with `--against`');
    const name = fileIn('drift', args.operands);
    const { result: file } = await checkedFile('drift', name, args, session);
    const machine = await machineIn(args, session);
    const drifts = [...hostsIn(file, machine, args), ...vmsIn(file, machine, name, args)];
    if (drifts.length === 0) throw new Misuse(`drift: ${name} declares nothing that the dump tells of`);
    for (const note of drifts.flatMap(({ notes }) => notes)) tell(session, `note: ${note}`);
    return printChanges(drifts.flatMap(({ parts }) => parts), format, session);
  },
};

/** The machine as a layout: imported, and read back. */
async function machineIn(args: Arguments, session: Session): Promise<CheckResult> {
  const as = args.value('as');
  const formats = IMPORT_FORMATS.map(({ name }) => name);
  if (as !== undefined && !formats.some((name) => name === as)) throw new Misuse(`drift: there is no format \`${as}\`; there are ${formats.join(', ')}`);
  const operands = [...(as === undefined ? [] : [as]), ...args.values('against')];
  const result = importInputs(await importInputsOf(operands, session, WORDS), { isOneMachine: true });
  if ('errors' in result) {
    const [first] = result.errors;
    throw new Misuse(first ? `${first.path}:${first.line}: ${first.message}` : 'drift: the dump can’t be read');
  }
  const document = openDocument(result.text);
  return checkFile('dump.vmlayout', { read: (path) => (path === 'dump.vmlayout' ? document : { error: 'a dump imports nothing' }) }, { today: session.today });
}

const WORDS: InputWords = {
  command: 'drift',
  sayWhich: 'say which with `--as`',
  nothingAt: (name) => `there is no file \`${name}\``,
};

function hostsIn(file: CheckResult, machine: CheckResult, args: Arguments): MachineDrift[] {
  const [there] = machine.hosts;
  if (!there) return [];
  const wanted = args.value('host');
  const hosts = file.hosts.filter(({ name }) => wanted === undefined || name === wanted);
  if (hosts.length > 1) throw new Misuse(`drift: the file has several hosts; say which with \`--host\`: ${hosts.map(({ name }) => name).join(', ')}`);
  return hosts.map((host) => hostDrift(host, there));
}

function vmsIn(file: CheckResult, machine: CheckResult, name: string, args: Arguments): MachineDrift[] {
  if (machine.vms.length === 0) return [];
  const vms = new Map(chosenVms('drift', file.vms, name, args).map((one): [string, CheckedVm] => [one.vm.name, one]));
  if (vms.size > 1) throw new Misuse(`drift: the file has several vms; say which with \`--vm\`: ${[...vms.keys()].join(', ')}`);
  return [...vms.values()].map(({ vm }) => vmDrift(vm, guestLike(vm.name, machine)));
}

/** The guest of the dump, or of several the one with the same name. */
function guestLike(name: string, { vms }: CheckResult): CheckedVm['vm'] {
  const [only, ...others] = vms;
  const there = others.length === 0 ? only : vms.find(({ vm }) => vm.name === name);
  if (!there) throw new Misuse(`drift: the dumps tell of several guests (${vms.map(({ vm }) => vm.name).join(', ')}), and none of them is called ${name}; give those of one guest`);
  return there.vm;
}
