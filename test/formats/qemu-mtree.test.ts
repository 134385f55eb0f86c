import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { importQemuMtree } from '../../server/core/formats/index.js';
import { filesIn, MTREE_DATA } from './imported.js';
import { systemSections, withoutComments, writtenBackings, writtenRegions, type Section } from './readers.js';

const read = (name: string): string => readFileSync(join(MTREE_DATA, name), 'utf8');
const flat = filesIn(MTREE_DATA, '.mtree-f.txt');
const owned = filesIn(MTREE_DATA, '.mtree-fo.txt');
const stateOf = (name: string): string => name.replace(/\.mtree-fo?\.txt$/, '');
const machineOf = (name: string): string => stateOf(name).replace(/\.(before|after\d)$/, '');

function layoutOf(name: string): string {
  const result = importQemuMtree(read(name), { path: name });
  assert.ok('text' in result, `${name}: ${JSON.stringify(result)}`);
  return result.text;
}

const notesOf = (name: string): string => {
  const result = importQemuMtree(read(name), { path: name });
  return 'notes' in result ? result.notes.join('\n') : '';
};

/** Ids of memory backends that the command line gives to ivshmem devices. */
const sharedMemory = (name: string): string[] =>
  [...read(`${machineOf(name)}.cmd`).matchAll(/ivshmem-plain,[^ ]*?memdev=(\w+)/g)].map((match) => match[1] ?? '');

/** Sections of guest RAM, by what `-o` says of their owners. */
function guestRam(name: string): Section[] {
  const shared = sharedMemory(name).map((id) => `obj path=/objects/${id}`);
  return systemSections(read(name)).filter(
    ({ type, owner }) => /^(nv-)?ram$/.test(type) && owner.startsWith('obj path=/objects/') && !shared.includes(owner),
  );
}

const rangesOf = (items: readonly { base: bigint; size: bigint }[]): string[] =>
  items.map(({ base, size }) => `0x${base.toString(16)}+0x${size.toString(16)}`);

