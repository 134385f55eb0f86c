import { COLOURED, PLAIN, planJson, planText, type CheckedVm, type Plan } from '../../core/index.js';
import { choice } from '../arguments.js';
import { tell, type Session } from '../session.js';
import { checkedFile, chosenVms, fileIn, HOST, judged, VM } from './chosen-vms.js';
import { FORMAT, TODAY, type Command } from './command.js';

export const plan: Command = {
  name: 'plan',
  operands: 'FILE',
  about: 'what the VMM maps for DMA, what the kernel answers, and which leaves hold it',
  details: () => 'A plan for each vm of the file on each of its hosts. The status is 1 if `check` finds an error in what is shown.',
  options: [
    VM,
    HOST,
    FORMAT,
    TODAY,
  ],
  async run(args, session) {
    const format = choice('plan', args, 'format', ['text', 'json']);
    const name = fileIn('plan', args.operands);
    const { result } = await checkedFile('plan', name, args, session);
    const shown = chosenVms('plan', result.vms, name, args);
    tellPlanless(shown, name, session);
    const plans = shown.flatMap(({ plan: made }): Plan[] => (made ? [made] : []));
    session.out.write(format === 'json' ? planJson(plans) : planText(plans, session.out.colour ? COLOURED : PLAIN));
    return judged(result, shown, name, session);
  },
};

/** Says of which vms there is no plan, and why. */
function tellPlanless(shown: readonly CheckedVm[], name: string, session: Session): void {
  if (shown.length === 0) tell(session, `${name}: no vm is declared here that could be planned`);
  for (const { vm, plan: made } of shown) if (!made) tell(session, `${name}: vm ${vm.name} has no host, so there is no plan; write \`on HOST\` behind its name`);
}
