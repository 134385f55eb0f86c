import type { Level } from '../core/index.js';

/** The section that all settings of this server stand in. */
export const SECTION = 'vmlayout';

/** Levels by rule, as the user's settings say; what they say wrongly is left out. */
export function levelsIn(settings: unknown): ReadonlyMap<string, Level | 'off'> {
  const rules = fieldOf(settings, 'rules');
  if (typeof rules !== 'object' || rules === null) return new Map();
  return new Map(Object.entries(rules).filter((entry): entry is [string, Level | 'off'] => isLevel(entry[1])));
}

/** A field of something that came over the wire, whatever it is. */
export const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const LEVELS: readonly unknown[] = ['error', 'warning', 'note', 'off'];

const isLevel = (value: unknown): value is Level | 'off' => LEVELS.includes(value);
