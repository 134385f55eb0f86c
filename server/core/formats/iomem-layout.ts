import { formatPlural } from '../layout/address.js';
import type { Range } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';
import { fileName, type ImportFile, type ImportOptions } from './import-result.js';
import { readIomem, type IomemResource, type IomemTree } from './iomem.js';
import type { LayoutPart, PartsResult } from './layout-part.js';
import { blankLine, codeLine, layoutBlock, legalName, newNames, remark, writeText, type LayoutLine, type Names } from './layout-text.js';
import { tellStrange } from './pasted-text.js';

/**
 * Writes `/proc/iomem` as a `host`: System RAM is `memory`, what the kernel or the firmware keeps of it and besides it
 * `memory … for host`, windows of host bridges stand in a `bridge`. Registers of devices are comments: a host declares
 * none. With `as: 'vm'` it is a guest that has been looked at from inside: its RAM and the windows for its BARs.
 */
export function iomemParts(file: ImportFile, options: ImportOptions): PartsResult {
  const tree = readIomem(file.text);
  if ('errors' in tree) return { errors: tree.errors.map((error) => ({ ...error, path: file.path })) };
  const stem = fileName(file.path).replace(/(?:\.(?:txt|log|out|iomem))+$/i, '').replace(/^(?:iomem|-)$/, '');
  const kind = options.as ?? 'host';
  const body = kind === 'host' ? hostBody(tree) : vmBody(tree);
  const part: LayoutPart = {
    kind,
    name: legalName(stem, kind === 'host' ? 'machine' : 'guest'),
    isNameless: stem === '',
    about: ['Imported from /proc/iomem. Each comment tells the line it comes from.'],
    lines: body.lines,
    notes: [...tellStrange(tree.strange), ...body.notes],
    ...(kind === 'host' && { untold: UNTOLD }),
  };
  return { parts: [part] };
}

const UNTOLD = {
  arch: 'no name in /proc/iomem tells the architecture: write `arch`',
  iommu: 'the IOMMU and its groups aren’t in /proc/iomem: /sys/kernel/iommu_groups tells them',
};

interface Body {
  readonly lines: readonly LayoutLine[];
  readonly notes: readonly string[];
}

function hostBody(tree: IomemTree): Body {
  const names = newNames();
  const arch = architectureOf(tree.resources);
  const memory = tree.resources.flatMap((one) => (isMemory(one) ? memoryLines(one, names) : []));
  const bridges = bridgeLines(tree.resources.filter(({ name }) => BUS.test(name)), names);
  const registers = tree.resources.filter((one) => !isMemory(one) && !BUS.test(one.name)).flatMap((one) => commentLines(one));
  return {
    lines: [
      ...(arch ? [codeLine(`arch ${arch.name}`, `assumed from line ${arch.line}`), ...set(memory, [])] : memory),
      ...bridges,
      ...set(registers, ['Registers and ROMs, which a host doesn’t declare:']),
    ],
    notes: [
      ...(arch ? [`arch ${arch.name} is assumed from line ${arch.line}`] : []),
      ...countNote([...memory, ...bridges.map((line) => ({ ...line, code: line.code.trim() })), ...registers]),
    ],
  };
}

function countNote(lines: readonly LayoutLine[]): string[] {
  const count = lines.filter(({ code, comment }) => code === '' && comment?.startsWith('line ')).length;
  return count > 0 ? [`${formatPlural(count, 'resource stands as a comment', 'resources stand as comments')}: registers, ROMs, BARs and what else a layout doesn’t declare here`] : [];
}

function descendants(one: IomemResource): IomemResource[] {
  return one.children.flatMap((child) => [child, ...descendants(child)]);
}

const set = (lines: readonly LayoutLine[], about: readonly string[]): LayoutLine[] =>
  lines.length === 0 ? [] : [blankLine, ...about.map(remark), ...lines];

const RAM = /^System RAM(?: \(.*\))?$/;
/** What is memory and not the kernel's to give: the names of e820 and EFI (arch/x86/kernel/e820.c, drivers/firmware/efi). */
const KEPT = /^(?:reserved|ACPI Tables|ACPI Non-volatile Storage|Unusable memory|Soft Reserved|Unknown E820 type|RAM buffer)$/i;
const PERSISTENT = /^Persistent Memory/;
const BUS = /^PCI Bus /;

const isMemory = ({ name }: IomemResource): boolean => RAM.test(name) || KEPT.test(name) || PERSISTENT.test(name);

const extent = ({ base, end }: Range): string => `at ${writeAddress(base)} ..= ${writeAddress(end - 1n)}`;

