import { readJson, type JsonMember, type JsonValue } from '../text/json.js';
import type { Span } from '../text/span.js';
import { nearest } from '../text/suggest.js';
import { RULES } from './catalogue.js';
import type { Level } from './rule.js';

/** What the file is called that a project is configured with; the nearest one in or above the folder of a layout holds for it. */
export const CONFIGURATION_NAME = 'vmlayout.json';

/** What `check` can print, the default first. */
export const CHECK_FORMATS = ['text', 'json', 'sarif', 'github', 'junit'] as const;

export type CheckFormat = (typeof CHECK_FORMATS)[number];

export const LEVELS: readonly (Level | 'off')[] = ['error', 'warning', 'note', 'off'];

/** What a project's `vmlayout.json` says; docs/schema/vmlayout.schema.json describes it. */
export interface Configuration {
  /** Levels that replace the defaults; policies still have the last word. */
  readonly levels: ReadonlyMap<string, Level | 'off'>;
  /** Globs of the files to check where a folder is named, or nothing; they count from the folder of the configuration. */
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[];
  readonly maxWarnings: number | undefined;
  readonly format: CheckFormat | undefined;
}

export interface ConfigurationProblem extends Span {
  readonly message: string;
}

export interface ReadConfiguration {
  readonly configuration: Configuration;
  readonly problems: readonly ConfigurationProblem[];
}

/** Reads a configuration. What is wrong is told and left out; the rest holds. */
export function readConfiguration(text: string): ReadConfiguration {
  const root = readJson(text);
  if ('message' in root) return { configuration: EMPTY, problems: [root] };
  if (root.kind !== 'object') return { configuration: EMPTY, problems: [{ start: root.start, end: root.end, message: 'a configuration is an object, `{ … }`' }] };
  const problems: ConfigurationProblem[] = [];
  const tell: Tell = ({ start, end }, message) => void problems.push({ start, end, message });
  let configuration = EMPTY;
  for (const [index, member] of root.members.entries()) {
    const { key } = member;
    const field = Object.hasOwn(FIELDS, key.value) ? FIELDS[key.value] : undefined;
    const known = Object.hasOwn(FIELDS, key.value);
    if (root.members.findIndex((other) => other.key.value === key.value) < index) tell(key, `\`${key.value}\` is written twice`);
    else if (!known) tell(key, unknownField(key.value));
    else if (field) configuration = { ...configuration, ...field(member, tell) };
  }
  return { configuration, problems };
}

/** Why there is no rule of this name. */
export function noSuchRule(rule: string): string {
  if (rule.startsWith('policy/')) return `\`${rule}\` is as the policy says it: \`require\` is an error, \`prefer\` a warning`;
  const meant = nearest(rule, RULES.map(({ name }) => name));
  return `there is no rule \`${rule}\`${meant ? `; did you mean \`${meant}\`?` : ''}`;
}

const EMPTY: Configuration = { levels: new Map(), include: undefined, exclude: [], maxWarnings: undefined, format: undefined };

type Tell = (place: Span, message: string) => void;

type Field = (member: JsonMember, tell: Tell) => Partial<Configuration>;

const FIELDS: Readonly<Record<string, Field | undefined>> = {
  $schema: undefined,
  rules: ({ value }, tell) => ({ levels: levelsIn(value, tell) }),
  include: ({ value }, tell) => ({ include: globsIn(value, 'include', tell) }),
  exclude: ({ value }, tell) => ({ exclude: globsIn(value, 'exclude', tell) ?? [] }),
  maxWarnings: ({ value }, tell) => ({ maxWarnings: countIn(value, tell) }),
  format: ({ value }, tell) => ({ format: formatIn(value, tell) }),
};

function unknownField(name: string): string {
  const names = Object.keys(FIELDS).filter((field) => field !== '$schema');
  const meant = nearest(name, names);
  return `there is no field \`${name}\`; ${meant ? `did you mean \`${meant}\`?` : `there are ${names.join(', ')}`}`;
}

function levelsIn(value: JsonValue, tell: Tell): ReadonlyMap<string, Level | 'off'> {
  const levels = new Map<string, Level | 'off'>();
  if (value.kind !== 'object') tell(value, '`rules` is an object: the name of a rule and its level');
  else for (const { key, value: word } of value.members) {
    const level = LEVELS.find((known) => word.kind === 'string' && word.value === known);
    if (!RULES.some(({ name }) => name === key.value)) tell(key, noSuchRule(key.value));
    else if (levels.has(key.value)) tell(key, `\`${key.value}\` is written twice`);
    else if (!level) tell(word, `the level of \`${key.value}\` is "error", "warning", "note" or "off"`);
    else levels.set(key.value, level);
  }
  return levels;
}

function globsIn(value: JsonValue, field: string, tell: Tell): string[] | undefined {
  if (value.kind !== 'array') tell(value, `\`${field}\` is a list of globs, such as ["layouts/**"]`);
  if (value.kind !== 'array') return undefined;
  return value.items.flatMap((item) => {
    if (item.kind === 'string' && item.value !== '') return [item.value];
    tell(item, `\`${field}\` holds globs, such as "layouts/**"`);
    return [];
  });
}

function countIn(value: JsonValue, tell: Tell): number | undefined {
  if (value.kind === 'number' && Number.isSafeInteger(value.value) && value.value >= 0) return value.value;
  tell(value, '`maxWarnings` is a whole number that isn’t negative');
  return undefined;
}

function formatIn(value: JsonValue, tell: Tell): CheckFormat | undefined {
  const format = CHECK_FORMATS.find((known) => value.kind === 'string' && value.value === known);
  if (!format) tell(value, `\`format\` is ${CHECK_FORMATS.map((known) => `"${known}"`).join(', ').replace(/, (?=[^,]*$)/, ' or ')}`);
  return format;
}
