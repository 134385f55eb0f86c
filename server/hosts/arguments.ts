import { parseArgs } from 'node:util';
import { nearest } from '../core/index.js';
import { Misuse } from './session.js';

/** An option of a command, as its help tells it. */
export interface OptionSpec {
  readonly name: string;
  /** What its value is called; without it the option is there or not. */
  readonly value?: string;
  readonly about: string;
  /** Whether it may be given again and again. */
  readonly many?: boolean;
}

/** What stands behind a command. */
export interface Arguments {
  readonly operands: readonly string[];
  has(option: string): boolean;
  value(option: string): string | undefined;
  values(option: string): readonly string[];
}

const HELP: OptionSpec = { name: 'help', about: 'this text' };

export const withHelp = (options: readonly OptionSpec[]): readonly OptionSpec[] => [...options, HELP];

/** Reads the arguments of a command. Misuse is told in our own words: Node's advise how to call parseArgs. */
export function readArguments(command: string, args: readonly string[], specs: readonly OptionSpec[]): Arguments {
  const options = Object.fromEntries(specs.map(({ name, value }) => [name, { type: value === undefined ? 'boolean' as const : 'string' as const }]));
  const short = { ...options, help: { type: 'boolean' as const, short: 'h' } };
  const { positionals, tokens } = parseArgs({ args: [...args], options: short, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const spec = specs.find(({ name }) => name === token.name);
    if (!spec) throw new Misuse(unknownOption(command, token.rawName, specs));
    given.set(spec.name, [...(given.get(spec.name) ?? []), valueOf(command, spec, token.value)]);
    if (!spec.many && given.get(spec.name)?.length === 2) throw new Misuse(`${command}: \`--${spec.name}\` is given twice`);
  }
  return {
    operands: positionals,
    has: (option) => given.has(option),
    value: (option) => given.get(option)?.[0],
    values: (option) => given.get(option) ?? [],
  };
}

function valueOf(command: string, spec: OptionSpec, value: string | undefined): string {
  if (spec.value === undefined && value !== undefined) throw new Misuse(`${command}: \`--${spec.name}\` takes no value`);
  if (spec.value !== undefined && (value === undefined || value === '')) throw new Misuse(`${command}: \`--${spec.name}\` has no value (${spec.value})`);
  return value ?? '';
}

function unknownOption(command: string, written: string, specs: readonly OptionSpec[]): string {
  const meant = nearest(written.replace(/^-+/, ''), specs.map(({ name }) => name));
  return `${command}: unknown option \`${written}\`${meant ? `; did you mean \`--${meant}\`?` : ` (\`vmlayout ${command} --help\` lists them)`}`;
}

/** The value of an option that takes one of a few words; the first if it isn't given. */
export function choice<Word extends string>(command: string, args: Arguments, option: string, words: readonly [Word, ...Word[]]): Word {
  const given = args.value(option);
  if (given === undefined) return words[0];
  const word = words.find((one) => one === given);
  if (!word) throw new Misuse(`${command}: \`--${option}\` is ${listed(words)}, not \`${given}\``);
  return word;
}

/** `text, json or sarif`. */
const listed = (words: readonly string[]): string => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
