import { qemuSize } from '../qemu-options.js';
import type { QemuAssigned, QemuBackend, QemuMachine, QemuMemoryDevice } from '../qemu-machine.js';
import { originOf, type ExportResult, type ExportSubject } from './export-result.js';
import { qemuGuest } from './qemu-guest.js';

/**
 * A libvirt domain whose RAM lies as the layout says: machine, memory and its backing, nodes, memory devices and devices of
 * the host (docs/formatdomain of libvirt, checked against its schema domaincommon.rng). Devices that come later stand as
 * comments: `virsh attach-device` takes each of them.
 */
export function exportLibvirtXml(subject: ExportSubject): ExportResult {
  const guest = qemuGuest(subject);
  if ('errors' in guest) return guest;
  const { machine } = guest;
  const notes = [...guest.notes];
  const later = [...guest.laterMemory.map((device) => memoryElement(device, machine)), ...guest.laterDevices.map(hostdevElement)];
  const lines = [
    `<!-- ${comment(originOf(subject))}. Written by vmlayout. -->`,
    '<domain type="kvm">',
    ...indented([
      `<name>${escaped(subject.vm.name)}</name>`,
      ...maxMemory(machine, notes),
      `<memory unit="KiB">${kib(totalOf(machine))}</memory>`,
      ...backing(machine, notes),
      `<vcpu>${machine.smp.cpus}</vcpu>`,
      ...nodeTuning(machine, notes),
      ...os(machine),
      ...features(machine),
      ...cpu(machine, notes),
      ...devices(machine, later, notes),
    ]),
    '</domain>',
  ];
  return { text: `${lines.join('\n')}\n`, notes };
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A comment can’t hold two hyphens. */
const comment = (text: string): string => text.replaceAll('--', '- -');

const kib = (bytes: bigint): bigint => bytes / 1024n;

/** With its memory devices: libvirt counts those that are there at start-up to the whole. */
const totalOf = (machine: QemuMachine): bigint => (machine.memory.size ?? 0n) + machine.memoryDevices.reduce((sum, device) => sum + (backendOf(device, machine)?.size ?? 0n), 0n);

const backendOf = ({ backend }: QemuMemoryDevice, { backends }: QemuMachine): QemuBackend | undefined => backends.find(({ id }) => id === backend);

/** libvirt takes no maximum without a slot: “both maximum memory size and memory slot count must be specified”. */
function maxMemory({ memory: { maxmem, slots } }: QemuMachine, notes: string[]): string[] {
  if (maxmem === undefined) return [];
  if (slots === 0) notes.push('one slot is written where there is none: libvirt takes no maximum of memory without. What lies behind may lie 1 GiB higher');
  return [`<maxMemory slots="${Math.max(slots, 1)}" unit="KiB">${kib(maxmem)}</maxMemory>`];
}

/** Huge pages by their size, for the nodes whose memory has them. */
function backing(machine: QemuMachine, notes: string[]): string[] {
  const ofNodes = nodesOf(machine);
  const pages = ofNodes.flatMap(({ number, backend }) => (typeof backend?.hugePage === 'bigint' ? [{ number, size: backend.hugePage }] : []));
  const sizes = [...new Set(pages.map(({ size }) => size))];
  const isShared = ofNodes.some(({ backend }) => backend?.share);
  const elements = sizes.map((size) => {
    const numbers = pages.filter((page) => page.size === size).map(({ number }) => number);
    return `<page size="${kib(size)}" unit="KiB"${machine.nodes.length > 0 ? ` nodeset="${numbers.join(',')}"` : ''}/>`;
  });
  if (ofNodes.some(({ backend }) => backend?.kind === 'file')) notes.push('memory of a DAX device is written as ordinary memory: libvirt takes it as an nvdimm alone');
  const inner = [...(elements.length > 0 ? ['<hugepages>', ...indented(elements), '</hugepages>', '<source type="memfd"/>'] : []), ...(isShared ? ['<access mode="shared"/>'] : [])];
  return inner.length === 0 ? [] : ['<memoryBacking>', ...indented(inner), '</memoryBacking>'];
}

interface NodeMemory {
  readonly number: number;
  readonly cpus: number;
  readonly size: bigint;
  readonly backend: QemuBackend | undefined;
}

/** The memory of each node; of a guest without nodes as that of one. */
function nodesOf({ nodes, backends, memory }: QemuMachine): NodeMemory[] {
  const of = (id: string | undefined): QemuBackend | undefined => backends.find((backend) => backend.id === id);
  if (nodes.length === 0) return [{ number: 0, cpus: 1, size: memory.size ?? 0n, backend: of(memory.backend) }];
  return nodes.map(({ number, cpus, backend }) => ({ number, cpus, size: of(backend)?.size ?? 0n, backend: of(backend) }));
}

function nodeTuning(machine: QemuMachine, notes: string[]): string[] {
  const bound = nodesOf(machine).filter(({ backend }) => (backend?.hostNodes.length ?? 0) > 0);
  if (bound.length === 0) return [];
  if (machine.nodes.length === 0) return ['<numatune>', ...indented([`<memory mode="strict" nodeset="${bound[0]?.backend?.hostNodes.join(',')}"/>`]), '</numatune>'];
  if (bound.length < machine.nodes.length) notes.push('nodes whose memory is bound to no node of the host are left to the kernel');
  return ['<numatune>', ...indented(bound.map(({ number, backend }) => `<memnode cellid="${number}" mode="strict" nodeset="${backend?.hostNodes.join(',')}"/>`)), '</numatune>'];
}

const os = ({ target, type }: QemuMachine): string[] => ['<os>', `  <type arch="${target}" machine="${escaped(type ?? '')}">hvm</type>`, '</os>'];

/** The version of Arm's interrupt controller. */
function features({ options }: QemuMachine): string[] {
  const version = options.get('gic-version');
  return version === undefined ? [] : ['<features>', `  <gic version="${version}"/>`, '</features>'];
}

function cpu(machine: QemuMachine, notes: string[]): string[] {
  const vendor = machine.cpu?.options.get('vendor');
  if (vendor !== undefined) notes.push(`\`-cpu …,vendor=${vendor}\` has no element: the guest’s CPU has the vendor of the host`);
  const bits = machine.cpu?.options.get('phys-bits');
  const inner = [
    ...(bits === undefined ? [] : [`<maxphysaddr mode="emulate" bits="${bits}"/>`]),
    ...(machine.nodes.length === 0 && machine.memory.maxmem === undefined ? [] : ['<numa>', ...indented(nodesOf(machine).map(cellOf)), '</numa>']),
  ];
  return inner.length === 0 ? [] : ['<cpu mode="host-passthrough">', ...indented(inner), '</cpu>'];
}

const cellOf = ({ number, cpus, size, backend }: NodeMemory): string => `<cell id="${number}"${cpus > 0 ? ` cpus="${number}"` : ''} memory="${kib(size)}" unit="KiB"${backend?.share ? ' memAccess="shared"' : ''}/>`;

function devices(machine: QemuMachine, later: readonly (readonly string[])[], notes: string[]): string[] {
  const elements = [
    ...hole64(machine),
    ...machine.memoryDevices.flatMap((device) => memoryElement(device, machine)),
    ...machine.assigned.flatMap(hostdevElement),
    ...iommuElement(machine, notes),
    ...videoElement(machine),
    ...later.flatMap((element) => ['<!-- Later:', ...element, '-->']),
  ];
  // `max-ram-below-4g` and the like have no element: they go to QEMU as they are.
  const extra = [...machine.options].filter(([key]) => key !== 'iommu' && key !== 'gic-version');
  if (machine.memoryDevices.some(({ address, kind }) => kind === 'virtio-mem' && address !== undefined)) notes.push('the address of virtio-mem stands as a comment: libvirt takes it from 9.4 on');
  for (const [key, value] of extra) notes.push(`\`-machine ${key}=${value}\` has no element: add it with <qemu:commandline>`);
  return ['<devices>', ...indented(elements), '</devices>'];
}

/** The window of 64-bit BARs is said of the root bus. */
function hole64({ type, globals }: QemuMachine): string[] {
  const [size] = [...globals].flatMap(([name, value]) => (name.endsWith('.pci-hole64-size') ? (qemuSize(value) ?? []) : []));
  if (size === undefined) return [];
  return [`<controller type="pci" index="0" model="${type?.includes('q35') ? 'pcie-root' : 'pci-root'}">`, `  <pcihole64 unit="KiB">${kib(size)}</pcihole64>`, '</controller>'];
}

/** That of x86, and of most others. */
const BASE_PAGE = 4096n;

function memoryElement(device: QemuMemoryDevice, machine: QemuMachine): string[] {
  const backend = backendOf(device, machine);
  const size = backend?.size ?? 0n;
  const isBlocks = device.kind === 'virtio-mem';
  // What doesn't say its pages gets the huge ones of the domain, if it has any.
  const pages = typeof backend?.hugePage === 'bigint' ? backend.hugePage : nodesOf(machine).some((node) => node.backend?.hugePage !== undefined) ? BASE_PAGE : undefined;
  const page = pages === undefined ? [] : ['<source>', `  <pagesize unit="KiB">${kib(pages)}</pagesize>`, '</source>'];
  const target = [
    `<size unit="KiB">${kib(size)}</size>`,
    `<node>${device.node ?? 0}</node>`,
    ...(isBlocks ? [`<block unit="KiB">${kib(device.block ?? 2n << 20n)}</block>`, '<requested unit="KiB">0</requested>'] : []),
    // Since libvirt 9.4; its schema before that has no such element.
    ...(isBlocks && device.address !== undefined ? [`<!-- <address base="0x${device.address.toString(16)}"/> -->`] : []),
  ];
  const address = isBlocks || device.address === undefined ? [] : [`<address type="dimm" base="0x${device.address.toString(16)}"/>`];
  return [`<memory model="${isBlocks ? 'virtio-mem' : 'dimm'}">`, ...indented([...page, '<target>', ...indented(target), '</target>', ...address]), '</memory>'];
}

/** A PC’s graphics card hides RAM; libvirt makes QEMU one only where it is told of one. */
function videoElement({ target, type, vga }: QemuMachine): string[] {
  if (target !== 'x86_64' || type === 'microvm') return [];
  return ['<video>', `  <model type="${vga === 'none' ? 'none' : 'vga'}"/>`, '</video>'];
}

/** `0000:01:00.0`, part by part. */
function hostdevElement({ host }: QemuAssigned): string[] {
  const [, domain = '0000', bus = '', slot = '', fn = ''] = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(host ?? '') ?? [];
  return [
    '<hostdev mode="subsystem" type="pci" managed="yes">',
    ...indented(['<source>', `  <address domain="0x${domain}" bus="0x${bus}" slot="0x${slot}" function="0x${fn}"/>`, '</source>']),
    '</hostdev>',
  ];
}

const MODELS: Readonly<Record<string, string>> = { 'intel-iommu': 'intel', 'virtio-iommu-pci': 'virtio' };

function iommuElement({ devices: others, options }: QemuMachine, notes: string[]): string[] {
  if (options.get('iommu') === 'smmuv3') return ['<iommu model="smmuv3"/>'];
  return others.flatMap(({ driver, properties }) => {
    const model = MODELS[driver];
    if (model === undefined) notes.push(`${driver} has no element: it is left out`);
    if (model === undefined) return [];
    if (model === 'virtio') return ['<iommu model="virtio"/>'];
    const width = properties.get('aw-bits');
    return ['<iommu model="intel">', `  <driver intremap="on" caching_mode="on"${width === undefined ? '' : ` aw_bits="${width}"`}/>`, '</iommu>'];
  });
}
