import { readCExpression, type CNames } from './c-expression.js';
import { preprocess, type Preprocessed } from './c-preprocessor.js';
import { childrenOf, fieldOf, readInitializer, type CInitializer } from './c-initializer.js';
import type { ImportFile } from './import-result.js';
import type { SourceError, SourcePlace } from './source-places.js';

/**
 * Reads a Jailhouse cell configuration: a C file that fills `struct jailhouse_system` or `struct jailhouse_cell_desc`
 * (include/jailhouse/cell-config.h, revision 14). The header needn't be there: what it defines for regions is known.
 */
export interface JailhouseCell {
  readonly name: string;
  readonly place: SourcePlace;
  /** What only the root cell tells: the machine. */
  readonly system: JailhouseSystem | undefined;
  readonly regions: readonly JailhouseRegion[];
  readonly devices: readonly { readonly place: SourcePlace; readonly domain: bigint; readonly bdf: bigint; readonly isVirtual: boolean }[];
  /** Whether it is of an x86 machine: it has I/O ports. */
  readonly isX86: boolean;
}

export interface JailhouseSystem {
  readonly hypervisor: { readonly place: SourcePlace; readonly base: bigint; readonly size: bigint } | undefined;
  readonly iommus: readonly { readonly place: SourcePlace; readonly base: bigint; readonly size: bigint; readonly model: string | undefined }[];
  /** `pci_mmconfig_base` and bases of interrupt controllers. */
  readonly registers: readonly { readonly place: SourcePlace; readonly name: string; readonly base: bigint }[];
}

export interface JailhouseRegion {
  readonly place: SourcePlace;
  /** The comment above it. */
  readonly comment: string | undefined;
  readonly physical: bigint;
  readonly virtual: bigint;
  readonly size: bigint;
  readonly flags: bigint;
}

/** Flags of a region. */
export const JAILHOUSE_MEM = {
  read: 0x1n,
  write: 0x2n,
  execute: 0x4n,
  dma: 0x8n,
  io: 0x10n,
  communication: 0x20n,
  loadable: 0x40n,
  rootShared: 0x80n,
} as const;

const CONSTANTS: Readonly<Record<string, bigint>> = {
  JAILHOUSE_MEM_READ: 0x1n,
  JAILHOUSE_MEM_WRITE: 0x2n,
  JAILHOUSE_MEM_EXECUTE: 0x4n,
  JAILHOUSE_MEM_DMA: 0x8n,
  JAILHOUSE_MEM_IO: 0x10n,
  JAILHOUSE_MEM_COMM_REGION: 0x20n,
  JAILHOUSE_MEM_LOADABLE: 0x40n,
  JAILHOUSE_MEM_ROOTSHARED: 0x80n,
  JAILHOUSE_MEM_NO_HUGEPAGES: 0x100n,
  JAILHOUSE_MEM_IO_UNALIGNED: 0x8000n,
  JAILHOUSE_MEM_IO_8: 0x1_0000n,
  JAILHOUSE_MEM_IO_16: 0x2_0000n,
  JAILHOUSE_MEM_IO_32: 0x4_0000n,
  JAILHOUSE_MEM_IO_64: 0x8_0000n,
  JAILHOUSE_PCI_TYPE_DEVICE: 1n,
  JAILHOUSE_PCI_TYPE_BRIDGE: 2n,
  JAILHOUSE_PCI_TYPE_IVSHMEM: 3n,
};

const NAMES: CNames = (name) => (Object.hasOwn(CONSTANTS, name) ? CONSTANTS[name] : undefined);

class Trouble extends Error {
  readonly place: SourcePlace;

  constructor(message: string, place: SourcePlace) {
    super(message);
    this.place = place;
  }
}

const MOST_REGIONS = 20_000;

export function readJailhouse(file: ImportFile): JailhouseCell | SourceError {
  const source = preprocess(file);
  if ('message' in source) return source;
  const config = readInitializer(source);
  if ('message' in config) return config;
  try {
    return cellOf(config, commentsOf(file), source);
  } catch (error) {
    if (error instanceof Trouble) return { place: error.place, message: error.message };
    throw error;
  }
}

function cellOf(config: CInitializer, comments: ReadonlyMap<number, string>, source: Preprocessed): JailhouseCell {
  const header = fieldOf(config, 'header');
  const cell = header ? fieldOf(header, 'root_cell') : fieldOf(config, 'cell');
  if (!cell) throw new Trouble('neither `.header` of a root cell nor `.cell` of another one', config.place);
  const regions = fieldOf(config, 'mem_regions');
  return {
    name: /"([^"]*)"/.exec(fieldOf(cell, 'name')?.text ?? '')?.[1] ?? '',
    place: config.place,
    system: header && systemOf(header),
    regions: regions ? regionsOf(regions, comments) : [],
    devices: childrenOf(fieldOf(config, 'pci_devices')).map(deviceOf),
    isX86: fieldOf(config, 'pio_regions') !== undefined || fieldOf(config, 'pio_bitmap') !== undefined || /\bx86\b/.test(source.text),
  };
}

// ── Regions ────────────────────────────────────────────────────────────────────────────────────────────────────────

function regionsOf(list: CInitializer, comments: ReadonlyMap<number, string>): JailhouseRegion[] {
  const regions = childrenOf(list).flatMap((item) => {
    const comment = commentAbove(item.place.line, comments);
    const shared = /^JAILHOUSE_SHMEM_NET_REGIONS\s*\(([^]*),([^]*)\)\s*$/.exec(item.text ?? '');
    if (shared) return networkRegions(item, shared[1] ?? '', shared[2] ?? '', comment);
    if (item.text !== undefined) throw new Trouble(`\`${item.text.slice(0, 60)}\` is no region, and no macro that is known`, item.place);
    return [regionOf(item, comment)];
  });
  if (regions.length > MOST_REGIONS) throw new Trouble(`more than ${MOST_REGIONS} regions are no machine`, list.place);
  return regions;
}

