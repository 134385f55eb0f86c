import { LIBRARY } from '../std/generated/library.js';
import { openDocument, type Document } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import { FileScope, isLoaded, type NextScope, type Source, type World } from './scope.js';

type Table = 'names' | 'policies';

/** A question and what was found: the declaration of a name, or all names of a file as one text. */
export interface Answer {
  readonly table: Table;
  readonly path: string;
  /** Nothing where all names were asked for. */
  readonly name: string | undefined;
  readonly found: Declaration | string | undefined;
}

/** Texts in one state, and the names that were found in them so far. */
interface Texts {
  world: World;
  scopes: Map<string, FileScope | undefined>;
}

/**
 * Finds what top-level names stand for, over imports, and writes down every answer it gave: an analysis holds as long as
 * the same questions have the same answers (`stillHolds`).
 */
export class Lookup {
  #texts: Texts;
  readonly #answers = new Map<string, Answer>();

  constructor(world: World) {
    this.#texts = { world, scopes: new Map() };
  }

  /** A lookup in the same texts that keeps its own record of answers. */
  fork(): Lookup {
    const fork = new Lookup(this.#texts.world);
    fork.#texts = this.#texts;
    return fork;
  }

  /**
   * Has an earlier lookup, and all its forks, look into these texts from now on. Analyses that are taken over from one version of a
   * text to the next would otherwise keep every version that any of them was made in.
   */
  supersede(earlier: Lookup): void {
    const { world, scopes } = this.#texts;
    this.#texts = Object.assign(earlier.#texts, { world, scopes });
  }

  /** The names of a file; nothing where its text can't be had. */
  scopeOf(path: string): FileScope | undefined {
    const { scopes } = this.#texts;
    const known = scopes.get(path);
    if (known || scopes.has(path)) return known;
    const document = this.readDocument(path);
    const scope = document && scopeOfDocument(path, document);
    scopes.set(path, scope);
    return scope;
  }

  /** What a name means in a file: its own declaration, or that of a file it imports. Imported names aren't passed on. */
  find(path: string, name: string, table: Table = 'names'): Source | undefined {
    const found = this.#find(path, name, table);
    this.#note({ table, path, name, found: found?.declaration });
    return found;
  }

  /** Every name that `find` would answer in a file. */
  namesIn(path: string, table: Table = 'names'): string[] {
    const names = this.#namesIn(path, table);
    this.#note({ table, path, name: undefined, found: names.join() });
    return names;
  }

  /** Whether the text of an imported path is there, is yet to be loaded, or can't be had and why. */
  stateOf(path: string): Document | 'missing' | { readonly error: string } {
    if (!path.startsWith('std:')) return this.#texts.world.read(path);
    return libraryDocument(path) ?? { error: `the shipped library has no \`${path}\`` };
  }

  /** The files that were looked into, and what was there. */
  get lookedInto(): ReadonlyMap<string, FileScope | undefined> {
    return this.#texts.scopes;
  }

  /** What was asked so far, and what the answers were. */
  get answers(): readonly Answer[] {
    return [...this.#answers.values()];
  }

  /** Writes down what another lookup in the same texts was asked: whoever takes its result over depends on it. */
  follow(answers: readonly Answer[]): void {
    for (const answer of answers) this.#note(answer);
  }

  /** Whether another lookup would answer the same questions alike. */
  stillHolds(answers: readonly Answer[]): boolean {
    return answers.every(({ table, path, name, found }) =>
      name === undefined ? this.#namesIn(path, table).join() === found : this.#find(path, name, table)?.declaration === found,
    );
  }

  #note(answer: Answer): void {
    this.#answers.set(`${answer.table}\0${answer.path}\0${answer.name ?? '\0'}`, answer);
  }

  #namesIn(path: string, table: Table): string[] {
    const scope = this.scopeOf(path);
    const imported = scope?.imports().flatMap(({ path: target }) => (target ? this.scopeOf(target)?.names(table) ?? [] : []));
    return [...(scope?.names(table) ?? []), ...(imported ?? [])];
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
    return isLoaded(state) ? state : undefined;
  }
}

const scopesOfDocuments = new WeakMap<Document, FileScope>();

function scopeOfDocument(path: string, document: Document): FileScope {
  let scope = scopesOfDocuments.get(document);
  if (!scope || scope.path !== path) {
    scope = FileScope.of(path, document);
    scopesOfDocuments.set(document, scope);
  }
  return scope;
}

/** The scope of a document that was edited, if it can be made of the one before: then that is its scope for every lookup. */
export function scopeAfter(before: FileScope, document: Document): NextScope | undefined {
  const next = before.after(document);
  if (next) scopesOfDocuments.set(document, next.scope);
  return next;
}

const libraryDocuments = new Map<string, Document>();

/** A text of the shipped library; the same document each time. */
export function libraryDocument(path: string): Document | undefined {
  const text = LIBRARY.get(path);
  if (text === undefined) return undefined;
  const document = libraryDocuments.get(path) ?? openDocument(text);
  libraryDocuments.set(path, document);
  return document;
}
