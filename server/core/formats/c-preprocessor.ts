import { readCExpression } from './c-expression.js';
import type { ImportFile } from './import-result.js';
import { orSourceError, SourceTrouble, type SourceError, type SourcePlace } from './source-places.js';

/**
 * What the C preprocessor does with device tree sources and Jailhouse configurations: comments, `#include`,
 * `#define` with and without arguments, `#if`. A file that can't be had is told and left out; a macro that nobody
 * defines stays as it is.
 */
export interface Preprocessed {
  /** What is left, lines joined by line breaks. */
  readonly text: string;
  /** Where each line of `text` comes from. */
  readonly origins: readonly SourcePlace[];
  /** Files that were asked for in vain, and where. */
  readonly missing: readonly { readonly name: string; readonly place: SourcePlace }[];
}

const MOST_LINES = 2_000_000;
const MOST_INCLUDES_DEEP = 64;
const LONGEST_EXPANSION = 1 << 18;
const MOST_EXPANSIONS = 300_000;

/** Characters of arguments that are looked at, and arguments in arguments. */
const MOST_STEPS = 50_000_000;
const DEEPEST_ARGUMENTS = 100;

interface Macro {
  readonly parameters: readonly string[] | undefined;
  readonly body: string;
}

interface Work {
  readonly include: ImportFile['include'];
  readonly macros: Map<string, Macro>;
  readonly lines: string[];
  readonly origins: SourcePlace[];
  readonly missing: { readonly name: string; readonly place: SourcePlace }[];
  expansions: number;
  steps: number;
  depth: number;
}

/** Preprocesses a file with what it includes. */
export function preprocess(file: ImportFile): Preprocessed | SourceError {
  const work: Work = { include: file.include, macros: new Map(), lines: [], origins: [], missing: [], expansions: 0, steps: 0, depth: 0 };
  return orSourceError(() => {
    readSource(work, file.path, file.text, 0);
    return { text: work.lines.join('\n'), origins: work.origins, missing: work.missing };
  });
}

/** A condition that is open: whether its lines count, and whether a branch of it has counted already. */
interface Condition {
  readonly line: number;
  /** Whether the lines around it count. */
  readonly outside: boolean;
  counts: boolean;
  taken: boolean;
}

const DIRECTIVE = /^\s*#\s*(include|define|undef|ifdef|ifndef|if|elif|else|endif|error|warning|pragma|line)(?=[\s<"(!]|$)(.*)$/;
const LINE_MARK = /^\s*#\s+(\d{1,9}) "([^"]*)"/;
const DTS_INCLUDE = /^\s*\/include\/\s*"([^"]+)"\s*;?\s*$/;

function readSource(work: Work, path: string, text: string, depth: number): void {
  const conditions: Condition[] = [];
  const lines = withoutComments(text).split('\n');
  let mark = { path, shift: 0 };
  for (let index = 0; index < lines.length; index += 1) {
    const place = { path: mark.path, line: index + 1 + mark.shift };
    let line = lines[index] ?? '';
    if (line.endsWith('\\')) {
      let last = index;
      while (last + 1 < lines.length && lines[last]?.endsWith('\\')) last += 1;
      line = lines.slice(index, last + 1).map((one) => one.replace(/\\$/, '')).join('');
      if (line.length > LONGEST_EXPANSION) throw new SourceTrouble(`a line of more than ${LONGEST_EXPANSION} characters`, place);
      index = last;
    }
    const marked = LINE_MARK.exec(line);
    if (marked) {
      mark = { path: marked[2] ?? path, shift: Number(marked[1]) - index - 2 };
      continue;
    }
    const counts = conditions.at(-1)?.counts ?? true;
    const directive = DIRECTIVE.exec(line);
    if (directive) {
      readDirective(work, { word: directive[1] ?? '', rest: (directive[2] ?? '').trim(), place, conditions, counts, depth });
    } else if (counts) {
      const name = DTS_INCLUDE.exec(line)?.[1];
      if (name !== undefined) include(work, name, place, depth);
      else index += keepLine(work, lines, index, line, place);
    }
  }
  const open = conditions.at(-1);
  if (open) throw new SourceTrouble('`#if` without `#endif`', { path, line: open.line });
}

/** Keeps a line; arguments of a macro may go on in the next ones. Answers with how many more it has taken. */
function keepLine(work: Work, lines: readonly string[], index: number, line: string, place: SourcePlace): number {
  let taken = 0;
  let whole = line;
  while (taken < 50 && endsInCall(work, whole) && index + taken + 1 < lines.length) whole += ` ${lines[index + (taken += 1)] ?? ''}`;
  if (work.lines.length >= MOST_LINES) throw new SourceTrouble(`more than ${MOST_LINES} lines`, place);
  work.lines.push(expand(work, whole, place, new Set()));
  work.origins.push(place);
  return taken;
}

