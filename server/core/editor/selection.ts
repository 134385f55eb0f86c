import type { Document } from '../syntax/document.js';
import type { Span } from '../text/span.js';
import { cursorAt, inDocument } from './cursor.js';

/** The stretches around an offset that grow with each step of *Expand Selection*: innermost first, each in the next. */
export function selectionsAt(document: Document, offset: number): Span[] {
  const cursor = cursorAt(document, offset);
  if (!cursor) return [];
  const spans = cursor.nodes.map((node) => inDocument(cursor, node)).reverse();
  return spans.filter((span, index) => span.end > span.start && !spans.slice(0, index).some((inner) => inner.start === span.start && inner.end === span.end));
}
