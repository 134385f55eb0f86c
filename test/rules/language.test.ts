import assert from 'node:assert/strict';
import { checkFile } from '../../server/core/rules/check.js';
import { fixAll } from '../../server/core/editor/fix-all.js';
import { LENGTH_LIMIT, editDocument, openDocument } from '../../server/core/syntax/document.js';
import { applyEdits } from '../../server/core/text/text-edit.js';
import { check, checkFix, checkLint, checkNoFix, offersOf, TODAY } from '../support/check.js';
import { brokenFiles } from '../support/texts.js';

// The rules of the language: damage, loose units, names that nothing uses.

describe('syntax', () => {
  it('offers no repair after which the same word is wrong for another reason', () => {
    checkNoFix('vm web {\n  backing pages size 2 GiB\n    size 4 GiB\n  ram low at 0 size 2 GiB from pages\n}', 'Join');
    checkFix('vm web {\n  backing pages\n    size 4 GiB\n  ram low at 0 size 4 GiB from pages\n}', 'Join to the line above', 'vm web {\n  backing pages size 4 GiB\n  ram low at 0 size 4 GiB from pages\n}');
  });

  it('reports several errors at their places, and judges the rest', () => {
    checkLint(`
      vm web {
        ram low at size 1 GiB
                ^^ syntax: expected an address after \`at\`
        ram high at 0 size 4 GiB
        ram over-it at 1 GiB size 1 MiB
            ^^^^^^^ region-overlap: \`over-it\` lies in \`high\` (0x40000000-0x400fffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST
        @@@
        ^^^ syntax: unexpected \`@@@\`
      }
    `);
  });

  it('joins lines in fix-all, and asks for the rest', () => {
    const text = 'vm web {\n  ram low at 0\n    size 4G\n    node 1\n  require x\n}\n';
    const checked = check(text);
    const safe = checked.result.findings.flatMap((finding) => offersOf(checked, finding)).filter((offer) => offer.safe);
    assert.deepEqual(safe.map(({ title }) => title), ['Join to the line above', 'Write `4 GiB`', 'Join to the line above']);
  });

  it('survives what is no text, with something to say', () => {
    const texts = ['\0\u0001\u0002', '{'.repeat(20_000), 'vm a { ram '.repeat(3_000), '"'.repeat(5_000), '((((', 'import "', 'policy p { require', ...brokenFiles().map(({ text }) => text)];
    for (const text of texts) assert.ok(check(text).result.findings.some(({ rule }) => rule === 'syntax'), text.slice(0, 40));
  });

  it('does not read a text that is too long, and says so', () => {
    const text = `vm web {\n${'  // a comment that makes it long\n'.repeat((LENGTH_LIMIT >> 5) + 1)}}\n`;
    const { result, document } = check(text);
    assert.deepEqual(result.findings.map(({ message }) => message), ['this text is longer than 16 Mi characters; it is not read']);
    assert.deepEqual([result.findings[0]?.place.start, result.findings[0]?.place.end], [0, 8]);
    const shorter = editDocument(document, 9, text.length - 2, 'ram low at 0 size 4G\n');
    const after = checkFile('main.vmlayout', { read: () => shorter }, { today: TODAY });
    assert.deepEqual(after.findings.map(({ rule }) => rule), ['unit-loose']);
  });
});

describe('loose units', () => {
  it('are all written exactly by fix-all', () => {
    const text = 'const A = 4G + 4g - 512M * 2\nvm web {\n  ram low at 1Gi size A\n  backing b size 4GB hugetlb 1gb\n  rom r at 0 size 64 KiB from b\n}\n';
    const document = openDocument(text);
    const edits = fixAll('main.vmlayout', { read: () => document }, { today: TODAY });
    assert.equal(applyEdits(text, edits), 'const A = 4 GiB + 4 GiB - 512 MiB * 2\nvm web {\n  ram low at 1 GiB size A\n  backing b size 4 GiB hugetlb 1 GiB\n  rom r at 0 size 64 KiB from b\n}\n');
  });
});

describe('names of the shipped library', () => {
  it('are imported below what is imported, or above all that is declared', () => {
    checkFix('import "std:policies/basic" // all\nconst A = 1\nhost h like vt-d { page 4 KiB }\n', 'Import `std:iommu/intel`', 'import "std:policies/basic" // all\nimport "std:iommu/intel"\nconst A = 1\nhost h like vt-d { page 4 KiB }\n');
    checkFix('// File.\n\n// A PC.\nvm a like q35 {\n  const RAM = 1 GiB\n}\n', 'Import `std:machines/q35`', '// File.\n\nimport "std:machines/q35"\n\n// A PC.\nvm a like q35 {\n  const RAM = 1 GiB\n}\n');
  });

  it('are not what is missing where a value is wanted', () => checkNoFix('vm a { ram low at 0 size basic }', 'Import'));
});

