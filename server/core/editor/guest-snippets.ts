import { mappableRanges, type Situation } from '../dma/free-places.js';
import { GIB, KIB, largest, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { holeMedium } from '../layout/hole-medium.js';
import { contains, overlaps, rangeOf, type Range } from '../layout/intervals.js';
import type { RegionKind } from '../layout/model.js';
import { isModel } from '../layout/presence.js';
import { rangeOfElement } from '../layout/vm.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { AVOID_VIA, STANCES, VMMS } from '../syntax/vocabulary.js';
import { commonGaps, highestEnd, placeFrom, situationsOf } from './free-address.js';
import { openConstantsOf } from './inherited.js';
import { devicesOf } from './meaning.js';
import { choicesOf, fresh, freshAtTop, freshIn, hostsAtTop, isArm, namesAtTop, type SnippetPlace } from './snippet-place.js';
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

/** What stands in a vm. Addresses are the next free ones; what has no place is left out. */
export function membersOfGuest(place: SnippetPlace): Snippet[] {
  const room = roomIn(place);
  return [...ofRam(place, room), ...ofDevices(place, room), carve(place, room), ...ofMapping(place, room)];
}

/** A guest and what is free in it. It is looked at once for all snippets. */
interface Room {
  readonly situations: readonly Situation[];
  readonly gaps: readonly Range[];
  /** From where on addresses are offered: above all regions, on a PC above 4 GiB, elsewhere from 1 GiB on. */
  readonly from: bigint;
}

function roomIn(place: SnippetPlace): Room {
  const { owner, file, around } = place;
  const { host } = around.evaluator;
  const situations = owner ? situationsOf(owner, file, around) : [];
  const least = isArm(host, place) || !host ? GIB : 4n * GIB;
  return { situations, gaps: commonGaps(situations, { kind: 'ram', hotplug: false, range: undefined }), from: largest(least, highestEnd(situations)) };
}

/** A snippet for something of a size, at a multiple of `block`; nothing where the guest has no place for it. Bytes. */
function placed(size: bigint, block: bigint, { gaps, from }: Room, write: (address: string) => Snippet): Snippet[] {
  const base = placeFrom(rangeOf(from, size), gaps, block);
  return base === undefined ? [] : [write(writeAddress(base))];
}

function ofRam(place: SnippetPlace, room: Room): Snippet[] {
  const { owner } = place;
  const [backing, name, window] = [freshIn('ram0', owner), freshIn('low', owner), freshIn('dimms', owner)];
  const kind = stop(3, 'hugetlb 1 GiB', 'hugetlb 2 MiB', 'thp', 'anonymous');
  return [
    ...placed(16n * GIB, GIB, room, (address) => ({
      label: 'backing with ram from it',
      body: `backing ${stop(1, backing)} size ${stop(2, '16 GiB')} ${kind}\nram ${stop(4, name)} at ${stop(5, address)} size $2 from $1$0`,
    })),
    ...(isRoomOfPc(room) ? [{
      label: 'backing with ram below and above 4 GiB',
      body: `backing ${stop(1, backing)} size ${stop(2, '16 GiB')} ${kind}\nram ${stop(4, name)} at 0 size ${stop(5, '2 GiB')} from $1\nram ${stop(6, freshIn('high', owner))} at 4 GiB size $2 - $5 from $1$0`,
    }] : []),
    ...placed(64n * GIB, GIB, room, (address) => ({
      label: 'window with hot-plugged ram',
      body: `window ${stop(1, window)} at ${stop(2, address)} size ${stop(3, '64 GiB')} for memory\nram ${stop(4, freshIn('dimm0', owner))} at $1.base size ${stop(5, '16 GiB')} hotplug ${stop(6, 'dimm', 'virtio-mem block 2 MiB')}$0`,
    })),
  ];
}

/** Whether a guest has no region yet, and could have 2 GiB from 0 on and 14 GiB above 4 GiB. */
function isRoomOfPc({ situations, gaps }: Room): boolean {
  const ranges = [rangeOf(0n, 2n * GIB), rangeOf(4n * GIB, 14n * GIB)];
  return situations.every(({ vm }) => vm.regions.length === 0) && ranges.every((range) => gaps.some((gap) => contains(gap, range)));
}

function ofDevices(place: SnippetPlace, room: Room): Snippet[] {
  const { owner, around: { evaluator } } = place;
  const assigned = new Set(owner?.children.filter(({ keyword }) => keyword === 'assign').map(({ name }) => name));
  const devices = choicesOf((evaluator.host ? devicesOf(evaluator.host) : []).filter(({ name }) => !assigned.has(name)));
  const model = evaluator.host?.children.find(({ keyword }) => keyword === 'iommu')?.properties.get('model')?.[0]?.property.value;
  return [
    ...(devices.length > 0 ? [{ label: 'assign a device that is hot-plugged', body: `assign ${stop(1, ...devices)} hotplug$0` }] : []),
    ...placed(128n * KIB, 64n * MIB, room, (address) => ({
      label: 'mmio with a doorbell',
      body: `mmio ${stop(1, freshIn('its', owner))} at ${stop(2, address)} size ${stop(3, '128 KiB')}\ndoorbell ${stop(4, freshIn('msi', owner))} at $1.base + ${stop(5, '0x1_0040')} size 4$0`,
    })),
    ...placed(64n * GIB, GIB, room, (address) => ({
      label: 'window for BARs', body: `window ${stop(1, freshIn('pci64', owner))} at ${stop(2, address)} size ${stop(3, '64 GiB')} for bars$0`,
    })),
    ...(model?.kind === 'word' ? [{ label: 'viommu that the guest sees', body: `viommu ${stop(1, freshIn('viommu0', owner))} {\n  model ${stop(2, model.text)}\n  mode ${stop(3, 'nested', 'emulated')}\n  bits ${stop(4, '48', '39')}\n}$0` }] : []),
  ];
}

/** The VMM maps around what the host keeps, and the guest is told: of each range that meets its memory, or else of one to choose. */
function carve(place: SnippetPlace, { situations }: Room): Snippet {
  const { owner, around: { evaluator } } = place;
  const stance = owner?.properties.has('on-overlap') ? '' : 'on-overlap carve\n';
  const kept = reservedOf(evaluator.host).flatMap((reserved) => rangeOfElement(reserved, evaluator) ?? []);
  const regions = situations.flatMap(({ vm }) => vm.regions);
  const isOf = (range: Range, ...kinds: readonly RegionKind[]): boolean => regions.some((region) => kinds.includes(region.kind) && region.range !== undefined && overlaps(region.range, range));
  const meeting = kept.filter((range) => isOf(range, 'ram', 'rom') && !isOf(range, 'avoid'));
  const choices = [...meeting, ...kept.filter((range) => !meeting.includes(range))].map(({ base, end }) => `${writeAddress(base)} size ${writeSize(end - base)}`);
  const each = meeting.length > 1 ? choices.slice(0, meeting.length).map((choice) => [choice]) : [choices.length > 0 ? choices : ['0x800_0000 size 1 MiB']];
  const [situation] = situations;
  const usual = situation ? holeMedium(situation.vm, situation.host) : 'reserved-memory';
  const ways = [usual, 'efi-memory-map', ...AVOID_VIA.filter((way) => way !== usual && way !== 'efi-memory-map')];
  const taken = (owner?.children ?? []).map(({ name }) => name);
  const lines = each.map((ranges, index) => {
    const name = fresh('kept', taken);
    taken.push(name);
    return `avoid ${stop(3 * index + 1, name)} at ${stop(3 * index + 2, ...ranges)} via ${stop(3 * index + 3, ...ways)}`;
  });
  return { label: stance === '' ? 'avoid what the host keeps' : 'on-overlap carve, with the hole told to the guest', body: `${stance}${lines.join('\n')}$0` };
}

function ofMapping({ owner }: SnippetPlace, { situations }: Room): Snippet[] {
  const [first, ...others] = situations.map(mappableIn);
  const names = choicesOf([...(first ?? [])].filter((element) => others.every((other) => other.has(element))));
  return names.length > 0 ? [{ label: 'map of a region', body: `map ${stop(1, freshIn(`${names[0]}-dma`, owner))} to ${stop(2, ...names)}$0` }] : [];
}

/** RAM and ROM that no map is of yet, and that devices can reach as a whole. */
function mappableIn(situation: Situation): Set<Element> {
  const { regions, maps } = situation.vm;
  const mapped = new Set(maps.map(({ region }) => region));
  const wanted = regions.filter((region) => (region.kind === 'ram' || region.kind === 'rom') && region.dma !== false && region.name !== '' && !mapped.has(region));
  const reached = mappableRanges(situation);
  return new Set(wanted.filter(({ range }) => range === undefined || reached.some((outer) => contains(outer, range))).map(({ element }) => element));
}

/** What the IOMMUs and the devices of a host keep. */
export const reservedOf = (host: Element | undefined): Element[] =>
  (host?.children ?? []).flatMap((child) => [child, ...child.children, ...child.children.flatMap(({ children }) => children)]).filter(({ keyword }) => keyword === 'reserved');
