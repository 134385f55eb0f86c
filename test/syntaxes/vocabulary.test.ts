// The grammar for colours is a second description of the language. Here it is held against the first.

import assert from 'node:assert/strict';
import { FUNCTIONS } from '../../server/core/layout/functions.js';
import { DECLARATIONS, type HeadForm, PROPERTIES, SELECTORS } from '../../server/core/syntax/vocabulary.js';
import { loadHighlighter, type Token } from './highlight.js';

/** Something that may stand after a declaration's keyword. */
const HEADS: Readonly<Record<HeadForm, string>> = {
  name: 'some-name at 0',
  'optional-name': 'at 0',
  label: '14 {',
  device: 'some-name "0000:01:00.0"',
  constant: 'some-name = 1',
  text: '"some.vmlayout"',
  names: 'some-name',
  expression: '1 GiB',
  rules: 'map-limit',
  requirement: 'aligned(r, 2 MiB)',
  nothing: '{',
};

describe('every word of the language has its colour, and as a name that of a name:', () => {
  for (const [keyword, { head }] of Object.entries(DECLARATIONS)) {
    it(`the declaration ${keyword}`, async () => {
      const text = keyword === 'bar' ? 'bar gpu.0 at 0' : `${keyword} ${HEADS[head]}`;
      assertScope(await tokenAt(text, 0), /^(storage\.type|keyword\.control\.policy)$/);
      await assertName(keyword);
    });
  }

  for (const [word, { words = [] }] of Object.entries(PROPERTIES)) {
    it(`the property ${word}`, async () => {
      assertScope(await tokenAt(`ram low at 0 ${word} some-name`, 13), /^(keyword|support\.constant)/);
      await assertName(word);
      for (const fixed of words) {
        const token = await tokenAt(`${word} ${fixed}`, word.length + 1);
        assertScope(token, /^support\.constant/);
        assert.equal(token.end - token.start, fixed.length, fixed);
      }
    });
  }

  for (const selector of SELECTORS) {
    it(`the selector ${selector}`, async () => {
      assertScope(await tokenAt(`for r in ${selector}`, 9), /^support\.type/);
    });
  }

  for (const name of FUNCTIONS.keys()) {
    it(`the function ${name}`, async () => {
      assertScope(await tokenAt(`require ${name}(r)`, 8), /^support\.function/);
    });
  }
});

async function assertName(word: string): Promise<void> {
  assertScope(await tokenAt(`ram ${word} at 0`, 4), /^entity\.name/);
  assertScope(await tokenAt(`ram low at ${word}.end`, 11), /^variable\.(other|language)/);
}

async function tokenAt(text: string, column: number): Promise<Token> {
  const [line] = (await loadHighlighter()).tokenize(text);
  const token = line?.tokens.find(({ start }) => start === column);
  assert.ok(token, `a token begins at ${column} of ${text}`);
  return token;
}

function assertScope({ scopes }: Token, expected: RegExp): void {
  assert.ok(scopes.some((scope) => expected.test(scope)), `${scopes.join(' ')} has ${expected}`);
}
