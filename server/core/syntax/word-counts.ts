/** Changes that a count carries before it is written anew. */
const MOST_CHANGES = 1000;

/** How many sets have a word. The count after an edit shares the one before it, but for the words that changed. */
export class WordCounts {
  readonly #counts: ReadonlyMap<string, number>;
  readonly #changes: ReadonlyMap<string, number>;

  private constructor(counts: ReadonlyMap<string, number>, changes: ReadonlyMap<string, number>) {
    this.#counts = counts;
    this.#changes = changes;
  }

  static of(sets: Iterable<ReadonlySet<string>>): WordCounts {
    const counts = new Map<string, number>();
    for (const set of sets) add(counts, set, 1);
    return new WordCounts(counts, new Map());
  }

  has(word: string): boolean {
    return (this.#counts.get(word) ?? 0) + (this.#changes.get(word) ?? 0) > 0;
  }

  /** The count with some sets in the place of others. */
  replaced(gone: Iterable<ReadonlySet<string>>, fresh: Iterable<ReadonlySet<string>>): WordCounts {
    const changes = new Map(this.#changes);
    for (const set of gone) add(changes, set, -1);
    for (const set of fresh) add(changes, set, 1);
    if (changes.size <= MOST_CHANGES) return new WordCounts(this.#counts, changes);
    const counts = new Map(this.#counts);
    for (const [word, change] of changes) counts.set(word, (counts.get(word) ?? 0) + change);
    return new WordCounts(counts, new Map());
  }
}

function add(counts: Map<string, number>, words: ReadonlySet<string>, by: number): void {
  for (const word of words) {
    const count = (counts.get(word) ?? 0) + by;
    if (count === 0) counts.delete(word);
    else counts.set(word, count);
  }
}
