// Bundles what users run into dist/, one file a process. Types were checked before, by `tsc -b`.

import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');

const bundles = [
  { from: 'client/extension.ts', to: 'dist/extension.cjs', external: ['vscode'] },
  // A bundle for the browser fails if anything of Node is in it.
  { from: 'client/browser.ts', to: 'dist/browser.cjs', external: ['vscode'], platform: 'browser', target: 'es2022' },
  { from: 'server/hosts/worker.ts', to: 'dist/server-worker.js', platform: 'browser', format: 'iife', target: 'es2022' },
  { from: 'client/map/view/main.ts', to: 'dist/map.js', platform: 'browser', format: 'iife', target: 'es2022' },
  { from: 'client/map/view/map.css', to: 'dist/map.css', platform: 'browser' },
  { from: 'server/hosts/node.ts', to: 'dist/server.cjs' },
  { from: 'server/hosts/cli.ts', to: 'dist/vmlayout.cjs', executable: true },
];

await rm(path.join(root, 'dist'), { recursive: true, force: true });
await Promise.all(bundles.map(bundle));
async function bundle({ from, to, external = [], executable = false, platform = 'node', format = 'cjs', target = 'node20' }) {
  const file = path.join(root, to);
  await build({
    absWorkingDir: root,
    entryPoints: [from],
    outfile: file,
    external,
    banner: executable ? { js: '#!/usr/bin/env node' } : {},
    bundle: true,
    platform,
    ...(from.endsWith('.ts') && { format, target }),
    // The ES modules of a dependency, where it has them: its UMD wrappers hide their imports from a bundler.
    mainFields: platform === 'browser' ? ['browser', 'module', 'main'] : ['module', 'main'],
    minify: true,
    legalComments: 'eof',
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error' },
  });
  if (executable) await chmod(file, 0o755);
}
