import { COLOURED, explainLog, explainLogJson, explainLogText, noSuchRule, PLAIN, requirementPage, rulePage, RULES } from '../../core/index.js';
import { choice, type Arguments } from '../arguments.js';
import { Misuse, STATUS, type Session } from '../session.js';
import { nameOf, readText } from '../texts.js';
import { checkedFile } from './chosen-vms.js';
import { FORMAT, TODAY, type Command } from './command.js';

export const explain: Command = {
  name: 'explain',
  operands: 'RULE',
  about: 'what a rule means; with --log, why a machine refused a mapping or a device',
  details: () => `\`vmlayout explain --log FILE [LAYOUT]\` explains error lines of QEMU, VFIO, the kernel, libvirt and Cloud Hypervisor:
what was asked, which region of the layout it is about, the rule, the reason and the fix.

The rules:
${RULES.map(({ name, summary }) => `\n  ${name}\n      ${summary}`).join('')}`,
  options: [{ name: 'log', value: 'FILE', about: 'a log to explain; `-` is standard input' }, FORMAT, TODAY],
  run: (args, session) => (args.has('log') ? explainLogFile(args, session) : explainRule(args, session)),
};

function explainRule(args: Arguments, session: Session): number {
  const [name, ...others] = args.operands;
  if (args.has('format') || args.has('today')) throw new Misuse('explain: `--format` and `--today` go with `--log`');
  if (name === undefined) throw new Misuse('explain: which rule? (`vmlayout explain --help` lists them)');
  if (others.length > 0) throw new Misuse('explain: one rule at a time');
  const rule = RULES.find((one) => one.name === name);
  if (!rule && !name.startsWith('policy/')) throw new Misuse(`explain: ${noSuchRule(name)}`);
  session.out.write(rule ? rulePage(rule) : requirementPage(name));
  return STATUS.fine;
}

async function explainLogFile(args: Arguments, session: Session): Promise<number> {
  const format = choice('explain', args, 'format', ['text', 'json']);
  const [layout, ...others] = args.operands;
  if (others.length > 0) throw new Misuse('explain: one layout at a time');
  const log = nameOf(args.value('log') ?? '');
  const loaded = await readText(log, session);
  if ('error' in loaded) throw new Misuse(`${log}: ${loaded.error}`);
  const around = layout === undefined ? undefined : await checkedFile('explain', nameOf(layout), args, session);
  const errors = explainLog(loaded.text, around);
  if (errors.length === 0) throw new Misuse(`${log}: no line of it is a message that is known here`);
  session.out.write(format === 'json' ? explainLogJson(log, errors) : explainLogText(log, errors, session.out.colour ? COLOURED : PLAIN));
  return STATUS.fine;
}
