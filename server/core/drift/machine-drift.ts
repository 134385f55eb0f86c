import { formatAddress, formatPlural, formatRange, formatSize } from '../layout/address.js';
import { hiddenParts } from '../layout/hidden-parts.js';
import { contains, overlaps, sizeOf, subtract, unite, type Range } from '../layout/intervals.js';
import type { Device, Host, Region, RegionKind, Vm } from '../layout/model.js';
import type { Change, ChangedPart } from './change.js';
import { reservedChanges } from './hosts.js';

/**
 * What differs between a layout and a dump of the real machine. Names mean nothing between the two: everything is
 * compared by what is at an address. What a dump doesn’t tell (a listing of RAM has no devices) is no difference.
 */
export interface MachineDrift {
  readonly parts: readonly ChangedPart[];
  /** What the machine has besides, and no layout has to say. */
  readonly notes: readonly string[];
}

export function vmDrift(file: Vm, machine: Vm): MachineDrift {
  const told = new Set(machine.regions.map(({ kind }) => kind));
  const changes = [
    ...contentDrift('ram', file, machine),
    ...(told.has('rom') ? contentDrift('rom', file, machine) : []),
    ...offsetDrift(file, machine),
    ...(told.has('mmio') || told.has('doorbell') ? deviceDrift(file, machine) : []),
  ];
  return { parts: changes.length === 0 ? [] : [{ kind: 'vm', name: file.name, changes }], notes: undeclared(file, machine) };
}

/** What regions of these kinds show; what another one hides isn’t there, and what comes later isn’t there yet. */
function rangesOf({ regions }: Vm, kinds: readonly RegionKind[]): Range[] {
  const hidden = hiddenParts(regions);
  return unite(regions.flatMap((region) => (kinds.includes(region.kind) && region.range && !region.hotplug ? subtract(region.range, hidden.get(region) ?? []) : [])));
}

/** Memory that may have come by now. */
const laterIn = ({ regions }: Vm): Range[] => regions.flatMap(({ kind, range, hotplug }) => (kind === 'ram' && range && hotplug ? [range] : []));

/** RAM, or ROM, that only one of the two has at an address. */
function contentDrift(kind: 'ram' | 'rom', file: Vm, machine: Vm): Change[] {
  const [said, is] = [rangesOf(file, [kind]), rangesOf(machine, [kind])];
  const onlySaid = said.flatMap((range) => subtract(range, is));
  const onlyThere = is.flatMap((range) => subtract(range, [...said, ...laterIn(file)]));
  return [
    ...onlySaid.map((range): Change => ({ kind: 'removed', what: whatAt(file, kind, range), message: `${formatRange(range)}: the machine has ${wordsAt(machine, range)} there`, before: range, breaksMigration: true })),
    ...onlyThere.map((range): Change => ({ kind: 'added', what: whatAt(machine, kind, range), message: `${formatRange(range)} is ${kind === 'ram' ? 'RAM' : 'ROM'} on the machine; the file says ${wordsAt(file, range)}`, after: range, breaksMigration: true })),
  ];
}

const at = ({ regions }: Vm, range: Range): Region[] => regions.filter((region) => region.range && overlaps(region.range, range) && region.kind !== 'avoid' && region.kind !== 'window');

const whatAt = (vm: Vm, kind: RegionKind, range: Range): string => `${kind} ${at(vm, range).find((region) => region.kind === kind)?.name ?? ''}`.trim();

/** What is in a range, by kind and name; of many, the first. */
function wordsAt(vm: Vm, range: Range): string {
  const [first, ...others] = at(vm, range);
  if (!first) return 'nothing';
  return `${first.kind} \`${first.name}\`${others.length > 0 ? ` and ${others.length} more` : ''}`;
}

/** RAM on which the two agree, of other bytes of its backing: that decides which leaves fit. */
function offsetDrift(file: Vm, machine: Vm): Change[] {
  const known = (vm: Vm): Region[] => vm.regions.filter(({ kind, backing, offset, range }) => kind === 'ram' && range && backing && !backing.own && offset !== undefined);
  return known(file).flatMap((said) => known(machine).flatMap((is) => phaseChange(said, is)));
}

