import type { Region, Vm } from '../layout/model.js';
import { writeSize } from '../layout/written.js';
import { isWrittenIn } from '../rules/edits.js';
import { isExpression, type Element } from '../layout/elements.js';
import type { PlacedEdit } from '../layout/place.js';
import { commentsAbove, hasOwnLines } from '../syntax/comments.js';
import { lineEnd, lineStart, nextLine } from '../text/lines.js';
import type { Span } from '../text/span.js';

/**
 * The regions of a vm in the order of their addresses, each with the comments above and behind it and the maps of it below; nothing where they
 * are in order, where one shares its line, or where a heading says what stands below it. With `offsets`, what `from` takes by its place in the
 * text is written down first.
 */
export function sortedRegions(vm: Vm, offsets: boolean): PlacedEdit[] {
  const { path, item, declaration } = vm.element.origin;
  const regions = vm.regions.filter((region): region is Region & { range: NonNullable<Region['range']> } => region.range !== undefined && isWrittenIn(region.element, vm.element));
  const inText = [...regions].sort((left, right) => left.element.origin.declaration.start - right.element.origin.declaration.start);
  const sorted = [...inText].sort((left, right) => (left.range.base < right.range.base ? -1 : left.range.base > right.range.base ? 1 : 0));
  const top = nextLine(item.text, declaration.block?.start ?? declaration.end);
  const spans = inText.flatMap((region) => linesOf(region, vm, top) ?? []);
  const [first, last] = [spans[0], spans.at(-1)];
  if (sorted.every((region, index) => region === inText[index]) || spans.length < inText.length || !first || !last) return [];
  if (HEADING.test(item.text.slice(first.start, last.end))) return [];
  const textOf = new Map(inText.map((region, index) => [region, textIn(region, spans[index] ?? first, offsets && !isFirst(region, sorted))]));
  return inText.flatMap((region, index) => {
    const other = sorted[index] ?? region;
    return other === region && !offsets ? [] : [{ path, item, ...(spans[index] ?? first), newText: textOf.get(other) ?? '' }];
  });
}

/** `// --- above 4 GiB ---`: it is about more than the region below it. */
const HEADING = /^[ \t]*\/\/+[ \t]*(?:[-=*#~_]{2,}|.*[-=*#~_]{2,}[ \t\r]*$)/m;

/** Whether it takes the first byte of its backing by its place, still. */
const isFirst = (region: Region, sorted: readonly Region[]): boolean => region.offset === 0n && sorted.find(({ backing }) => backing === region.backing) === region;

/** The lines of a region, with the comments directly above and the maps of it directly below; nothing where something else stands on them. */
function linesOf({ element }: Region, vm: Vm, top: number): Span | undefined {
  const { item: { text }, declaration } = element.origin;
  if (declaration.start < top || !hasOwnLines(text, declaration)) return undefined;
  const start = commentsAbove(text, lineStart(text, declaration.start), top);
  let end = lineEnd(text, declaration.end);
  for (let map = mapBelow(element, vm, nextLine(text, end)); map; map = mapBelow(element, vm, nextLine(text, end))) end = lineEnd(text, map.end);
  return { start, end };
}

/** The map of a region that begins on the line at an offset. */
function mapBelow(element: Element, { maps }: Vm, line: number): Span | undefined {
  const { text } = element.origin.item;
  const map = maps.find(({ element: { origin }, region }) => region?.element === element && origin.item === element.origin.item && lineStart(text, origin.declaration.start) === line);
  return map && hasOwnLines(text, map.element.origin.declaration) ? map.element.origin.declaration : undefined;
}

function textIn({ element, offset, backing }: Region, { start, end }: Span, offsets: boolean): string {
  const { item } = element.origin;
  const value = element.properties.get('from')?.[0]?.property.value;
  const isImplicit = offsets && value && isExpression(value) && value.kind === 'reference' && offset !== undefined && backing;
  if (!isImplicit || value.end > end) return item.text.slice(start, end);
  return `${item.text.slice(start, value.end)} + ${writeSize(offset)}${item.text.slice(value.end, end)}`;
}
