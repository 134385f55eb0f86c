import { formatAddress, formatSize } from '../layout/address.js';
import { asking, errnoOf, numberIn, type ErrorMessage, type Told } from './error-message.js';

/** What QEMU refuses by itself. */

/** A message that always means the same. */
interface FixedMessage extends Pick<ErrorMessage, 'id' | 'source' | 'pattern'> {
  /** What QEMU was doing. */
  readonly what: string;
  readonly reason: string;
  readonly fix: string;
  readonly rule?: string;
}

const fixed = ({ id, source, pattern, what, reason, fix, rule }: FixedMessage): ErrorMessage => ({
  id,
  program: 'QEMU',
  source,
  pattern,
  read: ({ region, device, errno }) => ({ asked: asking(what, { region, device, errno: errnoOf(errno) }), ...(rule !== undefined && { rule }), reason, fix }),
});

const MEMORY_DEVICE = 'hw/mem/memory-device.c `memory_device_get_free_addr`';
const PLUG = 'plug in a memory device';
const WIDTH = 'give the guest this much memory';

export const QEMU_MESSAGES: readonly ErrorMessage[] = [
  fixed({
    id: 'vm-aborts',
    source: 'hw/vfio/listener.c `vfio_listener_region_add`, `hw_error` once the container is initialised',
    pattern: /vfio: DMA mapping failed, unable to continue/,
    what: 'map memory that was plugged in',
    reason: 'memory that arrives while a device is assigned can’t be mapped, and QEMU ends the VM',
    fix: 'place the window for memory where no assigned device keeps a range',
    rule: 'hotplug-memory',
  }),
  fixed({
    id: 'group-not-viable',
    source: 'hw/vfio/container-legacy.c `vfio_group_get`',
    pattern: /group (?<region>\d+) is not viable/,
    what: 'open an IOMMU group',
    reason: 'another device of the group is bound to a driver of the host; no layout changes that',
    fix: 'bind every device of the group to vfio-pci, or to no driver',
  }),
  fixed({
    id: 'address-spaces',
    source: 'hw/vfio/container-legacy.c `vfio_group_get`',
    pattern: /group \d+ used in multiple address spaces/,
    what: 'attach a device behind a vIOMMU',
    reason: 'devices of one group stand behind different vIOMMUs, or only some of them behind one',
    fix: 'assign all devices of the group `behind` the same vIOMMU',
  }),
  fixed({
    id: 'set-iommu',
    source: 'hw/vfio/container-legacy.c `vfio_set_iommu`',
    pattern: /[Ff]ailed to set iommu for container: (?<errno>[A-Z][a-z]+(?: [a-z]+)*)/,
    what: 'attach a group',
    reason: 'the kernel refuses the group: interrupts aren’t isolated (EPERM), or a range that it keeps meets what is mapped (EINVAL)',
    fix: 'turn interrupt remapping on; compare the layout with the group’s reserved_regions',
    rule: 'attach-refused',
  }),
  fixed({
    id: 'no-iommu-group',
    source: 'hw/vfio/device.c `vfio_device_get_groupid`',
    pattern: /(?:vfio (?<device>\S+): )?no iommu_group found/,
    what: 'assign a device',
    reason: 'the device is in no IOMMU group: the IOMMU is off, or there is none',
    fix: 'turn the IOMMU on in the firmware and on the kernel’s command line',
  }),
  fixed({
    id: 'unaligned-region',
    source: 'hw/vfio/listener.c `vfio_listener_valid_section`',
    pattern: /received unaligned region (?<region>\S+)?/,
    what: 'map memory for DMA',
    reason: 'address and offset of the region differ modulo the host’s page, so QEMU leaves it out',
    fix: 'give both the same phase, or take the region out of DMA (`dma off`)',
    rule: 'section-skipped',
  }),
  fixed({
    id: 'bar-peer-to-peer',
    source: 'hw/vfio/listener.c `vfio_listener_region_add`, for `ram_device` memory',
    pattern: /PCI peer-to-peer transactions on BARs are not supported/,
    what: 'map the BAR of a device for DMA',
    reason: 'the BAR can’t be mapped, so no other device reaches it; the VM runs',
    fix: 'place the BAR below the IOMMU’s aperture and aligned to its pages',
    rule: 'bar-unmappable',
  }),
  fixed({
    id: 'running-out-of-mappings',
    source: 'hw/vfio/listener.c `vfio_ram_discard_register_listener`',
    pattern: /possibly running out of DMA mappings/,
    what: 'map virtio-mem block by block',
    reason: 'each plugged block is one mapping, and there may be more blocks than the container holds',
    fix: 'use a larger block (`virtio-mem block S`)',
    rule: 'hotplug-map-limit',
  }),
  {
    id: 'phys-bits',
    program: 'QEMU',
    source: 'hw/i386/pc.c `pc_memory_init`',
    arch: 'x86_64',
    pattern: /Address space limit (?<limit>0x[0-9a-f]+) < (?<last>0x[0-9a-f]+) phys-bits too low \((?<bits>\d+)\)/,
    read: ({ last = '0', bits }): Told => ({
      asked: asking(WIDTH, { iova: BigInt(last), bits: Number(bits) }),
      rule: 'guest-width',
      reason: `the highest address, ${formatAddress(BigInt(last))}, needs ${BigInt(last).toString(2).length} bits, and the guest’s CPU has ${bits}: memory, hot-plug window and 64-bit PCI hole count`,
      fix: `give the CPU \`phys-bits=${BigInt(last).toString(2).length}\` if the host has as many, or lower maxmem or the 64-bit hole`,
    }),
  },
  {
    id: 'addressing-limited',
    program: 'QEMU',
    source: 'hw/arm/virt.c `virt_set_memmap`; older versions don’t say by how much',
    arch: 'arm64',
    pattern: /Addressing limited to (?<bits>\d+) bits(?:, but memory exceeds it by (?<size>\d+) bytes)?/,
    read: ({ bits, size }): Told => ({
      asked: asking(WIDTH, { bits: Number(bits) }),
      rule: 'guest-width',
      reason: `the guest’s memory begins at 1 GiB and ends ${size === undefined ? 'past' : `${formatSize(BigInt(size))} past`} 2^${bits}${bits === '32' ? ', which `highmem=off` allows at most' : ''}`,
      fix: bits === '32' ? 'leave `highmem=off` out, or take at most 3 GiB' : 'take less memory, or a CPU with more address bits',
    }),
  },
  {
    id: 'ipa-range',
    program: 'QEMU',
    source: 'hw/arm/virt.c `virt_kvm_type`',
    arch: 'arm64',
    pattern: /require an IPA range \((?<bits>\d+) bits\) larger than the one supported by the host \((?<host>\d+) bits\)/,
    read: ({ bits, host }): Told => ({
      asked: asking(WIDTH, { bits: Number(host) }),
      rule: 'host-width',
      reason: `memory and devices reach ${bits} bits of guest-physical address, and KVM on this host has ${host}`,
      fix: 'take less memory, or leave the high PCIe window out (`highmem-mmio=off`)',
    }),
  },
  {
    id: 'viommu-wider',
    program: 'QEMU',
    source: 'hw/i386/intel_iommu.c `vtd_check_hiod`',
    pattern: /aw-bits (?<bits>\d+) > host aw-bits (?<host>\d+)/,
    read: ({ bits, host }): Told => ({ asked: asking('put a device behind a vIOMMU', { bits: Number(host) }), rule: 'viommu-width', reason: `the vIOMMU translates ${bits} bits, and the host’s IOMMU ${host}`, fix: `set \`aw-bits=${host}\`` }),
  },
  fixed({
    id: 'viommu-bits',
    source: 'hw/i386/intel_iommu.c `vtd_decide_config`',
    pattern: /Supported values for aw-bits are: [\d, ]+/,
    what: 'make a vIOMMU',
    reason: 'intel-iommu has tables of 3 or 4 levels, so only 39 or 48 bits',
    fix: 'set one of the two',
    rule: 'viommu-width',
  }),
  fixed({
    id: 'several-viommus',
    source: 'hw/i386/x86-iommu.c',
    pattern: /does not support multiple vIOMMUs/,
    what: 'make a second vIOMMU',
    reason: 'an x86 machine of QEMU has at most one',
    fix: 'leave one out',
  }),
  {
    id: 'memory-device-overlap',
    program: 'QEMU',
    source: MEMORY_DEVICE,
    pattern: /addr=(?<iova>0x[0-9a-f]+).*address range conflicts with memory device|address range conflicts with memory device/,
    read: ({ iova }): Told => ({ asked: asking(PLUG, { iova: numberIn(iova) }), rule: 'region-overlap', reason: 'its addresses meet those of another memory device', fix: 'move one of the two, or leave the address to QEMU' }),
  },
  {
    id: 'memory-device-unaligned',
    program: 'QEMU',
    source: MEMORY_DEVICE,
    pattern: /(?:addr=(?<iova>0x[0-9a-f]+).*)?address must be aligned to (?<align>0x[0-9a-f]+)/,
    read: ({ iova, align = '0' }): Told => ({ asked: asking(PLUG, { iova: numberIn(iova) }), rule: 'hotplug-memory', reason: `its address isn’t a multiple of ${formatSize(BigInt(align))}, the larger of its block and of its backing’s page`, fix: `place it on a multiple of ${formatSize(BigInt(align))}` }),
  },
  fixed({
    id: 'memory-device-space',
    source: MEMORY_DEVICE,
    pattern: /not enough space, currently 0x[0-9a-f]+ in use of total space for memory devices/,
    what: PLUG,
    reason: 'the window for memory devices is full',
    fix: 'raise `maxmem`, or make the window larger',
    rule: 'window-too-small',
  }),
  fixed({
    id: 'memory-device-fragmented',
    source: MEMORY_DEVICE,
    pattern: /could not find position in guest address space for memory device/,
    what: PLUG,
    reason: 'no piece of the window is as long and as aligned as the device needs',
    fix: 'plug in the larger ones first, or give them addresses',
    rule: 'window-too-small',
  }),
  fixed({
    id: 'backend-multiple',
    source: MEMORY_DEVICE,
    pattern: /backend memory size must be multiple of 0x[0-9a-f]+/,
    what: PLUG,
    reason: 'the size of the backing isn’t a multiple of its page',
    fix: 'round the size up to whole pages',
    rule: 'backing-size',
  }),
  fixed({
    id: 'no-slots-left',
    source: 'hw/mem/memory-device.c `memory_device_check_addable`',
    pattern: /hypervisor has not enough free memory slots left/,
    what: PLUG,
    reason: 'KVM or vhost has no memory slot left',
    fix: 'use fewer and larger memory devices',
    rule: 'slot-limit',
  }),
  fixed({
    id: 'no-memory-devices',
    source: 'hw/mem/memory-device.c `memory_device_check_addable`; hw/mem/pc-dimm.c `pc_dimm_get_free_slot`',
    pattern: /not prepared for memory devices|no slots where allocated|memory hotplug is not enabled|nvdimm is not enabled/,
    what: PLUG,
    reason: 'the machine has no window for memory devices, or nothing that would tell the guest of them',
    fix: 'give `-m` a `maxmem` and `slots` (on Arm also the firmware’s ACPI), and declare a `window … for memory`',
    rule: 'window-too-small',
  }),
  fixed({
    id: 'virtio-mem-block',
    source: 'hw/virtio/virtio-mem.c `virtio_mem_device_realize`',
    pattern: /'block-size' property has to be at least 0x[0-9a-f]+/,
    what: 'make a virtio-mem device',
    reason: 'its block is smaller than QEMU allows',
    fix: 'use at least 1 MiB; with assigned devices rather more, since each block is a mapping',
  }),
  fixed({
    id: 'backing-store',
    source: 'system/physmem.c `file_ram_alloc`',
    pattern: /unable to map backing store for guest RAM: Cannot allocate memory/,
    what: 'take huge pages for a backing',
    reason: 'the host has too few free huge pages of this size, on these nodes',
    fix: 'reserve more (`hugepages` of the host), before memory is fragmented',
    rule: 'hugepage-pool',
  }),
  fixed({
    id: 'guest-memory',
    source: 'system/physmem.c `ram_block_add`',
    pattern: /cannot set up guest memory '(?<region>[^']+)': Cannot allocate memory/,
    what: 'take memory for the guest',
    reason: 'the host doesn’t give that much: it exceeds what may be committed or addressed',
    fix: 'take less, or a backing with `reserve=off` where it isn’t all used',
  }),
  fixed({
    id: 'backing-file',
    source: 'system/physmem.c `qemu_ram_alloc_from_fd`',
    pattern: /backing store size 0x[0-9a-f]+ does not match 'size' option 0x[0-9a-f]+/,
    what: 'take a file for a backing',
    reason: 'the file is smaller than the backing',
    fix: 'make the file as large as the backing',
    rule: 'backing-size',
  }),
  fixed({
    id: 'memfd-size',
    source: 'util/memfd.c `qemu_memfd_create`',
    pattern: /failed to resize memfd to \d+: Invalid argument/,
    what: 'take huge pages for a backing',
    reason: 'the size isn’t a multiple of the huge page',
    fix: 'round the size up to whole pages',
    rule: 'backing-size',
  }),
  fixed({
    id: 'backend-size',
    source: 'hw/core/machine.c `machine_run_board_init`',
    pattern: /Machine memory size does not match the size of the memory backend/,
    what: 'start a machine',
    reason: '`-m` and the memory backend have different sizes',
    fix: 'give both the same',
  }),
  fixed({
    id: 'max-ram-below-4g',
    source: 'hw/i386/pc.c `pc_machine_set_max_ram_below_4g`',
    pattern: /'max-ram-below-4g=\d+' expects size less than or equal to 4G/,
    what: 'start a machine',
    reason: 'low memory can’t reach past 4 GiB',
    fix: 'use at most 4 GiB, best a multiple of 1 GiB',
  }),
  fixed({
    id: 'ram-size',
    source: 'hw/core/machine.c, for boards whose memory is soldered',
    pattern: /Invalid RAM size, should be /,
    what: 'start a machine',
    reason: 'this board has one size of memory',
    fix: 'take that size',
  }),
  {
    id: 'kvm-memory-region',
    program: 'QEMU',
    source: 'accel/kvm/kvm-all.c `kvm_set_user_memory_region`; virt/kvm/kvm_main.c `kvm_set_memory_region`',
    pattern: /KVM_SET_USER_MEMORY_REGION2? failed, slot=\d+, start=(?<iova>0x[0-9a-f]+), size=(?<size>0x[0-9a-f]+).*: (?<errno>[A-Z][a-z]+(?: [a-z]+)*)$/,
    read: ({ iova, size, errno: text }): Told => {
      const errno = errnoOf(text);
      const asked = asking('give KVM a memory slot', { iova: numberIn(iova), size: numberIn(size), errno });
      if (errno === 'EEXIST') return { asked, rule: 'region-overlap', reason: 'another slot has some of these addresses', fix: 'move one of the regions' };
      if (errno === 'EFAULT') return { asked, rule: 'guest-width', reason: 'the slot reaches past the guest’s IPA width', fix: 'place it lower, or let the VM have more bits' };
      return { asked, rule: 'slot-unaligned', reason: 'address, size and memory of a slot have to be multiples of the host’s page, and a slot holds fewer than 2^31 pages', fix: 'align the region to the host’s page' };
    },
  },
];
