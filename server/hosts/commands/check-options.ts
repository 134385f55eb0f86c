import { LEVELS, noSuchRule, RULES, type CheckOptions, type Level } from '../../core/index.js';
import type { Arguments } from '../arguments.js';
import type { FoundConfiguration } from '../configurations.js';
import { Misuse, type Session } from '../session.js';

/** The core's options from `--today`, `--rule`, and the configuration of the file, which `--rule` goes before. */
export function checkOptions(command: string, args: Arguments, session: Session, configuration?: FoundConfiguration): CheckOptions {
  const today = args.value('today') ?? session.today;
  if (!isDate(today)) throw new Misuse(`${command}: \`--today\` asks for a date such as ${session.today}, not \`${today}\``);
  const levels = new Map([...(configuration?.levels ?? []), ...args.values('rule').map((text) => ruleLevel(command, text))]);
  return levels.size > 0 ? { today, levels } : { today };
}

function isDate(text: string): boolean {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return date !== undefined && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function ruleLevel(command: string, text: string): [string, Level | 'off'] {
  const [, rule = '', word = ''] = /^([^=]*)=(.*)$/.exec(text) ?? [];
  if (rule === '') throw new Misuse(`${command}: \`--rule\` asks for RULE=LEVEL, not \`${text}\``);
  if (!RULES.some(({ name }) => name === rule)) throw new Misuse(`${command}: ${noSuchRule(rule)}`);
  const level = LEVELS.find((known) => known === word);
  if (!level) throw new Misuse(`${command}: the level of \`${rule}\` is ${LEVELS.slice(0, -1).join(', ')} or off, not \`${word}\``);
  return [rule, level];
}
