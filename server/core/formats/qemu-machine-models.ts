import { largest } from '../layout/address.js';
import { writeSizeWithUnit } from '../layout/written.js';
import { cpuVendorOf } from './host-names.js';
import type { ImportHost } from './import-result.js';
import type { QemuMachine } from './qemu-machine.js';
import { qemuNumber, qemuSize, qemuSwitch } from './qemu-options.js';

/** Which machine of the shipped library a QEMU guest is like, and what its constants are then. */
export interface MachineModel {
  /** `std:machines/q35`. */
  readonly path: string;
  /** The vm in it. */
  readonly name: string;
  /** The constants that the guest says otherwise than the model, as they are written, in order. */
  readonly constants: ReadonlyMap<string, string>;
  /** Whether the model has a window for memory devices. */
  readonly takesMemoryDevices: boolean;
  /** Whether RAM lies in two pieces, cut after LOW bytes; else it is one, from LOW_BASE on. */
  readonly isSplit: boolean;
  readonly notes: readonly string[];
}

/** QEMU's default for most machines (hw/core/machine.c, default_ram_size). */
const DEFAULT_RAM = 128n << 20n;

/** The model of a guest; or why there is none. Its host decides what the machine takes from it under KVM, where it is known. */
export function modelOf(machine: QemuMachine, host?: ImportHost): MachineModel | { readonly unmodelled: string } {
  // Proxmox marks its revisions: `pc-q35-8.1+pve0`.
  const type = machine.type?.replace(/\+pve\d*$/, '') ?? (isX86(machine) ? 'pc' : undefined);
  if (type === undefined) return { unmodelled: `QEMU’s own choice of a machine for ${machine.target}` };
  const family = FAMILIES.find(({ targets, types }) => targets.test(machine.target) && types.test(type));
  if (!family) return { unmodelled: `the machine \`${type}\` of qemu-system-${machine.target}` };
  const draft: Draft = { host, constants: new Map(), notes: machine.unread.flatMap(noteOnUnread) };
  tellRam(machine, family, draft);
  family.read(machine, type, draft);
  const { path, takesMemoryDevices, isSplit } = family;
  const { constants, notes } = draft;
  return { path: `std:machines/${path}`, name: path, takesMemoryDevices, isSplit, constants, notes };
}

interface Draft {
  readonly host: ImportHost | undefined;
  readonly constants: Map<string, string>;
  readonly notes: string[];
}

interface Family {
  readonly path: string;
  readonly targets: RegExp;
  readonly types: RegExp;
  readonly takesMemoryDevices: boolean;
  readonly isSplit: boolean;
  read(machine: QemuMachine, type: string, draft: Draft): void;
}

const FAMILIES: readonly Family[] = [
  { path: 'q35', targets: /^(?:x86_64|i386)$/, types: /^(?:q35|pc-q35-[\w.-]+)$/, takesMemoryDevices: true, isSplit: true, read: readQ35 },
  { path: 'pc', targets: /^(?:x86_64|i386)$/, types: /^(?:pc|pc-i440fx-[\w.-]+)$/, takesMemoryDevices: true, isSplit: true, read: readPc },
  { path: 'microvm', targets: /^(?:x86_64|i386)$/, types: /^microvm$/, takesMemoryDevices: false, isSplit: true, read: readMicrovm },
  { path: 'virt', targets: /^(?:aarch64|arm)$/, types: /^virt(?:-[\w.]+)?$/, takesMemoryDevices: true, isSplit: false, read: readVirt },
  { path: 'riscv-virt', targets: /^riscv(?:64|32)$/, types: /^virt$/, takesMemoryDevices: false, isSplit: false, read: readRiscv },
  { path: 'loongarch-virt', targets: /^loongarch64$/, types: /^virt$/, takesMemoryDevices: true, isSplit: true, read: readLoongArch },
];

const isX86 = ({ target }: QemuMachine): boolean => target === 'x86_64' || target === 'i386';

/** Files with more options: nobody has read them. */
const noteOnUnread = (option: string): string[] => (option.startsWith('-readconfig ') ? [`what \`${option}\` adds isn’t read`] : []);

