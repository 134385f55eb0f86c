import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LENGTH_LIMIT } from '../core/index.js';
import type { Files } from '../lsp/connection.js';
import { decode } from './bytes.js';
import { inWords, isKept, isLayout } from './files.js';

/** Files on disk, by their URIs, for the language server: it has other things to do while it waits. */
export const diskFiles: Files = {
  reads: (uri) => fileOf(uri) !== undefined,

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

  async list(folder) {
    const root = fileOf(folder);
    return root === undefined ? [] : (await layoutsIn(root)).map((file) => pathToFileURL(file).href);
  },

  pause: (milliseconds) => new Promise((resume) => (milliseconds === 0 ? setImmediate(resume) : setTimeout(resume, milliseconds))),
};

/** Layouts of a workspace that are looked at; a folder with more is no workspace of layouts. */
const MOST_LAYOUTS = 5000;

/** The layouts below a folder; what tools and packages keep for themselves is left out, and links to folders aren’t followed. */
async function layoutsIn(root: string): Promise<string[]> {
  const found: string[] = [];
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined && found.length < MOST_LAYOUTS; folder = pending.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (isKept(entry)) continue;
      if (entry.isDirectory()) pending.push(path.join(folder, entry.name));
      else if (isLayout(entry)) found.push(path.join(folder, entry.name));
    }
  }
  return found.slice(0, MOST_LAYOUTS);
}

/** What git shows beside a file imports what lies beside that file. */
function fileOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri.replace(/^git:(?=\/)/, 'file://'));
  } catch {
    return undefined;
  }
}
