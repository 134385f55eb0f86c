export interface SourcePlace {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface SourceError {
  readonly place: SourcePlace;
  readonly message: string;
}

/** A preprocessed text by its lines: where each begins, and which line of which file it was. */
export interface SourceLines {
  readonly starts: readonly number[];
  readonly origins: readonly SourcePlace[];
}

export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Where an offset of the text was written; past the end, where the last line was. */
export function placeAt({ starts, origins }: SourceLines, at: number): SourcePlace {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return origins[low] ?? origins.at(-1) ?? { path: '', line: 1 };
}

/** Ends the reading of a source at a place. */
export class SourceTrouble extends Error {
  readonly place: SourcePlace;

  constructor(message: string, place: SourcePlace) {
    super(message);
    this.place = place;
  }
}

/** What `read` answers, or the error that ended it. */
export function orSourceError<Result>(read: () => Result): Result | SourceError {
  try {
    return read();
  } catch (error) {
    if (error instanceof SourceTrouble) return { place: error.place, message: error.message };
    throw error;
  }
}
