import { hopedLeaves } from '../dma/fragmentation.js';
import type { Leaves } from '../dma/leaves.js';
import type { Plan, PlannedMap } from '../dma/plan.js';
import type { LeftOut } from '../dma/requests.js';
import type { GuestIova } from '../dma/spaces.js';
import { formatKernel } from '../dma/kernel-version.js';
import { stage2Of, stage2OfMap, type SlotLeaves } from '../dma/stage2.js';
import { arrivalRecords } from './hotplug-json.js';
import { leavesRecord } from './leaves-json.js';
import { formatAddress } from '../layout/address.js';
import { lastOf, sizeOf, type Range } from '../layout/intervals.js';
import { assumedIn } from './assumptions.js';

/** What `plan --format json` prints: docs/schema/plan.schema.json. */
export function planJson(plans: readonly Plan[]): string {
  return `${JSON.stringify({ schema: 1, plans: plans.map(planRecord) }, undefined, 2)}\n`;
}

const planRecord = (plan: Plan) => ({
  vm: plan.vm.name,
  host: plan.host.name,
  contract: plan.contract,
  kernel: formatKernel(plan.kernel),
  onOverlap: plan.vm.stance,
  assumed: assumedIn(plan),
  attach: plan.attach.map(({ assignment, verdict }) => ({ device: assignment.name, verdict: verdict.errno })),
  ...(plan.guestIovas.length > 0 && { viommus: plan.guestIovas.map(guestIovaRecord) }),
  usable: plan.usable.map(rangeRecord),
  maps: plan.maps.map((map) => mapRecord(map, plan)),
  carved: plan.leftOut.map(carvedRecord),
  hotplug: arrivalRecords(plan),
  slots: (stage2Of(plan)?.slots ?? []).map(slotRecord),
  totals: totalsRecord(plan),
});

const guestIovaRecord = ({ space, usable, untold }: GuestIova) => ({
  viommu: space.viommu?.name,
  mode: space.viommu?.mode ?? 'emulated',
  devices: space.assignments.map(({ name }) => name),
  identity: space.identity,
  usable: usable.map(rangeRecord),
  untold: untold.map(({ name, range }) => ({ name, ...rangeRecord(range) })),
});

const rangeRecord = (range: Range) => ({ base: formatAddress(range.base), last: formatAddress(lastOf(range)) });

const mapRecord = (map: PlannedMap, plan: Plan, hoped = hopedLeaves(map, plan)) => ({
  name: map.name,
  iova: formatAddress(map.range.base),
  size: formatAddress(sizeOf(map.range)),
  ...(map.backing && { backing: map.backing.name }),
  ...(map.offset !== undefined && { offset: formatAddress(map.offset) }),
  access: map.access.replace('x', ''),
  verdict: map.verdict.errno,
  leaves: leavesRecord(map.leaves),
  ...(hoped && { hoped: leavesRecord(hoped) }),
  tables: map.tables.map(Number),
  ...stage2Record(stage2OfMap(map, plan)),
});

const stage2Record = (leaves: Leaves | undefined) => (leaves ? { stage2: leavesRecord(leaves) } : {});

const slotRecord = ({ regions, range, backing, offset, readOnly, leaves, hoped }: SlotLeaves) => ({
  regions: regions.map(({ name }) => name),
  ...rangeRecord(range),
  ...(backing && { backing: backing.name }),
  ...(offset !== undefined && { offset: formatAddress(offset) }),
  access: readOnly ? 'r' : 'rw',
  stage2: leavesRecord(leaves),
  ...(hoped && { hoped: leavesRecord(hoped) }),
});

const carvedRecord = ({ region, range, kept, because }: LeftOut) => ({
  region: region.name,
  ...rangeRecord(range),
  reserved: kept.map(({ name }) => name),
  ...(because && { because }),
});

const totalsRecord = (plan: Plan, { totals } = plan) => ({
  maps: totals.maps,
  mapped: formatAddress(totals.mapped),
  pinned: formatAddress(totals.pinned),
  leaves: leavesRecord(totals.leaves),
  entries: Number(totals.entries),
  tables: totals.tables.map(Number),
  ...stage2Record(stage2Of(plan)?.leaves),
});
