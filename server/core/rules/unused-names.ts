import { pathText } from '../layout/elements.js';
import { placeOf, type Place } from '../layout/place.js';
import type { Source } from '../layout/scope.js';
import type { Document } from '../syntax/document.js';
import { textOf, type Declaration, type Member } from '../syntax/nodes.js';
import { without } from './edits.js';
import type { FileSubject, Fix } from './rule.js';

/** Finds constants and backings that nothing in their file uses. */

/** A declaration with the vm or host it stands in; nothing at the top of the file. */
export interface Owned {
  readonly source: Source;
  readonly name: string;
  readonly owner: Source | undefined;
}

type Keyword = 'const' | 'backing';

/** The file, and those files that it imports and that import it, too: whoever could use what it declares. */
export function documentsAround({ scope, lookup }: FileSubject): Document[] {
  const imported = scope.imports().flatMap(({ path }) => (path === undefined ? [] : lookup.scopeOf(path) ?? []));
  const back = imported.filter((other) => other.imports().some(({ path }) => path === scope.path));
  return [scope, ...back].map(({ document }) => document);
}

/**
 * What a file declares for itself. Left out is what others may use: everything in a file without a vm, which is a
 * library, and everything in a model; and what replaces a declaration of the vm or host that its owner is `like`.
 */
export function ownedIn({ scope, lookup }: FileSubject, keyword: Keyword, isUsed: (owned: Owned) => boolean): Owned[] {
  if (!scope.declarations.some(({ declaration }) => declaration.keyword.text === 'vm')) return [];
  return scope.declarations
    .flatMap((source) => declaredBy(source, keyword))
    .filter((owned) => !isUsed(owned) && !(owned.owner && replacesOne(owned.owner, keyword, owned.name, lookup)));
}

function declaredBy(source: Source, keyword: Keyword): Owned[] {
  const own = source.declaration.keyword.text;
  if (own === keyword) return named(source, source.declaration, undefined);
  if (own !== 'vm' && own !== 'host') return [];
  return membersOf(source.declaration)[keyword].flatMap((declaration) => named(source, declaration, source));
}

function named({ path, item }: Source, declaration: Declaration, owner: Source | undefined): Owned[] {
  const name = textOf(declaration.name);
  return name === undefined ? [] : [{ source: { path, item, declaration }, name, owner }];
}

type Members = Readonly<Record<Keyword, readonly Declaration[]>>;

const members = new WeakMap<Declaration, Members>();

/** Constants and backings in the block of a declaration; none where it is a model. */
function membersOf(owner: Declaration): Members {
  const known = members.get(owner) ?? readMembers(owner);
  members.set(owner, known);
  return known;
}

function readMembers(owner: Declaration): Members {
  const constants = declarationsIn(owner, 'const');
  if (constants.some(({ head }) => !head)) return { const: [], backing: [] };
  return { const: constants, backing: declarationsIn(owner, 'backing') };
}

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

export const placeOfOwned = ({ source }: Owned): Place =>
  placeOf(source, source.declaration.name ?? source.declaration.keyword);

/** Takes the declaration out, with its line. */
export const removal = ({ source, name }: Owned): Fix => ({ title: `Remove \`${name}\``, safe: false, edits: [without({ origin: source })] });
