import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { formatClosedBlock, formatDocument, formatFinishedLine, formatRange, formattedText } from '../../server/core/syntax/format.js';
import { openDocument, treeOf } from '../../server/core/syntax/document.js';
import { applyEdits } from '../../server/core/text/text-edit.js';
import { allTexts, nonsense } from '../support/texts.js';

// The formatter: white space is put right, and nothing else is another than before.

const format = (text: string, expected: string): void => assert.equal(formattedText(text), expected);

describe('the formatter', () => {
  it('indents by what is open', () =>
    format('vm web {\nram low at 0 size 1 GiB {\n      node 1\n }\n\t}\n', 'vm web {\n  ram low at 0 size 1 GiB {\n    node 1\n  }\n}\n'));

  it('sets tokens apart', () =>
    format(
      'const  A=16GiB\nvm web{\n\tram low at(A+ 1)*2 size min(  A ,4 KiB ) from ram0+A\n  mmio x at 0..=0xfff\n  deny a , b/c\n  require r : not(a and~b)for r in ram\n}',
      'const A = 16 GiB\nvm web {\n  ram low at (A + 1) * 2 size min(A, 4 KiB) from ram0 + A\n  mmio x at 0 ..= 0xfff\n  deny a, b/c\n  require r: not (a and ~b) for r in ram\n}\n',
    ));

  it('leaves blocks on one line, with what sets their members apart', () =>
    format('host h {\nlimits {memlock 64 GiB   dma-maps 65535}\ngroup 1 { }\ngroup 2 {}\n}\n', 'host h {\n  limits { memlock 64 GiB  dma-maps 65535 }\n  group 1 { }\n  group 2 { }\n}\n'));

  it('keeps columns that are aligned with a line beside them, and no others', () =>
    format(
      'host h {\n  page 4 KiB      // one\n  bits   48       // two\n                  // and more\n  kernel   6.6    \n}\n',
      'host h {\n  page 4 KiB      // one\n  bits 48         // two\n                  // and more\n  kernel 6.6\n}\n',
    ));

  it('moves lines that go on with a statement farther in', () =>
    format(
      'policy p {\nrequire a ==\nb\nrequire c\n// why\nfor r in ram\n    because "x"\nrequire min(a,\nb)\n}\n',
      'policy p {\n  require a ==\n      b\n  require c\n  // why\n      for r in ram\n      because "x"\n  require min(a,\n      b)\n}\n',
    ));

  it('leaves at most one blank line, none at the ends, and ends with a break', () => format('\n\n\nconst A = 1\n\n\n\nconst B = 2\n\n', 'const A = 1\n\nconst B = 2\n'));

  it('keeps every comment where it is', () =>
    format(
      '/* a\n     b */ const A = 1 /* c */  /* d */\n  // e\n/// f\nvm web { // g\n// h\n/* i\n   j */\n}  // k\n',
      '/* a\n     b */ const A = 1 /* c */  /* d */\n// e\n/// f\nvm web { // g\n  // h\n  /* i\n   j */\n} // k\n',
    ));

  it('keeps line breaks as they are', () => format('vm web {\r\nslots 3\r\n}', 'vm web {\r\n  slots 3\r\n}\r\n'));

  it('leaves damaged lines alone, and a whole declaration whose braces don’t match', () => {
    format('vm web {\n     ram low at   size 4G\nslots   3\n}\n', 'vm web {\n     ram low at   size 4G\n  slots 3\n}\n');
    const unclosed = 'vm web {\n     slots   3\n';
    format(unclosed, unclosed);
    const half = 'vm web {\n  ram low at (1 +\n  ram high at 0\n    size min(1 GiB,\n}\n';
    format(half, half);
    format(`${unclosed}\nvm other {\nslots 3\n}\n`, `${unclosed}\nvm other {\n  slots 3\n}\n`);
  });

  it('leaves loose units to the rule that tells them', () => format('const A = 4G\n', 'const A = 4G\n'));
});

