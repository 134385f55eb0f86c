import { formatRange, formatSize, GIB } from '../layout/address.js';
import { overlaps, rangeOf } from '../layout/intervals.js';
import { asking, errnoOf, numberIn, type Asked, type ErrorMessage, type Told } from './error-message.js';

/** What VFIO and iommufd refuse, as QEMU and others print it. */

/** Ranges that IOMMU drivers always keep: drivers/iommu (`*_get_resv_regions`). */
const KEPT = [
  { name: 'the MSI window of x86 hosts', rule: 'doorbell-overlap', range: rangeOf(0xfee0_0000n, 0x10_0000n) },
  { name: 'the software MSI window of SMMUs and virtio-iommu', rule: 'doorbell-overlap', range: rangeOf(0x800_0000n, 0x10_0000n) },
  { name: 'the HyperTransport range of AMD hosts', rule: 'reserved-overlap', range: rangeOf(0xfd_0000_0000n, 12n * GIB) },
];

const MAP = 'map memory for DMA';

/** A mapping that was refused, by its error: the order of the tests is that of `vfio_dma_do_map` and `iopt_map_pages`. */
function mappingRefused(asked: Asked): Told {
  switch (asked.errno) {
    case 'EINVAL':
      return invalid(asked);
    case 'EEXIST':
      return { asked, rule: 'region-overlap', reason: 'another mapping has some of these addresses already: two regions, or the BARs of two devices, lie over each other', fix: 'move one of them; no two regions of a guest may meet' };
    case 'ENOSPC':
      return { asked, rule: 'map-limit', reason: 'the container holds as many mappings as `dma_entry_limit` allows, 65535 by default', fix: 'use larger virtio-mem blocks or fewer pieces, or raise the limit of the vfio_iommu_type1 module' };
    case 'ENOMEM':
      return memlock(asked);
    case 'EFAULT':
      return { asked, rule: 'bar-unmappable', reason: 'the address isn’t ordinary memory: by its address iommufd maps no BAR of another device; from Linux 6.19 on a VMM can ask for it as a dma-buf (IOMMU_IOAS_MAP_FILE)', fix: 'leave the BAR out (`dma off`), let the host ask type1, or take a VMM that maps BARs as a dma-buf' };
    case 'EADDRINUSE':
      return { asked, rule: 'hotplug-device', reason: 'a mapping that exists meets a range that the new device keeps, or leaves its aperture', fix: 'carve the range at boot, or move the memory' };
    case 'EOVERFLOW':
      return { asked, rule: 'value-range', reason: 'the address and the size together go past 2^64', fix: 'correct the address or the size' };
    default:
      return { asked, reason: 'the kernel refuses the mapping', fix: 'check the layout of this machine with `vmlayout check`' };
  }
}

function invalid(asked: Asked): Told {
  const { iova, size } = asked;
  if (iova === undefined || size === undefined) {
    return { asked, rule: 'reserved-overlap', reason: 'the range isn’t aligned to the IOMMU’s page, meets a range that the IOMMU keeps, or leaves its aperture; QEMU’s next line has the address', fix: 'import the host’s reserved_regions and check the layout' };
  }
  const range = rangeOf(iova, size);
  const met = KEPT.filter((kept) => overlaps(kept.range, range));
  const names = met.map(({ name, range: kept }) => `${name} (${formatRange(kept)})`).join(' and ');
  if ((iova | size) % 4096n !== 0n) return { asked, rule: 'map-unaligned', reason: 'the address or the size isn’t a multiple of 4 KiB, the smallest page there is', fix: 'align both' };
  if (met[0]) return { asked, rule: met[0].rule, reason: `it covers ${names}: where the host keeps that, Linux lets nobody map it since 5.4`, fix: 'split the memory around the range, or move it' };
  const bits = (range.end - 1n).toString(2).length;
  if (bits > 38) return { asked, rule: 'aperture-exceeded', reason: `it needs ${bits} bits of address, and many IOMMUs translate only 39 or 48`, fix: 'place it lower: give the guest no more address bits than the host’s IOMMU has' };
  return { asked, rule: 'reserved-overlap', reason: 'it meets a range that the host’s firmware or a device of the group keeps, or isn’t aligned to the host’s page', fix: 'import the host’s reserved_regions and check the layout' };
}

