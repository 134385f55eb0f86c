import type { Range } from '../layout/intervals.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { baseName, isCompatible, isEnabled, nodesBelow, textsOf, type DeviceTree, type TreeNode } from './device-tree.js';
import type { BridgeFact, MasterFact, ReservedMemory, TreeFacts } from './device-tree-facts.js';
import type { TreeBody } from './device-tree-layout.js';
import { blankLine, codeLine, layoutBlock, legalName, newNames, remark, writeText, type LayoutLine, type Names } from './layout-text.js';

/**
 * Writes a device tree as a `host`: its memory and what is reserved in it, its IOMMUs, the devices behind them with the
 * IOVAs that are kept for them, and the windows of its host bridges. Registers aren't part of a host.
 */
export function hostLines(tree: DeviceTree, facts: TreeFacts): TreeBody {
  const names = newNames();
  const iommus = new Map(facts.iommus.map((node, index) => [node, names.take(baseName(node) === 'iommu' ? `iommu${index}` : nodeName(node, 'iommu'))]));
  const reserved = facts.reserved.flatMap((one) => reservedLines(one, names));
  return {
    lines: [
      ...architectureLines(tree.root),
      ...set(facts.memory.map(({ node, range, numaNode }) => codeLine(`memory ${names.take('ram', at(range))} ${extent(range)}${numaNode === undefined ? '' : ` node ${numaNode}`}`, originOf(node)))),
      ...set([...reserved, ...reservationLines(tree, names)]),
      ...[...iommus].flatMap(([node, name]) => [blankLine, ...iommuLines(node, name)]),
      ...set(facts.masters.flatMap((master) => masterLines(master, iommus, names))),
      ...facts.bridges.flatMap((bridge) => [blankLine, ...bridgeLines(bridge, names)]),
      ...set(doorbellRemarks(facts)),
      ...set(dmaRemarks(facts)),
    ],
    notes: hostNotes(tree, facts),
  };
}

const set = (lines: readonly LayoutLine[]): LayoutLine[] => (lines.length === 0 ? [] : [blankLine, ...lines]);

export const at = (range: Range): string => `at_${range.base.toString(16)}`;

export const extent = ({ base, end }: Range): string => `at ${writeAddress(base)} size ${writeSize(end - base)}`;

export const originOf = (node: TreeNode): string => `${node.origin}: ${node.path}`;

export const nodeName = (node: TreeNode, noun: string): string => legalName(baseName(node), noun);

function hostNotes(tree: DeviceTree, facts: TreeFacts): string[] {
  const registers = [...nodesBelow(tree.root)].filter((node) => node.properties.has('reg') && isEnabled(node)).length;
  const kept = facts.dmaRanges.filter(({ ranges }) => ranges !== 'identity').length;
  return [
    ...(registers > 0 ? [`the registers of ${registers} nodes aren’t imported: a host doesn’t declare any`] : []),
    ...(kept > 0 ? [`${kept} \`dma-ranges\` stand as comments; one to one from 0 on they are the \`bits\` of devices`] : []),
    ...(facts.doorbells.length > 0 ? ['doorbells of the host stand as comments: what a guest writes to is told by its own tree'] : []),
    ...facts.reserved.filter(({ dynamic }) => dynamic).map(({ node }) => `${originOf(node)}: nothing says where it will be: it stands as a comment`),
  ];
}

// ── Architecture ───────────────────────────────────────────────────────────────────────────────────────────────────

const CPUS: readonly (readonly [arch: string, pattern: RegExp])[] = [
  ['arm64', /^(?:arm,(?:armv8|cortex-(?:a3[45]|a5[1-9]|a[67]\d|a[67]\d+\w*|a[1-9]\d\d|x\d)|neoverse).*|apple,.*|qcom,(?:kryo|oryon|falkor).*|nvidia,.*(?:denver|carmel).*|cavium,.*|brcm,.*(?:brahma-b53|vulcan)|apm,.*)$/],
  ['riscv64', /^(?:riscv|sifive,.*|thead,.*)$/],
  ['loongarch64', /^loongson,la.*/],
];

/** The language has the 64-bit architectures; a 32-bit one stays a comment. */
export function architectureLines(root: TreeNode): LayoutLine[] {
  const cpus = root.children.find((node) => node.name === 'cpus')?.children.filter((node) => /^(?:cpu(?:@|$)|PowerPC)/.test(node.name)) ?? [];
  const [cpu] = cpus;
  if (!cpu) return [remark('arch: no CPU is described')];
  const isa = [...textsOf(cpu, 'riscv,isa'), ...textsOf(cpu, 'riscv,isa-base')].join(' ');
  if (/^PowerPC/.test(cpu.name)) return [codeLine('arch ppc64', originOf(cpu))];
  const arch = CPUS.find(([, pattern]) => isCompatible(cpu, pattern))?.[0];
  const words = textsOf(cpu, 'compatible').map((text) => writeText(text)).join(', ');
  const is32 = arch === 'riscv64' && isa !== '' && !/\brv64/.test(isa);
  if (arch === undefined || is32) return [remark(`arch: ${words} is none of the architectures here`)];
  return [codeLine(`arch ${arch}`, `${originOf(cpu)}: ${words}`)];
}

