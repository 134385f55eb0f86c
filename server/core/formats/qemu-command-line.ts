import { alignUp } from '../layout/address.js';
import { MOST_ERRORS, type LineError } from './import-result.js';
import { withoutQuotes } from './pasted-text.js';
import {
  sharedMemoryNote, type Keyed, type QemuAssigned, type QemuBackend, type QemuCpu, type QemuDevice,
  type QemuMachine, type QemuMemory, type QemuMemoryDevice, type QemuNode, type QemuSmp,
} from './qemu-machine.js';
import { qemuNumber, qemuSize, qemuSwitch, readOptions, readPairs, type QemuOption } from './qemu-options.js';
import { shellCommands, type ShellWord } from './shell-words.js';

/** What a command line says of the guest’s memory map. */
export interface QemuCommandLine {
  readonly machine: QemuMachine;
  /** What was read in another way than one may think. */
  readonly notes: readonly string[];
}

/**
 * Reads the command line of a QEMU guest: as typed, from a script, out of `ps`, libvirt's log or `/proc/PID/cmdline`.
 * What shapes the memory map is read; every other option is kept by its words in `unread`.
 */
export function readQemuCommandLine(text: string): QemuCommandLine | { readonly errors: readonly LineError[] } {
  const commands = shellCommands(asTyped(text));
  if ('errors' in commands) return commands;
  const named = commandsOfQemu(joinWrapped(commands));
  // `Main PID: 1 (qemu-system-x86)` and `grep qemu-system-x86_64` only name the program.
  const started = named.filter(({ options }) => options.length > 0);
  const [first, ...others] = started.length > 0 ? started : named;
  if (first === undefined) return { errors: [{ line: 1, message: 'no command begins with qemu-system-… (or qemu-kvm) here' }] };
  const reader = new Reader();
  for (const option of first.options) reader.read(option);
  const notes = [
    ...reader.notes,
    ...others.map(({ line }) => `line ${line}: another command of QEMU is not read`),
    ...first.others.map(({ text: word, line }) => `line ${line}: \`${word}\` belongs to no option; QEMU takes it for a disk`),
  ];
  if (reader.errors.length > 0) return { errors: reader.errors.slice(0, MOST_ERRORS) };
  return { machine: reader.machine(first.target, first.accelerator), notes };
}

/** A shell would take the `> ` of a mail for a redirection, and the dashes that word processors make of hyphens for names. */
const asTyped = (text: string): string => withoutQuotes(text).replace(/(^|\s)[–—](?=[A-Za-z])/g, '$1-');

