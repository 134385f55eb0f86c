import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Loaded } from './bytes.js';
import { Files, inWords, readInput, STANDARD_INPUT, tidyName } from './files.js';
import { Misuse, type Session } from './session.js';

/** What commands call the file that an operand names: `-` is standard input. */
export const nameOf = (operand: string): string => (operand === '-' ? STANDARD_INPUT : tidyName(operand));

/** The text behind a name, or why there is none. */
export const readText = async (name: string, session: Session, files = new Files(session.folder)): Promise<Loaded> =>
  name === STANDARD_INPUT ? readInput(session.input()) : files.read(name);

/** Stores a text in the place of a file. */
export function store(name: string, text: string, session: Session): void {
  try {
    writeFileSync(path.resolve(session.folder, name), text);
  } catch (error) {
    throw new Misuse(`${name}: ${inWords(error, 'written')}`);
  }
}
