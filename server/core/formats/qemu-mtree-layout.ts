import { sizeOf, type Range } from '../layout/intervals.js';
import { fileName, type ImportOptions, type LineError } from './import-result.js';
import { writeParts, type LayoutPart } from './layout-part.js';
import { writeAddress, writeSize } from '../layout/written.js';
import {
  blankLine,
  codeLine,
  legalName,
  newNames,
  remark,
  writeLineNumbers,
  writeText,
  type LayoutLine,
  type Names,
} from './layout-text.js';
import { tellStrange } from './pasted-text.js';
import { doorbellIn } from './qemu-doorbells.js';
import { readQemuMtree, systemView, type FlatSection, type FlatView, type MemoryTree } from './qemu-mtree.js';
import { isPlainTree, readPlainTree } from './qemu-mtree-plain.js';
import { hasBackendOwners, ramBlocksOf, type RamBlock } from './qemu-ram-blocks.js';

/**
 * Writes the machine of an `info mtree -f` dump as a `vm`. Every section becomes one declaration, and what QEMU maps
 * for DMA is exactly what the plan of the layout maps (domain: 5.4, 5.8):
 *
 * - guest RAM is `ram`, its bytes taken `from` a backing of its RAM block, at the printed offset;
 * - RAM to QEMU that isn't the guest's (`vga.vram`, ivshmem, on-chip RAM) is `mmio … dma on`, with a backing too, since
 *   it is ordinary memory of the host and pinned like it. It isn't `ram`: a reviewer, a policy `for r in ram`, the
 *   vm's `ram` and an exported device tree mean the guest's memory by that word;
 * - memory of assigned devices (`ramd`) is `mmio … dma on` without a backing, as a BAR is;
 * - `rom` is `rom`, which the plan maps read-only as QEMU does; a ROM device (flash) is `rom … dma off`, since
 *   QEMU doesn't take it for RAM; everything else is `mmio`.
 */
export interface MtreeOptions extends ImportOptions {
  /** Where the dump came from. */
  readonly path?: string;
}

export type MtreeResult =
  | { readonly text: string; readonly notes: readonly string[] }
  | { readonly errors: readonly LineError[] };

/** Reads a dump and writes it as a layout. */
export function importQemuMtree(text: string, options: MtreeOptions = {}): MtreeResult {
  const read = machineOf(text, options);
  return 'errors' in read ? read : writeParts([read.part], options);
}

/** The machine of a dump, flat or plain. */
export function machineOf(text: string, options: MtreeOptions): { readonly part: LayoutPart } | { readonly errors: readonly LineError[] } {
  const tree = isPlainTree(text) ? readPlainTree(text) : readQemuMtree(text);
  if ('errors' in tree) return tree;
  const view = systemView(tree);
  if ('message' in view) return { errors: [view] };
  const blocks = ramBlocksOf(tree, view);
  return {
    part: {
      kind: 'vm',
      name: options.name ?? machineName(options.path),
      about: headerOf(tree, view, options.path),
      lines: machineLines(view, blocks),
      notes: notesOn(tree, view, blocks),
    },
  };
}

/** The vm's name: that of the file, without the endings that dumps are given. */
function machineName(path: string | undefined): string {
  const stem = fileName(path ?? '').replace(/(?:\.(?:txt|log|out|mtree(?:-fo?)?))+$/i, '');
  return legalName(stem === '-' ? '' : stem, 'machine');
}

function headerOf(tree: MemoryTree, view: FlatView, path: string | undefined): string[] {
  const from = path === undefined || fileName(path) === '' ? '' : ` in ${fileName(path)}`;
  const how = `info mtree${tree.plain ? '' : ' -f'}${hasBackendOwners(view) ? ' -o' : ''}`;
  const what = tree.plain ? 'the address space "memory", its tree made flat' : 'the flat view of the address space "memory"';
  return [
    `Imported from QEMU \`${how}\`${from}: ${what}.`,
    'Each comment tells the line it comes from, and what QEMU prints there besides the range.',
  ];
}

