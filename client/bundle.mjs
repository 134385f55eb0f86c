// Bundles what users run into dist/, one file a process. Types were checked before, by `tsc -b`.

import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { writeNotices } from './notices.mjs';

const root = path.join(import.meta.dirname, '..');

const bundles = [
  { from: 'client/extension.ts', to: 'dist/extension.cjs', external: ['vscode'] },
  // A bundle for the browser fails if anything of Node is in it.
  { from: 'client/browser.ts', to: 'dist/browser.cjs', external: ['vscode'], platform: 'browser', target: 'es2022' },
  { from: 'server/hosts/worker.ts', to: 'dist/server-worker.js', platform: 'browser', format: 'iife', target: 'es2022' },
  { from: 'client/map/view/main.ts', to: 'dist/map.js', platform: 'browser', format: 'iife', target: 'es2022' },
  { from: 'client/map/view/map.css', to: 'dist/map.css', platform: 'browser' },
  { from: 'server/hosts/language-server.ts', to: 'dist/language-server.cjs' },
  { from: 'server/hosts/node.ts', to: 'dist/server.cjs', beside: { './language-server.js': './language-server.cjs' } },
  { from: 'server/hosts/cli.ts', to: 'dist/vmlayout.cjs', executable: true, beside: { './program.js': './program.cjs' } },
  // No command but `lsp` waits for the server to be loaded.
  { from: 'server/hosts/program.ts', to: 'dist/program.cjs', beside: { '../language-server.js': './language-server.cjs' } },
];

await rm(path.join(root, 'dist'), { recursive: true, force: true });
const inputs = await Promise.all(bundles.map(bundle));
await writeNotices(root, inputs.flat(), path.join(root, 'dist/THIRD-PARTY-NOTICES.txt'));

/** Returns the files that went into it. `beside`: modules that stay files of their own, and what those are called in dist/. */
async function bundle({ from, to, external = [], executable = false, beside = {}, platform = 'node', format = 'cjs', target = 'node20' }) {
  const file = path.join(root, to);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [from],
    outfile: file,
    external,
    banner: executable ? { js: '#!/usr/bin/env node' } : {},
    bundle: true,
    metafile: true,
    platform,
    plugins: [{
      name: 'beside',
      setup: ({ onResolve }) => void onResolve({ filter: /^\./ }, ({ path: asked }) => (Object.hasOwn(beside, asked) ? { path: beside[asked], external: true } : undefined)),
    }],
    // `import()` would start the loader of ES modules for a file that is none.
    ...(Object.keys(beside).length > 0 && { supported: { 'dynamic-import': false } }),
    ...(from.endsWith('.ts') && { format, target }),
    // The ES modules of a dependency, where it has them: its UMD wrappers hide their imports from a bundler.
    mainFields: platform === 'browser' ? ['browser', 'module', 'main'] : ['module', 'main'],
    minify: true,
    legalComments: 'eof',
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error' },
  });
  if (executable) await chmod(file, 0o755);
  return Object.keys(metafile.inputs);
}
