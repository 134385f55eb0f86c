import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFormat, importInputs, type ImportFile } from '../../server/core/formats/index.js';
import { check } from '../support/check.js';
import { filesIn } from './imported.js';
import { configurationOf, JAILHOUSE_DATA, rowsOf, type Row } from './jailhouse-source.js';
import { mutated } from './mutations.js';
import { quantity } from './readers.js';

function importOf(text: string, path = 'cell.c', include?: ImportFile['include']): { text: string; notes: readonly string[] } {
  const result = importFormat('jailhouse', [{ path, text, ...(include && { include }) }]);
  assert.ok('text' in result, JSON.stringify(result));
  return result;
}

function errorOf(text: string): string {
  const result = importFormat('jailhouse', [{ path: 'f.c', text }]);
  assert.ok('errors' in result, 'expected an error');
  return `${result.errors[0]?.path}:${result.errors[0]?.line}: ${result.errors[0]?.message}`;
}

/** `virtual physical size flags` of each region, as a layout and its comments tell them. */
const written = (layout: string): string[] =>
  [...layout.matchAll(/^ {2}(ram|mmio) \S+ at (\S+) size (0x\w+|\d+ \w+)(?: backing physical at (\S+))?([^/\n]*)\/\/ (.*)$/gm)].map(
    ([, , virtual = '', size = '', physical, , about = '']) =>
      `${quantity(virtual)} ${quantity(physical ?? /; physical (\S+)$/.exec(about)?.[1] ?? virtual)} ${quantity(size)} ${/[A-Z_|0-9]*?(?=; physical |$)/.exec(/[A-Z_]+(?:\|[A-Z_]+)*(?=; physical |$)/.exec(about)?.[0] ?? '')?.[0] ?? ''}`,
  );

const expected = (rows: readonly Row[]): string[] =>
  rows.filter(({ size }) => size !== '0x0').map(({ virtual, physical, size, flags }) => `${BigInt(virtual)} ${BigInt(physical)} ${BigInt(size)} ${flags.split('|').sort(byFlag).join('|')}`);

const ORDER = ['READ', 'WRITE', 'EXECUTE', 'DMA', 'IO', 'COMM_REGION', 'LOADABLE', 'ROOTSHARED'];
const byFlag = (left: string, right: string): number => ORDER.indexOf(left) - ORDER.indexOf(right);

const INMATE = `/*
 * A cell.
 */
#include <jailhouse/types.h>
#include <jailhouse/cell-config.h>

#define BASE	0x70000000

struct {
	struct jailhouse_cell_desc cell;
	struct jailhouse_memory mem_regions[3];
} __attribute__((packed)) config = {
	.cell = {
		.signature = JAILHOUSE_CELL_DESC_SIGNATURE,
		.name = "demo",
		.num_memory_regions = ARRAY_SIZE(config.mem_regions),
	},

	.mem_regions = {
		/* RAM */ {
			.phys_start = BASE,
			.virt_start = 0,
			.size = 0x8000000,
			.flags = JAILHOUSE_MEM_READ | JAILHOUSE_MEM_WRITE |
				JAILHOUSE_MEM_EXECUTE | JAILHOUSE_MEM_DMA | JAILHOUSE_MEM_LOADABLE,
		},
		{ 0 },
		/* UART */
		{
			.phys_start = 0x9000000,
			.virt_start = 0x9000000,
			.size = 0x1000,
			.flags = JAILHOUSE_MEM_READ | JAILHOUSE_MEM_WRITE | JAILHOUSE_MEM_IO,
		},
	},
};
`;

