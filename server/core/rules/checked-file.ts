import { withText, type World } from '../layout/scope.js';
import type { Document } from '../syntax/document.js';
import { checkFile, type CheckOptions, type CheckResult } from './check.js';

/** A file that has been checked, and what it was checked by. */
export interface CheckedFile {
  readonly path: string;
  readonly world: World;
  readonly options: CheckOptions;
  readonly result: CheckResult;
}

/** Checks a copy of a file with another text. */
export const checkEdited = ({ path, world, options, result }: CheckedFile, document: Document): CheckResult =>
  checkFile(path, withText(world, path, document), options, result);
