// Packs what dist/ holds into dist/vmlayout.vsix, which is what users install and what the editor tests
// drive. A warning of the packer fails, and so does a file too many or too few: a package grows in silence
// otherwise.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.join(import.meta.dirname, '..');
const vsix = path.join(root, 'dist/vmlayout.vsix');

/** Packs the extension. Returns the path of the package. */
export function packageExtension() {
  // Whoever packs before bundling is told so here, instead of by an extension that doesn't start.
  const missing = expectedFiles().filter((file) => !existsSync(path.join(root, file)));
  if (missing.length > 0) {
    throw new Error(`The package lacks ${missing.join(', ')}; \`npm run package\` builds it from scratch.`);
  }

  const [listed, expected] = [vsce('ls').split('\n').filter((line) => line !== ''), expectedFiles()];
  const [more, fewer] = [listed.filter((file) => !expected.includes(file)), expected.filter((file) => !listed.includes(file))];
  if (more.length > 0 || fewer.length > 0) {
    throw new Error(`The package would hold ${more.join(', ') || 'nothing'} besides what is expected of it, and lack ${fewer.join(', ') || 'nothing'}.`);
  }
  vsce('package', '--out', vsix, '--allow-missing-repository', '--no-rewrite-relative-links');
  return vsix;
}

function expectedFiles() {
  const inFolder = (folder, ending) =>
    readdirSync(path.join(root, folder)).filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`);
  return [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist/THIRD-PARTY-NOTICES.txt',
    'dist/browser.cjs',
    'dist/extension.cjs',
    'dist/language-server.cjs',
    'dist/map.css',
    'dist/map.js',
    'dist/program.cjs',
    'dist/server-worker.js',
    'dist/server.cjs',
    'dist/vmlayout.cjs',
    'docs/icon.png',
    'docs/icons/layout-dark.svg',
    'docs/icons/layout-light.svg',
    'docs/map.png',
    'docs/schema/vmlayout.schema.json',
    'docs/screenshot.png',
    'examples/doorbell.vmlayout',
    'l10n/bundle.l10n.de.json',
    'package.json',
    'package.nls.de.json',
    'package.nls.json',
    ...inFolder('docs/rules', '.md'),
    ...inFolder('docs/walkthrough', '.md'),
    ...inFolder('syntaxes', '.json'),
  ].sort();
}

/** Runs the packer, which must have nothing to complain of; returns what it printed. */
function vsce(...args) {
  const program = createRequire(import.meta.url).resolve('@vscode/vsce/vsce');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args, '--no-dependencies'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0 || /\b(WARNING|ERROR)\b/.test(stdout + stderr)) {
    throw new Error(`\`vsce ${args[0]}\` ended with status ${status} and said:\n${stdout}${stderr}`);
  }
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  packageExtension();
  console.log(`${path.relative(root, vsix)}: ${Math.ceil(statSync(vsix).size / 1024)} KiB`);
  for (const file of expectedFiles()) console.log(`  ${file}`);
}
