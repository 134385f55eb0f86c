import { isExpression } from '../layout/elements.js';
import { spanOfPlace, type PlacedEdit } from '../layout/place.js';
import { lineAtTop, without } from '../rules/edits.js';
import { commentsAbove } from '../syntax/comments.js';
import { indexOfItem, textOfDocument, treeOf, type Document } from '../syntax/document.js';
import type { AnyNode, Declaration, Expression, Property } from '../syntax/nodes.js';
import { textOf } from '../syntax/nodes.js';
import { pathTo, walk } from '../syntax/walk.js';
import { lineStart } from '../text/lines.js';
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
  const line = `const ${name} = ${item.text.slice(node.start, node.end)}`;
  const isLocal = walk(node).some(({ kind }) => kind === 'reference');
  if (isLocal && owner.keyword.text !== 'vm' && owner.keyword.text !== 'host') return [];
  const origin = { path: file.path, item, declaration: owner };
  const edit = isLocal ? onDocument(lineAtTop({ origin }, line), cursor) : aboveAll(cursor.base + owner.start, textOfDocument(file.document), line);
  return [{ name, edits: [edit, { ...inDocument(cursor, node), newText: name }] }];
}

const onDocument = (edit: PlacedEdit, cursor: Cursor): TextEdit => ({ ...inDocument(cursor, edit), newText: edit.newText });

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

/** On a line above what begins at an offset and the comments that lead to it. */
function aboveAll(start: number, text: string, line: string): TextEdit {
  const at = commentsAbove(text, lineStart(text, start));
  return { start: at, end: at, newText: `${line}\n\n` };
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
  const removal = without({ origin });
  const gone = { start: base + removal.start, end: base + removal.end, newText: '' };
  return leavesComment(gone, textOfDocument(file.document)) ? [] : [{ name, edits: [gone, ...here.flatMap((place) => replaced(place, file.document, value, text))] }];
}

/** Whether comments above a line would be left without what they are about. */
const leavesComment = ({ start, end }: Span, text: string): boolean =>
  commentsAbove(text, start) < start && /^[ \t]*(?:\}|\r?\n|$)/.test(text.slice(end));

/** A use replaced by the value, in parentheses where the value would fall apart. */
function replaced(place: Occurrence, document: Document, value: Expression, text: string): TextEdit[] {
  const span = spanOfPlace(document, place);
  if (!span) return [];
  const around = pathTo(treeOf(place.item), place.start).findLast((node) => node.kind === 'binary' || node.kind === 'unary');
  const newText = (value.kind === 'binary' || value.kind === 'unary') && around ? `(${text})` : text;
  return [{ ...span, newText }];
}
