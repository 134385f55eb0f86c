import { groupBy } from '../layout/grouping.js';
import { overlaps, unite, type Range } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';
import { baseName, isEnabled, nodesBelow, textsOf, type DeviceTree, type TreeNode } from './device-tree.js';
import type { DoorbellFact, ReservedMemory, TreeFacts } from './device-tree-facts.js';
import { architectureLines, at, dynamicText, extent, modelOf, nodeName, originOf, reservedWords } from './device-tree-host.js';
import type { TreeBody } from './device-tree-layout.js';
import { cpuRanges } from './device-tree-ranges.js';
import { blankLine, codeLine, legalName, newNames, remark, type LayoutLine, type Names } from './layout-text.js';

/**
 * Writes a device tree as a `vm`: its RAM, what it is told to keep off, registers, doorbells, and the windows that its
 * BARs go to. What is reserved and used for DMA all the same (pools, memory of a device) is no `avoid`.
 */
export function guestLines(tree: DeviceTree, facts: TreeFacts): TreeBody {
  const names = newNames();
  const memory = facts.memory.map(({ node, range, numaNode }) => codeLine(`ram ${names.take('ram', at(range))} ${extent(range)}${numaNode === undefined ? '' : ` node ${numaNode}`}`, originOf(node)));
  const windows = windowLines(facts, names);
  const taken = [...facts.memory.map(({ range }) => range), ...facts.bridges.flatMap((bridge) => bridge.windows.map(({ range }) => range))];
  const registers = registerLines(tree, taken, facts.doorbells, names);
  const reserved = facts.reserved.flatMap((one) => avoidLines(one, names));
  const viommus = facts.iommus.flatMap((node) => viommuLines(node, names));
  const arch = architectureLines(tree.root).map(({ code, comment }) => remark(`${code === '' ? '' : `${code}: `}${comment ?? ''}`));
  return {
    lines: [
      ...arch,
      remark('vmm: a device tree doesn’t tell'),
      ...set(memory),
      ...set([...reserved, ...reservationLines(tree, names)]),
      ...set(registers.lines),
      ...set(windows),
      ...set(viommus),
      ...set(facts.dmaRanges.flatMap(({ bus }) => (isEnabled(bus) ? [remark(`${originOf(bus)}: dma-ranges: devices of this bus have addresses of their own`)] : []))),
    ],
    notes: [
      ...registers.notes,
      ...facts.reserved.filter((one) => !isAvoid(one)).map((one) => `${originOf(one.node)}${reservedWords(one)} is no range that DMA keeps off: it stands as a comment`),
      ...(viommus.length > 0 ? ['a vIOMMU is there: say `mode nested` or `mode emulated`, and which devices stand `behind` it'] : []),
    ],
  };
}

const set = (lines: readonly LayoutLine[]): LayoutLine[] => (lines.length === 0 ? [] : [blankLine, ...lines]);

// ── Memory ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether the guest promises to use it for nothing: neither a driver nor the allocator takes it. */
const isAvoid = ({ ranges, noMap, isPool, isUsed }: ReservedMemory): boolean => ranges.length > 0 && noMap && !isPool && !isUsed;

function avoidLines(one: ReservedMemory, names: Names): LayoutLine[] {
  const about = `${originOf(one.node)}${reservedWords(one)}`;
  if (one.dynamic) return [remark(dynamicText(one, about))];
  if (one.ranges.length === 0) return [remark(`${about}: keeps no memory`)];
  if (isAvoid(one)) return one.ranges.map((range) => codeLine(`avoid ${names.take(nodeName(one.node, 'kept'), at(range))} ${extent(range)} via reserved-memory`, about));
  return one.ranges.map((range) => remark(`${about}: ${writeAddress(range.base)} ..= ${writeAddress(range.end - 1n)}${one.isUsed ? ', used by a device' : ''}`));
}

const reservationLines = (tree: DeviceTree, names: Names): LayoutLine[] =>
  tree.reservations.filter(({ base, size }) => size > 0n && base + size <= 1n << 64n).map(({ base, size, origin }) => {
    const range = { base, end: base + size };
    return codeLine(`avoid ${names.take('memreserve', at(range))} ${extent(range)} via reserved-memory`, `${origin}: /memreserve/`);
  });

