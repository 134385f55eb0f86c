import { nearest, RULES, type CheckOptions, type Level } from '../../core/index.js';
import type { Arguments } from '../arguments.js';
import { Misuse, type Session } from '../session.js';

/** The core's options from `--today` and `--rule`. */
export function checkOptions(command: string, args: Arguments, session: Session): CheckOptions {
  const today = args.value('today') ?? session.today;
  if (!isDate(today)) throw new Misuse(`${command}: \`--today\` asks for a date such as ${session.today}, not \`${today}\``);
  const levels = new Map(args.values('rule').map((text) => ruleLevel(command, text)));
  return levels.size > 0 ? { today, levels } : { today };
}

function isDate(text: string): boolean {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return date !== undefined && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

const LEVELS: readonly (Level | 'off')[] = ['error', 'warning', 'note', 'off'];

function ruleLevel(command: string, text: string): [string, Level | 'off'] {
  const [, rule = '', word = ''] = /^([^=]*)=(.*)$/.exec(text) ?? [];
  if (rule === '') throw new Misuse(`${command}: \`--rule\` asks for RULE=LEVEL, not \`${text}\``);
  if (!RULES.some(({ name }) => name === rule)) throw new Misuse(`${command}: ${noSuchRule(rule)}`);
  const level = LEVELS.find((known) => known === word);
  if (!level) throw new Misuse(`${command}: the level of \`${rule}\` is ${LEVELS.slice(0, -1).join(', ')} or off, not \`${word}\``);
  return [rule, level];
}

export function noSuchRule(rule: string): string {
  if (rule.startsWith('policy/')) return `\`${rule}\` is as the policy says it: \`require\` is an error, \`prefer\` a warning`;
  const meant = nearest(rule, RULES.map(({ name }) => name));
  return `there is no rule \`${rule}\`${meant ? `; did you mean \`${meant}\`?` : ''}`;
}
