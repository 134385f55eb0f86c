import assert from 'node:assert/strict';
import { checkFix, checkLint } from '../support/check.js';
import { findingsOf, regionsOf, valueOf } from '../support/evaluate.js';

// What a name means, from the inside out.

describe('a name', () => {
  it('is looked up in the vm before the file', () => {
    const text = `
      const SIZE = 1 GiB
      vm web {
        const SIZE = 2 GiB
        ram low at 0 size SIZE
      }
      vm other {
        ram low at 0 size SIZE
      }
    `;
    assert.deepEqual(regionsOf(text, new Map(), 'web'), ['low 0x0-0x7fffffff']);
    assert.deepEqual(regionsOf(text, new Map(), 'other'), ['low 0x0-0x3fffffff']);
  });

  it('of a constant at the top means what is at the top', () => {
    const text = `
      const SIZE = 1 GiB
      const DOUBLE = SIZE * 2
      vm web {
        const SIZE = 8 GiB
        ram low at 0 size DOUBLE
        ram high at SIZE size SIZE
      }
    `;
    assert.deepEqual(regionsOf(text), ['low 0x0-0x7fffffff', 'high 0x200000000-0x3ffffffff']);
  });

  it('may be used above its declaration', () => {
    assert.deepEqual(
      regionsOf(`
        vm web {
          ram high at low.end size SIZE
          ram low at 0 size SIZE
        }
        const SIZE = 1 GiB
      `),
      ['high 0x40000000-0x7fffffff', 'low 0x0-0x3fffffff'],
    );
  });

  it('may be a word of the language', () => {
    assert.deepEqual(
      regionsOf(`
        vm web {
          ram ram at 0 size 1 GiB
          rom size at ram.end size 1 MiB
          mmio vm at size.end size 4 KiB
        }
      `),
      ['ram 0x0-0x3fffffff', 'size 0x40000000-0x400fffff', 'vm 0x40100000-0x40100fff'],
    );
  });

  it('of a map and of its region may be the same, and means the region', () => {
    assert.equal(valueOf('web.low.kind', 'vm web {\n  map low to low\n  ram low at 0 size 1 GiB\n}\n'), '"ram"');
  });

  it('leads into hosts, through groups, to what is kept', () => {
    const host = `
      host altra {
        page 64 KiB
        kernel 6.6
        iommu smmu0 { model smmu-v3  reserved msi at 0x800_0000 size 1 MiB kind sw-msi }
        group 14 {
          device nic "0000:01:00.0" bits 40
          reserved fw at 0x9000_0000 size 64 KiB
        }
      }
    `;
    const rows = [
      ['altra.smmu0.msi.base', 'address 0x8000000'],
      ['altra.smmu0.msi.kind', '"sw-msi"'],
      ['altra.smmu0.model == "smmu-v3"', 'true'],
      ['altra.14.fw.last', 'address 0x9000ffff'],
      ['altra.14.fw.kind', '"reserved"'],
      ['altra.nic.bits', '40'],
      ['altra.14.nic == altra.nic', 'true'],
      ['altra.page', 'size 64 KiB'],
      ['altra.kernel >= version(6.6)', 'true'],
      ['altra.contract', 'unknown'],
      ['altra.colour', 'unknown-name: `altra` has no `colour`'],
    ] as const;
    for (const [expression, value] of rows) assert.equal(valueOf(expression, host), value);
  });

  it('host means the host that is checked', () => {
    const text = `
      host small { page 4 KiB }
      host large { page 64 KiB }
      const ONE = host.page
      vm web on small {
        mmio uart at 0 size ONE
      }
      vm big on large {
        mmio uart at host.page size host.page
      }
      vm none {
        mmio uart at 0 size host.page
      }
    `;
    assert.deepEqual(regionsOf(text, new Map(), 'web'), ['uart 0x0-0xfff']);
    assert.deepEqual(regionsOf(text, new Map(), 'big'), ['uart 0x10000-0x1ffff']);
    assert.deepEqual(regionsOf(text, new Map(), 'none'), ['uart unknown']);
    assert.deepEqual(findingsOf(text), []);
  });
});

describe('a name with a hyphen', () => {
  it('is a subtraction without its spaces where its parts are known', () => {
    checkFix(
      `
      const LIMIT = 1 GiB
      vm web {
        ram pcie-ecam at 0 size 2 GiB
        ram low at 4 GiB size pcie-ecam.size-LIMIT
      }
      `,
      'Change to `size - LIMIT`',
      `
      const LIMIT = 1 GiB
      vm web {
        ram pcie-ecam at 0 size 2 GiB
        ram low at 4 GiB size pcie-ecam.size - LIMIT
      }
      `,
    );
    checkLint(`
      const pcie-ecam = 4 GiB
      const hole = 1 GiB
      const rest = pcie-ecam-hole-hole
                   ^^^^^^^^^^^^^^^^^^^ unknown-name: nothing here is called \`pcie-ecam-hole-hole\`; did you mean \`pcie-ecam - hole - hole\`?
      const next = pcie-ecam-0x1000
    `);
  });
});

describe('a cycle', () => {
  it('is told where it begins, once for each that is asked', () => {
    checkLint(`
      const A = B
            ^ cycle: \`A\` is defined by itself
      const B = A
            ^ cycle: \`B\` is defined by itself
      const C = C + 1
            ^ cycle: \`C\` is defined by itself
      vm web {
        ram low at 0 size low.size
            ^^^ cycle: \`low\` is defined by itself
        ram high at 4 GiB size 1 GiB when high.size > 1 GiB
            ^^^^ cycle: \`high\` is defined by itself
        map m at m.base to low
            ^ cycle: \`m\` is defined by itself
      }
    `);
  });

  it('of many definitions ends', () => {
    const count = 4000;
    const regions = Array.from({ length: count }, (_, index) => `  ram r${index} at r${index + 1}.end size 4 KiB`);
    const findings = findingsOf(`vm web {\n${regions.join('\n')}\n  ram r${count} at 0 size 4 KiB\n}\n`);
    assert.ok(findings.length > 0);
    for (const finding of findings) assert.equal(finding, 'value-range: too many definitions lead from one to the next here');
  });
});
