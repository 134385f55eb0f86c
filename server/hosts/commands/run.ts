import { nearest } from '../../core/index.js';
import { readArguments, withHelp } from '../arguments.js';
import { Misuse, STATUS, tell, type Session } from '../session.js';
import { VERSION } from '../version.js';
import { check } from './check.js';
import type { Command } from './command.js';
import { diff } from './diff.js';
import { drift } from './drift.js';
import { compare } from './compare.js';
import { explain } from './explain.js';
import { fmt } from './fmt.js';
import { exportCommand } from './export.js';
import { fleet } from './fleet.js';
import { hotplug } from './hotplug.js';
import { importCommand } from './import.js';
import { lsp } from './lsp.js';
import { map } from './map.js';
import { plan } from './plan.js';
import { snapshot } from './snapshot.js';

const COMMANDS: readonly Command[] = [
  check,
  plan,
  compare,
  hotplug,
  map,
  fleet,
  explain,
  importCommand,
  fmt,
  lsp,
  exportCommand,
  diff,
  drift,
  snapshot,
];

/** Runs the program; answers with its exit status. */
export async function run(args: readonly string[], session: Session): Promise<number> {
  try {
    return await runCommand(args, session);
  } catch (error) {
    tell(session, error instanceof Misuse ? error.message : bugText(error));
    return STATUS.misuse;
  }
}

async function runCommand([word, ...rest]: readonly string[], session: Session): Promise<number> {
  if (word === '--version' || word === '-V') return say(`vmlayout ${VERSION}\n`, session);
  if (word === '--help' || word === '-h') return say(helpText(), session);
  if (word === undefined) {
    session.out.write(helpText());
    throw new Misuse('which command?');
  }
  const command = COMMANDS.find(({ name }) => name === word);
  if (!command) throw new Misuse(unknownCommand(word));
  const args = readArguments(command.name, rest, withHelp(command.options));
  return args.has('help') ? say(commandHelp(command), session) : command.run(args, session);
}

function say(text: string, session: Session): number {
  session.out.write(text);
  return STATUS.fine;
}

function unknownCommand(word: string): string {
  const what = word.startsWith('-') ? 'option' : 'command';
  const meant = word.endsWith('.vmlayout') ? `check ${word}` : nearest(word, COMMANDS.map(({ name }) => name));
  return `unknown ${what} \`${word}\`; ${meant ? `did you mean \`vmlayout ${meant}\`?` : `there are ${COMMANDS.map(({ name }) => name).join(', ')}`}`;
}

function helpText(): string {
  const rows = COMMANDS.map(({ name, operands, about }) => `  vmlayout ${`${name} ${operands}`.padEnd(25)}${about}\n`);
  return `vmlayout: author and lint VM memory layouts

${rows.join('')}
\`vmlayout COMMAND --help\` lists the options of a command. \`-\` is standard input.
Exit status: 0 nothing of error level, 1 findings of error level, 2 misuse or unreadable input.
`;
}

function commandHelp({ name, operands, about, details, options }: Command): string {
  const rows = withHelp(options).map((option) => `  ${`--${option.name}${option.value ? ` ${option.value}` : ''}`.padEnd(22)}  ${option.about}\n`);
  return `vmlayout ${`${name} ${operands}`.trim()}: ${about}\n\n${details()}\n\n${rows.join('')}`;
}

const bugText = (error: unknown): string =>
  `this is a bug in vmlayout, please report it: ${error instanceof Error ? error.stack ?? error.message : String(error)}`;
