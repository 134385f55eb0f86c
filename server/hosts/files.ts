import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { LENGTH_LIMIT, openDocument, withText, type Document, type World } from '../core/index.js';
import { decode, type Loaded } from './bytes.js';
import { Misuse } from './session.js';

/** What standard input is called in reports. */
export const STANDARD_INPUT = '<stdin>';

/**
 * The texts on disk, each read once. The core asks for an import by its path and is answered from the disk at once: a
 * command has nothing else to do in between, and a fix that is tried may name a file that nobody asked for before.
 */
export class Files {
  readonly #folder: string;
  readonly #texts = new Map<string, Loaded>();
  readonly #documents = new Map<string, Document | { readonly error: string }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The text of a file that the user named. */
  read(name: string): Loaded {
    const file = path.resolve(this.#folder, name);
    const known = this.#texts.get(file) ?? readFile(file, 'any');
    this.#texts.set(file, known);
    return known;
  }

  /** The text of a file that `named`, which the user named, asks for: below its folder or the working directory. */
  readFor(named: string, name: string): Loaded {
    const file = path.resolve(this.#folder, name);
    return this.#rootsOf([named]).some((root) => isInside(root, file)) ? this.read(name) : OUTSIDE;
  }

  /** The bytes of a file that the user named, which may be no text. */
  bytes(name: string): Buffer | { readonly error: string } {
    return readBytes(path.resolve(this.#folder, name), 'any');
  }

  /** What a check of this file may read: itself, and what it imports from its own folder or the working directory. */
  worldOf(name: string, document: Document): World {
    return withText(this.worldOfAll([name]), name, document);
  }

  /** What a check of any of these files may read: all of them, and what they import from their folders or the working directory. */
  worldOfAll(names: readonly string[]): World {
    const roots = this.#rootsOf(names);
    return { read: (asked) => this.#import(asked, roots) };
  }

  #rootsOf(names: readonly string[]): string[] {
    return [this.#folder, ...new Set(names.map((name) => path.dirname(path.resolve(this.#folder, name))))];
  }

  #import(asked: string, roots: readonly string[]): Document | { readonly error: string } {
    if (/^[a-z][a-z0-9+.-]+:/i.test(asked)) return { error: 'only files and `std:` are imported; nothing is fetched' };
    const file = path.resolve(this.#folder, asked);
    if (!roots.some((root) => isInside(root, file))) return OUTSIDE;
    const known = this.#documents.get(file) ?? documentIn(this.#texts.get(file) ?? readFile(file, 'ordinary'));
    this.#documents.set(file, known);
    return known;
  }
}

const OUTSIDE = { error: 'it is outside of the workspace' };

const documentIn = (loaded: Loaded): Document | { readonly error: string } => ('error' in loaded ? loaded : openDocument(loaded.text));

function isInside(root: string, file: string): boolean {
  const way = path.relative(root, file);
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/** A path as reports and the core write it: with `/`, without `./` in front. */
export const tidyName = (name: string): string => path.normalize(name).replaceAll(path.sep, '/');

/**
 * The layouts below a directory, in order; what tools and packages keep for themselves is left out, and pipes and devices, which
 * might never end. Nothing if it is no directory.
 */
export function layoutsBelow(folder: string, name: string): string[] | undefined {
  if (!isDirectory(path.resolve(folder, name))) return undefined;
  return entriesOf(folder, name)
    .filter((entry) => !isKept(entry))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = path.join(name, entry.name);
      if (entry.isDirectory()) return layoutsBelow(folder, inside) ?? [];
      return isLayout(entry) ? [inside] : [];
    });
}

/** A file that is called so, or a link to one. */
export const isLayout = (entry: Dirent): boolean => entry.name.endsWith('.vmlayout') && (entry.isFile() || entry.isSymbolicLink());

/** What tools and packages keep for themselves. */
export const isKept = ({ name }: Dirent): boolean => name.startsWith('.') || name === 'node_modules';

/** What is in a directory that the user named, or that is below one. */
export function entriesOf(folder: string, name: string): Dirent[] {
  try {
    return readdirSync(path.resolve(folder, name), { withFileTypes: true });
  } catch (error) {
    throw new Misuse(`${name}: ${inWords(error)}`);
  }
}

export function isDirectory(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    // Whoever reads it says why it can't be had.
    return false;
  }
}

/** Reads standard input to its end, or to where it is too long. */
export async function readInput(input: AsyncIterable<Uint8Array>): Promise<Loaded> {
  const bytes = await readInputBytes(input);
  return 'error' in bytes ? bytes : decode(bytes);
}

/** The same for what may be no text. */
export async function readInputBytes(input: AsyncIterable<Uint8Array>): Promise<Buffer | { readonly error: string }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LENGTH_LIMIT) return TOO_LONG;
  }
  return Buffer.concat(chunks);
}

const TOO_LONG = { error: 'it is larger than 16 MiB' };

/** Reads a file; from an import only an ordinary one: a pipe might never end. */
function readFile(file: string, kind: 'any' | 'ordinary'): Loaded {
  const bytes = readBytes(file, kind);
  return 'error' in bytes ? bytes : decode(bytes);
}

function readBytes(file: string, kind: 'any' | 'ordinary'): Buffer | { readonly error: string } {
  try {
    if (kind === 'ordinary' && isSpecial(file)) return { error: 'it is no ordinary file' };
    const descriptor = openSync(file, 'r');
    try {
      return readAll(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return { error: inWords(error) };
  }
}

function isSpecial(file: string): boolean {
  const stats = statSync(file);
  return !stats.isFile() && !stats.isDirectory();
}

function readAll(descriptor: number): Buffer | { readonly error: string } {
  const stats = fstatSync(descriptor);
  if (stats.isDirectory()) return { error: 'it is a directory' };
  if (stats.isFile() && stats.size > LENGTH_LIMIT) return TOO_LONG;
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.max(1 << 16, stats.size + 1));
    const read = readSync(descriptor, chunk);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    length += read;
    if (length > LENGTH_LIMIT) return TOO_LONG;
  }
}

const ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  ENAMETOOLONG: 'there is no such file',
  ERR_INVALID_ARG_VALUE: 'there is no such file',
  EISDIR: 'it is a directory',
  ELOOP: 'its links lead in a circle',
};

/** Why the system refused, as a sentence. */
export function inWords(error: unknown, deed: 'read' | 'written' = 'read'): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return ERRORS[code] ?? (/^(?:EACCES|EPERM|EROFS)$/.test(code) ? `it may not be ${deed}` : `it can’t be ${deed} (${code})`);
}
