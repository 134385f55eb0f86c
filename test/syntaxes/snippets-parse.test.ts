import assert from 'node:assert/strict';
import { openDocument, treeOf } from '../../server/core/syntax/document.js';
import { problemsIn } from '../../server/core/syntax/problems.js';
import { expandSnippets } from './snippets.js';

describe('every snippet', () => {
  for (const { prefix, text, place } of expandSnippets()) {
    it(`${prefix} parses where it is meant to stand`, () => {
      const whole = place === 'file' ? text : `${place} outer {\n${text}\n}\n`;
      const problems = openDocument(whole).items.flatMap((item) => problemsIn(treeOf(item), item.text));
      assert.deepEqual(problems.map(({ message }) => message), [], whole);
    });
  }
});
