import assert from 'node:assert/strict';
import {
  allOccurrencesOf, applyEdits, checkFile, codeLensesIn, completionsAt, definitionsAt, foldsIn, HINT_KINDS, hoverAt, inlayHintsIn, linkedAt, openDocument, rename, signatureAt, symbolsIn, targetAt, textOfDocument,
  type CompletionContext, type Document, type EditorFile, type Occurrence, type OutlineSymbol, type Suggestion, type TextFile, type World,
} from '../../server/core/index.js';
import { TODAY } from './check.js';
import { dedent } from './picture.js';

/** The only test code that knows the editor's features: `$0` is the cursor, and `--- name.vmlayout` starts another file. */
export interface AtCursor {
  readonly file: EditorFile;
  /** The file itself and those beside it. */
  readonly files: readonly TextFile[];
  readonly text: string;
  readonly offset: number;
}

export const MAIN = 'main.vmlayout';

export function atCursor(source: string): AtCursor {
  const [first = '', ...others] = dedent(source).split(/^--- /m);
  const offset = first.indexOf('$0');
  assert.ok(offset >= 0, 'there is no $0 in the text');
  const files = others.map((part): [string, Document] => [part.slice(0, part.indexOf('\n')).trim(), openDocument(part.slice(part.indexOf('\n') + 1))]);
  const text = first.replace('$0', '');
  const main = fileOf(text, new Map(files));
  return { ...main, files: [main.file, ...files.map(([path, document]) => ({ path, document }))], offset };
}

/** A file as the features see it. */
export function fileOf(text: string, files: ReadonlyMap<string, Document> = new Map()): { file: EditorFile; text: string } {
  const document = openDocument(text);
  const world: World = { read: (path) => (path === MAIN ? document : files.get(path) ?? { error: 'there is no such file' }) };
  return { text, file: { path: MAIN, document, world, result: checkFile(MAIN, world, { today: TODAY }) } };
}

/** Compares where the name at the cursor stands: `‹…›` around each, `«…»` around the declaration. Other files follow after `---`. */
export function checkOccurrences(source: string, expected: string): void {
  const { file, files, offset } = atCursor(source);
  const found = targetAt(file, offset);
  assert.equal(marked(files, found ? allOccurrencesOf(found.target, files, file.world) : []), dedent(expected));
}

/** Compares what changes together while the name at the cursor is typed over, in the same way. */
export function checkLinked(source: string, expected: string): void {
  const { file, files, offset } = atCursor(source);
  assert.equal(marked(files, linkedAt(file, offset, files)), dedent(expected));
}

function marked(files: readonly TextFile[], places: readonly Occurrence[]): string {
  return files.map(({ path, document }) => {
    const spans = places.filter((place) => place.path === path).map(({ item, start, end, declares }) => ({ start: startOf(document, item) + start, end: startOf(document, item) + end, declares }));
    return `${path === MAIN ? '' : `--- ${path}\n`}${spans.sort((left, right) => right.start - left.start).reduce((text, { start, end, declares }) => `${text.slice(0, start)}${declares ? '«' : '‹'}${text.slice(start, end)}${declares ? '»' : '›'}${text.slice(end)}`, textOfDocument(document))}`;
  }).join('');
}

export const startOf = (document: Document, item: Document['items'][number]): number => document.starts[document.items.indexOf(item)] ?? 0;

/** Compares the texts after the name at the cursor got another one; or why it can’t get it. */
export function checkRename(source: string, newName: string, expected: string): void {
  const { file, files, offset } = atCursor(source);
  const found = targetAt(file, offset);
  assert.ok(found, 'nothing at the cursor has a name');
  const renaming = rename(found.target, newName, files, file.world, { today: TODAY });
  if ('refused' in renaming) {
    assert.equal(renaming.refused, expected);
    return;
  }
  const texts = files.map(({ path, document }) => {
    const edits = renaming.edits.filter((edit) => edit.path === path).map(({ item, start, end, newText }) => ({ start: startOf(document, item) + start, end: startOf(document, item) + end, newText }));
    return `${path === MAIN ? '' : `--- ${path}\n`}${applyEdits(textOfDocument(document), edits)}`;
  });
  assert.equal(texts.join(''), dedent(expected));
}

/** Compares what is told at the cursor, paragraph by paragraph, under the text that it is about. */
export function checkHover(source: string, expected: string): void {
  const { file, text, offset } = atCursor(source);
  const hover = hoverAt(file, offset);
  const told = hover ? [`[${text.slice(hover.start, hover.end)}]`, ...hover.paragraphs].join('\n') : 'nothing';
  assert.equal(told, dedent(expected).trimEnd());
}

