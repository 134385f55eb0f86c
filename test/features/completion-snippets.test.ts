import assert from 'node:assert/strict';
import { formatDocument, onOneLine, openDocument, plainText } from '../../server/core/index.js';
import { check } from '../support/check.js';
import { atCursor, suggestionsAt } from '../support/cursor.js';
import { exampleFiles } from '../support/texts.js';
import { loadHighlighter } from '../syntaxes/highlight.js';

const ARM = `
  host altra {
    arch arm64
    kernel 6.6
    page 4 KiB
    bits 48
    contract type1
    iommu smmu0 {
      model smmu-v3
      granule 4 KiB
      bits 48
      reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
    }
    group 14 { device nic "0000:01:00.0" }
    group 15 { device gpu "0000:02:00.0" }
  }`;
const INTEL = `
  host xeon {
    arch x86_64
    kernel 6.6
    page 4 KiB
    bits 46
    contract iommufd
    iommu dmar0 {
      model vt-d
      granule 4 KiB
      bits 48
      reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
    }
    group 14 { device nic "0000:01:00.0" }
  }`;
const GUEST = 'backing mem size 4 GiB hugetlb 1 GiB\n  ram low at 0x4000_0000 size 4 GiB from mem';

/** Where a snippet may stand, and the labels of those that are offered there. */
const PLACES: readonly [text: string, ...labels: string[]][] = [
  ['$0', 'host with SMMUv3 (Arm)', 'host with VT-d (Intel)', 'host with AMD-Vi', 'vm with huge pages and a device', 'policy with levels and a requirement'],
  [`${ARM}\n${INTEL}\n$0`, 'host with SMMUv3 (Arm)', 'host with VT-d (Intel)', 'host with AMD-Vi', 'vm with huge pages and a device', 'policy with levels and a requirement'],
  [`${INTEL}\npolicy production { }\nvm web { }\n$0`, 'host with SMMUv3 (Arm)', 'host with VT-d (Intel)', 'host with AMD-Vi', 'vm with huge pages and a device', 'policy with levels and a requirement'],
  [`import "std:machines/q35"\nimport "std:iommu/arm"\n${INTEL}\n$0`, 'host with SMMUv3 (Arm)', 'host with VT-d (Intel)', 'host with AMD-Vi', 'host like another, with its devices', 'vm with huge pages and a device', 'vm like q35', 'policy with levels and a requirement'],
  ['host h {\n  arch arm64\n  $0\n}', 'iommu with what it keeps', 'group with a device', 'hugepages of a node', 'limits of locked memory and mappings', 'memory that the hypervisor keeps', 'bridge with a window'],
  [ARM.replace('group 15', '$0\ngroup 15'), 'iommu with what it keeps', 'group with a device', 'hugepages of a node', 'limits of locked memory and mappings', 'memory that the hypervisor keeps', 'bridge with a window'],
  [INTEL.replace('    group 14', '    limits { memlock 1 GiB }\n$0\n    group 14'), 'iommu with what it keeps', 'group with a device', 'hugepages of a node', 'memory that the hypervisor keeps', 'bridge with a window'],
  ['host h {\n  arch arm64\n  iommu i {\n    model smmu-v3\n    bits 48\n    $0\n  }\n}', 'reserved doorbells'],
  ['host h {\n  arch x86_64\n  iommu i {\n    model vt-d\n    bits 48\n    $0\n  }\n}', 'reserved doorbells'],
  ['host h {\n  group 1 {\n    device d "0000:01:00.0"\n    $0\n  }\n}', 'reserved by firmware'],
  [`${ARM}\nvm web on altra {\n  $0\n}`,
    'backing with ram from it', 'backing with ram below and above 4 GiB', 'window with hot-plugged ram', 'assign a device that is hot-plugged', 'mmio with a doorbell', 'window for BARs', 'viommu that the guest sees',
    'on-overlap carve, with the hole told to the guest', 'require of each region', 'prefer large leaves'],
  [`${ARM}\nvm web on altra {\n  ${GUEST}\n  on-overlap carve\n  assign nic\n  $0\n}`,
    'backing with ram from it', 'window with hot-plugged ram', 'assign a device that is hot-plugged', 'mmio with a doorbell', 'window for BARs', 'viommu that the guest sees', 'avoid what the host keeps', 'map of a region',
    'require of each region', 'prefer large leaves'],
  [`${INTEL}\nvm web on xeon {\n  backing mem size 4 GiB hugetlb 1 GiB\n  ram low at 0 size 2 GiB from mem\n  assign nic\n  $0\n}`,
    'backing with ram from it', 'window with hot-plugged ram', 'mmio with a doorbell', 'window for BARs', 'viommu that the guest sees', 'on-overlap carve, with the hole told to the guest', 'map of a region',
    'require of each region', 'prefer large leaves'],
  ['policy p {\n  $0\n}', 'require of each region', 'prefer large leaves', 'allow … on … because … until'],
  [`${ARM}\nvm web on altra {\n  ram low at 0 size 3 GiB\n  assign nic\n}\npolicy p {\n  $0\n}`, 'require of each region', 'prefer large leaves', 'allow … on … because … until'],
  [`${ARM}\nvm web on altra {\n  ${GUEST} $0\n}`, 'allow … because … until'],
];

