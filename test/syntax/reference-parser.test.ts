import assert from 'node:assert/strict';
import { LIBRARY } from '../../server/core/std/generated/library.js';
import { openDocument, treeOf } from '../../server/core/syntax/document.js';
import { problemsIn } from '../../server/core/syntax/problems.js';
import { damaged, layoutOf } from '../bench/generator.js';
import { parseByHand } from '../bench/references/hand-parser.js';
import { exampleFiles, sample } from '../support/texts.js';

// The parser that the benchmark measures the grammar against knows the language as well: a second reading of it.

describe('the grammar and the parser by hand', () => {
  const texts = [
    { name: 'the sample', text: sample() },
    { name: 'a generated layout', text: layoutOf(2_000) },
    ...exampleFiles(),
    ...[...LIBRARY].map(([name, text]) => ({ name, text })),
  ];

  for (const { name, text } of texts) {
    it(`agree on ${name}`, () => {
      for (const item of openDocument(text).items) assert.deepEqual(parseByHand(item.text), treeOf(item));
    });
  }

  it('agree on a document that is one item', () => {
    const text = layoutOf(2_000);
    assert.deepEqual(parseByHand(text), treeOf({ text, breaks: 2_000 }));
  });

  it('both refuse what is damaged', () => {
    for (const text of ['vm a {', 'vm a { ram low at }', 'const A = ', 'vm a { ram low at 0 size 1 GiB @ }']) {
      assert.throws(() => parseByHand(text));
      assert.notDeepEqual(problemsOf(text), []);
    }
  });
});

describe('the layouts of the benchmark', () => {
  it('have as many lines as are asked for, and always the same', () => {
    for (const lines of [1, 100, 1_000, 2_345]) {
      assert.equal(layoutOf(lines).split('\n').length - 1, lines);
      assert.equal(layoutOf(lines), layoutOf(lines));
    }
  });

  it('are not damaged', () => assert.deepEqual(problemsOf(layoutOf(5_000)), []));

  it('tell every statement that is broken, and no other', () => {
    const { text, brokenLines } = damaged(layoutOf(5_000), 0.1);
    assert.ok(brokenLines.length > 100);
    assert.deepEqual([...new Set(problemsOf(text).map(({ line }) => line))], brokenLines);
  });
});

/** What is wrong with a text, by lines from 0. */
function problemsOf(text: string): { line: number; message: string }[] {
  const { items, lines } = openDocument(text);
  return items.flatMap((item, index) =>
    problemsIn(treeOf(item), item.text).map(({ start, message }) => ({
      line: (lines[index] ?? 0) + item.text.slice(0, start).split('\n').length - 1,
      message,
    })),
  );
}