/** Whether a text looks like such a command. */
export const looksLikeQemuCommand = (text: string): boolean =>
  /(?:^|[\s/'"])(?:qemu-system-[a-z0-9_]+|qemu-kvm|kvm)['"]?[\s\0]/.test(text) && /[\s\0]--?(?:m|M|machine|device|object|cpu|smp)[\s\0]/.test(text);

interface QemuCommand {
  readonly target: string;
  /** What the program’s name chooses where no option does. */
  readonly accelerator: string | undefined;
  readonly line: number;
  readonly options: readonly QemuOption[];
  readonly others: readonly ShellWord[];
}

/** A line that begins with an option goes on with the command above: mail programs wrap lines without a `\`. */
function joinWrapped(commands: readonly ShellWord[][]): ShellWord[][] {
  const joined: ShellWord[][] = [];
  for (const command of commands) {
    const before = joined.at(-1);
    if (before && /^--?[A-Za-z]/.test(command[0]?.text ?? '')) before.push(...command);
    else joined.push([...command]);
  }
  return joined;
}

const PROGRAM = /(?:^|\/)(?:qemu-system-([a-z0-9_]+)|qemu-kvm|kvm)$/;

/** What stands before the program (`sudo`, `taskset`, variables, columns of `ps`) is no part of it. */
function commandsOfQemu(commands: readonly ShellWord[][]): QemuCommand[] {
  return commands.flatMap((words) => {
    const start = words.findIndex(({ text }) => PROGRAM.test(text));
    const program = words[start];
    if (program === undefined) return [];
    const target = PROGRAM.exec(program.text)?.[1] ?? 'x86_64';
    // A program whose name ends with `kvm` prefers KVM (softmmu/vl.c, configure_accelerators).
    const accelerator = program.text.endsWith('kvm') ? 'kvm' : undefined;
    return [{ target, accelerator, line: program.line, ...readOptions(words.slice(start + 1)) }];
  });
}

const IMPLIED: Readonly<Record<string, string>> = {
  machine: 'type',
  accel: 'accel',
  cpu: 'model',
  m: 'size',
  smp: 'cpus',
  numa: 'type',
  object: 'qom-type',
  device: 'driver',
  global: 'driver',
  drive: 'file',
};

/** Gathers what the options say, one after the other: later ones win over earlier ones of their kind. */
class Reader {
  readonly errors: LineError[] = [];
  readonly notes: string[] = [];
  readonly #machine = new Map<string, string>();
  readonly #memory = new Map<string, string>();
  readonly #smp = new Map<string, string>();
  readonly #globals = new Map<string, string>();
  readonly #backends: QemuBackend[] = [];
  readonly #nodes: QemuNode[] = [];
  readonly #memoryDevices: QemuMemoryDevice[] = [];
  readonly #assigned: QemuAssigned[] = [];
  readonly #devices: QemuDevice[] = [];
  readonly #unread: string[] = [];
  readonly #flags = new Set<string>();
  readonly #words = new Map<string, string>();
  #cpu: QemuCpu | undefined;
  #accelerator: string | undefined;
  #flashes = 0;
  /** The line of the option that is being read. */
  #line = 1;

  read(option: QemuOption): void {
    this.#line = option.line;
    const implied = IMPLIED[option.name];
    if (implied === undefined) return this.#readWord(option);
    const pairs = readPairs(option, implied);
    if (!('length' in pairs)) {
      this.errors.push(pairs);
      return;
    }
    this.#readPairs(option, new Map(pairs), pairs);
  }

  machine(target: string, byName: string | undefined): QemuMachine {
    const { type, accel, 'memory-backend': backend, ...options } = Object.fromEntries(this.#machine);
    return {
      target,
      type,
      options: new Map(Object.entries(options)),
      accelerator: this.#accelerator ?? accel?.split(':')[0] ?? byName,
      cpu: this.#cpu,
      smp: this.#readSmp(),
      memory: { ...this.#readMemory(), backend },
      backends: this.#backends,
      nodes: this.#nodes,
      memoryDevices: this.#memoryDevices,
      assigned: this.#assigned,
      devices: this.#devices,
      globals: this.#globals,
      nodefaults: this.#flags.has('nodefaults'),
      vga: this.#words.get('vga'),
      bios: this.#words.get('bios'),
      flashes: this.#flashes,
      unread: this.#unread,
    };
  }

  #readWord({ name, value }: QemuOption): void {
    if (name === 'enable-kvm') this.#accelerator ??= 'kvm';
    else if (name === 'nodefaults') this.#flags.add(name);
    else if (name === 'vga' || name === 'bios') this.#words.set(name, value ?? '');
    else if (name === 'pflash') this.#flashes += 1;
    else this.#unread.push(value === undefined ? `-${name}` : `-${name} ${value}`);
  }

  #readPairs({ name, value }: QemuOption, keyed: Keyed, pairs: readonly (readonly [string, string])[]): void {
    switch (name) {
      case 'machine':
        return keep(this.#machine, keyed);
      case 'm':
        return this.#keepMemory(keyed);
      case 'smp':
        return keep(this.#smp, keyed);
      case 'accel':
        this.#accelerator ??= keyed.get('accel');
        return;
      case 'cpu':
        this.#cpu = { model: keyed.get('model') ?? '', options: without(keyed, 'model') };
        return;
      case 'global':
        return this.#readGlobal(keyed);
      case 'numa':
        return this.#readNode(keyed, pairs, value ?? '');
      case 'object':
        return this.#readObject(keyed, value ?? '');
      case 'drive':
        if (keyed.get('if') === 'pflash') this.#flashes += 1;
        else this.#unread.push(`-drive ${value ?? ''}`);
        return;
      default:
        return this.#readDevice(keyed);
    }
  }

  /** `driver.property=value`, or the three by name. */
  #readGlobal(keyed: Keyed): void {
    const [driver, property, value] = [keyed.get('driver'), keyed.get('property'), keyed.get('value')];
    if (driver !== undefined && property !== undefined) this.#globals.set(`${driver}.${property}`, value ?? 'on');
    else keep(this.#globals, keyed);
  }

  /** The size is checked where it stands, for the sake of the line. */
  #keepMemory(keyed: Keyed): void {
    const size = keyed.get('size');
    if (size !== undefined) this.#sizeIn('-m', 'size', size, 1n << 20n);
    this.#size(keyed, 'maxmem', '-m');
    this.#number(keyed, 'slots', '-m');
    keep(this.#memory, keyed);
  }

  #readMemory(): Omit<QemuMemory, 'backend'> {
    const size = this.#memory.get('size');
    return {
      size: ramSize(size === undefined ? undefined : qemuSize(size, 1n << 20n)),
      maxmem: qemuSize(this.#memory.get('maxmem') ?? ''),
      slots: Number(qemuNumber(this.#memory.get('slots') ?? '0') ?? 0n),
    };
  }

  /** Without `cpus` it is the product of what is told; without anything, 1 (hw/core/machine-smp.c). */
  #readSmp(): QemuSmp {
    const told = (key: string): number | undefined => {
      const number = qemuNumber(this.#smp.get(key) ?? '');
      return number === undefined ? undefined : Number(number);
    };
    const product = ['sockets', 'dies', 'clusters', 'modules', 'cores', 'threads'].reduce((all, key) => all * (told(key) ?? 1), 1);
    const maxcpus = told('maxcpus');
    return { cpus: told('cpus') ?? maxcpus ?? product, maxcpus, sockets: told('sockets') };
  }

  #readNode(keyed: Keyed, pairs: readonly (readonly [string, string])[], written: string): void {
    if (keyed.get('type') !== 'node') {
      this.#unread.push(`-numa ${written}`);
      return;
    }
    this.#nodes.push({
      number: this.#number(keyed, 'nodeid', '-numa') ?? this.#nodes.length,
      backend: keyed.get('memdev'),
      size: keyed.has('mem') ? this.#sizeIn('-numa', 'mem', keyed.get('mem') ?? '', 1n << 20n) : undefined,
      cpus: pairs.reduce((count, [key, value]) => count + (key === 'cpus' ? rangeLength(value) : 0), 0),
    });
  }

  #readObject(keyed: Keyed, written: string): void {
    const kind = /^memory-backend-(ram|file|memfd|epc|shm)$/.exec(keyed.get('qom-type') ?? '')?.[1];
    if (kind === undefined) {
      this.#unread.push(`-object ${written}`);
      return;
    }
    this.#backends.push({
      id: keyed.get('id') ?? '',
      kind: kind as QemuBackend['kind'],
      size: this.#size(keyed, 'size', '-object'),
      path: keyed.get('mem-path'),
      hugePage: this.#size(keyed, 'hugetlbsize', '-object') ?? (qemuSwitch(keyed.get('hugetlb')) === true ? true : undefined),
      share: qemuSwitch(keyed.get('share')) ?? (kind === 'memfd' || kind === 'shm'),
      hostNodes: [...keyed].flatMap(([key, value]) => (/^host-nodes(?:\.\d+)?$/.test(key) ? numbersIn(value) : [])),
      line: this.#line,
    });
  }

  #readDevice(keyed: Keyed): void {
    const driver = keyed.get('driver') ?? '';
    if (/^vfio-pci(?:-nohotplug)?$/.test(driver)) this.#assigned.push(this.#assignedDevice(keyed));
    else if (MEMORY_DEVICE.test(driver)) this.#memoryDevices.push(this.#memoryDevice(driver, keyed));
    else this.#keepDevice({ driver, id: keyed.get('id'), properties: without(without(keyed, 'driver'), 'id') });
  }

  #keepDevice(device: QemuDevice): void {
    const { driver, id, properties } = device;
    this.#devices.push(device);
    const name = id ?? properties.get('memdev') ?? '';
    if (/^ivshmem/.test(driver)) this.notes.push(sharedMemoryNote(this.#line, name));
    if (/^(?:vfio-|vhost-vdpa)/.test(driver)) this.notes.push(`line ${this.#line}: \`${driver}\` gives the guest a device that isn’t known here: it is not written`);
  }

  /** Where the device sits on the host; `sysfsdev` ends with that, too, unless it is a mediated one. */
  #assignedDevice(keyed: Keyed): QemuAssigned {
    const written = keyed.get('host') ?? keyed.get('sysfsdev') ?? '';
    const address = /(?:^|\/)((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\/*$/i.exec(written)?.[1];
    return {
      id: keyed.get('id'),
      host: address === undefined || address.split(':').length === 3 ? address : `0000:${address}`,
      iommufd: keyed.has('iommufd'),
      line: this.#line,
    };
  }

  #memoryDevice(driver: string, keyed: Keyed): QemuMemoryDevice {
    const kind = /^(pc-dimm|nvdimm|virtio-mem|virtio-pmem)/.exec(driver)?.[1] ?? 'other';
    const address = ['addr', 'memaddr'].find((key) => kind.startsWith('virtio') === (key === 'memaddr')) ?? 'addr';
    return {
      id: keyed.get('id'),
      kind: kind as QemuMemoryDevice['kind'],
      driver,
      backend: keyed.get('memdev'),
      node: this.#number(keyed, 'node', '-device'),
      address: this.#number(keyed, address, '-device', BigInt),
      block: this.#size(keyed, 'block-size', '-device'),
      requested: this.#size(keyed, 'requested-size', '-device'),
      label: this.#size(keyed, 'label-size', '-device'),
      line: this.#line,
    };
  }

  #size(keyed: Keyed, key: string, option: string): bigint | undefined {
    const text = keyed.get(key);
    return text === undefined ? undefined : this.#sizeIn(option, key, text, 1n);
  }

  #sizeIn(option: string, key: string, text: string, unit: bigint): bigint | undefined {
    const size = qemuSize(text, unit);
    if (size === undefined) this.#refuse(option, key, text, 'no size');
    return size;
  }

  #number(keyed: Keyed, key: string, option: string): number | undefined;
  #number(keyed: Keyed, key: string, option: string, as: (value: bigint) => bigint): bigint | undefined;
  #number(keyed: Keyed, key: string, option: string, as: (value: bigint) => bigint | number = Number): bigint | number | undefined {
    const text = keyed.get(key);
    if (text === undefined) return undefined;
    const number = qemuNumber(text) ?? qemuSize(text);
    if (number !== undefined) return as(number);
    this.#refuse(option, key, text, 'no number');
    return undefined;
  }

  #refuse(option: string, key: string, text: string, what: string): void {
    const shell = text.includes('$') ? ': it stands for something that only the shell knows' : '';
    this.errors.push({ line: this.#line, message: `${option} has \`${key}=${text}\`, which is ${what} of QEMU’s${shell}` });
  }
}

/** RAM in bytes as QEMU makes it: in pieces of 8 KiB; none is its default (softmmu/vl.c, set_memory_options). */
const ramSize = (told: bigint | undefined): bigint | undefined => (told === undefined || told === 0n ? undefined : alignUp(told, 8192n));

const MEMORY_DEVICE = /^(?:pc-dimm|nvdimm|virtio-mem|virtio-pmem|sgx-epc)(?:-pci(?:-(?:non-)?transitional)?|-ccw|-device)?$/;

function keep(table: Map<string, string>, pairs: Keyed): void {
  for (const [key, value] of pairs) table.set(key, value);
}

const without = (pairs: Keyed, key: string): Keyed => new Map([...pairs].filter(([other]) => other !== key));

/** `0-3` is 4 numbers, `2` is one. */
const rangeLength = (text: string): number => {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return first === undefined ? 0 : Math.max(0, Number(last ?? first) - Number(first) + 1);
};

const MOST_NODES = 128;

/** `0`, `1-3`. */
const numbersIn = (text: string): number[] =>
  Array.from({ length: Math.min(rangeLength(text), MOST_NODES) }, (_, index) => Number.parseInt(text, 10) + index);
