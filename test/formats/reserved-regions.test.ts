import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { importFormat, readReservedRegions, type ImportFile, type ReservedGroup } from '../../server/core/formats/index.js';
import { filesIn, RESERVED_DATA } from './imported.js';
import { quantity } from './readers.js';

const read = (name: string): string => readFileSync(join(RESERVED_DATA, name), 'utf8');

function groupsOf(input: string | readonly ImportFile[]): readonly ReservedGroup[] {
  const result = readReservedRegions(input);
  assert.ok('groups' in result, 'expected no error');
  return result.groups;
}

/** `14: msi 0xfee00000-0xfeefffff` and so on, one line for each region of each group. */
const told = (groups: readonly ReservedGroup[]): string[] =>
  groups.flatMap(({ number, regions }) =>
    regions.map(({ kind, range }) => `${number ?? '?'}: ${kind} 0x${range.base.toString(16)}-0x${(range.end - 1n).toString(16)}`),
  );

function importOf(files: readonly ImportFile[]): { text: string; notes: readonly string[] } {
  const result = importFormat('reserved-regions', files);
  assert.ok('text' in result, JSON.stringify(result));
  return result;
}

const layoutOf = (text: string, path = 'machine.txt'): string => importOf([{ path, text }]).text;

function errorOf(text: string): string {
  const result = importFormat('reserved-regions', [{ path: 'f', text }]);
  assert.ok('errors' in result, 'expected an error');
  return `${result.errors[0]?.path}:${result.errors[0]?.line}: ${result.errors[0]?.message}`;
}

/** `first last kind` of every range in a layout, in the words of the kernel. */
const writtenIn = (layout: string): string[] =>
  [...layout.matchAll(/reserved \S+ at (\S+) \.\.= (\S+) kind (\S+)/g)].map(
    ([, base = '', last = '', kind = '']) => `${quantity(base)} ${quantity(last)} ${kind.replace('sw-', '')}`,
  );

const MSI = '0x00000000fee00000 0x00000000feefffff msi\n';
const SOFTWARE = '0x0000000008000000 0x00000000080fffff msi\n';

