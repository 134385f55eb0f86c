import { alignUp, formatAddress, formatPlural, formatSize, GIB, largest, MIB, TIB } from '../../layout/address.js';
import { contains, sizeOf } from '../../layout/intervals.js';
import type { Assignment, Backing, Region, Vm } from '../../layout/model.js';
import type { QemuAssigned, QemuBackend, QemuDevice, QemuMachine, QemuMemoryDevice, QemuNode } from '../qemu-machine.js';
import type { ExportSubject } from './export-result.js';
import { guestRam, isPluggedFromStart, type Arch, type GuestRam } from './guest-ram.js';
import { sayConstants, shippedFamily } from './shipped-machine.js';

/** A guest as QEMU is to be started, what comes later, and what could not be said. */
export interface QemuGuest {
  readonly machine: QemuMachine;
  /** Devices of the host that are plugged while it runs. */
  readonly laterDevices: readonly QemuAssigned[];
  /** DIMMs that are plugged while it runs. */
  readonly laterMemory: readonly QemuMemoryDevice[];
  readonly notes: readonly string[];
}

/** Works out how QEMU has to be started so that it lays RAM out as the layout does; or why it can’t. */
export function qemuGuest(subject: ExportSubject): QemuGuest | { readonly errors: readonly string[] } {
  const { vm, host } = subject;
  const family = shippedFamily(vm);
  const arch = family?.arch ?? archOf(subject);
  if (arch === undefined) return { errors: [`QEMU’s machines for ${host?.arch ?? 'an unknown architecture'} are not among those known here; say \`arch\` in the host`] };
  const ram = guestRam(vm, arch);
  if ('errors' in ram) return ram;
  const shipped = family && sayConstants(family, vm, subject.evaluator, ram);
  const type = shipped ? { ...shipped, ...legacyOf(vm, arch, shipped.type) } : machineType(vm, arch, ram);
  if ('errors' in type) return type;
  const backends = new Backends();
  const notes: string[] = [];
  const memory = memoryOf(vm, ram, backends);
  const devices = vm.regions.flatMap((region) => memoryDevice(region, ram, backends, notes));
  const later = (hotplug: boolean): QemuAssigned[] => vm.assignments.filter((one) => one.hotplug === hotplug).flatMap((one) => assigned(one, host?.contract === 'iommufd', notes));
  const comesLater = new Set(vm.regions.filter(({ arrival }) => arrival?.kind === 'dimm').map(({ name }) => name));
  const boot = devices.filter(({ id }) => !comesLater.has(id ?? ''));
  const dimms = devices.filter(({ id }) => comesLater.has(id ?? ''));
  const room = shipped?.room ?? roomFor(vm, ram);
  return {
    machine: {
      target: arch,
      type: type.type,
      options: new Map([...type.options, ...viommuOptions(vm)]),
      // Devices of the host are given away under KVM, and to a CPU like the host's.
      accelerator: 'kvm',
      cpu: { model: 'host', options: new Map(shipped ? [...physBits(arch, vm.bits), ...shipped.cpu] : cpuOptions(vm, arch, ram)) },
      smp: { cpus: Math.max(shipped?.cpus ?? 1, memory.nodes.filter(({ cpus }) => cpus > 0).length), maxcpus: undefined, sockets: undefined },
      memory: { size: ram.size, backend: memory.backend, ...room },
      backends: backends.all,
      nodes: memory.nodes,
      memoryDevices: boot,
      assigned: later(false),
      devices: viommuDevices(vm, shipped?.viommus ?? [], notes),
      globals: shipped?.globals ?? new Map(),
      nodefaults: false,
      vga: type.vga,
      bios: undefined,
      flashes: 0,
      unread: [],
    },
    laterDevices: later(true),
    laterMemory: dimms,
    notes: [
      ...notes,
      ...(shipped?.notes ?? []),
      ...(family && !shipped ? [`RAM isn’t cut where the constants of ${family.type} cut it: of them nothing is said`] : []),
      ...type.notes,
      ...(family || host?.arch !== undefined ? [] : [`nothing says the architecture: where RAM begins, ${arch} is taken; \`arch\` in the host says otherwise`]),
      ...widthNotes(subject, arch),
      ...slotNotes(vm, room.slots),
      ...nodeNotes(vm, ram),
      ...untold(vm),
    ],
  };
}

