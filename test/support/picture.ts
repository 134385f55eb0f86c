import { LineIndex } from '../../server/core/text/line-index.js';

/**
 * Texts with the expectation drawn under the code: a line of blanks, carets and a message stands under the source line
 * it is about, and is removed before parsing. `--- name.vmlayout` on a line of its own starts another file.
 */
export interface Picture {
  /** The first file. */
  readonly text: string;
  /** The other files, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** The first file with its carets, as `draw` would draw it. */
  readonly drawn: string;
}

export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

const CARETS = /^[ \t]*\^+(?: .*)?$/;

export function readPicture(picture: string): Picture {
  const [first = '', ...others] = dedent(picture).split(/^--- /m);
  const files = others.map((part) => {
    const lineEnd = part.indexOf('\n');
    return [part.slice(0, lineEnd).trim(), part.slice(lineEnd + 1)] as const;
  });
  return { text: withoutCarets(first), files: new Map(files), drawn: first };
}

/** Draws marks under their lines, in order; a mark that goes over a line's end is cut there. */
export function draw(text: string, marks: readonly Mark[]): string {
  const lines = text.split('\n');
  const index = new LineIndex(text);
  const under = new Map<number, string[]>();
  for (const mark of [...marks].sort((left, right) => left.start - right.start)) {
    const { line, character } = index.positionOf(mark.start);
    const end = Math.min(mark.end, index.startOf(line) + (lines[line]?.length ?? 0));
    const carets = '^'.repeat(Math.max(1, end - mark.start));
    under.set(line, [...(under.get(line) ?? []), `${' '.repeat(character)}${carets} ${mark.label}`]);
  }
  return lines.flatMap((line, number) => [line, ...(under.get(number) ?? [])]).join('\n');
}

/** Takes the indentation that all lines share away, and the blank line that a template literal begins with. */
export function dedent(text: string): string {
  const lines = text.replace(/^\n/, '').replace(/\n[ \t]*$/, '\n').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0);
  const least = indents.length > 0 ? Math.min(...indents) : 0;
  return lines.map((line) => line.slice(Math.min(least, line.length))).join('\n');
}

/** A text with a change drawn as a diff made to it: each piece between `…` replaces the lines it shows as staying or gone, which stand there once. */
export function withChange(text: string, change: string): string {
  const pieces = dedent(change).trimEnd().split(/^…\n/m).map((piece) => piece.replace(/\n$/, '').split('\n'));
  return pieces.reduce((changed, piece) => {
    const linesWith = (signs: string): string => piece.filter((line) => signs.includes(line[0] ?? ' ')).map((line) => `\n${line.slice(2)}`).join('');
    const [before, ...after] = `\n${changed}`.split(`${linesWith(' -')}\n`);
    if (before === undefined || after.length !== 1) throw new Error(`these lines stand in the example ${after.length} times:\n${piece.join('\n')}`);
    return `${before}${linesWith(' +')}\n${after.join('')}`.slice(1);
  }, text);
}

const withoutCarets = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !CARETS.test(line))
    .join('\n');
