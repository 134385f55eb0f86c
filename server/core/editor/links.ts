import { resolveBeside } from '../layout/scope.js';
import { treeOf, type Document } from '../syntax/document.js';
import type { Span } from '../text/span.js';

/** The path of an import, and the text that it leads to. */
export interface DocumentLink extends Span {
  /** As it is written, without escapes. */
  readonly written: string;
  readonly path: string;
}

/** The imports of a document; spans count in it, without the quotes. */
export function linksIn(document: Document, path: string): DocumentLink[] {
  return document.items.flatMap((item, index) => {
    const base = document.starts[index] ?? 0;
    return treeOf(item).members.flatMap((member): DocumentLink[] => {
      if (member.kind !== 'declaration' || member.keyword.text !== 'import' || member.head?.kind !== 'text' || member.head.value === '') return [];
      const { start, end, value, closed } = member.head;
      return [{ start: base + start + 1, end: base + end - (closed ? 1 : 0), written: value, path: value.startsWith('std:') ? value : resolveBeside(path, value) }];
    });
  });
}
