import { formatPlural } from '../layout/address.js';
import { writeAddress, writeSize, writeSizeWithUnit } from '../layout/written.js';
import { deviceAt } from './host-names.js';
import { fileName, type ImportOptions } from './import-result.js';
import type { PartsResult } from './layout-part.js';
import { blankLine, codeLine, legalName, newNames, remark, writeText, type LayoutLine, type Names } from './layout-text.js';
import type { QemuBackend, QemuMachine, QemuMemoryDevice, QemuNode } from './qemu-machine.js';
import { qemuSize } from './qemu-options.js';
import { modelOf, ramOf, type MachineModel } from './qemu-machine-models.js';

/** Writes a QEMU guest as a vm that is like a machine of the shipped library. */
export interface MachineSource {
  /** Where the guest was read from, for names and messages. */
  readonly path: string;
  /** What it was, for the first comment: `a QEMU command line`. */
  readonly what: string;
  readonly notes: readonly string[];
}

/** The guest as a part of a layout; `options.host` names devices that are given away. */
export function qemuMachinePart(machine: QemuMachine, source: MachineSource, options: ImportOptions = {}): PartsResult {
  const model = modelOf(machine, options.host);
  if ('unmodelled' in model) return { errors: [{ path: source.path, line: 1, message: `the shipped library has no model of ${model.unmodelled}` }] };
  const body = new Body(machine, model, options);
  const lines = body.lines();
  const file = fileName(source.path);
  return {
    parts: [
      {
        kind: 'vm',
        name: vmName(machine, source.path),
        tellsDevices: true,
        about: [`Imported from ${source.what}${file === '-' || file === '' ? '' : ` in ${file}`}.`],
        like: { name: model.name, path: model.path },
        lines,
        notes: [...source.notes, ...model.notes, ...body.notes],
      },
    ],
  };
}

/** The vm's name: `-name guest=web`, else that of the file. */
function vmName(machine: QemuMachine, path: string): string {
  const told = machine.unread.map((option) => /^-name (?:guest=)?([^,=]+)(?:,|$)/.exec(option)?.[1]).find((name) => name !== undefined);
  const stem = fileName(path).replace(/(?:\.(?:cmd|sh|args|txt|log|xml))+$/i, '');
  return legalName(told ?? (stem === '-' ? '' : stem), 'guest');
}

/** What stands in the vm. */
class Body {
  readonly notes: string[] = [];
  readonly #machine: QemuMachine;
  readonly #model: MachineModel;
  readonly #options: ImportOptions;
  readonly #names: Names;
  /** Names of the backings written so far, by the id QEMU knows them by. */
  readonly #backings = new Map<string, string>();

  constructor(machine: QemuMachine, model: MachineModel, options: ImportOptions) {
    this.#machine = machine;
    this.#model = model;
    this.#options = options;
    this.#names = newNames(['ram', 'low', 'high']);
  }