/** RAM at start-up, in bytes. */
export const ramOf = ({ memory }: QemuMachine): bigint => memory.size ?? DEFAULT_RAM;

function tellRam(machine: QemuMachine, family: Family, { constants, notes }: Draft): void {
  const { memory } = machine;
  constants.set('RAM', writeSizeWithUnit(ramOf(machine)));
  if (memory.size === undefined) notes.push('`-m` has no size: 128 MiB, QEMU’s default, is taken');
  if (memory.maxmem === undefined || memory.maxmem === ramOf(machine)) return;
  if (!family.takesMemoryDevices) {
    notes.push(`\`maxmem\` means nothing to ${family.path}`);
    return;
  }
  constants.set('MAXMEM', writeSizeWithUnit(memory.maxmem));
  if (memory.slots > 0) constants.set('SLOTS', `${memory.slots}`);
}

/** Distributions have machine types of their own, `pc-q35-rhel9.2.0`, whose numbers aren't QEMU's. */
function tellForeign(type: string, { notes }: Draft): void {
  if (type.includes('-') && versionIn(type) === undefined) notes.push(`\`${type}\` is no machine type of QEMU’s own: its newest is taken`);
}

/** `7.0` of `pc-q35-7.0`; nothing for a type without a version, which is QEMU's newest. */
const versionIn = (type: string): string | undefined => /-(\d+\.\d+)$/.exec(type)?.[1];

const isBefore = (version: string | undefined, major: number, minor: number): boolean => {
  const [left = 0, right = 0] = (version ?? '').split('.').map(Number);
  return version !== undefined && (left < major || (left === major && right < minor));
};

// ── x86 ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function readQ35(machine: QemuMachine, type: string, draft: Draft): void {
  readX86(machine, type, 'q35-pcihost', draft);
  if (hasDevice(machine, /^intel-iommu$/)) draft.constants.set('INTEL_IOMMU', 'true');
  if (hasDevice(machine, /^amd-iommu$/)) draft.constants.set('AMD_IOMMU', 'true');
}

function readPc(machine: QemuMachine, type: string, draft: Draft): void {
  readX86(machine, type, 'i440FX-pcihost', draft);
}

function readX86(machine: QemuMachine, type: string, bridge: string, draft: Draft): void {
  const { constants, notes } = draft;
  const version = versionIn(type);
  if (version !== undefined) constants.set('MACHINE', version);
  tellForeign(type, draft);
  tellSize('MAX_RAM_BELOW_4G', machine.options.get('max-ram-below-4g'), '-machine max-ram-below-4g', draft);
  tellSize('PCI_HOLE64', machine.globals.get(`${bridge}.pci-hole64-size`), 'pci-hole64-size', draft);
  tellVendor(machine, draft);
  tellPhysBits(machine, draft);
  if (!hasVga(machine)) constants.set('VGA', 'false');
  tellFirmware(machine, draft);
  if (qemuSwitch(machine.options.get('cxl')) === true) notes.push('CXL windows are not modelled: the 64-bit PCI window lies behind them');
  if (machine.options.has('sgx-epc.0.memdev')) notes.push('SGX memory is not modelled');
}

function tellSize(constant: string, text: string | undefined, option: string, { constants, notes }: Draft): void {
  if (text === undefined) return;
  const size = qemuSize(text);
  if (size === undefined || size === 0n) notes.push(`\`${option}=${text}\` is no size and left out`);
  else constants.set(constant, writeSizeWithUnit(size));
}

/** Models of AMD's (target/i386/cpu.c, builtin_x86_defs); `qemu64` and `max`, the defaults without KVM, are among them. */
const AMD_MODEL = /^(?:EPYC|Opteron|phenom|athlon|qemu64|max|base$)/;

