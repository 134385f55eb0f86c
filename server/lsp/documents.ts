import type { TextDocumentContentChangeEvent } from 'vscode-languageserver';
import { editDocument, itemIndexAt, openDocument, type Document, type World } from '../core/index.js';
import { offsetAt } from './convert.js';
import { pathOfUri } from './files.js';

/** A text that the client has open, in one version. */
export interface OpenFile {
  /** As the client spells it. */
  readonly uri: string;
  /** The core's name for it. */
  readonly path: string;
  readonly version: number;
  readonly document: Document;
}

/**
 * The texts of one conversation: what the client has open, and what was loaded because something imports it. An edit
 * makes a new document that keeps the items it leaves alone.
 */
export class Documents implements World {
  readonly #open = new Map<string, OpenFile>();
  readonly #loaded = new Map<string, Document | { readonly error: string }>();

  open(uri: string, version: number, text: string): OpenFile {
    return this.#keep({ uri, path: pathOfUri(uri), version, document: openDocument(withPlainBreaks(text)) });
  }

  /** Applies changes one after the other; nothing where the file is not open. */
  change(uri: string, version: number, changes: readonly TextDocumentContentChangeEvent[]): OpenFile | undefined {
    const file = this.get(uri);
    return file && this.#keep({ ...file, version, document: changes.reduce(changed, file.document) });
  }

  /** Forgets the text: from now on the file is what is stored. */
  close(uri: string): OpenFile | undefined {
    const file = this.get(uri);
    if (file) this.#open.delete(file.path);
    return file;
  }

  get(uri: string): OpenFile | undefined {
    return this.#open.get(pathOfUri(uri));
  }

  at(path: string): OpenFile | undefined {
    return this.#open.get(path);
  }

  get all(): OpenFile[] {
    return [...this.#open.values()];
  }

  /** The files whose text is at hand, open or loaded. */
  get present(): { readonly path: string }[] {
    return [...new Set([...this.#open.keys(), ...this.#loaded.keys()])].map((path) => ({ path }));
  }

  read(path: string): Document | 'missing' | { readonly error: string } {
    return this.#open.get(path)?.document ?? this.#loaded.get(path) ?? 'missing';
  }

  /** Takes what was loaded for a path. */
  store(path: string, loaded: string | { readonly error: string }): void {
    this.#loaded.set(path, typeof loaded === 'string' ? openDocument(loaded) : loaded);
  }

  /** Forgets what was loaded for a path: it may have changed. */
  forget(path: string): void {
    this.#loaded.delete(path);
  }

  forgetLoaded(): void {
    this.#loaded.clear();
  }

  #keep(file: OpenFile): OpenFile {
    this.#open.set(file.path, file);
    return file;
  }
}

function changed(document: Document, change: TextDocumentContentChangeEvent): Document {
  if (!('range' in change)) return openDocument(withPlainBreaks(change.text));
  const start = offsetAt(document, change.range.start);
  const end = Math.max(start, offsetAt(document, change.range.end));
  return editDocument(document, start, end, withPlainBreaks(change.text, characterAt(document, end)));
}

/** A `\r` alone is a line break to the protocol and not to the core: it is kept as `\n`, at the same offset. */
function withPlainBreaks(text: string, next = ''): string {
  if (!text.includes('\r')) return text;
  const plain = text.replace(/\r(?!\n)/g, '\n');
  return text.endsWith('\r') && next === '\n' ? `${plain.slice(0, -1)}\r` : plain;
}

function characterAt(document: Document, offset: number): string {
  const index = itemIndexAt(document, offset);
  return document.items[index]?.text[offset - (document.starts[index] ?? 0)] ?? '';
}