describe('names that nothing uses', () => {
  it('are told in a file with a vm', () => {
    checkLint(`
      const USED = 1 GiB
      const LEFT = 2 GiB
            ^^^^ unused-const: nothing in this file uses \`LEFT\`
      backing shared size 1 GiB
              ^^^^^^ unused-backing: no region takes bytes from \`shared\`
      host h {
        const WIDTH = 48
        const OTHER = 40
              ^^^^^ unused-const: nothing in this file uses \`OTHER\`
        bits WIDTH
        page 4 KiB
        iommu a { model vt-d  bits 48  reserved msi at 0xfee0_0000 size 1 MiB kind msi }
      }
      vm web on h {
        const SIZE = USED
        const BITS = 40
        backing ram0 size 2 * SIZE
        backing ram1 size ram0.size
                ^^^^ unused-backing: no region takes bytes from \`ram1\`
        ram low at 0 size SIZE from ram0
        ram high at 1 << web.BITS size SIZE from ram0
      }
    `);
  });

  it('are for others in a file without one', () => {
    checkLint(`
      const LEFT = 2 GiB
      backing shared size 1 GiB
      policy p { }
    `);
  });

  it('are for others in a model, and are used where they replace', () => {
    checkLint(`
import "machines.vmlayout"
vm model-of-this {
  const RAM
  const SPARE = 1 GiB
  backing spare size SPARE
}
vm web like q35 {
  const RAM = 1 GiB
  const LOW = 1 GiB
  const MORE = 1 GiB
        ^^^^ unused-const: nothing in this file uses \`MORE\`
  backing pages size 1 GiB
  backing extra size 1 GiB
          ^^^^^ unused-backing: no region takes bytes from \`extra\`
}
--- machines.vmlayout
vm pc {
  const LOW
  backing pages size 4 GiB
  ram low at 0 size LOW from pages
}
vm q35 like pc {
  const RAM
  const LOW = RAM
}
`);
  });

  it('are removed with their comments', () => {
    checkFix(
      `
      /// What the guest gets.
      const LEFT = 2 GiB // too much
      vm web {
        const RAM = 1 GiB; ram low at 0 size 1 GiB
      }
      `,
      'Remove `LEFT`',
      `
      vm web {
        const RAM = 1 GiB; ram low at 0 size 1 GiB
      }
      `,
    );
  });
});

describe('duplicates', () => {
  it('of all tables are told, each at the later one', () => {
    checkLint(`
      const web = 1
      vm web { ram low at 0 size web * 1 GiB }
         ^^^ duplicate-name: the name \`web\` is taken
      policy web { }
      policy web { }
             ^^^ duplicate-name: the name \`web\` is taken
      host h {
        page 4 KiB
        iommu a { model vt-d  bits 48  reserved msi at 0xfee0_0000 size 1 MiB kind msi }
        group 1 {
          device nic "0000:01:00.0"
          device nic "0000:01:00.1"
                 ^^^ duplicate-name: the name \`nic\` is taken
        }
      }
      vm other on h {
        ram low at 0 size 2 GiB
        map low to low
        backing low size 1 GiB
                ^^^ duplicate-name: the name \`low\` is taken
                ^^^ unused-backing: no region takes bytes from \`low\`
        assign nic
        assign nic
               ^^^ duplicate-name: \`nic\` is assigned twice
      }
    `);
  });
});

describe('words of other places', () => {
  it('are told with the word that is meant', () => {
    checkLint(`
      host a {
        arch aarch64
             ^^^^^^^ unknown-name: \`aarch64\` is no architecture; did you mean \`arm64\`?
        kernel 5.15.0-105-generic
               ^^^^^^^^^^^^^^^^^^ type-mismatch: a kernel is told by its version alone: \`5.15\`
        page 4 KiB
        contract vfio
                 ^^^^ unknown-name: \`vfio\` is no \`contract\`; did you mean \`type1\`?
        iommu i { bits 48; model AMD }
                                 ^^^ unknown-name: \`AMD\` is no IOMMU model; did you mean \`amd-v1\`?
        group 1 { device nic "0000:01:00.0" }
      }
      policy p {
        require m.coverage(2 MiB) > 0.905 for m in map
                                    ^^^^^ type-mismatch: a share is told in per cent: \`90.5%\`
      }
      vm web on a {
        policy p
        ram low at 0 size 1 GiB backing hugetlb 2 MiB
        assign nic
      }
    `);
  });

  it('are changed to it', () => {
    const host = (line: string): string => `host a {\n  page 4 KiB\n  ${line}\n}\n`;
    checkFix(host('arch x86-64'), 'Change to `x86_64`', host('arch x86_64'));
    checkFix(host('kernel 6.8.0-rc1'), 'Change to `6.8`', host('kernel 6.8'));
  });
});

describe('listings', () => {
  it('are told once in a file', () => {
    checkLint(`
      00001000-0009ffff : System RAM
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ syntax: this is what /proc/iomem prints, and no layout: \`vmlayout import iomem FILE\` makes one of it
      host a { page 4 KiB }
      fee00000-fee00fff : Local APIC
      ff000000-ffffffff : Reserved
    `);
  });
});

describe('fixes', () => {
  it('tell no price where it isn’t known what there was', () => {
    const host = 'host h {\n  page 4 KiB\n  iommu i { model riscv }\n  group 1 { device nic "0000:01:00.0" }\n}\n';
    const vm = (backing: string): string => `${host}vm web on h {\n  backing pages size 1 GiB hugetlb 2 MiB\n  ram low at 0 size 1 GiB from ${backing}\n  assign nic\n}\n`;
    checkFix(vm('pagez'), 'Change to `pages`', vm('pages'));
  });

  it('call what has no name by its keyword', () => {
    const checked = check('vm web {\n  ram low at 0 size 1 GiB\n  window at 0x3000_0000 size 1 GiB for bars\n}\n');
    const titles = checked.result.findings.flatMap((finding) => offersOf(checked, finding)).map(({ title }) => title);
    assert.deepEqual(titles.filter((title) => title.startsWith('Allow')), ['Allow region-overlap on `window`, with a reason']);
  });

  it('mend all without doing harm', () => {
    const text = 'vm web {\n  ram low at 0 size 1 GiB\n  mmio uart at 2 GiB size 4 KiB\n  alias low at 5 GiB\n}\n';
    const document = openDocument(text);
    assert.deepEqual(fixAll('main.vmlayout', { read: () => document }, { today: TODAY }), []);
  });
});
