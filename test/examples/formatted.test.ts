import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formattedText } from '../../server/core/syntax/format.js';

// Layouts that users start from, or import, look as the formatter makes them.

const FOLDERS = ['examples', 'server/core/std'];

describe('what is shipped', () => {
  const files = [...FOLDERS.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))), 'test/data/sample.vmlayout'];
  for (const file of files.filter((name) => name.endsWith('.vmlayout'))) {
    it(`${file} is formatted`, () => {
      const text = readFileSync(file, 'utf8');
      if (process.env['UPDATE']) writeFileSync(file, formattedText(text));
      else assert.equal(formattedText(text), text, `run \`vmlayout fmt --write ${file}\`, or \`npm run update\``);
    });
  }
});
