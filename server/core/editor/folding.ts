import { treeOf, type Document } from '../syntax/document.js';
import type { Span } from '../text/span.js';
import { walk } from '../syntax/walk.js';

/** A part of the text that can be folded away; the line it begins on stays. */
export interface Fold extends Span {
  readonly kind: 'block' | 'comment' | 'imports';
}

/** Blocks, comments of several lines, and imports that follow each other. */
export function foldsIn(document: Document): Fold[] {
  const folds = document.items.flatMap((item, index) => {
    const base = document.starts[index] ?? 0;
    return [...blocksIn(document, index), ...commentsIn(item.text)].map((fold) => ({ ...fold, start: base + fold.start, end: base + fold.end }));
  });
  return [...folds, ...importsIn(document)];
}

function blocksIn(document: Document, index: number): Fold[] {
  const item = document.items[index];
  if (!item) return [];
  return walk(treeOf(item)).flatMap((node) =>
    node.kind === 'declaration' && node.block && hasBreak(item.text, node.block) ? [{ kind: 'block' as const, start: node.block.start, end: node.block.end }] : [],
  );
}

const COMMENT = /"(?:\\[^\n]|[^"\\\n])*"?|\/\*[^]*?(?:\*\/|$)|(?:^|\n)[ \t]*\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)+|\/\/[^\n]*/g;

/** Block comments, and line comments under each other. */
function commentsIn(text: string): Fold[] {
  return [...text.matchAll(COMMENT)].flatMap((match) => {
    const start = match.index + (/^\s*/.exec(match[0])?.[0].length ?? 0);
    const span = { start, end: match.index + match[0].length };
    return match[0].startsWith('"') || !hasBreak(text, span) ? [] : [{ kind: 'comment' as const, ...span }];
  });
}

/** The imports at the top, if there are several. */
function importsIn(document: Document): Fold[] {
  let first: number | undefined;
  let fold: Fold | undefined;
  for (const [index, item] of document.items.entries()) {
    for (const member of treeOf(item).members) {
      if (member.kind !== 'declaration' || member.keyword.text !== 'import') return fold ? [fold] : [];
      const base = document.starts[index] ?? 0;
      if (first !== undefined) fold = { kind: 'imports', start: first, end: base + member.end };
      first ??= base + member.start;
    }
  }
  return fold ? [fold] : [];
}

const hasBreak = (text: string, { start, end }: Span): boolean => text.slice(start, end).includes('\n');
