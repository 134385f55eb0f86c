// Packs the extension that has files in memory.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const MANIFEST = {
  name: 'memory-files',
  publisher: 'test',
  version: '0.0.0',
  license: 'MIT',
  engines: { vscode: '^1.91.0' },
  browser: './extension.cjs',
  activationEvents: ['onFileSystem:memfs'],
  capabilities: { virtualWorkspaces: true, untrustedWorkspaces: { supported: true } },
};

/** Makes the package in `folder`, with files by their paths on `memfs:`. Returns its path. */
export function packMemoryFiles(folder: string, files: Readonly<Record<string, string>>): string {
  const [source, vsix] = [path.join(folder, 'memory-files'), path.join(folder, 'memory-files.vsix')];
  mkdirSync(source);
  copyFileSync(path.join(import.meta.dirname, '../../../test/vscode/memory-files.cjs'), path.join(source, 'extension.cjs'));
  for (const [name, text] of Object.entries({ 'package.json': JSON.stringify(MANIFEST), 'files.json': JSON.stringify(files), 'README.md': 'Files in memory.\n' })) {
    writeFileSync(path.join(source, name), text);
  }
  const program = createRequire(import.meta.url).resolve('@vscode/vsce/vsce');
  const args = [program, 'package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: source, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The files in memory could not be packed: ${stderr}`);
  return vsix;
}