describe('import of info mtree -f', () => {
  it('has every dump of the corpus', () => {
    assert.equal(flat.length, 105);
    assert.equal(owned.length, 104);
    assert.equal(filesIn(MTREE_DATA, '.qmp.json').length, 105);
    assert.equal(filesIn(MTREE_DATA, '.cmd').length, 102);
    assert.equal(new Set(flat.map(machineOf)).size, 102);
    const without = flat.map(stateOf).filter((state) => !owned.map(stateOf).includes(state));
    assert.deepEqual(without, ['q10-riscv-virt-iommu-sys-imsic-4g']);
  });

  it('writes every section once, with its range and name, in order', () => {
    let count = 0;
    for (const name of [...flat, ...owned]) {
      const sections = systemSections(read(name));
      const written = writtenRegions(layoutOf(name)).filter(({ keyword }) => keyword !== 'doorbell');
      assert.deepEqual(rangesOf(written), rangesOf(sections), name);
      assert.deepEqual(written.map(({ label }) => label), sections.map(({ region }) => region), name);
      assert.deepEqual(written.map(({ line }) => line), sections.map(({ line }) => line), name);
      count += sections.length;
    }
    assert.equal(count, 6523);
  });

  it('finds the guest’s RAM exactly as the owners tell it', () => {
    for (const name of owned) {
      const ram = writtenRegions(layoutOf(name)).filter(({ keyword }) => keyword === 'ram');
      const expected = guestRam(name);
      assert.deepEqual(rangesOf(ram), rangesOf(expected), name);
      for (const [index, { from, label }] of ram.entries()) {
        assert.equal(from?.[1], expected[index]?.offset, name);
        assert.equal(`obj path=/objects/${label}`, expected[index]?.owner, name);
      }
    }
  });

  it('takes RAM from a backing that is as large as QMP says', () => {
    for (const name of flat) {
      const memdevs: { id: string; size: number }[] = JSON.parse(read(`${stateOf(name)}.qmp.json`))['query-memdev'].return;
      const sizes = new Map(memdevs.map(({ id, size }) => [id, BigInt(size)]));
      for (const { label, size } of writtenBackings(layoutOf(name)).filter(({ isGuestRam }) => isGuestRam)) {
        // The end of an NVDIMM's backend is its label area, which the guest's memory doesn't show.
        assert.equal(size, label === 'nv0' ? (sizes.get(label) ?? 0n) - (2n << 20n) : sizes.get(label), `${name}: ${label}`);
      }
    }
  });

  it('adds up to the memory that QMP counts', () => {
    for (const name of flat) {
      const qmp = JSON.parse(read(`${stateOf(name)}.qmp.json`));
      const devices: { type: string; data: { memdev: string; addr?: number; size: number } }[] =
        qmp['query-memory-devices'].return;
      const plugged = devices.map(({ data }) => data.memdev.replace('/objects/', ''));
      const layout = layoutOf(name);
      const backings = writtenBackings(layout).filter(({ isGuestRam }) => isGuestRam);
      const base = backings.filter(({ label }) => !plugged.includes(label)).reduce((sum, { size }) => sum + size, 0n);
      const counted = BigInt(qmp['query-memory-size-summary'].return['base-memory']);
      // The machine `none` has a size, but no memory.
      assert.equal(base, name.startsWith('machine-none') ? 0n : counted, name);
      for (const { type, data } of devices.filter((device) => device.type === 'dimm' || device.type === 'nvdimm')) {
        const piece = writtenRegions(layout).find(({ base: at }) => at === BigInt(data.addr ?? 0));
        assert.deepEqual([piece?.keyword, piece?.size], ['ram', BigInt(data.size)], `${name}: ${type}`);
      }
    }
  });

  it('says the same with and without owners', () => {
    const different: string[] = [];
    for (const name of owned) {
      const [plain, full] = [`${stateOf(name)}.mtree-f.txt`, name].map((file) => withoutComments(layoutOf(file)).split('\n'));
      assert.ok(plain && full);
      const onlyHere = [...plain.filter((line) => !full.includes(line)), ...full.filter((line) => !plain.includes(line))];
      if (onlyHere.length > 0) different.push(stateOf(name));
      // Only owners tell whether two pieces of a device's memory show the same bytes.
      for (const line of onlyHere) assert.match(line, /^  (mmio|backing) (vga_vram|imx6_ocram)/, name);
    }
    assert.deepEqual(different, ['arm-sabrelite-1g', 'q35-ovmf-3dev-2g']);
  });

  it('maps for DMA what QEMU maps: memory, but no ROM device', () => {
    for (const name of [...flat, ...owned]) {
      const sections = systemSections(read(name));
      const devices = new Set(sections.filter(({ type }) => type === 'romd').map(({ region }) => region));
      const mapped = sections.filter(({ type, region }) => /^(nv-)?(ram|rom|ramd)$/.test(type) && !devices.has(region));
      const written = writtenRegions(layoutOf(name)).filter(
        ({ keyword, dma }) => (keyword === 'ram' || keyword === 'rom' || dma === 'on') && dma !== 'off',
      );
      assert.deepEqual(rangesOf(written), rangesOf(mapped), name);
      const readOnly = written.filter(({ keyword }) => keyword === 'rom');
      assert.deepEqual(rangesOf(readOnly), rangesOf(mapped.filter(({ type }) => type === 'rom')), name);
    }
  });

  it('shows bytes through names that exist, and gives everything a name of its own', () => {
    for (const name of [...flat, ...owned]) {
      const layout = layoutOf(name);
      const names = [...writtenRegions(layout), ...writtenBackings(layout)].map((written) => written.name);
      assert.equal(new Set(names).size, names.length, name);
      for (const legal of names) assert.match(legal, /^[A-Za-z_]\w*(-[A-Za-z]\w*)*$/);
      const backings = new Set(writtenBackings(layout).map((backing) => backing.name));
      for (const { from, alias, keyword } of writtenRegions(layout)) {
        if (from) assert.ok(backings.has(from[0]), name);
        else assert.ok(keyword !== 'ram', name);
        if (alias) assert.ok(names.includes(alias), name);
      }
    }
  });

  it('finds the doorbells', () => {
    const table = read('doorbells.tsv').trimEnd().split('\n').map((row) => row.split('\t'));
    const expected = new Map(table.map(([machine = '', list = '']) => [machine, list === '' ? [] : list.split(',')]));
    assert.equal(expected.size, 102);
    for (const name of [...flat, ...owned]) {
      const doorbells = writtenRegions(layoutOf(name)).filter(({ keyword }) => keyword === 'doorbell');
      assert.deepEqual(doorbells.map(({ base }) => `0x${base.toString(16)}`), expected.get(machineOf(name)), name);
    }
  });

  it('writes the same text again, with the file’s name and nothing of its path', () => {
    for (const name of flat) {
      const again = importQemuMtree(read(name), { path: join('/some/where', name) });
      assert.ok('text' in again && again.text === layoutOf(name), name);
      assert.ok(again.text.includes(basename(name)));
    }
  });

  it('tells what it leaves out', () => {
    assert.match(notesOf('q35-4g.mtree-f.txt'), /other flat views? (is|are) not imported: .*"I\/O"/);
    assert.match(notesOf('q35-4g.mtree-f.txt'), /guest RAM was told by the names/);
    assert.doesNotMatch(notesOf('q35-4g.mtree-fo.txt'), /guest RAM was told by the names/);
    assert.match(notesOf('virt-virtio-mem-2g.mtree-fo.txt'), /virtio-mem/);
    for (const name of ['virt-smmuv3-4g', 'q35-intel-iommu-seabios-4g', 'q35-amd-iommu-seabios-4g', 'virt-virtio-iommu-2g']) {
      assert.match(notesOf(`${name}.mtree-fo.txt`), /behind a vIOMMU/, name);
    }
    assert.doesNotMatch(notesOf('virt-gic3-its-4g.mtree-fo.txt'), /vIOMMU|virtio-mem/);
  });
});
