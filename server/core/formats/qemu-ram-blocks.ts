import { groupBy } from '../layout/grouping.js';
import { largest } from '../layout/address.js';
import { byBase, sizeOf } from '../layout/intervals.js';
import type { FlatSection, FlatView, MemoryTree } from './qemu-mtree.js';

/**
 * Which sections of a flat view show which RAM block of QEMU, and which blocks are the guest's RAM.
 *
 * QEMU maps every section for DMA whose region is RAM to it, guest RAM or not (hw/vfio/listener.c,
 * vfio_listener_skipped_section): `ram`, `rom`, `ramd`. A ROM device (flash) is not, whatever way it is shown.
 */
export interface RamBlock {
  /** Name of the memory region that owns the bytes. */
  readonly region: string;
  /** Whether it is the guest's RAM, rather than a device's, on-chip or firmware memory. */
  readonly isGuestRam: boolean;
  /**
   * Whether other pieces of that name show the same offsets, and nothing tells whether they are the same bytes: two
   * graphics cards have two blocks `vga.vram`. Then each piece is taken for a block of its own.
   */
  readonly isDoubtful: boolean;
  /** One past the highest byte that any view of the dump shows, counted from the start of the block. */
  readonly size: bigint;
  /** The sections of the machine's view that show it, in the order of their addresses. */
  readonly pieces: readonly FlatSection[];
  /** Pieces whose bytes another piece shows too: QEMU calls them aliases. */
  readonly aliases: ReadonlyMap<FlatSection, Alias>;
  /** Pieces that share some, but not all, of their bytes with another piece. */
  readonly clashes: ReadonlySet<FlatSection>;
}

export interface Alias {
  readonly of: FlatSection;
  /** Where in `of` the alias begins, in bytes. */
  readonly offset: bigint;
}

/** The blocks behind the `ram` and `rom` sections of the machine's view, by section. ROM devices have none. */
export function ramBlocksOf(tree: MemoryTree, view: FlatView): ReadonlyMap<FlatSection, RamBlock> {
  const sections = tree.views.flatMap((one) => one.sections);
  const devices = new Set(sections.filter((section) => section.type === 'romd').map(keyOf));
  const isBlock = (section: FlatSection): boolean => isMemory(section) && !devices.has(keyOf(section));
  const sizes = new Map<string, bigint>();
  for (const section of sections.filter(isBlock)) {
    sizes.set(keyOf(section), largest(endOffset(section), sizes.get(keyOf(section)) ?? 0n));
  }
  const ownersKnow = hasBackendOwners(view);
  const blocks = new Map<FlatSection, RamBlock>();
  for (const [key, pieces] of groupBy(view.sections.filter(isBlock), keyOf)) {
    for (const block of blocksOf(pieces, sizes.get(key) ?? 0n, ownersKnow)) {
      for (const piece of block.pieces) blocks.set(piece, block);
    }
  }
  return blocks;
}

/** Whether the dump says who owns what (`-o`), in the form that QEMU prints since RAM has memory backends (5.0). */
export const hasBackendOwners = (view: FlatView): boolean =>
  view.sections.some((section) => section.type === 'ram' && isBackend(section));

const isMemory = (section: FlatSection): boolean => section.type === 'ram' || section.type === 'rom';

const keyOf = (section: FlatSection): string => `${section.region}\n${section.owner}`;

const isBackend = (section: FlatSection): boolean => section.owner.startsWith('obj path=/objects/');

/** The blocks behind pieces of one name: one, unless they show the same offsets and may be different blocks. */
function blocksOf(pieces: readonly FlatSection[], size: bigint, ownersKnow: boolean): RamBlock[] {
  const [first] = pieces;
  const region = first?.region ?? '';
  const isGuestRam = pieces.some((piece) => isGuestRamPiece(piece, ownersKnow));
  const { aliases, clashes } = aliasesAmong(pieces);
  const common = { region, isGuestRam, isDoubtful: false };
  if (isGuestRam || first?.owner !== '' || ONE_OF_A_KIND.has(region) || aliases.size + clashes.size === 0) {
    return [{ ...common, size, pieces, aliases, clashes }];
  }
  return pieces.map((piece) => ({
    ...common,
    isDoubtful: true,
    size: endOffset(piece),
    pieces: [piece],
    aliases: new Map(),
    clashes: new Set(),
  }));
}

/** Regions of which QEMU makes one at most. */
const ONE_OF_A_KIND: ReadonlySet<string> = new Set(['pc.bios', 'pc.rom', 'isa-bios']);

/**
 * Guest RAM belongs to a memory backend (`/objects/ID`) and lies in the machine's own address space at priority 0. A
 * PCI BAR has priority 1 (pci_update_mappings): so shared memory of an ivshmem device tells itself apart, although a
 * backend owns it too.
 */
function isGuestRamPiece(piece: FlatSection, ownersKnow: boolean): boolean {
  if (piece.type !== 'ram' || piece.priority > 0) return false;
  return ownersKnow ? isBackend(piece) : !isDeviceMemoryName(piece.region);
}

/**
 * Without owners, names must do. Guest RAM is called as the machine likes (`pc.ram`, `mach-virt.ram`, `ddr`) or as the
 * user called the backend, so what is listed is the rest: words in the names of firmware, video, on-chip and TPM memory.
 */
const DEVICE_MEMORY_WORD =
  /^(?:bios|m?rom|flash\d*|caam|[a-z0-9]*vram|[a-z0-9]*sram\d*|ocram|ocm|xram|iram|[id]tcm|l2lim|secure|tpm|ivshmem|shmem)$/;

const isDeviceMemoryName = (region: string): boolean =>
  region.split(/[^A-Za-z0-9]+/).some((word) => DEVICE_MEMORY_WORD.test(word));

/** Finds pieces that lie in another piece of the block, by a sweep over their offsets, longest first. */
function aliasesAmong(pieces: readonly FlatSection[]): Pick<RamBlock, 'aliases' | 'clashes'> {
  const aliases = new Map<FlatSection, Alias>();
  const clashes = new Set<FlatSection>();
  let widest: FlatSection | undefined;
  for (const piece of [...pieces].sort(byOffset)) {
    if (widest === undefined || piece.offset >= endOffset(widest)) {
      widest = piece;
    } else if (endOffset(piece) <= endOffset(widest)) {
      aliases.set(piece, { of: widest, offset: piece.offset - widest.offset });
    } else {
      clashes.add(piece);
      widest = piece;
    }
  }
  return { aliases, clashes };
}

const endOffset = (section: FlatSection): bigint => section.offset + sizeOf(section.range);

function byOffset(left: FlatSection, right: FlatSection): number {
  if (left.offset !== right.offset) return left.offset < right.offset ? -1 : 1;
  const difference = endOffset(right) - endOffset(left);
  return difference === 0n ? byBase(left.range, right.range) : Number(difference > 0n) * 2 - 1;
}
