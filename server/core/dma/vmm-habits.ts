import type { ContractName, Region } from '../layout/model.js';

/** What a VMM maps for DMA where a layout writes no `map`, as its source says. */
export interface VmmHabits {
  readonly name: string;
  /** Which RAM: all of it, what says `dma on`, or none: then a mapping is always written. */
  readonly ram: 'each' | 'marked' | 'none';
  /** Whether ROM is mapped too, read-only. */
  readonly rom: boolean;
  /** Whether BARs are mapped, so that devices reach each other. Only where the contract takes them. */
  readonly bars: boolean;
  /** Whether it goes on where a BAR is refused. */
  readonly barsMayFail: boolean;
  /** Whether what is no whole page of the host is left out, instead of asked for and refused. */
  readonly roundsInwards: boolean;
  /** Whether it asks for one page after the other, so that no leaf is larger. */
  readonly byPage: boolean;
  /** Whom it asks where the host doesn't say. */
  readonly contract: ContractName;
  /** File and function. */
  readonly source: string;
  /** What it does besides, each a phrase for the plan's assumptions. */
  readonly remarks: readonly string[];
}

const USUAL: Omit<VmmHabits, 'name' | 'source'> = {
  ram: 'each', rom: false, bars: false, barsMayFail: false, roundsInwards: false, byPage: false, contract: 'type1', remarks: [],
};

/** A hypervisor that fills the tables itself. */
const OWN: Partial<VmmHabits> = { contract: 'none' };

function habits(name: string, source: string, differences: Partial<VmmHabits> = {}): VmmHabits {
  return { ...USUAL, name, source, ...differences };
}

/** What nearly every VMM does at least: each `ram` as one request. */
const GENERIC = habits('generic', 'an assumption');

const VMMS: readonly VmmHabits[] = [
  habits('qemu', 'hw/vfio/listener.c vfio_listener_valid_section, vfio_listener_region_add', {
    rom: true,
    bars: true,
    barsMayFail: true,
    roundsInwards: true,
  }),
  habits('cloud-hypervisor', 'vmm/src/device_manager.rs (each region of each memory zone), pci/src/vfio.rs map_mmio_regions', { bars: true }),
  habits('openvmm', 'vm/devices/pci/vfio_assigned_device/src/manager.rs VfioType1DmaTarget::map_dma', {
    bars: true,
    barsMayFail: true,
    remarks: ['a BAR that the kernel refuses costs OpenVMM peer-to-peer DMA only'],
  }),
  habits('firecracker', 'src/vmm/src/devices/vfio/mod.rs VfioContext::map_guest_memory', {
    remarks: ['Firecracker compares RAM with the usable IOVAs itself and stops before it asks; it takes no hot-plugged RAM beside a device'],
  }),
  habits('crosvm', 'devices/src/vfio.rs VfioContainer::init'),
  habits('kvmtool', 'vfio/core.c vfio_map_mem_bank, vfio_configure_reserved_regions', {
    remarks: ['kvmtool reserves every range of `reserved_regions` in the guest, `direct-relaxable` ones too, and stops where RAM meets one, whatever the kernel says'],
  }),
  habits('xen', 'xen/arch/x86/include/asm/p2m.h p2m_get_iommu_flags', { ...OWN, rom: true, bars: true }),
  habits('bhyve', 'sys/amd64/vmm/vmm.c vm_iommu_map', {
    ...OWN,
    byPage: true,
    remarks: ['bhyve maps page by page: every leaf is a page of the host'],
  }),
  habits('jailhouse', 'hypervisor/arch/x86/vtd.c, amd_iommu.c: regions with JAILHOUSE_MEM_DMA', {
    ...OWN,
    ram: 'marked',
    remarks: ['Jailhouse maps for DMA what says `dma on` (JAILHOUSE_MEM_DMA), and nothing else'],
  }),
  habits('microkit', 'tool/microkit (iomap); seL4 src/arch/x86/object/iospace.c decodeX86IOMapInvocation', {
    ...OWN,
    ram: 'none',
    byPage: true,
    remarks: ['Microkit maps what is written as `map` (its `iomap`), in pages of 4 KiB'],
  }),
];

/** The habits of a VMM; those of `generic` where a layout names none. */
export const habitsOf = (vmm: string | undefined): VmmHabits => VMMS.find(({ name }) => name === vmm) ?? GENERIC;

/** Whether the VMM maps a region for DMA by itself, under this contract: iommufd can't pin the memory of a device. */
export function mapsByItself({ kind, dma }: Region, vmm: VmmHabits, contract: ContractName): boolean {
  if (dma !== undefined) return dma;
  if (kind === 'ram') return vmm.ram === 'each';
  if (kind === 'rom') return vmm.rom;
  return kind === 'bar' && vmm.bars && contract !== 'iommufd';
}
