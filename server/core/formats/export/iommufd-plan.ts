import { makePlan, type Attachment, type Plan, type PlannedMap } from '../../dma/plan.js';
import { formatKernel } from '../../dma/kernel-version.js';
import { formatAddress } from '../../layout/address.js';
import { lastOf, sizeOf, unite, type Range } from '../../layout/intervals.js';
import type { ExportResult, ExportSubject } from './export-result.js';

/**
 * The calls that a VMM makes to set the plan up with iommufd, in order, each with the answer that the kernel of the host
 * gives: docs/schema/iommufd-plan.schema.json. Names of calls, flags and fields are those of include/uapi/linux/iommufd.h
 * and include/uapi/linux/vfio.h. A host that asks VFIO type1 is asked again as one with iommufd.
 */
export function exportIommufdPlan({ vm, host }: ExportSubject): ExportResult {
  if (!host) return { errors: ['it is on no host, so that there is nobody to ask'] };
  const plan = makePlan(vm, { ...host, contract: 'iommufd' });
  const memory = plan.maps.filter(({ kind }) => kind === 'memory');
  const notes = [
    ...(host.contract === 'iommufd' ? [] : [`host ${host.name} asks ${host.contract ?? 'type1'}; the answers are those of iommufd`]),
    ...plan.maps.filter(({ kind }) => kind === 'bar').map(({ name }) => `\`${name}\` is left out: IOMMU_IOAS_MAP of a BAR fails with EFAULT; its memory goes by dma-buf, from Linux 6.19`),
    ...memory.filter(({ offset }) => offset === undefined).map(({ name }) => `\`${name}\` has no offset that could be known`),
  ];
  const calls = [
    { ioctl: 'IOMMU_IOAS_ALLOC', flags: [], returns: 'ioas' },
    ...plan.attach.flatMap(attachCalls),
    ...allowCalls(plan, memory),
    ...memory.map(mapCall),
  ];
  const record = { schema: 1, vm: vm.name, host: host.name, kernel: formatKernel(plan.kernel), calls };
  return { text: `${JSON.stringify(record, undefined, 2)}\n`, notes };
}

const attachCalls = ({ assignment: { name, device }, verdict }: Attachment) => [
  { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', device: name, ...(device?.address !== undefined && { address: device.address }) },
  { ioctl: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', device: name, pt_id: 'ioas', verdict: verdict.errno },
];

/**
 * What will be mapped is allowed by name, so that a device that comes later and keeps some of it can't be attached, rather
 * than break it (`iommufd_ioas_allow_iovas` in drivers/iommu/iommufd/ioas.c). Not where a mapping is refused anyway.
 */
function allowCalls(plan: Plan, memory: readonly PlannedMap[]) {
  if (memory.length === 0 || plan.maps.some(({ verdict }) => verdict.errno !== 'ok') || plan.attach.some(({ verdict }) => verdict.errno !== 'ok')) return [];
  return [{ ioctl: 'IOMMU_IOAS_ALLOW_IOVAS', ioas_id: 'ioas', allowed_iovas: unite(memory.map(({ range }) => range)).map(iovaRange) }];
}

const iovaRange = (range: Range) => ({ start: formatAddress(range.base), last: formatAddress(lastOf(range)) });

const mapCall = ({ name, range, access, backing, offset, verdict }: PlannedMap) => ({
  ioctl: 'IOMMU_IOAS_MAP',
  name,
  flags: ['IOMMU_IOAS_MAP_FIXED_IOVA', ...(access.includes('r') ? ['IOMMU_IOAS_MAP_READABLE'] : []), ...(access.includes('w') ? ['IOMMU_IOAS_MAP_WRITEABLE'] : [])],
  ioas_id: 'ioas',
  iova: formatAddress(range.base),
  length: formatAddress(sizeOf(range)),
  ...(backing && { backing: backing.own ? `of ${name}` : backing.name }),
  ...(offset !== undefined && { offset: formatAddress(offset) }),
  verdict: verdict.errno,
});
