import { alignDown, alignUp } from '../layout/address.js';
import { LibvirtTrouble, addressIn, elementAt, elementsAt, nodeSet, sizeOf, wholeNumber } from './libvirt-elements.js';
import type { QemuBackend, QemuMemoryDevice } from './qemu-machine.js';
import type { XmlElement } from './xml.js';

/** Memory of a domain of libvirt beside its nodes: huge pages, and devices that bring memory. */
export interface DomainMemory {
  readonly domain: XmlElement;
  /** What sizes are rounded up to. */
  readonly unit: bigint;
  readonly pages: Pages;
  readonly isPower: boolean;
  readonly isShared: boolean;
  /** Nodes of the guest by their numbers. */
  readonly cells: ReadonlyMap<number, XmlElement>;
}

export interface Pages {
  /** The huge page of a node: its size, or `true` where the host's own size is meant. */
  readonly of: (node: number) => bigint | true | undefined;
}

/** `<hugepages>`: a page for some nodes, and at most one for all others. */
export function pagesOf(domain: XmlElement, nodes: readonly number[]): Pages {
  const huge = elementAt(domain, 'memoryBacking', 'hugepages');
  if (!huge) return { of: () => undefined };
  const own = new Map<number, bigint>();
  let main: { size: bigint; element: XmlElement } | undefined;
  for (const page of elementsAt(huge, 'page')) {
    const size = sizeOf(page, 'size');
    const set = page.attributes.has('nodeset') ? nodeSet(page.attributes.get('nodeset') ?? '') : undefined;
    const stranger = set?.find((node) => !(nodes.length === 0 ? node === 0 : nodes.includes(node)));
    if (stranger !== undefined) throw new LibvirtTrouble(`huge pages for node ${stranger}, which the domain doesn’t have: libvirt refuses it`, page.line);
    if (set === undefined || nodes.length === 0) {
      if (main && main.size !== size) throw new LibvirtTrouble(`a second size of huge pages for the same memory (the first in line ${main.element.line}): libvirt refuses it`, page.line);
      main = { size, element: page };
    } else {
      for (const node of set) own.set(node, size);
    }
  }
  // Pages that are named for some nodes leave the others without.
  return { of: (node) => own.get(node) ?? main?.size ?? (own.size > 0 ? undefined : true) };
}

interface MemoryDevices {
  readonly devices: readonly QemuMemoryDevice[];
  readonly backends: readonly QemuBackend[];
  /** Bytes that they have together. */
  readonly total: bigint;
}

const KINDS: Readonly<Record<string, { readonly kind: QemuMemoryDevice['kind']; readonly driver: string; readonly name: string }>> = {
  dimm: { kind: 'pc-dimm', driver: 'pc-dimm', name: 'dimm' },
  nvdimm: { kind: 'nvdimm', driver: 'nvdimm', name: 'nvdimm' },
  'virtio-mem': { kind: 'virtio-mem', driver: 'virtio-mem-pci', name: 'virtiomem' },
  'virtio-pmem': { kind: 'virtio-pmem', driver: 'virtio-pmem-pci', name: 'virtiopmem' },
  'sgx-epc': { kind: 'other', driver: 'sgx-epc', name: 'epc' },
};

/** `<memory model='…'>` devices, in the order in which they stand. */
export function memoryDevicesOf(memory: DomainMemory): MemoryDevices {
  const { domain } = memory;
  const elements = elementsAt(domain, 'devices', 'memory');
  const slots = elementAt(domain, 'maxMemory')?.attributes.get('slots');
  const [first] = elements;
  if (slots !== undefined && memory.cells.size === 0 && elementAt(domain, 'maxMemory')) {
    throw new LibvirtTrouble('memory hot-plug wants a NUMA node: libvirt refuses a domain without one', first?.line ?? domain.line);
  }
  const used = new Map<string, number>();
  const taken = new Set(elements.flatMap((element) => wholeNumber(element, slotOf(element)) ?? []));
  const made = elements.map((element) => {
    const model = element.attributes.get('model') ?? '';
    const kind = KINDS[model];
    if (!kind) throw new LibvirtTrouble(`there is no memory device \`${model}\``, element.line);
    const number = /dimm/.test(model) ? slotNumber(element, taken) : (used.get(model) ?? 0);
    used.set(model, (used.get(model) ?? 0) + 1);
    return memoryDevice(memory, element, kind, number);
  });
  refuseOverlaps(made);
  return { devices: made.map(({ device }) => device), backends: made.map(({ backend }) => backend), total: made.reduce((sum, { backend }) => sum + (backend.size ?? 0n), 0n) };
}

