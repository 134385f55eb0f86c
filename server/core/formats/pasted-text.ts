/**
 * Lines of text as people paste them: without what terminals (escapes, carriage returns) and mail programs (`> `) put
 * around them. Listings travel through monitors, serial consoles and mailing lists before they reach us.
 */
export interface PastedLine {
  /** Counted from 1. */
  readonly number: number;
  /** The line without what stood around it; no blanks at either end. */
  readonly text: string;
  /** Blanks before `text`, in columns; what stands around a line is no blank. */
  readonly indent: number;
  /** Whether it was quoted as in a mail, where long lines are wrapped. */
  readonly quoted: boolean;
  /** Whether the line was longer than any listing prints, so that `text` is only its beginning. */
  readonly cut: boolean;
}

/** Characters of a line that are looked at; the listings read here stay below 300. */
const LONGEST_LINE = 1024;

/** Control sequences, titles (OSC) and the other two-character escapes of ECMA-48 terminals. */
const ESCAPES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]?|\][^\x07\x1b]*\x07?|[@-_])/g;

const QUOTED = /^(?:[ \t]*[>|])+[ \t]?/;

/** The lines of a text of any length, one after the other. */
export function* pastedLines(text: string): Generator<PastedLine> {
  let number = 0;
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    number += 1;
    yield pastedLine(number, text.slice(start, Math.min(end, start + LONGEST_LINE)), end - start > LONGEST_LINE);
    start = end + 1;
  }
}

function pastedLine(number: number, raw: string, cut: boolean): PastedLine {
  const plain = raw.replace(/[\r\ufeff]/g, '').replace(ESCAPES, '').replaceAll('\t', ' ');
  const prefix = QUOTED.exec(plain)?.[0] ?? '';
  const bare = plain.slice(prefix.length);
  const indent = bare.length - bare.trimStart().length;
  return { number, text: bare.trim(), indent, quoted: prefix !== '', cut };
}

/** A text as mails quote it, without the `> ` before each line. */
export const withoutQuotes = (text: string): string => (/^\s*>/.test(text) ? text.replace(/^[ \t]*(?:>[ \t]?)+/gm, '') : text);

/** Lines that a reader could not make sense of: counted all, kept some, so that none goes in silence. */
export interface StrangeLines {
  readonly kept: { readonly where: string; readonly text: string }[];
  count: number;
}

const MOST_KEPT = 20;

export const noStrangeLines = (): StrangeLines => ({ kept: [], count: 0 });

/** Keeps a line; `where` is `line 3` or the like. */
export function keepStrange(strange: StrangeLines, where: string, text: string): void {
  strange.count += 1;
  if (strange.kept.length < MOST_KEPT) strange.kept.push({ where, text });
}

/** One sentence for each line that was not understood. */
export function tellStrange(strange: StrangeLines): string[] {
  const told = strange.kept.map(({ where, text }) => `${where} was not understood: ${text}`);
  const rest = strange.count - strange.kept.length;
  return rest > 0 ? [...told, `${rest} more lines were not understood`] : told;
}

/** A shell's prompt, with or without a command: `[root@host 14]$ cat …`, `user@host:~# `, `28$ `. */
export const isPrompt = (text: string): boolean =>
  /^(?:\[[^\]]{0,80}\]|\S{0,40}[@:~/]\S{0,40}|sh-[\d.]{1,9}|\d{1,9})? ?[$#%](?: |$)/.test(text);