// ── Memory ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `no-map`, `reusable`, `compatible` and so on, as the tree says. */
export function reservedWords({ node, noMap, reusable }: ReservedMemory): string {
  const words = [...(noMap ? ['no-map'] : []), ...(reusable ? ['reusable'] : []), ...textsOf(node, 'compatible')];
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

/** What is reserved isn't for guests: firmware, other processors, or the host's own pools. */
function reservedLines(one: ReservedMemory, names: Names): LayoutLine[] {
  const about = `${originOf(one.node)}${reservedWords(one)}`;
  if (one.dynamic) return [remark(dynamicText(one, about))];
  if (one.ranges.length === 0) return [remark(`${about}: keeps no memory`)];
  return one.ranges.map((range) => codeLine(`memory ${names.take(nodeName(one.node, 'memory'), at(range))} ${extent(range)} for host`, about));
}

export const dynamicText = ({ dynamic }: ReservedMemory, about: string): string =>
  `${about}: ${writeSize(dynamic?.size ?? 0n)}${dynamic?.alignment === undefined ? '' : `, aligned to ${writeSize(dynamic.alignment)}`}, placed at boot`;

const reservationLines = (tree: DeviceTree, names: Names): LayoutLine[] =>
  tree.reservations.filter(({ base, size }) => size > 0n && base + size <= 1n << 64n).map(({ base, size, origin }) => {
    const range = { base, end: base + size };
    return codeLine(`memory ${names.take('memreserve', at(range))} ${extent(range)} for host`, `${origin}: /memreserve/`);
  });

// ── IOMMUs and devices ─────────────────────────────────────────────────────────────────────────────────────────────

const MODELS: readonly (readonly [model: string, pattern: RegExp])[] = [
  ['smmu-v3', /^arm,smmu-v3$/],
  ['smmu-v2', /^(?:arm,(?:smmu-v[12]|mmu-[45]\d\d)|.*,(?:smmu-500|smmu-v2|ap806-smmu-500))$/],
  ['riscv', /^riscv,(?:pci-)?iommu$/],
  ['dart', /^apple,.*dart$/],
];

/** The model of an IOMMU, where it is one that the language knows. */
export const modelOf = (node: TreeNode): string | undefined => MODELS.find(([, pattern]) => isCompatible(node, pattern))?.[0];

function iommuLines(node: TreeNode, name: string): LayoutLine[] {
  const model = modelOf(node);
  const words = textsOf(node, 'compatible').map((text) => writeText(text)).join(', ');
  return layoutBlock(`iommu ${name}`, [model ? codeLine(`model ${model}`, `${originOf(node)}: ${words}`) : remark(`${originOf(node)}: model: ${words} is none of those here`)]);
}

function masterLines(master: MasterFact, iommus: ReadonlyMap<TreeNode, string>, names: Names): LayoutLine[] {
  const name = names.take(nodeName(master.node, 'device'), legalName(master.node.name, 'device'));
  const [behind, ...others] = master.iommus.flatMap((iommu) => iommus.get(iommu) ?? []);
  const properties = [...(behind ? [`behind ${behind}`] : []), ...(master.bits === undefined || master.bits > 64 ? [] : [`bits ${master.bits}`]), `label ${writeText(master.node.path)}`];
  const head = `device ${name} ${properties.join(' ')}`;
  const about = `${master.node.origin}${others.length > 0 ? `; also behind ${others.join(', ')}` : ''}`;
  if (master.kept.length === 0) return [codeLine(head, about)];
  const keptNames = newNames();
  const kept = master.kept.map(({ region, range, isDirect }) => codeLine(
    `reserved ${keptNames.take(nodeName(region, 'kept'), at(range))} ${extent(range)} kind ${isDirect ? 'direct' : 'reserved'}`,
    `${originOf(region)}: iommu-addresses${isDirect ? ', the same as `reg`' : ''}`,
  ));
  return layoutBlock(head, [remark(about), ...kept]);
}

// ── Bridges, doorbells, buses ──────────────────────────────────────────────────────────────────────────────────────

function bridgeLines({ node, config, windows }: BridgeFact, names: Names): LayoutLine[] {
  const own = newNames();
  return layoutBlock(`bridge ${names.take(nodeName(node, 'bridge'), legalName(node.name, 'bridge'))}`, [
    remark(`${originOf(node)}${config ? `; configuration space ${writeAddress(config.base)} ..= ${writeAddress(config.end - 1n)}` : ''}`),
    ...windows.map(({ kind, prefetchable, bus, range }) => {
      const about = `${kind}${prefetchable ? ', prefetchable' : ''}${bus === range.base ? '' : `, PCI address ${writeAddress(bus)}`}`;
      return kind === 'io' ? remark(`${writeAddress(range.base)} ..= ${writeAddress(range.end - 1n)}: ${about}`) : codeLine(`window ${own.take(kind, at(range))} ${extent(range)}`, about);
    }),
  ]);
}

const doorbellRemarks = (facts: TreeFacts): LayoutLine[] =>
  facts.doorbells.map(({ node, about, range, isEnabled: enabled }) => remark(`doorbell at ${writeAddress(range.base)}: ${about}, ${originOf(node)}${enabled ? '' : ' (disabled)'}`));

/** Addresses of devices that are others than the CPU's. */
const dmaRemarks = (facts: TreeFacts): LayoutLine[] =>
  facts.dmaRanges.flatMap(({ bus, ranges }) => {
    const about = `${originOf(bus)}: dma-ranges${isEnabled(bus) ? '' : ' (disabled)'}`;
    if (ranges === 'identity') return [remark(`${about}: one to one`)];
    return ranges.map(({ child, parent, size }) => remark(`${about}: ${writeAddress(child)} size ${writeSize(size)} ${child === parent ? 'one to one' : `is ${writeAddress(parent)}`}`));
  });
