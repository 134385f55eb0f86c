import assert from 'node:assert/strict';
import { BACKING_KINDS } from '../../server/core/editor/statement-words.js';
import { DECLARATIONS, PROPERTIES, REGION_KEYWORDS, RESERVED_KINDS, type PropertyWord } from '../../server/core/syntax/vocabulary.js';
import { checkAllSuggested, checkApplied, checkExplained, checkNotSuggested, checkSuggested, labelsAt, suggestionsAt } from '../support/cursor.js';

/** Something of everything, so that each word that asks for a name finds one. */
const SCOPE = `
policy basic { require no-wx: true }
backing shared size 1 GiB
host altra {
  arch arm64
  iommu smmu0 { model smmu-v3
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 14 { device nic "01" }
  device gpu "02" behind smmu0 bar 0 size 16 GiB bar 2 size 32 MiB
}
vm q35 {
  const RAM
  const LOW = 2 GiB
  vmm qemu
  ram low at 0 size LOW
  mmio ecam at 4 GiB size 1 MiB
}
`;

/** How a declaration is written up to its properties, in what it may stand in. */
function written(keyword: string): string {
  const { head } = DECLARATIONS[keyword] ?? { head: 'nothing' };
  const heads: Readonly<Record<string, string>> = { name: 'x', 'optional-name': 'x', label: '7', device: 'x "03"', constant: 'X = 1', text: '"a"', names: 'nic', expression: '1 GiB', rules: 'block-split', requirement: '1 > 0', nothing: '' };
  return `${keyword} ${heads[head] ?? ''}`.trim();
}

/** A file that has `inner` where a declaration of the keyword may stand. */
function around(keyword: string, inner: string): string {
  const container = DECLARATIONS[keyword]?.within.find((each) => each !== 'map' && each !== 'assign') ?? 'file';
  if (container === 'file') return `${SCOPE}${inner}\n`;
  const open: Readonly<Record<string, string>> = { vm: 'vm web on altra {\n  ram there at 8 GiB size 1 GiB\n  backing ram0 size 1 GiB\n  viommu v { }\n  assign gpu\n', host: 'host h {\n  iommu other { }\n  device spare "04"\n', policy: 'policy p {\n' };
  if (open[container]) return `${SCOPE}${open[container]}  ${inner}\n}\n`;
  return `${SCOPE}host h {\n  iommu other { }\n  ${written(container)} {\n    ${inner}\n  }\n}\n`;
}

/** Words that are followed by what only the author knows: a text in quotes. */
const isText = ({ form }: PropertyWord): boolean => form === 'text';

describe('completion at every place that the vocabulary knows', () => {
  for (const keyword of Object.keys(DECLARATIONS)) {
    const { properties } = DECLARATIONS[keyword] ?? { properties: [] };

    it(`${keyword}: begins a statement where it may stand, and there alone`, () => {
      assert.ok(labelsAt(around(keyword, '$0')).includes(keyword));
      checkNotSuggested(`${SCOPE}host h {\n  limits {\n    $0\n  }\n}`, keyword);
    });

    it(`${keyword}: all its properties, on its line and in its block`, () => {
      for (const text of [`${written(keyword)} $0`, `${written(keyword)} {\n    $0\n  }`]) {
        const labels = labelsAt(around(keyword, text));
        // Only the window of a bridge takes it.
        const taken = keyword === 'window' ? properties.filter((word) => word !== 'acs') : properties;
        assert.deepEqual([...taken, 'when', 'label'].filter((word) => !labels.includes(word)), [], text);
      }
    });

    for (const word of properties) {
      const known = PROPERTIES[word];
      if (!known || known.form === 'flag') continue;
      it(`${keyword} … ${word}: what it takes`, () => {
        const labels = labelsAt(around(keyword, `${written(keyword)} ${word} $0`));
        if (known.words) assert.deepEqual(labels, known.words);
        else if (isText(known)) assert.deepEqual([...labels, ...labelsAt(around(keyword, `${written(keyword)} ${word} "$0"`))], []);
        else assert.notDeepEqual(labels, known.form === 'date' ? [] : properties, 'nothing is suggested');
        if (!isText(known)) assert.ok(labels.length > 0, 'nothing is suggested');
      });
    }
  }
});

