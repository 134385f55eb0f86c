import { preprocess, type Preprocessed } from './c-preprocessor.js';
import type { DeviceTree } from './device-tree.js';
import { linkSource, type SourceTree } from './dts-link.js';
import { parseSource } from './dts-parse.js';
import { fileName, type ImportFile } from './import-result.js';
import type { SourceError } from './source-places.js';

/**
 * Reads a device tree source: dtc's language (Devicetree Specification 0.4, chapter 6) with the C preprocessor that the
 * kernel puts in front of it. Files that can't be had and macros that nobody defines are told, and what doesn't depend
 * on them is read all the same.
 */
export function readDeviceTreeSource(file: ImportFile): DeviceTree | SourceError {
  const source = preprocess(file);
  if ('message' in source) return source;
  const parsed = parseSource(source, file.path);
  if ('message' in parsed) return parsed;
  const linked = linkSource(parsed, source.missing.length > 0);
  if ('message' in linked) return linked;
  return { ...linked, notes: [...missingNotes(source, file.path), ...linked.notes, ...macroNotes(parsed)] };
}

const MOST_TOLD = 20;

/** Headers hold macros, which are told by themselves; another source holds nodes. */
function missingNotes({ missing }: Preprocessed, path: string): string[] {
  const headers = missing.filter(({ name }) => name.endsWith('.h'));
  const sources = missing.filter(({ name }) => !name.endsWith('.h'));
  const told = sources.slice(0, MOST_TOLD).map(({ name, place }) => `${place.path === path ? `line ${place.line}` : `${fileName(place.path)}:${place.line}`}: ${name} isn’t there: what it says is missing`);
  const names = [...new Set(headers.map(({ name }) => name))];
  return [
    ...told,
    ...(sources.length > MOST_TOLD ? [`${sources.length - MOST_TOLD} more included files aren’t there`] : []),
    ...(names.length > 0 ? [`headers that aren’t there: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`] : []),
  ];
}

/** Macros without a meaning are mostly the numbers of pins and interrupts, which no layout needs: told by count. */
function macroNotes(tree: SourceTree): string[] {
  const names = new Set(tree.unknown);
  if (names.size === 0) return [];
  const some = [...names].slice(0, 8).join(', ');
  return [`${names.size} macros aren’t defined in these files, so that properties with them are unknown: ${some}${names.size > 8 ? ', …' : ''}`];
}
