import assert from 'node:assert/strict';
import { contiguousPage, physicalOf, type DmaRequest } from '../../server/core/dma/requests.js';
import { formatAddress, formatRange, formatSize } from '../../server/core/layout/address.js';
import { check } from '../support/check.js';
import { planOn } from './plan-of.js';

// What a VMM asks to be mapped, and what it leaves out, for layouts of a few lines.

const HOST = `
  arch x86_64
  kernel 7.2
  page 4 KiB
  memory dram at 0 size 1 TiB
  iommu dmar0 {
    model vt-d
    bits 48
    reserved low at 0x1000_0000 size 4 KiB kind reserved
    reserved high at 0x2000_0000 size 4 KiB kind reserved
  }
  group 1 { device gpu "0000:01:00.0" { bar 0 size 16 MiB } }
`;

const planOf = (guest: string, host = HOST) => planOn(host, `${guest}\nassign gpu`);

/** `low 0x0-0xfff @0x0 rw memory 4 KiB`: name, IOVAs, offset in the backing, access, kind, and the page within which it is contiguous. */
function told(request: DmaRequest): string {
  const { name, range, offset, access, kind } = request;
  const page = contiguousPage(request, 4096n);
  return [name, formatRange(range), offset === undefined ? '-' : `@${formatAddress(offset)}`, access, kind, page === undefined ? 'one run' : formatSize(page)].join(' ');
}

const requested = (guest: string): string[] => planOf(guest).maps.map(told);
const leftOut = (guest: string, host?: string): string[] =>
  planOf(guest, host).leftOut.map(({ region, range, because, kept }) => [region.name, formatRange(range), because ?? kept.map(({ name }) => name).join('+')].join(' '));

describe('requests for regions', () => {
  for (const [what, guest, expected] of [
    ['RAM without a backing begins with itself', 'ram low at 1 GiB size 1 GiB', ['low 0x40000000-0x7fffffff @0x0 rw memory 4 KiB']],
    ['RAM of a backing has its offset there', 'backing p size 2 GiB hugetlb 2 MiB\nram low at 1 GiB size 1 GiB from p + 512 MiB', ['low 0x40000000-0x7fffffff @0x20000000 rw memory 2 MiB']],
    ['physical memory is one run', 'backing p size 2 GiB physical at 8 GiB\nram low at 1 GiB size 1 GiB from p + 1 GiB', ['low 0x40000000-0x7fffffff @0x40000000 rw memory one run']],
    ['a ROM is read alone, and can’t be executed by a device', 'vmm qemu\nbacking p size 1 MiB\nrom bios at 1 GiB size 1 MiB from p', ['bios 0x40000000-0x400fffff @0x0 r memory 4 KiB']],
    ['a ROM that is only to be executed is read, too', 'vmm qemu\nrom bios at 1 GiB size 1 MiB access x', ['bios 0x40000000-0x400fffff @0x0 r memory 4 KiB']],
    ['a BAR is one run of the device', 'vmm qemu\nbar gpu.0 at 1 GiB', ['gpu.0 0x40000000-0x40ffffff @0x0 rw bar one run']],
    ['a BAR keeps its offset in pieces', 'vmm qemu\nbar gpu.0 at 1 GiB\nmmio msix at 0x4000_2000 size 4 KiB over gpu.0',
      ['gpu.0-a 0x40000000-0x40001fff @0x0 rw bar one run', 'gpu.0-b 0x40003000-0x40ffffff @0x3000 rw bar one run']],
  ] as const) {
    it(what, () => assert.deepEqual(requested(guest), expected));
  }

  it('begin physically where the backing does', () => {
    const [low] = planOf('backing p size 2 GiB physical at 8 GiB\nram low at 1 GiB size 1 GiB from p + 1 GiB').maps;
    assert.equal(low && physicalOf(low), 9n << 30n);
    const [huge] = planOf('backing p size 2 GiB hugetlb 1 GiB\nram low at 1 GiB size 1 GiB from p + 1 GiB').maps;
    assert.equal(huge && physicalOf(huge), 1n << 30n);
  });

  it('of a BAR are in phase where its own offsets are', () => {
    const sizes = (offset: string): string[] => planOf(`bar gpu.0 at 1 GiB\nmap regs at 8 GiB size 4 MiB to gpu.0 + ${offset}`).maps.flatMap(({ usableSizes }) => usableSizes.map(formatSize));
    assert.deepEqual(sizes('2 MiB'), ['2 MiB', '4 KiB']);
    assert.deepEqual(sizes('4 KiB'), ['4 KiB']);
  });

  it('have a letter for each piece, and after z the letters again with a number', () => {
    const holes = Array.from({ length: 27 }, (_, index) => `mmio h${index} at ${0x4000_1000 + 0x2000 * index} size 4 KiB over low`);
    const names = planOf(['vmm qemu', 'ram low at 1 GiB size 1 GiB', ...holes].join('\n')).maps.map(({ name }) => name);
    assert.deepEqual([names[0], names[1], names[25], names[26], names[27]], ['low-a', 'low-b', 'low-z', 'low-a1', 'low-b1']);
  });
});

