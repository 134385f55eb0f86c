import { formatRange, formatSize } from '../layout/address.js';
import type { Device, Host, Iommu, Reserved } from '../layout/model.js';
import type { Change } from './change.js';

/** What became of a host: its kernel, IOMMUs, devices and what is kept. */
export function hostChanges(before: Host, after: Host): Change[] {
  return [
    ...factChanges(`host ${after.name}`, hostFacts(before), hostFacts(after)),
    ...namedChanges('iommu', before.iommus, after.iommus, (old, now) => [...factChanges(`iommu ${now.name}`, iommuFacts(old), iommuFacts(now))]),
    ...namedChanges('device', before.devices, after.devices, (old, now) => [...factChanges(`device ${now.name}`, deviceFacts(old), deviceFacts(now)), ...reservedChanges(`device ${now.name}`, old.reserved, now.reserved)]),
  ];
}

type Facts = readonly (readonly [name: string, value: string])[];

const bytes = (value: bigint | undefined): string => (value === undefined ? 'not told' : formatSize(value));
const text = (value: string | number | undefined): string => (value === undefined ? 'not told' : `${value}`);

const hostFacts = ({ arch, kernel, page, bits, contract, limits }: Host): Facts => [
  ['arch', text(arch)],
  ['kernel', kernel ? `${kernel.major}.${kernel.minor}` : 'not told'],
  ['page', bytes(page)],
  ['bits', text(bits)],
  ['contract', text(contract)],
  ['memlock', bytes(limits.memlock)],
  ['dma-maps', text(limits.dmaMaps)],
  ['slots', text(limits.slots)],
];

const iommuFacts = ({ model, granule, bits, blocks, aperture }: Iommu): Facts => [
  ['model', text(model)],
  ['granule', bytes(granule)],
  ['bits', text(bits)],
  ['blocks', blocks?.map(formatSize).join(', ') ?? 'not told'],
  ['aperture', aperture ? formatRange(aperture) : 'not told'],
];

const deviceFacts = ({ address, group, iommu, bits, bars }: Device): Facts => [
  ['address', text(address)],
  ['group', group],
  ['iommu', text(iommu?.name)],
  ['bits', text(bits)],
  ...bars.map(({ number, size }): [string, string] => [`bar ${number}`, bytes(size)]),
];

function factChanges(what: string, before: Facts, after: Facts): Change[] {
  const [old, now] = [new Map(before), new Map(after)];
  const words = [...new Set([...old.keys(), ...now.keys()])].filter((name) => (old.get(name) ?? 'none') !== (now.get(name) ?? 'none')).map((name) => `${name} ${old.get(name) ?? 'none'} is ${now.get(name) ?? 'none'} now`);
  return words.length === 0 ? [] : [{ kind: 'changed', what, message: words.join(', '), breaksMigration: false }];
}

function namedChanges<One extends { readonly name: string }>(noun: string, before: readonly One[], after: readonly One[], both: (old: One, now: One) => Change[]): Change[] {
  const [old, now] = [new Map(before.map((one) => [one.name, one])), new Map(after.map((one) => [one.name, one]))];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was && is) return both(was, is);
    return [{ kind: is ? 'added' : 'removed', what: `${noun} ${name}`, message: is ? 'is there now' : 'was there', breaksMigration: false }];
  });
}

/** What is kept is told by its range and kind: names are the file's own matter. */
export function reservedChanges(what: string, before: readonly Reserved[], after: readonly Reserved[]): Change[] {
  const [old, now] = [before, after].map((all) => new Map(all.map((one) => [keptLine(one), one]))) as [Map<string, Reserved>, Map<string, Reserved>];
  const missing = [...old].filter(([line]) => !now.has(line)).map(([line, { range }]): Change => ({ kind: 'removed', what, message: `keeps ${line} no more`, before: range, breaksMigration: false }));
  const added = [...now].filter(([line]) => !old.has(line)).map(([line, { range }]): Change => ({ kind: 'added', what, message: `keeps ${line} now`, after: range, breaksMigration: false }));
  return [...missing, ...added];
}

/** sysfs prints `msi` for both kinds of window (drivers/iommu/iommu.c `iommu_group_resv_type_string`), so they are one here. */
const keptLine = ({ range, kind }: Reserved): string => `${formatRange(range)} (${kind === 'sw-msi' ? 'msi' : kind})`;