const ARCHS: Readonly<Record<string, Arch>> = { x86_64: 'x86_64', arm64: 'aarch64', riscv64: 'riscv64', loongarch64: 'loongarch64' };

/** The host’s architecture; without a host what the place of RAM tells. */
function archOf({ vm, host }: ExportSubject): Arch | undefined {
  if (host?.arch !== undefined) return ARCHS[host.arch];
  const first = vm.regions.filter(({ kind, range }) => kind === 'ram' && range).map(({ range }) => range?.base ?? 0n).sort((left, right) => (left < right ? -1 : 1))[0];
  return first === 0n ? 'x86_64' : first === GIB ? 'aarch64' : first === 2n * GIB ? 'riscv64' : undefined;
}

interface MachineType {
  readonly type: string;
  readonly options: ReadonlyMap<string, string>;
  readonly vga: string | undefined;
  readonly notes: readonly string[];
}

/** The machine that cuts RAM there, and what it has to be told. */
function machineType(vm: Vm, arch: Arch, ram: GuestRam): MachineType | { readonly errors: readonly string[] } {
  const legacy = legacyOf(vm, arch, undefined);
  if (arch !== 'x86_64') return { type: 'virt', options: new Map(), ...legacy };
  for (const { type, limit, hole64 } of likelyMachines(vm)) {
    if (ram.highBase === TIB && !isRelocated(vm, ram, hole64)) continue;
    const usual = limit(ram.size);
    if (ram.low === usual) return { type, options: new Map(), ...legacy };
    if (ram.low < usual && ram.low >= MIB) return { type, options: new Map([['max-ram-below-4g', `${ram.low}`]]), ...legacy };
  }
  if (ram.highBase === TIB && ![Q35, PC].some(({ hole64 }) => isRelocated(vm, ram, hole64))) return { errors: ['RAM goes on at 1 TiB, and QEMU goes on at 4 GiB unless it would reach AMD’s HyperTransport range there (0xfd00000000)'] };
  return { errors: [`${formatSize(ram.low)} of RAM below 4 GiB are more than q35 or pc have there with ${formatSize(ram.size)} in all`] };
}

/** What a PC has in the first MiB: a graphics window, and ROMs that hide RAM. */
function legacyOf(vm: Vm, arch: Arch, type: string | undefined): Pick<MachineType, 'vga' | 'notes'> {
  if (arch !== 'x86_64' || type === 'microvm') return { vga: undefined, notes: [] };
  return {
    vga: hasRamAt(vm, 0xa0000n) ? 'none' : undefined,
    notes: hasRamAt(vm, 0xc0000n) ? ['QEMU hides 0xc0000-0xfffff of RAM behind ROMs until firmware has run'] : [],
  };
}

/**
 * Whether an AMD guest with so much memory has what lies above 4 GiB moved to 1 TiB: the window of 64-bit BARs behind it would end past
 * 0xfd00000000 (hw/i386/pc.c `pc_memory_init`, `pc_pci_hole64_start`).
 */
function isRelocated(vm: Vm, ram: GuestRam, hole64: bigint): boolean {
  const { maxmem, slots } = roomFor(vm, ram);
  const devices = maxmem === undefined ? 0n : maxmem - ram.size + BigInt(slots) * GIB;
  return alignUp(4n * GIB + alignUp(ram.size - ram.low, maxmem === undefined ? 1n : GIB) + devices, GIB) + hole64 > 0xfd_0000_0000n;
}

/** Bytes below 4 GiB of so much RAM, and bytes of the window of 64-bit BARs: hw/i386/pc_q35.c `pc_q35_init`, hw/i386/pc_piix.c `pc_init1`. */
const Q35 = { type: 'q35', hole64: 32n * GIB, limit: (size: bigint): bigint => (size >= 2816n * MIB ? 2n * GIB : size) };
const PC = { type: 'pc', hole64: 2n * GIB, limit: (size: bigint): bigint => (size >= 3584n * MIB ? 3n * GIB : size) };

