import { noSuchRule, requirementPage, rulePage, RULES } from '../../core/index.js';
import { Misuse, STATUS } from '../session.js';
import type { Command } from './command.js';

export const explain: Command = {
  name: 'explain',
  operands: 'RULE',
  about: 'what a rule means, why it matters, and what it looks like',
  details: () => `The rules:\n${RULES.map(({ name, summary }) => `\n  ${name}\n      ${summary}`).join('')}`,
  options: [],
  run({ operands }, session) {
    const [name, ...others] = operands;
    if (name === undefined) throw new Misuse('explain: which rule? (`vmlayout explain --help` lists them)');
    if (others.length > 0) throw new Misuse('explain: one rule at a time');
    const rule = RULES.find((one) => one.name === name);
    if (!rule && !name.startsWith('policy/')) throw new Misuse(`explain: ${noSuchRule(name)}`);
    session.out.write(rule ? rulePage(rule) : requirementPage(name));
    return STATUS.fine;
  },
};