  lines(): LayoutLine[] {
    const constants = [...this.#model.constants].map(([name, value]) => codeLine(`const ${name} = ${value}`));
    const { nodes } = this.#machine;
    const memory = nodes.some(({ backend }) => backend !== undefined) ? this.#nodeLines() : this.#ramLines();
    const viommus = this.#viommuLines();
    return [...constants, ...apart(memory), ...apart(this.#deviceMemoryLines()), ...apart([...viommus, ...this.#assignLines(viommus.length > 0)])];
  }

  #backendOf(id: string | undefined): QemuBackend | undefined {
    return this.#machine.backends.find((backend) => backend.id === id);
  }

  /** RAM in one block: the model's backing, unless the guest says more of it. */
  #ramLines(): LayoutLine[] {
    const { memory, nodes, unread } = this.#machine;
    const backend = this.#backendOf(memory.backend);
    if (nodes.some(({ size }) => size !== undefined)) this.notes.push('nodes with `mem=` share one block of RAM: which part is whose is not written');
    const path = unread.map((option) => /^-mem-path (.*)$/.exec(option)?.[1]).find((found) => found !== undefined);
    if (backend === undefined && path === undefined) {
      if (memory.backend !== undefined) this.notes.push(`the memory backend ${writeText(memory.backend)} is declared nowhere`);
      return [];
    }
    return [this.#backingLine('ram', 'RAM', backend ?? { ...NO_BACKEND, path })];
  }

  #backingLine(name: string, size: string, backend: QemuBackend): LayoutLine {
    if (backend.id !== '') this.#backings.set(backend.id, name);
    const label = backend.id === '' || backend.id === name ? '' : ` label ${writeText(backend.id)}`;
    return codeLine(`backing ${name} size ${size} ${this.#kindOf(backend)}${backend.share ? ' share' : ''}${label}`, whereFrom(backend));
  }

  /** What the host promises: the pages of hugetlbfs where a mount of it is named, of DAX for its devices. */
  #kindOf(backend: QemuBackend): string {
    const { path = '', hugePage, id } = backend;
    if (/^\/dev\/dax/.test(path)) return 'dax 2 MiB';
    const size = typeof hugePage === 'bigint' ? hugePage : pageInPath(path);
    if (size !== undefined) return `hugetlb ${writeSize(size)}`;
    if (hugePage !== true && !/huge/i.test(path)) return 'anonymous';
    this.notes.push(`the huge pages of ${id === '' ? path : writeText(id)} are taken for 2 MiB: nothing says how large they are`);
    return 'hugetlb 2 MiB';
  }

