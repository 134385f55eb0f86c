import type { Element } from '../../layout/elements.js';
import type { Evaluator } from '../../layout/evaluate.js';
import type { Vm } from '../../layout/model.js';
import type { Value } from '../../layout/values.js';
import type { Keyed, QemuMemory } from '../qemu-machine.js';
import { sizeText } from '../qemu-options.js';
import type { Arch, GuestRam } from './guest-ram.js';

/** What a guest says that is like a machine of the shipped library: its constants in QEMU's words. */
export interface ShippedMachine {
  /** The machine type: `pc-q35-7.0`. */
  readonly type: string;
  /** Options of the machine. */
  readonly options: Keyed;
  readonly globals: Keyed;
  /** Options of the CPU's model. */
  readonly cpu: Keyed;
  readonly cpus: number;
  /** Drivers of the vIOMMUs that it has by a constant. */
  readonly viommus: readonly string[];
  /** Room for memory devices; nothing where the constants leave none. */
  readonly room: Pick<QemuMemory, 'maxmem' | 'slots'> | undefined;
  readonly notes: readonly string[];
}

/** A machine of the library that QEMU has, and how its constants are said. */
export interface ShippedFamily {
  readonly arch: Arch;
  readonly type: string;
  readonly words: Readonly<Record<string, Say>>;
}

/** The machine that a guest is like, however many vms lie between; nothing where it is written by hand. */
export const shippedFamily = ({ element }: Vm): ShippedFamily | undefined =>
  Object.entries(FAMILIES).find(([path]) => element.children.some((child) => originsOf(child).includes(`std:machines/${path}`)))?.[1];

/** Says the constants; nothing where the guest's RAM isn't cut where they would have it. */
export function sayConstants({ type, words }: ShippedFamily, vm: Vm, evaluator: Evaluator, ram: GuestRam): ShippedMachine | undefined {
  const constants = new Constants(vm.element, evaluator);
  if (!isCutThere(constants, ram)) return undefined;
  const draft: Draft = { type, options: new Map(), globals: new Map(), cpu: new Map(), cpus: 1, viommus: [], notes: [] };
  for (const name of constants.told) sayOne(name, words[name], constants.wordOf(name), draft);
  if (words === VIRT && !draft.options.has('gic-version')) draft.options.set('gic-version', constants.wordOf('GIC') ?? '3');
  return { ...draft, room: roomIn(constants, ram, draft.notes) };
}

interface Draft {
  type: string;
  readonly options: Map<string, string>;
  readonly globals: Map<string, string>;
  readonly cpu: Map<string, string>;
  cpus: number;
  readonly viommus: string[];
  readonly notes: string[];
}

type Say = (word: string, draft: Draft) => void;

function sayOne(name: string, say: Say | undefined, word: string | undefined, draft: Draft): void {
  if (SAID_ELSEWHERE.has(name)) return;
  if (word === undefined) draft.notes.push(`\`${name}\` can’t be known, and is not said`);
  else if (say) say(word, draft);
  else draft.notes.push(`\`${name} = ${word}\` is not said: QEMU has no option for it`);
}

/** What the regions of the guest, its `bits` and its room for memory devices say already. */
const SAID_ELSEWHERE: ReadonlySet<string> = new Set(['RAM', 'MAXMEM', 'SLOTS', 'PHYS_BITS', 'PA_BITS', 'VGA']);

// ── The constants of a guest ───────────────────────────────────────────────────────────────────────────────────────

class Constants {
  readonly #vm: Element;
  readonly #evaluator: Evaluator;

  constructor(vm: Element, evaluator: Evaluator) {
    this.#vm = vm;
    this.#evaluator = evaluator;
  }

  /** Those of the machine that the file gives a value. */
  get told(): string[] {
    return this.#vm.children.filter((child) => child.keyword === 'const' && !isShipped(child.origin.path) && originsOf(child).some(isShipped)).map(({ name }) => name);
  }

  /** As QEMU writes such a value; nothing where it can't be known. */
  wordOf(name: string): string | undefined {
    return wordFor(this.#valueOf(name));
  }

  /** In bytes, or how many; nothing where the machine has no such constant. */
  numberOf(name: string): bigint | undefined {
    const value = this.#valueOf(name);
    return value?.type === 'quantity' ? value.value : undefined;
  }

  #valueOf(name: string): Value | undefined {
    const element = this.#evaluator.child(this.#vm, name);
    return element?.keyword === 'const' ? this.#evaluator.constant(element) : undefined;
  }
}

const isShipped = (path: string): boolean => path.startsWith('std:machines/');

/** The file that a declaration is from, and those of what it replaces. */
const originsOf = ({ origin, replaces = [] }: Element): string[] => [origin.path, ...replaces.flatMap(originsOf)];

