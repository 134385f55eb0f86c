import { editedItems, forgetTree, treeOf, type Document, type EditedItems, type Item } from '../syntax/document.js';
import { textOf, type Declaration } from '../syntax/nodes.js';
import { folderOf } from '../text/path.js';
import { NameTable } from './name-table.js';
import type { Origin } from './place.js';

/** A declaration and where it was written. */
export interface Source extends Origin {
  readonly declaration: Declaration;
}

/** The texts a check may read, by path. The core loads nothing: it says what it misses and is asked again. */
export interface World {
  read(path: string): TextState;
}

/** The document of a path; `missing` while nobody has loaded it, an error where it can't be. */
export type TextState = Document | 'missing' | { readonly error: string };

export const isLoaded = (state: TextState): state is Document => state !== 'missing' && !('error' in state);

/** The same texts but one: the file at `path` has this document. */
export const withText = (world: World, path: string, document: Document): World => ({ read: (asked) => (asked === path ? document : world.read(asked)) });

type Table = 'names' | 'policies';

/** A declaration at the top of a file. What it declares stays known when its tree is forgotten; the tree is parsed again when somebody asks. */
export class TopSource implements Source {
  readonly path: string;
  readonly item: Item;
  readonly keyword: string;
  /** The name that it puts into each table. */
  readonly names: Readonly<Record<Table, string | undefined>>;
  /** Which declaration of its item it is. */
  readonly #index: number;
  #declaration: Declaration | undefined;

  constructor(path: string, item: Item, declaration: Declaration, index: number) {
    this.path = path;
    this.item = item;
    this.keyword = declaration.keyword.text;
    this.names = namesOfDeclaration(declaration);
    this.#index = index;
    this.#declaration = declaration;
  }

  get declaration(): Declaration {
    this.#declaration ??= declarationsOf(this.item)[this.#index] as Declaration;
    return this.#declaration;
  }

  forget(): void {
    this.#declaration = undefined;
  }
}

/** The names at the top of one file, in one version. */
export class FileScope {
  readonly path: string;
  readonly document: Document;
  readonly declarations: readonly TopSource[];
  /** Index of each item's first declaration, and one more entry for their number. */
  readonly #firsts: readonly number[];
  readonly #tables: Readonly<Record<Table, NameTable>>;
  /** Names that are declared more than once, with all their declarations. */
  readonly #repeated: readonly (readonly Source[])[];
  readonly #imports: readonly Import[];

  private constructor(path: string, document: Document, contents: Contents) {
    this.path = path;
    this.document = document;
    this.declarations = contents.declarations;
    this.#firsts = contents.firsts;
    this.#tables = contents.tables;
    this.#repeated = contents.repeated;
    this.#imports = contents.imports;
  }

  static of(path: string, document: Document): FileScope {
    return new FileScope(path, document, read(path, document.items));
  }

