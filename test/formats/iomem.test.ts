import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFormat, type ImportOptions } from '../../server/core/formats/index.js';
import { check } from '../support/check.js';
import { filesIn, IOMEM_DATA } from './imported.js';
import { mutated } from './mutations.js';
import { quantity } from './readers.js';

const read = (name: string): string => readFileSync(join(IOMEM_DATA, name), 'utf8');

function importOf(text: string, options: ImportOptions = {}, path = 'host.txt'): { text: string; notes: readonly string[] } {
  const result = importFormat('iomem', [{ path, text }], options);
  assert.ok('text' in result, JSON.stringify(result));
  return result;
}

function errorOf(text: string): string {
  const result = importFormat('iomem', [{ path: 'f', text }]);
  assert.ok('errors' in result, 'expected an error');
  return `${result.errors[0]?.line}: ${result.errors[0]?.message}`;
}

/** `keyword first last` of everything that a layout declares. */
const declared = (layout: string, keyword: string): string[] =>
  [...layout.matchAll(new RegExp(`^ *${keyword} \\S+ at (\\S+) \\.\\.= (\\S+)`, 'gm'))].map(([, first = '', last = '']) => `${quantity(first).toString(16)}-${quantity(last).toString(16)}`);

/** Lines of a listing with this name, as they are printed. */
const printed = (listing: string, pattern: RegExp): string[] =>
  [...listing.matchAll(/^ *(\w+)-(\w+) : (.*)$/gm)].filter(([, , , name = '']) => pattern.test(name)).map(([, first, last]) => `${BigInt(`0x${first}`).toString(16)}-${BigInt(`0x${last}`).toString(16)}`);

const LISTING = `00000000-00000fff : Reserved
00001000-7fffffff : System RAM
  01000000-01ffffff : Kernel code
  02000000-020fffff : 0000:00:01.0
80000000-bfffffff : PCI Bus 0000:00
  80000000-800fffff : PCI Bus 0000:01
    80000000-8000ffff : 0000:01:00.0
fee00000-fee00fff : Local APIC
100000000-1ffffffff : System RAM
4000000000-7fffffffff : PCI Bus 0000:00
fd00000000-ffffffffff : Reserved
`;

