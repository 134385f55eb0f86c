import type { LineError } from './import-result.js';

/**
 * Splits a command line into its words as a POSIX shell does (XCU 2.2, 2.3): quotes, backslashes, lines that go on
 * after `\`, comments. Nothing is expanded: `$RAM` stays as it is written, and who needs its value has to say so.
 * A text with NUL in it is `/proc/PID/cmdline`, where the words are told apart by NUL and nothing is quoted.
 */
export interface ShellWord {
  readonly text: string;
  /** Line on which it begins, counted from 1. */
  readonly line: number;
}

/** The commands of a text: each ends with its line, at `;`, `&`, `|` and parentheses. What is redirected is left out. */
export function shellCommands(text: string): ShellWord[][] | { readonly errors: readonly LineError[] } {
  if (text.includes('\0')) return [text.split('\0').filter((word) => word !== '').map((word) => ({ text: word, line: 1 }))];
  const reading: Reading = { commands: [[]], line: 1, word: undefined, wordLine: 1, redirected: false };
  for (let position = 0; position < text.length; ) {
    const next = step(text, position, reading);
    if (typeof next !== 'number') return { errors: [next] };
    position = next;
  }
  endWord(reading);
  return reading.commands.filter((command) => command.length > 0);
}

interface Reading {
  readonly commands: ShellWord[][];
  line: number;
  /** What is read of the word so far; nothing between words. */
  word: string | undefined;
  wordLine: number;
  /** Whether the next word names where output goes to. */
  redirected: boolean;
}

/** Reads one character or one pair of quotes; gives the position behind it. */
function step(text: string, position: number, reading: Reading): number | LineError {
  const character = text[position] ?? '';
  switch (character) {
    case '\\':
      return escaped(text, position + 1, reading);
    case "'":
    case '"':
      return quoted(text, position, character, reading);
    case '\n':
      endCommand(reading);
      reading.line += 1;
      return position + 1;
    case ' ':
    case '\t':
    case '\r':
      endWord(reading);
      return position + 1;
    case ';':
    case '&':
    case '|':
    case '(':
    case ')':
      endCommand(reading);
      return position + 1;
    case '<':
    case '>':
      return redirection(text, position, reading);
    case '#':
      return reading.word === undefined ? endOfLine(text, position) : add(character, reading, position + 1);
    default:
      return add(character, reading, position + 1);
  }
}

function add(characters: string, reading: Reading, next: number): number {
  if (reading.word === undefined) reading.wordLine = reading.line;
  reading.word = (reading.word ?? '') + characters;
  return next;
}

/** A backslash before a line break joins the lines; blanks after it are what copying adds. */
function escaped(text: string, position: number, reading: Reading): number {
  const blanks = /^[ \t\r]*\n/.exec(text.slice(position, position + 256))?.[0];
  if (blanks === undefined) return add(text[position] ?? '', reading, position + 1);
  reading.line += 1;
  return position + blanks.length;
}

function quoted(text: string, start: number, quote: string, reading: Reading): number | LineError {
  const line = reading.line;
  add('', reading, start);
  for (let position = start + 1; position < text.length; position++) {
    const character = text[position] ?? '';
    if (character === quote) return position + 1;
    if (character === '\n') reading.line += 1;
    const next = text[position + 1] ?? '';
    if (quote === '"' && character === '\\' && '"\\$`\n'.includes(next) && next !== '') {
      if (next !== '\n') add(next, reading, position);
      else reading.line += 1;
      position += 1;
    } else {
      add(character, reading, position);
    }
  }
  return { line, message: `a quote ${quote} is opened here and not closed` };
}

/** `2> file`: neither the number nor the file is a word of the command. */
function redirection(text: string, position: number, reading: Reading): number {
  if (/^\d+$/.test(reading.word ?? '')) reading.word = undefined;
  endWord(reading);
  reading.redirected = true;
  const rest = /^[<>]+(?:&\S*)?/.exec(text.slice(position, position + 64))?.[0] ?? '>';
  if (rest.includes('&')) reading.redirected = false;
  return position + rest.length;
}

const endOfLine = (text: string, position: number): number => {
  const newline = text.indexOf('\n', position);
  return newline < 0 ? text.length : newline;
};

function endWord(reading: Reading): void {
  if (reading.word === undefined) return;
  if (!reading.redirected) reading.commands.at(-1)?.push({ text: reading.word, line: reading.wordLine });
  reading.word = undefined;
  reading.redirected = false;
}

function endCommand(reading: Reading): void {
  endWord(reading);
  reading.redirected = false;
  if (reading.commands.at(-1)?.length !== 0) reading.commands.push([]);
}
