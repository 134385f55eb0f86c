import type { Change, ChangedPart, ChangeKind } from '../drift/change.js';
import { padColumns } from './columns.js';
import type { Paint } from './paint.js';

/** What `diff` and `drift` print: part by part, a line for each change. Nothing where there is none. */
export const diffText = (parts: readonly ChangedPart[], paint: Paint): string => parts.map((part) => `${partText(part, paint)}\n`).join('\n');

function partText({ kind, name, changes }: ChangedPart, paint: Paint): string {
  const rows = padColumns(changes.map((change) => [WORDS[change.kind], change.what, change.message]));
  const lines = rows.map(([word = '', what = '', message = ''], index) => `  ${painted(word, changes[index], paint)}  ${what}  ${message}${changes[index]?.breaksMigration ? paint.faint(' [breaks migration]') : ''}`);
  return [paint.strong(`${kind} ${name}`), ...lines].join('\n');
}

const WORDS: Readonly<Record<ChangeKind, string>> = {
  added: 'added',
  removed: 'removed',
  renamed: 'renamed',
  moved: 'moved',
  grown: 'grown',
  shrunk: 'shrunk',
  changed: 'changed',
  'hole-opened': 'hole opened',
  'hole-closed': 'hole closed',
  'block-size-lost': 'block size lost',
  'block-size-gained': 'block size gained',
  'reserved-met': 'meets reserved range',
  'reserved-left': 'leaves reserved range',
  'finding-new': 'new error',
  'finding-gone': 'error gone',
};

const BAD: ReadonlySet<ChangeKind> = new Set(['hole-opened', 'block-size-lost', 'reserved-met', 'finding-new']);
const GOOD: ReadonlySet<ChangeKind> = new Set(['hole-closed', 'block-size-gained', 'reserved-left', 'finding-gone']);

function painted(word: string, change: Change | undefined, paint: Paint): string {
  if (change && BAD.has(change.kind)) return paint.level('error', word);
  if (change && GOOD.has(change.kind)) return paint.good(word);
  return word;
}
