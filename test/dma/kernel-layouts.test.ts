import assert from 'node:assert/strict';
import { addLeaves, formatLeaves, totalLeaves, type Leaves } from '../../server/core/dma/leaves.js';
import type { Plan, PlannedMap } from '../../server/core/dma/plan.js';
import { countTables } from '../../server/core/dma/tables.js';
import { ADDRESS_SPACE } from '../../server/core/layout/address.js';
import type { Finding } from '../../server/core/rules/rule.js';
import { check } from '../support/check.js';
import { untoldRefusals } from '../support/refusals.js';
import { Experiment } from './kernel-experiment.js';
import { LEAF_GAPS, REQUEST_GAPS, TABLE_GAPS, type Gap } from './kernel-gaps.js';
import { experimentLayout, requestLayout } from './kernel-layouts.js';
import { KERNEL_DATA, readKernelRuns, type KernelRun } from './kernel-records.js';
import { mapRequest, replayRequests, type Replayed } from './kernel-replay.js';

// What real kernels answered, asked through the language: each recorded request becomes a layout, a host as it was found
// with the mappings written as `map`, and the plan has to give the recorded verdict, leaves and tables.

const runs = readKernelRuns(KERNEL_DATA);

const told = (gaps: readonly Gap[]): Set<string> => new Set(gaps.map(({ run, record }) => `${run} ${record}`));

describe('kernel records as layouts: requests', () => {
  /** Requests to map that a layout can say, and what it can't, with how many there are. */
  const SAID = 1124;
  const UNSAID = {
    'a VMM that maps before it attaches': 15,
    'not modelled either (kernel-gaps.ts)': 54,
    'nothing in a layout has size 0 or ends past 2^64': 20,
  };

  it('get the recorded verdict, all that a layout can say, and an error where that is a refusal', function () {
    this.timeout(120_000);
    const replayed = runs.flatMap((run) => replayRequests(run).map((one) => ({ run, one }))).filter(({ one }) => one.request.op === 'map');
    const gaps = told(REQUEST_GAPS);
    const unsaid = replayed.map(({ one }) => whyUnsaid(one, gaps));
    const said = replayed.filter((_, index) => unsaid[index] === undefined);
    const wrong = said.flatMap(({ run, one }) => {
      const expected = one.request.result === 'OK' ? 'ok' : one.request.result;
      const verdict = probed(run, one);
      return verdict === expected ? [] : [`${nameOf(one)}: ${verdict}, recorded ${expected}`];
    });
    assert.deepEqual(wrong, []);
    assert.equal(said.length, SAID);
    assert.deepEqual(counted(unsaid), UNSAID);
  });
});

function counted(reasons: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

const nameOf = ({ run, request }: Replayed): string => `${run} ${request.section}/${request.name}`;

/** Why no layout says a request. */
function whyUnsaid(one: Replayed, gaps: ReadonlySet<string>): string | undefined {
  const { iova, size, offset } = mapRequest(one.request);
  if (gaps.has(nameOf(one))) return 'not modelled either (kernel-gaps.ts)';
  if (/^(no_group|fd_before_attach)$/.test(one.request.section)) return 'a VMM that maps before it attaches';
  if (size === 0n || iova + size > ADDRESS_SPACE || offset + size > ADDRESS_SPACE) return 'nothing in a layout has size 0 or ends past 2^64';
  return undefined;
}

function probed(run: KernelRun, { request, before }: Replayed): string {
  const [, kind, number] = /^(memlock|entry_limit)_(\d+)K?$/.exec(request.section) ?? [];
  const text = requestLayout(run, mapRequest(request), {
    held: [...before.maps()],
    memlock: kind === 'memlock' ? BigInt(number ?? 0) * 1024n : undefined,
    dmaMaps: kind === 'entry_limit' ? Number(number) : undefined,
  });
  const { plan, findings } = understood(text);
  assert.deepEqual(untoldRefusals(plan, findings), [], text);
  return plan.maps.find(({ name }) => name === 'probe')?.verdict.errno ?? 'not asked';
}

/** What asks for neither read nor write is understood, and told by the language. */
const NO_ACCESS = /asks for neither read nor write/;

function understood(text: string): { plan: Plan; findings: readonly Finding[] } {
  const { result } = check(text);
  const damage = result.findings.filter(({ rule, message }) => ['syntax', 'type-mismatch', 'unknown-name', 'duplicate-name', 'value-range'].includes(rule) && !NO_ACCESS.test(message));
  assert.deepEqual(damage.map(({ message }) => message), [], text);
  const plan = result.vms[0]?.plan;
  assert.ok(plan, text);
  return { plan, findings: result.findings };
}

const planOf = (text: string): Plan => understood(text).plan;

describe('kernel records as layouts: page tables', () => {
  const experiments = runs.flatMap((run) => run.pagetables.map((record) => new Experiment(run, record)));
  const lucky = told(LEAF_GAPS);
  const residue = told(TABLE_GAPS);
  const accepted = ({ maps }: Plan): PlannedMap[] => maps.filter(({ verdict }) => verdict.errno === 'ok');
  const leavesIn = (maps: readonly PlannedMap[]): Leaves => maps.reduce<Leaves>((sum, { leaves }) => addLeaves(sum, leaves), new Map());

  it('hold the recorded leaves, or those that the backing guarantees where the record had luck', function () {
    this.timeout(120_000);
    const wrong = experiments.flatMap((each) => {
      const leaves = leavesIn(accepted(planOf(experimentLayout(each.run, each.record))));
      const isLucky = lucky.has(String(each));
      if (isLucky && totalLeaves(each.recorded()) >= totalLeaves(leaves)) return [`${String(each)}: ${formatLeaves(leaves)} is no more than recorded`];
      const expected = formatLeaves(isLucky ? each.guaranteed() : each.recorded());
      return formatLeaves(leaves) === expected ? [] : [`${String(each)}: ${formatLeaves(leaves)}, recorded ${expected}`];
    });
    assert.deepEqual(wrong, []);
    assert.ok(experiments.length > 0);
  });

  it('and on 7.2 the recorded table pages', function () {
    this.timeout(120_000);
    const on72 = experiments.filter(({ run }) => run.kernel.includes(' 7.2.')).filter((each) => !lucky.has(String(each)) && !residue.has(String(each)));
    const wrong = on72.flatMap((each) => {
      const plan = planOf(experimentLayout(each.run, each.record));
      const tables = countTables(accepted(plan).map(({ segments }) => segments), plan.format).slice(0, each.recordedTables().length);
      return String(tables) === String(each.recordedTables()) ? [] : [`${String(each)}: ${tables}, recorded ${each.recordedTables()}`];
    });
    assert.deepEqual(wrong, []);
    assert.ok(on72.length > 200, `${on72.length}`);
  });
});