/** The cursor, and all that is suggested there; `…` stands for functions and names that any expression has. */
const PLACES: readonly [text: string, ...labels: string[]][] = [
  ['host h {\n  page $0\n}', '4 KiB', '16 KiB', '64 KiB', '…'],
  ['host h {\n  kernel $0\n}', '6.18', '6.12', '6.6', '6.1', '5.15', '5.10', '…'],
  ['host h {\n  limits { memlock $0 }\n}', 'unlimited', '…'],
  ['host h {\n  hugepages $0\n}', '1 GiB', '2 MiB', '…'],
  ['host h {\n  iommu i { blocks 4 KiB, $0 }\n}', '4 KiB', '2 MiB', '1 GiB', '…'],
  ['host h {\n  device d "01" bar 0 size 1 MiB bar $0\n}', '1', '2', '3', '4', '5'],
  [`${SCOPE}vm web on altra {\n  assign gpu\n  bar $0\n}`, 'gpu.0', 'gpu.2'],
  [`${SCOPE}vm web on altra {\n  assign gpu\n  bar gpu.$0\n}`, '0', '2'],
  [`${SCOPE}vm web on altra {\n  assign gpu\n  bar gpu.0 at 0 size 1\n  bar $0\n}`, 'gpu.2'],
  [`${SCOPE}vm web on altra {\n  avoid hole at $0\n}`, '0x800_0000 ..= 0x80f_ffff', '0', '…'],
  ['vm web {\n  backing a size 1\n  backing b size 1\n  ram x at 0 size 1 from a\n  ram y at 1 size 1 from $0\n}', 'b', 'a'],
  [`${SCOPE}vm web on altra {\n  assign nic\n  assign $0\n}`, 'gpu', 'nic'],
  ['vm web {\n  ram x at 0 size 1 when $0\n}', 'not', '…'],
  ['const X = $0', 'true', 'false', '…'],
  ['const A = 1\nconst X = 1 + $0', 'A', '…'],
  ['const A = 1\nvm web {\n  backing pages size 1\n  ram x at 0 size $0\n}', 'A', 'pages', '…'],
  ['const A = 1\nvm web {\n  backing pages size 1\n  ram x at 0 size 1 from pages + $0\n}', 'A', 'pages', '…'],
  ['const A = 1\nvm web {\n  ram x at 0 size 1\n  ram y at 1 alias x + A * $0\n}', 'A', 'x', '…'],
  ['const A = 1\nvm web {\n  ram x at 0 size 1\n  map m to x + $0\n}', 'A', 'x', '…'],
  ['vm web {\n  ram x at 0 size 1 when 1 > $0\n}', '…'],
  ['vm web {\n  ram x at 0 size 1 when 1 > 0 and $0\n}', 'not', '…'],
  ['policy p {\n  require 1 > 0 $0\n}', 'and', 'or', 'for', 'because', 'owner', 'when', 'label'],
  ['policy p {\n  require 1 > 0 for r $0\n}', 'in'],
  ['policy p {\n  require (1 > 0 $0)\n}', 'and', 'or'],
  ['vm web {\n  ram x at 0 size 1 when (1 > 0 $0\n}', 'and', 'or'],
  ['vm web {\n  ram x {\n    when (1 > 0 $0\n  }\n}', 'and', 'or'],
  ['host h {\n  limits when host.bits == (48) $0\n}', 'and', 'or', 'memlock', 'dma-maps', 'slots', 'label'],
  ['const A = 1\nconst X = A == 1 and A $0', 'and', 'or', 'when', 'label'],
  ['const A = 1\nconst X = A $0', 'when', 'label'],
  ['const X $0', '=', 'when', 'label'],
  ['policy p {\n  owner $0\n}'],
  ['vm web {\n  assign x hotplug because $0\n}'],
  ['vm web {\n  backing pages size 1 physical $0\n}', 'at'],
  ['vm web {\n  ram x size 1 backing physical $0\n}', 'at'],
  ['policy p {\n  require 1 > 0\n    fo$0\n}', 'for'],
  ['policy p {\n  require 1 > 0 // why\n\n  bec$0\n}', 'because'],
  ['vm web {\n  map m to x allow block-split\n  un$0\n}', 'until'],
  ['policy p {\n  require 1 > 0 because "x"\n    bec$0\n}'],
  ['policy p {\n  require 1 > 0;\n    fo$0\n}'],
  ['policy p {\n  deny block-split\n    fo$0\n}'],
  ['policy p {\n  require 1 > 0 for r in ram, $0\n}', ...['ram', 'rom', 'mmio', 'window', 'bar', 'doorbell', 'hole', 'avoid', 'region', 'map', 'reserved', 'device', 'backing', 'vm'].map((word) => `${word.charAt(0)} in ${word}`)],
  ['policy p {\n  require r.kind == "$0" for r in reserved\n}', ...RESERVED_KINDS],
  ['policy p {\n  require r.kind == "$0" for r in ram\n}', ...REGION_KEYWORDS],
  ['policy p {\n  require r.kind != "$0" for r in region\n}', ...REGION_KEYWORDS],
  ['policy p {\n  require r.backing.kind == "$0" for r in ram\n}', ...BACKING_KINDS],
  ['policy p {\n  require b.kind == "$0" for b in backing\n}', ...BACKING_KINDS],
  ['policy p {\n  require r.kind == "$0"\n}', ...REGION_KEYWORDS, ...RESERVED_KINDS, ...BACKING_KINDS],
  ['policy p {\n  require m.kind == "$0" for m in map\n}'],
  ['policy p {\n  require "$0" == r.kind for r in reserved\n}', ...RESERVED_KINDS],
  ['vm web {\n  ram x at 0 size 1\n  ram y at 1 size 1 when x.kind == "$0"\n}', ...REGION_KEYWORDS],
  [`${SCOPE}vm web on altra {\n  require host.smmu0.msi.kind == "$0"\n}`, ...RESERVED_KINDS],
  ['vm web {\n  backing b size 1\n  ram x at 0 size 1 from b\n  require x.backing.kind == "$0"\n}', ...BACKING_KINDS],
  ['vm web {\n  backing b size 1\n  ram x at 0 size 1 from b\n  require x.backing.$0\n}', 'size', 'name', 'kind', 'node'],
  ['policy p {\n  require sum(ram.$0\n}', 'base', 'size', 'end', 'last', 'kind', 'name', 'node', 'read', 'write', 'execute', 'backing'],
  ['vm web {\n  require min(map.$0) > 1\n}', 'base', 'size', 'end', 'last', 'name', 'entries', 'tables', '…'],
  ['vm web {\n  const X = sum(ram.$0)\n}'],
  ['policy p {\n  require host.contract != "i$0\n}', 'iommufd'],
  ['policy p {\n  allow block-split because "x" until $0\n}', '2027-02-22', '2027-05-22', '2027-11-22'],
  ['policy p {\n  allow block-split because "x" until 2027-1$0\n}', '2027-11-22'],
  ['policy $0'],
  ['policy p like $0\npolicy other { }', 'other'],
  ['host h {\n  bridge b {\n    window $0\n  }\n}', 'at', 'size', 'acs', 'when', 'label'],
  ['host h {\n  bridge b {\n    window w at 0 size 1 {\n      $0\n    }\n  }\n}', 'acs', 'when', 'label'],
  ['host h {\n  device d "01" {\n    bar 0 $0\n  }\n}', 'size', 'when', 'label'],
  ['vm web {\n  avoid x { $0 }\n}', 'allow', 'at', 'size', 'access', 'dma', 'share', 'over', 'alias', 'because', 'until', 'owner', 'via', 'when', 'label'],
  ['vm web {\n  avoid x {\n    at 0 $0\n  }\n}', 'size', 'access', 'dma', 'share', 'over', 'alias', 'because', 'allow', 'until', 'owner', 'via', 'when', 'label', 'allow … because … until'],
  [`${SCOPE}vm web on altra {\n  assign altra.$0\n}`, 'nic', 'gpu'],
  [`${SCOPE}vm web on altra {\n  assign gpu\n  assign altra.$0\n}`, 'nic', 'gpu'],
  [`${SCOPE}host model { const M }\nvm web on $0`, 'altra'],
  ['vm web {\n  policy p\n  const C = 1\n  ram x at 0 size 1\n  assign nic\n}\nvm other {\n  ram y at 0 size 1\n}\npolicy p {\n  allow block-split on $0\n}', 'web', 'other', 'x', 'nic'],
  ['vm web {\n  const C = 1\n  ram x at 0 size 1\n  assign nic\n}\npolicy p {\n  allow block-split on web.$0\n}', 'x', 'nic'],
  ['vm web {\n  ram x at 0 size 1 {\n    allow block-split on $0\n  }\n}', 'web', 'x'],
  ['vm web {\n  window $0\n}', 'at', 'size', 'access', 'dma', 'share', 'over', 'alias', 'because', 'allow', 'until', 'owner', 'for', 'when', 'label', 'allow … because … until'],
  [`${SCOPE}vm web like q35 {\n  const $0\n}`, 'RAM', 'LOW'],
  [`${SCOPE}vm web like q35 {\n  const RAM = 1 GiB\n  const $0\n}`, 'LOW'],
  [`${SCOPE}vm web like q35 {\n  mmio $0\n}`, 'ecam'],
  ['vm web {\n  const $0\n}'],
  ['vm web { ram $0 }'],
];

