import { isLoaded, withText, type World } from '../layout/scope.js';
import { checkFile, type CheckOptions, type CheckResult } from '../rules/check.js';
import type { CheckedFile } from '../rules/checked-file.js';
import { editsInFile, offersFor } from '../rules/offers.js';
import { editDocumentAll, textOfDocument, type Document } from '../syntax/document.js';
import { laidOut } from '../syntax/laid-out.js';
import type { TextEdit } from '../text/text-edit.js';

/** One fix can uncover another; ten rounds are more than any does, and an end if two should undo each other. */
const MOST_ROUNDS = 10;

/** Applies safe fixes until none is offered: the edits, in the offsets of the text as it is; none where nothing is to be mended. */
export function fixAll(path: string, world: World, options: CheckOptions): TextEdit[] {
  const before = world.read(path);
  if (!isLoaded(before)) return [];
  let state = checked(before);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = together(state) ?? one(state);
    if (!next) break;
    state = next;
  }
  return state.document === before ? [] : [difference(textOfDocument(before), textOfDocument(state.document))];

  /** All of them at once, without trying each: nothing if that comes out no better. */
  function together({ document, result }: Attempt): Attempt | undefined {
    const edits = safeEdits(path, document, result);
    const after = edits.length > 0 ? checked(editDocumentAll(document, laidOut(document, edits))) : undefined;
    return after && errorsIn(after) <= errorsIn(state) && after.result.findings.length < result.findings.length ? after : undefined;
  }

  /** The first that comes out better by itself. */
  function one(attempt: Attempt): Attempt | undefined {
    for (const finding of attempt.result.findings) {
      if (!finding.fixes().some(({ safe }) => safe)) continue;
      const offer = offersFor(finding, attempt).find(({ safe }) => safe);
      if (offer) return checked(editDocumentAll(attempt.document, offer.edits));
    }
    return undefined;
  }

  function checked(document: Document): Attempt {
    const changed = withText(world, path, document);
    return { path, document, world: changed, options, result: checkFile(path, changed, options) };
  }
}

/** The file as far as it is mended. */
interface Attempt extends CheckedFile {
  readonly document: Document;
}

/** The first safe fix of each finding, as far as it begins after the one before; the others wait a round. */
function safeEdits(path: string, document: Document, { findings }: CheckResult): TextEdit[] {
  const fixes = findings.flatMap((finding) => {
    const fix = finding.fixes().find(({ safe }) => safe);
    const edits = fix ? editsInFile(fix, path, document) : [];
    return edits.length > 0 ? [edits] : [];
  });
  let end = -1;
  return fixes.filter((edits) => {
    const isApart = Math.min(...edits.map((edit) => edit.start)) > end;
    if (isApart) end = Math.max(...edits.map((edit) => edit.end));
    return isApart;
  }).flat();
}

const errorsIn = ({ result }: Attempt): number => result.findings.filter(({ level }) => level === 'error').length;

/** One replacement that makes one text of the other, without what both begin and end with. */
function difference(before: string, after: string): TextEdit {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let tail = 0;
  while (tail < most - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { start, end: before.length - tail, newText: after.slice(start, after.length - tail) };
}
