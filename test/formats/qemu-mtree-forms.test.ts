import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { importQemuMtree, readQemuMtree, systemView, type MtreeOptions } from '../../server/core/formats/index.js';
import { filesIn, MTREE_DATA } from './imported.js';
import { withoutComments, writtenBackings, writtenRegions } from './readers.js';

const HEAD = 'FlatView #0\n AS "memory", root: system\n Root memory region: system\n';

function layoutOf(dump: string, options?: MtreeOptions): string {
  const result = importQemuMtree(dump, options);
  assert.ok('text' in result, JSON.stringify(result));
  return result.text;
}

function errorOf(dump: string, options?: MtreeOptions): string {
  const result = importQemuMtree(dump, options);
  assert.ok('errors' in result, 'expected an error');
  return `${result.errors[0]?.line}: ${result.errors[0]?.message}`;
}

const section = (base: bigint, last: bigint, rest: string): string =>
  `  ${base.toString(16).padStart(16, '0')}-${last.toString(16).padStart(16, '0')} ${rest}\n`;

describe('forms of info mtree -f', () => {
  it('reads as a layout', () => {
    const dump =
      HEAD +
      section(0n, 0x9ffffn, '(prio 0, ram): pc.ram owner:{obj path=/objects/pc.ram} KVM') +
      section(0xc0000n, 0xdffffn, '(prio 0, rom): pc.ram @00000000000c0000 owner:{obj path=/objects/pc.ram} KVM') +
      section(0xe0000n, 0xfffffn, '(prio 0, romd): flash 0') +
      section(0x8080000n, 0x808ffffn, '(prio 0, i/o): control owner:{dev id=its}') +
      section(0x8090000n, 0x809ffffn, '(prio 0, i/o): translation owner:{dev id=its}') +
      section(0xfd000000n, 0xfdffffffn, '(prio 1, ram): vga.vram owner:{dev id=video}') +
      section(0x380000000n, 0x380003fffn, '(prio 0, ramd): 0000:01:00.0 BAR 0 mmaps[0] owner:{dev id=hostdev0}');
    assert.equal(
      layoutOf(dump, { path: 'dumps/virt-4g.txt', host: { path: 'hosts/altra.vmlayout', text: 'host altra { }' } }),
      `// Imported from QEMU \`info mtree -f -o\` in virt-4g.txt: the flat view of the address space "memory".
// Each comment tells the line it comes from, and what QEMU prints there besides the range.
// memory of devices (ramd) stands as \`mmio … dma on\`: that is what type1 maps; iommufd refuses it with EFAULT, and QEMU goes on

import "hosts/altra.vmlayout"

vm virt_4g on altra {
  vmm qemu

  // RAM blocks, as large as the highest byte that the dump shows. It doesn’t tell their pages: \`anonymous\` is assumed,
  // write \`hugetlb 2 MiB\` or the like if that is what they are.
  backing pc_ram size 896 KiB anonymous label "pc.ram"     // lines 4, 5
  backing vga_vram size 16 MiB anonymous label "vga.vram"  // not guest RAM; line 9

  ram pc_ram_at_0 at 0 size 640 KiB from pc_ram + 0 label "pc.ram"                                // line 4: ram, prio 0, KVM, obj path=/objects/pc.ram
  rom pc_ram_at_c0000 at 0xc_0000 size 128 KiB from pc_ram + 0xc_0000 label "pc.ram"              // line 5: rom, prio 0, offset 0xc0000, KVM, obj path=/objects/pc.ram
  rom flash_0 at 0xe_0000 size 128 KiB label "flash 0" dma off                                    // line 6: romd, prio 0
  mmio control at 0x808_0000 size 64 KiB                                                          // line 7: i/o, prio 0, dev id=its
  mmio translation at 0x809_0000 size 64 KiB                                                      // line 8: i/o, prio 0, dev id=its
  doorbell its_doorbell at 0x809_0040 size 4 B                                                    // line 8: GITS_TRANSLATER
  mmio vga_vram_at_fd000000 at 0xfd00_0000 size 16 MiB from vga_vram + 0 label "vga.vram" dma on  // line 9: ram, prio 1, dev id=video; not guest RAM
  mmio bar0_of_0000_01_00_0 at 0x3_8000_0000 size 16 KiB label "0000:01:00.0 BAR 0 mmaps[0]" dma on // line 10: ramd, prio 0, dev id=hostdev0
}
`,
    );
  });

  it('reads a dump that went through terminals, monitors and mails as the dump itself', () => {
    const dump = HEAD + section(0n, 0x3fffffffn, '(prio 0, ram): ram0') + section(1n << 32n, (1n << 33n) - 1n, '(prio 0, ram): ram0 @0000000040000000');
    const expected = withoutComments(layoutOf(dump));
    const wrapped = dump.replace(' @0000', '\n@0000');
    for (const [about, text] of Object.entries({
      'carriage returns': dump.replaceAll('\n', '\r\n'),
      'a byte order mark': `\ufeff${dump}`,
      'quoted mail': dump.replace(/^/gm, '>>> '),
      'quoted and wrapped mail': wrapped.replace(/^/gm, '> '),
      'wrapped lines': wrapped,
      'lost indentation': dump.replace(/^ +/gm, ''),
      'tabs': dump.replace(/^ +/gm, '\t'),
      'a monitor': `QEMU 10.0.2 monitor - type 'help' for more information\r\n(qemu) info mtree -f\r\n${dump}\r\n(qemu) quit\r\n`,
      'an echo with escapes': `(qemu) i\x1b[K\x1b[Din\x1b[K\x1b[D\x1b[Dinfo mtree -f\x1b[K\r\n${dump}`,
      'colours': dump.replaceAll('ram0', '\x1b[1;32mram0\x1b[0m'),
      'a shell': `[root@host ~]# virsh qemu-monitor-command vm --hmp info mtree -f\n${dump}\n[root@host ~]# \n`,
      'no head': dump.replace(/^(FlatView| AS).*\n/gm, ''),
      'no head at all': dump.replace(HEAD, ''),
      'KVM marks': dump.replaceAll(/(ram0.*)$/gm, '$1 KVM'),
      'marks of every address space': dump.replaceAll(/(ram0.*)$/gm, '$1 KVM KVM'),
      'the prototype’s marks': dump.replaceAll(/(ram0.*)$/gm, '$1 kvm'),
      'plain info mtree in front': `address-space: memory\n${section(0n, (1n << 64n) - 1n, '(prio 0, i/o): system')}\n${dump}`,
    })) {
      const read = importQemuMtree(text);
      assert.ok('text' in read, `${about}: ${JSON.stringify(read)}`);
      assert.equal(withoutComments(read.text), expected, about);
    }
  });

  it('keeps whole 64-bit ranges', () => {
    const [all] = writtenRegions(layoutOf(HEAD + section(0n, (1n << 64n) - 1n, '(prio 0, i/o): trap')));
    assert.deepEqual([all?.base, all?.line], [0n, 4]);
    assert.match(layoutOf(HEAD + section(0n, (1n << 64n) - 1n, '(prio 0, i/o): trap')), /mmio trap at 0 size 16 EiB /);
  });

  it('writes bytes that are shown twice as an alias, of guest RAM even without owners', () => {
    const layout = layoutOf(
      HEAD + section(0n, 0x3fffffffn, '(prio 0, ram): ddr') + section(0x80001000n, 0x80001fffn, '(prio 0, ram): ddr @0000000000001000'),
    );
    assert.match(layout, /ram ddr_at_80001000 at 0x8000_1000 size 4 KiB alias ddr_at_0 \+ 0x1000 label "ddr"/);
    assert.deepEqual(writtenBackings(layout).map(({ size }) => size), [1n << 30n]);
  });

  it('reports bytes that are shared in part, which the language can’t say', () => {
    const result = importQemuMtree(
      HEAD + section(0n, 0x1fffn, '(prio 0, ram): ddr') + section(0x10000n, 0x11fffn, '(prio 0, ram): ddr @0000000000001000'),
    );
    assert.ok('notes' in result && result.notes.some((note) => note.startsWith('line 5: pieces of "ddr" share some')));
  });

  it('doesn’t map a ROM device that a read-only alias shows', () => {
    const layout = layoutOf(
      HEAD + section(0xe0000n, 0xfffffn, '(prio 0, rom): system.flash0 @000000000035c000') + section(0xffc84000n, 0xffffffffn, '(prio 0, romd): system.flash0'),
    );
    assert.deepEqual(writtenRegions(layout).map(({ keyword, dma }) => `${keyword} ${dma}`), ['rom off', 'rom off']);
  });

  it('tells shared memory of a device from guest RAM by its priority', () => {
    const layout = layoutOf(
      HEAD +
        section(0n, 0xfffffn, '(prio 0, ram): n0 owner:{obj path=/objects/n0}') +
        section(0x70000000n, 0x7fffffffn, '(prio 1, ram): shm owner:{obj path=/objects/shm}'),
    );
    assert.deepEqual(writtenRegions(layout).map(({ keyword, dma }) => `${keyword} ${dma}`), ['ram ', 'mmio on']);
  });

  it('names things so that they can be read and written', () => {
    const names = ['size', 'and', '', '0', 'a b', 'a.b', 'é', '"quoted\\', 'tail\x07', 'x'.repeat(200), 'pci-bridge', 'pci-9'];
    const dump = names.map((name, index) => section(BigInt(index) << 12n, (BigInt(index) << 12n) + 15n, `(prio 0, i/o): ${name}`));
    const written = writtenRegions(layoutOf(HEAD + dump.join('')));
    assert.deepEqual(written.map(({ name }) => name), [
      'size_region', 'and_region', 'region', 'region_0', 'a_b', 'a_b_at_5000', 'region_at_6000', 'quoted', 'tail',
      'x'.repeat(64), 'pci-bridge', 'pci_9',
    ]);
    assert.deepEqual(written.slice(7, 9).map(({ label }) => label), ['\\"quoted\\\\', 'tail\\u{7}']);
  });

  it('says on which hosts the machine runs', () => {
    const dump = HEAD + section(0n, 0xfffn, '(prio 0, ram): ram0');
    const text = '/* host no { } */ // host no { }\nhost a-b { label "host no { }" }\nhost c like a-b { }';
    assert.match(layoutOf(dump, { host: { path: 'h.vmlayout', text } }), /\nimport "h.vmlayout"\n\nvm machine on a-b, c \{\n/);
    assert.match(layoutOf(dump, { host: { path: 'h', name: 'machine' } }), /vm machine_vm on machine \{/);
    assert.equal(errorOf(dump, { host: { path: 'h', text: 'vm x { }' } }), '1: no host is declared in h');
  });

  it('keeps lines that it doesn’t understand as notes and comments', () => {
    const dump = HEAD + section(0n, 0xfffn, '(prio 0, ram): ram0') + 'something else\n';
    const result = importQemuMtree(dump);
    assert.ok('text' in result);
    assert.ok(result.notes.includes('line 5 was not understood: something else'));
    assert.ok(result.text.includes('// line 5 was not understood: something else\n'));
  });

  it('tells what is wrong and where', () => {
    const after = (rest: string): string => errorOf(`${HEAD}${section(0n, 0xfffn, '(prio 0, ram): a')}${rest}`);
    assert.match(errorOf(''), /^1: no flat view of the address space "memory"/);
    assert.match(errorOf('hello\nworld\n'), /^1: no flat view/);
    assert.match(errorOf('FlatView #0\n AS "I/O", root: io\n Root memory region: io\n'), /^1: no flat view/);
    assert.match(after('  0000000000002000-0000000000001fff (prio 0, ram): b\n'), /^5: the last byte 0000000000001fff lies before/);
    assert.match(after('  0000000000000fff-0000000000001fff (prio 0, ram): b\n'), /^5: begins before the section of line 4 ends/);
    assert.match(after('  0000000000001000-10000000000001fff (prio 0, ram): b\n'), /^5: .* is past 2\^64/);
    assert.match(after('  0000000000001000-0000000000001fff (prio 0, rem): b\n'), /^5: `rem` is none of ram, rom/);
    assert.match(after('  0000000000001000-0000000000001fff (prio 0 ram): b\n'), /^5: expected `FIRST-LAST \(prio N, TYPE\): NAME`/);
    assert.match(after('  0000000000001000-0000000000001fff (prio 0, ram): b @fffffffffffff001\n'), /^5: the offset in the region reaches past 2\^64/);
    assert.match(after(`  0000000000001000-0000000000001fff (prio 0, ram): ${'b'.repeat(5000)}\n`), /^5: the line is longer/);
    assert.match(after(`\n${HEAD}`), /^6: a second dump begins here \(the first at line 1\)/);
  });
});

describe('hostile input of info mtree -f', () => {
  const timed = (text: string): number => {
    const start = performance.now();
    const result = importQemuMtree(text);
    assert.ok('errors' in result ? result.errors.length > 0 : result.text.length > 0);
    return performance.now() - start;
  };

  it('refuses a million sections, quickly', function () {
    this.timeout(60_000);
    const lines = Array.from({ length: 1_000_000 }, (_, index) => section(BigInt(index) << 12n, (BigInt(index) << 12n) + 15n, '(prio 0, i/o): io'));
    const dump = HEAD + lines.join('');
    assert.ok(timed(dump) < 5_000);
    assert.match(errorOf(dump), /^20004: more than 20000 sections are no memory map/);
  });

  it('takes as long as the text is', function () {
    this.timeout(60_000);
    const texts = [
      'x'.repeat(50_000_000),
      '\n'.repeat(2_000_000),
      '>'.repeat(1_000_000),
      '\x1b['.repeat(1_000_000),
      'noise\n'.repeat(1_000_000),
      `${HEAD}${'noise\n'.repeat(1_000_000)}`,
      `${HEAD}${`${'@'.repeat(1000)}\n`.repeat(20_000)}`,
      `${HEAD}${`  0000000000000000-0000000000000fff (prio 0, ram): ${'): alias  @'.repeat(80)}\n`}`.repeat(2_000),
      `${HEAD}${section(0n, 1n, `(prio 0, ram): ${'_'.repeat(900)}`)}${` AS "${'", root: '.repeat(90)}\n`.repeat(20_000)}`,
      ' AS "memory", root: system\n'.repeat(300_000),
      `${HEAD}${'@0000000000000000\n'.repeat(300_000)}`,
      `${HEAD}  0000000000000000-0000000000000fff (prio 0, ram): a\n${'> @0000000000000000\n'.repeat(300_000)}`,
      `${HEAD}${Array.from({ length: 20_000 }, (_, index) => section(BigInt(index) << 12n, (BigInt(index) << 12n) + 15n, '(prio 0, ram): x')).join('')}`,
    ];
    for (const text of texts) assert.ok(timed(text) < 10_000, text.slice(0, 40));
  });

  it('never throws, whatever is done to a dump', function () {
    this.timeout(60_000);
    const dumps = filesIn(MTREE_DATA, '.txt').filter((name) => /mtree-fo?/.test(name)).map((name) => readFileSync(join(MTREE_DATA, name), 'utf8'));
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('\n', '  ', '-', '(prio 0, ram): ', ' @', ' KVM', 'FlatView #0\n', ' AS "memory", root: x\n', 'ffffffffffffffff', '\x1b[', '> ', '"', '\\'),
    );
    const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 200 }), piece);
    fc.assert(
      fc.property(fc.constantFrom(...dumps), fc.array(change, { minLength: 1, maxLength: 8 }), (dump, changes) => {
        let text = dump;
        for (const [at, cut, put] of changes) {
          const place = Math.floor(at * text.length);
          text = text.slice(0, place) + put + text.slice(place + cut);
        }
        const result = importQemuMtree(text);
        if ('errors' in result) {
          assert.ok(result.errors.length > 0);
          for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.split('\n').length);
        } else {
          const again = importQemuMtree(text);
          assert.ok('text' in again && again.text === result.text);
          const view = readQemuMtree(text);
          assert.ok(!('errors' in view));
          const system = systemView(view);
          assert.ok('sections' in system);
          const written = writtenRegions(result.text).filter(({ keyword }) => keyword !== 'doorbell');
          if (!/size \d+ [PE]iB/.test(result.text)) assert.equal(written.length, system.sections.length);
        }
      }),
      { numRuns: 400, seed: 20261125 },
    );
  });
});