function phaseChange(said: Region, is: Region): Change[] {
  if (!said.range || !is.range || !overlaps(said.range, is.range) || said.offset === undefined || is.offset === undefined) return [];
  const base = said.range.base > is.range.base ? said.range.base : is.range.base;
  const [would, does] = [said.offset + base - said.range.base, is.offset + base - is.range.base];
  if (would === does) return [];
  return [{ kind: 'changed', what: `ram ${said.name}`, message: `from ${formatAddress(base)} on it has the bytes at ${formatSize(does)} of its backing; the file says ${formatSize(would)}`, before: said.range, after: is.range, breaksMigration: false }];
}

/** Registers and doorbells that the file itself declares where the machine has none. */
function deviceDrift(file: Vm, machine: Vm): Change[] {
  const there = rangesOf(machine, ['mmio', 'rom', 'bar', 'doorbell', 'window']);
  const doorbells = rangesOf(machine, ['doorbell']);
  return file.regions.flatMap((region): Change[] => {
    const { kind, range, name } = region;
    if (!range || (kind !== 'mmio' && kind !== 'doorbell') || isOptional(region)) return [];
    const covering = kind === 'doorbell' && doorbells.length > 0 ? doorbells : there;
    if (covering.some((one) => contains(one, range) || overlaps(one, range))) return [];
    return [{ kind: 'removed', what: `${kind} ${name}`, message: `${formatRange(range)}: the machine has ${wordsAt(machine, range)} there`, before: range, breaksMigration: true }];
  });
}

/** A machine of the library keeps addresses for devices that its VMM makes only when asked, or firmware switches on. */
const isOptional = ({ element }: Region): boolean => element.origin.path.startsWith('std:');

function undeclared(file: Vm, machine: Vm): string[] {
  const said = rangesOf(file, ['mmio', 'bar', 'window', 'doorbell', 'ram', 'rom']);
  const more = machine.regions.filter(({ kind, range }) => kind === 'mmio' && range && !said.some((one) => overlaps(one, range)));
  return more.length === 0 ? [] : [`the machine has ${formatPlural(more.length, 'range', 'ranges')} of registers that the file doesn’t declare`];
}

/** A host against what its kernel prints: only what the dump tells is compared. */
export function hostDrift(file: Host, machine: Host): MachineDrift {
  const facts: readonly (readonly [name: string, said: unknown, is: unknown])[] = [
    ['arch', file.arch, machine.arch],
    ['page', file.page && formatSize(file.page), machine.page && formatSize(machine.page)],
    ['bits', file.bits, machine.bits],
  ];
  const words = facts.filter(([, said, is]) => is !== undefined && said !== undefined && said !== is).map(([name, said, is]) => `${name} is ${is}, and the file says ${said}`);
  const changes: Change[] = [
    ...(words.length === 0 ? [] : [{ kind: 'changed' as const, what: `host ${file.name}`, message: words.join(', '), breaksMigration: false }]),
    ...groupDrift(file.devices, machine.devices),
    ...memoryDrift(file, machine),
  ];
  return { parts: changes.length === 0 ? [] : [{ kind: 'host', name: file.name, changes }], notes: ungrouped(file.devices, machine.devices) };
}

/** What is kept from each device, compared with that of the same address, or else of the same group. */
function groupDrift(file: readonly Device[], machine: readonly Device[]): Change[] {
  return file.flatMap((device) => {
    const twin = twinOf(device, machine);
    return twin ? reservedChanges(`device ${device.name} (group ${device.group})`, device.reserved, twin.reserved) : [];
  });
}

/** The kernel numbers groups anew at each start: the number counts only where one of the two has no address. */
const twinOf = ({ address, group }: Device, others: readonly Device[]): Device | undefined =>
  others.find((other) => other.address !== undefined && other.address === address) ?? others.find((other) => other.group === group && (address === undefined || other.address === undefined));

function ungrouped(file: readonly Device[], machine: readonly Device[]): string[] {
  const unknown = machine.length === 0 ? [] : file.filter((device) => !twinOf(device, machine)).map(({ name, group }) => `\`${name}\` (group ${group})`);
  return unknown.length === 0 ? [] : [`the machine tells nothing of ${unknown.join(', ')}`];
}

/** Memory that the file declares and the machine hasn’t. */
function memoryDrift({ memories: file }: Host, { memories: machine }: Host): Change[] {
  const there = unite(machine.map(({ range }) => range));
  if (there.length === 0) return [];
  return file.flatMap(({ name, range }) =>
    subtract(range, there).map((missing): Change => ({ kind: 'removed', what: `memory ${name}`, message: `${formatRange(missing)}, ${formatSize(sizeOf(missing))}: the machine has no memory there`, before: missing, breaksMigration: false })),
  );
}
