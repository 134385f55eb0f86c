import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyEdits, openDocument, refactoringsAt, saidBy, type Refactoring } from '../../server/core/index.js';
import { commentsIn } from '../../server/core/syntax/comments.js';
import { formattedText } from '../../server/core/syntax/format.js';
import { TODAY } from '../support/check.js';
import { atCursor, fileOf } from '../support/cursor.js';
import { dedent } from '../support/picture.js';
import { allTexts } from '../support/texts.js';

// Changes of the text that are none of the layout. `$0` is the cursor; a selection is written as what is selected.

function offered(source: string, selected = ''): { refactorings: readonly Refactoring[]; text: string } {
  const { file, files, text, offset } = atCursor(source);
  const selection = { start: offset, end: offset + selected.length };
  assert.equal(text.slice(selection.start, selection.end), selected);
  return { text, refactorings: refactoringsAt({ file, selection, options: { today: TODAY }, files }, () => true) };
}

/** Applies the refactoring whose title begins so. */
function check(source: string, title: string, expected: string, selected?: string): void {
  const { refactorings, text } = offered(source, selected);
  const found = refactorings.find((refactoring) => refactoring.title.startsWith(title));
  assert.ok(found, `not offered; there are: ${refactorings.map((refactoring) => refactoring.title).join('; ')}`);
  const made = found.newFile ? `--- ${found.newFile.path}\n${found.newFile.text}` : '';
  assert.equal(applyEdits(text, found.edits) + made, dedent(expected));
}

const titles = (source: string, selected?: string): string[] => offered(source, selected).refactorings.map(({ title }) => title);

const HOST = 'host altra {\n  page 4 KiB\n  iommu i {\n    model smmu-v3\n    granule 4 KiB\n    bits 48\n  }\n  group 14 { device nic "01" }\n  hugepages 1 GiB count 4 node 0\n  hugepages 1 GiB count 4 node 1\n}\n';

