import type { Place } from '../layout/place.js';
import { libraryDocument } from '../layout/lookup.js';
import { isLoaded, type World } from '../layout/scope.js';
import { textOfDocument, type Document, type Item } from '../syntax/document.js';
import { LineIndex, type Position } from '../text/line-index.js';
import type { Span } from '../text/span.js';

/** A stretch of a text in lines and characters, both from 0; `end` is exclusive. */
export interface LineRange {
  readonly start: Position;
  readonly end: Position;
}

/** Lines that a report shows, without their breaks, by `lineKey`. */
export type SourceLines = ReadonlyMap<string, string>;

export const lineKey = (path: string, line: number): string => `${line} ${path}`;

/** A text that a report points into. */
interface Source {
  readonly text: string;
  readonly lines: LineIndex;
  readonly starts: ReadonlyMap<Item, number>;
}

/** The texts of one world, indexed by line when a report first points into them. */
export class Sources {
  readonly #world: World;
  readonly #known = new Map<string, Source | undefined>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Where a place is in its file; nothing where that file's text isn't to be had. */
  rangeOf(place: Place): LineRange | undefined {
    const start = this.#open(place.path)?.starts.get(place.item);
    return start === undefined ? undefined : this.rangeOfSpan(place.path, { start: start + place.start, end: start + place.end });
  }

  rangeOfSpan(path: string, span: Span): LineRange | undefined {
    const lines = this.#open(path)?.lines;
    return lines && { start: lines.positionOf(span.start), end: lines.positionOf(span.end) };
  }

  /** A line without its break, from 0. */
  line(path: string, line: number): string {
    const source = this.#open(path);
    if (!source) return '';
    const end = source.text.indexOf('\n', source.lines.startOf(line));
    return source.text.slice(source.lines.startOf(line), end < 0 ? undefined : end).replace(/\r$/, '');
  }

  #open(path: string): Source | undefined {
    if (!this.#known.has(path)) {
      const document = this.#documentOf(path);
      this.#known.set(path, document && indexed(document));
    }
    return this.#known.get(path);
  }

  #documentOf(path: string): Document | undefined {
    if (path.startsWith('std:')) return libraryDocument(path);
    const state = this.#world.read(path);
    return isLoaded(state) ? state : undefined;
  }
}

function indexed(document: Document): Source {
  const text = textOfDocument(document);
  return { text, lines: new LineIndex(text), starts: new Map(document.items.map((item, index) => [item, document.starts[index] ?? 0])) };
}