const slotOf = (element: XmlElement): string | undefined => elementAt(element, 'address')?.attributes.get('slot');

/** The slot that is written, or the first one that is free. */
function slotNumber(element: XmlElement, taken: Set<number>): number {
  const address = elementAt(element, 'address');
  const written = address?.attributes.get('type') === 'dimm' ? wholeNumber(address, address.attributes.get('slot')) : undefined;
  if (written !== undefined) return written;
  let slot = 0;
  while (taken.has(slot)) slot += 1;
  taken.add(slot);
  return slot;
}

interface MadeDevice {
  readonly device: QemuMemoryDevice;
  readonly backend: QemuBackend;
}

function memoryDevice(memory: DomainMemory, element: XmlElement, { kind, driver, name }: NonNullable<(typeof KINDS)[string]>, number: number): MadeDevice {
  const target = elementAt(element, 'target');
  const written = target && elementAt(target, 'size');
  if (!target || !written) throw new LibvirtTrouble('a memory device has no <target> with a <size>', element.line);
  const part = (...path: string[]): bigint | undefined => {
    const found = elementAt(target, ...path);
    return found && sizeOf(found);
  };
  const label = part('label', 'size');
  const node = wholeNumber(target, elementAt(target, 'node')?.text);
  const address = elementAt(target, 'address') ?? elementAt(element, 'address');
  const id = `${name}${number}`;
  const device: QemuMemoryDevice = {
    id,
    kind,
    driver,
    backend: `mem${id}`,
    node,
    address: address && addressIn(address, address.attributes.get('base')),
    block: part('block'),
    requested: part('requested'),
    label,
    line: element.line,
  };
  return { device, backend: deviceBackend(memory, element, { id: `mem${id}`, size: deviceSize(memory, sizeOf(written), kind, label), node: node ?? 0 }) };
}

/**
 * Rounded up to 2 MiB, on POWER to 256 MiB; but what an nvdimm of POWER has besides its label is rounded down
 * (qemuDomainGetMemoryModuleSizeAlignment, qemuDomainNVDimmAlignSizePseries).
 */
function deviceSize({ unit, isPower }: DomainMemory, size: bigint, kind: QemuMemoryDevice['kind'], label: bigint | undefined): bigint {
  if (!isPower) return alignUp(size, 2n << 20n);
  return kind === 'nvdimm' ? alignDown(size - (label ?? 0n), unit) + (label ?? 0n) : alignUp(size, unit);
}

function deviceBackend({ pages, isShared, cells }: DomainMemory, element: XmlElement, { id, size, node }: { id: string; size: bigint; node: number }): QemuBackend {
  const source = elementAt(element, 'source');
  const page = source && elementAt(source, 'pagesize');
  const path = source && (elementAt(source, 'path')?.text ?? undefined);
  const access = element.attributes.get('access') ?? cells.get(node)?.attributes.get('memAccess');
  const hugePage = path !== undefined ? undefined : page ? hugeSize(page) : pages.of(node);
  return {
    id,
    kind: path !== undefined || hugePage !== undefined ? 'file' : 'ram',
    size,
    path,
    hugePage,
    share: access === undefined ? isShared : access === 'shared',
    hostNodes: nodeSet((source && elementAt(source, 'nodemask')?.text) ?? ''),
    line: element.line,
  };
}

/** `<pagesize>` may name the ordinary page, too. */
const hugeSize = (page: XmlElement): bigint | undefined => (sizeOf(page) > 0x1_0000n ? sizeOf(page) : undefined);

/** Devices whose addresses are written don't meet. */
function refuseOverlaps(made: readonly MadeDevice[]): void {
  const placed = made.flatMap(({ device, backend }) => (device.address === undefined ? [] : [{ line: device.line ?? 1, base: device.address, end: device.address + (backend.size ?? 0n) }]));
  const sorted = placed.sort((left, right) => (left.base < right.base ? -1 : 1));
  for (const [index, one] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before && one.base < before.end) throw new LibvirtTrouble(`this memory device begins at 0x${one.base.toString(16)}, inside that of line ${before.line}: libvirt refuses it`, one.line);
  }
}
