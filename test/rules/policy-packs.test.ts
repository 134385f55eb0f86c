import assert from 'node:assert/strict';
import { LIBRARY } from '../../server/core/index.js';
import { check } from '../support/check.js';

// The shipped policies: each requirement says why, with a source; a layout that breaks it is told, one that keeps all isn't.

const HOST = `
host box {
  arch x86_64
  kernel 7.2
  page 4 KiB
  contract type1
  iommu dmar0 {
    model vt-d
    bits 48
    reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
  }
  group 1 { device nic "0000:01:00.0" { bar 0 size 16 MiB } }
}
host arm {
  arch arm64
  kernel 7.2
  page 4 KiB
  contract iommufd
  iommu smmu0 {
    model smmu-v3
    granule 4 KiB
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 1 { device nic "0000:01:00.0" { bar 0 size 16 MiB } }
}
`;

const GOOD = `
  backing pages size 4 GiB hugetlb 1 GiB
  ram low at 1 GiB size 2 GiB from pages
  ram high at 4 GiB size 2 GiB from pages
  rom firmware at 0xe000_0000 size 1 MiB
`;

const BAD = `
  backing fixed size 2 GiB physical at 0x1000
  ram low at 0x1000 size 2 GiB from fixed access rwx
  doorbell msi-target at 0x8000_1000 size 4
  ram gap at 4077 MiB size 3 MiB
  ram top at 1000 GiB size 24 GiB
${Array.from({ length: 65 }, (_, index) => `  ram small${index} at 2 TiB + ${index} * 8 KiB size 4 KiB`).join('\n')}
  rom firmware at 0xe000_0000 size 1 MiB access rw
  bar nic.0 at 0xd000_0000
`;

const packs = [...LIBRARY.keys()].filter((path) => path.startsWith('std:policies/') && path !== 'std:policies/basic');

describe('shipped policies', () => {
  it('are these', () => assert.deepEqual(packs.sort(), ['std:policies/hardened', 'std:policies/migratable', 'std:policies/throughput']));

  for (const path of packs) {
    const name = path.slice('std:policies/'.length);
    const text = LIBRARY.get(path) ?? '';
    const statements = text.split('\n').filter((line) => /^ *(require|prefer) /.test(line));
    const broken = (host: string, guest: string): string[] => {
      const { result } = check(`import "${path}"\n${HOST}vm web on ${host} {\n  policy ${name}\n${guest}  assign nic\n}\n`);
      return [...new Set(result.findings.filter(({ rule, level }) => rule.startsWith('policy/') || level === 'error').map(({ rule }) => rule))];
    };

    it(`${name}: says why, with a source`, () => {
      assert.ok(statements.length > 4);
      for (const line of statements) assert.match(line, /^ *(require|prefer) +[a-z0-9-]+: .* because ".*\(.+\)"$/);
    });

    it(`${name}: is understood`, () => assert.deepEqual(check(text).result.findings.map(({ rule, message }) => `${rule}: ${message}`), []));

    it(`${name}: tells what breaks it`, () => {
      const told = new Set([...broken('box', BAD), ...broken('arm', BAD)]);
      for (const line of statements) {
        const rule = `policy/${/(?:require|prefer) +([a-z0-9-]+):/.exec(line)?.[1]}`;
        assert.ok(told.has(rule), rule);
      }
    });

    it(`${name}: has nothing to say of a layout that keeps it`, () => {
      const unavoidable = name === 'migratable' ? ['policy/no-device'] : [];
      assert.deepEqual(broken('arm', GOOD), unavoidable);
      assert.deepEqual(broken('box', GOOD), name === 'hardened' ? ['policy/iommufd'] : unavoidable);
    });
  }
});
