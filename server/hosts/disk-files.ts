import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Files } from '../lsp/connection.js';

/** The longest file that is read, in bytes. */
const SIZE_LIMIT = 16 * 1024 * 1024;

/** Files on disk, by their URIs. */
export const diskFiles: Files = {
  async read(uri) {
    const place = pathOf(uri);
    if (place === undefined) return { error: 'only files on disk are read' };
    try {
      const status = await stat(place);
      if (status.isDirectory()) return { error: 'it is a directory' };
      if (!status.isFile()) return { error: 'it is no ordinary file' };
      if (status.size > SIZE_LIMIT) return { error: 'it is larger than 16 MiB' };
      return textOf(await readFile(place));
    } catch (error) {
      return { error: reasonOf(error) };
    }
  },
};

/** What git shows beside a file imports what lies beside that file. */
function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri.replace(/^git:(?=\/)/, 'file://'));
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string | { readonly error: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? { error: 'it is a binary file' } : text;
  } catch {
    return { error: 'it is no UTF-8 text' };
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? `${error.code}` : '';
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file' : `it can’t be read${code && ` (${code})`}`;
}
