import assert from 'node:assert/strict';
import { LIBRARY } from '../../server/core/std/generated/library.js';
import { checkAllSuggested, checkApplied, checkNotSuggested, checkSuggested, labelsAt } from '../support/cursor.js';

const HOST = 'host altra { iommu smmu0 { model smmu-v3 } group 14 { device nic "01"\n device gpu "02" } }';

describe('completion', () => {
  it('knows which keywords begin a statement', () => {
    checkSuggested('$0', 'import', 'const', 'host', 'vm', 'policy');
    checkSuggested('vm web {\n  $0\n}', 'backing', 'ram', 'map', 'assign', 'vmm', 'on-overlap');
    checkNotSuggested('vm web {\n  $0\n}', 'iommu', 'import', 'granule');
    checkSuggested('host h {\n  gr$0\n}', 'group');
    checkSuggested('policy p {\n  $0\n}', 'deny', 'allow', 'require');
    checkApplied('vm web {\n  r$0\n}', 'ram', 'ram');
  });

  it('knows the properties a declaration takes and hasn’t got', () => {
    checkSuggested('vm web {\n  ram low at 0 $0\n}', 'size', 'from', 'hotplug');
    checkNotSuggested('vm web {\n  ram low at 0 $0\n}', 'at', 'granule', 'ram');
    checkSuggested('vm web {\n  ram low at 0 si$0\n  rom flash at 4 GiB size 64 MiB\n}', 'size');
    checkSuggested('vm web {\n  ram low {\n    $0\n  }\n}', 'at', 'size');
    checkSuggested('vm web $0{ }', 'like', 'on');
  });

  it('begins with what mostly follows', () => {
    assert.deepEqual(labelsAt('vm web {\n  ram x at 0 size 1 hotplug $0\n}').slice(0, 2), ['dimm', 'virtio-mem']);
    assert.deepEqual(labelsAt('vm web {\n  ram x at 0 size 1 hotplug virtio-mem $0\n}').slice(0, 1), ['block']);
    assert.deepEqual(labelsAt('vm web {\n  ram x at 0 size 1 allow block-split $0\n}').slice(0, 1), ['because']);
    assert.deepEqual(labelsAt('policy p {\n  require 1 > 0\n    $0\n}').slice(0, 3), ['for', 'because', 'deny']);
    assert.deepEqual(labelsAt('policy p {\n  require 1 > 0\n  $0\n}').slice(-2), ['for', 'because']);
  });

  it('suggests no size behind an end, and no rule whose level a policy can’t set', () => {
    checkNotSuggested('host h { iommu i { reserved r at 0 ..= 0xfff $0 } }', 'size', 'at');
    checkSuggested('host h { iommu i { reserved r at 0 $0 } }', 'size', 'kind');
    checkNotSuggested('policy p {\n  deny $0\n}', 'unknown-name', 'unused-const');
    checkSuggested('policy p {\n  deny $0\n}', 'block-split');
    checkSuggested('policy p {\n  allow $0\n}', 'block-split', 'unknown-name');
    checkSuggested('vm web { ram low at 0 size 1 GiB allow $0 }', 'unknown-name');
  });

  it('knows the fixed words of a property', () => {
    checkAllSuggested('vm web { on-overlap $0 }', 'reject', 'carve', 'tolerate');
    checkAllSuggested('host h { iommu i { reserved r at 0 size 1 kind $0 } }', 'msi', 'sw-msi', 'direct', 'direct-relaxable', 'reserved');
    checkAllSuggested('host h {\n  contract $0\n}', 'type1', 'iommufd', 'none');
    checkSuggested('host h { iommu i { model s$0 } }', 'smmu-v3', 'smmu-v2', 's390');
    checkAllSuggested('vm web { ram low at 0 access $0 }', 'r', 'rw', 'rx', 'rwx');
    checkAllSuggested('host h { memory m at 0 size 1 GiB for $0 }', 'host', 'hypervisor', 'guests');
  });

  it('suggests names in expressions, from the inside out, and functions', () => {
    checkSuggested('const PAGE = 4 KiB\nvm web {\n  const X = 1\n  ram low at 0 size $0\n}', 'X', 'PAGE', 'align_up');
    checkSuggested('vm web {\n  mmio its at 0 size 1\n  doorbell d at i$0\n}', 'its', 'if');
    checkNotSuggested('vm web {\n  ram low at $0\n}', 'low');
    checkApplied('const X = align_u$0', 'align_up', 'const X = align_up(${1:x}, ${2:block})');
  });

  it('suggests only what makes sense after a word', () => {
    checkAllSuggested('vm web {\n  backing ram0 size 1 GiB\n  mmio m at 0 size 1\n  ram low at 0 size 1 from $0\n}', 'ram0');
    checkAllSuggested('vm web {\n  backing ram0 size 1 GiB\n  ram low at 0 size 1\n  hole gap at 1 size 1\n  map m to $0\n}', 'low');
    checkAllSuggested(`${HOST}\nvm web on $0 {\n}`, 'altra');
    checkAllSuggested(`${HOST}\nvm web on altra {\n  assign $0\n}`, 'nic', 'gpu');
    checkAllSuggested(`${HOST}\nvm web on altra {\n  assign nic, $0\n}`, 'gpu');
    checkAllSuggested('vm q35 { }\nvm web like $0', 'q35');
    checkAllSuggested('policy basic { }\nvm web {\n  policy $0\n}', 'basic');
    checkAllSuggested('vm web {\n  ram a at 0 size 1\n  mmio b at 0 size 1 over $0\n}', 'a');
    checkAllSuggested('host h {\n  iommu a { }\n  iommu b { }\n  device d "01" behind $0\n}', 'a', 'b');
    checkAllSuggested('vm web { }\nhost h { }\npolicy p {\n  deny map-overlap on $0\n}', 'web');
    checkAllSuggested('vm web {\n  ram low at 0 size 1 GiB backing $0\n}', 'anonymous', 'thp', 'hugetlb', 'dax', 'physical');
  });

  it('knows what a name has after a dot', () => {
    checkSuggested('vm web {\n  ram low at 0 size 1 GiB\n  doorbell d at low.$0\n}', 'base', 'size', 'end', 'last');
    checkSuggested(`${HOST}\nvm web on altra {\n  doorbell d at host.$0\n}`, 'kernel', 'smmu0', 'nic');
    checkSuggested('policy p {\n  require r.$0 > 0 for r in ram\n}', 'base', 'size', 'write');
    checkSuggested('policy p {\n  require m.$0 > 90% for m in map\n}', 'entries', 'coverage', 'stage2', 'stage2-coverage');
    checkSuggested('policy p {\n  require v.$0 > 90% for v in vm\n}', 'slots', 'stage2', 'stage2-coverage');
    checkSuggested('policy p {\n  require min(map.$0\n}', 'size', 'entries', 'blocks', 'coverage', 'stage2', 'stage2-coverage');
    checkApplied('policy p {\n  require m.cov$0 > 90% for m in map\n}', 'coverage', 'require m.coverage(${1:2 MiB}) > 90% for m in map');
    checkSuggested('vm web { ram low at 0 size 1\n assign gpu }\npolicy p {\n  deny map-overlap on web.$0\n}', 'low');
  });

  it('suggests units after a number', () => {
    checkSuggested('const X = 16 $0', 'GiB', 'MiB');
    checkAllSuggested('const X = 16 G$0', 'GiB');
    checkApplied('const X = 16$0', 'GiB', 'const X = 16 GiB');
    checkNotSuggested('const X1 $0', 'GiB');
  });

  it('suggests rules, selectors and files of the library', () => {
    checkSuggested('policy p {\n  deny $0\n}', 'doorbell-overlap', 'region-overlap');
    checkSuggested('policy p {\n  allow doorbell-overlap, reg$0\n}', 'region-overlap');
    checkSuggested('policy p {\n  require true for r in $0\n}', 'ram', 'map', 'vm');
    checkSuggested('policy p {\n  require count($0) > 1\n}', 'ram', 'count');
    checkSuggested('vm web {\n  const LIMIT = 4\n  require count($0) > 1\n}', 'ram', 'LIMIT', 'count');
    checkNotSuggested('vm web {\n  const X = $0\n}', 'ram');
    checkAllSuggested('policy p {\n  require no-wx: true\n  prefer 1 > 0\n  allow policy/$0\n}', 'policy/no-wx');
    checkAllSuggested('import "$0"', ...LIBRARY.keys());
    checkAllSuggested('import "std:$0', ...LIBRARY.keys());
    checkAllSuggested('import "std:machines/pc"\nvm web like $0', 'pc');
    checkSuggested('import "std:machines/pc"\nvm web like pc {\n  ram more at HIGH_BASE + H$0\n}', 'HIGH', 'HIGH_BASE');
  });

  it('suggests the address after the highest region', () => {
    checkApplied('vm web {\n  ram low at 0 size 3 GiB\n  rom flash at $0 size 64 MiB\n}', '0xc000_0000', 'rom flash at 0xc000_0000 size 64 MiB');
    checkSuggested('vm web {\n  ram low at 0 size 5 KiB\n  ram high at $0 size 2 GiB\n}', '0x4000_0000');
    checkSuggested('vm web {\n  ram low at 0 size 5 KiB\n  mmio m at $0\n}', '0x20_0000');
  });

  it('suggests an address that the guest has, and that devices reach', () => {
    const at = (vm: string, host = ''): string | undefined => labelsAt(`${host}\nvm web ${vm}`).find((label) => /^(?:0$|0x)/.test(label));
    assert.equal(at('{\n  bits 32\n  ram low at 0 size 1 GiB\n  rom top at 3 GiB size 1 GiB\n  ram x at $0 size 512 MiB\n}'), '0xa000_0000');
    assert.equal(at('{\n  bits 32\n  ram low at 0 size 4 GiB\n  ram x at $0 size 1 GiB\n}'), undefined);
    const host = 'host h { iommu i { model smmu-v3 bits 33\n reserved r at 4 GiB size 2 GiB kind reserved\n }\n device d "01" }';
    assert.equal(at('on h {\n  assign d\n  ram low at 3 GiB size 1 GiB\n  ram x at $0 size 1 GiB\n}', host), '0x1_8000_0000');
    assert.equal(at('on h {\n  assign d\n  ram low at 6 GiB size 2 GiB\n  ram x at $0 size 1 GiB\n}', host), '0xc000_0000');
  });

  it('suggests an address that is free on each host', () => {
    const host = (name: string, kept: string): string => `host ${name} { iommu i { model smmu-v3 bits 36\n reserved r at ${kept} size 1 GiB kind reserved\n }\n device d "01" }\n`;
    checkSuggested(`${host('one', '1 GiB')}${host('other', '2 GiB')}vm web on one, other {\n  assign d\n  ram low at 0 size 1 GiB\n  ram x at $0 size 1 GiB\n}`, '0xc000_0000');
  });

  it('suggests the lowest free address in a window for what belongs there', () => {
    const vm = 'window big at 0x80_0000_0000 size 64 GiB for bars\n  window dimms at 8 GiB size 64 GiB for memory\n  ram first at 8 GiB size 1 GiB hotplug';
    const host = 'host h { device gpu "01" bar 0 size 16 GiB bar 2 size 32 MiB }';
    checkSuggested(`vm web {\n  ${vm}\n  ram x at $0 size 4 GiB hotplug\n}`, '0x2_4000_0000');
    checkSuggested(`${host}\nvm web on h {\n  ${vm}\n  assign gpu\n  bar gpu.2 at 0x80_0000_0000\n  bar gpu.0 at $0\n}`, '0x84_0000_0000');
  });

  it('brings names over imports', () => checkSuggested(
    `
      import "hosts.vmlayout"
      vm web on $0 { }
      --- hosts.vmlayout
      host epyc { }
    `,
    'epyc',
  ));

  it('is silent where a name is made up, in comments and in strings', () => {
    checkAllSuggested('vm $0');
    checkAllSuggested('vm web { ram $0 }');
    checkAllSuggested('// vm web { $0');
    checkAllSuggested('vm web { /* $0');
    checkAllSuggested('vm web { ram low at 0 label "$0');
  });

  it('works in a text that is damaged before and after', () => {
    checkSuggested('vm web {\n  ram low at\n  ram high at 0 size\n  on-overlap $0\n  ))) {', 'carve');
    checkSuggested('vm a {\n  ram x at 0 size 1 GiB\nvm web {\n  ram low at 0 $0', 'size');
  });
});
