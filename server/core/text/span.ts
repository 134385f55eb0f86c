/** A stretch of a text: offsets in UTF-16 units, `end` exclusive. Every syntax node is one. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Whether the offset lies in the span or at its end, as a cursor does after the last letter of a word. */
export const touches = (span: Span, offset: number): boolean => span.start <= offset && offset <= span.end;

/** Whether two spans share an offset; an empty span meets what it touches. */
export const meets = (left: Span, right: Span): boolean => left.start <= right.end && right.start <= left.end;
