import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importQemuMtree } from '../../server/core/formats/index.js';
import { filesIn, MTREE_DATA } from './imported.js';
import { mutated } from './mutations.js';
import { systemSections, withoutComments, writtenBackings, writtenRegions } from './readers.js';

// Plain `info mtree`, a tree of regions, says nearly what the flat view says. The flat view is the expectation.

function imported(dump: string, path = 'machine.txt'): { text: string; notes: readonly string[] } {
  const result = importQemuMtree(dump, { path });
  assert.ok('text' in result, JSON.stringify(result));
  return result;
}

function errorOf(dump: string): string {
  const result = importQemuMtree(dump);
  assert.ok('errors' in result, 'expected an error');
  return `${result.errors[0]?.line}: ${result.errors[0]?.message}`;
}

const region = (indent: number, base: bigint, last: bigint, rest: string): string =>
  `${' '.repeat(indent)}${base.toString(16).padStart(16, '0')}-${last.toString(16).padStart(16, '0')} ${rest}\n`;

const ALL = (1n << 64n) - 1n;
const HEAD = `address-space: memory\n${region(2, 0n, ALL, '(prio 0, i/o): system')}`;

/** The regions that a layout declares, without what only one of the two forms tells. */
const regionsOf = (layout: string): string[] =>
  writtenRegions(layout).map(({ keyword, base, size, label, dma, from }) => `${keyword} ${label} ${base.toString(16)}+${size.toString(16)} ${dma} ${from?.[1] ?? ''}`);

