import { resolveBeside } from '../layout/scope.js';
import { writeText } from '../layout/written.js';
import type { TextEdit } from '../text/text-edit.js';
import { relativeTo } from './import-paths.js';
import { linksIn } from './links.js';
import type { TextFile } from './references.js';

/** A file or a folder that gets another path; a folder without a slash at its end. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** Edits of one file; offsets count in its document. */
export interface FileEdits {
  readonly file: TextFile;
  readonly edits: readonly TextEdit[];
}

/** What keeps every import leading to the same text, once files are moved: of what is moved, and in what is moved itself. */
export function importsAfter(moves: readonly Move[], files: readonly TextFile[]): FileEdits[] {
  return files.flatMap((file) => {
    const here = movedPath(file.path, moves);
    const edits = linksIn(file.document, file.path).flatMap((link): TextEdit[] => {
      const target = movedPath(link.path, moves);
      if (target.startsWith('std:') || resolveBeside(here, link.written) === target) return [];
      const path = relativeTo(here, target);
      return path === undefined ? [] : [{ start: link.start, end: link.end, newText: writeText(leadingAs(link.written, path)).slice(1, -1) }];
    });
    return edits.length > 0 ? [{ file, edits }] : [];
  });
}

function movedPath(path: string, moves: readonly Move[]): string {
  const move = moves.find(({ from }) => path === from || path.startsWith(`${from}/`));
  return move ? move.to + path.slice(move.from.length) : path;
}

/** `./` stays where it was written. */
const leadingAs = (before: string, path: string): string => (before.startsWith('./') && !path.startsWith('../') ? `./${path}` : path);
