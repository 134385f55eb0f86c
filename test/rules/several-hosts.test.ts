import assert from 'node:assert/strict';
import type { Finding } from '../../server/core/rules/rule.js';
import { check, checkLint } from '../support/check.js';
import { dedent } from '../support/picture.js';

// What is found of a vm on several hosts: told once, with all that is known of each of them.

const host = (name: string, bits = 48): string => dedent(`
  host ${name} {
    arch arm64
    kernel 6.6
    page 4 KiB
    bits ${bits}
    iommu smmu0 {
      model smmu-v3
      granule 4 KiB
      bits 48
      reserved msi at 0x800_0000 size 1 MiB kind sw-msi
    }
    group 1 { device nic "0000:01:00.0" }
  }
`);

const found = (text: string, rule: string): Finding[] => check(text).result.findings.filter((finding) => finding.rule === rule);

describe('a finding on several hosts', () => {
  it('has the remarks about each of them, and is of none alone', () => {
    const [first, ...others] = found(`${host('a')}${host('b')}\nvm web on a, b {\n  ram low at 0 size 1 GiB\n  assign nic\n}\n`, 'doorbell-overlap');
    assert.deepEqual(others, []);
    assert.deepEqual([first?.host, first?.hosts], [undefined, undefined]);
    const lines = first?.notes.map(({ place, message }) => `${/host (\w)/.exec(place.item.text)?.[1]}: ${message}`);
    assert.deepEqual(lines, ['a', 'b'].flatMap((name) => [`${name}: \`msi\` keeps 0x8000000-0x80fffff (sw-msi)`, `${name}: type1 refuses it from Linux 5.4 on; here 6.6 is asked`]));
  });

  it('has the fixes of each of them', () => {
    const text = (hosts: string): string => `${host('narrow', 40)}${host('wide')}\nvm web on ${hosts} {\n  bits 36\n  ram low at 256 GiB size 1 TiB\n}\n`;
    const titles = (hosts: string): string[] => found(text(hosts), 'guest-width').flatMap((finding) => finding.fixes().map(({ title }) => title));
    assert.deepEqual(titles('narrow'), []);
    assert.deepEqual(titles('narrow, wide'), titles('wide'));
    assert.deepEqual(titles('wide'), ['Raise `bits` of `web` to 41']);
  });

  it('is as often told as it is on one', () => {
    checkLint(`
      host a { page 4 KiB }
      host b { page 4 KiB }
      vm web on a, b {
        policy p, q
        ram low at 4 GiB size 1 MiB
            ^^^ policy/high: \`r.base > 1 TiB\` is false for \`low\`: 0x100000000
            ^^^ policy/high: \`r.base > 1 TiB\` is false for \`low\`: 0x100000000
      }
      policy p { require high: r.base > 1 TiB for r in ram because "of this" }
      policy q { require high: r.base > 1 TiB for r in ram because "of that" }
    `);
  });
});

describe('the hosts of a vm', () => {
  const hosts = `${host('a')}${host('b')}`;

  it('are asked where one of them is unknown, which is told once', () => {
    const findings = (on: string): string[] => check(`${hosts}\nvm web on ${on} {\n  ram low at 0 size 1 GiB\n  assign nic\n}\n`).result.findings.map(({ rule, message }) => `${rule}: ${message}`);
    assert.deepEqual(findings('a, typo'), ['unknown-name: there is no host `typo`', ...findings('a')]);
    assert.deepEqual(findings('typo, a'), findings('a, typo'));
    assert.deepEqual(findings('a, typo, b'), ['unknown-name: there is no host `typo`', ...findings('a, b')]);
  });

  it('silence what needs them, where none is known', () => {
    checkLint(`
      vm web on typo, none {
                ^^^^ unknown-name: there is no host \`typo\`
                      ^^^^ unknown-name: there is no host \`none\`
        ram low at 0 size 1 GiB
        assign nic
      }
      vm db {
        ram low at 0 size 1 GiB
        assign nic
               ^^^ unknown-name: \`nic\` can’t be found: the vm is \`on\` no host
      }
    `);
  });

  it('count once, however often they are named', () => {
    const vm = (on: string): string => `${hosts}\nvm web on ${on} {\n  ram low at 0 size 1 GiB\n  assign nic\n}\n`;
    const [first, ...others] = found(vm('a, a'), 'doorbell-overlap');
    assert.deepEqual([first?.message, others], [found(vm('a'), 'doorbell-overlap')[0]?.message, []]);
    assert.equal(check(vm('a, b, a')).result.vms.length, 2);
  });

  it('and devices that stand there already are not what was meant', () => {
    checkLint(`
      host h { page 4 KiB }
      host hh { page 4 KiB }
      vm web on hh, k {
                    ^ unknown-name: there is no host \`k\`; did you mean \`h\`?
      }
      vm db on h, k {
                  ^ unknown-name: there is no host \`k\`
      }
    `);
    const text = host('a').replace('group 1', 'group 2 { device gpu "0000:02:00.0" }\n  group 1');
    const messages = (assigned: string): string[] => check(`${text}\nvm web on a {\n  assign ${assigned}\n}\n`).result.findings.map(({ message }) => message);
    assert.deepEqual(messages('nicc'), ['host `a` has no device `nicc`; did you mean `nic`?']);
    assert.deepEqual(messages('nic, nicc'), ['host `a` has no device `nicc`']);
  });
});
