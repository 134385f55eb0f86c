import { spanOfPlace } from '../layout/place.js';
import type { EditorFile } from './editor-file.js';
import { namesakesOf } from './namesakes.js';
import { occurrencesOf, targetAt, type Occurrence, type TextFile } from './references.js';

/**
 * The places of a name that change together while its declaration is typed over. None where another file has one of them, or the shipped
 * library: only a rename changes those, too.
 */
export function linkedAt(file: EditorFile, offset: number, files: readonly TextFile[]): Occurrence[] {
  const found = targetAt(file, offset);
  if (!found) return [];
  const namesakes = namesakesOf(found.target, files, file.world);
  const places = occurrencesOf(found.target, files, file.world, namesakes);
  const isDeclared = places.some((place) => place.declares && spanOfPlace(file.document, place)?.start === found.span.start);
  const isOutside = ({ path }: { readonly path: string }): boolean => path !== file.path;
  return isDeclared && places.length > 1 && !places.some(isOutside) && !namesakes.some(({ origin }) => isOutside(origin)) ? places : [];
}
