import { alignUp } from '../layout/address.js';
import type { LineError } from './import-result.js';
import { LibvirtTrouble, elementAt, elementsAt, nodeSet, sizeOf, wholeNumber } from './libvirt-elements.js';
import { memoryDevicesOf, pagesOf, type DomainMemory, type Pages } from './libvirt-memory.js';
import { withoutQuotes } from './pasted-text.js';
import { sharedMemoryNote, type Keyed, type QemuAssigned, type QemuBackend, type QemuCpu, type QemuDevice, type QemuMachine, type QemuNode } from './qemu-machine.js';
import { readXml, type XmlElement } from './xml.js';

/** The guest that libvirt would start. */
export interface LibvirtDomain {
  readonly machine: QemuMachine;
  readonly notes: readonly string[];
}

/**
 * Reads a domain of libvirt as the guest that libvirt would start for it (docs/formatdomain, src/qemu/qemu_command.c):
 * its memory with what libvirt rounds up, its nodes, memory devices, host devices and vIOMMU. What libvirt refuses is
 * refused here, with the line.
 */
export function readLibvirtDomain(source: string): LibvirtDomain | LineError {
  const root = readXml(documentIn(source));
  if ('message' in root) return root;
  try {
    return domainOf(root.name === 'domstatus' ? (root.children.find(({ name }) => name === 'domain') ?? root) : root);
  } catch (error) {
    if (error instanceof LibvirtTrouble) return { line: error.line, message: error.message };
    throw error;
  }
}

/** The document in what is pasted with it: the shell’s prompt, what `sudo` says. Lines keep their numbers. */
function documentIn(source: string): string {
  const lines = withoutQuotes(source).split('\n');
  const first = lines.findIndex((line) => /^\s*</.test(line));
  const last = lines.findLastIndex((line) => /<\/dom(?:ain|status)>\s*$/.test(line));
  const isAround = (index: number): boolean => index < first || (last >= first && index > last);
  return first < 0 ? source : lines.map((line, index) => (isAround(index) ? '' : line)).join('\n');
}

/** What libvirt rounds memory up to: 256 MiB on POWER, else 1 MiB (qemuDomainGetMemorySizeAlignment). */
const alignmentOf = (target: string): bigint => (target.startsWith('ppc64') ? 256n << 20n : 1n << 20n);

function domainOf(domain: XmlElement): LibvirtDomain {
  if (domain.name !== 'domain') throw new LibvirtTrouble(`<${domain.name}> is no <domain>`, domain.line);
  const target = targetOf(domain);
  const type = elementAt(domain, 'os', 'type')?.attributes.get('machine');
  const unit = alignmentOf(target);
  const cells = elementsAt(domain, 'cpu', 'numa', 'cell').map((cell, index) => ({ cell, number: wholeNumber(cell, cell.attributes.get('id')) ?? index, size: alignUp(cellSize(cell), unit) }));
  const pages = pagesOf(domain, cells.map(({ number }) => number));
  const memory: DomainMemory = { domain, unit, pages, isPower: target.startsWith('ppc64'), isShared: isShared(domain), cells: new Map(cells.map(({ number, cell }) => [number, cell])) };
  const devices = memoryDevicesOf(memory);
  const initial = cells.length > 0 ? cells.reduce((sum, { size }) => sum + size, 0n) : alignUp(totalMemory(domain), unit) - devices.total;
  const nodes = cells.map(({ cell, number, size }) => nodeOf(memory, cell, number, size));
  const main = nodes.length > 0 ? undefined : mainBackend(memory, target, type, initial);
  const maximum = elementAt(domain, 'maxMemory');
  const vcpu = elementAt(domain, 'vcpu');
  const loader = elementAt(domain, 'os', 'loader');
  const hasFlash = elementAt(domain, 'os')?.attributes.get('firmware') === 'efi' || loader?.attributes.get('type') === 'pflash';
  return {
    machine: {
      target,
      type,
      options: machineOptions(domain, target),
      accelerator: domain.attributes.get('type') === 'kvm' ? 'kvm' : 'tcg',
      cpu: cpuOf(domain, target),
      smp: { cpus: wholeNumber(domain, vcpu?.attributes.get('current') ?? vcpu?.text) ?? 1, maxcpus: undefined, sockets: undefined },
      memory: { size: initial, maxmem: maximum && alignUp(sizeOf(maximum), unit), slots: Number(wholeNumber(domain, maximum?.attributes.get('slots')) ?? 0), backend: main?.id },
      backends: [...(main ? [main] : []), ...nodes.map(({ backend }) => backend), ...devices.backends],
      nodes: nodes.map(({ node }) => node),
      memoryDevices: devices.devices,
      assigned: assignedOf(domain),
      devices: [...viommuOf(domain, type), ...graphicsOf(domain), ...sharedMemoryOf(domain)],
      globals: globalsOf(domain, type),
      nodefaults: true,
      vga: undefined,
      bios: hasFlash || loader?.text === '' ? undefined : loader?.text,
      flashes: hasFlash ? 2 : 0,
      unread: [`-name guest=${elementAt(domain, 'name')?.text ?? ''}`],
    },
    notes: notesOn(domain),
  };
}

