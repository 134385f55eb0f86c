// Packs the extension that does nothing, bundled as ours is.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

const references = path.join(import.meta.dirname, 'references');

/** Makes the package in `folder` and returns its path, and those of the two programs in it. */
export async function packTrivial(folder) {
  const root = path.join(folder, 'nothing');
  mkdirSync(root);
  const extension = await bundled('trivial-extension.mjs', path.join(root, 'extension.cjs'));
  const server = await bundled('trivial-server.mjs', path.join(root, 'server.cjs'));
  writeFileSync(path.join(root, 'LICENSE'), 'MIT\n');
  writeFileSync(path.join(root, 'README.md'), 'Does nothing.\n');
  writeFileSync(path.join(root, 'package.json'), JSON.stringify(MANIFEST));
  const vsix = path.join(folder, 'nothing.vsix');
  const program = createRequire(import.meta.url).resolve('@vscode/vsce/vsce');
  const { status, stderr } = spawnSync(process.execPath, [program, 'package', '--no-dependencies', '--allow-missing-repository', '--out', vsix], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The extension that does nothing could not be packed: ${stderr}`);
  return { vsix, extension, server };
}

const MANIFEST = {
  name: 'nothing',
  displayName: 'Nothing at all',
  publisher: 'bench',
  version: '0.0.0',
  license: 'MIT',
  engines: { vscode: '^1.91.0' },
  main: './extension.cjs',
  activationEvents: ['onLanguage:nothing'],
  contributes: { languages: [{ id: 'nothing', extensions: ['.nothing'] }] },
};

async function bundled(name, outfile) {
  await build({
    entryPoints: [path.join(references, name)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: ['vscode'],
    logLevel: 'warning',
  });
  return outfile;
}