/** Whether the arguments of a known macro aren't closed at the end of the line. */
function endsInCall(work: Work, line: string): boolean {
  if (work.macros.size === 0) return false;
  for (const match of line.matchAll(/[A-Za-z_]\w*(?=\s*\()/g)) {
    if (work.macros.get(match[0])?.parameters && argumentsAt(work, line, match.index + match[0].length) === undefined) return true;
  }
  return false;
}

interface Directive {
  readonly word: string;
  readonly rest: string;
  readonly place: SourcePlace;
  readonly conditions: Condition[];
  readonly counts: boolean;
  readonly depth: number;
}

function readDirective(work: Work, { word, rest, place, conditions, counts, depth }: Directive): void {
  switch (word) {
    case 'if':
    case 'ifdef':
    case 'ifndef': {
      const holds = counts && conditionHolds(work, word, rest);
      conditions.push({ line: place.line, outside: counts, counts: holds, taken: holds });
      return;
    }
    case 'elif':
    case 'else': {
      const open = conditions.at(-1);
      if (!open) throw new SourceTrouble(`\`#${word}\` without \`#if\``, place);
      open.counts = open.outside && !open.taken && (word === 'else' || conditionHolds(work, 'if', rest));
      open.taken ||= open.counts;
      return;
    }
    case 'endif':
      if (!conditions.pop()) throw new SourceTrouble('`#endif` without `#if`', place);
      return;
    default:
      if (counts) readOrder(work, word, rest, place, depth);
  }
}

function readOrder(work: Work, word: string, rest: string, place: SourcePlace, depth: number): void {
  if (word === 'define') define(work, rest, place);
  else if (word === 'undef') work.macros.delete(rest);
  else if (word === 'error') throw new SourceTrouble(`#error ${rest}`, place);
  else if (word === 'include') {
    const name = /^[<"]([^>"]+)[>"]/.exec(rest)?.[1];
    if (name === undefined) throw new SourceTrouble('expected `#include "FILE"` or `#include <FILE>`', place);
    include(work, name, place, depth);
  }
}

function conditionHolds(work: Work, word: string, rest: string): boolean {
  if (word !== 'if') return work.macros.has(rest.split(/\s/)[0] ?? '') === (word === 'ifdef');
  const asked = rest.replace(/\bdefined\s*(?:\(\s*(\w+)\s*\)|(\w+))/g, (_, inside?: string, bare?: string) => (work.macros.has(inside ?? bare ?? '') ? '1' : '0'));
  const read = readCExpression(expand(work, asked, { path: '', line: 1 }, new Set()), 0, () => 0n);
  return 'value' in read && read.value !== 0n;
}

function define(work: Work, rest: string, place: SourcePlace): void {
  const match = /^([A-Za-z_]\w*)(?:\(([^)]*)\))?\s*(.*)$/.exec(rest);
  if (!match) throw new SourceTrouble('expected `#define NAME …`', place);
  const [, name = '', parameters, body = ''] = match;
  work.macros.set(name, { parameters: parameters?.split(',').map((one) => one.trim()).filter((one) => one !== ''), body: body.trim() });
}

function include(work: Work, name: string, place: SourcePlace, depth: number): void {
  if (depth >= MOST_INCLUDES_DEEP) throw new SourceTrouble(`files include each other more than ${MOST_INCLUDES_DEEP} deep`, place);
  const found = work.include?.(name, place.path);
  if (found) readSource(work, found.path, found.text, depth + 1);
  else work.missing.push({ name, place });
}

// ── Macros ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const TOKEN = /"(?:\\.|[^"\\])*"|[A-Za-z_]\w*/g;

/** The text with its macros replaced; one that is being replaced stays, as in C. */
function expand(work: Work, text: string, place: SourcePlace, hidden: ReadonlySet<string>): string {
  if (work.macros.size === 0) return text;
  let result = '';
  let done = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index < done) continue;
    const macro = hidden.has(match[0]) ? undefined : work.macros.get(match[0]);
    const call = macro?.parameters ? argumentsAt(work, text, match.index + match[0].length) : undefined;
    if (!macro || (macro.parameters && !call)) continue;
    work.expansions += 1;
    if (work.expansions > MOST_EXPANSIONS) throw new SourceTrouble(`more than ${MOST_EXPANSIONS} uses of macros`, place);
    work.depth += 1;
    if (work.depth > DEEPEST_ARGUMENTS) throw new SourceTrouble(`macros in each other more than ${DEEPEST_ARGUMENTS} deep`, place);
    const body = substitute(macro, call?.values.map((value) => expand(work, value, place, hidden)) ?? []);
    result += text.slice(done, match.index) + expand(work, body, place, new Set([...hidden, match[0]]));
    if (result.length > LONGEST_EXPANSION) throw new SourceTrouble(`\`${match[0]}\` makes the line longer than ${LONGEST_EXPANSION} characters`, place);
    work.depth -= 1;
    done = call?.end ?? match.index + match[0].length;
  }
  if (work.steps >= MOST_STEPS) throw new SourceTrouble('arguments of macros take longer to read than any source needs', place);
  return done === 0 ? text : result + text.slice(done);
}

function substitute({ parameters, body }: Macro, values: readonly string[]): string {
  const filled = parameters?.length ? body.replace(TOKEN, (token) => values[parameters.indexOf(token)] ?? token) : body;
  return filled.replace(/\s*##\s*/g, '');
}

/** Arguments in parentheses behind a place, and where they end. */
function argumentsAt(work: Work, text: string, at: number): { readonly values: readonly string[]; readonly end: number } | undefined {
  const start = /^\s*\(/.exec(text.slice(at, at + 200));
  if (!start) return undefined;
  const values: string[] = [];
  let depth = 1;
  let begin = at + start[0].length;
  for (let index = begin; index < text.length && work.steps < MOST_STEPS; index += 1) {
    work.steps += 1;
    const character = text[index];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth === 0 || (depth === 1 && character === ',')) {
      values.push(text.slice(begin, index).trim());
      begin = index + 1;
    }
    if (depth === 0) return { values, end: index + 1 };
  }
  return undefined;
}

/** Strings stay; a comment becomes a blank and the line breaks in it, so that lines keep their numbers. */
const withoutComments = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replace(/"(?:\\[^]|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|\/\*(?:[^]*?\*\/|[^]*$)|\/\/[^\n]*/g, (found) => (found.startsWith('/') ? ` ${'\n'.repeat(found.split('\n').length - 1)}` : found));
