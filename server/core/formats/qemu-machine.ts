/**
 * A QEMU guest as it is started, by whatever it was told: a command line (`qemu-command-line.ts`), a libvirt domain. It
 * holds what shapes the memory map, in QEMU's own words, and keeps the rest by name. Sizes are in bytes.
 */
export interface QemuMachine {
  /** What the program emulates, as in `qemu-system-TARGET`: `x86_64`, `i386`, `aarch64`, `arm`, `riscv64`, … */
  readonly target: string;
  /** The machine type as written: `q35`, `pc-q35-7.0`, `pc-i440fx-9.2`, `virt-8.2`; nothing where QEMU would choose. */
  readonly type: string | undefined;
  /** Options of the machine other than its type, by key: `gic-version` to `3`, `highmem` to `off`. */
  readonly options: Keyed;
  /** `kvm`, `tcg`, `hvf`, …, the first where several are tried; nothing where QEMU would choose (`tcg`). */
  readonly accelerator: string | undefined;
  readonly cpu: QemuCpu | undefined;
  readonly smp: QemuSmp;
  readonly memory: QemuMemory;
  readonly backends: readonly QemuBackend[];
  readonly nodes: readonly QemuNode[];
  readonly memoryDevices: readonly QemuMemoryDevice[];
  readonly assigned: readonly QemuAssigned[];
  /** All other devices. */
  readonly devices: readonly QemuDevice[];
  /** Defaults of devices that are changed: `q35-pcihost.pci-hole64-size` to `1T`. */
  readonly globals: Keyed;
  /** Whether QEMU makes no device that it isn't told of (`-nodefaults`). */
  readonly nodefaults: boolean;
  /** The graphics card as `-vga` has it: `std`, `none`, …; nothing where QEMU would choose. */
  readonly vga: string | undefined;
  /** The firmware that `-bios` names. */
  readonly bios: string | undefined;
  /** Flash images (`if=pflash`), how many there are. */
  readonly flashes: number;
  /** What else stands there, as it stands there: nobody here has read it. */
  readonly unread: readonly string[];
}

export type Keyed = ReadonlyMap<string, string>;

export interface QemuCpu {
  /** `EPYC`, `host`, `cortex-a57`. */
  readonly model: string;
  /** `phys-bits` to `48`, `vmx` to `off`. */
  readonly options: Keyed;
}

export interface QemuSmp {
  readonly cpus: number;
  readonly maxcpus: number | undefined;
  readonly sockets: number | undefined;
}

export interface QemuMemory {
  /** Memory at start-up; nothing where QEMU takes its default (128 MiB for most machines). */
  readonly size: bigint | undefined;
  /** Up to how much it may grow, with what is there at start-up. */
  readonly maxmem: bigint | undefined;
  /** How many DIMMs may come. */
  readonly slots: number;
  /** The backend of the machine's memory (`memory-backend`). */
  readonly backend: string | undefined;
}

/** Host memory that the guest takes bytes from (`-object memory-backend-…`). */
export interface QemuBackend {
  readonly id: string;
  readonly kind: 'ram' | 'file' | 'memfd' | 'epc' | 'shm';
  readonly size: bigint | undefined;
  /** The file or directory; a mount of hugetlbfs as often as not. */
  readonly path: string | undefined;
  /** The size of its huge pages where that is told; `true` where it is told that there are some. */
  readonly hugePage: bigint | true | undefined;
  readonly share: boolean;
  /** The host's NUMA nodes it is bound to. */
  readonly hostNodes: readonly number[];
  readonly line: number | undefined;
}

/** A NUMA node of the guest. */
export interface QemuNode {
  readonly number: number;
  /** The backend of its memory. */
  readonly backend: string | undefined;
  /** Its share of the machine's memory, in the older form `mem=`. */
  readonly size: bigint | undefined;
  /** How many CPUs it has, as far as that is told. */
  readonly cpus: number;
}

/** A device that brings memory: it lies in the window for device memory. */
export interface QemuMemoryDevice {
  readonly id: string | undefined;
  readonly kind: 'pc-dimm' | 'nvdimm' | 'virtio-mem' | 'virtio-pmem' | 'other';
  /** The driver as written: `virtio-mem-pci`. */
  readonly driver: string;
  readonly backend: string | undefined;
  readonly node: number | undefined;
  /** Guest-physical address; nothing where QEMU chooses. */
  readonly address: bigint | undefined;
  /** Of virtio-mem, what is plugged and unplugged at a time. */
  readonly block: bigint | undefined;
  /** Of virtio-mem, how much is asked for. */
  readonly requested: bigint | undefined;
  /** Of an nvdimm, what its label takes of the backend's end. */
  readonly label: bigint | undefined;
  readonly line: number | undefined;
}

/** A device of the host that the guest is given (`vfio-pci`). */
export interface QemuAssigned {
  readonly id: string | undefined;
  /** Its address on the host, `0000:01:00.0`; nothing for a mediated device. */
  readonly host: string | undefined;
  /** Whether iommufd is asked, and not VFIO's own container. */
  readonly iommufd: boolean;
  readonly line: number | undefined;
}

export interface QemuDevice {
  readonly driver: string;
  readonly id: string | undefined;
  readonly properties: Keyed;
}

/** What is noted of shared memory, in whatever line it stands. */
export const sharedMemoryNote = (line: number, name: string): string => `line ${line}: shared memory ${name} is a BAR, which the firmware places: it is not written`;
