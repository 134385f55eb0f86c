import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { importFormat, type ImportFile, type ImportOptions } from '../../server/core/formats/index.js';
import type { TreeNode } from '../../server/core/formats/device-tree.js';
import { readDeviceTreeBlob } from '../../server/core/formats/dtb.js';
import { readDeviceTreeSource } from '../../server/core/formats/dts.js';
import { check } from '../support/check.js';
import { DTB_DATA, fileAt, filesIn } from './imported.js';
import { mutated, mutatedBytes } from './mutations.js';
import { quantity } from './readers.js';

const corpus = process.env['VMLAYOUT_CORPUS'] ?? '';
const nodeNames = (folder: string): string[] => filesIn(folder, '.dtb').filter((name) => !name.includes('full'));

function blob(folder: string, name: string): TreeNode {
  const tree = readDeviceTreeBlob(readFileSync(join(folder, name)));
  assert.ok('root' in tree, `${name}: ${'message' in tree ? tree.message : ''}`);
  return tree.root;
}

/** A source with the files beside it, whatever folder its includes name. */
function sourceFile(path: string): ImportFile {
  const include: NonNullable<ImportFile['include']> = (name, from) => {
    const found = join(dirname(from), basename(name));
    return existsSync(found) ? { path: found, text: readFileSync(found, 'utf8') } : undefined;
  };
  return { path, text: readFileSync(path, 'utf8'), include };
}

function source(path: string): TreeNode {
  const tree = readDeviceTreeSource(sourceFile(path));
  assert.ok('root' in tree, `${path}: ${'message' in tree ? tree.message : ''}`);
  return tree.root;
}

interface Comparison {
  same: number;
  unknown: number;
  readonly different: string[];
}

/** Every property of a tree against the other one, byte by byte; what holds macros isn't known. */
function compare(read: TreeNode, expected: TreeNode, result: Comparison = { same: 0, unknown: 0, different: [] }): Comparison {
  for (const { name, value, unknown } of read.properties.values()) {
    if (unknown.length > 0) result.unknown += 1;
    else if (Buffer.from(expected.properties.get(name)?.value ?? []).equals(Buffer.from(value)) && expected.properties.has(name)) result.same += 1;
    else result.different.push(`${read.path} ${name}`);
  }
  for (const name of expected.properties.keys()) if (!read.properties.has(name)) result.different.push(`${read.path} without ${name}`);
  const children = new Map(expected.children.map((child) => [child.name, child]));
  for (const child of read.children) {
    const other = children.get(child.name);
    if (other) compare(child, other, result);
    else result.different.push(child.path);
    children.delete(child.name);
  }
  result.different.push(...[...children.values()].map(({ path }) => `without ${path}`));
  return result;
}

function importOf(file: ImportFile, options: ImportOptions = {}): { text: string; notes: readonly string[] } {
  const result = importFormat(file.bytes ? 'dtb' : 'dts', [file], options);
  assert.ok('text' in result, `${file.path}: ${JSON.stringify(result)}`);
  return result;
}

const dts = (text: string, include?: ImportFile['include']): ImportFile => ({ path: 'board.dts', text: `/dts-v1/;\n${text}`, ...(include && { include }) });

function errorOf(file: ImportFile): string {
  const result = importFormat(file.bytes ? 'dtb' : 'dts', [file]);
  assert.ok('errors' in result, 'expected an error');
  const [error] = result.errors;
  return `${error?.path}:${error?.offset === undefined ? error?.line : `0x${error.offset.toString(16)}`}: ${error?.message}`;
}

/** `first-last` of everything that a layout declares with this keyword. */
const declared = (layout: string, keyword: string): string[] =>
  [...layout.matchAll(new RegExp(`^ *${keyword} \\S+ at (\\S+) size (0x\\w+|\\d+ \\w+)`, 'gm'))].map(([, base = '', size = '']) => `0x${quantity(base).toString(16)}-0x${(quantity(base) + quantity(size) - 1n).toString(16)}`);

