import type { Range } from '../layout/intervals.js';

/** What became of something between two layouts, in the words of the field and not of the text. */
export type ChangeKind =
  | 'added'
  | 'removed'
  | 'renamed'
  | 'moved'
  | 'grown'
  | 'shrunk'
  | 'changed'
  | 'hole-opened'
  | 'hole-closed'
  | 'block-size-lost'
  | 'block-size-gained'
  | 'reserved-met'
  | 'reserved-left'
  | 'finding-new'
  | 'finding-gone';

export interface Change {
  readonly kind: ChangeKind;
  /** `ram low`: what it is about. */
  readonly what: string;
  /** A sentence without a full stop. */
  readonly message: string;
  /** Where it was, where that means something. */
  readonly before?: Range;
  readonly after?: Range;
  /** Whether a guest that runs, or is received, with the one layout can’t go on with the other. */
  readonly breaksMigration: boolean;
}

/** The changes of one vm or host. */
export interface ChangedPart {
  readonly kind: 'vm' | 'host';
  readonly name: string;
  readonly changes: readonly Change[];
}
