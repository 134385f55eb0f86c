import assert from 'node:assert/strict';
import { loadHighlighter } from './highlight.js';
import { expand, expandSnippets, readSnippets } from './snippets.js';

describe('snippets', () => {
  it('have a prefix each, which is one word', () => {
    const prefixes = readSnippets().map(({ prefix }) => prefix);
    assert.deepEqual([...new Set(prefixes)], prefixes);
    for (const prefix of prefixes) assert.match(prefix, /^[a-z]\w*(-[a-z]\w*)*$/);
  });

  for (const { prefix, text, place } of expandSnippets()) {
    it(`${prefix} is complete with its defaults`, () => {
      assert.notEqual(text.trim(), '');
      assert.doesNotMatch(text, /\$|\\/);
      assert.equal(place === 'file', /^(\/\/\/.*\n)?(host|vm|policy) /.test(text), 'stands at the top of a file');
    });
  }

  for (const { prefix, body } of readSnippets()) {
    it(`${prefix} ends in one place, after stops without a gap`, () => {
      const stops = [...body.matchAll(/\$\{?(\d+)/g)].map(([, stop]) => Number(stop));
      assert.equal(stops.filter((stop) => stop === 0).length, 1);
      const distinct = [...new Set(stops)].sort((a, b) => a - b);
      assert.deepEqual(distinct, distinct.map((_, index) => index));
    });
  }

  it('have no text that the grammar takes for a mistake', async () => {
    const { tokenize } = await loadHighlighter();
    for (const { prefix, text } of expandSnippets()) {
      const scopes = tokenize(text).flatMap((line) => line.tokens.flatMap((token) => token.scopes));
      assert.deepEqual(scopes.filter((scope) => scope.startsWith('invalid')), [], prefix);
    }
  });

  describe('expanding', () => {
    const cases: [body: string, text: string][] = [
      ['ram ${1:low} at $2 size ${1}$0', 'ram low at  size low'],
      ['${1|4 KiB,16 KiB|}, ${1}', '4 KiB, 4 KiB'],
      ['until ${1:${CURRENT_YEAR}-12-31}', 'until 2999-12-31'],
      ['$1 ${1:a ${2:b}} $2', 'a b a b b'],
      ['host x { \\} \\$1 }', 'host x { } $1 }'],
    ];
    for (const [body, text] of cases) it(body, () => assert.equal(expand(body), text));
  });
});
