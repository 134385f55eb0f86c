import { writeAddress, writeSize } from '../layout/written.js';
import { fileName, type ImportFile } from './import-result.js';
import { JAILHOUSE_MEM, readJailhouse, type JailhouseCell, type JailhouseRegion, type JailhouseSystem } from './jailhouse.js';
import type { LayoutPart, PartsResult } from './layout-part.js';
import { blankLine, codeLine, layoutBlock, legalName, newNames, remark, type LayoutLine, type Names } from './layout-text.js';
import type { SourcePlace } from './source-places.js';

/**
 * Writes a Jailhouse cell as a `vm`: each region at its address in the cell, its memory at a fixed host-physical one. A
 * root cell tells the machine, too, which becomes a `host`: what the hypervisor takes, and the IOMMUs. The IOMMU maps
 * regions with JAILHOUSE_MEM_DMA and no others (hypervisor/arch/x86/vtd.c, amd_iommu.c); on Arm a cell's devices see
 * what its CPUs see (hypervisor/arch/arm64/smmu-v3.c).
 */
export function jailhouseParts(file: ImportFile): PartsResult {
  const cell = readJailhouse(file);
  if ('message' in cell) return { errors: [{ path: cell.place.path, line: cell.place.line, message: cell.message }] };
  const about = [`Imported from the Jailhouse configuration ${fileName(file.path)}. Each comment tells the line it comes from.`];
  const where = (place: SourcePlace): string => (place.path === file.path ? `line ${place.line}` : `${fileName(place.path)}:${place.line}`);
  const stem = fileName(file.path).replace(/\.c$/, '').replace(/^-$/, '');
  const name = legalName(cell.name === '' ? stem : cell.name, 'cell');
  const parts: LayoutPart[] = [];
  if (cell.system) {
    parts.push({ kind: 'host', name: legalName(`${cell.name} machine`, 'machine'), about, notes: hostNotes(cell.system), lines: hostLines(cell, cell.system, file, where) });
  }
  parts.push({ kind: 'vm', name, about: cell.system ? [] : about, notes: cellNotes(cell, where), lines: cellLines(cell, where) });
  return { parts };
}

type Where = (place: SourcePlace) => string;

// ── The machine ────────────────────────────────────────────────────────────────────────────────────────────────────

const hostNotes = (system: JailhouseSystem): string[] =>
  system.registers.length > 0 ? ['interrupt controllers and the PCI configuration space stand as comments: a host declares no registers'] : [];

function hostLines(cell: JailhouseCell, system: JailhouseSystem, file: ImportFile, where: Where): LayoutLine[] {
  const { hypervisor } = system;
  const names = newNames();
  return [
    architecture(cell, file),
    codeLine('contract none', 'nobody is asked: Jailhouse fills the tables'),
    ...(hypervisor && hypervisor.size > 0n
      ? [codeLine(`memory ${names.take('hypervisor_memory')} at ${writeAddress(hypervisor.base)} size ${writeSize(hypervisor.size)} for hypervisor`, where(hypervisor.place))]
      : []),
    ...system.iommus.flatMap((unit, index) => layoutBlock(`iommu iommu${index}`, [
      unit.model ? codeLine(`model ${unit.model}`, `${where(unit.place)}: registers at ${writeAddress(unit.base)}`) : remark(`${where(unit.place)}: registers at ${writeAddress(unit.base)}; its type isn’t told`),
    ])),
    ...cell.devices.filter(({ isVirtual }) => !isVirtual).map((device) => codeLine(`device ${names.take(legalName(`pci ${bdfOf(device)}`, 'device'))} "${bdfOf(device)}"`, where(device.place))),
    ...system.registers.map(({ place, name, base }) => remark(`${where(place)}: ${name} ${writeAddress(base)}`)),
  ];
}

function architecture(cell: JailhouseCell, file: ImportFile): LayoutLine {
  if (cell.isX86) return codeLine('arch x86_64', 'assumed: it has I/O ports');
  if (/arm64|aarch64/.test(`${file.path} ${cell.name}`)) return codeLine('arch arm64', 'assumed from its name');
  return remark('arch: a configuration doesn’t tell, arm or arm64');
}

const bdfOf = ({ domain, bdf }: JailhouseCell['devices'][number]): string => {
  const [bus, device, unit] = [bdf >> 8n, (bdf >> 3n) & 0x1fn, bdf & 7n].map((part) => part.toString(16));
  return `${domain.toString(16).padStart(4, '0')}:${bus?.padStart(2, '0')}:${device?.padStart(2, '0')}.${unit}`;
};

// ── The cell ───────────────────────────────────────────────────────────────────────────────────────────────────────

function cellNotes(cell: JailhouseCell, where: Where): string[] {
  const guessed = cell.regions.filter((region) => cell.isX86 && kindOf(region, cell) === 'mmio' && (region.flags & (JAILHOUSE_MEM.io | JAILHOUSE_MEM.communication)) === 0n);
  const odd = cell.regions.filter(({ size, flags }) => size > 0n && (flags & JAILHOUSE_MEM.read) === 0n);
  return [
    ...(guessed.length > 0 ? [`x86 has no JAILHOUSE_MEM_IO: ${guessed.length} regions without EXECUTE, DMA and LOADABLE, whose comment speaks of no memory, are taken for registers`] : []),
    ...odd.map(({ place }) => `${where(place)}: a region that may not be read`),
  ];
}

