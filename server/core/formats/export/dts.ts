import { hiddenParts } from '../../layout/hidden-parts.js';
import { subtract, sizeOf, type Range } from '../../layout/intervals.js';
import type { Assignment, Region, Reserved, Vm } from '../../layout/model.js';
import { newNames, type Names } from '../layout-text.js';
import { originOf, type ExportResult, type ExportSubject } from './export-result.js';

/**
 * The memory of a guest as a device tree source: `memory` nodes, what it promises to keep off as `reserved-memory`, and the
 * IOVAs that assigned devices keep as `iommu-addresses` (dt-schema reserved-memory/reserved-memory.yaml, Linux
 * drivers/iommu/of_iommu.c `of_iommu_get_resv_regions`). Devices are stubs that the tree of the machine fills in.
 */
export function exportDts(subject: ExportSubject): ExportResult {
  const { vm } = subject;
  const told = untold(vm);
  if ('errors' in told) return told;
  const names = newNames();
  const devices = vm.assignments.filter(({ device }) => device);
  const nodes = [
    '#address-cells = <2>;\n#size-cells = <2>;\n',
    ...memoryNodes(vm),
    ...reservedMemory([...vm.regions.flatMap((region) => avoidNodes(region, names)), ...devices.flatMap((assignment) => keptNodes(assignment, names))]),
    ...devices.map(stub),
  ];
  const notes = [...told.notes, ...vm.assignments.filter(({ device }) => device && relaxable(device.reserved)).map(({ name }) => `a \`direct-relaxable\` range of ${name} is left out: an assigned device may do without`)];
  return { text: `/dts-v1/;\n\n/* ${originOf(subject).replaceAll('*/', '* /')}. Written by vmlayout. */\n\n/ {\n${indent(nodes.join('\n'))}};\n`, notes };
}

/** What a tree can't say of the memory of a guest. */
function untold({ regions }: Vm): { readonly notes: readonly string[] } | { readonly errors: readonly string[] } {
  const vast = regions.find(({ range, kind }) => range && (kind === 'ram' || kind === 'avoid') && sizeOf(range) >= 1n << 64n);
  if (vast) return { errors: [`\`${vast.name}\` has 2^64 bytes, and a size has two cells, 64 bits`] };
  const notes = regions.flatMap(({ kind, name, via, hotplug }) => {
    if (kind === 'ram' && hotplug) return [`\`${name}\` comes later: it is no part of a tree that the guest boots with`];
    return kind === 'avoid' && via !== undefined && via !== 'reserved-memory' ? [`\`${name}\` is told to the guest via ${via}, not by its tree: it is left out`] : [];
  });
  return { notes };
}

const relaxable = (reserved: readonly Reserved[]): boolean => reserved.some(({ kind }) => kind === 'direct-relaxable');

/** One node for each piece of RAM that the guest boots with; what another region hides is no RAM. */
function memoryNodes({ regions }: Vm): string[] {
  const hidden = hiddenParts(regions);
  const hasNodes = regions.some(({ kind, node }) => kind === 'ram' && (node ?? 0) > 0);
  return regions.flatMap((region) => {
    const { kind, range, node, hotplug } = region;
    if (kind !== 'ram' || !range || hotplug) return [];
    const lines = hasNodes ? [`numa-node-id = <${node ?? 0}>;`] : [];
    return subtract(range, hidden.get(region) ?? []).map((piece) => nodeText(`memory@${hex(piece.base)}`, ['device_type = "memory";', `reg = <${cells(piece)}>;`, ...lines]));
  });
}

const reservedMemory = (nodes: readonly string[]): string[] =>
  nodes.length === 0 ? [] : [nodeText('reserved-memory', ['#address-cells = <2>;', '#size-cells = <2>;', 'ranges;', '', nodes.join('\n').trimEnd()])];

/** Without `no-map` the guest's drivers could still hand it to a device. */
function avoidNodes({ kind, name, range, via }: Region, names: Names): string[] {
  if (kind !== 'avoid' || !range || (via !== undefined && via !== 'reserved-memory')) return [];
  return [nodeText(`${names.take(nodeName(name))}@${hex(range.base)}`, [`reg = <${cells(range)}>;`, 'no-map;'])];
}

function keptNodes({ device, name }: Assignment, names: Names): string[] {
  const kept = (device?.reserved ?? []).filter((reserved) => reserved.kind !== 'direct-relaxable' && sizeOf(reserved.range) < 1n << 64n);
  return kept.map((reserved) =>
    nodeText(names.take(nodeName(`${labelOf(name)}-${reserved.name}`)), [`/* ${reserved.kind} */`, `iommu-addresses = <&${labelOf(name)} ${cells(reserved.range)}>;`]),
  );
}

/** A node to hang `iommu-addresses` on; the machine's own tree says what it is. */
const stub = ({ name, device }: Assignment): string =>
  `${labelOf(name)}: ${nodeText(nodeName(labelOf(name)), device?.address === undefined ? [] : [`/* ${device.address.replaceAll('*/', '* /')} */`])}`;

/** Labels are letters, digits and `_` (Devicetree Specification 6.2). */
const labelOf = (name: string): string => name.replaceAll(/[^A-Za-z0-9_]/g, '_');

/** Node names have at most 31 characters (2.2.1). */
const nodeName = (name: string): string => name.replaceAll('_', '-').slice(0, 31);

const nodeText = (name: string, lines: readonly string[]): string => (lines.length === 0 ? `${name} { };\n` : `${name} {\n${indent(`${lines.join('\n')}\n`)}};\n`);

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '\t');

const hex = (value: bigint): string => value.toString(16);

/** Address and size, two cells each. */
const cells = (range: Range): string => [range.base, sizeOf(range)].flatMap((value) => [value >> 32n, value & 0xffff_ffffn]).map((cell) => `0x${hex(cell)}`).join(' ');