function regionOf(item: CInitializer, comment: string | undefined): JailhouseRegion {
  const [physical, virtual, size, flags] = ['phys_start', 'virt_start', 'size', 'flags'].map((name) => numberIn(item, name));
  const region = { place: item.place, comment, physical: physical ?? 0n, virtual: virtual ?? 0n, size: size ?? 0n, flags: flags ?? 0n };
  if (region.virtual + region.size > 1n << 64n || region.physical + region.size > 1n << 64n) throw new Trouble('the region reaches past 2^64', item.place);
  return region;
}

/** The four regions of a network between cells: its state, one that is empty, and what each of the two sides writes. */
function networkRegions(item: CInitializer, start: string, id: string, comment: string | undefined): JailhouseRegion[] {
  const [base, side] = [start, id].map((text) => evaluate(text.trim(), item.place));
  const { read, write, rootShared } = JAILHOUSE_MEM;
  const at = (offset: bigint, size: bigint, flags: bigint, what: string): JailhouseRegion => {
    const address = size === 0n ? 0n : (base ?? 0n) + offset;
    return { place: item.place, comment: `${comment === undefined ? '' : `${comment}: `}ivshmem-net ${what}`, physical: address, virtual: address, size, flags };
  };
  const out = (which: bigint): bigint => read | rootShared | (side === which ? write : 0n);
  return [at(0n, 0x1000n, read | rootShared, 'state'), at(0n, 0n, 0n, 'empty'), at(0x1000n, 0x7_f000n, out(0n), 'out0'), at(0x8_0000n, 0x7_f000n, out(1n), 'out1')];
}

/** The number of a field; nothing if it isn't written. */
function numberIn(item: CInitializer, name: string): bigint | undefined {
  const field = fieldOf(item, name);
  if (field === undefined) return undefined;
  if (field.text === undefined) throw new Trouble(`expected a number for \`${name}\``, field.place);
  return evaluate(field.text, field.place);
}

function evaluate(text: string, place: SourcePlace): bigint {
  const read = readCExpression(text, 0, NAMES);
  if ('message' in read) throw new Trouble(read.message, place);
  if ('unknown' in read) throw new Trouble(`nothing says what ${read.unknown.join(', ')} is`, place);
  if (text.slice(read.end).trim() !== '') throw new Trouble(`expected nothing behind the number: ${text.slice(read.end).trim().slice(0, 40)}`, place);
  return read.value;
}

// ── The machine ────────────────────────────────────────────────────────────────────────────────────────────────────

const MODELS: readonly (readonly [pattern: RegExp, model: string])[] = [
  [/INTEL/, 'vt-d'],
  [/AMD/, 'amd-v1'],
  [/SMMUV3/, 'smmu-v3'],
  [/MMU500|SMMU/, 'smmu-v2'],
];

function systemOf(header: CInitializer): JailhouseSystem {
  const hypervisor = fieldOf(header, 'hypervisor_memory');
  const platform = fieldOf(header, 'platform_info');
  const units = platform && (fieldOf(platform, 'iommu_units') ?? fieldOf(fieldOf(platform, 'x86') ?? platform, 'iommu_units'));
  return {
    hypervisor: hypervisor && { place: hypervisor.place, base: numberIn(hypervisor, 'phys_start') ?? 0n, size: numberIn(hypervisor, 'size') ?? 0n },
    iommus: childrenOf(units).map((unit) => {
      const type = fieldOf(unit, 'type')?.text ?? (fieldOf(unit, 'amd') ? 'AMD' : '');
      return { place: unit.place, base: numberIn(unit, 'base') ?? 0n, size: numberIn(unit, 'size') ?? 0n, model: MODELS.find(([pattern]) => pattern.test(type))?.[1] };
    }),
    registers: platform ? registersIn(platform) : [],
  };
}

const REGISTER_FIELDS = /^(?:pci_mmconfig_base|gic[a-z]+_base|mmconfig_base|base_address)$/;

function registersIn(item: CInitializer): { place: SourcePlace; name: string; base: bigint }[] {
  return [...item.fields].flatMap(([name, field]) => {
    if (field.text === undefined) return registersIn(field);
    return REGISTER_FIELDS.test(name) ? [{ place: field.place, name, base: evaluate(field.text, field.place) }] : [];
  });
}

function deviceOf(item: CInitializer): JailhouseCell['devices'][number] {
  return {
    place: item.place,
    domain: numberIn(item, 'domain') ?? 0n,
    bdf: numberIn(item, 'bdf') ?? 0n,
    isVirtual: (fieldOf(item, 'type')?.text ?? '').includes('IVSHMEM'),
  };
}

// ── Comments ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Comments of the file itself by the line in which they end. */
function commentsOf(file: ImportFile): ReadonlyMap<number, string> {
  const comments = new Map<number, string>();
  let line = 1;
  let counted = 0;
  for (const match of file.text.matchAll(/\/\*([^]*?)\*\/|\/\/([^\n]*)/g)) {
    const end = match.index + match[0].length;
    for (; counted < end; counted += 1) if (file.text[counted] === '\n') line += 1;
    const words = (match[1] ?? match[2] ?? '').split('\n').map((part) => part.replace(/^\s*\*?\s*/, '').trim()).join(' ').trim();
    comments.set(line, words.slice(0, 200));
  }
  return comments;
}

/** The comment that ends in the line above, or in the same one. */
const commentAbove = (line: number, comments: ReadonlyMap<number, string>): string | undefined => comments.get(line - 1) ?? comments.get(line);