/** What the host keeps of its RAM is memory for itself; what else lies in a range is a comment. */
function memoryLines(one: IomemResource, names: Names): LayoutLine[] {
  const own = names.take(memoryName(one), `at_${one.range.base.toString(16)}`);
  const isRam = RAM.test(one.name) || PERSISTENT.test(one.name);
  const label = isRam || own === one.name ? '' : ` label ${writeText(one.name)}`;
  const kept = isRam ? '' : ' for host';
  const line = codeLine(`memory ${own} ${extent(one.range)}${kept}${label}`, `line ${one.line}: ${one.name}`);
  const inside = one.children.flatMap((child) => (isRam ? keptLines(child, names) : commentLines(child)));
  return [line, ...inside];
}

function keptLines(child: IomemResource, names: Names): LayoutLine[] {
  if (!/^(?:reserved|Kernel |Crash kernel|GART)/i.test(child.name)) return commentLines(child);
  const name = names.take(memoryName(child), `at_${child.range.base.toString(16)}`);
  return [
    codeLine(`memory ${name} ${extent(child.range)} for host`, `line ${child.line}: ${child.name}`),
    ...child.children.flatMap((inner) => commentLines(inner)),
  ];
}

function memoryName({ name }: IomemResource): string {
  if (RAM.test(name)) return 'system_ram';
  return legalName(name.toLowerCase(), 'memory');
}

/** `line 12: 0xfec0_0000 ..= 0xfec0_03ff IOAPIC 0`, and what lies in it. */
function commentLines(one: IomemResource, depth = 0): LayoutLine[] {
  const where = `${writeAddress(one.range.base)} ..= ${writeAddress(one.range.end - 1n)}`;
  return [remark(`line ${one.line}: ${'  '.repeat(Math.min(depth, 10))}${where} ${one.name}`), ...one.children.flatMap((child) => commentLines(child, depth + 1))];
}

/** The windows of each host bridge: buses at the top. Those below are bridges of the bus. */
function bridgeLines(buses: readonly IomemResource[], names: Names): LayoutLine[] {
  const byName = new Map<string, IomemResource[]>();
  for (const bus of buses) byName.set(bus.name, [...(byName.get(bus.name) ?? []), bus]);
  return [...byName].flatMap(([name, windows]) => {
    const own = names.take(legalName(name.replace(BUS, 'pci '), 'bridge'));
    const windowNames = newNames();
    const lines = windows.flatMap((one) => [
      codeLine(`window ${windowNames.take(one.range.base < 1n << 32n ? 'low' : 'high', `at_${one.range.base.toString(16)}`)} ${extent(one.range)}`, `line ${one.line}`),
      ...one.children.flatMap((child) => commentLines(child)),
    ]);
    return [blankLine, ...layoutBlock(`bridge ${own}`, lines)];
  });
}

/** What only one architecture has. */
function architectureOf(resources: readonly IomemResource[]): { name: string; line: number } | undefined {
  for (const one of resources.flatMap((root) => [root, ...descendants(root)])) {
    if (/^(?:Local APIC|IOAPIC \d|HPET \d|dmar\d|amd_iommu)/.test(one.name)) return { name: 'x86_64', line: one.line };
    if (/arm-smmu|^ARMH|\bgic(?:v\d)?\b|^GIC|^CAV|^HISI|\.pl011|\.pl031/i.test(one.name)) return { name: 'arm64', line: one.line };
    if (/riscv|\.plic|\.clint/i.test(one.name)) return { name: 'riscv64', line: one.line };
  }
  return undefined;
}

// ── A guest, seen from inside ──────────────────────────────────────────────────────────────────────────────────────

function vmBody(tree: IomemTree): Body {
  const names = newNames();
  const lines = tree.resources.flatMap((one): LayoutLine[] => {
    const at = `at_${one.range.base.toString(16)}`;
    const comment = `line ${one.line}: ${one.name}`;
    if (RAM.test(one.name)) return [codeLine(`ram ${names.take('system_ram', at)} ${extent(one.range)}`, comment), ...one.children.flatMap((child) => commentLines(child))];
    if (BUS.test(one.name)) return [codeLine(`window ${names.take('pci', at)} ${extent(one.range)} for bars`, comment), ...one.children.flatMap((child) => commentLines(child))];
    if (KEPT.test(one.name)) return commentLines(one);
    return [codeLine(`mmio ${names.take(legalName(one.name, 'registers'), at)} ${extent(one.range)} label ${writeText(one.name)}`, comment), ...one.children.flatMap((child) => commentLines(child))];
  });
  return {
    lines,
    notes: ['a guest’s listing tells what its kernel uses: what its firmware keeps (reserved, ACPI) may be RAM all the same, and stands as comments'],
  };
}