describe('how an end is written', () => {
  it('as a size, half-open, or as the last byte', () => {
    check('vm a {\n  mmio m$0 at 0x1000 ..= 0x1fff access rw\n}\n', 'Write the end of `m` as a size', 'vm a {\n  mmio m at 0x1000 size 4 KiB access rw\n}\n');
    check('vm a {\n  mmio m$0 at 0x1000 ..= 0x1fff\n}\n', 'Write the end of `m` half-open', 'vm a {\n  mmio m at 0x1000 .. 0x2000\n}\n');
    check('vm a {\n  mmio m at 0x1$0000 .. 0x2000\n}\n', 'Write the end of `m` as the last byte', 'vm a {\n  mmio m at 0x1000 ..= 0x1fff\n}\n');
    check('vm a {\n  ram m$0 at 4 GiB size 1 GiB node 1\n}\n', 'Write the end of `m` as the last byte', 'vm a {\n  ram m at 4 GiB ..= 0x1_3fff_ffff node 1\n}\n');
  });

  it('keeps names, in expressions', () => {
    const consts = 'const A = 1 GiB\nconst S = 2 MiB\n';
    check(`${consts}vm a {\n  ram m$0 at A size S + 4 KiB\n}\n`, 'Write the end of `m` half-open', `${consts}vm a {\n  ram m at A .. A + (S + 4 KiB)\n}\n`);
    check(`${consts}vm a {\n  ram m$0 at A ..= A + S - 1\n}\n`, 'Write the end of `m` half-open', `${consts}vm a {\n  ram m at A .. A + S\n}\n`);
    check(`${consts}vm a {\n  ram m$0 at A .. A + S\n}\n`, 'Write the end of `m` as the last byte', `${consts}vm a {\n  ram m at A ..= A + S - 1\n}\n`);
    check(`${consts}vm a {\n  ram m$0 at A .. A + S\n}\n`, 'Write the end of `m` as a size', `${consts}vm a {\n  ram m at A size S\n}\n`);
    check(`${consts}vm a {\n  ram m$0 at A ..= A + S * 2 - 1\n}\n`, 'Write the end of `m` as a size', `${consts}vm a {\n  ram m at A size S * 2\n}\n`);
    check(`${consts}vm a {\n  ram m$0 at S .. A\n}\n`, 'Write the end of `m` as a size', `${consts}vm a {\n  ram m at S size A - S\n}\n`);
  });

  it('adds nothing to 0', () => {
    const written = (extent: string, title: string, expected: string): void => check(`const A = 1 GiB\nvm a {\n  ram m$0 at ${extent}\n}\n`, `Write the end of \`m\` ${title}`, `const A = 1 GiB\nvm a {\n  ram m at ${expected}\n}\n`);
    written('0 size A', 'half-open', '0 .. A');
    written('0 size A + 1', 'as the last byte', '0 ..= A');
    written('0 size A', 'as the last byte', '0 ..= A - 1');
    written('0 ..= A - 1', 'as a size', '0 size A');
    written('0 .. A * 2', 'as a size', '0 size A * 2');
  });

  it('keeps the comments', () => {
    check('vm a {\n  ram m$0 {\n    at 0 // b\n    size 1 GiB // c\n    node 1\n  }\n}\n', 'Write the end of `m` half-open', 'vm a {\n  ram m {\n    at 0 .. 0x4000_0000 // b\n    // c\n    node 1\n  }\n}\n');
    check('vm a {\n  ram m$0 at 0 /* b */ size 1 GiB\n}\n', 'Write the end of `m` half-open', 'vm a {\n  ram m at 0 .. 0x4000_0000 /* b */\n}\n');
    assert.deepEqual(titles('vm a {\n  ram m$0 at 0 .. /* c */ 0x4000_0000\n}\n').filter((title) => title.startsWith('Write')), []);
  });

  it('works for what a host keeps, up to 2^64, and takes a line of its own away', () => {
    check('host h {\n  iommu i {\n    reserved r$0 at 0xffff_ffff_0000_0000 .. 0x1_0000_0000_0000_0000 kind msi\n  }\n}\n', 'Write the end of `r` as the last byte', 'host h {\n  iommu i {\n    reserved r at 0xffff_ffff_0000_0000 ..= 0xffff_ffff_ffff_ffff kind msi\n  }\n}\n');
    check('vm a {\n  ram m$0 {\n    at 0\n    size 1 GiB\n  }\n}\n', 'Write the end of `m` half-open', 'vm a {\n  ram m {\n    at 0 .. 0x4000_0000\n  }\n}\n');
  });
});