  /**
   * A block of its own for each node. The guest's RAM is those blocks in a row, cut where low RAM ends: what of a node lies
   * below keeps its address, the rest goes on at HIGH_BASE. The first and the last piece replace the model's.
   */
  #nodeLines(): LayoutLine[] {
    const nodes = [...this.#machine.nodes].sort((left, right) => left.number - right.number).filter((node) => this.#sizeOf(node) > 0n);
    const single = nodes.length === 1;
    const backings: LayoutLine[] = [];
    const regions: LayoutLine[] = [];
    let start = 0n;
    for (const [index, node] of nodes.entries()) {
      const backend = this.#backendOf(node.backend) ?? NO_BACKEND;
      const size = this.#sizeOf(node);
      const name = index === 0 ? 'ram' : this.#names.take(legalName(backend.id, `node${node.number}`));
      backings.push(this.#backingLine(name, single ? 'RAM' : writeSize(size), backend));
      // The model's own regions say as much of a single node.
      if (!single || node.number > 0) regions.push(...this.#nodeRegions(node, name, start, start + size, index === nodes.length - 1));
      start += size;
    }
    if (start !== ramOf(this.#machine)) this.notes.push(`the nodes have ${writeSize(start)} together, not what \`-m\` says: QEMU refuses that`);
    return [...backings, ...regions];
  }

  #sizeOf(node: QemuNode): bigint {
    return this.#backendOf(node.backend)?.size ?? node.size ?? 0n;
  }

  #nodeRegions({ number }: QemuNode, backing: string, start: bigint, end: bigint, isLast: boolean): LayoutLine[] {
    const [from, to] = [writeSizeWithUnit(start), writeSizeWithUnit(end)];
    const isFirst = start === 0n;
    const node = `node ${number}`;
    if (!this.#model.isSplit) {
      return [codeLine(`ram ${isFirst ? 'low' : `node${number}`} at LOW_BASE${isFirst ? '' : ` + ${from}`} size ${writeSize(end - start)} from ${backing} + 0 ${node}`)];
    }
    const highName = isLast ? 'high' : `node${number}-high`;
    if (start >= HIGHEST_CUT) return [codeLine(`ram ${highName} at HIGH_BASE + ${from} - LOW size ${writeSize(end - start)} from ${backing} + 0 ${node}`)];
    const low = isFirst ? `low at 0 size min(${to}, LOW)` : `node${number}-low at ${from} size min(${to}, LOW) - ${from}`;
    const cut = `max(${from}, LOW)`;
    const [at, size, offset] = isFirst ? ['', 'LOW', 'LOW'] : [` + ${cut} - LOW`, cut, `(${cut} - ${from})`];
    return [
      codeLine(`ram ${low} from ${backing} + 0 ${node}${isFirst ? '' : ` when LOW > ${from}`}`),
      codeLine(`ram ${highName} at HIGH_BASE${at} size ${to} - ${size} from ${backing} + ${offset} ${node} when LOW < ${to}`),
    ];
  }

  /** Memory devices, in the order in which QEMU finds room for them. */
  #deviceMemoryLines(): LayoutLine[] {
    const lines: LayoutLine[] = [];
    let before: string | undefined;
    const { memoryDevices, memory } = this.#machine;
    if (memoryDevices.length > 0 && !this.#model.constants.has('MAXMEM')) {
      this.notes.push('QEMU refuses memory devices without room for them: `maxmem` has to be more than the RAM. They are left out');
      return [];
    }
    if (memory.slots === 0 && memoryDevices.some(({ kind }) => kind === 'pc-dimm' || kind === 'nvdimm')) {
      this.notes.push('QEMU refuses DIMMs without `slots`');
    }
    if (memoryDevices.some(({ address }) => address !== undefined) && memoryDevices.some(({ address }) => address === undefined)) {
      this.notes.push('of the memory devices some have an address and some have none: those are put one behind the other, QEMU takes the first room that is free');
    }
    for (const device of memoryDevices) {
      const backend = this.#backendOf(device.backend);
      if (!this.#model.takesMemoryDevices || device.kind === 'virtio-pmem' || device.kind === 'other' || backend?.size === undefined) {
        this.notes.push(`\`${device.driver}\` ${device.id === undefined ? '' : `${writeText(device.id)} `}is not written: ${backend?.size === undefined ? 'its backend has no size' : 'its memory is not modelled'}`);
        continue;
      }
      const name = this.#names.take(legalName(device.id ?? device.kind, 'memory'));
      lines.push(...this.#memoryDevice(name, device, { ...backend, size: backend.size }, before));
      before = device.address === undefined ? name : before;
    }
    return lines;
  }

  #memoryDevice(name: string, device: QemuMemoryDevice, backend: QemuBackend & { size: bigint }, before: string | undefined): LayoutLine[] {
    const backing = this.#names.take(legalName(backend.id, 'backend'));
    const block = device.block ?? DEFAULT_BLOCK;
    // An nvdimm keeps its label at the end and ends at a multiple of 2 MiB (hw/mem/nvdimm.c, nvdimm_prepare_memory_region).
    const size = device.kind === 'nvdimm' ? alignDown(backend.size - (device.label ?? 0n), 2n << 20n) : backend.size;
    const unit = device.kind === 'virtio-mem' && block > DEFAULT_BLOCK ? block : DEFAULT_BLOCK;
    const at = device.address === undefined ? (before === undefined ? 'DEVICE_MEMORY_BASE' : `align_up(${before}.end, ${writeSize(unit)})`) : writeAddress(device.address);
    const how = device.kind === 'virtio-mem' ? `hotplug virtio-mem block ${writeSize(block)}` : 'over device-memory because "plugged from the start"';
    const node = device.node === undefined ? '' : ` node ${device.node}`;
    if (device.requested !== undefined && device.requested > 0n) {
      this.notes.push(`\`${name}\` is to have ${writeSize(device.requested)} plugged at start-up: none of its blocks is written as there`);
    }
    return [this.#backingLine(backing, writeSize(backend.size), backend), codeLine(`ram ${name} at ${at} size ${writeSize(size)} from ${backing} + 0${node} ${how}`)];
  }

  #viommuLines(): LayoutLine[] {
    const { devices, options } = this.#machine;
    const found = devices.flatMap(({ driver, properties }) => {
      const model = VIOMMUS.get(driver);
      return model === undefined ? [] : [{ model, bits: properties.get('aw-bits') }];
    });
    if (options.get('iommu') === 'smmuv3') found.push({ model: 'smmu-v3', bits: undefined });
    return found.slice(0, 1).map(({ model, bits }) => codeLine(`viommu viommu { model ${model}  mode emulated${bits === undefined ? '' : `  bits ${bits}`} }`));
  }

  /** Devices of the host that are given away: by their names there, if the host is known. */
  #assignLines(behindViommu: boolean): LayoutLine[] {
    const { assigned } = this.#machine;
    const { host } = this.#options;
    const behind = behindViommu ? ' behind viommu' : '';
    if (assigned.some(({ iommufd }) => iommufd)) this.notes.push('a device is mapped by iommufd: the host’s `contract` is `iommufd` then');
    const nameOf = (address: string | undefined): string | undefined => (host && address !== undefined ? deviceAt(host, address) : undefined);
    const unknown = assigned.filter(({ host: address }) => nameOf(address) === undefined).length;
    if (unknown > 0) this.notes.push(`${formatPlural(unknown, 'device', 'devices')} of the host that the guest is given ${unknown === 1 ? 'stands' : 'stand'} as a comment: nothing is mapped for what isn’t assigned`);
    return assigned.map(({ host: address, id }) => {
      const name = nameOf(address);
      const where = address ?? id ?? 'a mediated device';
      if (name !== undefined) return codeLine(`assign ${name}${behind}`, where);
      return remark(`the guest is given ${where}${host ? `, which ${host.path} doesn’t declare` : ': `--host` says what it is there'}`);
    });
  }
}

