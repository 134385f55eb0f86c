import type { Answer } from '../layout/lookup.js';
import { samePlace } from '../layout/place.js';
import type { FileScope, Source } from '../layout/scope.js';
import { partOfDocument, type Document, type Item } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import type { CheckedOnce } from './check-once.js';
import type { Part } from './parts.js';
import type { Finding } from './rule.js';

/** What a guest of a file has to do with others. */
export interface Ties {
  readonly host: Declaration | undefined;
  /** Guests of the file that it is like. */
  readonly guests: readonly Source[];
  /** Whether it asked for all names, to tell which one was meant. */
  readonly toAll: boolean;
}

export function tiesOf(guest: Source, { vms }: Part, answers: readonly Answer[], scope: FileScope): Ties {
  const found = answers.flatMap(({ path, name }) => (path === scope.path && name !== undefined ? scope.find(name, 'names') ?? [] : []));
  return {
    host: vms[0]?.host?.element.origin.declaration,
    guests: found.filter((source) => source !== guest && source.keyword === 'vm'),
    toAll: answers.some(({ name }) => name === undefined),
  };
}

/**
 * Tries the fixes of a finding on the part of a long file that has to do with its item. On the whole file where that is all of it, or
 * where the part tells something else.
 */
export function offersInPart(scope: FileScope, ties: ReadonlyMap<Source, Ties>, checkWhole: (document: Document) => CheckedOnce): CheckedOnce['offersFor'] {
  const parts = new Map<Item, CheckedOnce | undefined>();
  let whole: CheckedOnce | undefined;
  const partAround = (item: Item): CheckedOnce | undefined => {
    if (!parts.has(item)) {
      const document = documentAround(item, scope, ties);
      parts.set(item, document && checkWhole(document));
    }
    return parts.get(item);
  };
  return (finding) => {
    const offers = offersOf(finding, partAround(finding.place.item));
    if (offers) return offers;
    whole ??= checkWhole(scope.document);
    return offersOf(finding, whole) ?? [];
  };
}

function offersOf(finding: Finding, checked: CheckedOnce | undefined): ReturnType<CheckedOnce['offersFor']> | undefined {
  const same = checked?.findings.find((other) => isSame(other, finding));
  return same && checked?.offersFor(same);
}

const isSame = (left: Finding, right: Finding): boolean =>
  left.rule === right.rule && samePlace(left.place, right.place) && left.message === right.message && left.vm === right.vm && left.host === right.host;

/**
 * The file without the guests that have nothing to do with an item: those on other hosts, unless one is like the other. Nothing where an
 * item may matter anywhere, as a constant does, or where all names were asked for.
 */
function documentAround(item: Item, { declarations, document }: FileScope, ties: ReadonlyMap<Source, Ties>): Document | undefined {
  const own = new Set<Source>(declarations.filter((source) => source.item === item));
  if (own.size === 0 || declarations.some((source) => source.item === item && !['vm', 'host'].includes(source.keyword))) return undefined;
  const hosts = new Set([...own].map((source) => ties.get(source)?.host ?? source.declaration));
  const near = [...ties].filter(([source, { host, guests }]) => own.has(source) || (host && hosts.has(host)) || guests.some((guest) => own.has(guest)));
  if (near.some(([, { toAll }]) => toAll)) return undefined;
  const kept = new Set(near.flatMap(([source, { guests }]) => [source, ...guests]));
  const far = new Set([...ties.keys()].filter((source) => !kept.has(source)).map((source) => source.item));
  for (const source of declarations) if (source.keyword !== 'vm' || kept.has(source)) far.delete(source.item);
  return partOfDocument(document, (each) => !far.has(each));
}