describe('splitting', () => {
  const web = (line: string): string => `${HOST}vm web on altra {\n  backing b size 4 GiB hugetlb 1 GiB\n${line}  assign nic\n}\n`;

  it('cuts RAM at a block boundary, and each piece keeps its bytes', () => {
    check(web('  /// Doc.\n  ram low$0 at 4 GiB size 3 GiB from b // why\n'), 'Split `low` at 0x1_8000_0000', web('  /// Doc.\n  ram low at 4 GiB size 2 GiB from b // why\n  ram low-b at 0x1_8000_0000 size 1 GiB from b + 2 GiB\n'));
  });

  it('gives a backing of its own a name, and leaves ordinary memory alone', () => {
    check(`${HOST}vm web on altra {\n  ram low$0 at 4 GiB size 2 GiB backing hugetlb 1 GiB\n  assign nic\n}\n`, 'Split `low` at 0x1_4000_0000',
      `${HOST}vm web on altra {\n  backing low-memory size 2 GiB hugetlb 1 GiB\n  ram low at 4 GiB size 1 GiB from low-memory\n  ram low-b at 0x1_4000_0000 size 1 GiB from low-memory + 1 GiB\n  assign nic\n}\n`);
    check('vm a {\n  ram low$0 at 0 size 4 MiB access rw\n}\n', 'Split `low` at 0x20_0000', 'vm a {\n  ram low at 0 size 2 MiB access rw\n  ram low-b at 0x20_0000 size 2 MiB access rw\n}\n');
  });

  it('cuts by NUMA node and by the size of blocks', () => {
    check(web('  ram low$0 at 4 GiB size 4 GiB from b\n'), 'Split `low` by NUMA node (0, 1)', web('  ram low at 4 GiB size 2 GiB from b node 0\n  ram low-b at 0x1_8000_0000 size 2 GiB from b + 2 GiB node 1\n'));
    check(web('  ram low$0 at 4 GiB size 1026 MiB from b\n'), 'Split `low` by the size of its blocks (1 GiB, 2 MiB)', web('  ram low at 4 GiB size 1 GiB from b\n  ram low-b at 0x1_4000_0000 size 2 MiB from b + 1 GiB\n'));
  });

  it('cuts a written map, and what holds an address that is written elsewhere', () => {
    check(web('  ram low at 4 GiB size 3 GiB from b\n  map all$0 to low\n'), 'Split `all` at 0x1_8000_0000', web('  ram low at 4 GiB size 3 GiB from b\n  map all-a size 2 GiB to low\n  map all-b size 1 GiB to low + 2 GiB\n'));
    check(web('  ram low at 0 size 1 GiB from b\n  avoid d at 0x0800$0_0000 size 1 MiB\n'), 'Split `low` at 0x800_0000', web('  ram low at 0 size 128 MiB from b\n  ram low-b at 0x800_0000 size 896 MiB from b + 128 MiB\n  avoid d at 0x0800_0000 size 1 MiB\n'));
  });

  it('shares between nodes as evenly as whole blocks allow', () =>
    check(web('  ram low$0 at 1 GiB size 3584 MiB from b\n'), 'Split `low` by NUMA node', web('  ram low at 1 GiB size 2 GiB from b node 0\n  ram low-b at 0xc000_0000 size 1536 MiB from b + 2 GiB node 1\n')));

  it('leaves expressions what they are', () => {
    const consts = 'const A = 1 GiB\nconst S = 3 GiB\n';
    const vm = (lines: string): string => `${consts}vm a {\n  backing b size 8 GiB\n${lines}}\n`;
    check(vm('  ram low$0 at A + 1 GiB size S + A from b + A // c\n'), 'Split `low` at 0x1_0000_0000', vm('  ram low at A + 1 GiB size 2 GiB from b + A // c\n  ram low-b at low.end size S + A - 2 GiB from b + A + 2 GiB\n'));
    check(vm('  ram low$0 at A .. A + S from b\n'), 'Split `low` at 0xc000_0000', vm('  ram low at A size 2 GiB from b\n  ram low-b at low.end .. A + S from b + 2 GiB\n'));
    check(vm('  ram low$0 at 0x4000_0000 ..= 0xffff_ffff from b + A\n'), 'Split `low` at 0xc000_0000', vm('  ram low at 0x4000_0000 ..= 0xbfff_ffff from b + A\n  ram low-b at 0xc000_0000 ..= 0xffff_ffff from b + A + 2 GiB\n'));
    check(web('  const S = 2 GiB\n  ram low at 4 GiB size 3 GiB from b\n  map all$0 size S to low\n'), 'Split `all` at 0x1_4000_0000, in numbers', web('  const S = 2 GiB\n  ram low at 4 GiB size 3 GiB from b\n  map all-a size 1 GiB to low\n  map all-b size 1 GiB to low + 1 GiB\n'));
  });

  it('stays on a line that others share, and keeps comments between', () => {
    check('vm w { ram x$0 at 0 size 4G }\n', 'Split `x` at 0x8000_0000', 'vm w { ram x at 0 size 2 GiB; ram x-b at 0x8000_0000 size 2 GiB }\n');
    check(web('  ram low$0 at 4 GiB /* base */ size 3 GiB from b\n'), 'Split `low` at', web('  ram low at 4 GiB /* base */ size 2 GiB from b\n  ram low-b at 0x1_8000_0000 size 1 GiB from b + 2 GiB\n'));
    assert.deepEqual(titles(web('  ram low at 4 GiB size 3 GiB from b\n  map all$0 /* c */ to low\n')).filter((title) => title.startsWith('Split')), []);
  });

  it('gives a backing that gets a name a line above the comments', () => {
    check(`${HOST}vm web on altra {\n  // The only one.\n  ram low$0 at 4 GiB size 2 GiB backing hugetlb 1 GiB\n  assign nic\n}\n`, 'Split `low` at 0x1_4000_0000',
      `${HOST}vm web on altra {\n  backing low-memory size 2 GiB hugetlb 1 GiB\n  // The only one.\n  ram low at 4 GiB size 1 GiB from low-memory\n  ram low-b at 0x1_4000_0000 size 1 GiB from low-memory + 1 GiB\n  assign nic\n}\n`);
  });

  it('is offered only where nothing else changes', () => {
    const named = titles('vm a {\n  ram low$0 at 0 size 4 MiB\n  mmio m at low.end size 4 KiB\n}\n');
    assert.deepEqual(named.filter((title) => title.startsWith('Split')), [], 'the end of `low` moves');
    assert.deepEqual(titles('vm a {\n  ram low$0 at 0 size 4 KiB\n}\n').filter((title) => title.startsWith('Split')), []);
    assert.deepEqual(titles('vm a {\n  const S\n  ram low$0 at 0 size S\n}\n').filter((title) => title.startsWith('Split')), []);
  });
});

