import { nearest, writeVm, WRITTEN_FORMATS, type CheckedVm, type WrittenFormat } from '../../core/index.js';
import type { Arguments } from '../arguments.js';
import { Misuse, tell } from '../session.js';
import { checkedFile, chosenVms, fileIn, HOST, judged, VM } from './chosen-vms.js';
import { TODAY, type Command } from './command.js';

export const exportCommand: Command = {
  name: 'export',
  operands: 'FORMAT FILE',
  about: 'write a vm as what other tools read',
  details: () => `One vm, on one of its hosts. What the format can’t say is told on standard error. The status is 1 if \`check\` finds
an error in the vm; it is written all the same.

The formats:
${WRITTEN_FORMATS.map(({ name, about }) => `\n  ${name.padEnd(18)}${about}`).join('')}`,
  options: [VM, HOST, TODAY],
  async run(args, session) {
    const format = formatIn(args.operands);
    const name = fileIn('export', args.operands.slice(1));
    const { result } = await checkedFile('export', name, args, session);
    const vm = theOne(chosenVms('export', result.vms, name, args), name, args);
    const written = writeVm(format, vm, name, result.findings);
    if ('errors' in written) throw new Misuse(`export: vm ${vm.vm.name} can’t be said as ${format}: ${written.errors.join('; ')}`);
    for (const note of written.notes) tell(session, `note: ${note}`);
    session.out.write(written.text);
    return judged(result, [vm], name, session);
  },
};

function formatIn([word]: readonly string[]): WrittenFormat {
  const format = WRITTEN_FORMATS.find(({ name }) => name === word);
  if (format) return format.name;
  const names = WRITTEN_FORMATS.map(({ name }) => name).join(', ');
  if (word === undefined) throw new Misuse(`export: as what? There are ${names}`);
  const meant = nearest(word, WRITTEN_FORMATS.map(({ name }) => name));
  throw new Misuse(`export: there is no format \`${word}\`${meant ? `; did you mean \`${meant}\`?` : `; there are ${names}`}`);
}

function theOne(vms: readonly CheckedVm[], name: string, args: Arguments): CheckedVm {
  const [first, ...others] = vms;
  if (!first) throw new Misuse(`export: no vm is declared in ${name}`);
  if (others.some(({ vm }) => vm.name !== first.vm.name)) throw new Misuse(`export: ${name} has several vms; say which with \`--vm\`: ${[...new Set(vms.map(({ vm }) => vm.name))].join(', ')}`);
  if (others.length > 0 && !args.has('host')) throw new Misuse(`export: vm ${first.vm.name} is on several hosts; say which with \`--host\`: ${vms.map(({ host }) => host?.name).join(', ')}`);
  return first;
}
