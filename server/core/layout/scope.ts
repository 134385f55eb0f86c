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
  readonly #names = new Map<string, Source[]>();
  readonly #policies = new Map<string, Source[]>();

  constructor(path: string, document: Document) {
    this.path = path;
    this.document = document;
    this.declarations = document.items.flatMap((item) => topLevelOf(item).map((declaration) => ({ path, item, declaration })));
    for (const source of this.declarations) {
      const name = textOf(source.declaration.name) ?? policyName(source.declaration);
      if (name === undefined) continue;
      const table = source.declaration.keyword.text === 'policy' ? this.#policies : this.#names;
      const others = table.get(name);
      if (others) others.push(source);
      else table.set(name, [source]);
    }
  }

  /** What a name at the top of this file stands for; the first, where it is declared twice. */
  find(name: string, table: 'names' | 'policies'): Source | undefined {
    return (table === 'policies' ? this.#policies : this.#names).get(name)?.[0];
  }

  /** Names that are declared more than once, with all their declarations. */
  *duplicates(): Generator<readonly Source[]> {
    for (const table of [this.#names, this.#policies]) {
      for (const sources of table.values()) if (sources.length > 1) yield sources;
    }
  }

  names(table: 'names' | 'policies'): string[] {
    return [...(table === 'policies' ? this.#policies : this.#names).keys()];
  }

  /** The import declarations, with the path each one leads to. */
  imports(): { source: Source; path: string | undefined }[] {
    return this.declarations
      .filter((source) => source.declaration.keyword.text === 'import')
      .map((source) => ({ source, path: importPath(source) }));
  }
}

/** The name a top-level `policy` declares: its head is a list of names, since in a vm it takes several. */
export function policyName(declaration: Declaration): string | undefined {
  const { head } = declaration;
  if (declaration.keyword.text !== 'policy' || head?.kind !== 'names') return undefined;
  const first = head.names[0];
  return first?.kind === 'reference' ? textOf(first.path[0]) : undefined;
}

const topLevel = new WeakMap<Item, readonly Declaration[]>();

function topLevelOf(item: Item): readonly Declaration[] {
  let declarations = topLevel.get(item);
  if (!declarations) {
    declarations = treeOf(item).members.filter((member): member is Declaration => member.kind === 'declaration');
    topLevel.set(item, declarations);
  }
  return declarations;
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