describe('constants', () => {
  it('are extracted from a number at the cursor', () => check(
    'import "x"\n\n// A guest.\nvm a {\n  ram low at 4 G$0iB size 2 GiB\n}\n', 'Extract constant `LOW_BASE`',
    'import "x"\n\nconst LOW_BASE = 4 GiB\n\n// A guest.\nvm a {\n  ram low at LOW_BASE size 2 GiB\n}\n',
  ));

  it('are extracted from what is selected, near by where it says names', () => {
    check('const A = 1\nvm a {\n  ram low at 0 size $0(A + 1) * 2 MiB\n}\n', 'Extract constant `LOW_SIZE`', 'const A = 1\nvm a {\n  const LOW_SIZE = (A + 1) * 2 MiB\n  ram low at 0 size LOW_SIZE\n}\n', '(A + 1) * 2 MiB');
    assert.deepEqual(titles('const A = 1\nvm a {\n  ram low at 0 size $0(A + 1) * 2 MiB\n}\n', '(A + 1) *').filter((title) => title.startsWith('Extract')), []);
  });

  it('are extracted whatever blanks are selected besides, and stand above all comments', () => {
    check('/* About\n   w */\n// More.\nvm w {\n  ram low at 0 size$0 2 GiB \n}\n', 'Extract constant `LOW_SIZE`', 'const LOW_SIZE = 2 GiB\n\n/* About\n   w */\n// More.\nvm w {\n  ram low at 0 size LOW_SIZE\n}\n', ' 2 GiB ');
    check('const A = 1 GiB\nvm a {\n  // Low.\n  ram low at 0 size $0A * 2\n}\n', 'Extract constant `LOW_SIZE`', 'const A = 1 GiB\nvm a {\n  const LOW_SIZE = A * 2\n  // Low.\n  ram low at 0 size LOW_SIZE\n}\n', 'A * 2');
  });

  it('get a name that nothing has', () => check(
    'const LOW_SIZE = 1 GiB\nvm a {\n  ram low at 0 size 2 G$0iB\n  ram high at 4 GiB size LOW_SIZE\n}\n', 'Extract constant `LOW_SIZE_2`',
    'const LOW_SIZE = 1 GiB\nconst LOW_SIZE_2 = 2 GiB\n\nvm a {\n  ram low at 0 size LOW_SIZE_2\n  ram high at 4 GiB size LOW_SIZE\n}\n',
  ));

  it('are inlined where they are used, or everywhere', () => {
    const text = 'const A = 1 + 1\nvm a {\n  ram low at 0 size A * 2 MiB\n  ram high at 4 GiB size A\n}\n';
    check(text.replace('A *', 'A$0 *'), 'Inline `A`', text.replace('A *', '(1 + 1) *'));
    check(text.replace('const A', 'const A$0'), 'Inline `A`', 'vm a {\n  ram low at 0 size (1 + 1) * 2 MiB\n  ram high at 4 GiB size 1 + 1\n}\n');
    check('// Sizes.\nconst A$0 = 2 GiB\nconst B = 1 GiB\nvm a { ram low at B size A }\n', 'Inline `A`', '// Sizes.\nconst B = 1 GiB\nvm a { ram low at B size 2 GiB }\n');
    for (const declared of ['/// Doc.\nconst A$0 = 1 GiB', 'const A$0 = 1 GiB // why', '// Why.\nconst A$0 = 1 GiB\n']) {
      assert.deepEqual(titles(`${declared}\nvm a { ram low at 0 size A }\n`).filter((title) => title.startsWith('Inline')), [], declared);
    }
    assert.deepEqual(titles('const A$0\nvm a { ram low at 0 size A }\n'), []);
    assert.deepEqual(titles('vm m { const A$0 = 1 GiB; ram low at 0 size A }\n--- b.vmlayout\nimport "main.vmlayout"\nvm a like m { const A = 2 GiB }\n').filter((title) => title.startsWith('Inline')), [], 'another file replaces it');
    assert.deepEqual(titles('const A$0 = 1 GiB\n--- b.vmlayout\nimport "main.vmlayout"\nvm a { ram low at 0 size A }\n').filter((title) => title.startsWith('Inline')), [], 'another file uses it');
  });
});

