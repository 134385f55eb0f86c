import type { Region, Vm } from '../layout/model.js';
import { writeSize } from '../layout/written.js';
import { isWrittenIn } from '../rules/edits.js';
import { isExpression } from '../layout/elements.js';
import type { PlacedEdit } from '../layout/place.js';
import type { Span } from '../text/span.js';

/**
 * The regions of a vm in the order of their addresses, each with the comments above and behind it; nothing where they are in order, or where
 * one shares its line. With `offsets`, what `from` takes by its place in the text is written down first.
 */
export function sortedRegions(vm: Vm, offsets: boolean): PlacedEdit[] {
  const { path, item, declaration } = vm.element.origin;
  const regions = vm.regions.filter((region): region is Region & { range: NonNullable<Region['range']> } => region.range !== undefined && isWrittenIn(region.element, vm.element));
  const inText = [...regions].sort((left, right) => left.element.origin.declaration.start - right.element.origin.declaration.start);
  const sorted = [...inText].sort((left, right) => (left.range.base < right.range.base ? -1 : left.range.base > right.range.base ? 1 : 0));
  const top = declaration.block?.start ?? declaration.end;
  const spans = inText.map((region) => linesOf(region, item.text, top));
  if (sorted.every((region, index) => region === inText[index]) || spans.some((span) => span === undefined)) return [];
  const textOf = new Map(inText.map((region, index) => [region, textIn(region, spans[index] ?? { start: 0, end: 0 }, offsets && !isFirst(region, sorted))]));
  return inText.flatMap((region, index) => {
    const other = sorted[index] ?? region;
    return other === region && !offsets ? [] : [{ path, item, ...(spans[index] ?? { start: 0, end: 0 }), newText: textOf.get(other) ?? '' }];
  });
}

/** Whether it takes the first byte of its backing by its place, still. */
const isFirst = (region: Region, sorted: readonly Region[]): boolean => region.offset === 0n && sorted.find(({ backing }) => backing === region.backing) === region;

/** The lines of a declaration, with the comments directly above; nothing where something else stands on them. */
function linesOf({ element }: Region, text: string, top: number): Span | undefined {
  const { declaration } = element.origin;
  let start = text.lastIndexOf('\n', declaration.start - 1) + 1;
  const lineEnd = text.indexOf('\n', declaration.end);
  const end = lineEnd < 0 ? text.length : lineEnd;
  const isAlone = start > top && text.slice(start, declaration.start).trim() === '' && /^[ \t;]*(?:\/\/[^\n]*)?\r?$/.test(text.slice(declaration.end, end));
  if (!isAlone) return undefined;
  for (;;) {
    const above = text.lastIndexOf('\n', start - 2) + 1;
    if (above <= top || !/^[ \t]*\/\//.test(text.slice(above, start))) return { start, end };
    start = above;
  }
}

function textIn({ element, offset, backing }: Region, { start, end }: Span, offsets: boolean): string {
  const { item } = element.origin;
  const value = element.properties.get('from')?.[0]?.property.value;
  const isImplicit = offsets && value && isExpression(value) && value.kind === 'reference' && offset !== undefined && backing;
  if (!isImplicit || value.end > end) return item.text.slice(start, end);
  return `${item.text.slice(start, value.end)} + ${writeSize(offset)}${item.text.slice(value.end, end)}`;
}