describe('device tree blobs', () => {
  it('hold what dtc reads in them, byte by byte, and so do sources', () => {
    const names = nodeNames(DTB_DATA);
    assert.equal(names.length, 16);
    let same = 0;
    for (const name of names) {
      const result = compare(source(join(DTB_DATA, name.replace(/b$/, 's'))), blob(DTB_DATA, name));
      assert.deepEqual(result.different, [], name);
      same += result.same;
    }
    assert.equal(same, 3100);
  });

  it('become the same layout as their sources', () => {
    for (const name of nodeNames(DTB_DATA)) {
      const layouts = [name, name.replace(/b$/, 's')].map((one) => importOf(fileAt(DTB_DATA, one)).text.replace(/ *\/\/.*$/gm, ''));
      assert.equal(layouts[0], layouts[1], name);
    }
  });

  it('tell RAM, doorbells and PCI windows of QEMU’s machines', () => checkMachines(DTB_DATA, 16));

  it('check without a finding of error level', () => {
    for (const name of nodeNames(DTB_DATA)) {
      for (const as of ['vm', 'host'] as const) {
        const { result } = check(importOf(fileAt(DTB_DATA, name), { as }).text);
        assert.deepEqual(result.findings.filter(({ level }) => level === 'error').map(({ message }) => message), [], `${name} as ${as}`);
      }
    }
  });
});

/** Against the table that was worked out without the importer. */
function checkMachines(folder: string, files: number): void {
  const rows = readFileSync(join(DTB_DATA, 'expected.tsv'), 'utf8').trimEnd().split('\n').map((row) => row.split('\t'));
  const expected = new Map(rows.map(([name, ...facts]) => [name, facts]));
  const names = nodeNames(folder);
  assert.equal(names.length, files);
  for (const name of names) {
    const { text } = importOf(fileAt(folder, name), { as: 'vm' });
    const [ram = '', doorbells = '', pci = ''] = expected.get(name.replace('.dtb', '')) ?? [];
    assert.deepEqual(declared(text, 'ram'), ram.split(', '), name);
    assert.deepEqual(declared(text, 'doorbell').map((range) => range.split('-')[0]).sort(), doorbells === 'none' ? [] : doorbells.split(', ').map((one) => one.split(' ')[1]).sort(), name);
    const windows = [...text.matchAll(/^ *(?:mmio pci_(io)|window pci_(mem\d+))\S* at (\S+) size (0x\w+|\d+ \w+)/gm)].map(([, io, memory, base = '', size = '']) => `${io ?? memory} 0x${quantity(base).toString(16)}+0x${quantity(size).toString(16)}`);
    assert.deepEqual(windows, pci === 'none' ? [] : pci.split(','), name);
  }
}

