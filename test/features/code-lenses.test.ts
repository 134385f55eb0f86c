import assert from 'node:assert/strict';
import { codeLensesIn } from '../../server/core/index.js';
import { fileOf } from '../support/cursor.js';
import { dedent } from '../support/picture.js';

// Lines above a declaration: `where it stands | title` each.

function lensesOf(source: string, others: readonly string[] = []): string[] {
  const { file, text } = fileOf(dedent(source));
  return codeLensesIn(file, others.map((other) => fileOf(other).file.result)).map(({ start, end, title }) => `${text.slice(start, end)} | ${title}`);
}

const HOST = 'host altra {\n  kernel 6.6\n  page 4 KiB\n  bits 48\n  contract type1\n  iommu smmu0 {\n    model smmu-v3\n    granule 4 KiB\n    bits 48\n    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi\n  }\n  group 14 { device nic "01" }\n  group 15 {\n    device gpu "02"\n    reserved quirk at 8 GiB size 1 MiB kind reserved\n  }\n}\n';
const vm = (at: string, more = 'assign nic'): string => `vm web on altra {\n  ram low at ${at} size 2 GiB backing hugetlb 1 GiB\n  ${more}\n}\n`;

describe('code lenses', () => {
  it('tell of a vm what is found, what is mapped and what it costs, and offer to look closer', () => assert.deepEqual(lensesOf(HOST + vm('4 GiB')), [
    'host altra | 1 guest: web',
    'vm web | nothing found',
    'vm web | Show map',
    'vm web | Compare stances',
    'vm web | 1 mapping, 2 × 1 GiB, 4 KiB of tables',
  ]));

  it('tell what the kernel refuses', () => {
    const lenses = lensesOf(HOST + vm('0'));
    assert.ok(lenses.includes('vm web | refused with EINVAL'), lenses.join('\n'));
    assert.match(lenses.join('\n'), /vm web \| \d+ errors?/);
  });

  it('tell what becomes of what comes later', () => {
    assert.ok(lensesOf(HOST + vm('4 GiB', 'assign nic\n  assign gpu hotplug')).includes('vm web | hot-plug works in every order'));
    assert.ok(lensesOf(HOST + vm('7 GiB', 'assign nic\n  assign gpu hotplug')).includes('vm web | hot-plug of gpu: EINVAL'));
    const old = HOST.replace('kernel 6.6', 'kernel 5.3');
    assert.ok(lensesOf(old + vm('7 GiB', 'assign nic\n  assign gpu hotplug')).includes('vm web | hot-plug works in every order, but 1 MiB of RAM out of reach'));
    assert.ok(lensesOf(old + vm('4 GiB', 'vmm qemu\n  ram more at 20 GiB + 4 KiB size 1 GiB backing hugetlb 1 GiB hotplug dimm\n  assign nic')).includes('vm web | hot-plug of more: refused by QEMU'));
  });

  it('name the host where there are several', () => {
    const lenses = lensesOf(HOST + HOST.replace('altra', 'second') + vm('4 GiB').replace('on altra', 'on altra, second'));
    assert.deepEqual(lenses.filter((lens) => /mapping/.test(lens)), ['vm web | altra: 1 mapping, 2 × 1 GiB, 4 KiB of tables', 'vm web | second: 1 mapping, 2 × 1 GiB, 4 KiB of tables']);
  });

  it('know guests of other files, none of a host that nobody runs on, and nothing of a model', () => {
    assert.deepEqual(lensesOf(HOST), ['host altra | no guest runs on it']);
    assert.deepEqual(lensesOf('vm model {\n  const RAM\n}\npolicy p { }\n'), []);
    assert.deepEqual(lensesOf('vm alone { ram low at 0 size 1 GiB }\n'), ['vm alone | nothing found', 'vm alone | Show map']);
  });
});
