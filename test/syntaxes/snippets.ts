// What a snippet becomes when the user accepts every default: the texts that tests parse.

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Where the text of a snippet may stand; its description says so in parentheses. */
export type Place = 'file' | 'vm' | 'policy';

export interface Snippet {
  readonly prefix: string;
  readonly description: string;
  readonly body: string;
}

interface WrittenSnippet extends Omit<Snippet, 'body'> {
  readonly body: readonly string[];
}

export interface ExpandedSnippet {
  readonly prefix: string;
  readonly text: string;
  readonly place: Place;
}

/** Every snippet with its placeholders replaced by their defaults, and choices by the first. */
export function* expandSnippets(): Iterable<ExpandedSnippet> {
  for (const snippet of readSnippets()) {
    yield { prefix: snippet.prefix, text: expand(snippet.body), place: placeOf(snippet) };
  }
}

export function readSnippets(): Snippet[] {
  const text = readFileSync(path.join(process.cwd(), 'syntaxes/snippets.json'), 'utf8');
  const snippets = Object.values(JSON.parse(text) as Record<string, WrittenSnippet>);
  return snippets.map(({ prefix, description, body }) => ({ prefix, description, body: body.join('\n') }));
}

/** The text of one body. A stop without a default repeats the default that stands elsewhere; a stop without any is empty. */
export function expand(body: string): string {
  const parts = parse(body);
  const defaults = new Map<number, readonly Part[]>();
  collectDefaults(parts, defaults);
  return print(parts, defaults);
}

// ── The syntax of snippets, as far as ours use it ────────────────────────────────────────────────────────────────────

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'stop'; readonly stop: number; readonly content: readonly Part[] }
  | { readonly kind: 'variable'; readonly name: string };

/** The years are those of the tests, which must not turn on the day they run. */
const VARIABLES: Readonly<Record<string, string>> = { CURRENT_YEAR: '2999' };

function parse(body: string): Part[] {
  const parts: Part[] = [];
  let rest = body;
  while (rest !== '') {
    const { part, length } = parseOne(rest);
    parts.push(part);
    rest = rest.slice(length);
  }
  return parts;
}

function parseOne(text: string): { part: Part; length: number } {
  const plain = /^[^$\\]+|^\\[$}\\]|^\\/.exec(text);
  if (plain) return { part: { kind: 'text', text: plain[0].replace(/^\\(?=.)/, '') }, length: plain[0].length };

  const bare = /^\$(?:(\d+)|\{(\d+)\})/.exec(text);
  if (bare) return { part: { kind: 'stop', stop: Number(bare[1] ?? bare[2]), content: [] }, length: bare[0].length };

  const choice = /^\$\{(\d+)\|([^,|]*)[^|]*\|\}/.exec(text);
  if (choice) return { part: stop(choice[1], [{ kind: 'text', text: choice[2] ?? '' }]), length: choice[0].length };

  const variable = /^\$\{([A-Z_]+)\}/.exec(text);
  if (variable) return { part: { kind: 'variable', name: variable[1] ?? '' }, length: variable[0].length };

  const opening = /^\$\{(\d+):/.exec(text);
  if (!opening) throw new Error(`no placeholder: ${text}`);
  const end = closingBrace(text, opening[0].length);
  return { part: stop(opening[1], parse(text.slice(opening[0].length, end))), length: end + 1 };
}

function stop(digits: string | undefined, content: readonly Part[]): Part {
  return { kind: 'stop', stop: Number(digits), content };
}

/** Where the placeholder ends whose content begins at `start`; placeholders may stand inside. */
function closingBrace(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text.startsWith('${', at)) depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  throw new Error(`a placeholder has no end: ${text}`);
}

function collectDefaults(parts: readonly Part[], defaults: Map<number, readonly Part[]>): void {
  for (const part of parts) {
    if (part.kind !== 'stop') continue;
    if (part.content.length > 0) defaults.set(part.stop, part.content);
    collectDefaults(part.content, defaults);
  }
}

function print(parts: readonly Part[], defaults: ReadonlyMap<number, readonly Part[]>): string {
  return parts.map((part) => printOne(part, defaults)).join('');
}

function printOne(part: Part, defaults: ReadonlyMap<number, readonly Part[]>): string {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'stop') return print(defaults.get(part.stop) ?? [], defaults);
  const value = VARIABLES[part.name];
  if (value === undefined) throw new Error(`the tests don't know the variable ${part.name}`);
  return value;
}

function placeOf(snippet: Snippet): Place {
  if (snippet.description.endsWith('(at the top of a file)')) return 'file';
  if (snippet.description.endsWith('(in a vm)')) return 'vm';
  if (snippet.description.endsWith('(in a policy)')) return 'policy';
  throw new Error(`the description of ${snippet.prefix} doesn't say where it may stand`);
}
