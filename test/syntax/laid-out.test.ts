import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openDocument } from '../../server/core/syntax/document.js';
import { formattedText } from '../../server/core/syntax/format.js';
import { laidOut } from '../../server/core/syntax/laid-out.js';
import { applyEdits, composed, withoutOverlaps, type TextEdit } from '../../server/core/text/text-edit.js';
import { allTexts } from '../support/texts.js';

// Edits of edits, and edits as the formatter would have them.

const steps = fc.array(fc.tuple(fc.nat(), fc.nat(6), fc.constantFrom('', ' ', '\n', '  slots 3\n', 'x', '// c', '{', '\n\n\n')), { maxLength: 5 });

/** Edits of a text that don’t meet. */
function editsOf(text: string, wanted: readonly (readonly [number, number, string])[]): TextEdit[] {
  const edits = wanted.map(([at, length, newText]) => ({ start: at % (text.length + 1), length, newText })).sort((left, right) => left.start - right.start);
  return edits.map(({ start, length, newText }, index) => ({ start, end: Math.min(start + length, text.length, edits[index + 1]?.start ?? text.length), newText }));
}

const texts = fc.constantFrom(...allTexts().map(({ text }) => text));

describe('edits of edits', () => {
  it('come to both, one after the other', () => {
    fc.assert(fc.property(texts, steps, steps, (text, one, two) => {
      const first = editsOf(text, one);
      const after = applyEdits(text, first);
      const second = editsOf(after, two);
      assert.equal(applyEdits(text, composed(first, second, after)), applyEdits(after, second));
    }), { numRuns: 500 });
  });

  it('take away once what two take away', () =>
    assert.deepEqual(withoutOverlaps([{ start: 4, end: 8, newText: '' }, { start: 0, end: 5, newText: '' }, { start: 8, end: 9, newText: 'x' }]), [{ start: 0, end: 8, newText: '' }, { start: 8, end: 9, newText: 'x' }]));
});

describe('edits as the formatter would have them', () => {
  const ink = (text: string): string => text.replace(/[\s\u00a0\ufeff]/g, '');

  it('write the same but for white space', () => {
    fc.assert(fc.property(texts, steps, (text, wanted) => {
      const edits = editsOf(text, wanted);
      assert.equal(ink(applyEdits(text, laidOut(openDocument(text), edits))), ink(applyEdits(text, edits)), text);
    }), { numRuns: 500 });
  }).timeout(60_000);

  it('touch no other line where the text is not formatted', () => {
    const text = 'vm  a {\n  slots   3\n  ram low at 0   size 1 GiB\n}\n';
    const at = text.indexOf('  ram');
    assert.equal(applyEdits(text, laidOut(openDocument(text), [{ start: at, end: at, newText: 'rom   r at 4 GiB size 4 KiB\n' }])), text.replace('  ram', '  rom r at 4 GiB size 4 KiB\n  ram'));
  });

  it('leave what was formatted formatted', () => {
    const text = formattedText('const A = 1\n\nconst B = 2\n\nvm a { slots 3 }\n');
    const at = text.indexOf('const B');
    assert.equal(applyEdits(text, laidOut(openDocument(text), [{ start: at, end: at + 'const B = 2\n'.length, newText: '' }])), 'const A = 1\n\nvm a { slots 3 }\n');
    assert.equal(applyEdits(text, laidOut(openDocument(text), [{ start: text.indexOf('vm'), end: text.length, newText: '' }])), 'const A = 1\n\nconst B = 2\n');
  });
});
