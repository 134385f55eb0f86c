import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFormat, type ImportFile, type ImportFormatName } from '../../server/core/formats/index.js';

/** Where the committed dumps lie, from the root of the repository. */
export const MTREE_DATA = 'test/data/qemu-mtree';
export const RESERVED_DATA = 'test/data/reserved-regions';
export const IOMEM_DATA = 'test/data/iomem';
export const DTB_DATA = 'test/data/dtb';

export interface ImportedLayout {
  /** Name of the file that was imported. */
  readonly name: string;
  readonly text: string;
}

/** Where the committed inputs of each format lie, and how their names end. */
const SETS: readonly (readonly [format: ImportFormatName, folder: string, ending: string])[] = [
  ['qemu-mtree', MTREE_DATA, '.txt'],
  ['reserved-regions', RESERVED_DATA, '.txt'],
  ['iomem', IOMEM_DATA, '.iomem.txt'],
  ['dtb', DTB_DATA, '.dtb'],
  ['dts', DTB_DATA, '.dts'],
];

/** The layouts that the importers write for everything that is committed, for tests of whatever reads layouts. */
export function* importedLayouts(): Generator<ImportedLayout> {
  for (const [format, folder, ending] of SETS) for (const name of filesIn(folder, ending)) yield imported(format, folder, name);
}

export const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith(ending)).sort();

function imported(format: ImportFormatName, folder: string, name: string): ImportedLayout {
  const result = importFormat(format, [fileAt(folder, name)]);
  if ('errors' in result) throw new Error(`${name}:${result.errors[0]?.line}: ${result.errors[0]?.message}`);
  return { name, text: result.text };
}

/** A file as the command line hands it to an importer: blobs as bytes, all else as text. */
export function fileAt(folder: string, name: string): ImportFile {
  const bytes = readFileSync(join(folder, name));
  return name.endsWith('.dtb') ? { path: name, text: '', bytes } : { path: name, text: bytes.toString('utf8') };
}
