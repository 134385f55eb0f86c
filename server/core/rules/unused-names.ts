import { pathText } from '../layout/elements.js';
import { placeOf, type Place } from '../layout/place.js';
import type { Source } from '../layout/scope.js';
import type { Document } from '../syntax/document.js';
import { textOf, type Declaration, type Member } from '../syntax/nodes.js';
import { overviewOf, surveyOf, type Idle, type Overview } from '../syntax/survey.js';
import { without } from './edits.js';
import type { FileSubject, Fix } from './rule.js';

/** Finds constants and backings that nothing in their file uses. */

/** A declaration that nobody uses, with the vm or host it stands in; nothing at the top of the file. */
export interface Unused {
  readonly source: Source;
  readonly name: string;
  readonly owner: Source | undefined;
}

type Keyword = 'const' | 'backing';

/**
 * What a file declares for itself and nobody uses. Left out is what others may use: everything in a file without a vm,
 * which is a library, and everything in a model; and what replaces a declaration of the vm or host that its owner is
 * `like`.
 */
export function unusedIn(subject: FileSubject, keyword: Keyword): Unused[] {
  const { scope, lookup } = subject;
  if (!scope.declarations.some((source) => source.keyword === 'vm')) return [];
  const mentioned = documentsAround(subject).map(overviewOf);
  return overviewOf(scope.document).idle.flatMap((item) =>
    surveyOf(item).idle.flatMap((idle) => {
      const { declaration, name, owner } = idle;
      if (declaration.keyword.text !== keyword || isUsedIn(mentioned, idle)) return [];
      const place = { path: scope.path, item };
      const unused = { source: { ...place, declaration }, name, owner: owner && { ...place, declaration: owner } };
      return unused.owner && replacesOne(unused.owner, keyword, name, lookup) ? [] : [unused];
    }),
  );
}

/** The file, and those files that it imports and that import it, too: whoever could use what it declares. */
function documentsAround({ scope, lookup }: FileSubject): Document[] {
  const imported = scope.imports().flatMap(({ path }) => (path === undefined ? [] : lookup.scopeOf(path) ?? []));
  const back = imported.filter((other) => other.imports().some(({ path }) => path === scope.path));
  return [scope, ...back].map(({ document }) => document);
}

const isUsedIn = (mentioned: readonly Overview[], { name, ways }: Idle): boolean => mentioned.some((overview) => ways.some((way) => overview[way].has(name)));

const declarationsIn = ({ block }: Declaration, keyword: Keyword): Declaration[] =>
  (block?.members ?? []).filter((member: Member): member is Declaration => member.kind === 'declaration' && member.keyword.text === keyword);

/** Whether one of those that the owner is `like` declares the name, too. */
function replacesOne(owner: Source, keyword: Keyword, name: string, lookup: FileSubject['lookup']): boolean {
  const seen = new Set<Declaration>();
  for (let base = baseOf(owner, lookup); base && !seen.has(base.declaration); base = baseOf(base, lookup)) {
    seen.add(base.declaration);
    if (declarationsIn(base.declaration, keyword).some((member) => textOf(member.name) === name)) return true;
  }
  return false;
}

function baseOf({ path, declaration }: Source, lookup: FileSubject['lookup']): Source | undefined {
  const like = declaration.properties.find((property) => property.kind === 'property' && property.word.text === 'like');
  const value = like?.kind === 'property' ? like.value : undefined;
  const reference = value?.kind === 'names' ? value.names[0] : undefined;
  return reference?.kind === 'reference' ? lookup.find(path, pathText(reference)) : undefined;
}

export const placeOfUnused = ({ source }: Unused): Place =>
  placeOf(source, source.declaration.name ?? source.declaration.keyword);

/** Takes the declaration out, with its line. */
export const removal = ({ source, name }: Unused): Fix => ({ title: `Remove \`${name}\``, safe: false, edits: [without({ origin: source })] });
