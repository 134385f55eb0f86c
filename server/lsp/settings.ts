import type { Level } from '../core/index.js';
import { fieldOf } from './any-value.js';
import type { OpenFile } from './documents.js';
import type { Session } from './session.js';

/** The section that all settings of this server stand in. */
export const SECTION = 'vmlayout';

/** Asks the client for the settings of files, or takes those it sent along; tells for which files they are others now. */
export async function readSettings(session: Session, files: readonly OpenFile[], sent?: unknown): Promise<OpenFile[]> {
  if (!session.client.workspace?.configuration) return sent !== undefined && session.setLevels(levelsIn(sent)) ? [...files] : [];
  if (files.length === 0) return [];
  try {
    const items = files.map(({ uri }) => ({ scopeUri: uri, section: SECTION }));
    const settings: readonly unknown[] = await session.connection.workspace.getConfiguration(items);
    return files.filter(({ path }, index) => session.setLevels(levelsIn(settings[index]), path));
  } catch (error) {
    session.log('reading settings', error);
    return [];
  }
}

/** Levels by rule, as the user's settings say; what they say wrongly is left out. */
function levelsIn(settings: unknown): ReadonlyMap<string, Level | 'off'> {
  const rules = fieldOf(settings, 'rules');
  if (typeof rules !== 'object' || rules === null) return new Map();
  return new Map(Object.entries(rules).filter((entry): entry is [string, Level | 'off'] => isLevel(entry[1])));
}

const LEVELS: readonly unknown[] = ['error', 'warning', 'note', 'off'];

const isLevel = (value: unknown): value is Level | 'off' => LEVELS.includes(value);