function notesOn(domain: XmlElement): string[] {
  const limit = elementAt(domain, 'memtune', 'hard_limit');
  const shared = elementsAt(domain, 'devices', 'shmem').filter((one) => elementAt(one, 'size'));
  const strange = elementsAt(domain, 'devices', 'iommu').filter(({ attributes }) => !IOMMUS.has(attributes.get('model') ?? ''));
  const direct = domain.children.filter(({ name }) => /(?:^|:)commandline$/.test(name));
  return [
    ...(limit ? [`line ${limit.line}: hard_limit ${limit.text} ${limit.attributes.get('unit') ?? 'KiB'}: a host says that with \`limits { memlock … }\``] : []),
    ...shared.map((one) => sharedMemoryNote(one.line, one.attributes.get('name') ?? '')),
    ...strange.map((one) => `line ${one.line}: an IOMMU of the model ${one.attributes.get('model') ?? 'that isn’t told'} is not written`),
    ...direct.map((one) => `line ${one.line}: <${one.name}> goes to QEMU as it stands, and isn’t read here: ${one.children.map(({ attributes }) => attributes.get('value') ?? '').join(' ').trim()}`),
    ...(elementAt(domain, 'cpu')?.attributes.get('mode') === 'host-model' ? [`line ${elementAt(domain, 'cpu')?.line ?? 1}: \`host-model\` is whatever the host has: its width of addresses isn’t told`] : []),
  ];
}

const totalMemory = (domain: XmlElement): bigint => {
  const memory = elementAt(domain, 'memory');
  if (!memory) throw new LibvirtTrouble('the domain has no <memory>', domain.line);
  return sizeOf(memory);
};

const cellSize = (cell: XmlElement): bigint => sizeOf(cell, 'memory');

// ── Machine and CPU ────────────────────────────────────────────────────────────────────────────────────────────────

/** The emulator says what it emulates; without one, the architecture does. */
function targetOf(domain: XmlElement): string {
  const emulator = /qemu-system-([a-z0-9_]+)$/.exec(elementAt(domain, 'devices', 'emulator')?.text ?? '')?.[1];
  const arch = elementAt(domain, 'os', 'type')?.attributes.get('arch') ?? 'x86_64';
  return emulator ?? (arch === 'i686' ? 'i386' : arch);
}

/** An Arm guest without a word about its interrupt controller has a GICv2 under TCG; under KVM the host's. */
function machineOptions(domain: XmlElement, target: string): Keyed {
  const features = elementAt(domain, 'features');
  const gic = features && elementAt(features, 'gic')?.attributes.get('version');
  const isArm = target === 'aarch64' || target === 'arm';
  const version = gic ?? (isArm && domain.attributes.get('type') !== 'kvm' ? '2' : undefined);
  const smm = features && elementAt(features, 'smm')?.attributes.get('state');
  const iommu = elementsAt(domain, 'devices', 'iommu').find((one) => one.attributes.get('model') === 'smmuv3');
  return new Map([
    ...(version === undefined ? [] : [['gic-version', version] as const]),
    ...(smm === undefined ? [] : [['smm', smm] as const]),
    ...(iommu ? [['iommu', 'smmuv3'] as const] : []),
  ]);
}

