import { reasonOf } from '../dma/verdict-words.js';
import type { Verdict } from '../dma/verdict.js';
import type { PlannedMap, Plan } from '../dma/plan.js';
import { hopedLeaves } from '../dma/fragmentation.js';
import { formatLeaves, type Leaves } from '../dma/leaves.js';
import { formatKernel } from '../dma/kernel-version.js';
import { contiguousPage, physicalOf } from '../dma/plan.js';
import { stage2Of, type SlotLeaves } from '../dma/stage2.js';
import { formatAddress, formatPlural, formatRange, formatSize, modulo } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { baseOf, lengthOf } from '../layout/extents.js';
import type { Device, Region } from '../layout/model.js';
import { REGION_KEYWORDS, PROPERTIES } from '../syntax/vocabulary.js';
import type { CheckResult } from '../rules/check.js';
import type { CheckedVm } from '../rules/parts.js';
import { outermost, type Surroundings } from './surroundings.js';
import { valueText } from './value-text.js';

/** All that is known of an element, in paragraphs of Markdown: how it is declared, its doc comment, and what follows from it. */
export function describeElement(element: Element, around: Surroundings, result: CheckResult): string[] {
  return [code(declarationOf(element)), element.origin.declaration.doc ?? '', ...factsOf(element, around, result)];
}

/** The declaration without its block, on one line. */
function declarationOf({ origin: { item, declaration } }: Element): string {
  const end = declaration.block ? declaration.block.start : declaration.end;
  return item.text.slice(declaration.keyword.start, end).replace(/\/\/[^\n]*/g, '').replace(/\s+/g, ' ').trim();
}

function factsOf(element: Element, around: Surroundings, result: CheckResult): string[] {
  const { keyword } = element;
  if (keyword === 'const') return [valueText(around.evaluator.constant(element))];
  if (keyword === 'vm') return vmsLike(element, result).flatMap(({ plan }) => (plan ? [totals(plan)] : []));
  if (keyword === 'map' || REGION_KEYWORDS.has(keyword)) return [extent(element, around), ...mappings(element, result), ...cpuLeaves(element, result)];
  if (keyword === 'reserved') return [extent(element, around), ...reservedKind(element, around)];
  if (keyword === 'memory') return [extent(element, around)];
  if (keyword === 'backing') return takers(element, result);
  if (keyword === 'device') return devicesLike(element, result).slice(0, 1).flatMap(deviceFacts);
  if (keyword === 'assign') return attachmentsOf(element, result);
  return [];
}

/** `0x0-0x3ffffffff, 16 GiB`. */
function extent(element: Element, { evaluator }: Surroundings): string {
  const base = baseOf(element, evaluator);
  const size = lengthOf(element, evaluator);
  if (size.type !== 'quantity') return base.type === 'quantity' ? `from \`${formatAddress(base.value)}\`` : '';
  if (base.type !== 'quantity') return formatSize(size.value);
  return `\`${formatRange({ base: base.value, end: base.value + size.value })}\`, ${formatSize(size.value)}`;
}

function reservedKind(element: Element, { evaluator }: Surroundings): string[] {
  const kind = evaluator.property(element, 'kind');
  return [kind.type === 'text' ? `${PROPERTIES['kind']?.about ?? ''} \`${kind.text}\`: ${RESERVED_KINDS.get(kind.text) ?? ''}` : ''];
}

const RESERVED_KINDS: ReadonlyMap<string, string> = new Map([
  ['msi', 'a write there raises an interrupt and never reaches memory.'],
  ['sw-msi', 'the kernel maps the doorbells of interrupt controllers into it.'],
  ['direct', 'the firmware wants it mapped 1:1; the device can’t be assigned.'],
  ['direct-relaxable', 'the firmware wants it mapped 1:1 until a driver takes the device.'],
  ['reserved', 'it can’t be mapped.'],
]);

/** What became of a region or map in each plan that has it. */
function mappings(element: Element, result: CheckResult): string[] {
  return result.vms.flatMap(({ plan }) => {
    if (!plan) return [];
    const mapped = plan.maps.filter((map) => isOf(map, element));
    if (mapped.length === 0) return [];
    return [`**${headOf(plan)}**\n${mapped.map((map) => `- ${mappingText(map, plan)}`).join('\n')}`];
  });
}

/** The CPU's leaves of a region, in each plan; of a vm on several hosts with the same leaves only once. */
function cpuLeaves(element: Element, result: CheckResult): string[] {
  const texts = result.vms.flatMap(({ plan }) => {
    const slots = (plan && stage2Of(plan)?.slots) ?? [];
    return slots.filter(({ regions }) => regions.some((region) => region.element.origin.declaration === element.origin.declaration)).map(slotText);
  });
  return texts.length === 0 ? [] : [`**CPU, stage 2**\n${[...new Set(texts)].join('\n')}`];
}

const slotText = ({ range, leaves, hoped, readOnly }: SlotLeaves): string =>
  `- \`${formatRange(range)}\`: ${leavesText(leaves, hoped)}${readOnly ? '; read-only' : ''}`;