/** The one first whose window of 64-bit BARs the layout has. */
function likelyMachines({ regions }: Vm): readonly (typeof Q35 | typeof PC)[] {
  const has = (size: bigint): boolean => regions.some(({ kind, purpose, range }) => kind === 'window' && purpose !== 'memory' && range && range.base >= 4n * GIB && sizeOf(range) === size);
  return has(PC.hole64) && !has(Q35.hole64) ? [PC, Q35] : [Q35, PC];
}

const hasRamAt = ({ regions }: Vm, address: bigint): boolean =>
  regions.some(({ kind, range }) => kind === 'ram' && range && contains(range, { base: address, end: address + 1n })) &&
  !regions.some(({ kind, range, over }) => kind !== 'ram' && over.length > 0 && range && contains(range, { base: address, end: address + 1n }));

/** RAM past 1 TiB is AMD’s, and needs 41 bits (hw/i386/pc.c `pc_memory_init`, enforce_amd_1tb_hole). */
const cpuOptions = ({ bits }: Vm, arch: Arch, { highBase }: GuestRam): [string, string][] =>
  highBase === TIB ? [...physBits(arch, Math.max(bits ?? 0, 48)), ['vendor', 'AuthenticAMD']] : physBits(arch, bits);

/** A width that isn't told is the host's, and so is that of any other architecture. */
const physBits = (arch: Arch, bits: number | undefined): [string, string][] => (arch !== 'x86_64' || bits === undefined ? [] : [['phys-bits', `${bits}`]]);

/** On Arm KVM alone decides (hw/arm/virt.c `virt_kvm_type`). */
function widthNotes({ vm: { bits }, host }: ExportSubject, arch: Arch): string[] {
  if (arch !== 'aarch64' || bits === undefined || bits === host?.bits) return [];
  return [`the guest’s ${bits} bits are not said: under KVM QEMU takes as many as the host grants`];
}

/** DIMMs that QEMU has no slot for. */
function slotNotes({ regions }: Vm, slots: number): string[] {
  const dimms = regions.filter((region) => isMemoryDevice(region) && region.arrival?.kind !== 'virtio-mem').length;
  return dimms > slots ? [`QEMU has ${formatPlural(slots, 'slot', 'slots')} for ${formatPlural(dimms, 'DIMM', 'DIMMs')}: it refuses what finds none`] : [];
}

/** Backends by the backing that they stand for. */
class Backends {
  readonly all: QemuBackend[] = [];
  readonly #ids = new Map<Backing, string>();

  of(backing: Backing, size: bigint): string {
    const known = this.#ids.get(backing);
    if (known !== undefined) return known;
    const id = uniqueIn(this.all.map((one) => one.id), idOf(backing));
    this.#ids.set(backing, id);
    this.all.push({ id, size, path: backing.kind === 'dax' ? '/dev/dax0.0' : undefined, share: backing.share, hostNodes: backing.node === undefined ? [] : [backing.node], line: undefined, ...kindOf(backing) });
    return id;
  }
}

const idOf = ({ name }: Backing): string => name.replaceAll(/[^A-Za-z0-9_-]/g, '_');

function uniqueIn(taken: readonly string[], wanted: string): string {
  let name = wanted;
  for (let number = 2; taken.includes(name); number++) name = `${wanted}${number}`;
  return name;
}

function kindOf({ kind, page }: Backing): Pick<QemuBackend, 'kind' | 'hugePage'> {
  if (kind === 'hugetlb') return { kind: 'memfd', hugePage: page ?? true };
  return { kind: kind === 'dax' ? 'file' : 'ram', hugePage: undefined };
}

interface Memory {
  readonly backend: string | undefined;
  readonly nodes: readonly QemuNode[];
}

/** Ordinary memory in one piece needs no backend; several backings are the memory of several nodes, in their order. */
function memoryOf({ regions }: Vm, ram: GuestRam, backends: Backends): Memory {
  const stretches = stretchesOf(ram);
  const [only, ...others] = stretches;
  const isPlain = only && others.length === 0 && only.node === 0 && !regions.some(({ node }) => (node ?? 0) > 0);
  if (isPlain) {
    const { backing } = only;
    const isOrdinary = (backing.kind === 'anonymous' || backing.kind === 'thp') && !backing.share && backing.node === undefined;
    return { backend: isOrdinary ? undefined : backends.of(backing, ram.size), nodes: [] };
  }
  const nodes = stretches.map(({ backing, size }, number) => ({ number, backend: backends.of(backing, size), size: undefined, cpus: 1 }));
  return { backend: undefined, nodes: [...nodes, ...emptyNodes(regions, nodes.length)] };
}