describe('requests that are written', () => {
  for (const [what, guest, expected] of [
    ['are those alone', 'ram low at 1 GiB size 1 GiB\nram high at 4 GiB size 1 GiB\nmap only to low', ['only 0x40000000-0x7fffffff @0x0 rw memory 4 KiB']],
    ['count from the region’s place in its backing', 'backing p size 4 GiB\nram low at 1 GiB size 2 GiB from p + 1 GiB\nmap part at 0 size 1 MiB to low + 1 GiB access r',
      ['part 0x0-0xfffff @0x80000000 r memory 4 KiB']],
    ['of a BAR count from its begin, and read and write', 'bar gpu.0 at 1 GiB\nmap regs at 0 size 1 MiB to gpu.0 + 4 KiB', ['regs 0x0-0xfffff @0x1000 rw bar one run']],
    ['of registers are of a device, too', 'mmio uart at 1 GiB size 4 KiB\nmap regs to uart', ['regs 0x40000000-0x40000fff @0x0 rw bar one run']],
    ['of what is only to be executed read it', 'rom bios at 1 GiB size 4 KiB access x\nmap flash to bios', ['flash 0x40000000-0x40000fff @0x0 r memory 4 KiB']],
    ['of a ROM only read it', 'rom bios at 1 GiB size 4 KiB\nmap flash to bios', ['flash 0x40000000-0x40000fff @0x0 r memory 4 KiB']],
  ] as const) {
    it(what, () => assert.deepEqual(requested(guest), expected));
  }
});

describe('what has nothing in it', () => {
  it('is asked for by nobody, whatever is written', () => {
    const mapsOf = (lines: string) => check(`host box {\n${HOST}\n}\nvm web on box {\n${lines}\nassign gpu\n}\n`).result.vms[0]?.plan?.maps.map(({ name }) => name);
    for (const what of ['hole it', 'avoid it', 'doorbell it']) {
      assert.deepEqual(mapsOf(`ram low at 0 size 4 KiB\n${what} at 2 GiB size 1 GiB dma on`), ['low'], what);
      assert.deepEqual(mapsOf(`${what} at 2 GiB size 1 GiB\nmap all to it\nmap part at 0 size 4 KiB to it`), [], what);
    }
  });
});

describe('what QEMU skips', () => {
  for (const [what, guest, expected] of [
    ['is what fills no page at the ends', 'backing p size 1 MiB\nrom bios at 0x4000_0800 size 0x2000 from p + 2 KiB', ['bios 0x40000800-0x40000fff part-of-page', 'bios 0x40002000-0x400027ff part-of-page']],
    ['is memory of its own that begins within a page', 'rom bios at 0x4000_0800 size 0x2000', ['bios 0x40000800-0x400027ff unaligned']],
    ['is a section whose address and offset differ within a page', 'backing p size 1 MiB\nram low at 0x4000_0800 size 64 KiB from p + 1 KiB', ['low 0x40000800-0x400107ff unaligned']],
    ['is no section whose address and offset are the same within a page', 'backing p size 1 MiB\nram low at 0x4000_0800 size 0x1800 from p + 2 KiB', ['low 0x40000800-0x40000fff part-of-page']],
    ['is no RAM in whole pages', 'backing p size 1 MiB\nram low at 1 GiB size 1 MiB from p', []],
  ] as const) {
    it(what, () => assert.deepEqual(leftOut(`vmm qemu\n${guest}`), expected));
  }

  it('is what lies at 2^63 or past it', () => {
    const at = (address: string): string[] => leftOut(`vmm qemu\nram far at ${address} size 1 MiB`);
    assert.deepEqual(at('0x8000_0000_0000_0000'), ['far 0x8000000000000000-0x80000000000fffff bit-63']);
    assert.deepEqual(at('0x7fff_ffff_0000_0000'), []);
  });

  it('is a BAR that isn’t whole pages of the IOMMU, and no RAM that isn’t', () => {
    const large = HOST.replace('model vt-d', 'model vt-d\nblocks 64 KiB, 2 MiB');
    assert.deepEqual(leftOut('vmm qemu\nbar gpu.0 at 1 GiB', large), []);
    const cut = 'vmm qemu\nbar gpu.0 at 1 GiB\nmmio msix at 0x4000_2000 size 4 KiB over gpu.0';
    assert.deepEqual(leftOut(cut, large), ['gpu.0 0x40000000-0x40001fff part-of-page', 'gpu.0 0x40003000-0x40ffffff part-of-page']);
    assert.deepEqual(leftOut('vmm qemu\nram low at 0x4000_1000 size 1 MiB', large), []);
  });
});

describe('what is carved out', () => {
  const CARVED = 'on-overlap carve\nbacking p size 4 GiB hugetlb 1 GiB\nram low at 0 size 1 GiB from p + 1 GiB';

  it('is each kept range, told with those that it is for', () => {
    assert.deepEqual(leftOut(CARVED), ['low 0x10000000-0x10000fff low', 'low 0x20000000-0x20000fff high']);
    assert.deepEqual(requested(CARVED), [
      'low-a 0x0-0xfffffff @0x40000000 rw memory 1 GiB',
      'low-b 0x10001000-0x1fffffff @0x50001000 rw memory 1 GiB',
      'low-c 0x20001000-0x3fffffff @0x60001000 rw memory 1 GiB',
    ]);
  });

  it('is nothing of what devices keep elsewhere', () => {
    const clear = CARVED.replace('low at 0', 'low at 1 GiB');
    assert.deepEqual(leftOut(clear), []);
    assert.deepEqual(requested(clear), ['low 0x40000000-0x7fffffff @0x40000000 rw memory 1 GiB']);
  });
});
