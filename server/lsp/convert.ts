import type { CodeAction, Diagnostic, DiagnosticSeverity, Position, Range, TextDocumentEdit, TextEdit } from 'vscode-languageserver';
import { itemIndexAt, LineIndex, type Document, type Finding, type Item, type Level, type Offer, type Place, type Span, type TextEdit as CoreEdit } from '../core/index.js';

/**
 * The only file that knows lines and characters: inside there are offsets. A document knows on which line each of its
 * items begins, so that a position costs a look at its own item and not at the text above.
 */

/** The offset of a position; a character past its line's end is that end, before the line break. */
export function offsetAt(document: Document, position: Position): number {
  const index = itemIndexAtLine(document, position.line);
  const item = document.items[index];
  if (!item) return 0;
  const line = position.line - (document.lines[index] ?? 0);
  const offset = linesOf(item).offsetOf({ line, character: position.character });
  const afterReturn = item.text[offset] === '\n' && item.text[offset - 1] === '\r';
  return (document.starts[index] ?? 0) + (afterReturn ? offset - 1 : offset);
}

/** The range of a span whose offsets count in the whole document. */
export const rangeOf = (document: Document, span: Span): Range => ({ start: positionAt(document, span.start), end: positionAt(document, span.end) });

/** The range of a place; nothing where it is in another document, or in an older version of this one. */
export function rangeOfPlace(document: Document, place: Place): Range | undefined {
  const index = indicesOf(document).get(place.item);
  return index === undefined ? undefined : { start: positionInItem(document, index, place.start), end: positionInItem(document, index, place.end) };
}

/** The span of a place in the whole document. */
export function spanOfPlace(document: Document, place: Place): Span | undefined {
  const index = indicesOf(document).get(place.item);
  const base = index === undefined ? undefined : document.starts[index];
  return base === undefined ? undefined : { start: base + place.start, end: base + place.end };
}

/** The span of a range, in the whole document. */
export const spanOf = (document: Document, range: Range): Span => ({ start: offsetAt(document, range.start), end: offsetAt(document, range.end) });

/** A text that is too long to be cut into items: the offset of a position in it. */
export const offsetInText = (text: string, position: Position): number => new LineIndex(text).offsetOf(position);

/** What the client is able to show, and what the server knows of other files. */
export interface DiagnosticContext {
  readonly document: Document;
  /** Where a remark in this or another file is; nothing where the client could not open it. */
  locate(place: Place): { readonly uri: string; readonly range: Range } | undefined;
  /** The page of a rule. */
  readonly pageOf: (rule: string) => string | undefined;
  readonly related: boolean;
  readonly tags: boolean;
}

const SEVERITY: Readonly<Record<Level, DiagnosticSeverity>> = { error: 1, warning: 2, note: 3 };
const UNNECESSARY = 1;
const START: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

export function diagnosticOf(finding: Finding, context: DiagnosticContext): Diagnostic {
  const page = context.pageOf(finding.rule);
  const related = context.related ? finding.notes.flatMap(({ place, message }) => relatedTo(message, context.locate(place))) : [];
  return {
    range: rangeOfPlace(context.document, finding.place) ?? START,
    severity: SEVERITY[finding.level],
    code: finding.rule,
    ...(page !== undefined && { codeDescription: { href: page } }),
    source: 'vmlayout',
    message: finding.message,
    ...(finding.unused && context.tags && { tags: [UNNECESSARY] }),
    ...(related.length > 0 && { relatedInformation: related }),
  };
}

const relatedTo = (message: string, location: ReturnType<DiagnosticContext['locate']>) => (location ? [{ location, message }] : []);

/** A remark of the server itself, about a file as a whole or from an item on. */
export const remark = (message: string, range: Range = START): Diagnostic => ({ range, severity: SEVERITY.note, source: 'vmlayout', message });

/** Edits of one version of a document. */
export const documentEdit = (uri: string, version: number, document: Document, edits: readonly CoreEdit[]): TextDocumentEdit => ({
  textDocument: { uri, version },
  edits: edits.map((edit) => textEditOf(document, edit)),
});

export const textEditOf = (document: Document, edit: CoreEdit): TextEdit => ({ range: rangeOf(document, edit), newText: edit.newText });

export function codeActionOf(offer: Offer, preferred: boolean, diagnostic: Diagnostic, edit: TextDocumentEdit): CodeAction {
  return { title: offer.title, kind: 'quickfix', diagnostics: [diagnostic], ...(preferred && { isPreferred: true }), edit: { documentChanges: [edit] } };
}

function positionAt(document: Document, offset: number): Position {
  const index = itemIndexAt(document, offset);
  return positionInItem(document, index, offset - (document.starts[index] ?? 0));
}

function positionInItem(document: Document, index: number, offset: number): Position {
  const item = document.items[index];
  if (!item) return START.start;
  const { line, character } = linesOf(item).positionOf(offset);
  return { line: (document.lines[index] ?? 0) + line, character };
}

const lineIndices = new WeakMap<Item, LineIndex>();

/** Lines of an item, counted once: the items that a key leaves alone keep theirs. */
function linesOf(item: Item): LineIndex {
  let lines = lineIndices.get(item);
  if (!lines) {
    lines = new LineIndex(item.text);
    lineIndices.set(item, lines);
  }
  return lines;
}

const itemIndices = new WeakMap<Document, ReadonlyMap<Item, number>>();

function indicesOf(document: Document): ReadonlyMap<Item, number> {
  let indices = itemIndices.get(document);
  if (!indices) {
    indices = new Map(document.items.map((item, index) => [item, index]));
    itemIndices.set(document, indices);
  }
  return indices;
}

/** Index of the item that a line falls in. */
function itemIndexAtLine({ lines, items }: Document, line: number): number {
  let low = 0;
  let high = Math.max(0, items.length - 1);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] ?? 0) <= line) low = middle;
    else high = middle - 1;
  }
  return low;
}