/** The labels that are suggested at the cursor and begin with what is typed; with a `trigger`, when that was typed. */
export function labelsAt(source: string, trigger?: string): string[] {
  return suggestionsAt(source, trigger).map(({ label }) => label);
}

export function suggestionsAt(source: string, trigger?: string): readonly Suggestion[] {
  const { file, files, text, offset } = atCursor(source);
  const { start, suggestions } = completionsAt(file, offset, { ...contextOf(files), trigger });
  const typed = text.slice(start, offset);
  return suggestions.filter(({ label }) => label.startsWith(typed));
}

const contextOf = (files: readonly TextFile[]): CompletionContext => ({ layouts: files.map(({ path }) => path), today: TODAY });

/** What is told of the suggestion of this label, its line and its paragraphs, once it is looked at. */
export function checkExplained(source: string, label: string, expected: string): void {
  const found = suggestionsAt(source).find((suggestion) => suggestion.label === label);
  assert.ok(found, `no \`${label}\` is suggested`);
  const { detail, about } = found.explain?.(atCursor(source).file) ?? {};
  assert.equal([detail, about].filter((part) => part !== undefined && part !== '').join('\n'), dedent(expected).trimEnd());
}

/** These labels are suggested, in this order among each other. */
export function checkSuggested(source: string, ...expected: readonly string[]): void {
  const labels = labelsAt(source);
  assert.deepEqual(labels.filter((label) => expected.includes(label)), expected, `among ${labels.join(', ')}`);
}

export function checkNotSuggested(source: string, ...unwanted: readonly string[]): void {
  const labels = labelsAt(source);
  assert.deepEqual(labels.filter((label) => unwanted.includes(label)), [], `among ${labels.join(', ')}`);
}

/** Exactly these, in this order. */
export function checkAllSuggested(source: string, ...expected: readonly string[]): void {
  assert.deepEqual(labelsAt(source), expected);
}

/** Applies the suggestion of this label and compares the line; places to fill in stand as they are. */
export function checkApplied(source: string, label: string, expectedLine: string): void {
  const { file, files, text, offset } = atCursor(source);
  const { start, suggestions } = completionsAt(file, offset, contextOf(files));
  const found = suggestions.find((suggestion) => suggestion.label === label);
  assert.ok(found, `no \`${label}\` is suggested`);
  const changed = text.slice(0, start) + (found.insert ?? found.label) + text.slice(offset);
  const lineStart = changed.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = changed.indexOf('\n', start);
  assert.equal(changed.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trim(), expectedLine);
}

/** The definitions at the cursor: `path: text of the declared name`, or the path alone for a file. */
export function checkDefinition(source: string, ...expected: readonly string[]): void {
  const { file, files, offset } = atCursor(source);
  const found = definitionsAt({ ...file, files }, offset).map(({ place, path }) => {
    const line = place && place.item.text.slice(place.start, place.end);
    const above = place ? place.item.text.slice(0, place.start).split('\n').length : 0;
    return place ? `${path}: ${line} (line ${above} of its item)` : path;
  });
  assert.deepEqual(found, expected);
}

/** The outline, indented, one symbol a line. */
export function outlineOf(source: string): string {
  const { file } = fileOf(dedent(source));
  const lines = (symbols: readonly OutlineSymbol[], indent: string): string[] =>
    symbols.flatMap(({ name, detail, children }) => [`${indent}${name}  ${detail}`, ...lines(children, `${indent}  `)]);
  return lines(symbolsIn(file.document), '').join('\n');
}

/** What can be folded: `first line … last line`. */
export function foldsOf(source: string): string[] {
  const { file, text } = fileOf(dedent(source));
  const line = (offset: number): string => text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n')[0]?.trim() ?? '';
  return foldsIn(file.document).map(({ start, end, kind }) => `${kind}: ${line(start)} … ${line(end - 1)}`);
}

/** Asks every feature at an offset: none may fail. */
export function askEverything(file: EditorFile, offset: number): void {
  hoverAt(file, offset);
  definitionsAt(file, offset);
  completionsAt(file, offset);
  signatureAt(file.document, offset);
  for (const hint of inlayHintsIn(file, { start: offset, end: offset + 100 }, new Set(HINT_KINDS))) hint.tooltip();
  codeLensesIn(file, []);
}