describe('plain info mtree', () => {
  it('becomes flat as QEMU makes it', () => {
    const dump =
      HEAD +
      region(4, 0n, 0xbfff_ffffn, '(prio 0, ram): alias ram-below-4g @pc.ram 0000000000000000-00000000bfffffff') +
      region(4, 0n, ALL, '(prio -1, i/o): pci') +
      region(6, 0xa_0000n, 0xb_ffffn, '(prio 1, i/o): vga-lowmem') +
      region(6, 0xc000_0000n, 0xc000_0fffn, '(prio 1, i/o): nic') +
      region(8, 0xc000_0000n, 0xc000_003fn, '(prio 0, i/o): msix-table') +
      region(4, 0xa_0000n, 0xb_ffffn, '(prio 1, i/o): alias smram-region @pci 00000000000a0000-00000000000bffff') +
      region(4, 0xc_0000n, 0xc_3fffn, '(prio 1, ram): alias pam-ram @pc.ram 00000000000c0000-00000000000c3fff [disabled]') +
      region(4, 0xc_0000n, 0xc_3fffn, '(prio 1, ram): alias pam-rom @pc.ram 00000000000c0000-00000000000c3fff') +
      region(4, 0xfee0_0000n, 0xfeef_ffffn, '(prio 4096, i/o): apic-msi') +
      region(4, 1n << 32n, (1n << 32n) + 0x3fff_ffffn, '(prio 0, ram): alias ram-above-4g @pc.ram 00000000c0000000-00000000ffffffff') +
      `\nmemory-region: pc.ram\n${region(2, 0n, 0xffff_ffffn, '(prio 0, ram): pc.ram')}` +
      `\nmemory-region: pci\n${region(2, 0n, ALL, '(prio -1, i/o): pci')}${region(4, 0xa_0000n, 0xb_ffffn, '(prio 1, i/o): vga-lowmem')}`;
    const { text, notes } = imported(dump);
    assert.deepEqual(regionsOf(text), [
      'ram pc.ram 0+a0000  0',
      'mmio vga-lowmem a0000+20000  ',
      'rom pc.ram c0000+4000  786432',
      'ram pc.ram c4000+bff3c000  802816',
      'mmio msix-table c0000000+40  ',
      'mmio apic-msi fee00000+100000  ',
      'doorbell msi_doorbell fee00000+100000  ',
      'ram pc.ram 100000000+40000000  3221225472',
    ]);
    assert.deepEqual(writtenBackings(text).map(({ label, size }) => [label, size]), [['pc.ram', 1n << 32n]]);
    assert.match(text, /^\/\/ Imported from QEMU `info mtree` in machine.txt: the address space "memory", its tree made flat\.\n/);
    assert.ok(notes.some((note) => note.startsWith('plain `info mtree` doesn’t tell containers from registers')));
  });

  it('takes the flat view where both stand in a text', () => {
    const both = `${HEAD}\nFlatView #0\n AS "memory", root: system\n Root memory region: system\n${region(2, 0n, 0xfffn, '(prio 0, ram): ram0')}`;
    assert.deepEqual(regionsOf(imported(both).text), ['ram ram0 0+1000  0']);
  });

  it('reads what went through mails, monitors and terminals as the dump itself', () => {
    const dump = `${HEAD}${region(4, 0n, 0xfffn, '(prio 0, ram): alias low @pc.ram 0000000000001000-0000000000001fff')}\nmemory-region: pc.ram\n${region(2, 0n, 0xffffn, '(prio 0, ram): pc.ram')}`;
    const expected = withoutComments(imported(dump).text);
    assert.match(expected, /ram pc_ram_at_0 at 0 size 4 KiB from pc_ram \+ 0x1000/);
    for (const [about, text] of Object.entries({
      'carriage returns': dump.replaceAll('\n', '\r\n'),
      'quoted mail': dump.replace(/^/gm, '>>> '),
      'wrapped before the target': dump.replace(' @pc', '\n@pc'),
      'quoted and wrapped inside it': dump.replace('@pc.ram ', '@pc.ram\n').replace(/^/gm, '> '),
      'a monitor': `QEMU 7.2.22 monitor\r\n(qemu) info mtree\r\n${dump}(qemu) quit\r\n`,
      'escapes': dump.replaceAll('pc.ram', '\x1b[1mpc.ram\x1b[0m'),
      'tabs': dump.replaceAll('    ', '\t\t').replaceAll('\n  ', '\n\t'),
      'no head': dump.replace('address-space: memory\n', ''),
      'owners': dump.replace(/(pc\.ram)$/gm, '$1 owner:{obj path=/machine}').replace('memory-region: pc.ram owner:{obj path=/machine}', 'memory-region: pc.ram'),
    })) {
      assert.equal(withoutComments(imported(text).text), expected, about);
    }
  });

  it('reads access words of QEMU before 2.9, and says that types were guessed', () => {
    const dump = HEAD.replace('i/o', 'RW') + region(4, 0n, 0xfffn, '(prio 0, RW): pc.ram') + region(4, 0x1000n, 0x1fffn, '(prio 0, R-): pc.bios') + region(4, 0x2000n, 0x2fffn, '(prio 0, RW): hpet');
    const { text, notes } = imported(dump);
    assert.deepEqual(writtenRegions(text).map(({ keyword }) => keyword), ['ram', 'rom', 'mmio']);
    assert.ok(notes.some((note) => note.includes('QEMU before 2.9')));
  });

  it('says where it can’t know', () => {
    const { notes } = imported(HEAD + region(4, 0n, 0xffffn, '(prio 0, i/o): a') + region(4, 0x1000n, 0x1fffn, '(prio 0, i/o): b') + region(4, 0x2_0000n, 0x2_0fffn, '(prio 0, ram): alias c @gone 0000000000000000-0000000000000fff'));
    assert.ok(notes.some((note) => note.startsWith('lines 3 and 4 meet at equal priority')));
    assert.ok(notes.some((note) => note === 'the targets of aliases aren’t in the text: line 5'));
  });

  it('keeps whole 64-bit ranges', () => {
    assert.match(imported(HEAD + region(4, 0n, ALL, '(prio 0, ram): all')).text, /ram all_at_0 at 0 size 16 EiB/);
  });

  it('tells what is wrong and where', () => {
    assert.match(errorOf('address-space: I/O\n'), /^1: no tree of the address space "memory"/);
    assert.match(errorOf(`${HEAD}\n${HEAD}`), /^5: a second dump begins here \(the first at line 2\)/);
    assert.match(errorOf(HEAD + region(4, 0x2000n, 0x1000n, '(prio 0, ram): b')), /^3: the last byte 0000000000001000 lies before/);
    assert.match(errorOf(HEAD + region(4, 0n, 0x1000n, '(prio 0, rem): b')), /^3: `rem` is none of/);
    assert.match(errorOf(HEAD + region(4, 0n, ALL, '(prio 0, ram): alias b @c ffffffffffffffff-ffffffffffffffff')), /^3: the alias reaches past 2\^64/);
    const deep = Array.from({ length: 200 }, (_, depth) => region(4 + depth, 0n, 0xfffn, '(prio 0, i/o): x')).join('');
    assert.match(errorOf(HEAD + deep), /^102: regions lie in each other more than 100 deep/);
  });

  it('ends with aliases that lead to themselves or to each other', () => {
    const loop = (count: number): string =>
      Array.from({ length: count }, (_, index) => `memory-region: r${index}\n${region(2, 0n, 0xffffn, `(prio 0, i/o): r${index}`)}` +
        [0, 1, 2].map((twin) => region(4, 0n, 0xffffn, `(prio ${twin}, i/o): alias a @r${(index + 1) % count} 0000000000000000-000000000000ffff`)).join('')).join('');
    const start = performance.now();
    const result = importQemuMtree(`${HEAD}${region(4, 0n, 0xffffn, '(prio 0, i/o): alias x @r0 0000000000000000-000000000000ffff')}${loop(60)}`);
    assert.ok('errors' in result && /lead to each other too often/.test(result.errors[0]?.message ?? ''));
    assert.ok(performance.now() - start < 5_000);
    assert.ok('text' in importQemuMtree(`${HEAD}${region(4, 0n, 0xffffn, '(prio 0, i/o): alias x @system 0000000000000000-000000000000ffff')}`));
  });

  it('takes as long as the text is', function () {
    this.timeout(60_000);
    const start = performance.now();
    const many = Array.from({ length: 300_000 }, (_, index) => region(4, BigInt(index) << 12n, (BigInt(index) << 12n) + 15n, '(prio 0, i/o): io')).join('');
    assert.match(errorOf(HEAD + many), /more than 20000 sections|more than 200000 regions/);
    importQemuMtree(`${HEAD}${'noise\n'.repeat(300_000)}`);
    importQemuMtree(`${HEAD}${region(4, 0n, 0xfffn, '(prio 0, ram): a')}${'@\n'.repeat(300_000)}`);
    assert.ok(performance.now() - start < 20_000);
  });

  it('never throws, whatever is done to a dump', function () {
    this.timeout(60_000);
    const dumps = filesIn(MTREE_DATA, '.mtree.txt').map((name) => readFileSync(join(MTREE_DATA, name), 'utf8'));
    const pieces = ['\n', '  ', '(prio 0, ram): ', ' @pci ', ' [disabled]', 'address-space: memory\n', 'memory-region: pci\n', 'alias ', '> '];
    const count = mutated(dumps, pieces, 300, (text) => {
      const result = importQemuMtree(text);
      if ('errors' in result) for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.split('\n').length);
    });
    assert.equal(count, 300);
  });
});