describe('snippets of completion', () => {
  for (const [text, ...labels] of PLACES) {
    const { text: whole, offset } = atCursor(text);
    const snippets = suggestionsAt(text).filter(({ kind }) => kind === 'snippet');
    const where = whole.slice(0, offset).trim().split('\n').at(-1)?.trim() ?? '';

    it(`are offered where they may stand: after \`${where}\``, () => assert.deepEqual(snippets.map(({ label }) => label), labels));

    for (const { label, insert = '' } of snippets) {
      it(`${label}, after \`${where}\`, brings no error`, () => {
        const before = errorsIn(whole);
        const after = errorsIn(whole.slice(0, offset) + plainText(insert) + whole.slice(offset));
        assert.deepEqual(after.filter(([, message]) => !before.some(([, other]) => other === message)), [], plainText(insert));
      });

      it(`${label}, after \`${where}\`, means the same on one line`, () => {
        const joined = whole.slice(0, offset) + onOneLine(insert) + whole.slice(offset);
        const apart = whole.slice(0, offset) + plainText(insert) + whole.slice(offset);
        const messagesIn = (source: string): string[] => check(source).result.findings.map(({ message }) => message).sort();
        assert.deepEqual(messagesIn(joined), messagesIn(apart), joined);
      });
    }
  }

  for (const { name, text } of exampleFiles()) {
    it(`bring no error at the end of a block of ${name}`, () => {
      for (const { index } of text.matchAll(/^\}/gm)) {
        const source = `${text.slice(0, index)}  $0\n${text.slice(index)}`;
        const before = errorsIn(text);
        // How many huge pages a machine has nobody can guess.
        for (const { label, insert = '' } of suggestionsAt(source).filter(({ kind, label }) => kind === 'snippet' && label !== 'hugepages of a node')) {
          const after = errorsIn(source.replace('$0', () => plainText(insert)));
          assert.deepEqual(after.filter(([, message]) => !before.some(([, other]) => other === message)), [], `${label}: ${plainText(insert)}`);
        }
      }
    });
  }

  const labelsIn = (text: string): string[] => suggestionsAt(text).filter(({ kind }) => kind === 'snippet').map(({ label }) => label);
  const written = (text: string, label: string): string => plainText(suggestionsAt(text).find((each) => each.label === label)?.insert ?? '');

  describe('that need a place', () => {
    const narrow = (bits: number, inside = ''): string => `vm web {\n  bits ${bits}\n  ${inside}\n  $0\n}`;

    it('take one below the highest region where the guest has none above', () => {
      const text = narrow(39, 'ram low at 0 size 2 GiB\n  window top at 500 GiB size 12 GiB for bars');
      assert.match(written(text, 'window for BARs'), /^window pci64 at 0x6d_0000_0000 size 64 GiB/);
      assert.match(written(text, 'mmio with a doorbell'), /^mmio its at 0x7c_fc00_0000 size 128 KiB\n/);
    });

    it('aren’t offered where the guest has none at all', () => {
      const labels = labelsIn(narrow(34, 'ram low at 0 size 2 GiB'));
      assert.ok(!labels.includes('backing with ram from it') && !labels.includes('window for BARs') && labels.includes('mmio with a doorbell'), labels.join(', '));
      assert.ok(!labelsIn(narrow(34)).includes('backing with ram below and above 4 GiB'));
      assert.ok(labelsIn(narrow(35)).includes('backing with ram below and above 4 GiB'));
    });

    it('take one in the host’s width, beside its memory', () => {
      const host = (bits: number): string => `host h {\n  bits ${bits}\n  memory boot at 0 size 1 GiB for host\n  $0\n}`;
      assert.match(written(host(48), 'bridge with a window'), /window mmio at 0x80_0000_0000 /);
      assert.match(written(host(39), 'bridge with a window'), /window mmio at 0x70_0000_0000 /);
      assert.match(written(host(39), 'memory that the hypervisor keeps'), /^memory firmware at 0x4000_0000 /);
      assert.ok(!labelsIn(host(36)).includes('bridge with a window'));
    });
  });

  it('map only what devices can reach, and what no map is of', () => {
    const text = `${ARM}\nvm web on altra {\n  ram low at 0 size 1 GiB\n  ram high at 4 GiB size 1 GiB\n  ram far at 8 GiB size 1 GiB\n  rom flash at 16 GiB size 1 MiB dma off\n  map m to far\n  assign nic\n  $0\n}`;
    assert.equal(written(text, 'map of a region'), 'map high-dma to high');
    assert.ok(!labelsIn(text.replace('ram high', 'map n to high\n  ram high')).includes('map of a region'));
  });

  it('tell the guest of each hole in its memory', () => {
    const text = `${INTEL.replace('reserved msi', 'reserved ht at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved\n      reserved msi')}\nvm web on xeon {\n  ram all at 0 size 2 TiB\n  assign nic\n  $0\n}`;
    assert.equal(written(text, 'on-overlap carve, with the hole told to the guest'), 'on-overlap carve\navoid kept at 0xfd_0000_0000 size 12 GiB via e820\navoid kept1 at 0xfee0_0000 size 1 MiB via e820');
  });

  it('tell a PC of holes by e820, and others by device tree, as fixes do', () => {
    const way = (host: string, guest = 'vm web on h {\n  ram all at 0 size 1 GiB'): string | undefined =>
      /via (\S+)/.exec(written(`import "std:machines/q35"\nhost h {\n  ${host}\n}\n${guest}\n  $0\n}`, 'on-overlap carve, with the hole told to the guest'))?.[1];
    assert.equal(way('arch x86_64'), 'e820');
    assert.equal(way('arch arm64'), 'reserved-memory');
    assert.equal(way('arch riscv64'), 'reserved-memory');
    assert.equal(way('page 4 KiB'), 'reserved-memory');
    assert.equal(way('iommu i { model vt-d }'), 'e820');
    assert.equal(way('page 4 KiB', 'vm web like q35 on h {\n  const RAM = 1 GiB'), 'e820');
  });

  it('stand as the formatter has them', () => {
    for (const [text] of PLACES) {
      for (const { label, insert = '' } of suggestionsAt(text).filter(({ kind }) => kind === 'snippet')) assert.deepEqual(formatDocument(openDocument(`${plainText(insert)}\n`)), [], label);
    }
  });

  it('end in one place, after stops without a gap', () => {
    for (const [text] of PLACES) {
      for (const { label, insert = '' } of suggestionsAt(text).filter(({ kind }) => kind === 'snippet')) {
        const stops = [...insert.matchAll(/\$\{?(\d+)/g)].map(([, number]) => Number(number));
        assert.equal(stops.filter((number) => number === 0).length, 1, label);
        const numbers = [...new Set(stops)].filter((number) => number > 0);
        assert.deepEqual(numbers.filter((number) => !insert.includes(`\${${number}`)), [], `${label}: a place has no default`);
      }
    }
  });

  it('have no text that the grammar for colours takes for a mistake', async () => {
    const { tokenize } = await loadHighlighter();
    for (const [text] of PLACES) {
      for (const { label, insert = '' } of suggestionsAt(text).filter(({ kind }) => kind === 'snippet')) {
        const scopes = tokenize(plainText(insert)).flatMap(({ tokens }) => tokens.flatMap((token) => token.scopes));
        assert.deepEqual(scopes.filter((scope) => scope.startsWith('invalid')), [], label);
      }
    }
  });

  describe('taking every default', () => {
    const cases: [snippet: string, text: string][] = [
      ['ram ${1:low} at $2 size $1$0', 'ram low at  size low'],
      ['${1|4 KiB,16 KiB|}, $1', '4 KiB, 4 KiB'],
      ['$2 then ${2:later}', 'later then later'],
      ['a { ${1:\\}\\$} }', 'a { }$ }'],
      ['${1|a\\, b,c|}', 'a, b'],
    ];
    for (const [snippet, text] of cases) it(snippet, () => assert.equal(plainText(snippet), text));
  });
});

const errorsIn = (text: string): [rule: string, message: string][] =>
  check(text).result.findings.filter(({ level }) => level === 'error').map(({ rule, message }) => [rule, message]);
