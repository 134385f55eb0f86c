import type { Arguments, OptionSpec } from '../arguments.js';
import type { Session } from '../session.js';

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** What may stand behind the name, as help writes it. */
  readonly operands: string;
  /** A line for the list of commands. */
  readonly about: string;
  /** What its own help adds to that. */
  readonly details: () => string;
  readonly options: readonly OptionSpec[];
  /** The exit status. Misuse is thrown. */
  run(args: Arguments, session: Session): number | Promise<number>;
}

export const FORMAT: OptionSpec = { name: 'format', value: 'text|json', about: 'what to print: text (the default) or json' };
export const TODAY: OptionSpec = { name: 'today', value: 'DATE', about: 'the date by which waivers are judged, such as 2026-11-22; today if left out' };
