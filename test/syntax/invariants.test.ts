import assert from 'node:assert/strict';
import fc from 'fast-check';
import { editDocument, openDocument, textOfDocument, treeOf, type Document } from '../../server/core/syntax/document.js';
import type { AnyNode } from '../../server/core/syntax/nodes.js';
import { problemsIn } from '../../server/core/syntax/problems.js';
import { childrenOf, walk } from '../../server/core/syntax/walk.js';
import { allTexts, brokenFiles, nonsense, sample } from '../support/texts.js';

describe('the tree of any text', () => {
  for (const { name, text } of allTexts()) {
    it(`is sound for ${name}`, () => checkTree(text));
  }

  it('is sound for every prefix of the sample', () => {
    const text = sample();
    for (let end = 0; end <= text.length; end++) checkTree(text.slice(0, end));
  }).timeout(60_000);

  it('is sound for every prefix of broken texts', () => {
    for (const { text } of brokenFiles()) for (let end = 0; end <= text.length; end++) checkTree(text.slice(0, end));
  }).timeout(60_000);

  it('is sound for nonsense', () => fc.assert(fc.property(nonsense, checkTree), { numRuns: 1000 })).timeout(60_000);

  it('is sound for any string', () => fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), checkTree), { numRuns: 500 })).timeout(60_000);

  it('tells of damage where a line is taken out of the sample or a brace is', () => {
    for (const [at, mark] of [...sample()].entries()) {
      if (mark !== '{' && mark !== '}') continue;
      const text = sample().slice(0, at) + sample().slice(at + 1);
      assert.ok(allProblems(openDocument(text)).length > 0, `nothing told without the brace at ${at}`);
    }
  });
});

describe('an edited document', () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 40 }), fc.oneof(nonsense, fc.constantFrom('', '\n', '}', '{', '/*', '*/', '"', 'vm x {\n}\n', '/// doc\n'))), { maxLength: 6 });

  it('equals a fresh one', () => {
    fc.assert(
      fc.property(edits, (steps) => {
        let text = sample();
        let document = openDocument(text);
        for (const [where, length, newText] of steps) {
          const start = where % (text.length + 1);
          const end = Math.min(text.length, start + length);
          text = text.slice(0, start) + newText + text.slice(end);
          document = editDocument(document, start, end, newText);
          assert.equal(textOfDocument(document), text);
          assert.deepEqual(document.items.map((item) => item.text), openDocument(text).items.map((item) => item.text));
          assert.deepEqual([...document.starts], [...openDocument(text).starts]);
          assert.deepEqual([...document.lines], [...openDocument(text).lines]);
        }
      }),
      { numRuns: 1500 },
    );
  }).timeout(120_000);

  it('keeps the items that the edit leaves alone', () => {
    const document = openDocument(sample());
    const at = sample().indexOf('16 GiB');
    const edited = editDocument(document, at, at + 2, '32');
    const kept = edited.items.filter((item) => document.items.includes(item));
    assert.equal(kept.length, document.items.length - 1);
  });
});

function checkTree(text: string): void {
  const document = openDocument(text);
  assert.equal(textOfDocument(document), text);
  for (const item of document.items) {
    const tree = treeOf(item);
    checkNesting(tree, item.text);
    for (const problem of problemsIn(tree, item.text)) {
      assert.ok(problem.end > problem.start || item.text.length === 0, `an empty squiggle: ${problem.message}`);
      assert.ok(problem.start >= 0 && problem.end <= Math.max(1, item.text.length), `a squiggle outside of the text: ${problem.message}`);
      assert.ok(!item.text.slice(problem.start, problem.end).includes('\n') || problem.end - problem.start === 1, 'a squiggle over lines');
    }
  }
}

/** Children lie inside their parents, in order. */
function checkNesting(root: AnyNode, text: string): void {
  for (const node of walk(root)) {
    assert.ok(node.start >= 0 && node.end <= text.length && node.start <= node.end, `${node.kind} outside of the text`);
    let from = node.start;
    for (const child of childrenOf(node)) {
      assert.ok(child.start >= from, `${child.kind} in ${node.kind} begins before its place: ${JSON.stringify(text)}`);
      assert.ok(child.end <= node.end, `${child.kind} ends after ${node.kind}: ${JSON.stringify(text)}`);
      from = child.end;
    }
  }
}

const allProblems = (document: Document) => document.items.flatMap((item) => problemsIn(treeOf(item), item.text));