/** Under KVM the vendor is the host's, whatever the model (target/i386/host-cpu.c), unless it is told. */
function tellVendor(machine: QemuMachine, { host, constants, notes }: Draft): void {
  const told = machine.cpu?.options.get('vendor');
  if (told === undefined && usesHostCpu(machine)) {
    if (reachOf(machine) < NEAR_HYPER_TRANSPORT) return;
    const vendor = host && cpuVendorOf(host);
    if (vendor === 'amd') constants.set('CPU_VENDOR', '"amd"');
    if (vendor === undefined) notes.push('the guest’s CPU has the vendor of the host, which decides where RAM past 1 TiB lies: `const CPU_VENDOR = "amd"` if it is AMD’s');
    return;
  }
  const isAmd = told === undefined ? AMD_MODEL.test(machine.cpu?.model ?? 'qemu64') : told === 'AuthenticAMD';
  if (isAmd) constants.set('CPU_VENDOR', '"amd"');
}

/** About where guest-physical addresses end: RAM, what may be plugged, and the 64-bit window. */
const reachOf = ({ memory, globals }: QemuMachine): bigint =>
  largest(memory.maxmem ?? 0n, memory.size ?? 0n) + (BigInt(memory.slots) << 30n) + (qemuSize(globals.get('q35-pcihost.pci-hole64-size') ?? '32G') ?? 0n);

/** Below this no machine comes near AMD's range at 1012 GiB: 4 GiB of low addresses and some rounding are left. */
const NEAR_HYPER_TRANSPORT = 1000n << 30n;

const usesHostCpu = ({ accelerator }: QemuMachine): boolean => accelerator !== undefined && /^(?:kvm|hvf|whpx|nvmm|mshv)$/.test(accelerator);

/** `host` and `max` have the host's width under KVM, others 40 unless `host-phys-bits` says so (target/i386/host-cpu.c). */
function tellPhysBits(machine: QemuMachine, { constants, notes }: Draft): void {
  const { model = '', options = new Map<string, string>() } = machine.cpu ?? {};
  const told = qemuNumber(options.get('phys-bits') ?? '');
  const byDefault = usesHostCpu(machine) && /^(?:host|max)$/.test(model);
  if (told !== undefined && told > 0n) {
    constants.set('PHYS_BITS', `${told}`);
  } else if (qemuSwitch(options.get('host-phys-bits')) ?? byDefault) {
    const limit = qemuNumber(options.get('host-phys-bits-limit') ?? '');
    constants.set('PHYS_BITS', limit === undefined || limit === 0n ? 'host.bits' : `min(host.bits, ${limit})`);
    notes.push('the guest’s physical width is that of the host: its `bits`');
  }
}

const hasDevice = ({ devices }: QemuMachine, driver: RegExp): boolean => devices.some((device) => driver.test(device.driver));

const VGA_DEVICE = /^(?:VGA|qxl-vga|virtio-vga(?:-gl|-rutabaga)?|cirrus-vga|isa-vga|isa-cirrus-vga|vmware-svga|ati-vga)$/;

/** Which machines have a card with the legacy window: those with one on the line, and all that don't say they have none. */
function hasVga(machine: QemuMachine): boolean {
  if (hasDevice(machine, VGA_DEVICE)) return true;
  return machine.vga === undefined ? !machine.nodefaults : machine.vga !== 'none';
}

function tellFirmware(machine: QemuMachine, { constants, notes }: Draft): void {
  if (machine.flashes > 0) {
    constants.set('FLASH', '4 MiB');
    notes.push('the flash images are taken for 4 MiB together, as OVMF’s: `const FLASH` says otherwise');
  } else if (machine.bios !== undefined) {
    notes.push(`\`-bios ${machine.bios}\` is taken for 256 KiB: \`const BIOS\` says otherwise`);
  }
}

function readMicrovm(machine: QemuMachine, _type: string, draft: Draft): void {
  tellPhysBits(machine, draft);
  if (qemuSwitch(machine.options.get('pcie')) === true) draft.constants.set('PCIE', 'true');
  draft.notes.push('the firmware is taken for 64 KiB (qboot.rom): `const BIOS = 128 KiB` for bios-microvm.bin');
}

// ── Arm ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Physical address bits of QEMU's CPU models (target/arm, ID_AA64MMFR0_EL1.PARange of each). */
const ARM_BITS: readonly (readonly [model: RegExp, bits: number])[] = [
  [/^cortex-a(?:57|72)$/, 44],
  [/^neoverse-[nv]\d$/, 48],
  [/^max$/, 52],
];

