import type { Diagnostic } from 'vscode-languageserver';
import { CONFIGURATION_NAME, folderOf, isIncluded, openDocument, readConfiguration, type Configuration } from '../core/index.js';
import { problemDiagnostic } from './convert.js';
import { uriOfPath, type Files } from './files.js';
import type { Levels } from './rule-levels.js';
import type { Session } from './session.js';

/** The `vmlayout.json` of each folder, each read once until somebody says that it has changed. */
export class ProjectConfigurations {
  readonly #files: Files;
  readonly #known = new Map<string, Promise<string | undefined>>();
  readonly #blamed = new Map<string, string>();
  readonly #leftOut = new Set<string>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** The text of the nearest one in or above the folder of a file, with its path. As on the command line, the workspace is no border. */
  async of(path: string): Promise<{ readonly path: string; readonly text: string } | undefined> {
    for (let folder = folderOf(path); folder !== ''; folder = above(folder)) {
      const file = `${folder}${CONFIGURATION_NAME}`;
      const text = await this.#read(file);
      if (text !== undefined) return { path: file, text };
    }
    return undefined;
  }

  /** Whether a file is checked only where it is open: the configuration that holds for it doesn't include it. */
  leavesOut(path: string): boolean {
    return this.#leftOut.has(path);
  }

  setLeftOut(path: string, isLeftOut: boolean): void {
    if (isLeftOut) this.#leftOut.add(path);
    else this.#leftOut.delete(path);
  }

  /** The paths that were looked at, whether there is one or not. */
  get known(): Iterable<string> {
    return this.#known.keys();
  }

  /** How often one was forgotten: what was on its way then may be old. */
  forgotten = 0;

  forget(path: string): void {
    this.forgotten++;
    this.#known.delete(path);
  }

  /** Whether there is something to tell of a configuration that isn't told yet: something is wrong in its text, or was. */
  blames(path: string, wrong: string | undefined): boolean {
    const before = this.#blamed.get(path);
    if (wrong === undefined) this.#blamed.delete(path);
    else this.#blamed.set(path, wrong);
    return before !== wrong;
  }

  #read(path: string): Promise<string | undefined> {
    const known = this.#known.get(path) ?? this.#files.read(uriOfPath(path)).then((loaded) => (typeof loaded === 'string' ? loaded : undefined), () => undefined);
    this.#known.set(path, known);
    return known;
  }
}

/** The folder that a folder is in; nothing above the root, which a scheme and a host may stand before. */
const above = (folder: string): string => (/^(?:[a-z][a-z0-9+.-]+:(?:\/\/[^/]*)?)?\/?$/i.test(folder) ? '' : folderOf(folder.slice(0, -1)));

export const isConfiguration = (path: string): boolean => path.endsWith(`/${CONFIGURATION_NAME}`);

/** Reads what holds for files and which are left out, tells what is wrong in it at its place, and says for which files the levels are others now. */
export async function readProject<File extends { readonly path: string }>(session: Session, files: readonly File[]): Promise<File[]> {
  const changed = await Promise.all(files.map(async (file) => ((await takesLevels(session, file)) ? [file] : [])));
  return changed.flat();
}

async function takesLevels(session: Session, { path }: { readonly path: string }): Promise<boolean> {
  const { forgotten } = session.configurations;
  const found = await session.configurations.of(path);
  if (session.configurations.forgotten !== forgotten) return takesLevels(session, { path });
  const configuration = found && told(session, found);
  session.configurations.setLeftOut(path, found !== undefined && configuration !== undefined && !isIncluded(path.slice(folderOf(found.path).length), configuration));
  return session.levels.setProject(configuration?.levels ?? NO_LEVELS, path);
}

const NO_LEVELS: Levels = new Map();

function told(session: Session, { path, text }: { readonly path: string; readonly text: string }): Configuration {
  const { configuration, problems } = readConfiguration(text);
  if (session.configurations.blames(path, problems.length > 0 ? text : undefined)) {
    const document = openDocument(text);
    send(session, path, problems.map((problem) => problemDiagnostic(document, problem)));
  }
  return configuration;
}

/** Says that a configuration has changed, or is gone: what was told of it is told no more. */
export function forgetConfiguration(session: Session, path: string): void {
  session.configurations.forget(path);
  if (session.configurations.blames(path, undefined)) send(session, path, []);
}

function send(session: Session, path: string, diagnostics: Diagnostic[]): void {
  const sent = session.connection.sendDiagnostics({ uri: uriOfPath(path), diagnostics });
  // A client that is gone needs none.
  sent.catch(() => undefined);
}
