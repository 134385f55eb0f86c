// Reads files for the server where it can't: those of virtual workspaces, and in the browser all of them. What may be
// read is the server's to decide; it asks for nothing outside of the workspace.

import { type CancellationToken, type ExtensionContext, FileSystemError, FileType, RelativePattern, Uri, workspace } from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';

type Loaded = { readonly text: string } | { readonly error: string };

/** Bytes of a file that are read; the command line reads no more, either. */
const LENGTH_LIMIT = 16 * 1024 * 1024;
/** Layouts of a workspace that are looked at. */
const MOST_LAYOUTS = 5000;

export function answerForFiles(client: BaseLanguageClient, context: ExtensionContext): void {
  context.subscriptions.push(
    client.onRequest('vmlayout/readFile', ({ uri }: { readonly uri: string }) => readText(Uri.parse(uri))),
    client.onRequest('vmlayout/listFiles', ({ folder }: { readonly folder: string }, token: CancellationToken) => layoutsBelow(Uri.parse(folder), token)),
  );
}

/** The text of a file, or in one sentence why it can't be had. */
export async function readText(uri: Uri): Promise<Loaded> {
  const bytes = await readBytes(uri);
  return 'error' in bytes ? bytes : textIn(bytes);
}

export async function readBytes(uri: Uri): Promise<Uint8Array | { readonly error: string }> {
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

function inWords(error: unknown): string {
  const code = error instanceof FileSystemError ? error.code : '';
  if (code === 'FileNotFound' || code === 'FileNotADirectory') return 'there is no such file';
  if (code === 'FileIsADirectory') return 'it is a directory';
  return code === 'NoPermissions' ? 'it may not be read' : 'it can’t be read';
}

async function layoutsBelow(folder: Uri, token: CancellationToken): Promise<string[]> {
  const found = await workspace.findFiles(new RelativePattern(folder, '**/*.vmlayout'), '**/{node_modules,.*}/**', MOST_LAYOUTS, token);
  return found.map((uri) => uri.toString());
}
