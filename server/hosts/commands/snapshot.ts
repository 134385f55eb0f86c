import { snapshotChanges, snapshotOf } from '../../core/index.js';
import { Files, STANDARD_INPUT } from '../files.js';
import { Misuse, STATUS, tell } from '../session.js';
import { store } from '../texts.js';
import { checkedFile, fileIn } from './chosen-vms.js';
import { TODAY, type Command } from './command.js';

export const snapshot: Command = {
  name: 'snapshot',
  operands: 'FILE',
  about: 'the layout’s ABI: addresses that guests and migrations depend on',
  details: () => `Prints it. Kept beside the layout as FILE.abi, it is reviewed like code: \`--check\` says in CI where the layout
has changed without it, and the status is 1 then.`,
  options: [
    { name: 'write', about: 'store it as FILE.abi' },
    { name: 'check', about: 'compare with FILE.abi instead; prints what differs' },
    TODAY,
  ],
  async run(args, session) {
    const [write, check] = [args.has('write'), args.has('check')];
    if (write && check) throw new Misuse('snapshot: `--check` only looks, and `--write` stores; give one of them');
    const name = fileIn('snapshot', args.operands);
    if ((write || check) && name === STANDARD_INPUT) throw new Misuse('snapshot: standard input has no place to keep a snapshot beside');
    const { result } = await checkedFile('snapshot', name, args, session);
    const now = snapshotOf(result);
    const kept = `${name}.abi`;
    if (write) {
      store(kept, now, session);
      return STATUS.fine;
    }
    if (!check) {
      session.out.write(now);
      return STATUS.fine;
    }
    const loaded = new Files(session.folder).read(kept);
    if ('error' in loaded) throw new Misuse(`${kept}: ${loaded.error}; \`vmlayout snapshot --write ${name}\` makes it`);
    const changes = snapshotChanges(loaded.text, now);
    if (changes.length === 0) return STATUS.fine;
    session.out.write(`${changes.join('\n')}\n`);
    tell(session, `${name}: the ABI has changed; if that is meant, \`vmlayout snapshot --write ${name}\` keeps it`);
    return STATUS.found;
  },
};