function cellLines(cell: JailhouseCell, where: Where): LayoutLine[] {
  const names = newNames();
  const devices = cell.devices.filter(({ isVirtual }) => !isVirtual);
  return [
    codeLine('vmm jailhouse', where(cell.place)),
    ...cell.regions.map((region) => regionLine(region, cell, names, where)),
    ...(devices.length > 0 && !cell.system ? [blankLine, remark(`Devices of the cell: ${devices.map(bdfOf).join(', ')}`)] : []),
    ...(devices.length > 0 && cell.system ? [blankLine, codeLine(`assign ${devices.map((device) => legalName(`pci ${bdfOf(device)}`, 'device')).join(', ')}`)] : []),
  ];
}

const MEMORY_WORDS = /\bRAM\b|memory|ivshmem|\bACPI\b|Kernel|loader/i;

/**
 * Memory or registers: JAILHOUSE_MEM_IO tells on Arm; on x86 registers have no flag of their own, and what is neither
 * executed nor loaded nor used for DMA is memory only if its comment says so.
 */
function kindOf({ flags, comment }: JailhouseRegion, cell: JailhouseCell): 'ram' | 'mmio' {
  if ((flags & (JAILHOUSE_MEM.io | JAILHOUSE_MEM.communication)) !== 0n) return 'mmio';
  if ((flags & (JAILHOUSE_MEM.execute | JAILHOUSE_MEM.dma | JAILHOUSE_MEM.loadable | JAILHOUSE_MEM.rootShared)) !== 0n) return 'ram';
  return cell.isX86 && !MEMORY_WORDS.test(comment ?? '') ? 'mmio' : 'ram';
}

function regionLine(region: JailhouseRegion, cell: JailhouseCell, names: Names, where: Where): LayoutLine {
  const said = region.comment === undefined ? '' : `${region.comment}; `;
  if (region.size === 0n) return remark(`${where(region.place)}: ${said}an empty region`);
  const about = `${where(region.place)}: ${said}${flagWords(region.flags)}`;
  const kind = kindOf(region, cell);
  const name = names.take(regionName(region, kind), `at_${region.virtual.toString(16)}`);
  const access = accessOf(region.flags);
  const words = [
    `${kind} ${name} at ${writeAddress(region.virtual)} size ${writeSize(region.size)}`,
    ...(kind === 'ram' ? [`backing physical at ${writeAddress(region.physical)}`] : []),
    ...(access === '' ? [] : [`access ${access}`]),
    ...dmaWords(region, kind, cell),
    ...((region.flags & JAILHOUSE_MEM.rootShared) !== 0n && kind === 'ram' ? ['share'] : []),
  ];
  const physical = kind === 'mmio' && region.physical !== region.virtual ? `; physical ${writeAddress(region.physical)}` : '';
  return codeLine(words.join(' '), about + physical);
}

function dmaWords({ flags }: JailhouseRegion, kind: 'ram' | 'mmio', cell: JailhouseCell): string[] {
  if ((flags & JAILHOUSE_MEM.dma) !== 0n) return kind === 'ram' ? [] : ['dma on'];
  return kind === 'ram' && cell.isX86 ? ['dma off'] : [];
}

/** The first words of the comment, as far as they make a name. */
function regionName({ comment, flags }: JailhouseRegion, kind: 'ram' | 'mmio'): string {
  if ((flags & JAILHOUSE_MEM.communication) !== 0n) return 'communication';
  const words = (comment ?? '').replace(/^MemRegion: [0-9a-f]+-[0-9a-f]+ : /, '').replace(/[:(;][^]*$/, '');
  return words.trim() === '' ? `${kind}_region` : legalName(words.trim().slice(0, 32), kind === 'ram' ? 'memory' : 'registers');
}

const accessOf = (flags: bigint): string =>
  [['r', JAILHOUSE_MEM.read], ['w', JAILHOUSE_MEM.write], ['x', JAILHOUSE_MEM.execute]].map(([letter, flag]) => ((flags & BigInt(flag ?? 0n)) !== 0n ? letter : '')).join('');

const FLAGS: readonly (readonly [string, bigint])[] = [
  ['READ', 0x1n], ['WRITE', 0x2n], ['EXECUTE', 0x4n], ['DMA', 0x8n], ['IO', 0x10n], ['COMM_REGION', 0x20n], ['LOADABLE', 0x40n], ['ROOTSHARED', 0x80n],
  ['NO_HUGEPAGES', 0x100n], ['IO_UNALIGNED', 0x8000n], ['IO_8', 0x1_0000n], ['IO_16', 0x2_0000n], ['IO_32', 0x4_0000n], ['IO_64', 0x8_0000n],
];

/** `READ|WRITE`, as a configuration spells them. */
function flagWords(flags: bigint): string {
  const known = FLAGS.reduce((sum, [, flag]) => sum | flag, 0n);
  const rest = flags & ~known;
  return [...FLAGS.filter(([, flag]) => (flags & flag) !== 0n).map(([word]) => word), ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])].join('|');
}
