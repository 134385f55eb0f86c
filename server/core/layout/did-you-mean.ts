import type { Binary } from '../syntax/nodes.js';
import type { Repair } from '../syntax/problems.js';
import { nearest } from '../text/suggest.js';
import type { Span } from '../text/span.js';
import type { Problem } from './problem.js';
import type { Value } from './values.js';

/** The end of a message about a name that means nothing, and the replacement by the one that was meant, if any is near. */
export interface Meant {
  /** `; did you mean \`low\`?`, or nothing. */
  readonly hint: string;
  readonly more: Pick<Problem, 'repair'>;
}

export const didYouMean = (word: string, candidates: Iterable<string>, span: Span): Meant => meaning(nearest(word, candidates), span);

/** Candidates that don’t stand there already: the same name a second time is not what was meant. */
export const withoutNames = (candidates: readonly string[], there: readonly { readonly name: string }[]): string[] =>
  candidates.filter((candidate) => !there.some(({ name }) => name === candidate));

/** The same for a replacement that is known already. */
export function meaning(meant: string | undefined, { start, end }: Span): Meant {
  if (meant === undefined) return { hint: '', more: {} };
  return { hint: `; did you mean \`${meant}\`?`, more: { repair: { start, end, newText: meant, title: `Change to \`${meant}\`` } } };
}

/** `0.9` that is compared with a share, as the per cent that it stands for. */
export function shareMeant({ left, right }: Binary, first: Value, second: Value): Repair | undefined {
  const number = first.type === 'ratio' ? right : second.type === 'ratio' ? left : undefined;
  const [, whole, fraction] = number?.kind === 'decimal' ? /^([01])\.(\d+)$/.exec(number.text) ?? [] : [];
  if (!number || whole === undefined || fraction === undefined) return undefined;
  const digits = `${whole}${fraction.padEnd(2, '0')}`;
  const percent = `${BigInt(digits.slice(0, 3))}${digits.slice(3).replace(/^(?=\d)/, '.')}%`;
  return { start: number.start, end: number.end, newText: percent, title: `Change to \`${percent}\`` };
}
