import { formatAddress, formatSize } from '../layout/address.js';
import { asking, type ErrorMessage, type Told } from './error-message.js';

/** What the host’s kernel logs. */

const BDF = '(?<device>(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])';

/** A device used an address that nothing is mapped at. */
const faulted = (address: string, device: string | undefined): Told => ({
  asked: asking('let a device reach memory', { iova: BigInt(`0x${address}`), device }),
  rule: 'undeclared-dma-hole',
  reason: `a device used ${formatAddress(BigInt(`0x${address}`))}, where nothing is mapped for it: a hole that the guest doesn’t know, memory left out of DMA, or an MSI that the IOMMU doesn’t remap`,
  fix: 'declare the hole to the guest (`avoid … via reserved-memory`), or map what lies there',
});

const direct = (id: string, source: string, pattern: RegExp): ErrorMessage => ({
  id,
  program: 'Linux',
  source,
  pattern,
  read: ({ device }) => ({
    asked: asking('attach a device', { device, errno: 'EINVAL' }),
    rule: 'direct-mapped-device',
    reason: 'the firmware wants a range of this device mapped 1:1 (RMRR, IVMD or RMR), so it can’t be assigned',
    fix: 'assign another device, or ask the vendor for a firmware that doesn’t use the range after boot',
  }),
});

const memlock = (id: string, pattern: RegExp): ErrorMessage => ({
  id,
  program: 'Linux',
  source: 'drivers/vfio/vfio_iommu_type1.c `vfio_pin_pages_remote`, `vfio_pin_page_external`',
  pattern,
  read: ({ limit = '0' }) => ({
    asked: asking('pin memory for DMA', { memlock: BigInt(limit), errno: 'ENOMEM' }),
    rule: 'memlock-limit',
    reason: `the process may lock ${formatSize(BigInt(limit))}, and the guest’s memory is more`,
    fix: 'raise RLIMIT_MEMLOCK to the guest’s memory and 1 GiB more (times the devices, behind a vIOMMU)',
  }),
});

export const KERNEL_MESSAGES: readonly ErrorMessage[] = [
  memlock('memlock', /vfio_pin_pages?_(?:remote|external): (?:Task .* )?RLIMIT_MEMLOCK \((?<limit>\d+)\) exceeded/),
  {
    id: 'intel-width',
    program: 'Linux',
    source: 'drivers/iommu/intel/iommu.c `intel_iommu_map`, of kernels with page tables of the driver’s own',
    pattern: /iommu width \((?<bits>\d+)\) is not sufficient for the mapped address \((?:0x)?(?<address>[0-9a-f]+)\)/,
    read: ({ bits, address = '0' }) => ({
      asked: asking('map memory for DMA', { iova: BigInt(`0x${address}`), bits: Number(bits), errno: 'EFAULT' }),
      rule: 'aperture-exceeded',
      reason: `${formatAddress(BigInt(`0x${address}`))} needs ${BigInt(`0x${address}`).toString(2).length} bits, and this IOMMU translates ${bits}`,
      fix: `place it below ${formatAddress(1n << BigInt(bits ?? 0))}`,
    }),
  },
  direct('rmrr-ineligible', 'drivers/iommu/intel/iommu.c `intel_iommu_attach_device`, of kernels that don’t ask the core (`__iommu_device_set_domain`) yet', new RegExp(`(?:${BDF}: )?(?:DMAR: )?Device is ineligible for IOMMU domain attach due to platform RMRR requirement`)),
  direct('direct-required', 'drivers/iommu/iommu.c `__iommu_device_set_domain`', new RegExp(`(?:${BDF}: )?Firmware has requested this device have a 1:1 IOMMU mapping`)),
  {
    id: 'smmu-fault',
    program: 'Linux',
    source: 'drivers/iommu/arm/arm-smmu/arm-smmu.c `arm_smmu_context_fault`',
    pattern: /Unhandled context fault: fsr=0x[0-9a-f]+, iova=0x(?<address>[0-9a-f]+)/,
    read: ({ address = '0' }) => faulted(address, undefined),
  },
  {
    id: 'vt-d-fault',
    program: 'Linux',
    source: 'drivers/iommu/intel/dmar.c `dmar_fault_do_one`',
    pattern: /DMAR: \[DMA (?:Read|Write)[^\]]*\] Request device \[(?<device>[0-9a-f:.]+)\].* fault addr (?:0x)?(?<address>[0-9a-f]+)/,
    read: ({ device, address = '0' }) => faulted(address, device),
  },
  {
    id: 'amd-fault',
    program: 'Linux',
    source: 'drivers/iommu/amd/iommu.c `amd_iommu_report_page_fault`',
    pattern: /\[IO_PAGE_FAULT (?:device=(?<device>[0-9a-f:.]+) )?domain=0x[0-9a-f]+ address=0x(?<address>[0-9a-f]+)/,
    read: ({ device, address = '0' }) => faulted(address, device),
  },
];
