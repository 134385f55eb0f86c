import { pathText, type Element } from '../layout/elements.js';
import type { Origin, PlacedEdit } from '../layout/place.js';
import { commentsAbove, hasOwnLines, isLastOnLine } from '../syntax/comments.js';
import { lineEnd, lineStart, nextLine } from '../text/lines.js';
import type { Span } from '../text/span.js';

/** Makes the edits of fixes: text that a person would have written, in the place where it belongs. */

/** What is written somewhere, and may have properties besides. */
type Written = Pick<Element, 'origin'>;

/** New lines after a declaration, with its indentation; behind it where the line goes on. */
export function linesAfter(element: Written, lines: readonly string[]): PlacedEdit {
  const { path, item, declaration } = element.origin;
  const isLast = isLastOnLine(item.text, declaration.end);
  const at = isLast ? lineEnd(item.text, declaration.end) : declaration.end;
  return { path, item, start: at, end: at, newText: lines.map((line) => `${isLast ? `\n${indentOf(element)}` : '; '}${line}`).join('') };
}

/** New lines at the end of a declaration's block; it gets one if it has none. A block on one line stays there. */
export function linesInto(element: Written, lines: readonly string[]): PlacedEdit {
  const { path, item, declaration } = element.origin;
  const { block } = declaration;
  const outer = indentOf(element);
  if (!block) {
    const body = lines.map((line) => `${outer}  ${line}\n`).join('');
    return { path, item, start: declaration.end, end: declaration.end, newText: ` {\n${body}${outer}}` };
  }
  const last = block.members.at(-1);
  if (last && !item.text.slice(block.start, block.end).includes('\n')) return { path, item, start: last.end, end: last.end, newText: lines.map((line) => `; ${line}`).join('') };
  const from = last ? lastOnLine(item.text, last.end) : block.start + 1;
  const below = last !== undefined && item.text.slice(block.start, last.start).includes('\n');
  const indent = below ? indentAt(item.text, last.start) : `${outer}  `;
  const closing = item.text.slice(from, block.end - 1).includes('\n') ? '' : `\n${outer}`;
  return { path, item, start: from, end: from, newText: lines.map((line) => `\n${indent}${line}`).join('') + closing };
}

/** A new line above the first member of a declaration's block and the comments that lead to it. */
export function lineAtTop(element: Written, line: string): PlacedEdit {
  const { origin } = element;
  const { block } = origin.declaration;
  const [first] = block?.members ?? [];
  return block && first ? lineAbove(origin, first, line, nextLine(origin.item.text, block.start)) : linesInto(element, [line]);
}

/** A new line above a declaration or property and the comments that lead to it, which end below `top`; before it where it shares its line. */
export function lineAbove({ path, item }: Origin, { start }: Span, line: string, top = 0): PlacedEdit {
  const first = lineStart(item.text, start);
  const blanks = item.text.slice(first, start);
  if (blanks.trim() !== '') return { path, item, start, end: start, newText: `${line}; ` };
  const at = commentsAbove(item.text, first, top);
  return { path, item, start: at, end: at, newText: `${blanks}${line}\n` };
}

/** Writes a property anew, or adds it at the end of the declaration's line. */
export function withProperty(element: Element, word: string, value: string): PlacedEdit {
  const located = element.properties.get(word)?.[0];
  if (located?.property.value) {
    const { start, end } = located.property.value;
    return { path: located.path, item: located.item, start, end, newText: value };
  }
  const { path, item, declaration } = element.origin;
  const at = declaration.block ? endBeforeBlock(declaration.block.start, item.text) : declaration.end;
  return { path, item, start: at, end: at, newText: ` ${word} ${value}`.trimEnd() };
}

/** The constant of a declaration that a property of one of its parts names, with nothing around it: `size RAM`. */
export function constantIn(element: Element, word: string, owner: Element): string | undefined {
  const value = element.properties.get(word)?.[0]?.property.value;
  const name = value?.kind === 'reference' ? pathText(value) : '';
  return owner.children.some((child) => child.keyword === 'const' && child.name === name) ? name : undefined;
}

