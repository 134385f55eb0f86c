import assert from 'node:assert/strict';
import { checkLint } from '../support/check.js';
import { findingsOf, planOf, regionsOf } from '../support/evaluate.js';

// `like` copies, `when` takes away, and a constant without a value makes a model.

const HOST = `
  host altra {
    arch arm64
    kernel 6.6
    page 4 KiB
    bits 48
    iommu smmu0 {
      model smmu-v3
      granule 4 KiB
      bits 48
      reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
    }
    group 14 { device nic "0000:01:00.0" }
    group 15 { device gpu "0000:02:00.0" }
  }
`;

describe('like', () => {
  it('replaces whole and keeps the place, so that bytes follow on', () => {
    const text = `
      vm base {
        backing ram0 size 8 GiB
        ram low at 0 size 1 GiB from ram0
        ram mid at 1 GiB size 1 GiB from ram0
        ram high at 2 GiB size 1 GiB from ram0
      }
      vm web like base {
        ram top at 8 GiB size 1 GiB from ram0
        ram mid at 1 GiB size 512 MiB from ram0
      }
    `;
    assert.deepEqual(regionsOf(text, new Map(), 'web'), [
      'low 0x0-0x3fffffff ram0+0x0',
      'mid 0x40000000-0x5fffffff ram0+0x40000000',
      'high 0x80000000-0xbfffffff ram0+0x60000000',
      'top 0x200000000-0x23fffffff ram0+0xa0000000',
    ]);
  });

  it('evaluates in the copy', () => {
    const text = `
      const SIZE = 1 GiB
      vm base {
        const SIZE = 2 GiB
        ram low at 0 size SIZE
        ram high at low.end size SIZE
      }
      vm web like base {
        const SIZE = 4 GiB
      }
    `;
    assert.deepEqual(regionsOf(text, new Map(), 'web'), ['low 0x0-0xffffffff', 'high 0x100000000-0x1ffffffff']);
    assert.deepEqual(findingsOf(text), ['unused-const: nothing in this file uses `SIZE`'].slice(1));
  });

  it('takes over properties, and a property replaces its namesake', () => {
    const text = `
      ${HOST}
      vm base on altra {
        vmm qemu
        on-overlap carve
        ram low at 0x4000_0000 size 1 GiB
        assign nic
      }
      vm web like base {
        on-overlap reject
        vmm generic
      }
    `;
    assert.deepEqual(planOf(text, 'base'), planOf(text, 'web'));
    assert.equal(planOf(text, 'web').length, 1);
  });

  it('knows an assignment by its device', () => {
    const text = `
      ${HOST}
      vm base on altra {
        ram low at 0x4000_0000 size 1 GiB
        assign nic, gpu
      }
      vm web like base {
        assign gpu hotplug
      }
    `;
    const { result } = checkLint(text.replaceAll(/^ {6}/gm, ''));
    const assignments = result.vms.map(({ vm }) => vm.assignments.map(({ name, hotplug }) => `${name}${hotplug ? ' hotplug' : ''}`));
    assert.deepEqual(assignments, [['nic', 'gpu'], ['nic', 'gpu hotplug']]);
  });

  it('knows huge pages by size and node, and windows without a name each by itself', () => {
    const text = `
      host base {
        hugepages 1 GiB count 8 node 0
        hugepages 1GiB count 8 node 1
        hugepages 2 MiB count 100
      }
      host big like base {
        hugepages 1 GiB count 16 node 1
      }
      vm small {
        window at 1 GiB size 1 GiB for bars
        window at 2 GiB size 1 GiB for memory
      }
      vm web like small {
        window at 3 GiB size 1 GiB for bars
      }
    `;
    const { result } = checkLint(text);
    const counts = result.hosts.map(({ element }) => element.children.map(({ properties }) => properties.get('count')?.[0]?.property.value).map((value) => (value?.kind === 'integer' ? value.value : undefined)));
    assert.deepEqual(counts, [[8n, 8n, 100n], [8n, 16n, 100n]]);
    assert.equal(regionsOf(text, new Map(), 'web').length, 3);
  });

  it('tells duplicates of the copy', () => {
    checkLint(`
      vm base {
        ram low at 0 size 1 GiB
      }
      vm web like base {
        ram low at 0 size 2 GiB
        ram low at 4 GiB size 2 GiB
            ^^^ duplicate-name: the name \`low\` is taken
      }
    `);
  });

  it('leads back to where it began from within a declaration, too, in a text that is being typed', () => {
    const told = findingsOf(`
      vm small {
        ram low at 0 size 2 vm web like small {
        }
      }
    `);
    assert.ok(told.includes('cycle: `small` is like itself'), told.join('\n'));
  });

  it('is no like at all for an unknown name, another kind, or itself', () => {
    checkLint(`
      host h { }
      vm a like aa { }
                ^^ unknown-name: there is no vm \`aa\`; did you mean \`a\`?
      vm b like h { }
                ^ unknown-name: there is no vm \`h\`; did you mean \`a\`?
      vm c like c { }
                ^ cycle: \`c\` is like itself
      vm d like e { }
                ^ cycle: \`e\` is like itself
      vm e like d { }
                ^ cycle: \`d\` is like itself
      policy p like p { }
                    ^ cycle: \`p\` is like itself
    `);
  });

  it('tells what is lost', () => {
    checkLint(`
      host base {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 size 1 MiB kind msi
        }
        memory low at 0 size 1 GiB for guests node 1
        group 14 {
          device nic "0000:01:00.0"
          reserved fw at 0x800_0000 size 1 MiB
        }
      }
      host big like base {
        memory low at 0 size 2 GiB for guests
               ^^^ property-lost: \`low\` is replaced whole, and loses \`node\`
        group 14 {
              ^^ property-lost: \`14\` is replaced whole, and loses \`reserved fw\`
          device nic "0000:03:00.0"
        }
      }
      vm small {
        backing pages size 1 GiB thp node 1
        ram low at 0 size 1 GiB from pages node 1
      }
      vm web like small {
        backing pages size 2 GiB hugetlb 1 GiB
                ^^^^^ property-lost: \`pages\` is replaced whole, and loses \`node\`
        ram low at 0 size 2 GiB backing hugetlb 1 GiB node 0
      }
    `);
  });

  it('follows a long row, and tells where it ends', () => {
    const vms = Array.from({ length: 200 }, (_, index) => `vm v${index} like v${index + 1} {\n}`);
    const findings = findingsOf(`${vms.join('\n')}\nvm v200 {\n}\n`);
    assert.equal(findings.length, 100);
    assert.match(findings[0] ?? '', /more than 100 declarations in a row are like one another/);
  });
});