function machineLines(view: FlatView, blocks: ReadonlyMap<FlatSection, RamBlock>): LayoutLine[] {
  const names = newNames();
  const backings = new Map<RamBlock, string>();
  const backingLines: LayoutLine[] = [];
  for (const block of new Set(blocks.values())) {
    if (!needsBacking(block)) continue;
    backings.set(block, names.take(legalName(block.region, 'block')));
    backingLines.push(backingLine(block, backings.get(block) ?? ''));
  }
  const regions = nameRegions(view.sections, names);
  const context: Context = { blocks, backings, regions, names };
  const empty = view.sections.length === 0 ? `line ${view.line}: the flat view is empty` : undefined;
  return [
    codeLine('vmm qemu', empty),
    ...section(backingLines, BACKING_REMARKS),
    ...section(view.sections.flatMap((one, index) => sectionLines(one, view.sections[index - 1], context))),
  ];
}

const BACKING_REMARKS = [
  'RAM blocks, as large as the highest byte that the dump shows. It doesn’t tell their pages: `anonymous` is assumed,',
  'write `hugetlb 2 MiB` or the like if that is what they are.',
];

/** Lines set apart from those above them, with what is to be said about them all. */
const section = (lines: readonly LayoutLine[], about: readonly string[] = []): LayoutLine[] =>
  lines.length === 0 ? [] : [blankLine, ...about.map(remark), ...lines];

/** What QEMU may write has a backing; a `rom` has one of its own anyway, unless offsets of its pieces must be told. */
const needsBacking = (block: RamBlock): boolean =>
  block.pieces.some((piece) => piece.type === 'ram' || (piece.offset !== 0n && !block.aliases.has(piece)));

function backingLine(block: RamBlock, name: string): LayoutLine {
  const label = name === block.region ? '' : ` label ${writeText(block.region)}`;
  const what = block.isGuestRam ? '' : 'not guest RAM; ';
  const from = writeLineNumbers(block.pieces.map((piece) => piece.line));
  return codeLine(`backing ${name} size ${writeSize(block.size)} anonymous${label}`, `${what}${from}`);
}

// ── Sections ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Context {
  readonly blocks: ReadonlyMap<FlatSection, RamBlock>;
  readonly backings: ReadonlyMap<RamBlock, string>;
  readonly regions: ReadonlyMap<FlatSection, string>;
  readonly names: Names;
}

/** A name for every section, before any is written: an alias may name a section further down. */
const nameRegions = (sections: readonly FlatSection[], names: Names): ReadonlyMap<FlatSection, string> =>
  new Map(sections.map((one) => [one, names.take(regionName(one.region), addressSuffix(one.range))]));

