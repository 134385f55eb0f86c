import { formatDocument, openDocument } from '../../core/index.js';
import { edited } from '../bytes.js';
import { Files, STANDARD_INPUT } from '../files.js';
import { Misuse, STATUS, tell, type Session } from '../session.js';
import { readText, store } from '../texts.js';
import type { Command } from './command.js';
import { namedFiles } from './named-files.js';

export const fmt: Command = {
  name: 'fmt',
  operands: 'FILES…',
  about: 'put white space right, as docs/style.md says',
  details: () => 'Prints the formatted text. Lines are never joined or split, comments never moved, and damaged parts stay as they are.',
  options: [
    { name: 'check', about: 'print the names of files that would change instead; the status is 1 if there are any' },
    { name: 'write', about: 'store the text instead; the names of files that changed are printed' },
  ],
  async run(args, session) {
    const wanted = { check: args.has('check'), write: args.has('write') };
    const names = namedFiles('fmt', args.operands, session);
    refuseMixedTexts(names, wanted);
    const files = new Files(session.folder);
    let [changed, unread] = [0, 0];
    for (const name of names) {
      const outcome = await formatted(name, files, wanted, session);
      if (outcome === 'changed') changed++;
      if (outcome === 'unread') unread++;
    }
    if (unread > 0) return STATUS.misuse;
    return wanted.check && changed > 0 ? STATUS.found : STATUS.fine;
  },
};

interface Wanted {
  readonly check: boolean;
  readonly write: boolean;
}

function refuseMixedTexts(names: readonly string[], { check, write }: Wanted): void {
  if (check && write) throw new Misuse('fmt: `--check` only looks, and `--write` stores; give one of them');
  if (!check && !write && names.length > 1) throw new Misuse(`fmt: prints one file; store ${names.length} with \`--write\``);
  if (write && names.includes(STANDARD_INPUT)) throw new Misuse('fmt: standard input can’t be stored; leave `--write` out');
}

async function formatted(name: string, files: Files, { check, write }: Wanted, session: Session): Promise<'changed' | 'same' | 'unread'> {
  const loaded = await readText(name, session, files);
  if ('error' in loaded) {
    tell(session, `${name}: ${loaded.error}`);
    return 'unread';
  }
  const edits = formatDocument(openDocument(loaded.text));
  const whole = edited(loaded, edits);
  if (write && edits.length > 0) store(name, whole, session);
  if (!check && !write) session.out.write(whole);
  else if (edits.length > 0) session.out.write(`${name}\n`);
  return edits.length > 0 ? 'changed' : 'same';
}