function memlock(asked: Asked): Told {
  const size = asked.size === undefined ? 'the memory' : formatSize(asked.size);
  return { asked, rule: 'memlock-limit', reason: `${size} can’t be pinned: RLIMIT_MEMLOCK is too small, which dmesg tells with the limit, or the host has too little memory`, fix: 'raise RLIMIT_MEMLOCK to the guest’s memory and 1 GiB more (times the devices, behind a vIOMMU)' };
}

const told = (groups: Readonly<Record<string, string | undefined>>): Told =>
  mappingRefused(asking(MAP, { iova: numberIn(groups['iova']), size: numberIn(groups['size']), errno: errnoOf(groups['errno']), region: groups['region'], device: groups['device'] }));

export const VFIO_MESSAGES: readonly ErrorMessage[] = [
  {
    id: 'qemu-dma-map',
    program: 'QEMU',
    source: 'hw/vfio/listener.c `vfio_listener_region_add`; `vfio_dma_map` until 8.2, `vfio_container_dma_map` since 9.0',
    family: 'mapping',
    pattern: /(?:vfio (?<device>[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): .*?)?(?:Region (?<region>[^:]+): )?vfio(?:_container)?_dma_map\(0x[0-9a-f]+, (?<iova>0x[0-9a-f]+), (?<size>0x[0-9a-f]+), 0x[0-9a-f]+\) = (?<errno>-\d+)/,
    read: told,
  },
  {
    id: 'qemu-dma-unmap',
    program: 'QEMU',
    source: 'hw/vfio/listener.c `vfio_listener_region_del`',
    pattern: /vfio(?:_container)?_dma_unmap\(0x[0-9a-f]+, (?<iova>0x[0-9a-f]+), (?<size>0x[0-9a-f]+)\) = (?<errno>-\d+)/,
    read: ({ iova, size, errno }) => ({
      asked: asking('unmap memory', { iova: numberIn(iova), size: numberIn(size), errno: errnoOf(errno) }),
      rule: 'map-bisect',
      reason: 'the range begins or ends inside of a mapping, and a mapping is taken away whole or not at all',
      fix: 'split at boot what is to be unplugged or carved later',
    }),
  },
  {
    id: 'qemu-iova-region',
    program: 'QEMU',
    source: 'hw/vfio/common.c `vfio_listener_region_add`, of versions that compare with the windows of the container themselves',
    family: 'mapping',
    pattern: /[Cc]ontainer (?:0x[0-9a-f]+ )?can't map guest IOVA region (?<base>0x[0-9a-f]+)\.\.(?<last>0x[0-9a-f]+)/,
    read: ({ base = '0', last = '0' }) => ({
      asked: asking(MAP, { iova: BigInt(base), size: BigInt(last) - BigInt(base) + 1n, errno: 'EFAULT' }),
      rule: 'aperture-exceeded',
      reason: 'no window of addresses that the container gave to QEMU holds this region',
      fix: 'place the region where the IOMMU translates it, or take it out of DMA (`dma off`)',
    }),
  },
  {
    id: 'qemu-map-failed',
    program: 'QEMU',
    source: 'hw/vfio/container.c `vfio_legacy_dma_map`: old versions print a number, those up to 9.2 the text of the error',
    family: 'mapping',
    pattern: /VFIO_MAP_DMA(?: failed)?: (?<errno>-\d+|[A-Z][a-z]+(?: [a-z]+)*)/,
    read: told,
    tell: mappingRefused,
  },
  {
    id: 'iommufd-bar',
    program: 'QEMU',
    source: 'backends/iommufd.c `iommufd_backend_map_dma`, on EFAULT',
    pattern: /IOMMU_IOAS_MAP failed: .*PCI BAR\?/,
    read: () => mappingRefused(asking('map the BAR of a device for DMA', { errno: 'EFAULT' })),
  },
  {
    id: 'iommufd-map',
    program: 'QEMU',
    source: 'backends/iommufd.c `iommufd_backend_map_dma`',
    family: 'mapping',
    pattern: /IOMMU_IOAS_MAP failed: (?<errno>[A-Z][a-z]+(?: [a-z]+)*)/,
    read: told,
  },
  {
    id: 'cloud-hypervisor-dma-map',
    program: 'Cloud Hypervisor',
    source: 'the Debug form of rust-vmm’s vfio-ioctls `VfioError::IommuDmaMap`',
    pattern: /IommuDmaMap\((?:Error\()?(?<errno>\d+)/,
    read: told,
  },
];
