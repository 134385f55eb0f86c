import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import peggy from 'peggy';
import { treeOf } from '../../server/core/syntax/document.js';
import { allTexts, nonsense } from '../support/texts.js';

// The scanners that grammar/scanners.mjs puts into the parser take what Peggy's own code for the same grammar takes.

type Parse = (text: string) => unknown;

describe('the scanners in the parser', () => {
  let plain: Parse;

  before(async () => {
    plain = await plainParser();
  });

  for (const { name, text } of allTexts()) {
    it(`change nothing in ${name}`, () => assert.deepEqual(treeOf({ text, breaks: 0 }), plain(text)));
  }

  it('change nothing in nonsense', () =>
    fc.assert(fc.property(nonsense, (text) => assert.deepEqual(treeOf({ text, breaks: 0 }), plain(text))), { numRuns: 500 })).timeout(60_000);
});

/** The parser of the same grammar without any plugin. */
async function plainParser(): Promise<Parse> {
  const folder = mkdtempSync(join(tmpdir(), 'vmlayout-parser-'));
  try {
    const source = peggy.generate(readFileSync('grammar/vmlayout.peggy', 'utf8'), { output: 'source', format: 'es' });
    const compiled = pathToFileURL('out/server/core/syntax/').href;
    const file = join(folder, 'parser.mjs');
    writeFileSync(file, source.replace(/from '\.\.\//g, `from '${compiled}`));
    return ((await import(pathToFileURL(file).href)) as { parse: Parse }).parse;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
