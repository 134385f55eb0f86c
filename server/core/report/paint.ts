import type { Level } from '../rules/rule.js';

/** How the parts of a report look: each takes a text and gives it back, with colours or without. */
export interface Paint {
  /** Places, names of vms: what the eye looks for first. */
  strong(text: string): string;
  /** Line numbers, rule names: what is there if needed. */
  faint(text: string): string;
  good(text: string): string;
  level(level: Level, text: string): string;
}

const asItIs = (text: string): string => text;

/** For files, pipes, and whoever set NO_COLOR. */
export const PLAIN: Paint = { strong: asItIs, faint: asItIs, good: asItIs, level: (_, text) => text };

const inColour = (code: string) => (text: string): string => `\u001b[${code}m${text}\u001b[0m`;

const LEVELS: Readonly<Record<Level, (text: string) => string>> = {
  error: inColour('1;31'),
  warning: inColour('1;33'),
  note: inColour('1;36'),
};

/** For terminals. */
export const COLOURED: Paint = {
  strong: inColour('1'),
  faint: inColour('2'),
  good: inColour('32'),
  level: (level, text) => LEVELS[level](text),
};
