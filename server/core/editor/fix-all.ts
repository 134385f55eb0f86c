import type { World } from '../layout/scope.js';
import { checkFile, type CheckOptions, type CheckResult } from '../rules/check.js';
import { offersFor } from '../rules/offers.js';
import { editDocumentAll, textOfDocument, type Document } from '../syntax/document.js';
import { meets } from '../text/span.js';
import type { TextEdit } from '../text/text-edit.js';

/** One fix can uncover another; ten rounds are more than any does, and an end if two should undo each other. */
const MOST_ROUNDS = 10;

/** Applies safe fixes until none is offered: the edits, in the offsets of the text as it is; none where nothing is to be mended. */
export function fixAll(path: string, world: World, options: CheckOptions): TextEdit[] {
  const before = world.read(path);
  if (before === 'missing' || 'error' in before) return [];
  let state = checked(before);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fixes = safeFixes(path, state, options);
    const [first] = fixes;
    if (!first) break;
    // Each fix was tried by itself; together they might still make an error.
    const together = checked(editDocumentAll(state.document, fixes.flat()));
    state = errorsIn(together) > errorsIn(state) ? checked(editDocumentAll(state.document, first)) : together;
  }
  return state.document === before ? [] : [difference(textOfDocument(before), textOfDocument(state.document))];

  function checked(document: Document): Checked {
    const changed: World = { read: (asked) => (asked === path ? document : world.read(asked)) };
    return { document, world: changed, result: checkFile(path, changed, options) };
  }
}

interface Checked {
  readonly document: Document;
  readonly world: World;
  readonly result: CheckResult;
}

/** The first safe fix of each finding, as far as they leave each other alone; the others wait a round. */
function safeFixes(path: string, { world, result }: Checked, options: CheckOptions): (readonly TextEdit[])[] {
  const chosen: (readonly TextEdit[])[] = [];
  for (const finding of result.findings) {
    const offer = offersFor(finding, path, world, options, result).find(({ safe }) => safe);
    if (offer && !offer.edits.some((edit) => chosen.some((others) => others.some((other) => meets(edit, other))))) chosen.push(offer.edits);
  }
  return chosen;
}

const errorsIn = ({ result }: Checked): number => result.findings.filter(({ level }) => level === 'error').length;

/** One replacement that makes one text of the other, without what both begin and end with. */
function difference(before: string, after: string): TextEdit {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let tail = 0;
  while (tail < most - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { start, end: before.length - tail, newText: after.slice(start, after.length - tail) };
}