function readVirt(machine: QemuMachine, type: string, draft: Draft): void {
  const { constants } = draft;
  const version = versionIn(type);
  tellForeign(type, draft);
  tellArmBits(machine, draft);
  tellGic(machine, version, draft);
  if (machine.smp.cpus > 1) constants.set('CPUS', `${machine.smp.cpus}`);
  for (const key of ['highmem', 'highmem-redists', 'highmem-ecam', 'highmem-mmio']) {
    const on = qemuSwitch(machine.options.get(key));
    if (on === false || (key === 'highmem-ecam' && on === undefined && isBefore(version, 3, 0))) constants.set(key.toUpperCase().replaceAll('-', '_'), 'false');
  }
  const compact = qemuSwitch(machine.options.get('compact-highmem')) ?? !isBefore(version, 7, 2);
  if (!compact) constants.set('COMPACT', 'false');
  tellSize('HIGHMEM_MMIO_SIZE', machine.options.get('highmem-mmio-size'), '-machine highmem-mmio-size', draft);
  if (machine.options.get('iommu') === 'smmuv3') constants.set('SMMU', 'true');
  if (qemuSwitch(machine.options.get('secure')) === true) constants.set('SECURE', 'true');
}

/** Without KVM the model of the CPU decides; with it, what the host grants. */
function tellArmBits(machine: QemuMachine, { constants, notes }: Draft): void {
  const model = machine.cpu?.model ?? 'cortex-a15';
  if (usesHostCpu(machine)) {
    constants.set('PA_BITS', 'host.bits');
    notes.push('the guest’s physical width is what the host grants: its `bits`');
    return;
  }
  const bits = ARM_BITS.find(([pattern]) => pattern.test(model))?.[1];
  if (bits !== undefined) constants.set('PA_BITS', `${bits}`);
}

/** GICv2 is the default up to 8 CPUs without KVM (hw/arm/virt.c, finalize_gic_version); `max`, `host` and KVM have 3 or later. */
function tellGic(machine: QemuMachine, version: string | undefined, { constants, notes }: Draft): void {
  const told = machine.options.get('gic-version');
  const number = told === undefined ? undefined : qemuNumber(told);
  if (number !== undefined) {
    if (number !== 3n) constants.set('GIC', `${number}`);
  } else if (told === undefined && !usesHostCpu(machine)) {
    if (machine.smp.cpus <= 8) constants.set('GIC', '2');
  } else {
    notes.push('the version of the GIC depends on the host: 3 is taken');
  }
  const its = qemuSwitch(machine.options.get('its')) ?? (usesHostCpu(machine) || !isBefore(version, 6, 2));
  if (!its) constants.set('ITS', 'false');
}

// ── RISC-V and LoongArch ───────────────────────────────────────────────────────────────────────────────────────────

function readRiscv(machine: QemuMachine, _type: string, { constants }: Draft): void {
  const { options, smp, nodes, target } = machine;
  if (smp.cpus > 1) constants.set('CPUS', `${smp.cpus}`);
  if (nodes.length > 1) constants.set('SOCKETS', `${nodes.length}`);
  const aia = options.get('aia');
  if (aia !== undefined && aia !== 'none') constants.set('AIA', `"${aia === 'aplic-imsic' ? aia : 'aplic'}"`);
  const guests = qemuNumber(options.get('aia-guests') ?? '0') ?? 0n;
  if (guests > 0n) constants.set('AIA_GUESTS', `${guests}`);
  if (usesHostCpu(machine)) constants.set('MACHINE_MODE', 'false');
  if (qemuSwitch(options.get('iommu-sys')) === true) constants.set('IOMMU_SYS', 'true');
  if (target === 'riscv32') constants.set('RV32', 'true');
}

function readLoongArch(_machine: QemuMachine, _type: string, { notes }: Draft): void {
  notes.push('QEMU 9.0 or later is taken: before, RAM past 256 MiB began at 0x9000_0000 (`const QEMU = 8.2`)');
}
