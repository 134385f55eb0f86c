import { hopedLeaves } from '../dma/fragmentation.js';
import { formatLeaves, type Leaves } from '../dma/leaves.js';
import { formatKernel } from '../dma/kernel-version.js';
import { reasonLeftOut } from '../dma/left-out-words.js';
import type { Plan, PlannedMap } from '../dma/plan.js';
import type { LeftOut } from '../dma/requests.js';
import { stage2Of, type SlotLeaves } from '../dma/stage2.js';
import type { Verdict } from '../dma/verdict.js';
import { formatAddress, formatCount, formatPlural, formatRange, formatSize } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import type { Backing } from '../layout/model.js';
import { assumedIn } from './assumptions.js';
import type { GuestIova } from '../dma/spaces.js';
import { arrivalSummary } from './hotplug-text.js';
import { padColumns } from './columns.js';
import type { Paint } from './paint.js';
import { reasonOf } from '../dma/verdict-words.js';

/** What `plan` prints: a vm on a host, from what is asked to what the IOMMU's tables then hold. */
export const planText = (plans: readonly Plan[], paint: Paint): string => plans.map((plan) => `${onePlan(plan, paint)}\n`).join('\n');

function onePlan(plan: Plan, paint: Paint): string {
  const { vm, host } = plan;
  const facts: Fact[] = [
    ['asks', [asked(plan)]],
    ['tables', vm.assignments.length === 0 ? [] : [tablesText(plan)]],
    ['attach', attachLines(plan, paint)],
    ['viommu', plan.guestIovas.map(guestIovaText)],
    ['usable', plan.attachedAtBoot ? plan.usable.map(formatRange) : []],
  ];
  const results: Fact[] = [
    ['left out', plan.leftOut.map((left) => leftOutText(left, plan))],
    ['hotplug', arrivalSummary(plan, paint)],
    ['total', totalLines(plan)],
    ['assumed', assumedIn(plan)],
  ];
  return [paint.strong(`vm ${vm.name} on ${host.name}`), ...factLines(facts, paint), ...mapLines(plan, paint), ...slotLines(plan, paint), ...factLines(results, paint)].join('\n');
}

type Fact = readonly [name: string, lines: readonly string[]];

/** Facts under each other, their names in a column of their own; those without a line are left out. */
function factLines(facts: readonly Fact[], paint: Paint): string[] {
  return facts.flatMap(([name, lines]) => lines.map((line, index) => `  ${paint.faint((index === 0 ? name : '').padEnd(NAME_CELLS))}  ${line}`));
}

const NAME_CELLS = 'left out'.length;

function asked({ contract, kernel, vm }: Plan): string {
  const whom = contract === 'none' ? 'no kernel' : `${contract === 'type1' ? 'VFIO type1' : contract}, kernel ${formatKernel(kernel)}`;
  return `${whom}; on-overlap ${vm.stance}`;
}

const tablesText = ({ iommu, format, alignment }: Plan): string =>
  `${iommu ? `${iommu.name}: ` : ''}leaves of ${sizesText(format.leafSizes)}; requests in multiples of ${formatSize(alignment)}`;

/** Leaf sizes, largest first; of many only how many there are. */
function sizesText(sizes: readonly bigint[]): string {
  if (sizes.length <= MOST_SIZES) return sizes.map(formatSize).join(', ');
  return `${sizes.length} sizes from ${formatSize(sizes[0] ?? 0n)} down to ${formatSize(sizes.at(-1) ?? 0n)}`;
}

const MOST_SIZES = 6;

function attachLines(plan: Plan, paint: Paint): string[] {
  if (plan.vm.assignments.length === 0) return ['no device is assigned: nothing is mapped for DMA'];
  if (!plan.attachedAtBoot) return ['no device at start-up: the mappings are made when the first is plugged in'];
  return plan.attach.map(({ assignment, verdict }) => `${assignment.name}  ${verdictText(verdict, plan, paint)}`);
}

/** What stands behind a vIOMMU, where its guest can map, and of what it learns only when a mapping fails. */
function guestIovaText({ space, usable, untold }: GuestIova): string {
  const devices = space.assignments.map(({ name }) => name).join(', ');
  const mode = space.viommu?.mode === 'nested' ? 'nested' : space.identity ? 'emulated, lets through until it is set up' : 'emulated, lets nothing through until it is set up';
  const hidden = untold.map(({ name, range }) => `\`${name}\` (${formatRange(range)})`).join(', ');
  return `${space.viommu?.name} (${mode}): ${devices}; the guest maps within ${usable.map(formatRange).join(', ') || 'nothing'}${hidden === '' ? '' : `; it isn’t told of ${hidden}, where mapping fails`}`;
}

