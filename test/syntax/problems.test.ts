import assert from 'node:assert/strict';
import { openDocument, treeOf } from '../../server/core/syntax/document.js';
import { problemsIn } from '../../server/core/syntax/problems.js';
import { applyEdits } from '../../server/core/text/text-edit.js';
import { dedent, draw, readPicture } from '../support/picture.js';

describe('damage is told in words', () => {
  it('names what is missing after a property', () => {
    checkDamage(`
      vm a {
        ram low at size 1 GiB
                ^^ expected an address after \`at\`
        ram high at 4 GiB size
                          ^^^^ expected a size after \`size\`
      }
    `);
  });

  it('finds several errors in one file, each at its place', () => {
    checkDamage(`
      vm a {
        ram low at 0 size 1 GiB from
                                ^^^^ expected a backing after \`from\`
        mmio m at size 4 KiB
               ^^ expected an address after \`at\`
        assign
        ^^^^^^ expected a device after \`assign\`
      }
      host {
      ^^^^ expected a name after \`host\`
      }
    `);
  });

  it('asks for a name', () => {
    checkDamage(`
      vm a {
        ram at 0 size 1 GiB
        ^^^ expected a name after \`ram\`
      }
    `);
  });

  it('takes a property word as a name where another property follows', () => {
    checkDamage(`
      vm a {
        ram size at 0 size 1 GiB
        ram from from b at 0 size 4 KiB
      }
    `);
  });

  it('joins a property on a line of its own to the line above', () => {
    checkRepair(
      `
      vm a {
        ram low at 0
          size 1 GiB
      }
      `,
      'Join to the line above',
      `
      vm a {
        ram low at 0 size 1 GiB
      }
      `,
    );
  });

  it('knows what a misspelt word should be', () => {
    checkDamage(`
      vm a {
        rma low at 0 size 1 GiB
        ^^^ \`rma\` is not a word of the language; did you mean \`ram\`?
        ram low at 0 sise 1 GiB
                     ^^^^ unexpected \`sise\`; did you mean \`size\`?
      }
    `);
  });

  it('says where a declaration can’t stand', () => {
    checkDamage(`
      iommu smmu0 { }
      ^^^^^ \`iommu\` can’t stand at the top of a file
      host h {
        ram low at 0 size 1 GiB
        ^^^ \`ram\` can’t stand in a \`host\`
      }
    `);
  });

  it('wants one declaration a line', () => {
    checkDamage(`
      vm a {
        ram low at 0 size 1 MiB ram high at 1 MiB size 1 MiB
                            ^^^ expected a line break or \`;\`
        ram third at 2 MiB size 1 MiB; ram fourth at 3 MiB size 1 MiB
      }
    `);
  });

  it('tells an unclosed brace where it opens, and spoils one declaration only', () => {
    checkDamage(`
      vm a {
           ^ this \`{\` is never closed
        ram low at 0 size 1 MiB

      vm b {
        ram low at 0 size 1 MiB
      }
    `);
  });

  it('tells a brace that closes nothing', () => {
    checkDamage(`
      vm a { }
      }
      ^ this \`}\` closes nothing
    `);
  });

  it('tells an unclosed comment, string and parenthesis', () => {
    checkDamage(`
      const A = (1 + 2
                ^ this \`(\` is never closed
      import "std:policies
             ^^^^^^^^^^^^^ this string is never closed
      /* what follows
      ^^ this comment is never closed
      vm a { }
    `);
  });

  it('refuses unknown escapes', () => {
    checkDamage(`
      import "a\\qb"
               ^^ \`\\q\` is no escape; known are \\" \\\\ \\n \\t \\r \\0 and \\u{…}
    `);
  });

  it('joins a property behind its declaration and before the comment there', () => {
    checkRepair(
      `
      vm a {
        ram low at 0 // where it begins
          size 1 GiB access r
      }
      `,
      'Join to the line above',
      `
      vm a {
        ram low at 0 size 1 GiB access r // where it begins
      }
      `,
    );
  });

  it('joins nothing that the line above says already', () => {
    const [problem, ...others] = problemsOf('vm a {\n  mmio uart at 2 GiB size 4 KiB\n  alias low at 5 GiB\n}\n');
    assert.deepEqual([problem?.message, problem?.repair, others], ['`alias` belongs on the line of `mmio`, or in its block', undefined, []]);
  });

  it('explains that comparisons don’t chain', () => {
    checkDamage(`
      const A = 1 <= 2 < 3
                       ^ comparisons don’t chain; join two with \`and\`
    `);
    checkRepair('const A = 1 <= B + 2 < 3\n', 'Join two comparisons with `and`', 'const A = 1 <= B + 2 and B + 2 < 3\n');
  });

  it('says what a declaration can’t do without', () => {
    checkDamage(`
      host h {
        reserved msi size 1 MiB
                 ^^^ \`msi\` needs an address: \`at …\`
        hugepages 1 GiB
        ^^^^^^^^^ \`hugepages\` needs a number of pages: \`count …\`
      }
      vm a {
        backing pages hugetlb 1 GiB
                ^^^^^ \`pages\` needs a size: \`size …\`
        ram low at 0
            ^^^ \`low\` needs a size: \`size …\`
        ram high at 1 GiB ..= 0x7fff_ffff
        rom shadow at 0xe_0000 alias high
        ram block {
          at 4 GiB
          size 1 GiB
        }
        map m at 0
            ^ \`m\` needs a region: \`to …\`
      }
    `);
  });

  it('says what is said twice', () => {
    checkDamage(`
      vm a {
        ram low at 0 size 1 GiB at 4 KiB
                                ^^ \`at\` is said twice
      }
      host h {
        group 1 { device gpu bar 0 size 1 MiB bar 2 size 16 MiB }
      }
    `);
  });

  it('wants a reason for a waiver', () => {
    checkDamage(`
      policy p {
        allow block-split
        ^^^^^ a waiver needs a reason: \`because "…"\`
      }
      vm a {
        ram low at 0 size 1 GiB allow block-split allow base-misaligned because "tested"
                                ^^^^^ a waiver needs a reason: \`because "…"\`
      }
    `);
  });

  it('goes on after an operator, a comma and before because, for, until', () => {
    checkDamage(`
      const A = 1 +
        2
      policy p {
        deny doorbell-overlap,
          region-overlap
        require aligned(r, 2 MiB)
          for r in ram
          because "blocks"
        allow block-split because "x"
          until 2027-06-30
      }
    `);
  });

  it('does not take the next declaration for an operand', () => {
    checkDamage(`
      vm a {
        ram low at 0 size 1 GiB +
XX
        ram high at 4 GiB size 1 GiB
      }
    `);
  });

  it('tells what is written as elsewhere once, and as what it is', () => {
    checkDamage(`
      import std:iommu/intel
             ^^^^^^^^^^^^^^^ a path stands in quotes: \`"std:iommu/intel"\`
      host h { # a server, at 5 GiB of size
               ^ a comment begins with \`//\`
        pagesize 4K
        ^^^^^^^^ \`pagesize\` is not a word of the language; did you mean \`page\`?
        iommu i {
          reserved msi at 0xfee00000-0xfeefffff kind msi
                          ^^^^^^^^^^^^^^^^^^^^^ a range with its last byte is \`A ..= B\`; \`A - B\` is a difference
        }
      }
      vm a {
        memory 8 GB
        ^^^^^^ \`memory\` is that of a host; a \`vm\` has \`ram low at 0 size 4 GiB\`
        RAM = 1 GiB
        ^^^ a constant is declared with \`const RAM = …\`
        backing mem size 1 GiB hugepages 1 GiB
                               ^^^^^^^^^ a backing has no \`hugepages\`, which are those of a host; did you mean \`hugetlb\`?
        ram low at 0x10KiB size 1 GiB numa 0
                   ^^^^^^^ a blank stands before the unit of a hexadecimal number: \`0x10 KiB\`
                                      ^^^^ unexpected \`numa\`; did you mean \`node\`?
        ram high at 4 GiB length 1 GiB
                          ^^^^^^ unexpected \`length\`; did you mean \`size\`?
      }
    `);
  });

  it('mends what is written as elsewhere', () => {
    checkRepair('import std:iommu/intel // all\n', 'Put the path in quotes', 'import "std:iommu/intel" // all\n');
    checkRepair('vm a { } # one\n', 'Write `//`', 'vm a { } // one\n');
    checkRepair('vm a {\n  RAM = 1 GiB\n}\n', 'Declare `RAM` with `const`', 'vm a {\n  const RAM = 1 GiB\n}\n');
    checkRepair('vm a {\n  ram low at 0 size 0x10MiB\n}\n', 'Insert a blank', 'vm a {\n  ram low at 0 size 0x10 MiB\n}\n');
    checkRepair('vm a {\n  ram low at 0x0-0xfff\n}\n', 'Write `..=`', 'vm a {\n  ram low at 0x0 ..= 0xfff\n}\n');
    checkRepair('vm a {\n  ram low at 0 size 1 GiB backing hugepages 1 GiB\n}\n', 'Change to `hugetlb`', 'vm a {\n  ram low at 0 size 1 GiB backing hugetlb 1 GiB\n}\n');
  });

  it('takes nothing else for it', () => {
    checkDamage(`
      const A = 0x10B
      const C = 0x20 MiB
      vm a {
        ram low at 0x2000 - 0x1000 size 1 GiB
        ram high at 0x2000-0x1000 size 1 GiB label "# 1"
        ram top at 4 GiB size 1 GiB {
          RAM == 1
          ^^^ \`RAM\` is not a word of the language
              ^^^^ unexpected \`== 1\`
        }
      }
    `);
  });

  it('tells a listing that was pasted once, where it begins', () => {
    checkDamage(`
      vm a {
          0000000000000000-000000000009ffff (prio 0, ram): pc.ram KVM
          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this is what QEMU’s \`info mtree\` prints, and no layout: \`vmlayout import qemu-mtree FILE\` makes one of it
          0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000 KVM
        ram low at 0 sise 1 GiB
                     ^^^^ unexpected \`sise\`; did you mean \`size\`?
        00001000-0009ffff : System RAM
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this is what /proc/iomem prints, and no layout: \`vmlayout import iomem FILE\` makes one of it
        00100000-7fffffff : System RAM
        0x00000000fee00000 0x00000000feefffff msi
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this is what Linux’ reserved_regions prints, and no layout: \`vmlayout import reserved-regions FILE\` makes one of it
      }
    `);
  });

  it('bounds nesting and length', () => {
    const deep = problemsOf(`const A = ${'('.repeat(10_000)}1${')'.repeat(10_000)}\n`);
    assert.ok(deep.some(({ message }) => message === 'nested more than 100 levels deep'));
    const long = problemsOf(`const A = 1${' + 1'.repeat(10_000)}\n`);
    assert.deepEqual(long.map(({ message }) => message), ['an expression has at most 500 operators']);
    const digits = problemsOf(`const A = ${'9'.repeat(100_000)}\n`);
    assert.deepEqual(digits.map(({ message }) => message), ['this number is too long']);
    const braces = problemsOf(`vm a ${'{ vm b '.repeat(5_000)}`);
    assert.ok(braces.some(({ message }) => message === 'nested more than 100 levels deep'));
    const tildes = problemsOf(`const A = ${'~'.repeat(10_000)}1\n`);
    assert.deepEqual(tildes.map(({ message }) => message), ['an expression has at most 500 operators']);
  });

  it('reads binary without a fall', () => {
    const binary = String.fromCharCode(...Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256));
    assert.ok(problemsOf(binary).length > 0);
  });
});

function problemsOf(text: string) {
  const document = openDocument(text);
  return document.items.flatMap((item, index) => {
    const base = document.starts[index] ?? 0;
    return problemsIn(treeOf(item), item.text).map((problem) => ({ ...problem, start: problem.start + base, end: problem.end + base, base }));
  });
}

function checkDamage(picture: string): void {
  const { text, drawn } = readPicture(picture);
  const marks = problemsOf(text).map(({ start, end, message }) => ({ start, end, label: message }));
  assert.equal(draw(text, marks), drawn);
}

function checkRepair(picture: string, title: string, expected: string): void {
  const { text } = readPicture(picture);
  const problem = problemsOf(text).find(({ repair }) => repair?.title === title);
  assert.ok(problem?.repair, `no repair “${title}”`);
  const { start, end, newText } = problem.repair;
  assert.equal(applyEdits(text, [{ start: start + problem.base, end: end + problem.base, newText }]), dedent(expected));
}
