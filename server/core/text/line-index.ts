/** A place in a text as editors count it: both from 0, `character` in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Finds lines and characters for offsets and back. Built once a text; only the edges ask for one. */
export class LineIndex {
  readonly #starts: readonly number[];
  readonly #length: number;

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
    this.#length = text.length;
  }

  get lineCount(): number {
    return this.#starts.length;
  }

  /** Offset of the first character of a line; the end of the text for a line past the last. */
  startOf(line: number): number {
    return this.#starts[line] ?? this.#length;
  }

  positionOf(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.startOf(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low, character: offset - this.startOf(low) };
  }

  /** The offset of a position; a character past its line's end is taken back to that end. */
  offsetOf(position: Position): number {
    if (position.line >= this.#starts.length) return this.#length;
    const next = position.line + 1 < this.#starts.length ? this.startOf(position.line + 1) - 1 : this.#length;
    return Math.min(this.startOf(position.line) + position.character, next);
  }
}