// ── Registers ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface Registers {
  readonly lines: readonly LayoutLine[];
  readonly notes: readonly string[];
}

interface Register {
  readonly node: TreeNode;
  readonly range: Range;
}

/** Everything with a `reg` that the CPU sees, and its doorbells. Regions don't meet: what lies in another is a comment. */
function registerLines(tree: DeviceTree, taken: readonly Range[], doorbells: readonly DoorbellFact[], names: Names): Registers {
  const found = [...nodesBelow(tree.root)].filter(hasRegisters).flatMap((node) => cpuRanges(node).flatMap((range): Register[] => (range ? [{ node, range }] : [])));
  const sorted = found.sort((left, right) => (left.range.base < right.range.base ? -1 : left.range.base > right.range.base ? 1 : Number(right.range.end - left.range.end > 0n) * 2 - 1));
  const lines: LayoutLine[] = [];
  const byNode = groupBy(doorbells, ({ node }) => node);
  const others = unite(taken);
  let hidden = 0;
  let last = 0n;
  let next = 0;
  for (const register of sorted) {
    while ((others[next]?.end ?? register.range.end) <= register.range.base) next += 1;
    const other = others[next];
    const isFree = register.range.base >= last && !(other && overlaps(other, register.range));
    if (isFree) last = register.range.end;
    else hidden += 1;
    lines.push(...registerLine(register, isFree, names), ...(isFree ? doorbellLines(register, byNode.get(register.node) ?? [], names) : []));
  }
  return { lines, notes: hidden > 0 ? [`${hidden} ranges of registers lie in others or in memory, and stand as comments`] : [] };
}

const hasRegisters = (node: TreeNode): boolean =>
  isEnabled(node) && node.properties.has('reg') && baseName(node) !== 'memory' && node.parent?.name !== 'reserved-memory' && node.parent?.name !== 'cpus';

function registerLine({ node, range }: Register, isFree: boolean, names: Names): LayoutLine[] {
  if (!isFree) return [remark(`${originOf(node)}: ${writeAddress(range.base)} ..= ${writeAddress(range.end - 1n)} lies in another range`)];
  const isFlash = textsOf(node, 'compatible').some((text) => text === 'cfi-flash');
  const keyword = isFlash ? 'rom' : 'mmio';
  const name = names.take(nodeName(node, 'registers'), at(range));
  return [codeLine(`${keyword} ${name} ${extent(range)}${isFlash ? ' dma off' : ''}`, originOf(node))];
}

function doorbellLines({ range }: Register, doorbells: readonly DoorbellFact[], names: Names): LayoutLine[] {
  return doorbells
    .filter((one) => one.isEnabled && range.base <= one.range.base && one.range.end <= range.end)
    .map((one) => codeLine(`doorbell ${names.take(one.name, at(one.range))} ${extent(one.range)}`, `${originOf(one.node)}: ${one.about}`));
}

// ── PCI and vIOMMUs ────────────────────────────────────────────────────────────────────────────────────────────────

const windowLines = (facts: TreeFacts, names: Names): LayoutLine[] =>
  facts.bridges.flatMap(({ node, windows }) =>
    windows.map(({ kind, prefetchable, bus, range }) => {
      const about = `${originOf(node)}: ${kind}${prefetchable ? ', prefetchable' : ''}${bus === range.base ? '' : `, PCI address ${writeAddress(bus)}`}`;
      return kind === 'io'
        ? codeLine(`mmio ${names.take('pci_io', at(range))} ${extent(range)}`, about)
        : codeLine(`window ${names.take(`pci_${kind}`, at(range))} ${extent(range)} for bars`, about);
    }),
  );

function viommuLines(node: TreeNode, names: Names): LayoutLine[] {
  const model = modelOf(node);
  const name = names.take(legalName(`${baseName(node)} viommu`, 'viommu'));
  return [model ? codeLine(`viommu ${name} model ${model}`, originOf(node)) : remark(`${originOf(node)}: an IOMMU of a kind that the language doesn’t have`)];
}
