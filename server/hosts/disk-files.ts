import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LENGTH_LIMIT } from '../core/index.js';
import type { Files } from '../lsp/connection.js';
import { decode } from './bytes.js';
import { inWords } from './files.js';

/** Files on disk, by their URIs, for the language server: it has other things to do while it waits. */
export const diskFiles: Files = {
  async read(uri) {
    const file = fileOf(uri);
    if (file === undefined) return { error: 'only files on disk are read' };
    try {
      const stats = await stat(file);
      if (stats.isDirectory()) return { error: 'it is a directory' };
      // A pipe might never end.
      if (!stats.isFile()) return { error: 'it is no ordinary file' };
      if (stats.size > LENGTH_LIMIT) return { error: 'it is larger than 16 MiB' };
      const loaded = decode(await readFile(file));
      return 'error' in loaded ? loaded : loaded.text;
    } catch (error) {
      return { error: inWords(error) };
    }
  },
};

/** What git shows beside a file imports what lies beside that file. */
function fileOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri.replace(/^git:(?=\/)/, 'file://'));
  } catch {
    return undefined;
  }
}
