import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFormat } from '../../server/core/formats/index.js';

/** Where the committed dumps lie, from the root of the repository. */
export const MTREE_DATA = 'test/data/qemu-mtree';
export const RESERVED_DATA = 'test/data/reserved-regions';

export interface ImportedLayout {
  /** Name of the file that was imported. */
  readonly name: string;
  readonly text: string;
}

/** The layouts that the importers write for everything that is committed, for tests of whatever reads layouts. */
export function* importedLayouts(): Generator<ImportedLayout> {
  for (const name of filesIn(MTREE_DATA, '.txt')) yield imported('qemu-mtree', MTREE_DATA, name);
  for (const name of filesIn(RESERVED_DATA, '.txt')) yield imported('reserved-regions', RESERVED_DATA, name);
}

export const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith(ending)).sort();

function imported(format: 'qemu-mtree' | 'reserved-regions', folder: string, name: string): ImportedLayout {
  const result = importFormat(format, [{ path: name, text: readFileSync(join(folder, name), 'utf8') }]);
  if ('errors' in result) throw new Error(`${name}:${result.errors[0]?.line}: ${result.errors[0]?.message}`);
  return { name, text: result.text };
}
