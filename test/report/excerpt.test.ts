import assert from 'node:assert/strict';
import { cellsIn, showable } from '../../server/core/report/cells.js';
import { excerptOf } from '../../server/core/report/excerpt.js';
import { padColumns } from '../../server/core/report/columns.js';
import { Sources } from '../../server/core/report/sources.js';
import { openDocument } from '../../server/core/syntax/document.js';

// Carets stand under what they mean, whatever the line is made of.

function excerpt(text: string, meant: string): string {
  const start = text.indexOf(meant);
  const document = openDocument(text);
  const sources = new Sources({ read: () => document });
  const range = sources.rangeOfSpan('a', { start, end: start + meant.length });
  assert.ok(range);
  const { source, indent, carets } = excerptOf(sources.line('a', range.start.line), range);
  return `${source}\n${indent}${carets}`;
}

describe('an excerpt', () => {
  it('underlines the part that is meant', () => {
    assert.equal(excerpt('vm web {\n  ram low at 0\n}\n', 'low'), '  ram low at 0\n      ^^^');
  });

  it('keeps tabs, and counts characters as wide as they are', () => {
    assert.equal(excerpt('\tram\tlow at 0', 'low'), '\tram\tlow at 0\n\t   \t^^^');
    assert.equal(excerpt('/* 漢字 */ ram low', 'ram'), '/* 漢字 */ ram low\n           ^^^');
    assert.equal(excerpt('/* 💡é */ ram low', 'ram'), '/* 💡é */ ram low\n          ^^^');
    assert.equal(excerpt('ram 漢字 at 0', '漢字'), 'ram 漢字 at 0\n    ^^^^');
  });

  it('has a caret where nothing stands, at the end of a line and of the text', () => {
    assert.equal(excerpt('ram low at\r\n', '\r\n').split('\n')[1], '          ^');
    assert.equal(excerpt('', ''), '\n^');
  });

  it('ends with the line', () => {
    assert.equal(excerpt('vm web {\n  ram low\n}', 'web {\n  ram'), 'vm web {\n   ^^^^^');
  });

  it('shows of a long line what is near', () => {
    const long = `${'a'.repeat(500)} meant ${'b'.repeat(500)}`;
    const [source = '', under = ''] = excerpt(long, 'meant').split('\n');
    assert.match(source, /^…a{79} meant b{119}…$/);
    assert.equal(under, `${' '.repeat(81)}^^^^^`);
    assert.match(excerpt('x'.repeat(1_000_000), 'x'.repeat(500_000)), /^x{80}…\n\^{81}$/);
  });
});

describe('a text of a file', () => {
  it('is as long as before when it is shown', () => {
    assert.equal(showable('a\u001b[0m\u0000\u007f\u202eb\tc\u0085'), 'a␛[0m␀␡\ufffdb\tc\ufffd');
  });

  it('is as wide as its characters', () => {
    assert.equal(cellsIn('abc'), 3);
    assert.equal(cellsIn('漢字💡'), 6);
    assert.equal(cellsIn('e\u0301\u200d'), 1);
  });

  it('stands in columns', () => {
    assert.deepEqual(padColumns([['a', 'bb', 'c'], ['漢字', 'b', 'long']]), [['a   ', 'bb', 'c'], ['漢字', 'b ', 'long']]);
  });
});
