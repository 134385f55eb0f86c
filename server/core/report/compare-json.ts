import type { Comparison, KeptOff, KernelSpan, Move, Outcome } from '../dma/compare.js';
import { formatKernel } from '../dma/kernel-version.js';
import type { Plan } from '../dma/plan.js';
import { worstAnswer } from './comparison-rows.js';
import { formatAddress } from '../layout/address.js';
import { lastOf, type Range } from '../layout/intervals.js';

/** What `compare --format json` prints: docs/schema/compare.schema.json. */
export const compareJson = (comparisons: readonly Comparison[]): string => `${JSON.stringify({ schema: 1, comparisons: comparisons.map(comparisonRecord) }, undefined, 2)}\n`;

const comparisonRecord = ({ vm, host, plan, outcomes }: Comparison) => ({
  vm: vm.name,
  host: host.name,
  contract: plan.contract,
  kernel: formatKernel(plan.kernel),
  stances: outcomes.map(outcomeRecord),
});

const outcomeRecord = ({ stance, block, isDeclared, plan, why, start, outOfReach, keptOff, moves, kernels }: Outcome) => ({
  stance,
  ...(block !== undefined && { block: formatAddress(block) }),
  declared: isDeclared,
  ...(why !== undefined && { impossible: why }),
  ...(plan && {
    coldStart: { verdict: start.errno, ...(start.reason !== undefined && { reason: start.reason }) },
    ...(start.errno === 'ok' && { ...totalsRecord(plan), outOfReach: outOfReach.map(rangeRecord), keptOff: keptOff.map(keptOffRecord) }),
    moves: moves.map(moveRecord),
    hotplug: plan.hotplug.map(({ assignment, verdict }) => ({ device: assignment.name, verdict: verdict.errno })),
    memoryHotplug: plan.memoryHotplug.map((memory) => ({ memory: memory.region.name, verdict: worstAnswer(memory) })),
    kernels: kernels.map(spanRecord),
  }),
});

const totalsRecord = ({ totals }: Plan) => ({
  maps: totals.maps,
  leaves: Object.fromEntries([...totals.leaves].map(([size, count]) => [formatAddress(size), Number(count)])),
  entries: Number(totals.entries),
  tables: totals.tables.map(Number),
  tableBytes: formatAddress(totals.tableBytes),
});

const rangeRecord = (range: Range) => ({ base: formatAddress(range.base), last: formatAddress(lastOf(range)) });

const keptOffRecord = ({ range, avoid }: KeptOff) => ({ ...rangeRecord(range), ...(avoid && { avoid: avoid.name, ...(avoid.via !== undefined && { via: avoid.via }) }) });

const moveRecord = ({ region, to }: Move) => ({ region: region.name, ...(region.range && { from: formatAddress(region.range.base) }), to: formatAddress(to) });

const spanRecord = ({ from, until, errno }: KernelSpan) => ({ ...(from && { from: formatKernel(from) }), ...(until && { until: formatKernel(until) }), verdict: errno });
