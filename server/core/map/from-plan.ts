import { formatKernel } from '../dma/kernel-version.js';
import { formatLeaves } from '../dma/leaves.js';
import { reasonLeftOut } from '../dma/left-out-words.js';
import { physicalOf, type Plan, type PlannedMap } from '../dma/plan.js';
import type { PluggedMemory } from '../dma/plugged-memory.js';
import type { Verdict } from '../dma/verdict.js';
import { reasonOf } from '../dma/verdict-words.js';
import { ADDRESS_SPACE, formatPlural, formatSize } from '../layout/address.js';
import { byBase, isEmpty, sizeOf, subtract, type Range } from '../layout/intervals.js';
import type { Backing, Region, Reserved, Vm } from '../layout/model.js';
import { plain, writeAddress } from '../layout/written.js';
import type { Finding } from '../rules/rule.js';
import { hitsOf, placedAt, type Located } from './hits.js';
import type { Bytes, LeafRun, MapBacking, MapItem, MapModel, Placed } from './model.js';
import { arrivalsOf, numberOfMemory, sequencesOf } from './steps.js';

/** Draws up the map of a guest, with the findings that are about it. Without a plan it has no IOVAs. */
export function mapOf(vm: Vm, plan: Plan | undefined, findings: readonly Finding[]): MapModel<Placed> {
  const ids = new Ids();
  const backings = backingsOf(vm, ids);
  const regions = vm.regions.flatMap((region) => regionItem(region, plan, backings, ids));
  const maps = plan ? plan.maps.map((map) => mapItem(map, plan, backings, ids)) : [];
  const kept = plan ? keptItems(plan, ids) : [];
  const plugged = plan ? plan.memoryHotplug.flatMap((memory, index) => memory.maps.map((map) => ({ map, later: laterItem(map, memory, numberOfMemory(index, plan), plan, backings, ids) }))) : [];
  const located = [...regions, ...maps, ...plugged.map(({ later }) => later), ...kept];
  const items = [...located.map(({ item }) => item), ...(plan ? leftOutItems(plan, ids) : []), ...outside(vm, plan, ids)];
  return {
    vm: vm.name,
    host: plan?.host.name,
    asked: plan ? askedWords(plan) : 'no host',
    stance: vm.stance,
    items: inOrder(items),
    leaves: plan ? [...plan.maps.flatMap((map, index) => leafRuns(map, maps[index]?.item.id ?? '')), ...plugged.flatMap(({ map, later }) => leafRuns(map, later.item.id))] : [],
    backings: [...backings.values()],
    hits: hitsOf(vm, plan, findings, located),
    sequences: plan ? sequencesOf(plan) : [],
    totals: plan ? totalWords(plan) : '',
  };
}

/** Names are unique in their space but for a `like` gone wrong: then the second one is `low~2`. */
class Ids {
  readonly #taken = new Map<string, number>();