describe('import of reserved_regions', () => {
  it('writes what every group keeps into the IOMMU, and the rest into its group', () => {
    assert.equal(
      layoutOf(read('arm-server-grep.txt'), 'arm-server-grep.txt'),
      `// Imported from reserved_regions of /sys/kernel/iommu_groups. Each comment tells where a range was printed.
// arch arm64 and model smmu-v3 are assumed from the software MSI window
// the devices of a group aren’t in reserved_regions: each has a placeholder (sysfs lists them beside it)
host arm-server-grep {
  arch arm64 // assumed: at 0x800_0000 Linux maps doorbells on Arm
  iommu iommu0 {
    model smmu-v3                                                 // assumed: smmu-v2 and virtio keep the same window
    reserved msi_window at 0x800_0000 ..= 0x80f_ffff kind sw-msi  // lines 2, 4, 6
  }

  group 0 {
    device group0                                         // a placeholder: write \`device NAME "0000:01:00.0"\`
    reserved msi at 0xc601_0000 ..= 0xc601_ffff kind msi  // line 3
  }

  group 14 {
    device group14                                                               // a placeholder: write \`device NAME "0000:01:00.0"\`
    reserved relaxable at 0x8_8000_0000 ..= 0x8_8000_ffff kind direct-relaxable  // line 5
  }

  group 15 {
    device group15                                                  // a placeholder: write \`device NAME "0000:01:00.0"\`
    reserved kept at 0x2_0000_0000 ..= 0x2_000f_ffff kind reserved  // line 7
  }
}
`,
    );
  });

  it('takes group numbers from paths, prompts and headings', () => {
    const expected = ['28: msi 0xfee00000-0xfeefffff', '27: msi 0xfee00000-0xfeefffff'];
    const path = (group: number): string => `/sys/kernel/iommu_groups/${group}/reserved_regions`;
    for (const text of [
      `28$ cat reserved_regions\n${MSI}27$ cat reserved_regions\n${MSI}`,
      `[root@h 28]# cat ${path(28)}\n${MSI}[root@h 28]# cat ${path(27)}\n${MSI}`,
      `==> ${path(28)} <==\n${MSI}\n==> ${path(27)} <==\n${MSI}`,
      `${path(28)}:${MSI}${path(27)}:${MSI}`,
      `${path(28)}:1:${MSI}${path(27)}:1:${MSI}`,
      `IOMMU group 28:\n${MSI}Group 27\n${MSI}`,
      `> 28/reserved_regions:${MSI}> 27/reserved_regions:${MSI}`,
    ]) {
      assert.deepEqual(told(groupsOf(text)), expected, text);
    }
    assert.deepEqual(told(groupsOf([{ path: path(28), text: MSI }, { path: 'x', text: MSI, group: '27' }])), expected);
  });

  it('reads the prompts of a shell that walks through the groups', () => {
    const layout = layoutOf(read('amd-desktop-prompts.txt'));
    assert.match(layout, /arch x86_64 .*assumed/);
    assert.match(layout, /model amd-v1 .*assumed/);
    assert.match(layout, /reserved msi at 0xfee0_0000 \.\.= 0xfeef_ffff kind msi +\/\/ lines 2, 6\n/);
    assert.match(layout, /reserved kept at 0xfd_0000_0000 \.\.= 0xff_ffff_ffff kind reserved +\/\/ lines 3, 7; the HyperTransport range\n/);
    assert.ok(layout.indexOf('group 27 {') < layout.indexOf('group 28 {'));
  });

  it('gives no group what a command prints of several', () => {
    const path = (group: string): string => `/sys/kernel/iommu_groups/${group}/reserved_regions`;
    for (const command of [`for i in 15 16; do cat ${path('$i')}; done`, `cat ${path('*')}`, `cat ${path('15')} ${path('16')}`]) {
      assert.deepEqual(told(groupsOf(`# cat ${path('14')}\n${MSI}# ${command}\n${SOFTWARE}`)), ['14: msi 0xfee00000-0xfeefffff', '?: sw-msi 0x8000000-0x80fffff'], command);
    }
  });

  it('tells of groups that couldn’t be read, and has none of them', () => {
    const path = '/sys/kernel/iommu_groups/2/reserved_regions';
    for (const complaint of [`cat: ${path}: Permission denied`, `head: cannot open '${path}' for reading: No such file or directory`, 'sudo: unable to resolve host lab: Name or service not known']) {
      const { text, notes } = importOf([{ path: 'f', text: `${complaint}\n${MSI}` }]);
      assert.ok(notes.includes(`f:1 was not understood: ${complaint}`), complaint);
      assert.doesNotMatch(text, /group 2/);
    }
  });

  it('merges identical lines, also those that uniq has counted', () => {
    assert.match(layoutOf(SOFTWARE.repeat(4)), /kind sw-msi +\/\/ lines 1, 2, 3, 4\n/);
    assert.match(layoutOf(SOFTWARE.repeat(12)), /kind sw-msi +\/\/ lines 1, 2, 3, 4, 5, 6, 7, 8, …\n/);
    assert.deepEqual(told(groupsOf(`     12 ${MSI}`)), ['?: msi 0xfee00000-0xfeefffff']);
  });

  it('keeps the ranges of a lone group in that group, known or not', () => {
    const known = layoutOf(MSI, '/sys/kernel/iommu_groups/14/reserved_regions');
    assert.match(known, /host machine \{[^]*group 14 \{\n {4}device group14[^]*reserved msi at/);
    const unknown = layoutOf(read('intel-laptop-one-group.txt'), 'laptop.txt');
    assert.match(unknown, /host laptop \{[^]*model vt-d[^]*group unknown \{\n {4}device group_unknown[^]*reserved relaxable at 0 \.\.= 0xff_ffff kind direct-relaxable/);
    assert.ok(importOf([{ path: 'x', text: MSI }]).notes.some((note) => note.includes('group unknown')));
  });

  it('has a group for a file without regions, and says where each region of several files is from', () => {
    const { text } = importOf([{ path: 'g/3/reserved_regions', text: '' }, { path: 'g/4/reserved_regions', text: MSI }]);
    assert.match(text, /group 3 \{\n {4}device group3 .*\n {2}\}/);
    assert.match(text, /group 4 \{[^]*kind msi +\/\/ g\/4\/reserved_regions:1\n/);
  });

  it('assumes only what ranges give away', () => {
    assert.match(layoutOf(MSI), /arch x86_64[^]*\/\/ model: vt-d, or amd-v1/);
    assert.match(layoutOf('0x000000006c100000 0x000000006c8fffff direct\n'), /\/\/ arch: these ranges don’t tell\n[^]*\/\/ model: these/);
    assert.match(layoutOf('0x00000000ffffc000 0x00000000ffffffff msi\n'), /arch arm64[^]*model apple-dart/);
    assert.doesNotMatch(layoutOf(MSI + SOFTWARE), /arch (arm64|x86_64) |model (smmu|vt-d)/);
    assert.match(layoutOf('0x0000000008000000 0x00000000081fffff msi\n'), /kind msi /);
  });

  it('keeps whole 64-bit ranges', () => {
    assert.deepEqual(told(groupsOf('0x0000000000000000 0xffffffffffffffff reserved')), ['?: reserved 0x0-0xffffffffffffffff']);
  });

  it('keeps lines that it doesn’t understand as notes and comments', () => {
    const { text, notes } = importOf([{ path: 'f', text: `${MSI}that was all\n` }]);
    assert.ok(notes.includes('f:2 was not understood: that was all'));
    assert.ok(text.includes('// f:2 was not understood: that was all\n'));
  });

  it('tells what is wrong and where', () => {
    assert.match(errorOf(''), /^f:1: no line `0xFIRST 0xLAST TYPE`/);
    assert.match(errorOf('\nhello\n'), /^f:1: no line/);
    assert.match(errorOf(`${MSI}0x00000000fef00000 0x00000000fee00000 msi\n`), /^f:2: the last byte 0x00000000fee00000 lies before/);
    assert.match(errorOf(`${MSI}0x00000000fee00000 0x00000000feefffff mis\n`), /^f:2: `mis` is none of msi, direct/);
    assert.match(errorOf(`${MSI}0x00000000fee00000 0x100000000feefffff msi\n`), /^f:2: .* is past 2\^64/);
    assert.match(errorOf(`${MSI}0x00000000fee00000 msi\n`), /^f:2: expected `0xFIRST 0xLAST TYPE`/);
    assert.match(errorOf(`${MSI}0x00000000fee00000 0x00000000feefffff\n`), /^f:2: expected/);
    assert.match(errorOf(`${MSI}x00000000fee00000 0x00000000feefffff msi\n`), /^f:2: expected/);
    assert.match(errorOf(`${MSI}/sys/kernel/iommu_groups/1/reserved_regions:oops\n`), /^f:2: expected/);
    assert.match(errorOf(`0x${'0'.repeat(5000)} 0x1 msi\n`), /^f:1: expected/);
  });

  it('gives back every region of random groups', () => {
    const kind = fc.constantFrom('msi', 'direct', 'direct-relaxable', 'reserved');
    const address = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    const region = fc.tuple(address, address, kind).map(([a, b, word]) => ({ base: a < b ? a : b, last: a < b ? b : a, word }));
    const word64 = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;
    const groups = fc.uniqueArray(fc.nat({ max: 999 }), { minLength: 1, maxLength: 5 });
    const regions = fc.array(region, { maxLength: 6 });
    fc.assert(
      fc.property(groups, regions, regions, (numbers, all, own) => {
        const files = numbers.map((number, index) => ({
          path: `/sys/kernel/iommu_groups/${number}/reserved_regions`,
          text: [...all, ...own.filter((_, at) => at % numbers.length === index)]
            .map(({ base, last, word }) => `${word64(base)} ${word64(last)} ${word}\n`)
            .join(''),
        }));
        const { text } = importOf(files);
        const expected = new Set([...all, ...own].map(({ base, last, word }) => `${base} ${last} ${word}`));
        assert.deepEqual([...new Set(writtenIn(text))].sort(), [...expected].sort());
        assert.equal(importOf(files).text, text);
      }),
    );
  });

  it('never throws, and takes as long as the text is', function () {
    this.timeout(60_000);
    const texts = filesIn(RESERVED_DATA, '.txt').map(read);
    const piece = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('\n', '0x', ' ', 'msi', '14$ ', '/1/reserved_regions:'));
    const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 40 }), piece);
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 6 }), (whole, changes) => {
        let text = whole;
        for (const [at, cut, put] of changes) {
          const place = Math.floor(at * text.length);
          text = text.slice(0, place) + put + text.slice(place + cut);
        }
        const result = importFormat('reserved-regions', [{ path: 'f', text }]);
        const lines = text.split('\n').length;
        if ('errors' in result) for (const { line } of result.errors) assert.ok(line >= 1 && line <= lines);
      }),
      { numRuns: 1000, seed: 20261125 },
    );
    const many = (count: number, line: (index: number) => string): string => Array.from({ length: count }, (_, index) => line(index)).join('');
    const start = performance.now();
    for (const text of [
      MSI.repeat(200_000),
      'noise\n'.repeat(200_000),
      '0x'.repeat(5_000_000),
      many(200_000, (group) => `${group}$ cat\n${MSI}`),
      many(100_000, (base) => `0x${base.toString(16).padStart(16, '0')} 0x00000000feefffff msi\n`),
    ]) {
      importFormat('reserved-regions', [{ path: 'f', text }]);
    }
    assert.ok(performance.now() - start < 20_000);
  });
});