const corpus = process.env['VMLAYOUT_CORPUS'];
const published = join(corpus ?? '', 'qemu-mtree-public');

(corpus && existsSync(published) ? describe : describe.skip)('info mtree as users published it', () => {
  const read = (name: string): string => readFileSync(join(published, name), 'utf8');

  it('joins the wrapped lines of a mail', () => {
    const layout = layoutOf(read('public-pc-vfio-kvm-quoted-mail.mtree-f.txt'));
    const ram = writtenRegions(layout).filter(({ label }) => label === 'pc.ram');
    assert.deepEqual(ram.map(({ keyword }) => keyword), ['ram', 'rom', 'ram', 'rom', 'ram', 'rom', 'ram', 'ram']);
    assert.deepEqual(ram.at(-1)?.from, ['pc_ram', 0xc000_0000n]);
    assert.deepEqual(ram.slice(0, -1).map(({ base, from }) => base === from?.[1]), Array(7).fill(true));
    assert.match(layout, /mmio bar0_of_0000_00_1a_0 at 0xfebc_0000 size 4 KiB label "0000:00:1a.0 BAR 0 mmaps\[0\]" dma on/);
  });

  it('tells guest RAM of a real machine from TPM and shared memory', () => {
    const layout = layoutOf(read('public-q35-vfio-gpu-16g.mtree-f.txt'));
    assert.deepEqual(writtenBackings(layout).filter(({ isGuestRam }) => isGuestRam), [
      { name: 'pc_ram', label: 'pc.ram', size: 16n << 30n, isGuestRam: true },
    ]);
    const mapped = writtenRegions(layout).filter(({ dma, keyword }) => dma === 'on' || (keyword === 'rom' && dma !== 'off'));
    assert.equal(mapped.length, 10);
    assert.deepEqual(writtenRegions(layout).filter(({ keyword }) => keyword === 'doorbell').map(({ base }) => base), [0xfee0_0000n]);
  });
});
