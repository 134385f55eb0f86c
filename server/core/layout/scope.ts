import { treeOf, type Document, type Item } from '../syntax/document.js';
import { textOf, type Declaration } from '../syntax/nodes.js';
import type { Origin } from './place.js';

/** A declaration and where it was written. */
export interface Source extends Origin {
  readonly declaration: Declaration;
}

/** The texts a check may read, by path. The core loads nothing: it says what it misses and is asked again. */
export interface World {
  /** The document of a path; `missing` while nobody has loaded it, an error where it can't be. */
  read(path: string): Document | 'missing' | { readonly error: string };
}

/** The names at the top of one file. Built anew for each version of the document, from what its items remember. */
export class FileScope {
  readonly path: string;
  readonly document: Document;
  readonly declarations: readonly Source[];
  readonly #names = new Map<string, Source>();
  readonly #policies = new Map<string, Source>();
  /** Names that are declared more than once, with all their declarations. */
  readonly #repeated = new Map<Source, Source[]>();
  readonly #imports: readonly Import[];

  constructor(path: string, document: Document) {
    this.path = path;
    this.document = document;
    const declarations: Source[] = [];
    const imports: Import[] = [];
    for (const item of document.items) {
      for (const { source, name } of topLevelOf(path, item)) {
        const keyword = source.declaration.keyword.text;
        declarations.push(source);
        if (keyword === 'import') imports.push({ source, path: importPath(source) });
        if (name !== undefined) this.#declare(name, source, keyword === 'policy' ? this.#policies : this.#names);
      }
    }
    this.declarations = declarations;
    this.#imports = imports;
  }

  /** What a name at the top of this file stands for; the first, where it is declared twice. */
  find(name: string, table: 'names' | 'policies'): Source | undefined {
    return (table === 'policies' ? this.#policies : this.#names).get(name);
  }

  /** Names that are declared more than once, with all their declarations. */
  duplicates(): Iterable<readonly Source[]> {
    return this.#repeated.values();
  }

  names(table: 'names' | 'policies'): string[] {
    return [...(table === 'policies' ? this.#policies : this.#names).keys()];
  }

  /** The import declarations, with the path each one leads to. */
  imports(): readonly Import[] {
    return this.#imports;
  }

  #declare(name: string, source: Source, table: Map<string, Source>): void {
    const first = table.get(name);
    if (!first) table.set(name, source);
    else this.#repeated.set(first, [...(this.#repeated.get(first) ?? [first]), source]);
  }
}

/** An import declaration, and the path it leads to. */
export interface Import {
  readonly source: Source;
  readonly path: string | undefined;
}

/** The name a top-level `policy` declares: its head is a list of names, since in a vm it takes several. */
export function policyName(declaration: Declaration): string | undefined {
  const { head } = declaration;
  if (declaration.keyword.text !== 'policy' || head?.kind !== 'names') return undefined;
  const first = head.names[0];
  return first?.kind === 'reference' ? textOf(first.path[0]) : undefined;
}

/** A declaration at the top of a file, and the name it declares. */
interface TopLevel {
  readonly source: Source;
  readonly name: string | undefined;
}

const topLevel = new WeakMap<Item, readonly TopLevel[]>();

/** What an item declares, found once: an item is in one file. */
function topLevelOf(path: string, item: Item): readonly TopLevel[] {
  let found = topLevel.get(item);
  if (!found || found.some(({ source }) => source.path !== path)) {
    const declarations = treeOf(item).members.filter((member): member is Declaration => member.kind === 'declaration');
    found = declarations.map((declaration) => ({
      source: { path, item, declaration },
      name: textOf(declaration.name) ?? policyName(declaration),
    }));
    topLevel.set(item, found);
  }
  return found;
}

/** The path an import leads to: `std:…` as it is, anything else beside the importing file. */
function importPath({ path, declaration }: Source): string | undefined {
  const { head } = declaration;
  if (head?.kind !== 'text' || head.value === '') return undefined;
  return head.value.startsWith('std:') ? head.value : resolveBeside(path, head.value);
}

/**
 * Resolves a relative path with `/` against the file that names it, path or URI alike. An absolute path or a URI stays
 * as it is.
 */
export function resolveBeside(file: string, relative: string): string {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/)/i.test(relative)) return relative;
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/[^/]*\/|^\//i.exec(folder)?.[0] ?? '';
  const parts: string[] = [];
  for (const part of `${folder.slice(scheme.length)}${relative}`.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part === '..' && scheme !== '') continue;
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return scheme + parts.join('/');
}
