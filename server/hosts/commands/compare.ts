import { COLOURED, compareJson, compareMarkdown, compareStances, compareText, PLAIN, type Comparison } from '../../core/index.js';
import { choice } from '../arguments.js';
import { Misuse, STATUS } from '../session.js';
import { checkedFile, chosenVms, fileIn, HOST } from './chosen-vms.js';
import { TODAY, type Command } from './command.js';

export const compare: Command = {
  name: 'compare',
  operands: 'FILE',
  about: 'reject, carve, tolerate and relocate side by side',
  details: () => `What would come of each stance for a vm on each of its hosts: the kernel’s verdict at start-up, leaves and tables,
RAM that devices can’t reach, what the guest must be told, and which kernels answer otherwise. \`carve to S\` widens holes
to blocks of S, so that the remaining blocks stay whole. What is written as \`map\` is left aside. The status is 0.`,
  options: [
    { name: 'vm', value: 'NAME', about: 'which vm; may be left out where the file has one' },
    HOST,
    { name: 'format', value: 'text|json|markdown', about: 'what to print: text (the default), json or markdown' },
    TODAY,
  ],
  async run(args, session) {
    const format = choice('compare', args, 'format', ['text', 'json', 'markdown']);
    const name = fileIn('compare', args.operands);
    const { result: { vms } } = await checkedFile('compare', name, args, session);
    const names = [...new Set(vms.map(({ vm }) => vm.name))];
    if (args.value('vm') === undefined && names.length > 1) throw new Misuse(`compare: which vm? \`--vm ${names.slice(0, 5).join('`, `--vm ')}\``);
    const shown = chosenVms('compare', vms, name, args);
    const comparisons = shown.flatMap(({ vm, host }): Comparison[] => (host ? [compareStances(vm, host)] : []));
    if (comparisons.length === 0) throw new Misuse(`compare: ${shown[0] ? `vm ${shown[0].vm.name} has no host; write \`on HOST\` behind its name` : `no vm is declared in ${name}`}`);
    session.out.write(format === 'json' ? compareJson(comparisons) : format === 'markdown' ? compareMarkdown(comparisons) : compareText(comparisons, session.out.colour ? COLOURED : PLAIN));
    return STATUS.fine;
  },
};
