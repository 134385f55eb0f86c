/** Lines of a text. A break is `\n` or `\r\n`, and belongs to the line before it. */

/** Offset of the first character of the line that an offset is in. */
export const lineStart = (text: string, offset: number): number => (offset <= 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1);

/** Offset of the break of the line that an offset is in; the end of the text where there is none. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end < 0) return text.length;
  return end > offset && text[end - 1] === '\r' ? end - 1 : end;
}

/** One past the break of the line that an offset is in. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

export type LineBreak = '\n' | '\r\n';

/** The break that the lines of a text end with: `\r\n` where one of them does. */
export const lineBreakIn = (text: string): LineBreak => (text.includes('\r\n') ? '\r\n' : '\n');

/** A text with other breaks. */
export const withBreaks = (text: string, lineBreak: LineBreak): string => text.replace(/\r?\n/g, lineBreak);