describe('when', () => {
  it('takes a declaration away, and its name', () => {
    const text = `
      const BIG = false
      vm web {
        ram low at 0 size 1 GiB when not BIG
        ram low at 0 size 4 GiB when BIG
        ram high at low.end size 1 GiB
        mmio uart at top.end size 4 KiB
        ram top at 8 GiB size 1 GiB when BIG
      }
    `;
    assert.deepEqual(regionsOf(text), ['low 0x0-0x3fffffff', 'high 0x40000000-0x7fffffff', 'uart unknown']);
    assert.deepEqual(findingsOf(text), ['unknown-name: nothing here is called `top`']);
  });

  it('is replaced with its alternatives', () => {
    const text = `
      const BIG = true
      vm base {
        ram low at 0 size 1 GiB when not BIG
        ram low at 0 size 4 GiB when BIG
      }
      vm web like base {
        ram low at 0 size 2 GiB
      }
    `;
    assert.deepEqual(regionsOf(text, new Map(), 'web'), ['low 0x0-0x7fffffff']);
    assert.deepEqual(findingsOf(text), []);
  });

  it('silences what may not be there', () => {
    const text = `
      vm web {
        ram low at 0 size 1 GiB
        ram shadow at 0 size 4 KiB when nothing > 1
      }
    `;
    assert.deepEqual(regionsOf(text), ['low 0x0-0x3fffffff', 'shadow unknown']);
    assert.deepEqual(findingsOf(text), ['unknown-name: nothing here is called `nothing`']);
  });

  it('asks for a condition', () => {
    checkLint(`
      vm web {
        ram low at 0 size 1 GiB when 1 GiB
                                     ^^^^^ type-mismatch: \`when\` asks for a condition, and this is a size
      }
    `);
  });

  it('takes vms, hosts and statements of policies away', () => {
    const text = `
      ${HOST}
      vm web on altra when host.kernel < version(6.0) {
        ram low at 0 size 4 GiB
        assign nic
      }
      vm other on altra {
        policy strict
        ram low at 0 size 3 MiB
      }
      policy strict {
        require aligned(r, 2 MiB) for r in ram when host.page == 64 KiB
        require aligned(r, 1 GiB) for r in ram when host.page == 4 KiB
      }
    `;
    assert.deepEqual(findingsOf(text), ['policy/require: `aligned(r, 1 GiB)` is false for `low`: 0x0-0x2fffff']);
  });
});

