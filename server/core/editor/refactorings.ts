import { REGION_KEYWORDS } from '../syntax/vocabulary.js';
import type { Element } from '../layout/elements.js';
import { spanOfPlace, type PlacedEdit } from '../layout/place.js';
import type { CheckOptions } from '../rules/check.js';
import type { CheckedVm } from '../rules/parts.js';
import { textOfDocument, type Document } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import type { Span } from '../text/span.js';
import type { TextEdit } from '../text/text-edit.js';
import { extractConstant, inlineConstant } from './constants.js';
import { cursorAt, type Cursor } from './cursor.js';
import type { EditorFile } from './editor-file.js';
import { extractHost } from './extract-host.js';
import { tried, type Candidate, type Refactoring } from './refactoring.js';
import type { TextFile } from './references.js';
import { extentRewrites } from './rewrite-extent.js';
import { sortedRegions } from './sort-regions.js';
import { splitsAtAddress, splitsOf } from './split-region.js';
import { contextOf, surroundingsOf, type Surroundings } from './surroundings.js';

export type RefactoringKind = Refactoring['kind'];

/** What a request for refactorings is about. */
export interface RefactoringRequest {
  readonly file: EditorFile;
  /** What is selected; empty at a cursor. */
  readonly selection: Span;
  readonly options: CheckOptions;
  /** Texts in which a constant may be used besides. */
  readonly files: readonly TextFile[];
}

/** Changes of the text at a place that leave the layout as it is, of some kinds. Each was tried on a copy. */
export function refactoringsAt({ file, selection, options, files }: RefactoringRequest, wants: (kind: RefactoringKind) => boolean): Refactoring[] {
  const cursor = cursorAt(file.document, selection.start);
  if (!cursor) return [];
  const candidates: (readonly Candidate[])[] = [
    ...(wants('refactor.rewrite') ? rewrites(file, cursor) : []),
    ...(wants('refactor.extract') ? [extractions(file, withoutBlanks(selection, file.document)), hostFiles(file, cursor)] : []),
    ...(wants('refactor.inline') ? [inlineConstant(file, selection.start, files).map(({ name, edits }) => pure(`Inline \`${name}\``, 'refactor.inline', edits))] : []),
  ];
  // Of several ways to do the same, the first that works.
  return candidates.flatMap((ways) => firstOf(ways, (way) => tried(way, file, options)));
}

/** What is selected, without the blanks at its ends; a selection of blanks as it is. */
function withoutBlanks({ start, end }: Span, document: Document): Span {
  const text = start < end ? textOfDocument(document).slice(start, end) : '';
  return text.trim() === '' ? { start, end } : { start: end - text.trimStart().length, end: start + text.trimEnd().length };
}

function firstOf<Way, Result>(ways: readonly Way[], attempt: (way: Way) => Result[]): Result[] {
  for (const way of ways) {
    const results = attempt(way);
    if (results.length > 0) return results.slice(0, 1);
  }
  return [];
}

const pure = (title: string, kind: RefactoringKind, edits: readonly TextEdit[]): Candidate => ({ title, kind, edits, keeps: 'everything' });

function extractions(file: EditorFile, selection: Span): Candidate[] {
  const cursor = cursorAt(file.document, selection.start);
  const constants = cursor ? extractConstant(file, cursor, selection) : [];
  return constants.map(({ name, edits }) => pure(`Extract constant \`${name}\``, 'refactor.extract', edits));
}

const hostFiles = (file: EditorFile, cursor: Cursor): Candidate[] =>
  extractHost(file, cursor).map(({ name, newFile, edits }) => ({ ...pure(`Move host \`${name}\` to \`${name}.vmlayout\``, 'refactor.extract', edits), newFile }));

/** Ways to write the same otherwise; each by itself. */
function rewrites(file: EditorFile, cursor: Cursor): (readonly Candidate[])[] {
  const around = surroundingsOf(file.path, file.world, cursor.item, cursor.nodes);
  const declaration = cursor.nodes.findLast((node): node is Declaration => node.kind === 'declaration');
  const element = around.element;
  if (!element || !declaration || element.origin.declaration !== declaration) return [];
  const inFile = (edits: readonly PlacedEdit[]): TextEdit[] => edits.flatMap((edit) => inDocumentOf(edit, file));
  const checked = checkedOf(element, file);
  return [
    ...extentRewrites(element, around.evaluator).map(({ form, edits }) => [pure(`Write the end of \`${element.name}\` ${FORMS[form]}`, 'refactor.rewrite', inFile(edits))]),
    ...splits(element, cursor, around, checked).map(({ title, edits }): Candidate[] => [{ title, kind: 'refactor.rewrite', edits: inFile(edits), keeps: 'bytes' }]),
    ...(element.keyword === 'vm' && checked ? [sorts(checked, inFile)] : []),
  ];
}

const FORMS = { size: 'as a size', '..': 'half-open, with `..`', '..=': 'as the last byte, with `..=`' } as const;

/** Plain, or with the offsets that the order of the text stood for. */
const sorts = ({ vm }: CheckedVm, inFile: (edits: readonly PlacedEdit[]) => TextEdit[]): Candidate[] =>
  [false, true].map((offsets) => inFile(sortedRegions(vm, offsets))).filter((edits) => edits.length > 0).map((edits) => pure(`Sort the regions of \`${vm.name}\` by address`, 'refactor.rewrite', edits));

const PIECES: ReadonlySet<string> = new Set(['ram', 'rom', 'map']);

/** Of RAM and maps at their own line; at an address that is written elsewhere in the vm, of what holds it. */
function splits(element: Element, cursor: Cursor, around: Surroundings, checked: CheckedVm | undefined): ReturnType<typeof splitsOf> {
  if (!checked) return [];
  if (PIECES.has(element.keyword)) return splitsOf(element, checked);
  const leaf = cursor.nodes.at(-1);
  if (!REGION_KEYWORDS.has(element.keyword) || leaf?.kind !== 'integer') return [];
  const value = around.evaluator.evaluate(leaf, contextOf(around));
  return value.type === 'quantity' ? splitsAtAddress(value.value, checked) : [];
}

/** The vm that an element belongs to, on the first of its hosts. */
function checkedOf(element: Element, { result }: EditorFile): CheckedVm | undefined {
  let top = element;
  while (top.parent) top = top.parent;
  return result.vms.find(({ vm }) => vm.element.origin.declaration === top.origin.declaration);
}

function inDocumentOf(edit: PlacedEdit, { document }: EditorFile): TextEdit[] {
  const span = spanOfPlace(document, edit);
  return span ? [{ ...span, newText: edit.newText }] : [];
}
