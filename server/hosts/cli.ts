import { existsSync, mkdirSync, statSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import process from 'node:process';

// The program `vmlayout` as it is started: it has Node remember the compiled code of what it loads then, for the next time.
// Most of a short run is compiling otherwise (docs/performance.md).

/** Where a user's programs keep what can be made again; a folder of the user's own, because what lies there is run. */
function cacheFolder(): string | undefined {
  const { env, platform } = process;
  if (platform === 'win32') return env['LOCALAPPDATA'];
  const home = env['HOME'];
  if (platform === 'darwin') return home && path.join(home, 'Library', 'Caches');
  const { XDG_CACHE_HOME: own } = env;
  // Its specification says to ignore one that depends on where the program is started.
  return own && path.isAbsolute(own) ? own : home && path.join(home, '.cache');
}

/**
 * Whether a folder is there, or could be made in one that is. Node would make it, too, but never comes back where there can be none, such
 * as below /proc.
 */
function isThere(folder: string): boolean {
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

/** Node 22.8 and later have it, and obey NODE_DISABLE_COMPILE_CACHE; a folder that can't be written is no error to them. */
const { enableCompileCache } = module as { readonly enableCompileCache?: (folder: string) => unknown };
const caches = cacheFolder();
const folder = caches && path.join(caches, 'vmlayout');
if (enableCompileCache && folder && isThere(folder)) enableCompileCache(folder);
void import('./program.js');