describe('completion at a place', () => {
  for (const [text, ...labels] of PLACES) {
    it(text.replace(SCOPE, '').replaceAll('\n', ' '), () => {
      const functions = new Set(suggestionsAt(text).filter(({ kind, label }) => kind === 'function' || (kind === 'element' && labels.includes('…') && !labels.includes(label))).map(({ label }) => label));
      const own = labelsAt(text).filter((label) => !functions.has(label));
      assert.deepEqual(own, labels.filter((label) => label !== '…'));
      assert.equal(functions.size > 0, labels.includes('…'));
    });
  }
});

describe('completion in a vm that is like a model', () => {
  const LIKE = `${SCOPE}vm web like q35 on altra {\n  $0\n}`;

  it('begins with the constants that have no value', () => {
    assert.equal(labelsAt(LIKE)[0], 'const RAM');
    checkNotSuggested(LIKE.replace('$0', 'const RAM = 1 GiB\n  $0'), 'const RAM');
  });

  it('tells beside a property what the model says', () => {
    assert.equal(suggestionsAt(LIKE).find(({ label }) => label === 'vmm')?.suffix, ' qemu');
  });

  it('tells what a constant of the model is for', () => {
    checkExplained('import "std:machines/q35"\nvm web like q35 {\n  const PCI_HOL$0\n}', 'PCI_HOLE64', '32 GiB = 0x8_0000_0000 = 34,359,738,368\n`-global q35-pcihost.pci-hole64-size`: 32 GiB (Q35_PCI_HOST_HOLE64_SIZE_DEFAULT).');
  });

  it('waives what the model requires, by its name', () => {
    checkSuggested('policy strict { require no-wx: true }\npolicy p like strict {\n  allow policy/$0\n}', 'policy/no-wx');
  });
});

