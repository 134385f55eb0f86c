import {
  DiagnosticSeverity, DiagnosticTag, SymbolKind, SymbolTag, type CallHierarchyItem, type CodeAction, type CreateFile, type DefinitionLink, type Diagnostic, type DocumentSymbol, type FoldingRange, type Hover, type Location, type MarkupKind,
  type Position, type Range, type SelectionRange, type SignatureHelp, type SymbolInformation, type TextDocumentEdit, type TextEdit,
} from 'vscode-languageserver';
import {
  indexOfItem, itemIndexAt, LineIndex, type Document, type Finding, type Fold, type Hover as CoreHover, type Item, type Level, type Offer, type OutlineSymbol,
  type Place, type Signature, type Span, type TextEdit as CoreEdit,
} from '../core/index.js';
import { markupOf, type Abilities } from './abilities.js';

/**
 * The only file that knows lines and characters: inside there are offsets. A document knows on which line each of its
 * items begins, so that a position costs a look at its own item and not at the text above.
 */

/** The offset of a position; a character past its line's end is that end, before the line break. */
export function offsetAt(document: Document, { line, character }: Position): number {
  // A position before the beginning of the text or of its line is that beginning.
  if (line < 0) return 0;
  return offsetIn(document, { line, character: Math.max(0, character) });
}

function offsetIn(document: Document, position: Position): number {
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
  const index = indexOfItem(document, place.item);
  return index === undefined ? undefined : { start: positionInItem(document, index, place.start), end: positionInItem(document, index, place.end) };
}

/** The span of a range, in the whole document. */
export const spanOf = (document: Document, range: Range): Span => ({ start: offsetAt(document, range.start), end: offsetAt(document, range.end) });

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

const SEVERITY: Readonly<Record<Level, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  note: DiagnosticSeverity.Information,
};
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
    ...(finding.unused && context.tags && { tags: [DiagnosticTag.Unnecessary] }),
    ...(related.length > 0 && { relatedInformation: related }),
  };
}

const relatedTo = (message: string, location: ReturnType<DiagnosticContext['locate']>) => (location ? [{ location, message }] : []);

/** A remark of the server itself, about a file as a whole or from an item on. */
export const remark = (message: string, range: Range = START): Diagnostic => ({ range, severity: SEVERITY.note, source: 'vmlayout', message });

/** What is wrong in a file that configures the checks. */
export const problemDiagnostic = (document: Document, problem: Span & { readonly message: string }): Diagnostic => ({
  range: rangeOf(document, problem),
  severity: SEVERITY.error,
  source: 'vmlayout',
  message: problem.message,
});

/** What is before the first letter of the line that an offset is in. */
export function indentAt(document: Document, offset: number): string {
  const index = itemIndexAt(document, offset);
  const before = (document.items[index]?.text ?? '').slice(0, offset - (document.starts[index] ?? 0));
  return /^[ \t]*/.exec(before.slice(before.lastIndexOf('\n') + 1))?.[0] ?? '';
}

/** Edits of one version of a document. */
export const documentEdit = (uri: string, version: number | null, document: Document, edits: readonly CoreEdit[]): TextDocumentEdit => ({
  textDocument: { uri, version },
  edits: edits.map((edit) => textEditOf(document, edit)),
});

/** Makes a file that isn't there yet, with its text. */
export const newFileEdits = (uri: string, text: string): (CreateFile | TextDocumentEdit)[] => [
  { kind: 'create', uri, options: { overwrite: false, ignoreIfExists: false } },
  { textDocument: { uri, version: null }, edits: [{ range: START, newText: text }] },
];

export const textEditOf = (document: Document, edit: CoreEdit): TextEdit => ({ range: rangeOf(document, edit), newText: edit.newText });

export function codeActionOf({ title, preferred }: Offer, diagnostic: Diagnostic, edit: TextDocumentEdit): CodeAction {
  return { title, kind: 'quickfix', diagnostics: [diagnostic], ...(preferred && { isPreferred: true }), edit: { documentChanges: [edit] } };
}

export const hoverOf = (document: Document, hover: CoreHover, markup: MarkupKind): Hover => ({
  range: rangeOf(document, hover),
  contents: markupOf(markup, hover.paragraphs.join('\n\n')),
});

