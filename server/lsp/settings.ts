import { HINT_KINDS, type HintKind, type Level } from '../core/index.js';
import { fieldOf } from './any-value.js';
import type { Levels } from './rule-levels.js';
import type { Session } from './session.js';

/** The section that all settings of this server stand in. */
export const SECTION = 'vmlayout';

/** What the user wants to see besides the findings. */
export interface Display {
  readonly hints: ReadonlySet<HintKind>;
  readonly lenses: boolean;
}

/** Everything, where nobody says otherwise. */
export const SHOW_ALL: Display = { hints: new Set(HINT_KINDS), lenses: true };

/** What the settings say of the display; what they say wrongly counts as not said. */
function displayIn(settings: unknown): Display {
  const hints = fieldOf(settings, 'inlayHints');
  return { hints: new Set(HINT_KINDS.filter((kind) => fieldOf(hints, kind) !== false)), lenses: fieldOf(settings, 'codeLens') !== false };
}

/** A file, or a folder with all in it of which nothing else is known. */
interface Scope {
  readonly uri: string;
  readonly path: string;
}

/** Asks the client for the settings of files and folders, or takes those it sent along; tells for which they are others now. */
export async function readSettings(session: Session, files: readonly Scope[], sent?: unknown): Promise<Scope[]> {
  if (!session.client.answersSettings) {
    if (sent === undefined) return [];
    session.display.set(displayIn(sent));
    return session.levels.setUser(levelsIn(sent)) ? [...files] : [];
  }
  if (files.length === 0) return [];
  try {
    const items = files.map(({ uri }) => ({ scopeUri: uri, section: SECTION }));
    const settings: readonly unknown[] = await session.connection.workspace.getConfiguration(items);
    for (const [index, { path }] of files.entries()) if (session.documents.at(path)) session.display.set(displayIn(settings[index]), path);
    return files.filter(({ path }, index) => session.levels.setUser(levelsIn(settings[index]), path));
  } catch (error) {
    session.log('reading settings', error);
    return [];
  }
}

/** Levels by rule, as the user's settings say; what they say wrongly is left out. */
function levelsIn(settings: unknown): Levels {
  const rules = fieldOf(settings, 'rules');
  if (typeof rules !== 'object' || rules === null) return new Map();
  return new Map(Object.entries(rules).filter((entry): entry is [string, Level | 'off'] => isLevel(entry[1])));
}

const LEVELS: readonly unknown[] = ['error', 'warning', 'note', 'off'];

const isLevel = (value: unknown): value is Level | 'off' => LEVELS.includes(value);
