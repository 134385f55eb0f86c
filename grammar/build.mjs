// Writes what the compiler reads but nobody edits: the parser (from vmlayout.peggy) and the shipped library (from
// server/core/std/*.vmlayout), both under folders named `generated`.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import peggy from 'peggy';
import { scanners } from './scanners.mjs';

const root = join(import.meta.dirname, '..');
const syntax = join(root, 'server/core/syntax/generated');
const std = join(root, 'server/core/std');

writeParser();
writeLibrary();

function writeParser() {
  const source = readFileSync(join(root, 'grammar/vmlayout.peggy'), 'utf8');
  const parser = peggy.generate(source, {
    output: 'source',
    format: 'es',
    grammarSource: 'grammar/vmlayout.peggy',
    allowedStartRules: ['Document'],
    plugins: [scanners],
  });
  write(syntax, 'parser.js', parser);
  write(
    syntax,
    'parser.d.ts',
    `import type { Block } from '../nodes.js';
/** Written by grammar/build.mjs; the options are described in document.ts. */
export function parse(text: string, options?: { tooDeep?: ReadonlySet<number> }): Block;
`,
  );
}

function writeLibrary() {
  const entries = readdirSync(std, { recursive: true })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.vmlayout'))
    .sort()
    .map((path) => {
      const text = JSON.stringify(readFileSync(join(std, path), 'utf8'));
      return `  [${JSON.stringify(`std:${path.slice(0, -'.vmlayout'.length)}`)}, ${text}],\n`;
    });
  write(
    join(std, 'generated'),
    'library.ts',
    `/** Written by grammar/build.mjs from the files of this folder. */\nexport const LIBRARY: ReadonlyMap<string, string> = new Map([\n${entries.join('')}]);\n`,
  );
}

/** Writes a file unless it has that text already, so that an incremental compiler sees no change. */
function write(folder, name, text) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  let old;
  try {
    old = readFileSync(path, 'utf8');
  } catch {
    // There is none yet.
  }
  if (old !== text) writeFileSync(path, text);
}
