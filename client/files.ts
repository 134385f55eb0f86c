// Reads files for the server where it can't: those of virtual workspaces, and in the browser all of them. What may be
// read is the server's to decide; it asks for nothing outside of the workspace.

import { type CancellationToken, CancellationTokenSource, type ExtensionContext, FileSystemError, FileType, l10n, RelativePattern, Uri, workspace } from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import type { ClientRequests } from '../server/lsp/requests.js';

type Loaded = { readonly text: string } | Unreadable;

interface Unreadable {
  /** In English, for the server: what it tells is English. */
  readonly error: Reason;
}

type Reason = 'it is a directory' | 'it is larger than 16 MiB' | 'it is a binary file' | 'it is no UTF-8 text' | 'there is no such file' | 'it may not be read' | 'it can’t be read';

const REASONS: Readonly<Record<Reason, () => string>> = {
  'it is a directory': () => l10n.t('it is a directory'),
  'it is larger than 16 MiB': () => l10n.t('it is larger than 16 MiB'),
  'it is a binary file': () => l10n.t('it is a binary file'),
  'it is no UTF-8 text': () => l10n.t('it is no UTF-8 text'),
  'there is no such file': () => l10n.t('there is no such file'),
  'it may not be read': () => l10n.t('it may not be read'),
  'it can’t be read': () => l10n.t('it can’t be read'),
};

/** Why a file can’t be had, in the user’s language. */
export const reasonOf = ({ error }: Unreadable): string => REASONS[error]();

/** Bytes of a file that are read; the command line reads no more, either. */
const LENGTH_LIMIT = 16 * 1024 * 1024;
/** Layouts of a workspace that are looked at. */
const MOST_LAYOUTS = 5000;
/** Folders that are looked into where nothing can search them. */
const MOST_FOLDERS = 2000;
/** Milliseconds that a search may take before its file system counts as one that isn’t searched. */
const PATIENCE = 2000;

const READ_FILE = 'vmlayout/readFile' satisfies keyof ClientRequests;
const LIST_FILES = 'vmlayout/listFiles' satisfies keyof ClientRequests;

export function answerForFiles(client: BaseLanguageClient, context: ExtensionContext): void {
  const lists = new Lists();
  context.subscriptions.push(
    client.onRequest(READ_FILE, ({ uri }: Parameters<ClientRequests[typeof READ_FILE]>[0]) => readText(Uri.parse(uri))),
    client.onRequest(LIST_FILES, ({ folder }: Parameters<ClientRequests[typeof LIST_FILES]>[0], token: CancellationToken) => lists.layoutsBelow(folderAt(folder), token)),
  );
}

/** File systems know their folders by a path that no slash ends. */
function folderAt(text: string): Uri {
  const uri = Uri.parse(text);
  return uri.with({ path: uri.path.replace(/(?<=.)\/$/, '') });
}

/** The text of a file, or in one sentence why it can't be had. */
export async function readText(uri: Uri): Promise<Loaded> {
  const bytes = await readBytes(uri);
  return 'error' in bytes ? bytes : textIn(bytes);
}

export async function readBytes(uri: Uri): Promise<Uint8Array | Unreadable> {
  try {
    const { type, size } = await workspace.fs.stat(uri);
    if ((type & FileType.Directory) !== 0) return { error: 'it is a directory' };
    if (size > LENGTH_LIMIT) return { error: 'it is larger than 16 MiB' };
    return await workspace.fs.readFile(uri);
  } catch (error) {
    return { error: inWords(error) };
  }
}

/** A line break of old Macs becomes one that every editor sees, and the mark at the beginning goes, as on the command line. */
export function textIn(bytes: Uint8Array): Loaded {
  if (bytes.includes(0)) return { error: 'it is a binary file' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r(?!\n)/g, '\n') };
  } catch {
    return { error: 'it is no UTF-8 text' };
  }
}

function inWords(error: unknown): Reason {
  const code = error instanceof FileSystemError ? error.code : '';
  if (code === 'FileNotFound' || code === 'FileNotADirectory') return 'there is no such file';
  if (code === 'FileIsADirectory') return 'it is a directory';
  return code === 'NoPermissions' ? 'it may not be read' : 'it can’t be read';
}

/**
 * Finds the layouts below a folder. VS Code searches best, but few extensions let it search their file system: in others it finds
 * nothing, or waits for ever for somebody who can. Those are walked through.
 */
class Lists {
  /** By scheme, whether its file systems are searched, once that is known. */
  readonly #areSearched = new Map([['file', true], ['vscode-remote', true]]);

  async layoutsBelow(folder: Uri, token: CancellationToken): Promise<string[]> {
    const found = await this.#searched(folder, token) ?? await walk(folder, token);
    return found.map((uri) => uri.toString());
  }

  /** What a search finds; nothing where that can't be relied on. */
  async #searched(folder: Uri, token: CancellationToken): Promise<readonly Uri[] | undefined> {
    const isSearched = this.#areSearched.get(folder.scheme);
    if (isSearched === false) return undefined;
    const found = await search(folder, token, isSearched ? undefined : PATIENCE);
    // That nothing is found says nothing of a file system that is not known yet.
    if (found?.length === 0) return isSearched ? found : undefined;
    this.#areSearched.set(folder.scheme, found !== undefined);
    return found;
  }
}

/** What VS Code finds, unless that takes too long. */
async function search(folder: Uri, token: CancellationToken, patience: number | undefined): Promise<readonly Uri[] | undefined> {
  const own = new CancellationTokenSource();
  const calledOff = token.onCancellationRequested(() => own.cancel());
  const found = workspace.findFiles(new RelativePattern(folder, '**/*.vmlayout'), '**/{node_modules,.*}/**', MOST_LAYOUTS, own.token);
  try {
    if (patience === undefined) return await found;
    return await Promise.race([found, new Promise<undefined>((resolve) => void setTimeout(resolve, patience, undefined))]);
  } finally {
    own.cancel();
    calledOff.dispose();
  }
}

/** The layouts that the folders themselves list. A link to a folder isn't followed: it may lead in circles. */
async function walk(top: Uri, token: CancellationToken): Promise<Uri[]> {
  const found: Uri[] = [];
  const folders = [top];
  for (const folder of folders) {
    if (token.isCancellationRequested || found.length >= MOST_LAYOUTS) break;
    const entries: readonly (readonly [name: string, type: FileType])[] = await workspace.fs.readDirectory(folder).then((all) => all, () => []);
    for (const [name, type] of entries) {
      if (type === FileType.Directory && name !== 'node_modules' && !name.startsWith('.') && folders.length < MOST_FOLDERS) folders.push(Uri.joinPath(folder, name));
      if ((type & FileType.File) !== 0 && name.endsWith('.vmlayout')) found.push(Uri.joinPath(folder, name));
    }
  }
  return found.slice(0, MOST_LAYOUTS);
}