export const signatureHelpOf = ({ label, about, parameters, active }: Signature, { signatureMarkup, parameterSpans }: Abilities): SignatureHelp => ({
  signatures: [{
    label,
    ...(about !== '' && { documentation: markupOf(signatureMarkup, about) }),
    parameters: parameters.map(({ start, end }) => ({ label: parameterSpans ? [start, end] : label.slice(start, end) })),
  }],
  activeSignature: 0,
  // One past the last where the cursor is at an argument too many: none is highlighted.
  activeParameter: active ?? parameters.length,
});

export const startOfFile = (uri: string): Location => ({ uri, range: START });

export const definitionLinkOf = (document: Document, from: Span, { uri, range }: Location): DefinitionLink => ({
  originSelectionRange: rangeOf(document, from),
  targetUri: uri,
  targetRange: range,
  targetSelectionRange: range,
});

const SYMBOL_KIND: ReadonlyMap<string, SymbolKind> = new Map<string, SymbolKind>([
  ['const', SymbolKind.Constant],
  ['host', SymbolKind.Module],
  ['vm', SymbolKind.Class],
  ['policy', SymbolKind.Interface],
  ['iommu', SymbolKind.Method],
  ['group', SymbolKind.Namespace],
  ['device', SymbolKind.Object],
  ['viommu', SymbolKind.Method],
  ['map', SymbolKind.Event],
  ['assign', SymbolKind.Event],
]);

export const symbolKindOf = (keyword: string): SymbolKind => SYMBOL_KIND.get(keyword) ?? SymbolKind.Field;

export const callItemOf = (name: string, keyword: string, { uri, range }: Location, selectionRange: Range): CallHierarchyItem => ({ name, detail: keyword, kind: symbolKindOf(keyword), uri, range, selectionRange });

/** The stretches around a position, each in the next; the position itself where nothing stands. */
export function selectionRangeOf(document: Document, offset: number, spans: readonly Span[]): SelectionRange {
  const around = [...spans].reverse().reduce<SelectionRange | undefined>((parent, span) => ({ range: rangeOf(document, span), ...(parent && { parent }) }), undefined);
  return around ?? { range: rangeOf(document, { start: offset, end: offset }) };
}

export const tagsOf = ({ deprecated }: { readonly deprecated: boolean }, takesTags: boolean): { tags?: SymbolTag[] } => (deprecated && takesTags ? { tags: [SymbolTag.Deprecated] } : {});

export const documentSymbolOf = (document: Document, symbol: OutlineSymbol, takesTags: boolean): DocumentSymbol => ({
  name: symbol.name,
  detail: symbol.detail,
  kind: symbolKindOf(symbol.keyword),
  ...tagsOf(symbol, takesTags),
  range: rangeOf(document, symbol.whole),
  selectionRange: rangeOf(document, symbol.nameSpan),
  children: symbol.children.map((child) => documentSymbolOf(document, child, takesTags)),
});

/** A symbol and those in it, for a client that takes a list only. */
export const listedSymbols = (file: { readonly uri: string; readonly document: Document }, symbol: OutlineSymbol, takesTags: boolean, container?: string): SymbolInformation[] => [
  {
    name: symbol.name,
    kind: symbolKindOf(symbol.keyword),
    ...tagsOf(symbol, takesTags),
    location: { uri: file.uri, range: rangeOf(file.document, symbol.whole) },
    ...(container !== undefined && { containerName: container }),
  },
  ...symbol.children.flatMap((child) => listedSymbols(file, child, takesTags, symbol.name)),
];

/** The line with the closing brace stays; nothing where no line is left to fold away. */
export function foldingRangeOf(document: Document, fold: Fold): FoldingRange | undefined {
  const { start, end } = rangeOf(document, fold);
  const endLine = fold.kind === 'block' ? end.line - 1 : end.line;
  if (endLine <= start.line) return undefined;
  return { startLine: start.line, endLine, ...(fold.kind !== 'block' && { kind: fold.kind }) };
}

/** The position of an offset that counts in the whole document. */
export function positionAt(document: Document, offset: number): Position {
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