describe('sorting the regions of a vm', () => {
  it('moves each with its comments', () => check(
    'vm a$0 {\n  // the high one\n  /// Doc.\n  ram high at 4 GiB size 1 GiB // h\n\n  rom flash at 2 GiB size 1 MiB\n  ram low at 0 size 1 GiB\n}\n', 'Sort the regions of `a`',
    'vm a {\n  ram low at 0 size 1 GiB\n\n  rom flash at 2 GiB size 1 MiB\n  // the high one\n  /// Doc.\n  ram high at 4 GiB size 1 GiB // h\n}\n',
  ));

  it('moves the maps of a region that stand below it, and leaves others', () => check(
    'vm a$0 {\n  ram high at 4 GiB size 1 GiB\n  map h size 1 MiB to high // h\n  map i size 1 MiB to high + 1 MiB\n  map l to low\n  ram low at 0 size 1 GiB\n}\n', 'Sort the regions of `a`',
    'vm a {\n  ram low at 0 size 1 GiB\n  map l to low\n  ram high at 4 GiB size 1 GiB\n  map h size 1 MiB to high // h\n  map i size 1 MiB to high + 1 MiB\n}\n',
  ));

  it('is not offered over a heading', () => {
    for (const heading of ['// --- above 4 GiB ---', '// above 4 GiB ====', '//------']) {
      assert.deepEqual(titles(`vm a$0 {\n  mmio m at 3 GiB size 4 KiB\n  ram low at 0 size 1 GiB\n\n  ${heading}\n  ram high at 4 GiB size 1 GiB\n}\n`), [], heading);
    }
  });

  it('writes down the offset that the order stood for', () => check(
    'vm a$0 {\n  backing b size 2 GiB\n  ram high at 4 GiB size 1 GiB from b\n  ram low at 0 size 1 GiB from b\n}\n', 'Sort the regions of `a`',
    'vm a {\n  backing b size 2 GiB\n  ram low at 0 size 1 GiB from b + 1 GiB\n  ram high at 4 GiB size 1 GiB from b + 0\n}\n',
  ));

  it('is not offered where they are in order, or share a line', () => {
    assert.deepEqual(titles('vm a$0 {\n  ram low at 0 size 1 GiB\n  ram high at 4 GiB size 1 GiB\n}\n'), []);
    assert.deepEqual(titles('vm a$0 { ram high at 4 GiB size 1 GiB; ram low at 0 size 1 GiB }\n'), []);
  });
});

