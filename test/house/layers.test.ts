import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

// Imports run one way. The compiler can't hold that alone: it takes a bare import in the core, too.

/** What a folder may import from, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'server/core/text': [],
  'server/core/syntax': ['server/core/text'],
  'server/core/std': [],
  'server/core/layout': ['server/core/text', 'server/core/syntax', 'server/core/std'],
  'server/core/dma': ['server/core/layout'],
  'server/core/rules': ['server/core/text', 'server/core/syntax', 'server/core/layout', 'server/core/dma', 'server/core/std'],
  'server/core/formats': ['server/core/text', 'server/core/syntax', 'server/core/layout', 'server/core/dma'],
  'server/core/editor': ['server/core/text', 'server/core/syntax', 'server/core/layout', 'server/core/dma', 'server/core/rules', 'server/core/std'],
  'server/core/fleet': ['server/core/syntax', 'server/core/layout', 'server/core/dma', 'server/core/rules'],
  'server/core/map': ['server/core/syntax', 'server/core/layout', 'server/core/dma', 'server/core/rules'],
  'server/core/drift': ['server/core/layout', 'server/core/dma', 'server/core/rules', 'server/core/fleet'],
  'server/core/report': ['server/core/drift', 'server/core/text', 'server/core/syntax', 'server/core/layout', 'server/core/dma', 'server/core/rules', 'server/core/formats', 'server/core/fleet', 'server/core/map'],
  'server/core': ['server/core/text', 'server/core/syntax', 'server/core/std', 'server/core/layout', 'server/core/dma', 'server/core/rules', 'server/core/formats', 'server/core/editor', 'server/core/drift', 'server/core/fleet', 'server/core/map', 'server/core/report'],
  'server/lsp': ['server/core', 'server/lsp/requests'],
  'server/lsp/requests': ['server/core'],
  'server/hosts': ['server/core', 'server/lsp'],
  client: ['client/map', 'client/texts', 'server/lsp/requests'],
  'client/map': ['client/map/view', 'client/texts', 'server/core/layout', 'server/lsp/requests'],
  'client/texts': [],
  'client/map/view': ['server/core/layout', 'server/core/map', 'server/lsp/requests'],
};

/** Packages and built-in modules that a folder may import. */
const MAY_USE: Readonly<Record<string, RegExp>> = {
  'server/core/rules': /^picomatch\/posix\.js$/,
  'server/lsp': /^vscode-languageserver$/,
  'server/hosts': /^(?:node:[a-z0-9/_]+|vscode-languageserver\/(?:node|browser)|picomatch)$/,
  // Nothing of Node: the map works in the browser, too.
  'client/map': /^vscode(?:-languageclient)?$/,
  'client/texts': /^vscode$/,
  client: /^(?:vscode|vscode-languageclient(?:\/(?:node|browser))?|node:[a-z/_]+)$/,
};

/** Names that the core must not say: it knows no clock, no chance, no machine. */
const IMPURE = /\b(?:Date\.now|new Date\(\)|Math\.random|process\.|globalThis|setTimeout|console\.)/;

describe('layers', () => {
  for (const { path, text } of sources()) {
    it(`${path} imports only what it may`, () => {
      for (const target of importsOf(text)) checkImport(path, target);
    });
  }

  it('the core reads no clock and asks no machine', () => {
    const impure = sources().filter(({ path, text }) => path.startsWith('server/core/') && IMPURE.test(withoutComments(text)));
    assert.deepEqual(impure.map(({ path }) => path), []);
  });

  it('only one file of the edge knows lines and characters', () => {
    const others = sources().filter(({ path, text }) => path.startsWith('server/lsp/') && path !== 'server/lsp/convert.ts' && /\bcharacter:/.test(withoutComments(text)));
    assert.deepEqual(others.map(({ path }) => path), []);
  });

  it('only one file imports the generated parser', () => {
    const importers = sources().filter(({ text }) => text.includes('generated/parser.js'));
    assert.deepEqual(importers.map(({ path }) => path), ['server/core/syntax/document.ts']);
  });
});

function checkImport(path: string, target: string): void {
  const folder = folderOf(path);
  if (!target.startsWith('.')) {
    assert.match(target, MAY_USE[folder] ?? /^nothing$/, `${path} imports ${target}`);
    return;
  }
  const other = folderOf(posix.join(dirname(path), target));
  const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])];
  const facadeOnly = folder.startsWith('server/lsp') || folder === 'server/hosts';
  assert.ok(allowed.includes(other), `${path} imports ${other}`);
  if (facadeOnly && other === 'server/core') assert.match(target, /core\/index\.js$/, `${path} goes past the facade`);
}

/** The layer a file belongs to: its folder under `server/core`, else its top folders; what the server and the client tell each other is one by itself. */
function folderOf(path: string): string {
  const parts = path.split('/');
  if (/^server\/lsp\/requests\.[jt]s$/.test(path)) return 'server/lsp/requests';
  if (path.startsWith('client/map/view/')) return 'client/map/view';
  if (path.startsWith('client/map/')) return 'client/map';
  if (path.startsWith('client/texts/')) return 'client/texts';
  if (parts[0] === 'client') return 'client';
  if (parts[1] !== 'core') return parts.slice(0, 2).join('/');
  return parts.length > 3 ? parts.slice(0, 3).join('/') : 'server/core';
}

/** What a file imports or exports from, types included, as well as `import('…')`. */
function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

const withoutComments = (text: string): string => text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '');

function sources(): { path: string; text: string }[] {
  return ['server', 'client'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((name) => join(root, name).replaceAll('\\', '/'))
      .filter((path) => path.endsWith('.ts') && !path.includes('/generated/'))
      .map((path) => ({ path, text: readFileSync(path, 'utf8') })),
  );
}
