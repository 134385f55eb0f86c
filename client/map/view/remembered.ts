import type { State } from './state.js';

/** What of the state outlives the page: VS Code closes a view that is hidden and opens it anew. */
interface Remembered {
  readonly scale: State['scale'];
  readonly base: string;
  readonly end: string;
  readonly isWhole: boolean;
  readonly file: string;
}

export const remember = ({ scale, window, isWhole, file }: State): Remembered =>
  ({ scale, base: `${window.base}`, end: `${window.end}`, isWhole, file });

/** The remembered part of a state; nothing where it is no such thing. */
export function recall(remembered: unknown): Partial<State> {
  if (typeof remembered !== 'object' || remembered === null) return {};
  const { scale, base, end, isWhole, file } = remembered as Partial<Record<keyof Remembered, unknown>>;
  if ((scale !== 'exact' && scale !== 'compressed') || typeof base !== 'string' || typeof end !== 'string' || typeof file !== 'string') return {};
  if (!/^\d{1,20}$/.test(base) || !/^\d{1,20}$/.test(end) || BigInt(base) >= BigInt(end)) return {};
  return { scale, window: { base: BigInt(base), end: BigInt(end) }, isWhole: isWhole === true, file };
}