function cpuOf(domain: XmlElement, target: string): QemuCpu | undefined {
  const cpu = elementAt(domain, 'cpu');
  const mode = cpu?.attributes.get('mode');
  const model = mode === 'host-passthrough' ? 'host' : mode === 'maximum' ? 'max' : (cpu && elementAt(cpu, 'model')?.text);
  const width = cpu && elementAt(cpu, 'maxphysaddr');
  const options = new Map<string, string>();
  if (width?.attributes.get('mode') === 'passthrough') {
    options.set('host-phys-bits', 'on');
    const limit = width.attributes.get('limit');
    if (limit !== undefined) options.set('host-phys-bits-limit', limit);
  } else if (width?.attributes.get('bits') !== undefined) {
    options.set('phys-bits', width.attributes.get('bits') ?? '');
  }
  const standard = /^(?:x86_64|i386)$/.test(target) ? 'qemu64' : target === 'aarch64' && domain.attributes.get('type') !== 'kvm' ? 'cortex-a15' : undefined;
  const named = model === undefined || model === '' ? standard : model;
  return named === undefined ? undefined : { model: named, options };
}

/** The size of the hole for 64-bit BARs, as a default of the host bridge. */
function globalsOf(domain: XmlElement, type: string | undefined): Keyed {
  const hole = elementsAt(domain, 'devices', 'controller').map((one) => elementAt(one, 'pcihole64')).find((one) => one !== undefined);
  if (!hole) return new Map();
  const bridge = isQ35(type) ? 'q35-pcihost' : 'i440FX-pcihost';
  return new Map([[`${bridge}.pci-hole64-size`, `${sizeOf(hole) / 1024n}K`]]);
}

const isQ35 = (type: string | undefined): boolean => /q35/.test(type ?? '');

// ── Memory ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const isShared = (domain: XmlElement): boolean => elementAt(domain, 'memoryBacking', 'access')?.attributes.get('mode') === 'shared';

function nodeOf({ domain, pages, isShared: shared }: DomainMemory, cell: XmlElement, number: number, size: bigint): { node: QemuNode; backend: QemuBackend } {
  const access = cell.attributes.get('memAccess');
  const id = `ram-node${number}`;
  const share = access === undefined ? shared : access === 'shared';
  const backend = { ...backendOf(domain, { id, size, page: pages.of(number), share, line: cell.line }), hostNodes: hostNodesOf(domain, number) };
  return { node: { number, backend: id, size: undefined, cpus: nodeSet(cell.attributes.get('cpus') ?? '').length }, backend };
}

/** The host's nodes that a node of the guest is bound to (`<numatune>`). */
function hostNodesOf(domain: XmlElement, number: number): number[] {
  const own = elementsAt(domain, 'numatune', 'memnode').find((one) => one.attributes.get('cellid') === `${number}`);
  return nodeSet((own ?? elementAt(domain, 'numatune', 'memory'))?.attributes.get('nodeset') ?? '');
}

/** The id that QEMU's machine gives its memory, and libvirt after it. */
const MAIN_BLOCKS: readonly (readonly [type: RegExp, id: string])[] = [
  [/^virt/, 'mach-virt.ram'],
  [/^pseries/, 'ppc_spapr.ram'],
  [/^s390-ccw/, 's390.ram'],
];

function mainBackend({ domain, pages, isShared: share }: DomainMemory, target: string, type: string | undefined, size: bigint): QemuBackend {
  const id = /^riscv/.test(target) ? 'riscv_virt_board.ram' : (MAIN_BLOCKS.find(([pattern]) => pattern.test(type ?? ''))?.[1] ?? 'pc.ram');
  return backendOf(domain, { id, size, page: pages.of(0), share, line: elementAt(domain, 'memory')?.line });
}

interface BackendFacts {
  readonly id: string;
  readonly size: bigint;
  readonly page: ReturnType<Pages['of']>;
  readonly share: boolean;
  readonly line: number | undefined;
}