describe('formatting a part', () => {
  const text = 'vm a {\nslots 1\nslots 2\n}\nvm b {\nslots 3\n}\n';

  it('changes only the lines that the range touches', () => {
    const edits = formatRange(openDocument(text), { start: text.indexOf('2') - 1, end: text.indexOf('2') });
    assert.equal(applyEdits(text, edits), text.replace('slots 2', '  slots 2'));
  });

  it('puts the block right that a brace closes', () => {
    assert.equal(applyEdits(text, formatClosedBlock(openDocument(text), text.indexOf('}') + 1)), text.replace('slots 1', '  slots 1').replace('slots 2', '  slots 2'));
    assert.deepEqual(formatClosedBlock(openDocument(text), 3), []);
  });

  it('puts the line right that a break ends, and leaves the blank lines that somebody types', () => {
    const left = (typed: string): string => {
      const offset = typed.indexOf('$0');
      const plain = typed.replace('$0', '');
      return applyEdits(plain, formatFinishedLine(openDocument(plain), offset));
    };
    assert.equal(left('vm a {\nslots   1\n$0\nslots 2\n}\n'), 'vm a {\n  slots 1\n\nslots 2\n}\n');
    assert.equal(left('vm a {\n  slots 1\n\n\n\n$0\nslots 2\n}\n'), 'vm a {\n  slots 1\n\n\n\n\nslots 2\n}\n');
    assert.equal(left('const  A=1\n  $0'), 'const A = 1\n  ');
    assert.equal(left('$0const  A=1\n'), 'const  A=1\n');
  });
});

describe('whatever the text', () => {
  const meaning = (text: string): string =>
    JSON.stringify(openDocument(text).items.flatMap((item) => treeOf(item).members), (key, value: unknown) => (key === 'start' || key === 'end' ? undefined : typeof value === 'bigint' ? `${value}` : value));
  /** All that isn't white space. */
  const ink = (text: string): string => text.replace(/[\s\u00a0\ufeff]/g, '');

  const check = (text: string): void => {
    const formatted = formattedText(text);
    assert.equal(ink(formatted), ink(text), text);
    assert.equal(meaning(formatted), meaning(text), text);
    assert.equal(formattedText(formatted), formatted, text);
  };

  it('formatting twice is formatting once, and changes no tree', () => {
    for (const { text } of allTexts()) check(text);
  });

  it('also where white space was lost or added', () => {
    const texts = allTexts().map(({ text }) => text);
    const shaken = fc.tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.nat(), fc.constantFrom('', ' ', '  ', '\t', '\n', '\n\n', '\r\n', '}', '{', '"', '/*', '//', '(', ','), fc.nat(2)), { maxLength: 12 }));
    fc.assert(fc.property(shaken, ([text, changes]) => check(changes.reduce((now, [at, mark, less]) => {
      const place = at % (now.length + 1);
      return now.slice(0, place) + mark + now.slice(place + less);
    }, text))), { numRuns: 300 });
  });

  it('also where it makes no sense', () => fc.assert(fc.property(nonsense, check), { numRuns: 300 }));

  it('each edit lies inside the text, and none meets another', () => {
    fc.assert(fc.property(nonsense, (text) => {
      let at = 0;
      for (const { start, end } of formatDocument(openDocument(text))) {
        assert.ok(start >= at && end >= start && end <= text.length);
        at = end;
      }
    }), { numRuns: 100 });
  });
});

describe('the style guide', () => {
  it('shows what the formatter makes', () => {
    const page = readFileSync('docs/style.md', 'utf8');
    const blocks = [...page.matchAll(/^```vmlayout[^\n]*\n([^]*?)^```$/gm)].map(([, block = '']) => block);
    assert.ok(blocks.length > 0);
    for (const block of blocks) assert.equal(formattedText(block), block);
  });
});
