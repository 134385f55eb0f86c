// Installs what the benchmark compares with, the first time it is needed, into this folder's own node_modules: nothing
// else of the project needs it.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;

/** Written last: says which lock file the complete installation belongs to. */
const marker = path.join(here, 'node_modules/.installed');

export function installPeers() {
  const lock = createHash('sha256').update(readFileSync(path.join(here, 'package-lock.json'))).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return;
  console.log('Installing what is compared with (about 130 MB, this once) into test/bench/node_modules …');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: here,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error('The packages to compare with could not be installed. That needs the npm registry, the first time.');
  writeFileSync(marker, lock);
}
