import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { checkHighlight, drawScopes, GRAMMAR_FILE, type Line, loadHighlighter } from './highlight.js';

const DATA = path.join(process.cwd(), 'test/data/highlight');
const KNOWN_SCOPES = [
  ...['comment.line', 'comment.block', 'string.quoted.double', 'constant.numeric', 'constant.character.escape'],
  ...['keyword.control', 'keyword.operator', 'keyword.other.unit', 'keyword.other.property', 'storage.type'],
  ...['entity.name', 'variable.other', 'variable.parameter', 'variable.language', 'punctuation', 'invalid.illegal'],
  ...['support.function', 'support.type', 'support.constant.property-value'],
];
const sample = readFileSync(path.join(DATA, 'sample.vmlayout'), 'utf8');

describe('highlighting', () => {
  describe('declarations', () => {
    highlights('the keyword and the name', `
host altra {
^^^^ storage.type
     ^^^^^ entity.name.type
           ^ punctuation.section.block.begin
`);

    highlights('what stands behind a brace, a semicolon or a comment', `
group 14 { device nic; device gpu "0000:02:00.0" } /* more */ bridge pci0 {
^^^^^      ^^^^^^      ^^^^^^                                 ^^^^^^ storage.type
      ^^          ^^^         ^^^                                    ^^^^ entity.name.type
`);

    highlights('a keyword as a name', `
  ram ram at 0
  ^^^ storage.type
      ^^^ entity.name.type
          ^^ keyword.other.property
  hole size at 0 size 4 KiB
  ^^^^ storage.type
       ^^^^ entity.name.type
            ^^   ^^^^ keyword.other.property
  mmio at at 0
  ^^^^ storage.type
       ^^ entity.name.type
          ^^ keyword.other.property
  rom kernel at ram.end
  ^^^ storage.type
      ^^^^^^ entity.name.type
                ^^^ variable.other.object
  const page = 4 KiB
        ^^^^ entity.name.constant
`);

    highlights('a keyword as a reference', `
  ram high at kernel.end size ram.size - host.page from ram + 1 GiB
  ^^^ storage.type
      ^^^^ entity.name.type
           ^^            ^^^^                      ^^^^ keyword.other.property
              ^^^^^^          ^^^ variable.other.object
                     ^^^          ^^^^        ^^^^ variable.other.property
                                         ^^^^ variable.language
                                                        ^^^ variable.other
  map low to ram
             ^^^ variable.other
`);

    highlights('a keyword at the start of a line that goes on with the one above', `
const a = // the sum
  ram
  ^^^ variable.other
const b = min(
  window,
  ^^^^^^ variable.other
  rom) +
  mmio
  ^^^^ variable.other
  ram low at 0
  ^^^ storage.type
`);

    highlights('a line that is being typed, and the one below it', `
const a =
ram low at 0
^^^ storage.type
    ^^^ entity.name.type
ram
^^^ storage.type
ram at 0
^^^ storage.type
    ^^ keyword.other.property
require min(1,
deny doorbell-overlap,
^^^^ keyword.control.policy
prefer aligned(r, 2 MiB)
^^^^^^ keyword.control.policy
`);

    highlights('a window without a name', `
  bridge pci0 { window at 0xc000_0000 size 1 GiB  acs on }
  ^^^^^^        ^^^^^^ storage.type
         ^^^^ entity.name.type
                       ^^             ^^^^        ^^^ keyword.other.property
                                                      ^^ support.constant.property-value
`);

    highlights('a BAR of a device, and where it is placed', `
  device gpu "0000:02:00.0" bar 0 size 16 MiB
                            ^^^ storage.type
                                ^ entity.name.type
  bar gpu.0 at 0x10_0000_0000
  ^^^ storage.type
      ^^^ variable.other.object
         ^ punctuation.accessor
          ^ constant.numeric
`);

    highlights('backings, declared and inline', `
  backing ram0 size 16 GiB hugetlb 1 GiB node 0 share
  ^^^^^^^ storage.type
          ^^^^ entity.name.type
               ^^^^                      ^^^^   ^^^^^ keyword.other.property
                           ^^^^^^^ support.constant.property-value
  ram low at 0 {
    backing physical at 0x1000
    ^^^^^^^          ^^ keyword.other.property
            ^^^^^^^^ support.constant.property-value
    backing thp
    ^^^^^^^ keyword.other.property
            ^^^ support.constant.property-value
  }
  backing thp size 1 GiB thp
  ^^^^^^^ storage.type
          ^^^ entity.name.type
                         ^^^ support.constant.property-value
`);

    highlights('a policy, and the policy of a vm', `
policy strict like basic {
^^^^^^ storage.type
       ^^^^^^ entity.name.type
              ^^^^ keyword.control
                   ^^^^^ variable.other
  policy strict
  ^^^^^^ storage.type
         ^^^^^^ variable.other
`);

    highlights('hot-plugged memory in its window', `
  window dimms at 4 GiB size 8 GiB for memory
                                   ^^^ keyword.control
                                       ^^^^^^ support.constant.property-value
  ram late at 4 GiB size 8 GiB hotplug virtio-mem block 2 MiB
                               ^^^^^^^            ^^^^^ keyword.other.property
                                       ^^^^^^^^^^ support.constant.property-value
`);
  });

  describe('names', () => {
    highlights('inner hyphens belong to the name, a hyphen before a digit subtracts', `
  mmio pcie-ecam at low.size-0x1000
       ^^^^^^^^^ entity.name.type
                    ^^^ variable.other.object
                        ^^^^ variable.other.property
                            ^ keyword.operator.arithmetic
                             ^^^^^^ constant.numeric.hex
  ram high at pcie-ecam.end
              ^^^^^^^^^ variable.other.object
  const low-ram = size-of-it
        ^^^^^^^ entity.name.constant
                  ^^^^^^^^^^ variable.other
`);

    highlights('names that begin or end with a keyword', `
  ram ram-at at-ram
      ^^^^^^ entity.name.type
             ^^^^^^ variable.other
  on-overlap carve
  ^^^^^^^^^^ keyword.other.property
`);

    highlights('constants by their capitals', `
  size GUEST_RAM - low.size
       ^^^^^^^^^ variable.other.constant
                   ^^^ variable.other.object
`);

    highlights('functions, and fields that are called', `
  require sum(m.blocks(1 GiB)) >= if(count(r) > 2, 1, 0) for m in map
          ^^^   ^^^^^^            ^^ ^^^^^ support.function
  hugepages 1 GiB count 32
                  ^^^^^ keyword.other.property
`);

    highlights('fixed words only after their property', `
  arch arm64
       ^^^^^ support.constant.property-value
  arch x86_64
       ^^^^^^ support.constant.property-value
  reserved msi at 0 kind msi
           ^^^ entity.name.type
                         ^^^ support.constant.property-value
  mmio a at direct
            ^^^^^^ variable.other
  memory fw at 0 size 1 MiB for hypervisor node 1
                                ^^^^^^^^^^ support.constant.property-value
  rom a at 0 dma off access rx
             ^^^     ^^^^^^ keyword.other.property
                 ^^^        ^^ support.constant.property-value
`);
  });

  describe('numbers', () => {
    highlights('bases, and digits in groups', `
  0x8_8000_0000 0o17 0b1010_1010 65_536
  ^^^^^^^^^^^^^ constant.numeric.hex
                ^^^^ constant.numeric.octal
                     ^^^^^^^^^^^ constant.numeric.binary
                                 ^^^^^^ constant.numeric.decimal
`);

    highlights('units, with and without a space', `
  1 GiB 4KiB 3.5 TiB 0x10 MiB 512 B
  ^     ^    ^^^              ^^^ constant.numeric.decimal
                     ^^^^ constant.numeric.hex
    ^^^  ^^^     ^^^      ^^^     ^ keyword.other.unit
`);

    highlights('loose units', `
  4G 4g 4Gi 512M 4GB 4 GB
  ^  ^  ^   ^^^  ^   ^ constant.numeric.decimal
   ^  ^  ^^    ^  ^^   ^^ keyword.other.unit
`);

    highlights('no unit: a word after a number', `
  bits 48 node 0 block 2 MiB
       ^^      ^       ^ constant.numeric.decimal
          ^^^^   ^^^^^ keyword.other.property
`);

    highlights('percent when glued, remainder after a space', `
  90% 12.5% low.size % 2 MiB
  ^^  ^^^^             ^ constant.numeric.decimal
    ^     ^ keyword.other.unit.percent
                     ^ keyword.operator.arithmetic
`);

    highlights('digits that are no number', `
  0x 0b12 12Q 0xFFG 1__ 4GiBs
  ^^ ^^^^ ^^^ ^^^^^ ^^^ ^^^^^ invalid.illegal.numeric
`);

    highlights('a kernel’s version, and a date after until', `
  kernel 6.6.12
         ^^^^^^ constant.numeric.version
  allow map-limit because "x" until 2027-06-30
                                    ^^^^^^^^^^ constant.numeric.date
  2027-06-30
  ^^^^ ^^ ^^ constant.numeric.decimal
      ^  ^ keyword.operator.arithmetic
`);
  });

  describe('operators', () => {
    highlights('ranges', `
  at 0x0 ..= 0xff
     ^^^     ^^^^ constant.numeric.hex
         ^^^ keyword.operator.range
  at 0..4
     ^  ^ constant.numeric.decimal
      ^^ keyword.operator.range
  at low.base..low.end
             ^^ keyword.operator.range
`);

    highlights('the others', `
  not a and ~b == 1 or c << 2 >= d & e | f / 2
  ^^^   ^^^         ^^ keyword.operator.wordlike
               ^^             ^^ keyword.operator.comparison
            ^            ^^        ^   ^ keyword.operator.bitwise
                                           ^ keyword.operator.arithmetic
`);
  });

  describe('policies', () => {
    highlights('levels and rules', `
  deny doorbell-overlap, policy/no-wx, map-limit on web.gpu because "so"
  ^^^^ keyword.control.policy
       ^^^^^^^^^^^^^^^^  ^^^^^^^^^^^^  ^^^^^^^^^ support.constant.property-value.rule
                                                 ^^         ^^^^^^^ keyword.control
                                                    ^^^ variable.other.object
`);

    highlights('a list of rules over several lines', `
  warn doorbell-overlap, // these two

    map-limit, /* and */
    ^^^^^^^^^ support.constant.property-value.rule
slot-limit
^^^^^^^^^^ support.constant.property-value.rule
  note block-split
  ^^^^ keyword.control.policy
`);

    highlights('allow on the line of a region', `
  ram low at 0 size 1 GiB allow block-split because "so"
                          ^^^^^ keyword.control.policy
                                ^^^^^^^^^^^ support.constant.property-value.rule
                                            ^^^^^^^ keyword.control
`);

    highlights('requirements with and without a name', `
  require no-wx: not r.write for r in rom, d in doorbell
  ^^^^^^^ keyword.control.policy
          ^^^^^ entity.name.type
                 ^^^ keyword.operator.wordlike
                             ^^^   ^^        ^^ keyword.control
                                 ^         ^ variable.parameter
                                      ^^^       ^^^^^^^^ support.type.selector
  prefer aligned(r, 2 MiB)
  ^^^^^^ keyword.control.policy
         ^^^^^^^ support.function
    for r in region
    ^^^ keyword.control
`);

    highlights('levels as names', `
  ram note at 0
      ^^^^ entity.name.type
  ram high at note.end
              ^^^^ variable.other.object
`);
  });

  describe('comments and strings', () => {
    highlights('documentation only before a declaration', `
/// A host
^^^^^^^^^^ comment.line.documentation
  /// A host
  ^^^^^^^^^^ comment.line.documentation
ram low at 0 /// no documentation
             ^^^^^^^^^^^^^^^^^^^^ comment.line.double-slash
// /// neither
^^^^^^^^^^^^^^ comment.line.double-slash
`);

    highlights('block comments don’t nest', `
/* a /* b */ ram low at 0
^^^^^^^^^^^^ comment.block
             ^^^ storage.type
/* ram low
^^^^^^^^^^ comment.block
   at 0 */ ram low at 0
^^^^^^^^^^ comment.block
           ^^^ storage.type
`);

    highlights('a comment within a string is text', `
  label "a // b /* c" // d
        ^^^^^^^^^^^^^ string.quoted.double
                      ^^^^ comment.line.double-slash
`);

    highlights('a string ends with its line', `
import "std:policies
       ^^^^^^^^^^^^^ string.quoted.double
host altra {
^^^^ storage.type
label "a\\
      ^^^ string.quoted.double
        ^ invalid.illegal.escape
host altra {
^^^^ storage.type
`);

    highlights('escapes', `
  because "a\\"b\\\\ \\u{1F4A1} \\q \\u{12"
            ^^ ^^ ^^^^^^^^^ constant.character.escape
                            ^^ ^^ invalid.illegal.escape
          ^^^^^^^^^^^^^^^^^^^^^^^^^^^ string.quoted.double
`);
  });

  describe('the sample of the language', () => {
    it('has the scopes that are committed', async () => {
      const golden = path.join(DATA, 'sample.scopes');
      const drawn = await drawScopes(sample.trimEnd());
      if (process.env['UPDATE']) writeFileSync(golden, drawn);
      assert.equal(drawn, readFileSync(golden, 'utf8'), 'run `npm run update` and read the difference');
    });

    it('has a scope on everything but punctuation', async () => {
      const bare = [...(await loadHighlighter()).tokenize(sample)].flatMap((line) =>
        line.tokens.filter(({ scopes }) => scopes.length === 0).map(({ start, end }) => line.text.slice(start, end)),
      );
      assert.deepEqual(bare.filter((text) => /[\p{L}\p{N}"]/u.test(text)), []);
    });

    it('looks the same line by line, whatever stands above', async () => {
      const { tokenize } = await loadHighlighter();
      const apart = sample.split('\n').flatMap((line) => tokenize(line));
      assert.deepEqual(apart, tokenize(sample));
    });

    it('is covered at every moment of typing it', async () => {
      for (const line of (await loadHighlighter()).typing(sample)) assertCovered(line);
    });
  });

  it('covers any text', async () => {
    const { tokenize } = await loadHighlighter();
    const words = [...new Set(sample.match(/[\w-]+|\s|[^\w\s]+/g))];
    const known = fc.constantFrom(...words, '\n', '/*', '*/', '"', '\\', ',\n', 'allow ', '=\n');
    const text = fc.array(fc.oneof(known, fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 60 });
    fc.assert(fc.property(text, (pieces) => tokenize(pieces.join(' ')).forEach(assertCovered)));
  });

  it('is quick on lines made to be slow', async () => {
    const { tokenize } = await loadHighlighter();
    const pieces = ['ram ', 'a-', ',', ', ', '/*', '/* */', ', /* */', '"', '\\', '{', 'allow x, ', '= //', '1_', '. ', ' ', '..='];
    for (const piece of pieces) tokenize(piece.repeat(1000)).forEach(assertCovered);
  });

  it('uses only scopes that themes know, each with the suffix of the language', () => {
    const grammar = readFileSync(GRAMMAR_FILE, 'utf8').replace(/"(name|scopeName)": "(VM Layout|source\.vmlayout)"/g, '');
    const scopes = [...grammar.matchAll(/"name": "([^"]*)"/g)].flatMap((match) => (match[1] ?? '').split(' '));
    const known = new RegExp(`^(${KNOWN_SCOPES.join('|')})\\..*\\bvmlayout$`);
    assert.ok(scopes.length > 0);
    assert.deepEqual(scopes.filter((scope) => !known.test(scope)), []);
  });
});

function highlights(what: string, drawn: string): void {
  it(what, () => checkHighlight(drawn));
}

function assertCovered(line: Line): void {
  let end = 0;
  for (const token of line.tokens) {
    assert.equal(token.start, end, line.text);
    end = token.end;
  }
  assert.equal(end, line.text.length, line.text);
}
