import { libraryDocument } from '../layout/lookup.js';
import { isLoaded, policyName, resolveBeside, type World } from '../layout/scope.js';
import { LIBRARY } from '../std/generated/library.js';
import { itemIndexAt, treeOf, type Document } from '../syntax/document.js';
import { textOf } from '../syntax/nodes.js';
import { linksIn } from './links.js';
import type { Explanation, Suggestion } from './suggestion.js';

/** What is typed of the path of an import so far, and where it stands; offsets count in the document, without the quotes. */
export interface ImportPath {
  readonly start: number;
  /** Where the path ends: before the closing quote. Where there is none, what follows is none of the path. */
  readonly end: number;
  readonly typed: string;
  /** Those that the path has to bring with it. */
  readonly quotes: { readonly before: string; readonly after: string };
}

/** The path of an import at an offset. Asks for the text of one item alone. */
export function importPathAt(document: Document, offset: number): ImportPath | undefined {
  const index = itemIndexAt(document, offset);
  const base = document.starts[index] ?? 0;
  const text = document.items[index]?.text ?? '';
  const { quoted, bare } = /(?:^|[\n;])[ \t]*import[ \t]+(?:"(?<quoted>[^"\n]*)|(?<bare>[\w./:-]*))$/.exec(text.slice(0, offset - base))?.groups ?? {};
  const typed = quoted ?? bare;
  if (typed === undefined) return undefined;
  const rest = text.slice(offset - base);
  const closed = /^[^"\r\n]*(?=")/.exec(rest)?.[0];
  const behind = quoted === undefined ? /^[\w./:-]*/.exec(rest)?.[0] : closed;
  const quotes = { before: quoted === undefined ? '"' : '', after: quoted === undefined || closed === undefined ? '"' : '' };
  return { start: offset - typed.length, end: offset + (behind ?? '').length, typed, quotes };
}

/** Most paths that are told at once: of a larger workspace those that have the typed letters in this order. */
export const MOST_PATHS = 300;

/**
 * What an import may name: layouts of the workspace as seen from this one, the nearest first, and the shipped library.
 * Left out are the file itself and what it imports already.
 */
export function importPaths(path: string, document: Document, { start, typed, quotes }: ImportPath, layouts: readonly string[]): Suggestion[] {
  const imported = new Set(linksIn(document, path).filter((link) => link.start !== start).map((link) => link.path));
  const mayImport = (other: string): boolean => other !== path && !imported.has(other);
  const lead = typed === '.' || typed.startsWith('./') ? './' : '';
  const own = layouts.filter(mayImport).flatMap((other) => {
    const relative = relativeTo(path, other);
    return relative === undefined ? [] : [{ path: other, label: relative.startsWith('../') ? relative : `${lead}${relative}` }];
  });
  const library = [...LIBRARY.keys()].filter(mayImport).map((label) => ({ path: label, label }));
  const found = [...own.sort(byDistance), ...library].filter(({ label }) => hasInOrder(label, typed));
  return found.slice(0, MOST_PATHS).map((each) => ({
    label: each.label,
    kind: 'file',
    detail: each.path.startsWith('std:') ? 'library' : 'workspace',
    path: each.path,
    insert: `${quotes.before}${each.label}${quotes.after}`,
    explain: ({ world }) => aboutFile(each.path, world),
  }));
}

/** A path as it is written in another file, with `/`; nothing where no relative path leads there. */
export function relativeTo(from: string, to: string): string | undefined {
  const [here, there] = [from.split('/').slice(0, -1), to.split('/')];
  let shared = 0;
  while (shared < here.length && shared < there.length - 1 && here[shared] === there[shared]) shared++;
  const written = [...here.slice(shared).map(() => '..'), ...there.slice(shared)].join('/');
  return resolveBeside(from, written) === to ? written : undefined;
}

interface Written {
  readonly label: string;
}

/** Beside it, then below, then above; by name among each other. */
const byDistance = (left: Written, right: Written): number => stepsTo(left) - stepsTo(right) || (left.label < right.label ? -1 : 1);

const stepsTo = ({ label }: Written): number => label.split('/').reduce((steps, part) => steps + (part === '..' ? 100 : part === '.' ? 0 : 1), 0);

function hasInOrder(text: string, typed: string): boolean {
  let at = 0;
  for (const letter of typed.toLowerCase()) {
    at = text.toLowerCase().indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** What the file declares, and the comment at its top. */
function aboutFile(path: string, world: World): Explanation {
  const document = path.startsWith('std:') ? libraryDocument(path) : world.read(path);
  if (!document || !isLoaded(document)) return {};
  const declared = document.items.flatMap((item) => treeOf(item).members.flatMap((member) => {
    const name = member.kind === 'declaration' ? textOf(member.name) ?? policyName(member) : undefined;
    return member.kind === 'declaration' && name !== undefined ? [`${member.keyword.text} \`${name}\``] : [];
  }));
  const comment = /^(?:\s*\/\/(?!\/)[^\n]*\n)+/.exec(document.items[0]?.text ?? '')?.[0].replace(/^\s*\/\/ ?/gm, '').trim() ?? '';
  const named = declared.slice(0, MOST_NAMES).join(', ') + (declared.length > MOST_NAMES ? ' …' : '');
  return { about: [comment, named].filter((part) => part !== '').join('\n\n') };
}

const MOST_NAMES = 20;
