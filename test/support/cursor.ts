import assert from 'node:assert/strict';
import {
  checkFile, completionsAt, definitionAt, foldsIn, hoverAt, openDocument, symbolsIn,
  type Document, type EditorFile, type OutlineSymbol, type Suggestion, type World,
} from '../../server/core/index.js';
import { TODAY } from './check.js';
import { dedent } from './picture.js';

/** The only test code that knows the editor's features: `$0` is the cursor, and `--- name.vmlayout` starts another file. */
export interface AtCursor {
  readonly file: EditorFile;
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
  return { ...fileOf(text, new Map(files)), offset };
}

/** A file as the features see it. */
export function fileOf(text: string, files: ReadonlyMap<string, Document> = new Map()): { file: EditorFile; text: string } {
  const document = openDocument(text);
  const world: World = { read: (path) => (path === MAIN ? document : files.get(path) ?? { error: 'there is no such file' }) };
  return { text, file: { path: MAIN, document, world, result: checkFile(MAIN, world, { today: TODAY }) } };
}

/** Compares what is told at the cursor, paragraph by paragraph, under the text that it is about. */
export function checkHover(source: string, expected: string): void {
  const { file, text, offset } = atCursor(source);
  const hover = hoverAt(file, offset);
  const told = hover ? [`[${text.slice(hover.start, hover.end)}]`, ...hover.paragraphs].join('\n') : 'nothing';
  assert.equal(told, dedent(expected).trimEnd());
}

/** The labels that are suggested at the cursor and begin with what is typed. */
export function labelsAt(source: string): string[] {
  return suggestionsAt(source).map(({ label }) => label);
}

export function suggestionsAt(source: string): readonly Suggestion[] {
  const { file, text, offset } = atCursor(source);
  const { start, suggestions } = completionsAt(file, offset);
  const typed = text.slice(start, offset);
  return suggestions.filter(({ label }) => label.startsWith(typed));
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
  const { file, text, offset } = atCursor(source);
  const { start, suggestions } = completionsAt(file, offset);
  const found = suggestions.find((suggestion) => suggestion.label === label);
  assert.ok(found, `no \`${label}\` is suggested`);
  const changed = text.slice(0, start) + (found.insert ?? found.label) + text.slice(offset);
  const lineStart = changed.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = changed.indexOf('\n', start);
  assert.equal(changed.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trim(), expectedLine);
}

/** The definition at the cursor: `path: text of the declared name`, or the path alone for a file. */
export function checkDefinition(source: string, expected: string): void {
  const { file, offset } = atCursor(source);
  const found = definitionAt(file, offset);
  if (!found) return assert.equal('nothing', expected);
  const { place, path } = found;
  const line = place && place.item.text.slice(place.start, place.end);
  const above = place ? place.item.text.slice(0, place.start).split('\n').length : 0;
  assert.equal(place ? `${path}: ${line} (line ${above} of its item)` : path, expected);
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
  definitionAt(file, offset);
  completionsAt(file, offset);
}