/** `ok`, or the error and why. */
function verdictText(verdict: Verdict, plan: Plan, paint: Paint, inTheWay?: PlannedMap): string {
  const word = paintVerdict(verdict, verdict.errno, paint);
  return verdict.errno === 'ok' ? word : `${word}: ${reasonOf(verdict, plan, inTheWay)}`;
}

const paintVerdict = ({ errno }: Verdict, text: string, paint: Paint): string => (errno === 'ok' ? paint.good(text) : paint.level('error', text));

const HEADINGS = ['map', 'iova', 'size', 'bytes of', 'access', 'verdict', 'leaves'];
const VERDICT = HEADINGS.indexOf('verdict');

function mapLines(plan: Plan, paint: Paint): string[] {
  if (plan.maps.length === 0) return [];
  const [headings = [], ...rows] = padColumns([HEADINGS, ...plan.maps.map((map) => mapCells(map, plan))]);
  const lines = plan.maps.flatMap((map, index) => {
    const cells = rows[index]?.map((cell, column) => (column === VERDICT ? paintVerdict(map.verdict, cell, paint) : cell)) ?? [];
    const reason = map.verdict.errno === 'ok' ? [] : [`  ${' '.repeat(headings[0]?.length ?? 0)}  ${map.verdict.errno}: ${reasonOf(map.verdict, plan)}`];
    return [`  ${cells.join('  ')}`, ...reason];
  });
  return ['', `  ${paint.faint(headings.join('  '))}`, ...lines, ''];
}

function mapCells(map: PlannedMap, plan: Plan): string[] {
  const { name, range, backing, offset, access, verdict, leaves } = map;
  return [name, formatRange(range), formatSize(sizeOf(range)), bytesOf(backing, offset, map.region?.name ?? '?'), access, verdict.errno, leavesText(leaves, hopedLeaves(map, plan))];
}

/** What is promised, and beside it what is hoped for. */
const leavesText = (leaves: Leaves, hoped: Leaves | undefined): string => `${formatLeaves(leaves)}${hoped ? ` (THP may give ${formatLeaves(hoped)})` : ''}`;

const SLOT_HEADINGS = ['slot', 'gpa', 'size', 'bytes of', 'access', 'stage 2'];

/** The memory slots, with the leaves that the CPU's tables hold for each. */
function slotLines(plan: Plan, paint: Paint): string[] {
  const slots = stage2Of(plan)?.slots ?? [];
  if (slots.length === 0) return [];
  const [headings = [], ...rows] = padColumns([SLOT_HEADINGS, ...slots.map(slotCells)]);
  return [...(plan.maps.length === 0 ? [''] : []), `  ${paint.faint(headings.join('  '))}`, ...rows.map((cells) => `  ${cells.join('  ')}`), ''];
}

function slotCells({ regions, range, backing, offset, readOnly, leaves, hoped }: SlotLeaves): string[] {
  const names = regions.map(({ name }) => name).join(', ');
  return [names, formatRange(range), formatSize(sizeOf(range)), bytesOf(backing, offset, names), readOnly ? 'r' : 'rw', leavesText(leaves, hoped)];
}

/** `ram0 + 0x40000000`; the name of what has memory of its own. */
const bytesOf = (backing: Backing | undefined, offset: bigint | undefined, name: string): string =>
  backing && !backing.own ? `${backing.name} + ${offset === undefined ? '?' : formatAddress(offset)}` : name;

const leftOutText = (left: LeftOut, plan: Plan): string =>
  `${formatRange(left.range)} of ${left.region.name} (${formatSize(sizeOf(left.range))}): ${reasonLeftOut(left, plan)}`;

function totalLines(plan: Plan): string[] {
  return [...(plan.totals.maps === 0 ? [] : mappedLines(plan)), ...stage2Lines(plan)];
}

function stage2Lines(plan: Plan): string[] {
  const stage2 = stage2Of(plan);
  if (!stage2 || stage2.slots.length === 0) return [];
  return [`${formatPlural(stage2.slots.length, 'memory slot', 'memory slots')}; stage 2, ${formatPlural(stage2.entries, 'leaf', 'leaves')}: ${formatLeaves(stage2.leaves)}`];
}

function mappedLines({ totals }: Plan): string[] {
  const { maps, mapped, pinned, leaves, entries, tables, tableBytes } = totals;
  const pages = tables.reduce((sum, count) => sum + count, 0n);
  const levels = pages === 0n ? '' : `: ${tables.map((count) => formatCount(count)).join(' + ')} (last level first), ${formatSize(tableBytes)}`;
  return [
    `${formatPlural(maps, 'mapping', 'mappings')}, ${formatSize(mapped)} mapped, ${formatSize(pinned)} pinned`,
    `${formatPlural(entries, 'leaf', 'leaves')}: ${formatLeaves(leaves)}`,
    `${formatPlural(pages, 'table page', 'table pages')} besides the root${levels}`,
  ];
}
