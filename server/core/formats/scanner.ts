/** A text that is read from its start on; who reads it adds what it collects. */
export interface Scanned {
  readonly text: string;
  /** What is read next, counted from 0. */
  at: number;
}

/** Ends the reading of a text at what can't be read. */
export class ScanError extends Error {
  /** Where in the text, counted from 0. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** What `read` answers, or what `refused` makes of the error that ended it. */
export function scan<Result, Refusal>(read: () => Result, refused: (error: ScanError) => Refusal): Result | Refusal {
  try {
    return read();
  } catch (error) {
    if (error instanceof ScanError) return refused(error);
    throw error;
  }
}

const BLANKS = /\s*/y;

/** Goes on behind white space. Answers with the place. */
export function skipBlanks(scanned: Scanned): number {
  match(scanned, BLANKS);
  return scanned.at;
}

/** Takes a sign, blanks before it, if it is the next. */
export function accept(scanned: Scanned, sign: string): boolean {
  skipBlanks(scanned);
  if (!scanned.text.startsWith(sign, scanned.at)) return false;
  scanned.at += sign.length;
  return true;
}

/** Takes a sign, blanks before it, which must be the next. */
export function expect(scanned: Scanned, sign: string): void {
  if (!accept(scanned, sign)) throw new ScanError(`expected \`${sign}\``, scanned.at);
}

/** Takes what a sticky pattern matches right here. */
export function match(scanned: Scanned, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = scanned.at;
  const found = pattern.exec(scanned.text) ?? undefined;
  if (found) scanned.at += found[0].length;
  return found;
}

/** The same behind blanks. */
export function take(scanned: Scanned, pattern: RegExp): RegExpExecArray | undefined {
  skipBlanks(scanned);
  return match(scanned, pattern);
}