const NO_BACKEND: QemuBackend = { id: '', kind: 'ram', size: undefined, path: undefined, hugePage: undefined, share: false, hostNodes: [], line: undefined };

/** What QEMU aligns memory devices and blocks of virtio-mem to on x86 and on arm64 with pages of 4 KiB (hw/virtio/virtio-mem.c). */
const DEFAULT_BLOCK = 2n << 20n;

/** The page that a mount of hugetlbfs has in its name: `/dev/hugepages1G/x`, Proxmox’s `/run/hugepages/kvm/1048576kB`. */
function pageInPath(path: string): bigint | undefined {
  const [, number = '', unit = ''] = /huge(?:pages|tlbfs)?[-_/]?(\d+)(K|M|G)/i.exec(path) ?? /huge.*\/(\d+)(K|M|G)i?B?(?:\/|$)/i.exec(path) ?? [];
  return qemuSize(`${number}${unit}`);
}

/** No machine has more low RAM than fits below 4 GiB. */
const HIGHEST_CUT = 4n << 30n;

const alignDown = (value: bigint, unit: bigint): bigint => value - (value % unit);

const VIOMMUS: ReadonlyMap<string, string> = new Map([
  ['intel-iommu', 'vt-d'],
  ['amd-iommu', 'amd-v1'],
  ['virtio-iommu', 'virtio'],
  ['virtio-iommu-pci', 'virtio'],
  ['virtio-iommu-device', 'virtio'],
  ['arm-smmuv3', 'smmu-v3'],
  ['riscv-iommu-pci', 'riscv'],
]);

const whereFrom = ({ path, hostNodes }: QemuBackend): string | undefined => {
  const facts = [...(path === undefined ? [] : [path]), ...(hostNodes.length === 0 ? [] : [`host node ${hostNodes.join(', ')}`])];
  return facts.length === 0 ? undefined : facts.join(', ');
};

const apart = (lines: readonly LayoutLine[]): LayoutLine[] => (lines.length === 0 ? [] : [blankLine, ...lines]);
