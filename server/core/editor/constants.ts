import { isExpression } from '../layout/elements.js';
import { spanOfPlace } from '../layout/place.js';
import { indexOfItem, textOfDocument, treeOf, type Document } from '../syntax/document.js';
import type { AnyNode, Declaration, Expression, Property } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { pathTo, walk } from '../syntax/walk.js';
import type { Span } from '../text/span.js';
import type { TextEdit } from '../text/text-edit.js';
import { inDocument, type Cursor } from './cursor.js';
import type { EditorFile } from './editor-file.js';
import { namesakesOf } from './namesakes.js';
import { occurrencesOf, targetAt, type Occurrence, type TextFile } from './references.js';
import { surroundingsOf } from './surroundings.js';

/** Gives a value a name, and takes it away again. */

export interface NamedValue {
  readonly name: string;
  readonly edits: readonly TextEdit[];
}

/** A constant for the expression that is selected, or for the number at the cursor. Where it may be known everywhere it stands at the top, otherwise in its vm or host. */
export function extractConstant(file: EditorFile, cursor: Cursor, selection: Span): NamedValue[] {
  const { item, nodes } = cursor;
  const node = selectedExpression(cursor, selection);
  const owner = nodes.find((candidate): candidate is Declaration => candidate.kind === 'declaration');
  if (!node || !owner || owner.keyword.text === 'policy' || nodes.some((one) => one.kind === 'declaration' && one.keyword.text === 'const')) return [];
  const name = freshConstant(wantedName(nodes), file, cursor);
  const text = item.text.slice(node.start, node.end);
  const isLocal = [...walk(node)].some(({ kind }) => kind === 'reference');
  const at = isLocal ? insideOf(owner, cursor) : aboveOf(cursor.base + owner.start, textOfDocument(file.document));
  if (!at) return [];
  const line = { start: at.offset, end: at.offset, newText: `const ${name} = ${text}${at.after}` };
  return [{ name, edits: [line, { ...inDocument(cursor, node), newText: name }] }];
}

function selectedExpression({ nodes, base }: Cursor, selection: Span): Expression | undefined {
  const leaf = nodes.at(-1);
  if (selection.start === selection.end) return leaf?.kind === 'integer' ? leaf : undefined;
  const [start, end] = [selection.start - base, selection.end - base];
  return nodes.findLast((node): node is Expression => isExpression(node) && node.start === start && node.end === end && ['integer', 'binary', 'call', 'group', 'unary'].includes(node.kind));
}

/** `LOW_SIZE`: the declaration and the property that the value stands in. */
function wantedName(nodes: readonly AnyNode[]): string {
  const declaration = nodes.findLast((node): node is Declaration => node.kind === 'declaration');
  const property = nodes.findLast((node): node is Property => node.kind === 'property');
  const word = property?.word.text === 'at' ? 'base' : property?.word.text ?? 'value';
  const own = textOf(declaration?.name) ?? declaration?.keyword.text ?? 'value';
  return `${own}_${word}`.replace(/[^A-Za-z0-9_]/g, '_').toUpperCase();
}

function freshConstant(wanted: string, file: EditorFile, { item, nodes }: Cursor): string {
  const { evaluator, element } = surroundingsOf(file.path, file.world, item, nodes);
  const taken = new Set(evaluator.lookup.namesIn(file.path, 'names'));
  for (let owner = element; owner; owner = owner.parent) for (const { name } of owner.children) taken.add(name);
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}_${number}`;
    if (!taken.has(name)) return name;
  }
}

interface Insertion {
  /** In the document. */
  readonly offset: number;
  readonly after: string;
}

/** On a line above what begins at an offset and the comments that lead to it. */
function aboveOf(start: number, text: string): Insertion {
  let offset = text.lastIndexOf('\n', start - 1) + 1;
  for (let above = text.lastIndexOf('\n', offset - 2) + 1; offset > 0 && /^[ \t]*\/\//.test(text.slice(above, offset)); above = text.lastIndexOf('\n', offset - 2) + 1) offset = above;
  return { offset, after: '\n\n' };
}

/** As the first member of a block. */
function insideOf({ block, keyword }: Declaration, { item: { text }, base }: Cursor): Insertion | undefined {
  const [first] = block?.members ?? [];
  if (!first || (keyword.text !== 'vm' && keyword.text !== 'host')) return undefined;
  const line = text.lastIndexOf('\n', first.start - 1) + 1;
  const blank = text.slice(line, first.start);
  return { offset: base + first.start, after: blank.trim() === '' ? `\n${blank}` : '; ' };
}

/** The constant at an offset with its value in its place: in one place where that is a use; everywhere, and without its declaration, where it is declared. */
export function inlineConstant(file: EditorFile, offset: number, files: readonly TextFile[]): NamedValue[] {
  const found = targetAt(file, offset);
  if (found?.target.kind !== 'element' || found.target.element.keyword !== 'const') return [];
  const { origin, name } = found.target.element;
  const value = origin.declaration.head;
  const index = indexOfItem(file.document, origin.item);
  if (index === undefined || origin.path !== file.path || !value || !isExpression(value) || value.kind === 'missing') return [];
  // What replaces it elsewhere, or is replaced by it, would have no part in it.
  if (namesakesOf(found.target, files, file.world).length > 0) return [];
  const text = origin.item.text.slice(value.start, value.end);
  const places = occurrencesOf(found.target, files, file.world);
  const here = places.filter(({ path, declares }) => path === file.path && !declares);
  const base = file.document.starts[index] ?? 0;
  const declared = { start: base + origin.declaration.start, end: base + origin.declaration.end };
  const isDeclaration = found.span.start >= declared.start && found.span.end <= declared.end;
  if (!isDeclaration) {
    const use = here.flatMap((place) => replaced(place, file.document, value, text)).filter(({ start }) => start === found.span.start);
    return use.length === 0 ? [] : [{ name, edits: use }];
  }
  if (here.length === 0 || places.some(({ path, declares }) => path !== file.path && !declares)) return [];
  return [{ name, edits: [withoutLines(declared, base, origin.item.text), ...here.flatMap((place) => replaced(place, file.document, value, text))] }];
}

/** A use replaced by the value, in parentheses where the value would fall apart. */
function replaced(place: Occurrence, document: Document, value: Expression, text: string): TextEdit[] {
  const span = spanOfPlace(document, place);
  if (!span) return [];
  const around = pathTo(treeOf(place.item), place.start).findLast((node) => node.kind === 'binary' || node.kind === 'unary');
  const newText = (value.kind === 'binary' || value.kind === 'unary') && around ? `(${text})` : text;
  return [{ ...span, newText }];
}

/** The lines of a declaration, and one blank line below; the declaration alone where it shares them. */
function withoutLines({ start, end }: Span, base: number, text: string): TextEdit {
  const from = text.lastIndexOf('\n', start - base - 1) + 1;
  const lineEnd = text.indexOf('\n', end - base);
  const to = lineEnd < 0 ? text.length : lineEnd;
  const isAlone = text.slice(from, start - base).trim() === '' && /^[ \t;]*(?:\/\/[^\n]*)?\r?$/.test(text.slice(end - base, to));
  return isAlone ? { start: base + from, end: base + Math.min(text.length, to + 1), newText: '' } : { start, end, newText: '' };
}
