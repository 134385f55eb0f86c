import { LIBRARY } from '../std/generated/library.js';
import { openDocument, type Document } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import { FileScope, type Source, type World } from './scope.js';

type Table = 'names' | 'policies';

/**
 * Finds what top-level names stand for, over imports, and writes down every answer it gave: an analysis holds as long as
 * the same questions have the same answers (`stillHolds`).
 */
export class Lookup {
  readonly #world: World;
  #scopes = new Map<string, FileScope | undefined>();
  readonly #answers = new Map<string, Declaration | undefined>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A lookup in the same texts that keeps its own record of answers. */
  fork(): Lookup {
    const fork = new Lookup(this.#world);
    fork.#scopes = this.#scopes;
    return fork;
  }

  /** The names of a file; nothing where its text can't be had. */
  scopeOf(path: string): FileScope | undefined {
    if (!this.#scopes.has(path)) {
      const document = this.readDocument(path);
      this.#scopes.set(path, document && scopeOfDocument(path, document));
    }
    return this.#scopes.get(path);
  }

  /** What a name means in a file: its own declaration, or that of a file it imports. Imported names aren't passed on. */
  find(path: string, name: string, table: Table = 'names'): Source | undefined {
    const found = this.#find(path, name, table);
    this.#answers.set(`${table}\0${path}\0${name}`, found?.declaration);
    return found;
  }

  /** Every name that `find` would answer in a file. */
  namesIn(path: string, table: Table = 'names'): string[] {
    const scope = this.scopeOf(path);
    const imported = scope?.imports().flatMap(({ path: target }) => (target ? this.scopeOf(target)?.names(table) ?? [] : []));
    return [...(scope?.names(table) ?? []), ...(imported ?? [])];
  }

  /** Whether the text of an imported path is there, is yet to be loaded, or can't be had and why. */
  stateOf(path: string): Document | 'missing' | { readonly error: string } {
    if (!path.startsWith('std:')) return this.#world.read(path);
    return libraryDocument(path) ?? { error: `the shipped library has no \`${path}\`` };
  }

  /** What was asked so far, and what the answers were. */
  get answers(): ReadonlyMap<string, Declaration | undefined> {
    return this.#answers;
  }

  /** Whether another lookup would answer the same questions alike. */
  stillHolds(answers: ReadonlyMap<string, Declaration | undefined>): boolean {
    for (const [question, declaration] of answers) {
      const [table = '', path = '', name = ''] = question.split('\0');
      if (this.#find(path, name, table as Table)?.declaration !== declaration) return false;
    }
    return true;
  }

  #find(path: string, name: string, table: Table): Source | undefined {
    const scope = this.scopeOf(path);
    const own = scope?.find(name, table);
    if (own || !scope) return own;
    for (const { path: target } of scope.imports()) {
      const imported = target === undefined ? undefined : this.scopeOf(target)?.find(name, table);
      if (imported) return imported;
    }
    return undefined;
  }

  private readDocument(path: string): Document | undefined {
    const state = this.stateOf(path);
    return state === 'missing' || 'error' in state ? undefined : state;
  }
}

const scopes = new WeakMap<Document, FileScope>();

function scopeOfDocument(path: string, document: Document): FileScope {
  let scope = scopes.get(document);
  if (!scope || scope.path !== path) {
    scope = new FileScope(path, document);
    scopes.set(document, scope);
  }
  return scope;
}

const libraryDocuments = new Map<string, Document>();

function libraryDocument(path: string): Document | undefined {
  const text = LIBRARY.get(path);
  if (text === undefined) return undefined;
  const document = libraryDocuments.get(path) ?? openDocument(text);
  libraryDocuments.set(path, document);
  return document;
}
