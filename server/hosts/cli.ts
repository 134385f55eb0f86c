import { existsSync } from 'node:fs';
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
  return env['XDG_CACHE_HOME'] || (home && path.join(home, '.cache'));
}

/** Node 22.8 and later have it, and obey NODE_DISABLE_COMPILE_CACHE; a folder that can't be written is no error to them. */
const { enableCompileCache } = module as { readonly enableCompileCache?: (folder: string) => unknown };
const folder = cacheFolder();
// It has to be there: Node never comes back from making folders where there can be none, such as below /proc.
if (folder && existsSync(folder)) enableCompileCache?.(path.join(folder, 'vmlayout'));
void import('./program.js');
