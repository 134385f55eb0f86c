import assert from 'node:assert/strict';
import { checkFile } from '../../server/core/rules/check.js';
import { openDocument } from '../../server/core/syntax/document.js';
import { checkLint, TODAY } from '../support/check.js';
import { regionsOf } from '../support/evaluate.js';

describe('an import', () => {
  it('brings names, which mean what they mean in their own file', () => {
    checkLint(`
      import "sizes.vmlayout"
      const UNIT = 1 GiB
      vm web {
        ram low at 0 size RAM
        ram high at 4 GiB size UNIT
      }
--- sizes.vmlayout
const UNIT = 2 MiB
const RAM = UNIT * 3
`);
    assert.deepEqual(regionsOf('import "sizes"\nvm web {\n  ram low at 0 size RAM\n}\n', new Map([['sizes', 'const UNIT = 2 MiB\nconst RAM = UNIT * 3\n']])), ['low 0x0-0x5fffff']);
  });

  it('does not pass on what it imports itself', () => {
    checkLint(`
import "middle.vmlayout"
vm web {
  ram low at 0 size HALF
  ram high at 4 GiB size WHOLE
                         ^^^^^ unknown-name: nothing here is called \`WHOLE\`
}
--- middle.vmlayout
import "inner.vmlayout"
const HALF = WHOLE / 2
--- inner.vmlayout
const WHOLE = 2 GiB
`);
  });

  it('is evaluated, and not linted', () => {
    checkLint(`
import "host.vmlayout"
vm web on altra {
  ram low at 0 size 4 GiB
}
--- host.vmlayout
const LEFT = 1G
host altra {
  iommu smmu0 { granule nothing }
}
vm twin on altra { ram low at 0 size 4G }
vm twin { }
`);
  });

  it('may come back', () => {
    checkLint(`
import "other.vmlayout"
const ONE = 1 GiB
vm web {
  ram low at 0 size TWO
}
--- other.vmlayout
import "main.vmlayout"
const TWO = ONE * 2
`);
    checkLint('import "main.vmlayout"\nconst ONE = 1 GiB\n');
  });

  it('finds a cycle of values over files', () => {
    checkLint(`
import "other.vmlayout"
const ONE = TWO
      ^^^ cycle: \`ONE\` is defined by itself
--- other.vmlayout
import "main.vmlayout"
const TWO = ONE
`);
  });

  it('gives way to what the file declares itself, and the first to later ones', () => {
    const files = new Map([['a', 'const X = 1 GiB\nconst Y = 1 GiB\n'], ['b', 'const Y = 2 GiB\n']]);
    const text = 'import "a"\nimport "b"\nconst X = 4 GiB\nvm web {\n  ram low at 0 size X\n  ram high at 8 GiB size Y\n}\n';
    assert.deepEqual(regionsOf(text, files), ['low 0x0-0xffffffff', 'high 0x200000000-0x23fffffff']);
  });

  it('is found beside its file', () => {
    const files = new Map([
      ['machines/q35.vmlayout', openDocument('import "../sizes.vmlayout"\nvm q35 {\n  ram low at 0 size RAM\n}\n')],
      ['sizes.vmlayout', openDocument('const RAM = 1 GiB\n')],
    ]);
    const main = openDocument('import "machines/q35.vmlayout"\nvm web like q35 { }\n');
    const world = { read: (path: string) => (path === 'main.vmlayout' ? main : files.get(path) ?? { error: `no ${path}` }) };
    const { findings, vms } = checkFile('main.vmlayout', world, { today: TODAY });
    assert.deepEqual(findings, []);
    assert.equal(vms[0]?.vm.regions[0]?.range?.end, 1n << 30n);
  });

  it('that is not loaded yet is named, and nothing is told of it', () => {
    const main = openDocument('import "later.vmlayout"\n');
    const result = checkFile('main.vmlayout', { read: (path) => (path === 'main.vmlayout' ? main : 'missing') }, { today: TODAY });
    assert.deepEqual(result.findings, []);
    assert.deepEqual(result.missing, ['later.vmlayout']);
  });

  it('that can’t be had is told on its path, in the host’s words', () => {
    checkLint(`
import "gone.vmlayout"
       ^^^^^^^^^^^^^^^ import-missing: \`gone.vmlayout\` can’t be imported: there is no such file
import "policies/basic"
       ^^^^^^^^^^^^^^^^ import-missing: \`policies/basic\` can’t be imported: there is no such file; did you mean \`std:policies/basic\`?
import "std:nothing"
       ^^^^^^^^^^^^^ import-missing: \`std:nothing\` can’t be imported: the shipped library has no such file
import ""
       ^^ import-missing: an import names a file
`);
  });

  it('brings a finding home that is about what another file declares', () => {
    checkLint(`
import "base.vmlayout"
vm web like base {
   ^^^ region-overlap: \`high\` lies in \`low\` (0x0-0x3fffffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST
}
--- base.vmlayout
vm base {
  ram low at 0 size 1 GiB
  ram high at 0 size 1 GiB
}
`);
  });
});
