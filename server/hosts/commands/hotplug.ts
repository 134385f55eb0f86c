import { COLOURED, hotplugJson, hotplugText, PLAIN, type Plan } from '../../core/index.js';
import { choice } from '../arguments.js';
import { tell } from '../session.js';
import { checkedFile, chosenVms, fileIn, HOST, judged, VM } from './chosen-vms.js';
import { FORMAT, TODAY, type Command } from './command.js';

export const hotplug: Command = {
  name: 'hotplug',
  operands: 'FILE',
  about: 'what comes later, in every order: what is refused, and what to reserve',
  details: () =>
    'For each vm of the file on each of its hosts: every device and memory that is declared to come later, and the shortest\n' +
    'sequences at the end of which it is refused. The status is 1 if `check` finds an error in what is shown.',
  options: [
    VM,
    HOST,
    FORMAT,
    TODAY,
  ],
  async run(args, session) {
    const format = choice('hotplug', args, 'format', ['text', 'json']);
    const name = fileIn('hotplug', args.operands);
    const { result } = await checkedFile('hotplug', name, args, session);
    const shown = chosenVms('hotplug', result.vms, name, args);
    if (shown.length === 0) tell(session, `${name}: no vm is declared here`);
    for (const { vm, plan } of shown) if (!plan) tell(session, `${name}: vm ${vm.name} has no host that could refuse anything; write \`on HOST\` behind its name`);
    const plans = shown.flatMap(({ plan }): Plan[] => (plan ? [plan] : []));
    session.out.write(format === 'json' ? hotplugJson(plans) : hotplugText(plans, session.out.colour ? COLOURED : PLAIN));
    return judged(result, shown, name, session);
  },
};