  of(space: string, name: string): string {
    const id = `${space}/${name}`;
    const count = (this.#taken.get(id) ?? 0) + 1;
    this.#taken.set(id, count);
    return count === 1 ? id : `${id}~${count}`;
  }
}

type Backings = ReadonlyMap<Backing, MapBacking<Placed>>;

function backingsOf(vm: Vm, ids: Ids): Backings {
  const all = new Set([...vm.backings, ...vm.regions.flatMap(({ backing }) => backing ?? [])]);
  return new Map([...all].map((backing) => [backing, backingRecord(backing, ids)]));
}

const backingRecord = (backing: Backing, ids: Ids): MapBacking<Placed> => ({
  id: ids.of('memory', backing.name),
  name: backing.own ? `memory of ${backing.name}` : backing.name,
  about: backing.page === undefined ? backing.kind : `${backing.kind} ${formatSize(backing.page)}`,
  physical: backing.kind === 'physical',
  size: backing.size,
  place: placedAt(backing.element),
});

function bytesOf(backing: Backing | undefined, offset: bigint | undefined, size: bigint, backings: Backings): Bytes | undefined {
  const record = backing && backings.get(backing);
  if (!record || !backing) return undefined;
  // A backing of one's own begins where its region begins.
  const first = offset ?? (backing.own ? 0n : undefined);
  if (first === undefined) return undefined;
  const base = physicalOf({ backing, offset: first });
  return { backing: record.id, range: { base, end: base + size } };
}

function regionItem(region: Region, plan: Plan | undefined, backings: Backings, ids: Ids): Located[] {
  const { range, kind, name, backing, offset, element } = region;
  if (!range || isEmpty(range)) return [];
  const bytes = bytesOf(backing, offset, sizeOf(range), backings);
  const item: MapItem<Placed> = {
    ...NOTHING, id: ids.of('gpa', name), space: 'gpa', kind, name, range, bytes, place: placedAt(element), details: regionDetails(region, bytes),
    arrivals: plan ? arrivalsOf(region, plan) : [],
  };
  return [{ item, element }];
}

const NOTHING = { kept: undefined, verdict: undefined, details: [], arrivals: [], bytes: undefined, gpa: undefined, place: undefined } as const;

const HAS_ACCESS: ReadonlySet<string> = new Set(['ram', 'rom', 'mmio', 'bar']);

function regionDetails({ kind, access, via, dma, hotplug, backing, over, alias }: Region, bytes: Bytes | undefined): string[] {
  return [
    ...(HAS_ACCESS.has(kind) ? [access] : []),
    ...(backing && bytes ? [byteWords(backing, bytes)] : []),
    ...(via === undefined ? [] : [`via ${via}`]),
    ...(dma === undefined ? [] : [`dma ${dma ? 'on' : 'off'}`]),
    ...(hotplug ? ['hot-plugged'] : []),
    ...over.map(({ name }) => `over ${name}`),
    ...(alias ? [`alias of ${alias.name}`] : []),
  ];
}

const byteWords = (backing: Backing, { range }: Bytes): string =>
  backing.kind === 'physical' ? `host-physical ${writeAddress(range.base)}` : backing.own ? backing.kind : `${backing.name} + ${writeAddress(range.base)}`;

function mapItem(map: PlannedMap, plan: Plan, backings: Backings, ids: Ids): Located {
  const { name, range, region, written, access, verdict, leaves } = map;
  const bytes = bytesOf(map.backing, map.offset, sizeOf(range), backings);
  const element = written?.element ?? region?.element;
  const item: MapItem<Placed> = {
    ...NOTHING,
    id: ids.of('iova', name), space: 'iova', kind: 'map', name, range, bytes, verdict: verdict.errno,
    details: [...refusalWords(verdict, plan), access, ...(map.backing && bytes ? [byteWords(map.backing, bytes)] : []), formatLeaves(leaves)],
    arrivals: plan.attachedAtBoot ? [] : [...plan.hotplug.keys()],
    gpa: shownAddresses(map),
    place: element && placedAt(element),
  };
  return { item, element };
}

/** Why a mapping is refused; nothing where it isn't. Words of a drawing and of a table have no code in them. */
const refusalWords = (verdict: Verdict, plan: Plan): string[] =>
  verdict.errno === 'ok' ? [] : [plain(`${verdict.errno}: ${reasonOf(verdict, plan)}`)];

/** What is asked for when RAM comes later: all of a DIMM, or every block of virtio-mem. */
function laterItem(map: PlannedMap, { region, blocks, kind }: PluggedMemory, arrival: number, plan: Plan, backings: Backings, ids: Ids): Located {
  const { name, range, written, verdict } = map;
  const bytes = bytesOf(map.backing, map.offset, sizeOf(range), backings);
  const element = written?.element ?? region.element;
  const item: MapItem<Placed> = {
    ...NOTHING, id: ids.of('iova', name), space: 'iova', kind: 'map', name, range, bytes, verdict: verdict.errno, arrivals: [arrival],
    details: [...refusalWords(verdict, plan), blocks ? `${formatPlural(blocks.count, 'block', 'blocks')} of ${formatSize(blocks.size)}` : kind, 'once it arrives'],
    gpa: written ? undefined : range, place: placedAt(element),
  };
  return { item, element };
}

/** The guest-physical addresses of a mapping's bytes: where its region shows the same ones. */
function shownAddresses({ range, region, written }: PlannedMap): Range | undefined {
  if (!region?.range) return undefined;
  if (!written) return range;
  const base = region.range.base + (written.offset ?? 0n);
  return { base, end: base + sizeOf(range) };
}

const leafRuns = ({ segments, verdict }: Pick<PlannedMap, 'segments' | 'verdict'>, map: string): LeafRun[] =>
  [...segments].flatMap(([size, ranges]) => ranges.map((range) => ({ map, size, range, refused: verdict.errno !== 'ok' }))).sort((left, right) => byBase(left.range, right.range));

/** What devices keep, with the step at which the first of them comes. */
function keptItems(plan: Plan, ids: Ids): Located[] {
  const arrivals = new Map<Reserved['element'], { reserved: Reserved; numbers: number[]; keepers: string[] }>();
  const arrive = (name: string, kept: readonly Reserved[], numbers: readonly number[]): void => {
    for (const reserved of kept) {
      const known = arrivals.get(reserved.element);
      if (!known) arrivals.set(reserved.element, { reserved, numbers: [...numbers], keepers: [name] });
      known?.keepers.push(name);
      // What a device keeps that is there from start-up is kept from then on.
      if (known && known.numbers.length > 0) known.numbers.push(...numbers);
    }
  };
  for (const { assignment: { name, device } } of plan.attach) arrive(name, device?.reserved ?? [], []);
  for (const [index, { assignment: { name, device } }] of plan.hotplug.entries()) arrive(name, device?.reserved ?? [], [index]);
  return [...arrivals.values()].map(({ reserved, numbers, keepers }) => keptItem(reserved, numbers, keepers, ids));
}

function keptItem({ name, element, range, kind }: Reserved, arrivals: readonly number[], keepers: readonly string[], ids: Ids): Located {
  const details = [`kept by ${keepers.join(', ')}`, ...(arrivals.length > 0 ? ['once it is plugged in'] : [])];
  return { item: { ...NOTHING, id: ids.of('iova', name), space: 'iova', kind: 'kept', name, range, kept: kind, details, arrivals, place: placedAt(element) }, element };
}

const leftOutItems = (plan: Plan, ids: Ids): MapItem<Placed>[] =>
  plan.leftOut.map((left) => ({
    ...NOTHING, id: ids.of('iova', `${left.region.name}-left-out`), space: 'iova', kind: 'left-out', name: left.region.name, range: left.range,
    details: [plain(reasonLeftOut(left, plan))], place: placedAt(left.region.element),
  }));

/** What the guest can't address, and what the IOMMU doesn't translate. */
function outside(vm: Vm, plan: Plan | undefined, ids: Ids): MapItem<Placed>[] {
  const whole: Range = { base: 0n, end: ADDRESS_SPACE };
  const item = (space: 'gpa' | 'iova', range: Range, name: string, place: Placed | undefined): MapItem<Placed> =>
    ({ ...NOTHING, id: ids.of(space, name), space, kind: 'outside', name, range, place });
  const width = vm.bits === undefined ? whole.end : 1n << BigInt(vm.bits);
  return [
    ...subtract(whole, [{ base: 0n, end: width }]).map((range) => item('gpa', range, `beyond ${vm.bits} bits`, placedAt(vm.element))),
    ...(plan ? subtract(whole, [plan.aperture]) : []).map((range) => item('iova', range, 'not translated', plan?.iommu && placedAt(plan.iommu.element))),
  ];
}

const SPACES = ['gpa', 'iova'];

const inOrder = (items: readonly MapItem<Placed>[]): MapItem<Placed>[] =>
  [...items].sort((left, right) => SPACES.indexOf(left.space) - SPACES.indexOf(right.space) || widestFirst(left.range, right.range));

function widestFirst(left: Range, right: Range): number {
  if (left.base !== right.base) return left.base < right.base ? -1 : 1;
  return left.end === right.end ? 0 : left.end > right.end ? -1 : 1;
}

function askedWords({ contract, kernel }: Plan): string {
  return contract === 'none' ? 'no kernel is asked' : `${contract === 'type1' ? 'VFIO type1' : contract}, kernel ${formatKernel(kernel)}`;
}

function totalWords({ totals, vm }: Plan): string {
  if (vm.assignments.length === 0) return 'no device is assigned: nothing is mapped for DMA';
  const { maps, mapped, leaves, entries } = totals;
  if (maps === 0) return 'nothing is mapped for DMA';
  return `${formatPlural(maps, 'mapping', 'mappings')}, ${formatSize(mapped)}, in ${formatPlural(entries, 'leaf', 'leaves')}: ${formatLeaves(leaves)}`;
}
