import type { InitializeParams } from 'vscode-languageserver';

/** Reads a text that an open file imports. The host of the server brings it; the protocol edge itself has no IO. */
export interface Files {
  /** The text behind a URI, or in one sentence why it can't be had (`there is no such file`). */
  read(uri: string): Promise<string | { readonly error: string }>;
  /** The URIs of the layouts below a folder, where the host can tell. */
  list?(folder: string): Promise<readonly string[]>;
  /** Whether the host reads what is behind a URI itself; if left out, all of it. The rest is asked of a client that offers it. */
  reads?(uri: string): boolean;
  /** Lets messages that came meanwhile be read, in the middle of long work, for so many milliseconds or as short as can be. */
  pause?(milliseconds: number): Promise<void>;
}

/**
 * The core's name for a file: its URI with the percent signs resolved, so that a path in an import leads to the same
 * name from whatever spelling. A query (git's old versions have one) stays, without slashes.
 */
export function pathOfUri(uri: string): string {
  const [, origin = '', path = '', query = ''] = URI.exec(uri) ?? [];
  return origin + decoded(path) + query.replaceAll('/', '%2F');
}

/** A URI for a file that the client has not named itself. */
export function uriOfPath(path: string): string {
  const [, origin = ''] = URI.exec(path) ?? [];
  return origin + path.slice(origin.length).split('/').map(encoded).join('/');
}

/** The URIs of the folders that a client begins with. Before there could be several it named one, and before that by a path. */
export function foldersOf({ workspaceFolders, rootUri, rootPath }: Pick<InitializeParams, 'workspaceFolders' | 'rootUri' | 'rootPath'>): string[] {
  if (workspaceFolders) return workspaceFolders.map(({ uri }) => uri);
  if (typeof rootUri === 'string') return [rootUri];
  return typeof rootPath === 'string' ? [uriOfPath(`file://${rootPath.replaceAll('\\', '/').replace(/^(?!\/)/, '/')}`)] : [];
}

const URI = /^([a-z][a-z0-9+.-]+:(?:\/\/[^/?#]*)?)?([^?#]*)(.*)$/is;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encoded(segment: string): string {
  try {
    return encodeURIComponent(segment);
  } catch {
    return segment;
  }
}
