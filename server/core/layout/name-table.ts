import type { TopSource } from './scope.js';

/** Changes that a table carries before it is written anew. */
const MOST_CHANGES = 64;

/** Names and the first declaration of each, in the order of the text. The next version of a table shares what stays as it is. */
export class NameTable {
  readonly #sources: ReadonlyMap<string, TopSource>;
  readonly #changed: ReadonlyMap<string, TopSource>;

  constructor(sources: ReadonlyMap<string, TopSource>, changed: ReadonlyMap<string, TopSource> = new Map()) {
    this.#sources = sources;
    this.#changed = changed;
  }

  get(name: string): TopSource | undefined {
    return this.#changed.get(name) ?? this.#sources.get(name);
  }

  names(): string[] {
    return [...this.#sources.keys()];
  }

  /** The table with other declarations of names that it has. */
  with(changes: ReadonlyMap<string, TopSource>): NameTable {
    if (changes.size === 0) return this;
    const changed = new Map([...this.#changed, ...changes]);
    if (changed.size <= MOST_CHANGES) return new NameTable(this.#sources, changed);
    return new NameTable(new Map([...this.#sources.keys()].map((name) => [name, changed.get(name) ?? this.#sources.get(name)] as [string, TopSource])));
  }
}