function backendOf(domain: XmlElement, { id, size, page, share, line }: BackendFacts): QemuBackend {
  const source = elementAt(domain, 'memoryBacking', 'source')?.attributes.get('type');
  const kind = source === 'memfd' ? 'memfd' : page !== undefined || source === 'file' ? 'file' : 'ram';
  return { id, kind, size, path: undefined, hugePage: page, share, hostNodes: [], line };
}

// ── Devices ────────────────────────────────────────────────────────────────────────────────────────────────────────

function assignedOf(domain: XmlElement): QemuAssigned[] {
  const devices = elementAt(domain, 'devices')?.children ?? [];
  return devices
    .filter(({ name, attributes }) => (name === 'hostdev' && /^(?:pci|mdev)$/.test(attributes.get('type') ?? '')) || (name === 'interface' && attributes.get('type') === 'hostdev'))
    .map((device) => {
      const address = elementAt(device, 'source', 'address');
      const isMediated = device.attributes.get('type') === 'mdev' || address === undefined || address.attributes.has('uuid');
      return { id: elementAt(device, 'alias')?.attributes.get('name'), host: isMediated ? undefined : addressOf(address), iommufd: elementAt(device, 'driver')?.attributes.get('iommufd') === 'yes', line: device.line };
    });
}

function addressOf(address: XmlElement): string {
  const part = (name: string, width: number): string => {
    const value = wholeNumber(address, address.attributes.get(name) ?? '0') ?? 0;
    return value.toString(16).padStart(width, '0');
  };
  return `${part('domain', 4)}:${part('bus', 2)}:${part('slot', 2)}.${part('function', 1)}`;
}

const IOMMUS: ReadonlySet<string> = new Set(['intel', 'amd', 'virtio', 'smmuv3']);

/** The cards that have the legacy window of VGA, where they are the first. */
const CARDS: Readonly<Record<string, string>> = { vga: 'VGA', cirrus: 'cirrus-vga', vmvga: 'vmware-svga', qxl: 'qxl-vga', virtio: 'virtio-vga' };

/** The first graphics card; the firmware’s window is its. */
function graphicsOf(domain: XmlElement): QemuDevice[] {
  const models = elementsAt(domain, 'devices', 'video', 'model');
  const first = models.find(({ attributes }) => attributes.get('primary') === 'yes') ?? models[0];
  const driver = CARDS[first?.attributes.get('type') ?? ''];
  return driver === undefined ? [] : [{ driver, id: undefined, properties: new Map() }];
}

const DRIVERS: Readonly<Record<string, string>> = { intel: 'intel-iommu', amd: 'amd-iommu', virtio: 'virtio-iommu-pci' };

function viommuOf(domain: XmlElement, type: string | undefined): QemuDevice[] {
  return elementsAt(domain, 'devices', 'iommu').flatMap((iommu) => {
    const model = iommu.attributes.get('model') ?? '';
    if (model === 'intel' && !isQ35(type)) throw new LibvirtTrouble('an Intel IOMMU is there for q35 machines only: libvirt refuses it', iommu.line);
    const driver = DRIVERS[model];
    const width = elementAt(iommu, 'driver')?.attributes.get('aw_bits');
    return driver === undefined ? [] : [{ driver, id: undefined, properties: new Map(width === undefined ? [] : [['aw-bits', width]]) }];
  });
}

function sharedMemoryOf(domain: XmlElement): QemuDevice[] {
  return elementsAt(domain, 'devices', 'shmem').map((shmem) => {
    const size = elementAt(shmem, 'size');
    const bytes = size && sizeOf(size, undefined, 'MiB');
    if (size && bytes !== undefined && (bytes < 1n << 20n || (bytes & (bytes - 1n)) !== 0n)) throw new LibvirtTrouble('shared memory is a power of two, 1 MiB at least: libvirt refuses it', size.line);
    return { driver: elementAt(shmem, 'model')?.attributes.get('type') ?? 'ivshmem-plain', id: shmem.attributes.get('name'), properties: new Map(bytes === undefined ? [] : [['size', `${bytes}`]]) };
  });
}
