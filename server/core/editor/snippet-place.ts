import type { Element } from '../layout/elements.js';
import { isModel } from '../layout/presence.js';
import type { Source } from '../layout/scope.js';
import type { EditorFile } from './editor-file.js';
import { devicesOf } from './meaning.js';
import type { Surroundings } from './surroundings.js';

/** Where a snippet would stand, and what it may refer to. */
export interface SnippetPlace {
  readonly around: Surroundings;
  /** What it would stand in; nothing at the top of the file. */
  readonly owner: Element | undefined;
  readonly file: EditorFile;
  /** A date such as `2026-11-22`; nothing where nobody knows it. */
  readonly today: string | undefined;
}

/** Most names that a menu of choices shows. */
const MOST_CHOICES = 12;

/** Names at the top of the file and in its imports, by keyword; the first are enough for a menu. */
export function namesAtTop(keyword: 'host' | 'vm', { around }: SnippetPlace): Source[] {
  const { lookup } = around.evaluator;
  const found: Source[] = [];
  for (const name of new Set(lookup.namesIn(around.origin.path))) {
    const source = lookup.find(around.origin.path, name);
    if (source?.declaration.keyword.text === keyword) found.push(source);
    if (found.length === MOST_CHOICES) break;
  }
  return found;
}

/** The hosts that a guest can run on: models are none. */
export const hostsAtTop = (place: SnippetPlace): Element[] =>
  namesAtTop('host', place).map((source) => place.around.evaluator.elementOf(source)).filter((host) => !isModel(host) && devicesOf(host).length > 0);

/** The name itself, or the first with a number that isn’t taken. */
export function fresh(name: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  if (!names.has(name)) return name;
  for (let number = 1; ; number++) if (!names.has(`${name}${number}`)) return `${name}${number}`;
}

export const freshAtTop = (name: string, { around: { evaluator, origin } }: SnippetPlace, table: 'names' | 'policies' = 'names'): string =>
  fresh(name, evaluator.lookup.namesIn(origin.path, table));

export const freshIn = (name: string, owner: Element | undefined): string => fresh(name, (owner?.children ?? []).map((child) => child.name));

export const isArm = (host: Element | undefined, { around }: SnippetPlace): boolean => {
  const arch = host && around.evaluator.property(host, 'arch');
  return arch?.type === 'text' && arch.text === 'arm64';
};

export const choicesOf = (elements: readonly Element[]): string[] => [...new Set(elements.map(({ name }) => name))].slice(0, MOST_CHOICES);