describe('import of /proc/iomem', () => {
  it('reads as a layout', () => {
    assert.equal(
      importOf(LISTING).text,
      `// Imported from /proc/iomem. Each comment tells the line it comes from.
// arch x86_64 is assumed from line 8
// 4 resources stand as comments: registers, ROMs, BARs and what else a layout doesn’t declare here
// the IOMMU and its groups aren’t in /proc/iomem: /sys/kernel/iommu_groups tells them
host host_machine {
  arch x86_64 // assumed from line 8

  memory reserved_memory at 0 ..= 0xfff for host label "Reserved"  // line 1: Reserved
  memory system_ram at 0x1000 ..= 0x7fff_ffff                      // line 2: System RAM
  memory kernel_code at 0x100_0000 ..= 0x1ff_ffff for host         // line 3: Kernel code
  // line 4: 0x200_0000 ..= 0x20f_ffff 0000:00:01.0
  memory system_ram_at_100000000 at 0x1_0000_0000 ..= 0x1_ffff_ffff // line 9: System RAM
  memory reserved_memory_at_fd00000000 at 0xfd_0000_0000 ..= 0xff_ffff_ffff for host label "Reserved" // line 11: Reserved

  bridge pci_0000_00 {
    window low at 0x8000_0000 ..= 0xbfff_ffff // line 5
    // line 6: 0x8000_0000 ..= 0x800f_ffff PCI Bus 0000:01
    // line 7:   0x8000_0000 ..= 0x8000_ffff 0000:01:00.0
    window high at 0x40_0000_0000 ..= 0x7f_ffff_ffff // line 10
  }

  // Registers and ROMs, which a host doesn’t declare:
  // line 8: 0xfee0_0000 ..= 0xfee0_0fff Local APIC
}
`,
    );
  });

  it('keeps RAM and windows exactly, and every line', () => {
    const listing = read('firecracker.iomem.txt');
    const { text } = importOf(listing);
    assert.deepEqual(declared(text, 'memory').filter((range) => printed(listing, /^System RAM$/).includes(range)), printed(listing, /^System RAM$/));
    assert.deepEqual(declared(text, 'window'), ['c0001000-eebfffff', '4000000000-7fffffffff']);
    listing.trimEnd().split('\n').forEach((_, index) => assert.match(text, new RegExp(`line ${index + 1}\\b`)));
  });

  it('names the machine after the file, and does without where the file is /proc/iomem', () => {
    assert.match(importOf(LISTING, {}, 'lab/altra.txt').text, /^host altra \{/m);
    assert.match(importOf(LISTING, {}, '/proc/iomem').text, /^host machine \{/m);
    assert.match(importOf(LISTING, { name: 'epyc' }, '/proc/iomem').text, /^host epyc \{/m);
  });

  it('reads a guest from inside', () => {
    const { text } = importOf(LISTING, { as: 'vm' });
    assert.deepEqual(declared(text, 'ram'), ['1000-7fffffff', '100000000-1ffffffff']);
    assert.match(text, /window pci at 0x8000_0000 \.\.= 0xbfff_ffff for bars/);
    assert.deepEqual(check(text).result.findings.map(({ message }) => message), []);
  });

  it('reads what came by mail or terminal as the file itself', () => {
    const expected = importOf(LISTING).text;
    for (const text of [LISTING.replaceAll('\n', '\r\n'), LISTING.replace(/^/gm, '> '), LISTING.replace(/^ +/gm, '')]) assert.equal(importOf(text).text, expected);
    assert.equal(importOf(`# cat /proc/iomem\n${LISTING}# \n`).text.replace(/line (\d+)/g, (_, line) => `line ${Number(line) - 1}`), expected);
  });

  it('refuses what the kernel hides', () => {
    assert.equal(errorOf(read('unprivileged.txt')), '1: every address is 0: the kernel hides them from users without CAP_SYS_ADMIN; read /proc/iomem as root');
  });

  it('tells what is wrong and where', () => {
    assert.match(errorOf(''), /^1: no line `FIRST-LAST : NAME`/);
    assert.match(errorOf(`${LISTING}oops\n${LISTING}`), /^13: meets what line \d+ tells|^13: /);
    assert.match(errorOf('00001000-00000fff : System RAM\n'), /^1: the last byte 00000fff lies before/);
    assert.match(errorOf('00001000-10000000000000fff : System RAM\n'), /^1: .* is past 2\^64/);
    assert.match(errorOf('00001000-00001fff System RAM\n'), /^1: expected `FIRST-LAST : NAME`/);
    assert.match(errorOf('00001000-00001fff : a\n00001800-00002fff : b\n'), /^2: meets what line 1 tells, and doesn’t lie in it/);
    assert.match(errorOf('00000000-ffffffff : a\n'.repeat(100)), /^65: resources lie in each other more than 64 deep/);
  });

  it('never throws, and takes as long as the text is', function () {
    this.timeout(30_000);
    const count = mutated([LISTING, read('firecracker.iomem.txt')], ['\n', ' : ', 'System RAM', 'Reserved'], 500, (text) => {
      const result = importFormat('iomem', [{ path: 'f', text }]);
      if ('errors' in result) for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.split('\n').length);
    });
    assert.equal(count, 500);
    const start = performance.now();
    assert.match(errorOf(Array.from({ length: 1_000_000 }, (_, index) => `${(index * 4096).toString(16)}-${(index * 4096 + 7).toString(16)} : x\n`).join('')), /more than 20000 resources/);
    importFormat('iomem', [{ path: 'f', text: `${LISTING}${'noise\n'.repeat(300_000)}` }]);
    assert.ok(performance.now() - start < 10_000);
  });
});

const published = join(process.env['VMLAYOUT_CORPUS'] ?? '', 'proc/iomem');

(process.env['VMLAYOUT_CORPUS'] && existsSync(published) ? describe : describe.skip)('/proc/iomem as users published it', () => {
  it('reads all of them, but the one that shows nothing', () => {
    const names = filesIn(published, '.txt');
    assert.equal(names.length, 5);
    for (const name of names) {
      const listing = readFileSync(join(published, name), 'utf8');
      if (name === 'host-arm64-thunderx2-zeros.txt') {
        assert.match(errorOf(listing), /read \/proc\/iomem as root/);
        continue;
      }
      const { text } = importOf(listing, {}, name);
      const ram = printed(listing, /^System RAM$/);
      assert.deepEqual([...new Set(declared(text, 'memory').filter((range) => ram.includes(range)))], ram, name);
      assert.deepEqual(check(text).result.findings.map(({ message }) => message), [], name);
    }
  });
});
