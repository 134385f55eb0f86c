import { diffLayouts } from '../../core/index.js';
import { choice } from '../arguments.js';
import { Misuse } from '../session.js';
import { nameOf } from '../texts.js';
import { checkedFile } from './chosen-vms.js';
import { FORMAT, TODAY, type Command } from './command.js';
import { printChanges } from './printed-changes.js';

export const diff: Command = {
  name: 'diff',
  operands: 'A B',
  about: 'what moved, grew, lost a block size or breaks migration, from one layout to another',
  details: () => 'Compares what the files mean, not their text. The status is 1 if anything changed.',
  options: [FORMAT, TODAY],
  async run(args, session) {
    const format = choice('diff', args, 'format', ['text', 'json']);
    const [first, second, ...others] = args.operands;
    if (first === undefined || second === undefined || others.length > 0) throw new Misuse(`diff: two files are compared, and the number given is ${args.operands.length}`);
    if (first === '-' && second === '-') throw new Misuse('diff: standard input can be read once');
    const { result: before } = await checkedFile('diff', nameOf(first), args, session);
    const { result: after } = await checkedFile('diff', nameOf(second), args, session);
    return printChanges(diffLayouts(before, after), format, session);
  },
};
