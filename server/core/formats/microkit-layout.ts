import { writeAddress, writeSize } from '../layout/written.js';
import { fileName, type ImportFile } from './import-result.js';
import type { LayoutPart, PartsResult } from './layout-part.js';
import { blankLine, codeLine, layoutBlock, legalName, newNames, remark, writeText, type LayoutLine, type Names } from './layout-text.js';
import { IOVA_BITS, readMicrokit, type MicrokitMap, type MicrokitRegion, type MicrokitSpace, type MicrokitSystem } from './microkit.js';

/**
 * Writes a Microkit system: memory regions are backings that several may take bytes from, and each address space is a
 * `vm`. That of a protection domain has virtual addresses, that of a virtual machine guest-physical ones, and that of a
 * device IOVAs: there the layout is what the device can reach, and the device is assigned to it.
 */
export function microkitParts(file: ImportFile): PartsResult {
  const system = readMicrokit(file.text);
  if ('message' in system) return { errors: [{ path: file.path, ...system }] };
  const backings = newNames();
  const names = new Map(system.regions.map((region) => [region, backings.take(legalName(region.name, 'memory'))]));
  const machine = hostPart(system);
  const about = [`Imported from the Microkit system ${fileName(file.path)}. Each comment tells the line it comes from.`];
  const lines = backingLines(system, names);
  const parts: LayoutPart[] = [
    ...(lines.length > 0 || system.spaces.length === 0 ? [{ kind: 'file' as const, name: '', about, lines: lines.length > 0 ? lines : [remark('no memory region')], notes: regionNotes(system) }] : []),
    ...(machine ? [machine] : []),
    ...system.spaces.map((space) => spacePart(space, names, backings)),
  ];
  return { parts };
}

const regionNotes = (system: MicrokitSystem): string[] =>
  system.regions.filter(({ size }) => size === undefined).map(({ name, line }) => `line ${line}: ${writeText(name)} is as large as the file that fills it: it stands as a comment, and so does what maps it`);

function backingLines(system: MicrokitSystem, names: ReadonlyMap<MicrokitRegion, string>): LayoutLine[] {
  const users = new Map<MicrokitRegion, number>();
  for (const { region } of system.spaces.flatMap(({ maps }) => maps)) users.set(region, (users.get(region) ?? 0) + 1);
  return system.regions.map((region) => {
    const name = names.get(region) ?? '';
    if (region.size === undefined) return remark(`line ${region.line}: memory region ${writeText(region.name)}, as large as its file`);
    const kind = region.physical !== undefined ? `physical at ${writeAddress(region.physical)}` : region.page !== undefined && region.page > 0x1000n ? `hugetlb ${writeSize(region.page)}` : 'anonymous';
    const label = name === region.name ? '' : ` label ${writeText(region.name)}`;
    const share = (users.get(region) ?? 0) > 1 ? ' share' : '';
    return codeLine(`backing ${name} size ${writeSize(region.size)} ${kind}${share}${label}`, `line ${region.line}`);
  });
}

function hostPart(system: MicrokitSystem): LayoutPart | undefined {
  const devices = system.spaces.filter(({ kind }) => kind === 'device');
  if (devices.length === 0) return undefined;
  return {
    kind: 'host',
    name: 'machine',
    isNameless: true,
    about: [],
    notes: ['arch x86_64 and model vt-d are assumed: only there the Microkit has I/O address spaces'],
    lines: [
      codeLine('arch x86_64', 'assumed'),
      codeLine('page 4 KiB', 'seL4 on x86'),
      codeLine('contract none', 'nobody is asked: the capabilities decide'),
      ...layoutBlock('iommu iommu0', [codeLine('model vt-d', 'assumed'), codeLine(`bits ${IOVA_BITS}`, 'what seL4 maps at most')]),
      ...devices.map((space) => codeLine(`device ${deviceName(space)} ${writeText(addressOf(space.peripheral ?? ''))}`, `line ${space.line}: ${space.name}`)),
    ],
  };
}

const deviceName = (space: MicrokitSpace): string => legalName(`pci ${space.peripheral ?? ''}`, 'device');

/** `0:4.0` as Linux writes it: `0000:00:04.0`. */
const addressOf = (peripheral: string): string => {
  const [bus = '', device = '', unit = ''] = peripheral.split(/[:.]/);
  return `0000:${bus.padStart(2, '0')}:${device.padStart(2, '0')}.${unit}`;
};

const KINDS: Readonly<Record<MicrokitSpace['kind'], string>> = {
  domain: 'protection domain: its addresses are virtual',
  machine: 'virtual machine: its addresses are guest-physical',
  device: 'I/O address space: its addresses are IOVAs',
};

function spacePart(space: MicrokitSpace, names: ReadonlyMap<MicrokitRegion, string>, taken: Names): LayoutPart {
  const regions = newNames(names.values());
  const lines = space.maps.map((map) => mapLine(map, space, names, regions.take(legalName(map.region.name, 'memory'), 'map')));
  const assigned = space.kind === 'device' ? [blankLine, codeLine(`assign ${deviceName(space)}`)] : [];
  return {
    kind: 'vm',
    name: taken.take(legalName(space.kind === 'device' ? `io ${space.name}` : space.name, 'space'), 'space'),
    about: [],
    notes: [],
    lines: [codeLine('vmm microkit', `line ${space.line}: ${KINDS[space.kind]}`), ...lines, ...assigned],
    isAlone: space.kind !== 'device',
  };
}

function mapLine({ region, base, access, isCached, line }: MicrokitMap, space: MicrokitSpace, names: ReadonlyMap<MicrokitRegion, string>, name: string): LayoutLine {
  const where = `at ${writeAddress(base)}`;
  if (region.size === undefined) return remark(`line ${line}: ${writeText(region.name)} ${where}, as large as its file`);
  const keyword = isCached || space.kind === 'device' ? 'ram' : 'mmio';
  return codeLine(`${keyword} ${name} ${where} size ${writeSize(region.size)} from ${names.get(region) ?? ''} + 0 access ${access}`, `line ${line}${isCached ? '' : ': not cached'}`);
}
