import type { Choice } from './messages.js';
import type { State } from './state.js';

/** What of the state outlives the page: VS Code closes a view that is hidden, and every view when its window is reloaded. */
export interface Remembered {
  readonly file: string;
  readonly choice?: Choice | undefined;
  readonly scale: State['scale'];
  /** In decimal. */
  readonly base: string;
  readonly end: string;
  readonly isWhole: boolean;
  readonly showsStances: boolean;
  readonly sequence: number;
  readonly step: number;
}

export const remember = ({ file, choice, scale, window, isWhole, showsStances, sequence, step }: State): Remembered =>
  ({ file, choice, scale, base: `${window.base}`, end: `${window.end}`, isWhole, showsStances, sequence, step });

/** The remembered part of a state; nothing where it is no such thing. */
export function recall(remembered: unknown): Partial<State> {
  if (!isRemembered(remembered)) return {};
  const { file, choice, scale, base, end, isWhole, showsStances, sequence, step } = remembered;
  return { file, choice, scale, window: { base: BigInt(base), end: BigInt(end) }, isWhole, showsStances, sequence, step };
}

/** Whether it was written by {@link remember}, of this version. */
export function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { file, choice, scale, base, end, isWhole, showsStances, sequence, step } = value as Partial<Record<keyof Remembered, unknown>>;
  return typeof file === 'string' && (choice === undefined || isChoice(choice)) && (scale === 'exact' || scale === 'compressed')
    && isAddress(base) && isAddress(end) && BigInt(base) < BigInt(end)
    && typeof isWhole === 'boolean' && typeof showsStances === 'boolean' && Number.isInteger(sequence) && Number.isInteger(step);
}

const isAddress = (value: unknown): value is string => typeof value === 'string' && /^\d{1,20}$/.test(value);

function isChoice(value: unknown): value is Choice {
  if (typeof value !== 'object' || value === null) return false;
  const { vm, host } = value as Partial<Record<keyof Choice, unknown>>;
  return typeof vm === 'string' && (host === undefined || typeof host === 'string');
}