  /**
   * The scope after an edit that leaves the names and the imports of the file as they were, with what stays of it.
   * Nothing where the edit changes more: then the file is read anew.
   */
  after(document: Document): NextScope | undefined {
    if (this.#repeated.length > 0) return undefined;
    const edited = editedItems(this.document, document);
    const [head, next] = [edited.from, edited.from + edited.gone.length];
    const [from, to] = [this.#firsts[head] ?? 0, this.#firsts[next] ?? 0];
    const old = this.declarations.slice(from, to);
    const fresh = read(this.path, edited.fresh);
    if (fresh.repeated.length > 0 || !declareTheSame(old, fresh.declarations)) return undefined;
    const shift = from + fresh.declarations.length - to;
    const scope = new FileScope(this.path, document, {
      declarations: this.declarations.slice(0, from).concat(fresh.declarations, this.declarations.slice(to)),
      firsts: [...this.#firsts.slice(0, head), ...fresh.firsts.slice(0, -1).map((first) => first + from), ...this.#firsts.slice(next).map((first) => first + shift)],
      tables: { names: this.#tables.names.with(sourcesIn(fresh.declarations, 'names')), policies: this.#tables.policies.with(sourcesIn(fresh.declarations, 'policies')) },
      repeated: [],
      imports: this.#imports,
    });
    return { scope, edited, from, old: old.length, fresh: fresh.declarations };
  }

  /** What a name at the top of this file stands for; the first, where it is declared twice. */
  find(name: string, table: Table): TopSource | undefined {
    return this.#tables[table].get(name);
  }

  /** Names that are declared more than once, with all their declarations. */
  duplicates(): Iterable<readonly Source[]> {
    return this.#repeated;
  }

  names(table: Table): string[] {
    return this.#tables[table].names();
  }

  /** The import declarations, with the path each one leads to. */
  imports(): readonly Import[] {
    return this.#imports;
  }
}

/** A scope made of an earlier one: `old` declarations from one on are replaced by fresh ones, which have the same names. */
export interface NextScope {
  readonly scope: FileScope;
  readonly edited: EditedItems;
  readonly from: number;
  readonly old: number;
  readonly fresh: readonly TopSource[];
}

interface Contents {
  readonly declarations: readonly TopSource[];
  readonly firsts: readonly number[];
  readonly tables: Readonly<Record<Table, NameTable>>;
  readonly repeated: readonly (readonly Source[])[];
  readonly imports: readonly Import[];
}

function read(path: string, items: readonly Item[]): Contents {
  const declarations: TopSource[] = [];
  const firsts: number[] = [];
  for (const item of items) {
    firsts.push(declarations.length);
    declarations.push(...sourcesOf(path, item));
  }
  firsts.push(declarations.length);
  const repeated = new Map<TopSource, TopSource[]>();
  const tables = { names: tableOf(declarations, 'names', repeated), policies: tableOf(declarations, 'policies', repeated) };
  return { declarations, firsts, tables, repeated: [...repeated.values()], imports: declarations.filter(isImport).map((source) => ({ source, path: importPath(source) })) };
}

function tableOf(declarations: readonly TopSource[], table: Table, repeated: Map<TopSource, TopSource[]>): NameTable {
  const sources = new Map<string, TopSource>();
  for (const source of declarations) {
    const name = source.names[table];
    if (name === undefined) continue;
    const first = sources.get(name);
    if (!first) sources.set(name, source);
    else repeated.set(first, [...(repeated.get(first) ?? [first]), source]);
  }
  return new NameTable(sources);
}

const isImport = ({ keyword }: TopSource): boolean => keyword === 'import';

/** Whether declarations have the same names in the same order, and no import is among them. */
const declareTheSame = (old: readonly TopSource[], fresh: readonly TopSource[]): boolean =>
  ![...old, ...fresh].some(isImport) && TABLES.every((table) => named(old, table) === named(fresh, table));

const TABLES: readonly Table[] = ['names', 'policies'];

const named = (sources: readonly TopSource[], table: Table): string => sources.flatMap(({ names }) => names[table] ?? []).join();

const sourcesIn = (sources: readonly TopSource[], table: Table): ReadonlyMap<string, TopSource> =>
  new Map(sources.flatMap((source): [string, TopSource][] => {
    const name = source.names[table];
    return name === undefined ? [] : [[name, source]];
  }));

function namesOfDeclaration(declaration: Declaration): Record<Table, string | undefined> {
  const name = textOf(declaration.name) ?? policyName(declaration);
  const isPolicy = declaration.keyword.text === 'policy';
  return { names: isPolicy ? undefined : name, policies: isPolicy ? name : undefined };
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

const sources = new WeakMap<Item, readonly TopSource[]>();

/** What an item declares, found once: an item is in one file. */
export function sourcesOf(path: string, item: Item): readonly TopSource[] {
  let found = sources.get(item);
  if (!found || found.some((source) => source.path !== path)) {
    found = declarationsOf(item).map((declaration, index) => new TopSource(path, item, declaration, index));
    sources.set(item, found);
  }
  return found;
}

/** Forgets the tree of an item, and keeps the names that it declares. */
export function forgetTreeOf(item: Item): void {
  forgetTree(item);
  for (const source of sources.get(item) ?? []) source.forget();
}

const declarationsOf = (item: Item): Declaration[] => treeOf(item).members.filter((member): member is Declaration => member.kind === 'declaration');

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
  const folder = folderOf(file);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/[^/]*\/|^\//i.exec(folder)?.[0] ?? '';
  const parts: string[] = [];
  for (const part of `${folder.slice(scheme.length)}${relative}`.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part === '..' && scheme !== '') continue;
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return scheme + parts.join('/');
}