describe('what is told of a suggestion', () => {
  it('of an element: what hover tells', () => checkExplained('vm web {\n  /// Fast pages.\n  backing ram0 size 3 GiB\n  ram low at 0 size 1 GiB from $0\n}', 'ram0', '```vmlayout\nbacking ram0 size 3 GiB\n```\n\nFast pages.'));
  it('of a constant: its value', () => checkExplained('/// A page.\nconst PAGE = 2 * 2 KiB\nconst X = $0', 'PAGE', '4 KiB = 0x1000 = 4,096\nA page.'));
  it('of a field: its value', () => checkExplained('vm web {\n  ram low at 1 GiB size 1 GiB\n  doorbell d at low.$0\n}', 'base', '0x4000_0000 = 1 GiB = 1,073,741,824\nIts first address.'));
  it('of a rule: why it is there', () => {
    const rule = suggestionsAt('policy p {\n  deny block-spl$0\n}').find(({ label }) => label === 'block-split');
    assert.match(rule?.explain?.({} as never).about ?? '', /\n\n/);
    assert.equal(rule?.explain?.({} as never).detail, 'warning, fragmentation');
  });
  it('of a snippet: what it writes', () => checkExplained('policy p {\n  pref$0\n}', 'prefer large leaves', '```vmlayout\nprefer m.coverage(2 MiB) >= 90% for m in map because "TLB reach of the NIC"\n```'));
  it('of what is deprecated: that it is', () => {
    const [found] = suggestionsAt('/// Deprecated: use `big`.\nhost old { }\nvm web on $0');
    assert.equal(found?.deprecated, true);
  });
});

describe('paths of imports', () => {
  const FILES = '--- hosts/altra.vmlayout\n// Two servers.\n\nhost altra { }\npolicy p { }\n--- guest.vmlayout\nvm web { }\n';
  const at = (text: string): string => `${text}\n${FILES}`;

  it('lead to the nearest files first, then to the library', () => {
    checkSuggested(at('import "$0"'), 'guest.vmlayout', 'hosts/altra.vmlayout', 'std:iommu/amd');
    assert.equal(labelsAt(at('import "$0"'))[0], 'guest.vmlayout');
    checkAllSuggested(at('import "hosts/$0"'), 'hosts/altra.vmlayout');
    checkAllSuggested(at('import "./$0'), './guest.vmlayout', './hosts/altra.vmlayout');
    checkSuggested(at('import "std:mach$0'), 'std:machines/q35');
  });

  it('bring the quotes where there are none', () => {
    checkApplied(at('import gue$0'), 'guest.vmlayout', 'import "guest.vmlayout"');
    checkApplied(at('import "gue$0'), 'guest.vmlayout', 'import "guest.vmlayout"');
    checkApplied(at('import "gue$0 // a comment'), 'guest.vmlayout', 'import "guest.vmlayout" // a comment');
    checkApplied(at('import "gue$0"'), 'guest.vmlayout', 'import "guest.vmlayout"');
  });

  it('lead neither to the file itself nor to what it imports already', () => {
    checkNotSuggested(at('import "guest.vmlayout"\nimport "std:machines/q35"\nimport "$0"'), 'main.vmlayout', 'guest.vmlayout', 'std:machines/q35');
    checkSuggested(at('import "guest.$0vmlayout"'), 'guest.vmlayout');
  });

  it('tell what a file declares, and its first comment', () => {
    checkExplained(at('import "hosts$0"'), 'hosts/altra.vmlayout', 'Two servers.\n\nhost `altra`, policy `p`');
    checkExplained('import "std:policies/b$0"', 'std:policies/basic', (suggestionsAt('import "std:policies/b$0"')[0]?.explain?.({} as never).about) ?? 'nothing');
  });
});
