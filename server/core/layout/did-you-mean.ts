import { nearest } from '../text/suggest.js';
import type { Span } from '../text/span.js';
import type { Problem } from './problem.js';

/** The end of a message about a name that means nothing, and the replacement by the one that was meant, if any is near. */
export interface Meant {
  /** `; did you mean \`low\`?`, or nothing. */
  readonly hint: string;
  readonly more: Pick<Problem, 'repair'>;
}

export const didYouMean = (word: string, candidates: Iterable<string>, span: Span): Meant => meaning(nearest(word, candidates), span);

/** The same for a replacement that is known already. */
export function meaning(meant: string | undefined, { start, end }: Span): Meant {
  if (meant === undefined) return { hint: '', more: {} };
  return { hint: `; did you mean \`${meant}\`?`, more: { repair: { start, end, newText: meant, title: `Change to \`${meant}\`` } } };
}
