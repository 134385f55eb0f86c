import type { PlacedEdit } from '../layout/place.js';
import type { World } from '../layout/scope.js';
import { checkFile, type CheckOptions, type CheckResult } from '../rules/check.js';
import { editDocumentAll, indexOfItem, type Document } from '../syntax/document.js';
import { isName } from '../syntax/vocabulary.js';
import type { TextEdit } from '../text/text-edit.js';
import { occurrencesOf, type Target, type TextFile } from './references.js';

/** Edits that give a target another name everywhere; or in a sentence why they can't be made. */
export type Renaming = { readonly edits: readonly PlacedEdit[] } | { readonly refused: string };

/**
 * Renames a target in these texts. The edits are tried on copies first: a name that is taken, or that means something
 * else where the old one was used, would make errors, and is refused.
 */
export function rename(target: Target, newName: string, files: readonly TextFile[], world: World, options: CheckOptions): Renaming {
  if (!isName(newName)) return { refused: `\`${newName}\` is no name: names are letters, digits, \`_\` and inner hyphens before a letter` };
  if (newName === target.name) return { edits: [] };
  const places = occurrencesOf(target, files, world);
  if (places.some(({ path }) => path.startsWith('std:'))) return { refused: `\`${target.name}\` is of the shipped library` };
  const edits = places.map(({ declares: _declares, ...place }): PlacedEdit => ({ ...place, newText: newName }));
  const problem = newErrorIn(edits, files, world, options);
  return problem === undefined ? { edits } : { refused: `with the name \`${newName}\`: ${problem}` };
}

/** The first error that the edits would make in any text, in its own words. */
function newErrorIn(edits: readonly PlacedEdit[], files: readonly TextFile[], world: World, options: CheckOptions): string | undefined {
  const changed = new Map(files.flatMap(({ path, document }): [string, Document][] => {
    const own = edits.flatMap((edit) => (edit.path === path ? inDocumentOf(edit, document) : []));
    return own.length === 0 ? [] : [[path, editDocumentAll(document, own)]];
  }));
  const after: World = { read: (path) => changed.get(path) ?? world.read(path) };
  for (const { path } of files) {
    const looked = new Set([path]);
    const before = checkFile(path, { read: (asked) => (looked.add(asked), world.read(asked)) }, options);
    // A text that neither changes nor looks into one that does is told the same.
    if (![...looked].some((asked) => changed.has(asked))) continue;
    const error = newError(before, checkFile(path, after, options));
    if (error !== undefined) return error;
  }
  return undefined;
}

function inDocumentOf(edit: PlacedEdit, document: Document): TextEdit[] {
  const index = indexOfItem(document, edit.item);
  const base = index === undefined ? undefined : document.starts[index];
  return base === undefined ? [] : [{ start: base + edit.start, end: base + edit.end, newText: edit.newText }];
}

function newError(before: CheckResult, after: CheckResult): string | undefined {
  const count = ({ findings }: CheckResult): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const { rule, level } of findings) if (level === 'error') counts.set(rule, (counts.get(rule) ?? 0) + 1);
    return counts;
  };
  const had = count(before);
  const more = [...count(after)].find(([rule, number]) => number > (had.get(rule) ?? 0));
  return more && after.findings.find(({ rule, level }) => rule === more[0] && level === 'error')?.message;
}