/** Nodes that have no memory until some is plugged; QEMU refuses a number that it has no node for. */
function emptyNodes(regions: readonly Region[], count: number): QemuNode[] {
  const wanted = regions.reduce((most, region) => (isMemoryDevice(region) ? Math.max(most, (region.node ?? 0) + 1) : most), count);
  return Array.from({ length: wanted - count }, (_, index) => ({ number: count + index, backend: undefined, size: undefined, cpus: 0 }));
}

/** What becomes of the layout's nodes: QEMU has one for each stretch, and numbers them by their addresses. */
function nodeNotes({ regions }: Vm, ram: GuestRam): string[] {
  const stretches = stretchesOf(ram);
  const nodesOf = (stretch: (typeof stretches)[number]): number[] => [...new Set(ram.pieces.filter(({ base }) => base >= stretch.base && base < stretch.base + stretch.size).map(({ node }) => node))];
  const isTold = regions.some(({ kind, node }) => kind === 'ram' && node !== undefined);
  return [
    ...stretches.filter((stretch) => nodesOf(stretch).length > 1).map((stretch, number) => `\`${stretch.backing.name}\` serves nodes ${nodesOf(stretch).join(', ')}: a backend of QEMU is of one node, and all of it is written as that of node ${number}`),
    ...(stretches.some(({ node }, number) => node !== number && stretches.length > 1) ? [`RAM of ${stretches.length} backings is written as that of nodes 0 to ${stretches.length - 1}, in the order of its addresses${isTold ? ': QEMU lays nodes out by their numbers' : ': QEMU has several backends only for several nodes'}`] : []),
  ];
}

/** The row of RAM by backing, holes in it counted to the one they are in. */
function stretchesOf({ pieces, size }: GuestRam): { readonly backing: Backing; readonly node: number; readonly base: bigint; readonly size: bigint }[] {
  const starts: { backing: Backing; node: number; base: bigint }[] = [];
  for (const { backing, node, base } of pieces) {
    const last = starts.at(-1);
    if (last && (last.backing === backing || (last.node === node && isSamePlain(last.backing, backing)))) continue;
    starts.push({ backing, node, base });
  }
  return starts.map(({ backing, node, base }, index) => ({ backing, node, base, size: (starts[index + 1]?.base ?? size) - base }));
}

/** Anonymous memory of one region is like that of another: QEMU has one block for both. */
const isSamePlain = (left: Backing, right: Backing): boolean => left.own && right.own && left.kind === right.kind && left.page === right.page;

/** Memory that comes later, in blocks, or as a DIMM from the start; its address has to be in QEMU’s window for memory devices. */
function memoryDevice(region: Region, ram: GuestRam, backends: Backends, notes: string[]): QemuMemoryDevice[] {
  const { arrival, range, backing, name, node } = region;
  if (!isMemoryDevice(region) || !range || !backing) return [];
  const base = deviceMemoryBase(ram);
  if (range.base < base) notes.push(`\`${name}\` at ${formatAddress(range.base)} lies below ${formatAddress(base)}, where QEMU’s window for memory devices begins: it will be refused`);
  const shared = { id: name, backend: backends.of(backing, sizeOf(range)), node, address: range.base, requested: undefined, label: undefined, line: undefined };
  if (arrival?.kind !== 'virtio-mem') return [{ ...shared, kind: 'pc-dimm', driver: 'pc-dimm', block: undefined }];
  return [{ ...shared, kind: 'virtio-mem', driver: 'virtio-mem-pci', block: arrival.block }];
}

const isMemoryDevice = (region: Region): boolean => region.arrival !== undefined || isPluggedFromStart(region);

const deviceMemoryBase = ({ highBase, lowBase, low, size }: GuestRam): bigint => {
  const end = highBase === undefined ? lowBase + low : highBase + size - low;
  const from = highBase === undefined && lowBase === 0n ? largest(4n * GIB, end) : end;
  return alignUp(from, GIB);
};