const leavesText = (leaves: Leaves, hoped: Leaves | undefined): string => `${formatLeaves(leaves)}${hoped ? `; THP may give ${formatLeaves(hoped)}` : ''}`;

/** Whether a mapping is one of this region, or this map. The region may have come over `like`: it is known by its declaration. */
export const isOf = ({ region, written }: PlannedMap, { origin }: Element): boolean =>
  [region, written].some((part) => part?.element.origin.declaration === origin.declaration);

export const headOf = ({ vm, host, contract, kernel }: Plan): string => `${vm.name} on ${host.name}, ${contract}, kernel ${formatKernel(kernel)}`;

/** A mapping in one line: what the kernel answers, its leaves, its tables. */
export function mappingText(map: PlannedMap, plan: Plan): string {
  const verdict = plan.attachedAtBoot ? verdictText(map.verdict, plan) : 'nobody is asked at start-up';
  const pages = map.tables.reduce((sum, count) => sum + count, 0n);
  return [`\`${formatRange(map.range)}\`: ${verdict}`, leavesText(map.leaves, hopedLeaves(map, plan)), formatPlural(pages, 'table page', 'table pages'), ...phaseText(map, plan)].join('; ');
}

/** How far IOVA and offset are out of step, for the largest leaf that the backing could hold. */
function phaseText(map: PlannedMap, plan: Plan): string[] {
  const page = contiguousPage(map, plan.page);
  const largest = plan.format.leafSizes.find((size) => page === undefined || size <= page);
  if (largest === undefined || map.offset === undefined) return [];
  const phase = modulo(map.range.base - physicalOf(map), largest);
  return [phase === 0n ? `in phase for leaves of ${formatSize(largest)}` : `out of phase for leaves of ${formatSize(largest)} by \`${formatAddress(phase)}\``];
}

function totals(plan: Plan): string {
  const { maps, mapped, pinned, leaves, tableBytes } = plan.totals;
  const stage2 = stage2Of(plan);
  const cpu = stage2 ? `\n- ${formatPlural(stage2.slots.length, 'memory slot', 'memory slots')}; stage 2: ${formatLeaves(stage2.leaves)}` : '';
  if (maps === 0) return `**${headOf(plan)}**\n- no device is assigned: nothing is mapped for DMA${cpu}`;
  return `**${headOf(plan)}**\n- ${formatPlural(maps, 'mapping', 'mappings')}, ${formatSize(mapped)} mapped, ${formatSize(pinned)} pinned; ${formatLeaves(leaves)}; ${formatSize(tableBytes)} of tables${cpu}`;
}

/** The vms that were made of a declaration: itself, once for each host. */
const vmsLike = ({ origin }: Element, { vms }: CheckResult): CheckedVm[] => vms.filter(({ vm }) => vm.element.origin.declaration === origin.declaration);

/** Who takes which bytes of a backing. */
function takers(element: Element, result: CheckResult): string[] {
  const isIt = ({ backing }: Region): boolean => backing?.element.origin.declaration === element.origin.declaration;
  const first = result.vms.find(({ vm }) => vm.regions.some(isIt));
  return (first?.vm.regions ?? []).filter(isIt).map(({ name, offset, range }) => {
    const size = range ? `, ${formatSize(range.end - range.base)}` : '';
    return `- \`${name}\` from byte ${offset === undefined ? '?' : `\`${formatAddress(offset)}\``}${size}`;
  });
}

function devicesLike({ origin }: Element, { hosts, vms }: CheckResult): Device[] {
  const known = [...hosts, ...vms.flatMap(({ host }) => (host ? [host] : []))];
  return known.flatMap(({ devices }) => devices).filter((device) => device.element.origin.declaration === origin.declaration);
}

function deviceFacts({ iommu, group, reserved }: Device): string[] {
  const kept = reserved.map(({ name, range, kind }) => `- \`${name}\` keeps \`${formatRange(range)}\` (${kind})`);
  return [`group ${group}${iommu ? `, behind \`${iommu.name}\`` : ''}`, kept.join('\n')];
}

/** What the kernel answers when a device is attached, in each plan of its vm. */
export function attachmentsOf(element: Element, result: CheckResult): string[] {
  const vm = outermost(element);
  return vmsLike(vm, result).flatMap(({ plan }) => {
    const all = plan ? [...plan.attach, ...plan.hotplug] : [];
    const found = all.find(({ assignment }) => assignment.name === element.name);
    return plan && found ? [`**${headOf(plan)}**\n- ${element.name}: ${verdictText(found.verdict, plan)}`] : [];
  });
}

const code = (text: string): string => `\`\`\`vmlayout\n${text}\n\`\`\``;

/** `ok`, or the errno and why. */
const verdictText = (verdict: Verdict, plan: Plan): string =>
  verdict.errno === 'ok' ? '`ok`' : `\`${verdict.errno}\`, ${reasonOf(verdict, plan)}`;