describe('a constant without a value', () => {
  it('makes a model, which is not checked by itself', () => {
    const text = `
      vm shape {
        const RAM
        const LOW = min(RAM, 2 GiB)
        ram low at 0 size LOW
        ram high at 4 GiB size RAM - LOW when RAM > 2 GiB
        mmio broken at 0 size 4 KiB
      }
      vm web like shape {
        const RAM = 3 GiB
        mmio broken at 3 GiB size 4 KiB
      }
      vm small like shape {
        const RAM = 1 GiB
        mmio broken at 3 GiB size 4 KiB
      }
    `;
    assert.deepEqual(regionsOf(text, new Map(), 'shape'), []);
    assert.deepEqual(regionsOf(text, new Map(), 'web'), ['low 0x0-0x7fffffff', 'high 0x100000000-0x13fffffff', 'broken 0xc0000000-0xc0000fff']);
    assert.deepEqual(regionsOf(text, new Map(), 'small'), ['low 0x0-0x3fffffff', 'broken 0xc0000000-0xc0000fff']);
    assert.deepEqual(findingsOf(text), []);
  });

  it('stays open in a vm that gives none', () => {
    const text = `
      vm shape {
        const RAM
        const NODES
        ram low at 0 size RAM
      }
      vm half like shape {
        const RAM = 4 GiB
      }
    `;
    assert.deepEqual(findingsOf(text), []);
    assert.deepEqual(regionsOf(text, new Map(), 'half'), []);
  });

  it('silences what rests on it at the top of a file', () => {
    const text = `
      const RAM
      vm web {
        ram low at 0 size RAM
        ram high at 0 size 1 GiB
      }
    `;
    assert.deepEqual(findingsOf(text), []);
  });
});

describe('a model in another file', () => {
  const BASE = new Map([['base.vmlayout', 'vm base {\n  const RAM\n  const HALF = min(RAM, 2 GiB) / 2\n  ram low at 0 size HALF\n}\n']]);

  it('is told at the vm with whose constants it can’t be worked out, once', () => {
    assert.deepEqual(findingsOf('import "base.vmlayout"\nvm web like base { const RAM = "8 GiB" }\nvm shop like base { const RAM = 8 GiB }\n', BASE), [
      'type-mismatch: `base` can’t be worked out for `web`: a size can’t be compared with a text',
    ]);
  });

  it('is missed at a vm that gives no value and says where it runs, unless another could be like that', () => {
    const hosts = 'import "base.vmlayout"\nhost lab { kernel 6.12 }\n';
    assert.deepEqual(findingsOf(`${hosts}vm web like base on lab { const RAMM = 8 GiB }\n`, BASE), ['value-missing: `RAM` has no value, so `web` is a model, and nobody checks it', 'unused-const: nothing in this file uses `RAMM`']);
    assert.deepEqual(findingsOf(`${hosts}vm web like base on lab { }\nvm shop like web { const RAM = 2 GiB }\n`, BASE).filter((told) => told.startsWith('value')), []);
    assert.deepEqual(findingsOf(`${hosts}vm web like base { }\n`, BASE).filter((told) => told.startsWith('value')), []);
  });
});
