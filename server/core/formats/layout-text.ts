import { escapeControls } from '../layout/written.js';
import { DECLARATIONS, EXPRESSION_WORDS, isName, PROPERTIES, SELECTORS } from '../syntax/vocabulary.js';

/**
 * Writes `.vmlayout` text: addresses, sizes, strings, legal names, and blocks with their comments in a column.
 * The same input gives the same text, byte for byte.
 */

export { writeText } from '../layout/written.js';

/** What a comment may hold: one line, nothing that moves a cursor. */
const writeComment = (text: string): string => `// ${escapeControls(text)}`;

const MOST_LINE_NUMBERS = 8;

/** `line 3`, `lines 3, 4, 9`; of many, the first ones. */
export function writeLineNumbers(numbers: readonly number[]): string {
  const more = numbers.length > MOST_LINE_NUMBERS ? ', …' : '';
  return `${numbers.length === 1 ? 'line' : 'lines'} ${numbers.slice(0, MOST_LINE_NUMBERS).join(', ')}${more}`;
}

/** Words that the language gives a meaning: legal as names, but nobody would want to read `ram ram from size`. */
const SPOKEN_FOR: ReadonlySet<string> = new Set([
  ...Object.keys(DECLARATIONS),
  ...Object.keys(PROPERTIES),
  ...EXPRESSION_WORDS,
  ...SELECTORS,
  ...['base', 'end', 'last', 'host', 'if', 'min', 'max', 'sum', 'true', 'false', 'in', 'is', 'off', 'unlimited'],
]);

const LONGEST_NAME = 64;

/**
 * The legal name nearest to one from elsewhere: `apic-msi` stays, `mach-virt.ram` becomes `mach_virt_ram`. `noun` is
 * what the thing is, for names that have nothing legal in them or already mean something in the language.
 */
export function legalName(text: string, noun: string): string {
  if (SPOKEN_FOR.has(text)) return `${text}_${noun}`;
  if (text.length <= LONGEST_NAME && isName(text)) return text;
  const words = text.slice(0, LONGEST_NAME).replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  if (words === '') return noun;
  return /^[0-9]/.test(words) || SPOKEN_FOR.has(words) ? `${noun}_${words}` : words;
}

/** Gives each thing a name of its own. */
export interface Names {
  /** `wanted` if it is free, else `wanted` with `distinction` (an address, say), else that with a number. */
  take(wanted: string, distinction?: string): string;
}

export function newNames(taken: Iterable<string> = []): Names {
  const used = new Set(taken);
  const next = new Map<string, number>();
  const claim = (name: string): string => {
    used.add(name);
    return name;
  };
  return {
    take(wanted, distinction) {
      if (!used.has(wanted)) return claim(wanted);
      const distinct = distinction === undefined ? wanted : `${wanted}_${distinction}`;
      if (!used.has(distinct)) return claim(distinct);
      let number = next.get(distinct) ?? 2;
      while (used.has(`${distinct}_${number}`)) number += 1;
      next.set(distinct, number + 1);
      return claim(`${distinct}_${number}`);
    },
  };
}

/** One line of a layout, without its indentation. An empty one separates. */
export interface LayoutLine {
  readonly code: string;
  readonly comment?: string;
}

export const codeLine = (code: string, comment?: string): LayoutLine => (comment ? { code, comment } : { code });

/** A line that is all comment. */
export const remark = (comment: string): LayoutLine => ({ code: '', comment });

export const blankLine: LayoutLine = { code: '' };

/** `head { … }` with its lines indented by one more step. */
export const layoutBlock = (head: string, lines: readonly LayoutLine[]): LayoutLine[] => [
  codeLine(`${head} {`),
  ...lines.map((line) => (line.code === '' ? line : { ...line, code: `  ${line.code}` })).map(indentRemark),
  codeLine('}'),
];

const indentRemark = (line: LayoutLine): LayoutLine =>
  line.code === '' && line.comment !== undefined ? { code: '  ', comment: line.comment } : line;

/** Column that comments are pushed to at most; longer lines have theirs right behind. */
const WIDEST_COLUMN = 96;

/**
 * The text of a file: comments stand in one column for each run of lines, and the last line ends. A comment that has no
 * other one to stand under is a blank away, as the formatter has it.
 */
export function writeLines(all: readonly LayoutLine[]): string {
  const lines = all.filter((line, index) => !isBlank(line) || (index > 0 && !isBlank(all[index - 1])));
  const written: string[] = [];
  for (let start = 0; start < lines.length; ) {
    let end = start;
    while (end < lines.length && isAligned(lines[end])) end += 1;
    const run = lines.slice(start, Math.max(end, start + 1));
    const column = columnOf(run);
    for (const line of run) written.push(writeLine(line, column));
    start += run.length;
  }
  return `${written.join('\n')}\n`;
}

const isBlank = (line: LayoutLine | undefined): boolean => line !== undefined && line.comment === undefined && line.code.trim() === '';

/** Whether a line takes part in a column: it has code and a comment behind it, and isn't too long. */
const isAligned = (line: LayoutLine | undefined): boolean =>
  line?.comment !== undefined && line.code.trim() !== '' && line.code.length <= WIDEST_COLUMN;

const columnOf = (run: readonly LayoutLine[]): number =>
  run.length < 2 ? 0 : run.reduce((widest, line) => Math.max(widest, line.code.length), 0) + 1;

function writeLine(line: LayoutLine, column: number): string {
  if (line.comment === undefined) return line.code.trimEnd();
  if (line.code.trim() === '') return `${line.code}${writeComment(line.comment)}`;
  return `${line.code.padEnd(column)} ${writeComment(line.comment)}`;
}
