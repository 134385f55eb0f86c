import { alignUp, GIB, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { baseOf, lengthOf } from '../layout/extents.js';
import { isModel } from '../layout/presence.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { REGION_KEYWORDS, STANCES, VMMS } from '../syntax/vocabulary.js';
import { highestEnd } from './free-address.js';
import { openConstantsOf } from './inherited.js';
import { devicesOf } from './meaning.js';
import { choicesOf, freshAtTop, freshIn, hostsAtTop, isArm, namesAtTop, type SnippetPlace } from './snippet-place.js';
import { stop, type Snippet } from './snippet-text.js';

const COMMON_VMMS = ['qemu', ...VMMS.filter((vmm) => vmm !== 'qemu')];

/** A guest as a whole, and one for each machine in scope that waits for its constants. */
export function guestSnippets(place: SnippetPlace): Snippet[] {
  const hosts = hostsAtTop(place);
  const on = hosts.length > 0 ? ` on ${stop(3, ...choicesOf(hosts))}` : '';
  return [{ label: 'vm with huge pages and a device', body: guest(place, hosts[0], on) }, ...machines(place, on)];
}

function guest(place: SnippetPlace, host: Element | undefined, on: string): string {
  const devices = choicesOf(host ? devicesOf(host) : []);
  const ram = isArm(host, place) || !host
    ? [`ram ${stop(9, 'low')} at ${stop(10, '0x4000_0000')} size $7 from $6`]
    : [`ram ${stop(9, 'low')} at 0 size ${stop(10, '2 GiB')} from $6`, `ram ${stop(11, 'high')} at 4 GiB size $7 - $10 from $6`];
  return `\
/// ${stop(1, 'A guest.')}
vm ${stop(2, freshAtTop('web', place))}${on} {
  vmm ${stop(4, ...COMMON_VMMS)}
  on-overlap ${stop(5, ...STANCES)}

  backing ${stop(6, 'ram0')} size ${stop(7, '16 GiB')} hugetlb ${stop(8, '1 GiB', '2 MiB')}
${ram.map((line) => `  ${line}`).join('\n')}${devices.length > 0 ? `\n\n  assign ${stop(12, ...devices)}` : ''}$0
}`;
}

function machines(place: SnippetPlace, on: string): Snippet[] {
  const models = namesAtTop('vm', place).map((source) => place.around.evaluator.elementOf(source)).filter(isModel);
  return models.map((model) => ({
    label: `vm like ${model.name}`,
    body: `vm ${stop(2, freshAtTop('web', place))} like ${model.name}${on} {\n${openConstantsOf(model).map((name, index) => `  const ${name} = ${stop(index + 4, name === 'RAM' ? '8 GiB' : '')}`).join('\n')}$0\n}`,
  }));
}

/** What stands in a vm. Addresses are the next free ones. */
export function membersOfGuest(place: SnippetPlace): Snippet[] {
  const free = freeFrom(place);
  return [...ofRam(place, free), ...ofDevices(place, free), ...ofMappings(place)];
}

/** Aligned addresses that are free and that no host keeps: above 4 GiB on a PC, from 1 GiB on elsewhere. The vm is looked at once. */
function freeFrom(place: SnippetPlace): (block: bigint) => string {
  const { owner, around: { evaluator } } = place;
  const least = isArm(evaluator.host, place) || !evaluator.host ? GIB : 4n * GIB;
  const end = highestEnd(owner, evaluator);
  return (block) => writeAddress(alignUp(end > least ? end : least, block));
}

function ofRam(place: SnippetPlace, free: (block: bigint) => string): Snippet[] {
  const { owner } = place;
  const [backing, name] = [freshIn('ram0', owner), freshIn('low', owner)];
  const window = freshIn('dimms', owner);
  const kind = stop(3, 'hugetlb 1 GiB', 'hugetlb 2 MiB', 'thp', 'anonymous');
  const hasRegions = owner?.children.some(({ keyword }) => REGION_KEYWORDS.has(keyword)) ?? false;
  return [
    { label: 'backing with ram from it', body: `backing ${stop(1, backing)} size ${stop(2, '16 GiB')} ${kind}\nram ${stop(4, name)} at ${stop(5, free(GIB))} size $2 from $1$0` },
    ...(hasRegions ? [] : [{ label: 'backing with ram below and above 4 GiB', body: `backing ${stop(1, backing)} size ${stop(2, '16 GiB')} ${kind}\nram ${stop(4, name)} at 0 size ${stop(5, '2 GiB')} from $1\nram ${stop(6, freshIn('high', owner))} at 4 GiB size $2 - $5 from $1$0` }]),
    { label: 'window with hot-plugged ram', body: `window ${stop(1, window)} at ${stop(2, free(GIB))} size ${stop(3, '64 GiB')} for memory\nram ${stop(4, freshIn('dimm0', owner))} at $1.base size ${stop(5, '16 GiB')} hotplug ${stop(6, 'dimm', 'virtio-mem block 2 MiB')}$0` },
  ];
}

function ofDevices(place: SnippetPlace, free: (block: bigint) => string): Snippet[] {
  const { owner, around: { evaluator } } = place;
  const assigned = new Set(owner?.children.filter(({ keyword }) => keyword === 'assign').map(({ name }) => name));
  const devices = choicesOf((evaluator.host ? devicesOf(evaluator.host) : []).filter(({ name }) => !assigned.has(name)));
  const model = evaluator.host?.children.find(({ keyword }) => keyword === 'iommu')?.properties.get('model')?.[0]?.property.value;
  const address = free(64n * MIB);
  return [
    ...(devices.length > 0 ? [{ label: 'assign a device that is hot-plugged', body: `assign ${stop(1, ...devices)} hotplug$0` }] : []),
    { label: 'mmio with a doorbell', body: `mmio ${stop(1, freshIn('its', owner))} at ${stop(2, address)} size ${stop(3, '128 KiB')}\ndoorbell ${stop(4, freshIn('msi', owner))} at $1.base + ${stop(5, '0x1_0040')} size 4$0` },
    { label: 'window for BARs', body: `window ${stop(1, freshIn('pci64', owner))} at ${stop(2, free(GIB))} size ${stop(3, '64 GiB')} for bars$0` },
    ...(model?.kind === 'word' ? [{ label: 'viommu that the guest sees', body: `viommu ${stop(1, freshIn('viommu0', owner))} {\n  model ${stop(2, model.text)}\n  mode ${stop(3, 'nested', 'emulated')}\n  bits ${stop(4, '48', '39')}\n}$0` }] : []),
  ];
}

function ofMappings(place: SnippetPlace): Snippet[] {
  const { owner } = place;
  const regions = choicesOf((owner?.children ?? []).filter(({ keyword, name }) => (keyword === 'ram' || keyword === 'rom') && name !== ''));
  return [
    carve(place),
    ...(regions.length > 0 ? [{ label: 'map of a region', body: `map ${stop(1, freshIn(`${regions[0]}-dma`, owner))} to ${stop(2, ...regions)}$0` }] : []),
  ];
}

/** The VMM maps around what the host keeps, and the guest is told. */
function carve(place: SnippetPlace): Snippet {
  const { owner, around: { evaluator } } = place;
  const stance = owner?.properties.has('on-overlap') ? '' : 'on-overlap carve\n';
  const ranges = reservedOf(evaluator.host).flatMap((reserved) => {
    const [base, length] = [baseOf(reserved, evaluator), lengthOf(reserved, evaluator)];
    return base.type === 'quantity' && length.type === 'quantity' ? [`${writeAddress(base.value)} size ${writeSize(length.value)}`] : [];
  });
  const tell = stop(3, ...(isArm(evaluator.host, place) || !evaluator.host ? ['reserved-memory', 'efi-memory-map', 'e820', 'none'] : ['e820', 'efi-memory-map', 'reserved-memory', 'none']));
  return { label: stance === '' ? 'avoid what the host keeps' : 'on-overlap carve, with the hole told to the guest', body: `${stance}avoid ${stop(1, freshIn('kept', owner))} at ${stop(2, ...(ranges.length > 0 ? ranges : ['0x800_0000 size 1 MiB']))} via ${tell}$0` };
}

/** What the IOMMUs and the devices of a host keep. */
export const reservedOf = (host: Element | undefined): Element[] =>
  (host?.children ?? []).flatMap((child) => [child, ...child.children, ...child.children.flatMap(({ children }) => children)]).filter(({ keyword }) => keyword === 'reserved');
