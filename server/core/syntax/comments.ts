import { lineEnd, lineStart } from '../text/lines.js';
import type { Span } from '../text/span.js';
import type { Document } from './document.js';
import { treeOf } from './document.js';
import { tokensOf } from './format-tokens.js';

/** Finds which comments belong to a declaration: those directly above it, and those behind it on its line. */

/** Offset of the first of the comment lines directly above the line that begins at an offset; that offset where there is none. They end below `top`. */
export function commentsAbove(text: string, start: number, top = 0): number {
  let first = start;
  for (let above = commentAbove(text, first); above !== undefined && above >= top; above = commentAbove(text, first)) first = above;
  return first;
}

function commentAbove(text: string, start: number): number | undefined {
  if (start === 0) return undefined;
  const above = lineStart(text, start - 1);
  const line = text.slice(above, start).trim();
  if (line.startsWith('//')) return above;
  const open = line.endsWith('*/') ? text.lastIndexOf('/*', start) : -1;
  if (open < 0) return undefined;
  const first = lineStart(text, open);
  const isAlone = text.slice(first, open).trim() === '' && text.slice(text.indexOf('*/', open) + 2, start).trim() === '';
  return isAlone ? first : undefined;
}

const ONLY_COMMENTS = /^[ \t;]*(?:\/\*(?:[^*\n]|\*(?!\/))*\*\/[ \t]*)*(?:\/\/.*)?$/;

/** Whether nothing but comments stands behind an offset on its line. */
export const isLastOnLine = (text: string, offset: number): boolean => ONLY_COMMENTS.test(text.slice(offset, lineEnd(text, offset)));

/** Whether nothing else stands on the lines of a span; comments behind it may. */
export const hasOwnLines = (text: string, { start, end }: Span): boolean =>
  text.slice(lineStart(text, start), start).trim() === '' && isLastOnLine(text, end);

/** The comments of a document as they are written, in the order of the text. */
export const commentsIn = ({ items }: Pick<Document, 'items'>): string[] =>
  items.flatMap((item) => tokensOf(item.text, treeOf(item)).filter(({ kind }) => kind === 'comment' || kind === 'line-comment').map(({ text }) => text));
