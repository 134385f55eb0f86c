import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXPORT_FORMATS, exportLayout, type ExportFormatName, type ExportSubject } from '../../server/core/formats/export/index.js';
import { IMPORT_FORMATS, importFormat } from '../../server/core/index.js';
import { formatRange } from '../../server/core/layout/address.js';
import { hiddenParts } from '../../server/core/layout/hidden-parts.js';
import { subtract, type Range } from '../../server/core/layout/intervals.js';
import { check } from '../support/check.js';
import { checkGolden } from '../support/command-line.js';
import { violations, type Schema } from '../support/json-schema.js';
import { dedent } from '../support/picture.js';
import { needs, ran } from '../support/programs.js';
import { exampleFiles } from '../support/texts.js';

// What a layout is written as, and whether those who read it do.

const LAYOUT = `
  host altra {
    arch arm64
    kernel 6.6
    page 4 KiB
    bits 48
    iommu smmu0 { model smmu-v3; granule 4 KiB; bits 48; reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi }
    group 14 { device nic-a "0000:01:00.0" bar 0 size 16 MiB; reserved fw at 0x8_8000_0000 size 64 KiB kind direct-relaxable }
  }
  vm web on altra {
    on-overlap carve
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0 size 3 GiB from ram0
    avoid low-hole at 0x800_0000 size 1 MiB via reserved-memory
    avoid table at 0x900_0000 size 1 MiB via e820
    rom shadow at 0xc_0000 size 256 KiB over low
    mmio uart at 0x1_0000_0000 size 4 KiB
    doorbell uart-bell at uart.base + 0x40 size 4
    ram high at 0xffff_ffff_c000_0000 size 1 GiB from ram0 node 1
    ram later at 16 GiB size 1 GiB hotplug virtio-mem block 2 MiB
    assign nic-a
  }
`;

const subjectsIn = (text: string): ExportSubject[] => check(dedent(text)).result.vms.map((checked) => ({ ...checked, path: 'web.vmlayout' }));

function written(format: ExportFormatName, subject: ExportSubject | undefined): { text: string; notes: readonly string[] } {
  assert.ok(subject);
  const result = exportLayout(format, subject);
  assert.ok('text' in result, JSON.stringify(result));
  return result;
}

/** Every vm of the examples, and the one above. */
const subjects = (): ExportSubject[] => [...subjectsIn(LAYOUT), ...exampleFiles().flatMap(({ text }) => subjectsIn(text))];

describe('exports', () => {
  const [subject] = subjectsIn(LAYOUT);

  for (const { name } of EXPORT_FORMATS) {
    // QEMU lays out no such guest; what it does is tested beside it.
    if (name === 'qemu-args' || name === 'libvirt-xml') continue;
    it(`say all of a layout: ${name}`, () => {
      const { text, notes } = written(name, subject);
      checkGolden(`export.${name}.txt`, `${text}${notes.map((note) => `note: ${note}\n`).join('')}`);
    });
  }

  for (const [format, schema] of [['json', 'layout'], ['iommufd-plan', 'iommufd-plan']] as const) {
    it(`print JSON as its schema says, for every example: ${format}`, () => {
      const expected = JSON.parse(readFileSync(`docs/schema/${schema}.schema.json`, 'utf8')) as Schema;
      for (const one of subjects()) if (one.host) assert.deepEqual(violations(JSON.parse(written(format, one).text), expected), [], one.vm.name);
    });
  }

  it('compile as C, without a warning', function () {
    needs(this, 'gcc');
    for (const one of subjects()) {
      const { status, err } = ran('gcc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c', '-'], `${written('c', one).text}int main(void) { return 0; }\n`);
      assert.equal(status, 0, err);
    }
  }).timeout(60_000);

  it('compile as Rust, without a warning', function () {
    needs(this, 'rustc');
    const modules = subjects().map((one, index) => `pub mod layout${index} {\n${written('rust', one).text}}\n`);
    // Not to /dev/null: rustc renames its output, and for root that would replace the device itself.
    const folder = mkdtempSync(join(tmpdir(), 'vmlayout-rust-'));
    try {
      const { status, err } = ran('rustc', ['--crate-type', 'lib', '--crate-name', 'layouts', '--emit', 'metadata', '-D', 'warnings', '-o', join(folder, 'layouts.rmeta'), '-'], modules.join(''));
      assert.equal(status, 0, err);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }).timeout(60_000);

  it('compile as a device tree, without a warning', function () {
    needs(this, 'dtc', 'device-tree-compiler');
    for (const one of subjects()) {
      const { status, err } = ran('dtc', ['-I', 'dts', '-O', 'dtb', '-'], written('dts', one).text);
      assert.deepEqual({ status, err }, { status: 0, err: '' }, one.vm.name);
    }
  }).timeout(60_000);

  it('come back from a device tree with the same ranges', function () {
    needs(this, 'dtc', 'device-tree-compiler');
    assert.ok(IMPORT_FORMATS.some(({ name }) => name === 'dtb'));
    for (const one of subjects()) {
      const bytes = ran('dtc', ['-I', 'dts', '-O', 'dtb', '-'], written('dts', one).text).out;
      const back = (as: 'vm' | 'host'): ReturnType<typeof check>['result'] => {
        const imported = importFormat('dtb', [{ path: 'tree.dtb', text: '', bytes }], { as });
        assert.ok('text' in imported, JSON.stringify(imported));
        return check(imported.text).result;
      };
      const hidden = hiddenParts(one.vm.regions);
      const ranges = (regions: typeof one.vm.regions, kind: string): string[] => regions.flatMap((region) => (region.kind === kind && region.range && !region.hotplug && (region.via === undefined || region.via === 'reserved-memory') ? subtract(region.range, hidden.get(region) ?? []) : [])).map(formatRange).sort();
      const [vm] = back('vm').vms;
      for (const kind of ['ram', 'avoid']) assert.deepEqual(ranges(vm?.vm.regions ?? [], kind), ranges(one.vm.regions, kind), `${one.vm.name} ${kind}`);
      const kept = (devices: readonly { readonly reserved: readonly { readonly range: Range; readonly kind: string }[] }[]): string[] => [...new Set(devices.flatMap(({ reserved }) => reserved.filter(({ kind }) => kind !== 'direct-relaxable').map(({ range }) => formatRange(range))))].sort();
      assert.deepEqual(kept(back('host').hosts[0]?.devices ?? []), kept(one.vm.assignments.flatMap(({ device }) => device ?? [])), one.vm.name);
    }
  }).timeout(60_000);

  it('have no constant where no 64-bit word holds the value', () => {
    const [vast] = subjectsIn('vm vast { ram low at 0 size 16 EiB }');
    assert.doesNotMatch(written('c', vast).text, /LOW_SIZE/);
    assert.match(written('c', vast).text, /LOW_LAST UINT64_C\(0xffffffffffffffff\)/);
    assert.deepEqual(vast && exportLayout('dts', vast), { errors: ['`low` has 2^64 bytes, and a size has two cells, 64 bits'] });
  });

  it('give every constant a name of its own', () => {
    const [same] = subjectsIn('vm web { ram low at 0 size 4 KiB; ram LOW at 8 KiB size 4 KiB; ram low_base at 16 KiB size 4 KiB }');
    const names = [...written('c', same).text.matchAll(/#define (\w+) /g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length);
  });

  it('can’t be calls where there is nobody to call', () => {
    const [alone] = subjectsIn('vm web { ram low at 0 size 4 KiB }');
    assert.deepEqual(alone && exportLayout('iommufd-plan', alone), { errors: ['it is on no host, so that there is nobody to ask'] });
  });
});
