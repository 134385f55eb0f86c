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

/** The declaration behind the name at an offset, in whatever file it stands; for the path of an import the file. */
export function definitionAt(file: EditorFile, offset: number): Definition | undefined {
  const cursor = cursorAt(file.document, offset);
  const meaning = cursor && meaningAt(file, cursor);
  if (!meaning) return undefined;
  const from = inDocument(cursor, meaning.span);
  if (meaning.kind === 'import') return isThere(meaning.path, file) ? { from, path: meaning.path, place: undefined } : undefined;
  const place = placeOfMeaning(meaning);
  return place && { from, path: place.path, place };
}

function placeOfMeaning(meaning: Meaning): Place | undefined {
  if (meaning.kind === 'element') return namePlace(meaning.element);
  if (meaning.kind === 'rule') return requirementPlace(meaning.name, meaning.around);
  if (meaning.kind !== 'field') return undefined;
  const located = meaning.owner.properties.get(meaning.name)?.[0];
  if (!located) return namePlace(meaning.owner);
  return { path: located.path, item: located.item, start: located.property.start, end: located.property.end };
}

function requirementPlace(name: string, around: Surroundings): Place | undefined {
  const found = visibleRequirements(around.origin.path, around).find(({ rule }) => rule === name);
  const head = found?.element.origin.declaration.head;
  return found && head?.kind === 'requirement' && head.name ? placeOf(found.element.origin, head.name) : undefined;
}

function isThere(path: string, { world }: EditorFile): boolean {
  if (path.startsWith('std:')) return libraryDocument(path) !== undefined;
  const state = world.read(path);
  return state !== 'missing' && !('error' in state);
}