const corpus = process.env['VMLAYOUT_CORPUS'] ?? '';
const folders: readonly (readonly [string, string, number])[] = [
  ['some that are committed', MTREE_DATA, 12],
  ['all of the corpus', join(corpus, 'qemu-mtree'), 105],
];

for (const [about, folder, files] of folders) {
  (folder === MTREE_DATA || (corpus && existsSync(folder)) ? describe : describe.skip)(`plain info mtree of real machines: ${about}`, () => {
    const names = (): string[] => filesIn(folder, '.mtree.txt');

    it('tells the memory exactly as the flat view, and most registers', () => {
      assert.equal(names().length, files);
      const inexact: string[] = [];
      for (const name of names()) {
        const flatName = name.replace('.mtree.txt', '.mtree-f.txt');
        const flat = readFileSync(join(folder, flatName), 'utf8');
        const [plain, expected] = [imported(readFileSync(join(folder, name), 'utf8'), name), imported(flat, flatName)].map(({ text }) => regionsOf(text));
        const isMemory = (line: string): boolean => !/^mmio .* $/.test(line);
        assert.deepEqual(plain?.filter(isMemory), expected?.filter(isMemory), name);
        if (JSON.stringify(plain) !== JSON.stringify(expected)) inexact.push(name);
        assert.ok(systemSections(flat).length > 0 || name.startsWith('machine-none'));
      }
      // Two regions `io`, an `io` that answers, and registers that meet at equal priority.
      for (const name of inexact) assert.match(name, /^(ppc64-pseries-4g|loongarch-virt-4g|q10-imx8mp-evk)\./);
    });
  });
}

const published = join(corpus, 'qemu-mtree-public/public-pc-2.x-rw-format.mtree.txt');

(corpus && existsSync(published) ? describe : describe.skip)('plain info mtree as a user published it', () => {
  it('reads a tree of QEMU 2', () => {
    const { text } = imported(readFileSync(published, 'utf8'));
    const ram = writtenRegions(text).filter(({ keyword }) => keyword === 'ram');
    assert.deepEqual(ram.map(({ base, size, from }) => [base, base + size, from?.[1]]).slice(-1), [[1n << 32n, (1n << 32n) + (1n << 30n), 0xc000_0000n]]);
  });
});