describe('moving a host to a file', () => {
  it('leaves an import', () => check(
    `const X = 1\n\n/// Doc.\nhost al$0tra {\n  bits 48\n}\nvm a on altra {\n  ram low at 0 size X * 1 MiB\n}\n`, 'Move host `altra` to `altra.vmlayout`',
    `const X = 1\n\nimport "altra.vmlayout"\nvm a on altra {\n  ram low at 0 size X * 1 MiB\n}\n--- altra.vmlayout\n/// Doc.\nhost altra {\n  bits 48\n}\n`,
  ));

  it('takes the comments above along', () => check(
    '// File.\n\n// An Arm server.\n/* With\n   an SMMU. */\nhost al$0tra {\n  bits 48\n}\nvm a on altra { ram low at 0 size 1 MiB }\n', 'Move host `altra`',
    '// File.\n\nimport "altra.vmlayout"\nvm a on altra { ram low at 0 size 1 MiB }\n--- altra.vmlayout\n// An Arm server.\n/* With\n   an SMMU. */\nhost altra {\n  bits 48\n}\n',
  ));

  it('is not offered where the host needs what stays', () => {
    assert.deepEqual(titles('const B = 48\nhost al$0tra { bits B }\nvm a on altra { ram low at 0 size 1 MiB }\n').filter((title) => title.startsWith('Move')), []);
  });
});

describe('whatever the text', () => {
  const texts = allTexts().filter(({ text }) => text.length < 6000).map(({ text }) => formattedText(text));
  /** A text and a place in it, with what is offered there. */
  const everywhere = (runs: number, look: (text: string, offset: number, refactorings: readonly Refactoring[]) => void): void => {
    let found = 0;
    fc.assert(fc.property(fc.constantFrom(...texts), fc.nat(), (text, at) => {
      const offset = at % (text.length + 1);
      const refactorings = offeredAt(text, offset);
      found += refactorings.length;
      look(text, offset, refactorings);
    }), { numRuns: runs, seed: 20261125 });
    assert.ok(found > 50, `only ${found} were offered`);
  };
  const withReturns = (text: string): string => text.replaceAll('\n', '\r\n');

  it('what is offered leaves what the layout says as it is', () => everywhere(300, (text, _, refactorings) => {
    const { file } = fileOf(text);
    for (const { edits, title, newFile } of refactorings) {
      const changed = fileOf(applyEdits(text, edits), new Map(newFile ? [[newFile.path, openDocument(newFile.text)]] : []));
      const keeps = title.startsWith('Split') ? 'bytes' : 'everything';
      assert.equal(saidBy(changed.file.result, keeps), saidBy(file.result, keeps), `${title}\n${text}`);
    }
  })).timeout(120_000);

  it('what comes out is formatted, and has every comment', () => everywhere(300, (text, _, refactorings) => {
    const { file } = fileOf(text);
    for (const { edits, title, newFile } of refactorings) {
      const after = [applyEdits(text, edits), ...(newFile ? [newFile.text] : [])];
      for (const each of after) assert.equal(each, formattedText(each), title);
      const left = after.flatMap((each) => commentsIn(openDocument(each)));
      assert.deepEqual(left.sort(), commentsIn(file.document).sort(), title);
    }
  })).timeout(120_000);

  it('lines end as they do in the text', () => everywhere(300, (text, offset, refactorings) => {
    const returns = offeredAt(withReturns(text), withReturns(text.slice(0, offset)).length);
    const made = ({ title, edits, newFile }: Refactoring, before: string): unknown => [title, applyEdits(before, edits), newFile?.text];
    assert.deepEqual(returns.map((each) => made(each, withReturns(text))), refactorings.map((each) => [each.title, withReturns(applyEdits(text, each.edits)), each.newFile && withReturns(each.newFile.text)]));
  })).timeout(120_000);
});

function offeredAt(text: string, offset: number): readonly Refactoring[] {
  const { file } = fileOf(text);
  return refactoringsAt({ file, selection: { start: offset, end: offset }, options: { today: TODAY }, files: [file] }, () => true);
}
