import { formatAddress, formatRange, formatSize, GIB, TIB } from '../../layout/address.js';
import { unite, type Range } from '../../layout/intervals.js';
import type { Backing, Region, Vm } from '../../layout/model.js';

/** A stretch of the memory that QEMU puts in a row: from which backing, for which node. Bytes, counted from the first one of RAM. */
export interface RamPiece extends Range {
  readonly backing: Backing;
  readonly node: number;
}

/** How a guest's RAM lies, as QEMU's machines can lay it out: all of it is one row of bytes, cut at most once. */
export interface GuestRam {
  readonly size: bigint;
  /** Bytes below the cut; all of them where there is none. */
  readonly low: bigint;
  readonly lowBase: bigint;
  /** Where the rest goes on, if there is any. */
  readonly highBase: bigint | undefined;
  /** In order, without a gap. */
  readonly pieces: readonly RamPiece[];
}

/** What of the first MiB of a PC is no RAM, whatever the layout says: the graphics window and the ROMs. */
const LEGACY: Range = { base: 0xa0000n, end: 0x100000n };

/**
 * Reads the RAM of a guest as a row of bytes. A PC is cut below 4 GiB (hw/i386/pc.c), LoongArch after 256 MiB
 * (hw/loongarch/virt.c), Arm and RISC-V are not. Errors say what no machine of QEMU does.
 */
export function guestRam(vm: Vm, arch: Arch): GuestRam | { readonly errors: readonly string[] } {
  const ram = vm.regions.filter((region) => region.kind === 'ram' && !region.hotplug && !region.alias && !isPluggedFromStart(region));
  const unknown = ram.find(({ range, offset }) => !range || offset === undefined);
  if (unknown) return { errors: [`where \`${unknown.name}\` lies, or what it takes of its backing, can’t be known`] };
  const holes = arch === 'x86_64' ? [LEGACY] : [];
  const parts = unite([...ram.flatMap(({ range }) => range ?? []), ...holesInside(ram, holes)]);
  const [first, second, ...others] = parts;
  if (!first) return { errors: ['it has no RAM'] };
  const lowBase = LOW_BASE[arch];
  if (first.base !== lowBase) return { errors: [`RAM begins at ${formatAddress(first.base)}, and QEMU begins it at ${formatAddress(lowBase)}`] };
  if (others.length > 0) return { errors: [`RAM has ${parts.length} pieces (${parts.map(formatRange).join(', ')}), and QEMU cuts it at most once`] };
  const low = first.end - first.base;
  const cut = second && cutError(arch, low, second.base);
  if (cut !== undefined) return { errors: [cut] };
  const shape = { size: low + (second ? second.end - second.base : 0n), low, lowBase, highBase: second?.base };
  const pieces = piecesOf(ram, shape);
  return 'errors' in pieces ? pieces : { ...shape, pieces };
}

/** A DIMM that is there from the start: it hides its part of a window for memory devices. */
export const isPluggedFromStart = ({ kind, hotplug, over }: Region): boolean =>
  kind === 'ram' && !hotplug && over.some((other) => other.kind === 'window' && other.purpose !== 'bars');

export type Arch = 'x86_64' | 'aarch64' | 'riscv64' | 'loongarch64';

const LOW_BASE: Readonly<Record<Arch, bigint>> = { x86_64: 0n, aarch64: GIB, riscv64: 2n * GIB, loongarch64: 0n };

/** Holes that lie between RAM, or in it. */
const holesInside = (ram: readonly Region[], holes: readonly Range[]): Range[] =>
  holes.filter(({ end }) => ram.some(({ range }) => range && range.base <= end && range.end > end));

function cutError(arch: Arch, low: bigint, highBase: bigint): string | undefined {
  if (arch === 'aarch64' || arch === 'riscv64') return `QEMU’s virt machine has RAM in one piece, and here it goes on at ${formatAddress(highBase)}`;
  if (arch === 'loongarch64') return low === 256n << 20n && highBase === 2n * GIB ? undefined : 'QEMU’s LoongArch machine cuts RAM after 256 MiB and goes on at 2 GiB';
  return highBase === 4n * GIB || highBase === TIB ? undefined : `QEMU’s PCs go on with RAM at 4 GiB, or at 1 TiB past AMD’s HyperTransport range, and not at ${formatAddress(highBase)}`;
}

type Shape = Omit<GuestRam, 'pieces'>;

/** The pieces in a row. Each backing is one stretch of it, from its first byte on: that is what QEMU’s memory backends are. */
function piecesOf(ram: readonly Region[], shape: Shape): readonly RamPiece[] | { readonly errors: readonly string[] } {
  const inRow = (address: bigint): bigint => (shape.highBase !== undefined && address >= shape.highBase ? address - shape.highBase + shape.low : address - shape.lowBase);
  const starts = new Map<Backing, bigint>();
  const pieces: RamPiece[] = [];
  for (const { range, backing, offset, node, name } of [...ram].sort((left, right) => ((left.range?.base ?? 0n) < (right.range?.base ?? 0n) ? -1 : 1))) {
    if (!range || !backing || offset === undefined) continue;
    const base = inRow(range.base);
    const start = backing.own ? base : base - offset;
    const known = starts.get(backing) ?? start;
    if (known !== start || start < 0n) return { errors: [`\`${name}\` has bytes ${formatSize(offset)} of \`${backing.name}\`; QEMU would put those at ${formatSize(base - known)} of it there: memory goes on behind a cut where it ended before it`] };
    starts.set(backing, start);
    pieces.push({ backing, node: node ?? 0, base, end: base + range.end - range.base });
  }
  return pieces;
}
