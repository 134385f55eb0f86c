import type { Keyed, QemuAssigned, QemuBackend, QemuDevice, QemuMachine, QemuMemoryDevice, QemuNode } from '../qemu-machine.js';
import { sizeText } from '../qemu-options.js';
import { originOf, type ExportResult, type ExportSubject } from './export-result.js';
import { qemuGuest, type QemuGuest } from './qemu-guest.js';

/** The command that starts QEMU so that RAM lies as the layout says; what comes later stands as comments, as the monitor takes it. */
export function exportQemuArgs(subject: ExportSubject): ExportResult {
  const guest = qemuGuest(subject);
  if ('errors' in guest) return guest;
  const later = monitorLines(guest);
  const text = [`# ${originOf(subject)}. Written by vmlayout.`, qemuCommand(guest.machine), ...(later.length > 0 ? ['', '# Later, on the monitor (HMP):', ...later.map((line) => `#   ${line}`)] : [])].join('\n');
  return { text: `${text}\n`, notes: guest.notes };
}

/** A machine as a command line, an option a line. What `readQemuCommandLine` makes of it is the machine again. */
function qemuCommand(machine: QemuMachine): string {
  const words = [`qemu-system-${machine.target}`, ...optionsOf(machine).map(([option, value]) => `-${option} ${quoted(value)}`)];
  return words.join(' \\\n  ');
}

function optionsOf(machine: QemuMachine): [option: string, value: string][] {
  const { cpu, vga } = machine;
  return [
    ['machine', withKeys(machine.type ?? '', machineKeys(machine))],
    ...(cpu ? [['cpu', withKeys(cpu.model, cpu.options)] as [string, string]] : []),
    ['smp', `${machine.smp.cpus}`],
    ['m', memoryText(machine)],
    ...[...machine.globals].map(([name, value]): [string, string] => ['global', `${name}=${value}`]),
    ...backendsFirst(machine).map((backend): [string, string] => ['object', backendText(backend)]),
    ...machine.nodes.map((node): [string, string] => ['numa', nodeText(node)]),
    ...(vga === undefined ? [] : [['vga', vga] as [string, string]]),
    ...machine.devices.map((device): [string, string] => ['device', deviceText(device)]),
    ...(machine.assigned.some(({ iommufd }) => iommufd) ? [['object', 'iommufd,id=iommufd0'] as [string, string]] : []),
    ...machine.memoryDevices.map((device): [string, string] => ['device', memoryDeviceText(device)]),
    ...machine.assigned.map((device): [string, string] => ['device', assignedText(device)]),
  ];
}

const machineKeys = ({ accelerator, options, memory: { backend } }: QemuMachine): Keyed =>
  new Map([...(accelerator === undefined ? [] : [['accel', accelerator] as const]), ...options, ...(backend === undefined ? [] : [['memory-backend', backend] as const])]);

/** Backends of what comes later are made later. */
const backendsFirst = ({ backends, memory, nodes, memoryDevices }: QemuMachine): QemuBackend[] =>
  backends.filter(({ id }) => id === memory.backend || nodes.some(({ backend }) => backend === id) || memoryDevices.some(({ backend }) => backend === id));

/** A comma inside of a value is doubled (util/keyval.c). */
const keys = (options: Keyed): string => [...options].map(([key, value]) => `,${key}=${value.replaceAll(',', ',,')}`).join('');

const withKeys = (first: string, options: Keyed): string => `${first}${keys(options)}`;

function memoryText({ memory: { size, maxmem, slots } }: QemuMachine): string {
  return `size=${sizeText(size ?? 0n)}${maxmem === undefined ? '' : `,maxmem=${sizeText(maxmem)},slots=${slots}`}`;
}

function backendText({ id, kind, size, path, hugePage, share, hostNodes }: QemuBackend): string {
  const huge = hugePage === undefined ? [] : ['hugetlb=on', ...(hugePage === true ? [] : [`hugetlbsize=${sizeText(hugePage)}`]), 'prealloc=on'];
  const words = [`memory-backend-${kind}`, `id=${id}`, `size=${sizeText(size ?? 0n)}`, ...(path === undefined ? [] : [`mem-path=${path.replaceAll(',', ',,')}`, 'align=2M']), ...huge, ...(share ? ['share=on'] : [])];
  return [...words, ...hostNodes.map((node) => `host-nodes=${node}`), ...(hostNodes.length > 0 ? ['policy=bind'] : [])].join(',');
}

const nodeText = ({ number, backend, cpus }: QemuNode): string => `node,nodeid=${number}${backend === undefined ? '' : `,memdev=${backend}`}${cpus > 0 ? `,cpus=${number}` : ''}`;

const deviceText = ({ driver, id, properties }: QemuDevice): string => `${driver}${id === undefined ? '' : `,id=${id}`}${keys(properties)}`;

function memoryDeviceText({ driver, id, kind, backend, node, address, block }: QemuMemoryDevice): string {
  const where = kind === 'virtio-mem' ? 'memaddr' : 'addr';
  const facts = [['id', id], ['memdev', backend], ['node', node], ['block-size', block === undefined ? undefined : sizeText(block)], [where, address === undefined ? undefined : `0x${address.toString(16)}`]] as const;
  return [driver, ...facts.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))].join(',');
}

const assignedText = ({ id, host, iommufd }: QemuAssigned): string => `vfio-pci,host=${host}${id === undefined ? '' : `,id=${id}`}${iommufd ? ',iommufd=iommufd0' : ''}`;

function monitorLines({ machine, laterDevices, laterMemory }: QemuGuest): string[] {
  const backends = machine.backends.filter((backend) => laterMemory.some((device) => device.backend === backend.id) && !backendsFirst(machine).includes(backend));
  return [
    ...backends.map((backend) => `object_add ${backendText(backend)}`),
    ...laterMemory.map((device) => `device_add ${memoryDeviceText(device)}`),
    ...(laterDevices.some(({ iommufd }) => iommufd) && !machine.assigned.some(({ iommufd }) => iommufd) ? ['object_add iommufd,id=iommufd0'] : []),
    ...laterDevices.map((device) => `device_add ${assignedText(device)}`),
  ];
}

/** A word of a shell: in single quotes where it has to be. */
const quoted = (word: string): string => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