describe('import of Jailhouse configurations', () => {
  it('reads as a layout', () => {
    assert.equal(
      importOf(INMATE).text,
      `// Imported from the Jailhouse configuration cell.c. Each comment tells the line it comes from.
vm demo {
  vmm jailhouse                                                         // line 12
  ram RAM at 0 size 128 MiB backing physical at 0x7000_0000 access rwx  // line 20: RAM; READ|WRITE|EXECUTE|DMA|LOADABLE
  // line 27: an empty region
  mmio UART at 0x900_0000 size 4 KiB access rw // line 29: UART; READ|WRITE|IO
}
`,
    );
  });

  it('gives back every region of ten published cells', () => {
    const names = filesIn(JAILHOUSE_DATA, '.tsv');
    assert.equal(names.length, 10);
    let count = 0;
    for (const name of names) {
      const rows = rowsOf(readFileSync(join(JAILHOUSE_DATA, name), 'utf8'));
      const { text } = importOf(configurationOf(name, rows), name.replace('.tsv', '.c'));
      const regions = rows.filter(({ flags }) => !flags.startsWith('('));
      assert.deepEqual(written(text), expected(regions), name);
      const [hypervisor] = rows.filter(({ flags }) => flags === '(hypervisor)');
      if (hypervisor) assert.match(text, new RegExp(`memory hypervisor_memory at ${hypervisor.physical.replace(/(?=(?:[0-9a-f]{4})+$)/g, '_').replace('0x_', '0x')} size`), name);
      count += regions.length;
    }
    assert.equal(count, 193);
  });

  it('finds a root cell’s machine, and lets its cells run on it', () => {
    const root = readFileSync(join(JAILHOUSE_DATA, 'jailhouse-x86-qemu-x86.tsv'), 'utf8');
    const files = [{ path: 'root.c', text: configurationOf('jailhouse-x86-qemu-x86.tsv', rowsOf(root)) }, { path: 'demo.c', text: INMATE }];
    const result = importInputs([{ format: 'jailhouse', files }]);
    assert.ok('text' in result);
    assert.match(result.text, /^host \w+ \{\n {2}arch x86_64[^]*memory hypervisor_memory at 0x3a00_0000 size 6 MiB for hypervisor[^]*model vt-d/m);
    assert.match(result.text, /^vm demo on \w+ \{$/m);
    const { result: checked } = check(result.text);
    assert.deepEqual(checked.findings.filter(({ rule }) => /syntax|unknown|duplicate|type|value/.test(rule)).map(({ message }) => message), []);
  });

  it('expands what a header defines, where there is one', () => {
    const header = '#define JAILHOUSE_MEM_READ 0x0001\n#define MY_FLAGS (JAILHOUSE_MEM_READ | 0x4)\n';
    const { text } = importOf(INMATE.replace('JAILHOUSE_MEM_READ | JAILHOUSE_MEM_WRITE | JAILHOUSE_MEM_IO', 'MY_FLAGS'), 'cell.c', (name) => (name === 'jailhouse/cell-config.h' ? { path: name, text: header } : undefined));
    assert.match(text, /UART; READ\|EXECUTE\n/);
  });

  it('tells what is wrong and where', () => {
    assert.match(errorOf(''), /^f\.c:1: no structure is initialized/);
    assert.match(errorOf('struct { } config = {\n};'), /^f\.c:1: neither `.header` of a root cell nor `.cell`/);
    assert.match(errorOf(INMATE.replace('0x8000000,', '0x8000000')), /^f\.c:24: expected `=` after|^f\.c:\d+: /);
    assert.match(errorOf(INMATE.replace('BASE,', 'NOBODY,')), /^f\.c:21: nothing says what NOBODY is/);
    assert.match(errorOf(INMATE.replace('{ 0 }', 'MY_REGION(1)')), /^f\.c:27: `MY_REGION\(1\)` is no region, and no macro that is known/);
    assert.match(errorOf(INMATE.replace('.virt_start = 0,', '.virt_start = 0xfffffffffffff000,')), /^f\.c:20: the region reaches past 2\^64/);
    assert.match(errorOf(INMATE.replace('.size = 0x8000000', '.size = 0x1ffffffffffffffff')), /^f\.c:23: .* is past 2\^64/);
    assert.match(errorOf(`x config = ${'{'.repeat(500)}`), /^f\.c:1: braces lie in each other more than 50 deep/);
    assert.match(errorOf('x config = { "'), /^f\.c:1: a string that isn’t closed/);
  });

  it('never throws, and takes as long as the text is', function () {
    this.timeout(60_000);
    const texts = [INMATE, ...filesIn(JAILHOUSE_DATA, '.tsv').map((name) => configurationOf(name, rowsOf(readFileSync(join(JAILHOUSE_DATA, name), 'utf8'))))];
    const count = mutated(texts, ['{', '}', ',', '.size = ', '(', '/*', '*/', '#define X {\n', 'X', '"'], 500, (text) => {
      const result = importFormat('jailhouse', [{ path: 'f.c', text }]);
      if ('errors' in result) for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.split('\n').length, JSON.stringify(result.errors));
    });
    assert.equal(count, 500);
    const start = performance.now();
    for (const text of [`x config = { ${'{ 0 }, '.repeat(500_000)} };`, `x config = { .mem_regions = { ${'a,'.repeat(500_000)} } };`, '/*'.repeat(500_000), `x config = {${' '.repeat(2_000_000)}`]) importFormat('jailhouse', [{ path: 'f.c', text }]);
    assert.ok(performance.now() - start < 20_000);
  });
});
