import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IMPORT_FORMATS, importFormat, sniffFormat } from '../../server/core/formats/index.js';
import { codeLine, legalName, newNames, remark, writeLines, writeText } from '../../server/core/formats/layout-text.js';
import { writeAddress, writeSize } from '../../server/core/layout/written.js';
import { importedLayouts } from './imported.js';
import { quantity } from './readers.js';

const anyAddress = fc.bigInt({ min: 0n, max: 1n << 64n });
const anyName = fc.oneof(fc.string(), fc.constantFrom('ram', 'size', 'for', 'a-b', 'a-9', '9', '_', '-'));

describe('text of a layout', () => {
  it('groups the digits of an address by four, from the right', () => {
    const written = [0n, 0xfn, 0xffffn, 0x1_0000n, 0x4000_0000n, 0x8_8000_0000n, 1n << 64n].map(writeAddress);
    assert.deepEqual(written, ['0', '0xf', '0xffff', '0x1_0000', '0x4000_0000', '0x8_8000_0000', '0x1_0000_0000_0000_0000']);
  });

  it('writes sizes in units that divide them, and otherwise in hexadecimal', () => {
    const written = [1n, 4095n, 4097n, 640n << 10n, 3584n << 20n, 0x3f00_3000n, 1100n << 30n, 1n << 64n].map(writeSize);
    assert.deepEqual(written, ['1 B', '4095 B', '0x1001', '640 KiB', '3584 MiB', '0x3f00_3000', '1100 GiB', '16 EiB']);
  });

  it('loses no byte of a quantity', () => {
    fc.assert(
      fc.property(anyAddress, (value) => {
        assert.equal(quantity(writeAddress(value)), value);
        const size = writeSize(value);
        if (!/[PE]iB$/.test(size)) assert.equal(quantity(size), value);
      }),
    );
  });

  it('keeps legal names and makes others legal, readable and no word of the language', () => {
    const made = ['apic-msi', 'mach-virt.ram', 'xram[0]', '.io', 'usb3 port #1', 'doorbell', '0000:01', 'for', '(none)'].map((name) => legalName(name, 'region'));
    assert.deepEqual(made, ['apic-msi', 'mach_virt_ram', 'xram_0', 'io', 'usb3_port_1', 'doorbell_region', 'region_0000_01', 'for_region', 'none']);
    fc.assert(fc.property(anyName, (name) => assert.match(legalName(name, 'region'), /^[A-Za-z_]\w*(-[A-Za-z]\w*)*$/)));
  });

  it('gives no name twice', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'a_1', 'a_2', 'b'), fc.option(fc.constantFrom('1', '2'), { nil: undefined }))), (wanted) => {
        const names = newNames(['b']);
        const taken = wanted.map(([name, distinction]) => names.take(name, distinction));
        assert.equal(new Set([...taken, 'b']).size, taken.length + 1);
      }),
    );
  });

  it('writes any text on one line, in quotes and in comments', () => {
    assert.equal(writeText('a"b\\c\nd\u2028'), '"a\\"b\\\\c\\u{a}d\\u{2028}"');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = writeLines([codeLine(`ram r label ${writeText(text)}`, text), remark(text)]);
        assert.equal(written.split(/[\n\r\u2028\u2029]/).length, 3);
        assert.match(writeText(text), /^"(?:\\.|[^"\\])*"$/su);
      }),
    );
  });

  it('puts the comments of neighbours into one column', () => {
    assert.equal(writeLines([codeLine('a', '1'), codeLine('bbb', '2'), codeLine('c'), codeLine('d', '3')]), 'a    // 1\nbbb  // 2\nc\nd // 3\n');
  });
});

describe('imported layouts', () => {
  it('have balanced braces, no blanks at line ends, and one declaration a line', () => {
    let count = 0;
    for (const { name, text } of importedLayouts()) {
      count += 1;
      assert.doesNotMatch(text, /[ \t]$/m, name);
      assert.ok(text.endsWith('}\n'), name);
      const bare = text.replace(/"(?:\\.|[^"\\])*"/g, '').replace(/\/\/.*$/gm, '');
      assert.equal(bare.split('{').length, bare.split('}').length, name);
      assert.doesNotMatch(bare, / ram .* ram | mmio .* mmio /, name);
    }
    assert.equal(count, 257);
  });

  it('come from formats that are told apart by their text', () => {
    assert.deepEqual(IMPORT_FORMATS.map(({ name }) => name), ['qemu-mtree', 'qemu-args', 'libvirt-xml', 'reserved-regions', 'iomem', 'dtb', 'dts', 'jailhouse', 'microkit']);
    assert.equal(sniffFormat('FlatView #0\n AS "memory", root: system\n'), 'qemu-mtree');
    assert.equal(sniffFormat('>> 0000000000000000-00000000000bffff (prio 0, ram): pc.ram kvm\n'), 'qemu-mtree');
    assert.equal(sniffFormat('28$ cat reserved_regions\n0x00000000fee00000 0x00000000feefffff msi\r\n'), 'reserved-regions');
    assert.equal(sniffFormat('/usr/bin/qemu-system-x86_64 -m 4G'), 'qemu-args');
    assert.equal(sniffFormat('00001000-0009fbff : System RAM\n'), 'iomem');
    assert.equal(sniffFormat('<domain type=\'kvm\'>'), 'libvirt-xml');
    assert.equal(sniffFormat('', new Uint8Array(4)), 'dtb');
    assert.equal(sniffFormat('// x\n/dts-v1/;\n'), 'dts');
    assert.equal(sniffFormat('struct { struct jailhouse_cell_desc cell; } config'), 'jailhouse');
    assert.equal(sniffFormat('<system><memory_region name="m"/></system>'), 'microkit');
    assert.equal(sniffFormat('vm web { }'), undefined);
    assert.equal(sniffFormat(''), undefined);
  });

  it('hold the machine of each dump', () => {
    const dump = 'FlatView #0\n AS "memory", root: system\n Root memory region: system\n  0000000000000000-0000000000000fff (prio 0, ram): ram0\n';
    const result = importFormat('qemu-mtree', [{ path: 'a.txt', text: dump }, { path: 'b.txt', text: dump }]);
    assert.ok('text' in result);
    assert.deepEqual(result.text.match(/^vm \w+/gm), ['vm a', 'vm b']);
  });
});
