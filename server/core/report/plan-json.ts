import type { Leaves } from '../dma/leaves.js';
import type { HotplugVerdict, Plan, PlannedMap, PlanTotals } from '../dma/plan.js';
import type { LeftOut } from '../dma/requests.js';
import { formatKernel } from '../dma/kernel-version.js';
import { formatAddress } from '../layout/address.js';
import { lastOf, sizeOf, type Range } from '../layout/intervals.js';

/** What `plan --format json` prints: docs/schema/plan.schema.json. Stage-2 leaves are absent: they aren't modelled yet. */
export function planJson(plans: readonly Plan[]): string {
  return `${JSON.stringify({ schema: 1, plans: plans.map(planRecord) }, undefined, 2)}\n`;
}

const planRecord = (plan: Plan) => ({
  vm: plan.vm.name,
  host: plan.host.name,
  contract: plan.contract,
  kernel: formatKernel(plan.kernel),
  onOverlap: plan.vm.stance,
  assumed: plan.assumed,
  attach: plan.attach.map(({ assignment, verdict }) => ({ device: assignment.name, verdict: verdict.errno })),
  usable: plan.usable.map(rangeRecord),
  maps: plan.maps.map(mapRecord),
  carved: plan.leftOut.map(carvedRecord),
  hotplug: plan.hotplug.map(hotplugRecord),
  totals: totalsRecord(plan.totals),
});

const rangeRecord = (range: Range) => ({ base: formatAddress(range.base), last: formatAddress(lastOf(range)) });

const mapRecord = (map: PlannedMap) => ({
  name: map.name,
  iova: formatAddress(map.range.base),
  size: formatAddress(sizeOf(map.range)),
  ...(map.backing && { backing: map.backing.name }),
  ...(map.offset !== undefined && { offset: formatAddress(map.offset) }),
  access: map.access,
  verdict: map.verdict.errno,
  leaves: leavesRecord(map.leaves),
  tables: map.tables.map(Number),
});

const carvedRecord = ({ region, range, kept }: LeftOut) => ({
  region: region.name,
  ...rangeRecord(range),
  reserved: kept.map(({ name }) => name),
});

const hotplugRecord = ({ assignment, verdict }: HotplugVerdict) => ({
  device: assignment.name,
  attach: verdict.errno,
  ...(verdict.witness && { witness: rangeRecord(verdict.witness) }),
});

const totalsRecord = (totals: PlanTotals) => ({
  maps: totals.maps,
  mapped: formatAddress(totals.mapped),
  pinned: formatAddress(totals.pinned),
  leaves: leavesRecord(totals.leaves),
  entries: Number(totals.entries),
  tables: totals.tables.map(Number),
});

/** Counts by the size of the leaf: there are fewer than 2^53 leaves of a page in 2^64 bytes, so a number holds them. */
const leavesRecord = (leaves: Leaves) => Object.fromEntries([...leaves].map(([size, count]) => [formatAddress(size), Number(count)]));