/** `maxmem` and `slots`: so much that the highest memory device fits (hw/i386/pc.c `pc_get_device_memory_range`). */
function roomFor({ regions }: Vm, ram: GuestRam): { readonly maxmem: bigint | undefined; readonly slots: number } {
  const devices = regions.filter((region) => isMemoryDevice(region) && region.range);
  if (devices.length === 0) return { maxmem: undefined, slots: 0 };
  const base = deviceMemoryBase(ram);
  const end = devices.reduce((most, { range }) => largest(most, range?.end ?? 0n), base + GIB);
  const slots = Math.max(1, devices.filter(({ arrival }) => arrival?.kind !== 'virtio-mem').length);
  return { maxmem: ram.size + alignUp(end - base, GIB), slots };
}

function assigned({ name, device }: Assignment, iommufd: boolean, notes: string[]): QemuAssigned[] {
  if (device?.address === undefined) {
    notes.push(`\`${name}\` has no address on its host: it is left out`);
    return [];
  }
  return [{ id: name.replaceAll(/[^A-Za-z0-9_-]/g, '_'), host: device.address, iommufd, line: undefined }];
}

const viommuOptions = ({ viommus }: Vm): [string, string][] => (viommus.some(({ model }) => model === 'smmu-v3') ? [['iommu', 'smmuv3']] : []);

const VIOMMUS: Readonly<Record<string, string>> = { 'vt-d': 'intel-iommu', 'amd-v1': 'amd-iommu', 'amd-v2': 'amd-iommu', virtio: 'virtio-iommu-pci' };

/** Those that are written, and of those that the machine has by a constant what isn't written. */
function viommuDevices({ viommus }: Vm, byConstant: readonly string[], notes: string[]): QemuDevice[] {
  const written = viommus.flatMap(({ name, model, bits }): QemuDevice[] => {
    const driver = VIOMMUS[model ?? ''];
    if (driver === undefined && model !== 'smmu-v3') notes.push(`viommu \`${name}\`: QEMU has none of the model ${model ?? 'that isn’t told'}: it is left out`);
    if (driver === undefined) return [];
    const width = bits === undefined || driver === 'amd-iommu' ? [] : ([['aw-bits', `${bits}`]] as const);
    return [{ driver, id: name.replaceAll(/[^A-Za-z0-9_-]/g, '_'), properties: new Map([...width, ...cachingMode(driver)]) }];
  });
  const others = byConstant.filter((driver) => !written.some((device) => device.driver === driver));
  return [...written, ...others.map((driver) => ({ driver, id: undefined, properties: new Map(cachingMode(driver)) }))];
}

/** Without it VT-d leaves assigned devices with what was mapped first. */
const cachingMode = (driver: string): (readonly [string, string])[] => (driver === 'intel-iommu' ? [['caching-mode', 'on']] : []);

/** What a command line doesn’t say; what a machine of the library brings is there without a word. */
function untold({ regions, maps, backings }: Vm): string[] {
  const count = (kind: Region['kind']): number => regions.filter((region) => region.kind === kind && !region.element.origin.path.startsWith('std:')).length;
  const [avoids, bars, windows] = [count('avoid'), count('bar'), count('window')];
  const devices = count('mmio') + count('rom') + count('doorbell');
  return [
    ...(avoids > 0 ? [`${formatPlural(avoids, '`avoid` is', '`avoid`s are')} not said: the guest’s firmware or kernel is told otherwise`] : []),
    ...(bars > 0 ? [`${formatPlural(bars, '`bar` is', '`bar`s are')} not said: firmware places BARs`] : []),
    ...(devices > 0 ? [`${formatPlural(devices, 'device address', 'device addresses')} (\`mmio\`, \`rom\`, \`doorbell\`) ${devices === 1 ? 'is' : 'are'} not said: QEMU’s machine has its own`] : []),
    ...(windows > 0 ? [`${formatPlural(windows, '`window` is', '`window`s are')} not said: QEMU’s machine has its own`] : []),
    ...(maps.length > 0 ? ['written maps are not said: QEMU maps each section of RAM as a whole'] : []),
    ...(backings.some(({ kind }) => kind === 'dax') ? ['a DAX device is written as /dev/dax0.0: say which it is'] : []),
    ...(backings.some(({ kind }) => kind === 'physical') ? ['memory at a fixed physical address is written as ordinary memory: QEMU can’t ask for it'] : []),
  ];
}
