import { namePlace } from '../layout/model.js';
import { placeOf, type Place } from '../layout/place.js';
import { libraryDocument } from '../layout/lookup.js';
import type { Span } from '../text/span.js';
import { cursorAt, inDocument } from './cursor.js';
import type { EditorFile } from './editor-file.js';
import { meaningAt, type Meaning } from './meaning.js';
import { visibleRequirements } from './requirement-names.js';
import type { Surroundings } from './surroundings.js';

/** Where something is declared. */
export interface Definition {
  /** The name at the cursor, in the offsets of the document. */
  readonly from: Span;
  readonly path: string;
  /** Nothing where a whole file is meant. */
  readonly place: Place | undefined;
}

/**
 * The declarations behind the name at an offset, in whatever file they stand: several where it is a name on several hosts, or in several
 * vms. For the path of an import it is the file.
 */
export function definitionsAt(file: EditorFile, offset: number): Definition[] {
  const cursor = cursorAt(file.document, offset);
  const meaning = cursor && meaningAt(file, cursor);
  if (!meaning) return [];
  const from = inDocument(cursor, meaning.span);
  if (meaning.kind === 'import') return isThere(meaning.path, file) ? [{ from, path: meaning.path, place: undefined }] : [];
  return placesOfMeaning(meaning).map((place) => ({ from, path: place.path, place }));
}

function placesOfMeaning(meaning: Meaning): Place[] {
  if (meaning.kind === 'element') return [meaning.element, ...meaning.others].map(namePlace);
  if (meaning.kind === 'rule') return requirementPlace(meaning.name, meaning.around);
  if (meaning.kind === 'bound') return meaning.binder ? [placeOf(meaning.around.origin, meaning.binder.name)] : [];
  if (meaning.kind !== 'field') return [];
  const located = meaning.owner.properties.get(meaning.name)?.[0];
  return [located ? placeOf(located, located.property) : namePlace(meaning.owner)];
}

function requirementPlace(name: string, around: Surroundings): Place[] {
  const found = visibleRequirements(around.origin.path, around).find(({ rule }) => rule === name);
  const head = found?.element.origin.declaration.head;
  return found && head?.kind === 'requirement' && head.name ? [placeOf(found.element.origin, head.name)] : [];
}

function isThere(path: string, { world }: EditorFile): boolean {
  if (path.startsWith('std:')) return libraryDocument(path) !== undefined;
  const state = world.read(path);
  return state !== 'missing' && !('error' in state);
}