describe('device tree sources', () => {
  const BOARD = `#define BASE 0x40000000
#define MIB(n) ((n) << 20)
/memreserve/ 0x1000 0x2000;
/ {
	#address-cells = <2>;
	#size-cells = <1>;
	compatible = "acme,board";
	memory@40000000 { device_type = "memory"; reg = <0x0 BASE MIB(512)>, <0x1 0x0 (MIB(256))>; };
	reserved-memory {
		#address-cells = <2>;
		#size-cells = <1>;
		ranges;
		splash: splash@44000000 { reg = <0 0x44000000 (540 * 960 * 4)>; iommu-addresses = <&gpu 0x44000000 (540 * 960 * 4)>; no-map; };
		other: other { iommu-addresses = <&gpu 0x10000 0x1000>, <&gpu 0x20000 0x1000>; };
		cma { compatible = "shared-dma-pool"; size = <MIB(64)>; alignment = <0x2000>; reusable; };
		gone@1 { reg = <0 1 1>; };
	};
	soc {
		#address-cells = <1>;
		#size-cells = <1>;
		ranges = <0x0 0x0 0x10000000 0x10000000>;
		dma-ranges = <0x0 0x0 0x0 0x80000000>;
		smmu: iommu@1000 { compatible = "arm,smmu-v3"; reg = <0x1000 0x1000>; #iommu-cells = <1>; };
		gpu: gpu@2000 { reg = <0x2000 0x1000>; iommus = <&smmu 7>; memory-region = <&splash &other>; };
		its: msi@10000 { compatible = "arm,gic-v3-its"; reg = <0x10000 0x20000>; msi-controller; };
	};
};
&gpu { status = "okay"; };
/ { /* the same node again */ reserved-memory { /delete-node/ gone@1; }; };
`;

  it('read as a layout', () => {
    assert.equal(
      importOf(dts(BOARD)).text,
      `// Imported from the device tree board.dts. Each comment tells the line and the node it comes from.
// taken for the tree of a machine; \`--as vm\` reads it as that of a guest
// the registers of 5 nodes aren’t imported: a host doesn’t declare any
// 1 \`dma-ranges\` stand as comments; one to one from 0 on they are the \`bits\` of devices
// doorbells of the host stand as comments: what a guest writes to is told by its own tree
// line 16: /reserved-memory/cma: nothing says where it will be: it stands as a comment
host board {
  // arch: no CPU is described

  memory ram at 0x4000_0000 size 512 MiB                 // line 9: /memory@40000000
  memory ram_at_100000000 at 0x1_0000_0000 size 256 MiB  // line 9: /memory@40000000

  memory splash at 0x4400_0000 size 2025 KiB for host // line 14: /reserved-memory/splash@44000000 (no-map)
  // line 15: /reserved-memory/other: keeps no memory
  // line 16: /reserved-memory/cma (reusable, shared-dma-pool): 64 MiB, aligned to 8 KiB, placed at boot
  memory memreserve at 0x1000 size 8 KiB for host // line 4: /memreserve/

  iommu iommu0 {
    model smmu-v3 // line 24: /soc/iommu@1000: "arm,smmu-v3"
  }

  device gpu behind iommu0 bits 31 label "/soc/gpu@2000" {
    // line 25
    reserved splash at 0x4400_0000 size 2025 KiB kind direct      // line 14: /reserved-memory/splash@44000000: iommu-addresses, the same as \`reg\`
    reserved other at 0x1_0000 size 4 KiB kind reserved           // line 15: /reserved-memory/other: iommu-addresses
    reserved other_at_20000 at 0x2_0000 size 4 KiB kind reserved  // line 15: /reserved-memory/other: iommu-addresses
  }

  // doorbell at 0x1002_0040: GITS_TRANSLATER, line 26: /soc/msi@10000

  // line 19: /soc: dma-ranges: 0 size 2 GiB one to one
}
`,
    );
  });

  it('keeps nothing for an entry of `iommu-addresses` without a size, as Linux does', () => {
    const { text, notes } = importOf(dts(BOARD.replace('<&gpu 0x20000 0x1000>', '<&gpu 0x20000 0>, <&gpu 0x30000 0x1000>')));
    assert.doesNotMatch(text, /at 0x2_0000/);
    assert.match(text, /reserved other_at_30000 at 0x3_0000 size 4 KiB/);
    assert.ok(notes.includes('line 15: /reserved-memory/other: an entry of `iommu-addresses` has no size: Linux warns and keeps nothing for it'));
  });

  it('is what dtc compiles: labels, values, numbers of phandles', () => {
    const tree = readDeviceTreeSource(dts('/ { a: b { p = <&c &{/c} 0x10 010 \'a\' (-1) (1 ? 2 : 3)>, "x\\ty", [de ad be ef], &c, /bits/ 8 <1 2>; q; }; c: c { n = /bits/ 64 <0xffffffffffffffff>; }; };'));
    assert.ok('root' in tree);
    const [b, c] = tree.root.children;
    const hex = (node: TreeNode | undefined, name: string): string => Buffer.from(node?.properties.get(name)?.value ?? []).toString('hex');
    assert.equal(hex(b, 'p'), `${'00000001'.repeat(2)}000000100000000800000061ffffffff00000002${Buffer.from('x\ty\0').toString('hex')}deadbeef${Buffer.from('/c\0').toString('hex')}0102`);
    assert.equal(hex(b, 'q'), '');
    assert.equal(hex(c, 'n'), 'f'.repeat(16));
    assert.equal(hex(c, 'phandle'), '00000001');
  });

  it('includes what can be had, and tells what can’t', () => {
    const files: Record<string, string> = { 'soc.dtsi': '#include "size.h"\n/ { #address-cells = <1>; #size-cells = <1>; memory@0 { device_type = "memory"; reg = <0 SIZE>; }; };\n', 'size.h': '#ifndef H\n#define H\n#define SIZE 0x1000000\n#endif\n' };
    const { text, notes } = importOf(dts('#include "soc.dtsi"\n#include "size.h"\n#include <dt-bindings/gone.h>\n/include/ "lost.dtsi"\n&there { reg = <GONE(1, 2) OTHER>; };\n/ { x { y = <NOBODY>; }; };\n', (name) => (files[name] === undefined ? undefined : { path: name, text: files[name] })));
    assert.match(text, /memory ram at 0 size 16 MiB +\/\/ soc\.dtsi:2: \/memory@0\n/);
    assert.ok(notes.includes('line 5: lost.dtsi isn’t there: what it says is missing'));
    assert.ok(notes.includes('headers that aren’t there: dt-bindings/gone.h'));
    assert.ok(notes.some((note) => note.startsWith('3 macros aren’t defined in these files')));
    assert.ok(notes.some((note) => note.startsWith('1 labels are in none of these files')));
  });

  it('keeps the conditions of the preprocessor', () => {
    const { text } = importOf(dts('#define A 2\n#if defined(A) && A > 1\n#define S 0x1000\n#elif 1\n#error no\n#else\n#error no\n#endif\n#ifdef B\n/ { gone; };\n#endif\n#if 0\n#if 1\n#error no\n#endif\n#endif\n/ { #address-cells = <1>; #size-cells = <1>; memory { reg = <0 S>; }; };\n'));
    assert.match(text, /memory ram at 0 size 4 KiB/);
  });

  it('tells what is wrong and where', () => {
    assert.equal(errorOf(dts('/ { a = <1>;\n')), 'board.dts:3: expected `}`');
    assert.equal(errorOf(dts('/ { a = <1 }; };')), 'board.dts:2: expected a number');
    assert.equal(errorOf(dts('/ {\n a = <0x100000000>;\n};')), 'board.dts:3: 0x100000000 is past 32 bits');
    assert.equal(errorOf(dts('/ { a = <(1 / 0)>; };')), 'board.dts:2: a division by zero');
    assert.equal(errorOf(dts('/ { a = <&b>; };')), 'board.dts:2: no node has the label `b`');
    assert.equal(errorOf(dts('&b { };')), 'board.dts:2: no node has the label `b`');
    assert.equal(errorOf(dts('/ { a = <1> b; };')), 'board.dts:2: expected `;` after the property `a`');
    assert.equal(errorOf(dts('/ { a = "x;\n};')).replace(/ not .*/, ''), 'board.dts:2: expected a value');
    assert.equal(errorOf(dts('hello')), 'board.dts:2: expected `/ {`, `&label {` or `/dts-v1/;`, not `hello`');
    assert.equal(errorOf(dts('#if 1\n')), 'board.dts:2: `#if` without `#endif`');
    assert.match(errorOf(dts('/ { #address-cells = <2>; #size-cells = <2>; memory { reg = <0xffffffff 0xfffff000 0 0x2000>; }; };')), /^board\.dts:2: \/memory: 0xfffffffffffff000 and 0x2000 bytes reach past 2\^64/);
    assert.match(errorOf(dts(`/ { #address-cells = <1>; #size-cells = <1>; ${'a { reg = <0 1 0 1>; };'.repeat(2)} ${Array.from({ length: 300 }, (_, index) => `n${index} { reg = <${'0 1 '.repeat(200)}>; };`).join(' ')} };`)), /^board\.dts:2: more than 20000 ranges in `reg` are no machine/);
    assert.match(errorOf(dts('#include "a"\n', (name) => ({ path: name, text: '#include "a"\n' }))), /^a:1: files include each other more than 64 deep/);
    assert.match(errorOf(dts(`/ ${'{ a '.repeat(100)}`)), /^board\.dts:2: nodes lie in each other more than 64 deep/);
    assert.match(errorOf(dts(`/ { a = <${'('.repeat(1000)}1`)), /^board\.dts:2: an expression more than 100 deep/);
    assert.match(errorOf(dts(`#define A0 x\n${Array.from({ length: 40 }, (_, index) => `#define A${index + 1} A${index} A${index}\n`).join('')}/ { a = <A40>; };`)), /^board\.dts:43: (?:more than 300000 uses of macros|`A\d+` makes the line longer)/);
  });

  it('never throws, whatever is done to a source', function () {
    this.timeout(60_000);
    const texts = [BOARD, ...['virt-smmuv3-4g', 'riscv-virt-numa2-imsic-8g', 'ppc64-pseries-4g'].map((name) => readFileSync(join(DTB_DATA, `${name}.dts`), 'utf8'))];
    const count = mutated(texts, ['&gpu', '<', '>', '{', '}', ';', '/delete-node/ ', '#define A A\n', '#include "x"\n', '(', '/bits/ 64 '], 400, (text) => {
      const result = importFormat('dts', [{ path: 'f.dts', text }]);
      if ('errors' in result) for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.split('\n').length);
    });
    assert.equal(count, 400);
  });

  it('takes as long as the text is', function () {
    this.timeout(120_000);
    const start = performance.now();
    for (const text of ['/ { a; };\n'.repeat(40_000), `/ { ${'a { };'.repeat(60_000)}`, '{'.repeat(1_000_000), `/ { a = <${'1 '.repeat(200_000)}>; };`, `/ { a = "${'x'.repeat(1_000_000)}"; };`, '#if 1\n'.repeat(40_000), 'a: '.repeat(60_000),
      'x\\\n'.repeat(60_000), `#define A(x) x\n/ { a = <${'A('.repeat(30_000)}1>; };`, `#define A(x) x\n/ { a = <${'A('.repeat(20_000)}1${')'.repeat(20_000)}>; };`,
      `/ { a: a { }; };\n${'/delete-node/ &a;\n'.repeat(30_000)}`, `/ { ${Array.from({ length: 5000 }, (_, index) => `n${index}@1 { p = &{/n${index}}; };`).join(' ')} };`,
      `/ { #address-cells = <1>; #size-cells = <1>; b { #address-cells = <1>; #size-cells = <1>; ranges = <${'1 1 1 '.repeat(256)}>; ${Array.from({ length: 5000 }, (_, index) => `n${index} { compatible = "arm,gic-v3-its"; reg = <0 1>; };`).join(' ')} }; };`,
      `/ { #address-cells = <1>; #size-cells = <1>; ${Array.from({ length: 300 }, (_, index) => `n${index} { reg = <${'0 1 '.repeat(200)}>; };`).join(' ')} };`]) for (const as of ['vm', 'host'] as const) importFormat('dts', [{ path: 'f.dts', text }], { as });
    assert.ok(performance.now() - start < 30_000);
  });
});

describe('hostile device tree blobs', () => {
  const whole = readFileSync(join(DTB_DATA, 'virt-smmuv3-4g.dtb'));
  const withCell = (at: number, value: number): ImportFile => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32BE(value, at);
    return { path: 'f.dtb', text: '', bytes };
  };
  const structure = whole.readUInt32BE(8);

  it('tell the byte at fault', () => {
    assert.match(errorOf({ path: 'f.dtb', text: '', bytes: whole.subarray(0, 20) }), /^f\.dtb:0x14: the blob ends inside its header/);
    assert.match(errorOf({ path: 'f.dtb', text: '', bytes: whole.subarray(0, 4000) }), /^f\.dtb:0xfa0: the blob ends here, and its header says/);
    assert.match(errorOf(withCell(0, 1)), /^f\.dtb:0x0: a device tree blob begins with d00dfeed/);
    assert.match(errorOf(withCell(8, 0xfffffff0)), /^f\.dtb:0x8: the structure block lies outside/);
    assert.match(errorOf(withCell(12, 0xfffffff0)), /^f\.dtb:0xc: the strings block lies outside/);
    assert.match(errorOf(withCell(16, 0xfffffff0)), /^f\.dtb:0x10: the memory reservation block lies outside/);
    assert.match(errorOf(withCell(24, 18)), /^f\.dtb:0x14: version/);
    assert.match(errorOf(withCell(structure, 7)), /: 7 is no token of the structure block/);
    assert.match(errorOf(withCell(structure, 9)), /: there is no root node/);
    assert.match(errorOf(withCell(structure + 8, 2)), /./);
  });

  it('ignore padding, as QEMU writes it', () => {
    const padded = Buffer.concat([whole, Buffer.alloc(1 << 20)]);
    assert.equal(importOf({ path: 'virt-smmuv3-4g.dtb', text: '', bytes: padded }).text, importOf(fileAt(DTB_DATA, 'virt-smmuv3-4g.dtb')).text);
  });

  it('end where phandles lead in circles', () => {
    const loop = dts('/ { a: a { phandle = <1>; iommus = <1 1 1>; #iommu-cells = <0xffffffff>; msi-parent = <1>; memory-region = <1>; iommu-addresses = <1 0 0 1 0 0>; interrupt-parent = <1>; }; };');
    assert.ok('text' in importFormat('dts', [loop]));
  });

  it('never throw, whatever is done to the bytes', function () {
    this.timeout(60_000);
    const files = nodeNames(DTB_DATA).map((name) => readFileSync(join(DTB_DATA, name)));
    const count = mutatedBytes(files, 1500, (bytes) => {
      const result = importFormat('dtb', [{ path: 'f.dtb', text: '', bytes }]);
      if ('errors' in result) for (const { offset = 0 } of result.errors) assert.ok(offset >= 0 && offset <= bytes.length + 16);
      else assert.ok(result.text.endsWith('}\n'));
    });
    assert.equal(count, 1500);
  });
});

(corpus && existsSync(join(corpus, 'dts')) ? describe : describe.skip)('device trees of the corpus', () => {
  it('tell what the table of QEMU’s machines tells', () => checkMachines(join(corpus, 'dtb'), 41));

  it('hold what dtc reads in the blobs of 30 boards, and compiles from their sources', () => {
    const boards = readdirSync(join(corpus, 'dts')).sort();
    assert.equal(boards.length, 30);
    let [whole, same, unknown] = [0, 0, 0];
    for (const board of boards) {
      const folder = join(corpus, 'dts', board);
      const expected = blob(folder, `${board}.dtb`);
      const flat = compare(source(join(folder, `${board}.flat.dts`)), expected);
      // dtc writes a zero byte before digits as `\0`, and reads it back as another number.
      for (const one of flat.different) assert.match(one, /clock-names|mount-matrix/, board);
      const main = existsSync(join(folder, `${board}.dts`)) ? `${board}.dts` : `${board.replace(/_.*/, '')}.dts`;
      if (!existsSync(join(folder, main))) continue;
      const read = readDeviceTreeSource(sourceFile(join(folder, main)));
      assert.ok('root' in read, board);
      if (read.notes.some((note) => note.includes('what it says is missing'))) continue;
      whole += 1;
      const written = compare(read.root, expected);
      // Names of nodes that hang on macros of headers that aren’t there: the phandles after them are other numbers.
      if (/^(?:rk3588|mt8195)/.test(board)) assert.ok(written.different.length < 150, board);
      else assert.deepEqual(written.different, [], board);
      same += written.same;
      unknown += written.unknown;
    }
    assert.deepEqual([whole, same, unknown], [28, 36_107, 5749]);
  });

  it('become layouts that check', () => {
    for (const board of readdirSync(join(corpus, 'dts'))) {
      const { text } = importOf(fileAt(join(corpus, 'dts', board), `${board}.dtb`));
      const { result } = check(text);
      assert.deepEqual(result.findings.filter(({ level }) => level === 'error').map(({ message }) => message), [], board);
    }
  });

  it('ignore the padding that QEMU writes', () => {
    const bare = (name: string): string => importOf({ ...fileAt(join(corpus, 'dtb'), name), path: 'a.dtb' }).text;
    assert.equal(bare('arm-virt-a15-2g.full-1MiB.dtb').replace(/ *\/\/.*$/gm, ''), bare('arm-virt-a15-2g.dtb').replace(/ *\/\/.*$/gm, ''));
  });

  it('count the cells of IOVAs as the bus of the device does', () => {
    const { text } = importOf(fileAt(join(corpus, 'dts/exynos7870-a2corelte'), 'exynos7870-a2corelte.dtb'));
    assert.match(text, /device display-controller [^\n]*\{\n[^\n]*\n {4}reserved framebuffer at 0x6700_0000 size 2025 KiB kind direct/);
  });
});