/** `0000:01:00.0 BAR 0 mmaps[0]`, as vfio-pci calls what it maps of a device, begins with a digit: turned around. */
const regionName = (region: string): string =>
  legalName(region.replace(/^([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) BAR (\d+) mmaps\[\d+\]$/, 'bar$2 of $1'), 'region');

const addressSuffix = (range: Range): string => `at_${range.base.toString(16)}`;

function sectionLines(one: FlatSection, before: FlatSection | undefined, context: Context): LayoutLine[] {
  const block = context.blocks.get(one);
  const name = context.regions.get(one) ?? '';
  const { keyword, bytes = [], dma = [] } = formOf(one, block, context);
  const label = name === one.region ? [] : [`label ${writeText(one.region)}`];
  const code = [keyword, name, extent(one.range), ...bytes, ...label, ...dma].join(' ');
  return [codeLine(code, origin(one, block)), ...doorbellLines(one, before, context.names)];
}

/** How a section is written; see the head of this file for the reasons. */
function formOf(
  one: FlatSection,
  block: RamBlock | undefined,
  context: Context,
): { keyword: string; bytes?: string[]; dma?: string[] } {
  switch (one.type) {
    case 'ram':
      return block?.isGuestRam
        ? { keyword: 'ram', bytes: bytesOf(one, block, context) }
        : { keyword: 'mmio', bytes: bytesOf(one, block, context), dma: ['dma on'] };
    case 'rom':
      return block ? { keyword: 'rom', bytes: bytesOf(one, block, context) } : { keyword: 'rom', dma: ['dma off'] };
    case 'romd':
      return { keyword: 'rom', dma: ['dma off'] };
    case 'ramd':
      return { keyword: 'mmio', dma: ['dma on'] };
    case 'i/o':
      return { keyword: 'mmio' };
  }
}

const extent = (range: Range): string => `at ${writeAddress(range.base)} size ${writeSize(sizeOf(range))}`;

/** Which bytes of the block a section shows. */
function bytesOf(one: FlatSection, block: RamBlock | undefined, context: Context): string[] {
  const alias = block?.aliases.get(one);
  const backing = block && context.backings.get(block);
  if (alias === undefined) return backing === undefined ? [] : [`from ${backing} + ${writeAddress(one.offset)}`];
  const offset = alias.offset === 0n ? '' : ` + ${writeAddress(alias.offset)}`;
  return [`alias ${context.regions.get(alias.of) ?? ''}${offset}`];
}

/** `line 12: rom, prio 1, offset 0x4000, KVM, dev path=/machine/…`: all that QEMU prints. */
function origin(one: FlatSection, block: RamBlock | undefined): string {
  const facts = [
    `line ${one.line}: ${one.nonvolatile ? 'nv-' : ''}${one.type}`,
    `prio ${one.priority}`,
    ...(one.offset === 0n ? [] : [`offset 0x${one.offset.toString(16)}`]),
    ...(one.accelerated ? ['KVM'] : []),
    ...(one.owner === '' ? [] : [one.owner]),
  ];
  return [facts.join(', '), ...remarksOn(one, block)].join('; ');
}

function remarksOn(one: FlatSection, block: RamBlock | undefined): string[] {
  const remarks: string[] = [];
  if (one.type === 'ram' && !block?.isGuestRam) remarks.push('not guest RAM');
  if (one.type === 'rom' && block === undefined) remarks.push('shows a ROM device');
  if (block?.isDoubtful) remarks.push('maybe the bytes of another piece of that name (`-o` would tell)');
  if (block?.clashes.has(one)) remarks.push('shares some of its bytes with another piece');
  return remarks;
}

function doorbellLines(one: FlatSection, before: FlatSection | undefined, names: Names): LayoutLine[] {
  const doorbell = doorbellIn(one, before);
  if (doorbell === undefined) return [];
  const name = names.take(doorbell.name, addressSuffix(doorbell.range));
  return [codeLine(`doorbell ${name} ${extent(doorbell.range)}`, `line ${one.line}: ${doorbell.about}`)];
}

// ── Notes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the dump says that the layout doesn't, and what had to be guessed. */
function notesOn(tree: MemoryTree, view: FlatView, blocks: ReadonlyMap<FlatSection, RamBlock>): string[] {
  const spaces = new Set(tree.views.flatMap((one) => (one === view ? [] : [...one.spaces])));
  const roots = new Set(tree.views.flatMap((one) => [...one.roots]));
  const translated = [...roots].find((root) => /iommu|^vtd-|^amdvi/.test(root));
  const everySpace = tree.views.flatMap((one) => [...one.spaces]);
  const notes = [...tellStrange(tree.strange), ...(tree.plain?.notes ?? [])];
  if (view.spaces.size === 0) {
    notes.push(`line ${view.line}: nothing says whose view this is; taken for that of the address space "memory"`);
  }
  if (spaces.size > 0 && !tree.plain) notes.push(`${countedViews(tree.views.length - 1)} not imported: ${listed([...spaces])}`);
  if (!hasBackendOwners(view) && view.sections.some((one) => one.type === 'ram')) {
    notes.push('guest RAM was told by the names of its regions; `info mtree -f -o` says who owns them');
  }
  if (translated !== undefined) {
    notes.push(`devices behind a vIOMMU (${writeText(translated)}) don’t see this view: declare it with \`viommu\``);
  }
  if (everySpace.some((space) => space.startsWith('virtio-mem'))) {
    notes.push(
      'a virtio-mem device is there: its memory is shown whole or not at all, however much is plugged; say ' +
        '`hotplug virtio-mem block SIZE`',
    );
  }
  if (view.sections.some((one) => one.type === 'ramd')) {
    notes.push(
      'memory of devices (ramd) stands as `mmio … dma on`: that is what type1 maps; iommufd refuses it with EFAULT, and ' +
        'QEMU goes on',
    );
  }
  const clashes = [...new Set(blocks.values())].filter((block) => block.clashes.size > 0);
  for (const block of clashes) {
    const [first] = block.clashes;
    const place = `line ${first?.line ?? view.line}`;
    notes.push(`${place}: pieces of ${writeText(block.region)} share some of their bytes, which \`alias\` can’t say`);
  }
  return notes;
}

const countedViews = (count: number): string => (count === 1 ? '1 other flat view is' : `${count} other flat views are`);

const MOST_LISTED = 8;

/** Some names in quotes, and that there are more. */
function listed(names: readonly string[]): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return names.slice(0, MOST_LISTED).map((name) => writeText(name)).join(', ') + more;
}
