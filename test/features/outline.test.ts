import assert from 'node:assert/strict';
import { checkDefinition, foldsOf, outlineOf } from '../support/cursor.js';
import { dedent } from '../support/picture.js';

const HOST = 'host altra { iommu smmu0 { reserved msi at 0 size 1 } group 14 { device nic "01" } }\n';

describe('go to definition', () => {
  it('finds what names stand for', () => {
    checkDefinition('const X = 1\nconst Y = $0X', 'main.vmlayout: X (line 1 of its item)');
    checkDefinition('vm web {\n  backing ram0 size 1\n  ram low at 0 size 1 from ra$0m0\n}', 'main.vmlayout: ram0 (line 2 of its item)');
    checkDefinition('vm web {\n  ram low at 0 size 1\n  map m to l$0ow\n}', 'main.vmlayout: low (line 2 of its item)');
    checkDefinition(`${HOST}vm web on al$0tra { }`, 'main.vmlayout: altra (line 1 of its item)');
    checkDefinition(`${HOST}vm web on altra {\n  assign ni$0c\n}`, 'main.vmlayout: nic (line 1 of its item)');
    checkDefinition(`${HOST}const X = altra.smmu0.m$0si.base`, 'main.vmlayout: msi (line 1 of its item)');
    checkDefinition(`${HOST}vm web on altra {\n  const X = ho$0st.kernel\n}`, 'main.vmlayout: altra (line 1 of its item)');
    checkDefinition('policy basic { }\nvm web {\n  policy ba$0sic\n}', 'main.vmlayout: basic (line 1 of its item)');
    checkDefinition('vm web {\n  ram a at 0 size 1\n  mmio b at 0 size 1 over $0a\n}', 'main.vmlayout: a (line 2 of its item)');
    checkDefinition('vm web {\n  assign gpu\n}\npolicy p {\n  allow map-overlap on web.g$0pu because "x"\n}', 'main.vmlayout: gpu (line 2 of its item)');
  });

  it('finds the requirement behind a waiver', () =>
    checkDefinition('policy p {\n  require no-wx: 1 > 0\n  allow policy/no$0-wx because "x"\n}', 'main.vmlayout: no-wx (line 2 of its item)'));

  it('finds the property behind a field', () => checkDefinition('vm web {\n  ram low at 0 size 1\n  mmio m at low.si$0ze\n}', 'main.vmlayout: size 1 (line 2 of its item)'));

  it('goes over `like` and imports', () => {
    checkDefinition('vm base { ram low at 0 size 1 }\nvm web like base {\n  map m to l$0ow\n}', 'main.vmlayout: low (line 1 of its item)');
    checkDefinition('vm base { }\nvm web like ba$0se { }', 'main.vmlayout: base (line 1 of its item)');
    checkDefinition('import "hosts.vmlayout"\nvm web on ep$0yc { }\n--- hosts.vmlayout\n\nhost epyc { }', 'hosts.vmlayout: epyc (line 1 of its item)');
    checkDefinition('import "ho$0sts.vmlayout"\n--- hosts.vmlayout\nhost epyc { }', 'hosts.vmlayout');
    checkDefinition('import "std:policies/basic"\nvm web {\n  policy bas$0ic\n}', 'std:policies/basic: basic (line 2 of its item)');
    checkDefinition('import "std:machines/microvm"\nvm web like micro$0vm { const RAM = 1 GiB }', 'std:machines/microvm: microvm (line 2 of its item)');
    checkDefinition('import "std:iommu/intel"\nhost box like vt$0-d { }', 'std:iommu/intel: vt-d (line 2 of its item)');
  });

  it('finds each of several', () => {
    const hosts = 'host a { iommu u { model vt-d } device nic "0000:01:00.0" }\nhost b {\n  device nic "0000:02:00.0" }\n';
    checkDefinition(`${hosts}vm web on a, b { assign n$0ic }`, 'main.vmlayout: nic (line 1 of its item)', 'main.vmlayout: nic (line 2 of its item)');
    checkDefinition('policy p { note block-split on lo$0w }\nvm web { policy p\n  ram low at 0 size 1 GiB }\nvm db { policy p; ram low at 0 size 1 GiB }', 'main.vmlayout: low (line 2 of its item)', 'main.vmlayout: low (line 1 of its item)');
    checkDefinition('policy p { note block-split on lo$0w }\n--- web.vmlayout\nimport "main.vmlayout"\nvm web { policy p; ram low at 0 size 1 GiB }', 'web.vmlayout: low (line 1 of its item)');
  });

  it('finds what a policy binds and requires', () => {
    checkDefinition('policy p { require aligned(r$0, 4 KiB)\n  for r in ram }', 'main.vmlayout: r (line 2 of its item)');
    checkDefinition('policy p { require r.size > 0\n  for r$0 in ram }', 'main.vmlayout: r (line 2 of its item)');
    checkDefinition('policy p { require count(r$0am) > 0 }');
    checkDefinition('policy p {\n  require no-$0wx: not r.execute for r in rom }', 'main.vmlayout: no-wx (line 2 of its item)');
  });

  it('finds nothing for what is nowhere', () => {
    checkDefinition('const X = now$0here');
    checkDefinition('import "now$0here"');
    checkDefinition('const X = 1$0');
  });
});

describe('the outline', () => {
  it('has what stands in a block under it', () => assert.equal(
    outlineOf(`
      import "std:policies/basic"
      const X = 1 GiB
      host altra { group 14 { device nic "01" } }
      vm web on altra {
        ram low at 0
          size X
        assign nic
      }
      policy p { deny map-overlap }
    `),
    dedent(`
      X  const 1 GiB
      altra  host
        14  group
          nic  device "01"
      web  vm on altra
        low  ram at 0
        nic  assign
      p  policy
        map-overlap  deny
    `).trimEnd(),
  ));

  it('is there for a text in the middle of a word', () => assert.equal(outlineOf('vm web {\n  ram\n  rom flash'), 'web  vm\n  ram  ram\n  flash  rom'));
});

describe('folding', () => {
  it('folds blocks, comments and imports', () => assert.deepEqual(
    foldsOf(`
      import "std:policies/basic"
      import "b"

      // One.
      // Two.
      vm web {
        /* three
           four */
        ram low at 0 {
          size 1
        }
        rom flash at 0 { size 1 }
      }
    `),
    [
      'comment: // One. … // Two.',
      'block: vm web { … }',
      'block: ram low at 0 { … }',
      'comment: /* three … four */',
      'imports: import "std:policies/basic" … import "b"',
    ],
  ));
});
