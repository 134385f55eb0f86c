import { formatAddress } from '../../layout/address.js';
import { lastOf, sizeOf, type Range } from '../../layout/intervals.js';
import type { Backing, Host, Region, Reserved, Vm, WrittenMap } from '../../layout/model.js';
import type { ExportResult, ExportSubject } from './export-result.js';

/** The layout itself as JSON, every expression evaluated: docs/schema/layout.schema.json. Addresses and sizes are hexadecimal strings. */
export function exportJson({ vm, host }: ExportSubject): ExportResult {
  return { text: `${JSON.stringify({ schema: 1, vm: vmRecord(vm), ...(host && { host: hostRecord(host) }) }, undefined, 2)}\n`, notes: [] };
}

const vmRecord = (vm: Vm) => ({
  name: vm.name,
  ...known('bits', vm.bits),
  ...known('vmm', vm.vmm),
  ...known('slots', vm.slots),
  onOverlap: vm.stance,
  backings: vm.backings.filter(({ own }) => !own).map(backingRecord),
  regions: vm.regions.map(regionRecord),
  maps: vm.maps.map(mapRecord),
  assign: vm.assignments.map(({ name, hotplug, behind, device }) => ({ device: name, ...known('address', device?.address), hotplug, ...known('behind', behind) })),
  viommus: vm.viommus.map(({ name, model, mode, bits, reserved }) => ({ name, ...known('model', model), ...known('mode', mode), ...known('bits', bits), reserved: reserved.map(reservedRecord) })),
});

const backingRecord = ({ name, kind, size, page, physical, node, share }: Backing) => ({
  ...(name !== '' && { name }),
  kind,
  ...hex('size', size),
  ...hex('page', page),
  ...hex('physical', physical),
  ...known('node', node),
  share,
});

const regionRecord = (region: Region) => ({
  kind: region.kind,
  name: region.name,
  ...extent(region.range),
  access: region.access,
  ...known('dma', region.dma),
  ...known('node', region.node),
  ...(region.backing && (region.backing.own ? { ownBacking: backingRecord({ ...region.backing, name: '' }) } : { backing: region.backing.name })),
  ...hex('offset', region.offset),
  ...known('via', region.via),
  ...known('for', region.purpose),
  ...(region.arrival && { hotplug: region.arrival.kind, ...(region.arrival.kind === 'virtio-mem' && hex('block', region.arrival.block)) }),
  ...(region.over.length > 0 && { over: region.over.map(({ name }) => name) }),
  ...known('alias', region.alias?.name),
});

const mapRecord = ({ name, iova, size, region, offset, access }: WrittenMap) => ({ name, ...hex('iova', iova), ...hex('size', size), ...known('to', region?.name), ...hex('offset', offset), access });

const hostRecord = (host: Host) => ({
  name: host.name,
  ...known('arch', host.arch),
  ...(host.kernel && { kernel: `${host.kernel.major}.${host.kernel.minor}` }),
  ...hex('page', host.page),
  ...known('bits', host.bits),
  ...known('contract', host.contract),
  iommus: host.iommus.map(({ name, model, granule, bits, blocks, aperture, reserved }) => ({
    name,
    ...known('model', model),
    ...hex('granule', granule),
    ...known('bits', bits),
    ...(blocks && { blocks: blocks.map(formatAddress) }),
    ...(aperture && { aperture: extent(aperture) }),
    reserved: reserved.map(reservedRecord),
  })),
  devices: host.devices.map(({ name, address, group, iommu, bits, bars, reserved }) => ({
    name,
    ...known('address', address),
    group,
    ...known('iommu', iommu?.name),
    ...known('bits', bits),
    bars: bars.map(({ number, size }) => ({ number, ...hex('size', size) })),
    reserved: reserved.map(reservedRecord),
  })),
});

const reservedRecord = ({ name, range, kind }: Reserved) => ({ name, kind, ...extent(range) });

const extent = (range: Range | undefined) => (range ? { base: formatAddress(range.base), last: formatAddress(lastOf(range)), size: formatAddress(sizeOf(range)) } : {});

/** A field, where there is a value for it. */
const known = <Value>(name: string, value: Value | undefined): Record<string, Value> => (value === undefined ? {} : { [name]: value });

const hex = (name: string, value: bigint | undefined): Record<string, string> => (value === undefined ? {} : { [name]: formatAddress(value) });