/** Gives a constant of a declaration, or of what it is like, another value. */
export function withConstant(owner: Element, name: string, value: string): PlacedEdit {
  const written = owner.children.find((child) => child.keyword === 'const' && child.name === name && isWrittenIn(child, owner));
  const { path, item, declaration } = written?.origin ?? owner.origin;
  if (!written || !declaration.head) return linesInto(owner, [`const ${name} = ${value}`]);
  return { path, item, start: declaration.head.start, end: declaration.head.end, newText: value };
}

/** Adds a name to a property that lists some, `over low, high`. */
export function withNamed(element: Element, word: string, name: string): PlacedEdit {
  const located = element.properties.get(word)?.[0];
  const value = located?.property.value;
  const before = value?.kind === 'names' ? located?.item.text.slice(value.start, value.end) : undefined;
  return withProperty(element, word, before ? `${before}, ${name}` : name);
}

/** What is written of an element besides these properties, as it stands, each with a space before it. */
export function otherProperties(element: Element, besides: readonly string[]): string {
  const texts = [...element.properties]
    .filter(([word]) => !besides.includes(word))
    .flatMap(([, located]) => located)
    .map(({ item, property }) => item.text.slice(property.start, property.end).replace(/\s*\n\s*/g, ' '));
  return texts.map((text) => ` ${text}`).join('');
}

/** Removes a declaration with its line. */
export const without = ({ origin }: Written): PlacedEdit => withoutSpan(origin, origin.declaration.start, origin.declaration.end);

/** Removes a stretch of a line with the blanks or the `;` that set it apart, or the whole line where nothing else stands there. */
export function withoutSpan({ path, item }: Origin, start: number, end: number): PlacedEdit {
  const { text } = item;
  const span = hasOwnLines(text, { start, end }) ? { start: lineStart(text, start), end: nextLine(text, end) } : withSeparator(text, { start, end });
  return { path, item, ...span, newText: '' };
}

function withSeparator(text: string, { start, end }: Span): Span {
  const before = text.slice(lineStart(text, start), start);
  const blanks = /[ \t]*$/.exec(before)?.[0].length ?? 0;
  const behind = /^[ \t]*;[ \t]*/.exec(text.slice(end, lineEnd(text, end)))?.[0].length ?? 0;
  const mark = before.trimEnd().slice(-1);
  if (behind > 0 && (mark === '' || mark === '{')) return { start, end: end + behind };
  return { start: start - blanks - (mark === ';' ? 1 : 0), end };
}

/** Replaces a declaration by lines with its indentation, or where it shares its line by declarations there; its doc comment stays, and belongs to the first of them. */
export function replacedBy(element: Element, lines: readonly string[]): PlacedEdit {
  const { path, item, declaration } = element.origin;
  const separator = hasOwnLines(item.text, declaration) ? `\n${indentOf(element)}` : '; ';
  return { path, item, start: declaration.keyword.start, end: declaration.end, newText: lines.join(separator) };
}

/** Whether the element is written in the block of its own parent, and not brought by `like`: only then may a fix touch it. */
export function isWrittenIn(element: Element, owner: Element): boolean {
  const { declaration } = owner.origin;
  return (
    element.origin.item === owner.origin.item &&
    (declaration.block?.members.some((member) => member === element.origin.declaration) ?? false)
  );
}

/** A name that nothing in the element's block has yet: `low-b`, `low-b2` … */
export function freshName(owner: Element, wanted: string): string {
  const taken = new Set(owner.children.map((child) => child.name));
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number++) if (!taken.has(`${wanted}${number}`)) return `${wanted}${number}`;
}

export const indentOf = ({ origin }: Written): string => indentAt(origin.item.text, origin.declaration.start);

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? '';
}

/** After what stands on the line behind an offset, a comment included. */
function lastOnLine(text: string, offset: number): number {
  const comment = /^[ \t]*\/\/[^\n]*/.exec(text.slice(offset));
  return offset + (comment?.[0].trimEnd().length ?? 0);
}

function endBeforeBlock(brace: number, text: string): number {
  let end = brace;
  while (end > 0 && /\s/.test(text[end - 1] ?? '')) end--;
  return end;
}
