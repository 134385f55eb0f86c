// What npm runs before it packs a checkout, as pre-commit has it do: builds the program, which git leaves out. Where one is built it
// stays: `npm run bundle` makes it anew. `npm ci` doesn't build: who works here goes on with `npm start` or `npm test`, which do.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.join(import.meta.dirname, '..');
const built = path.join(root, 'dist/vmlayout.cjs');

if (process.env.npm_command !== 'ci' && !existsSync(built)) {
  // `npm install --global git+…` installs none of what a build takes: the checkout is prepared as if it were global, too.
  if (!existsSync(path.join(root, 'node_modules/esbuild'))) npm('ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund');
  npm('run', '--silent', 'bundle');
}

function npm(...args) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_(global|prefix|location|omit|production)$/i.test(name)));
  const [command, ...before] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  execFileSync(command, [...before, ...args], { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