function wordFor(value: Value | undefined): string | undefined {
  switch (value?.type) {
    case 'quantity':
      return value.unit === 'bare' ? `${value.value}` : sizeText(value.value);
    case 'truth':
      return value.truth ? 'on' : 'off';
    case 'version':
      return value.parts.join('.');
    case 'text':
      return value.text;
    default:
      return undefined;
  }
}

/** Machines with RAM in one piece have no word about a cut. */
function isCutThere(constants: Constants, { low, highBase }: GuestRam): boolean {
  const cut = constants.numberOf('LOW');
  const base = constants.numberOf('HIGH_BASE');
  return (cut === undefined || cut === low) && (highBase === undefined || base === undefined || base === highBase);
}

function roomIn(constants: Constants, { size }: GuestRam, notes: string[]): ShippedMachine['room'] {
  const maxmem = constants.numberOf('MAXMEM');
  const slots = Number(constants.numberOf('SLOTS') ?? 0n);
  if (maxmem !== undefined && maxmem > size) return { maxmem, slots };
  if (slots > 0) notes.push(`\`SLOTS = ${slots}\` is not said: QEMU refuses slots without room for memory (\`MAXMEM\`)`);
  return undefined;
}

// ── What each machine has words for ────────────────────────────────────────────────────────────────────────────────

const option = (key: string): Say => (word, { options }) => options.set(key, word);

const note = (about: string): Say => (_word, { notes }) => notes.push(about);

const viommu = (driver: string): Say => (word, { viommus }) => {
  if (word === 'on') viommus.push(driver);
};

const countCpus: Say = (word, draft) => {
  draft.cpus = Number(word);
};

const sayVendor: Say = (word, { cpu }) => cpu.set('vendor', word === 'amd' ? 'AuthenticAMD' : 'GenuineIntel');

const BY_FIRMWARE = 'what firmware makes of RAM below 1 MiB is not said: it does so when it runs (`SHADOWED`, `OPTION_ROMS`, `ZONE`)';

const pc = (versioned: string, bridge: string): Readonly<Record<string, Say>> => ({
  MACHINE: (word, draft) => {
    draft.type = `${versioned}-${word}`;
  },
  MAX_RAM_BELOW_4G: option('max-ram-below-4g'),
  PCI_HOLE64: (word, { globals }) => globals.set(`${bridge}.pci-hole64-size`, word),
  CPU_VENDOR: sayVendor,
  INTEL_IOMMU: viommu('intel-iommu'),
  AMD_IOMMU: viommu('amd-iommu'),
  BIOS: note('`BIOS` is not said: the firmware is QEMU’s own; `-bios` names another'),
  FLASH: note('`FLASH` is not said: add the images with `-drive if=pflash,…`'),
  SHADOWED: note(BY_FIRMWARE),
});

const VIRT: Readonly<Record<string, Say>> = {
  CPUS: countCpus,
  GIC: option('gic-version'),
  ITS: option('its'),
  HIGHMEM: option('highmem'),
  HIGHMEM_REDISTS: option('highmem-redists'),
  HIGHMEM_ECAM: option('highmem-ecam'),
  HIGHMEM_MMIO: option('highmem-mmio'),
  HIGHMEM_MMIO_SIZE: option('highmem-mmio-size'),
  COMPACT: option('compact-highmem'),
  SMMU: (word, { options }) => {
    if (word === 'on') options.set('iommu', 'smmuv3');
  },
  SECURE: (word, { options, notes }) => {
    options.set('secure', word);
    if (word === 'on') notes.push('`secure=on` needs `accel=tcg`: KVM has no secure world for a guest');
  },
};

const RISCV: Readonly<Record<string, Say>> = {
  CPUS: countCpus,
  AIA: option('aia'),
  AIA_GUESTS: option('aia-guests'),
  IOMMU_SYS: option('iommu-sys'),
  SOCKETS: note('`SOCKETS` is not said: QEMU has a socket for each NUMA node with memory of its own'),
  RV32: note('`RV32` is not said: the program is qemu-system-riscv32 then'),
  MACHINE_MODE: note('`MACHINE_MODE` is not said: under KVM there is none'),
};

const FAMILIES: Readonly<Record<string, ShippedFamily>> = {
  q35: { arch: 'x86_64', type: 'q35', words: pc('pc-q35', 'q35-pcihost') },
  pc: { arch: 'x86_64', type: 'pc', words: pc('pc-i440fx', 'i440FX-pcihost') },
  microvm: {
    arch: 'x86_64',
    type: 'microvm',
    words: { PCIE: option('pcie'), BIOS: note('`BIOS` is not said: `-bios` names the firmware') },
  },
  virt: { arch: 'aarch64', type: 'virt', words: VIRT },
  'riscv-virt': { arch: 'riscv64', type: 'virt', words: RISCV },
  'loongarch-virt': { arch: 'loongarch64', type: 'virt', words: { QEMU: note('`QEMU` is not said: which version is started is yours') } },
};