const published = join(process.env['VMLAYOUT_CORPUS'] ?? '', 'proc/reserved_regions');

(process.env['VMLAYOUT_CORPUS'] && existsSync(published) ? describe : describe.skip)('reserved_regions as users published them', () => {
  it('reads all of them', () => {
    const names = filesIn(published, '.txt');
    assert.equal(names.length, 13);
    const architectures = { arm64: 0, x86: 0 };
    for (const name of names) {
      const text = readFileSync(join(published, name), 'utf8');
      const { text: layout } = importOf([{ path: name, text }]);
      const lines = [...text.matchAll(/^(0x\w{16}) (0x\w{16}) (\S+)$/gm)];
      const printed = new Set(lines.map(([, first = '', last = '', kind]) => `${BigInt(first)} ${BigInt(last)} ${kind}`));
      assert.deepEqual(writtenIn(layout).sort(), [...printed].sort(), name);
      if (/arch arm64/.test(layout)) architectures.arm64 += 1;
      if (/arch x86_64/.test(layout)) architectures.x86 += 1;
      assert.doesNotMatch(layout, /not understood/, name);
    }
    // The Allwinner board has no msi line that would tell.
    assert.deepEqual(architectures, { arm64: 6, x86: 6 });
  });

  it('tells the two kinds of MSI ranges apart', () => {
    const layout = layoutOf(readFileSync(join(published, 'arm64-hisi-d05-hwmsi.txt'), 'utf8'));
    assert.match(layout, /at 0x800_0000 \.\.= 0x80f_ffff kind sw-msi/);
    assert.match(layout, /at 0xc601_0000 \.\.= 0xc601_ffff kind msi/);
  });

  it('finds the groups of a shell session', () => {
    const layout = layoutOf(readFileSync(join(published, 'x86-amd-hrw-puchatek-groups.txt'), 'utf8'));
    assert.match(layout, /iommu iommu0 \{\n[^}]*kind msi[^}]*kind reserved[^}]*\}\n\n {2}group 27 \{[^}]*\}\n\n {2}group 28 \{/);
  });
});
