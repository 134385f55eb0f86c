import type { Element } from '../layout/elements.js';
import { spanOfPlace, type Place, type PlacedEdit } from '../layout/place.js';
import type { World } from '../layout/scope.js';
import { checkFile, type CheckOptions, type CheckResult } from '../rules/check.js';
import { editDocumentAll, textOfDocument, type Document } from '../syntax/document.js';
import { isName } from '../syntax/vocabulary.js';
import { LineIndex } from '../text/line-index.js';
import { fileNameOf } from '../text/path.js';
import type { Span } from '../text/span.js';
import { namesakesOf } from './namesakes.js';
import { NO_RESULT, occurrencesOf, targetAt, type Occurrence, type Target, type TextFile } from './references.js';

/** Edits that give a target another name everywhere; or in a sentence why they can't be made. */
export type Renaming = { readonly edits: readonly PlacedEdit[] } | { readonly refused: string };

/**
 * Renames a target in these texts, with its namesakes. The edits are tried on copies first: the
 * new name has to stand for the same in the same places, and nowhere else, and must not be taken.
 */
export function rename(target: Target, newName: string, files: readonly TextFile[], world: World, options: CheckOptions): Renaming {
  if (!mayBeCalled(target, newName)) return { refused: `\`${newName}\` is no name: names are letters, digits, \`_\` and inner hyphens before a letter` };
  if (newName === target.name) return { edits: [] };
  const namesakes = namesakesOf(target, files, world);
  const outside = outsideOf(files, target, namesakes);
  if (outside !== undefined) return { refused: outside };
  const places = occurrencesOf(target, files, world, namesakes);
  const edits = places.map(({ declares: _declares, ...place }): PlacedEdit => ({ ...place, newText: newName }));
  const after = new Edited(edits, files, world);
  const problem = newProblemIn(files, world, after, options) ?? otherMeaningIn(places, newName, files, after);
  return problem === undefined ? { edits } : { refused: `with the name \`${newName}\`: ${problem}` };
}

/** Why a target can have no other name, whatever that is; nothing where it can. */
export const whyNotRenamed = (target: Target, files: readonly TextFile[], world: World): string | undefined => outsideOf(files, target, namesakesOf(target, files, world));

/** A group may be a number. */
const mayBeCalled = (target: Target, newName: string): boolean =>
  isName(newName) || (target.kind === 'element' && target.element.keyword === 'group' && /^\d+$/.test(newName));

/** Why not all declarations can be edited, if so. */
function outsideOf(files: readonly TextFile[], target: Target, namesakes: readonly Element[]): string | undefined {
  if (target.kind === 'bound') return undefined;
  const paths = [target.element, ...namesakes].map(({ origin }) => origin.path);
  const outside = paths.find((path) => !files.some((file) => file.path === path));
  if (outside === undefined) return undefined;
  if (!outside.startsWith('std:')) return `\`${target.name}\` is declared in \`${fileNameOf(outside)}\`, which is neither open nor in the workspace`;
  return outside === paths[0] ? `\`${target.name}\` is of the shipped library` : `\`${target.name}\` replaces what the shipped library declares`;
}

/** The texts once they are edited. */
class Edited implements World {
  readonly #changed: ReadonlyMap<string, Document>;
  readonly #world: World;

  constructor(edits: readonly PlacedEdit[], files: readonly TextFile[], world: World) {
    this.#world = world;
    this.#changed = new Map(files.flatMap(({ path, document }): [string, Document][] => {
      const own = edits.filter((edit) => edit.path === path).flatMap((edit) => spansIn(document, edit).map((span) => ({ ...span, newText: edit.newText })));
      return own.length === 0 ? [] : [[path, editDocumentAll(document, own)]];
    }));
  }

  read(path: string): ReturnType<World['read']> {
    return this.#changed.get(path) ?? this.#world.read(path);
  }

  changes(path: string): boolean {
    return this.#changed.has(path);
  }

  of({ path, document }: TextFile): TextFile {
    return { path, document: this.#changed.get(path) ?? document };
  }
}

/** What only a name can do wrong. All else stays as it was where each name stands for the same. */
const NAMING: readonly string[] = ['duplicate-name', 'syntax', 'unknown-name'];

/** The first of these problems that the edits would make in any text, in its own words. */
function newProblemIn(files: readonly TextFile[], world: World, after: Edited, options: CheckOptions): string | undefined {
  for (const { path } of files) {
    const looked = new Set([path]);
    const before = checkFile(path, { read: (asked) => (looked.add(asked), world.read(asked)) }, options);
    // A text that neither changes nor looks into one that does is told the same.
    if (![...looked].some((asked) => after.changes(asked))) continue;
    const problem = newProblem(before, checkFile(path, after, options));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function newProblem(before: CheckResult, after: CheckResult): string | undefined {
  const count = ({ findings }: CheckResult, named: string): number => findings.filter(({ rule }) => rule === named).length;
  const more = NAMING.filter((rule) => count(after, rule) > count(before, rule));
  return after.findings.find(({ rule }) => more.includes(rule))?.message;
}

/** A place where the new name would stand for something else, or where it already stands and would now stand for the target. */
function otherMeaningIn(places: readonly Occurrence[], newName: string, files: readonly TextFile[], after: Edited): string | undefined {
  const edited = files.map((file) => after.of(file));
  const expected = movedPlaces(places, newName, files);
  const declared = expected.find(({ declares }) => declares);
  const file = edited.find(({ path }) => path === declared?.path);
  const target = declared && file && targetAt({ ...file, world: after, result: NO_RESULT, files: edited }, declared.offset)?.target;
  const found = (target ? occurrencesOf(target, edited, after, namesakesOf(target, edited, after)) : [])
    .flatMap((place) => edited.filter(({ path }) => path === place.path).flatMap(({ path, document }) => spansIn(document, place).map(({ start }) => ({ path, offset: start }))));
  const lost = missingIn(found, expected);
  if (lost) return `it would be something else in ${whereIs(lost, edited)}`;
  const gained = missingIn(expected, found);
  return gained && `the \`${newName}\` in ${whereIs(gained, edited)} would be the same`;
}

interface Spot {
  readonly path: string;
  /** In the text once it is edited. */
  readonly offset: number;
}

/** The first of `spots` that isn’t among the others. */
function missingIn(others: readonly Spot[], spots: readonly Spot[]): Spot | undefined {
  const known = new Set(others.map(({ path, offset }) => `${offset} ${path}`));
  return spots.find(({ path, offset }) => !known.has(`${offset} ${path}`));
}

/** Where each place lies when all have the new name. */
function movedPlaces(places: readonly Occurrence[], newName: string, files: readonly TextFile[]): (Spot & { declares: boolean })[] {
  return files.flatMap(({ path, document }) => {
    const own = places.filter((place) => place.path === path).flatMap((place) => spansIn(document, place).map((span) => ({ ...span, declares: place.declares })));
    return own.sort((left, right) => left.start - right.start).map(({ start, end, declares }, index) => ({ path, offset: start + index * (newName.length - (end - start)), declares }));
  });
}

function spansIn(document: Document, place: Place): Span[] {
  const span = spanOfPlace(document, place);
  return span ? [span] : [];
}

function whereIs({ path, offset }: Spot, files: readonly TextFile[]): string {
  const document = files.find((file) => file.path === path)?.document;
  const line = document ? new LineIndex(textOfDocument(document)).positionOf(offset).line + 1 : 0;
  return `line ${line} of \`${fileNameOf(path)}\``;
}
