import assert from 'node:assert/strict';
import { join } from 'node:path';
import { formatLeaves, totalLeaves } from '../../server/core/dma/leaves.js';
import { Experiment } from './kernel-experiment.js';
import { type Gap, LEAF_GAPS, TABLE_GAPS } from './kernel-gaps.js';
import { KERNEL_DATA, readKernelRuns } from './kernel-records.js';

const EXPERIMENTS = 397;
/** Experiments whose physical addresses are recorded to the last page. */
const COMPLETE = 383;
const LUCKY = 22;
const MAPPINGS = 471;
/** Experiments with tables that nothing needs, or without some that attaching left. */
const TABLES_LEFT = 9;

const corpus = process.env['VMLAYOUT_CORPUS'];

describe('kernel replay: the page tables that Linux built', () => {
  describe('in the committed records', () => checkExperiments(KERNEL_DATA));
  if (corpus) describe('in the corpus', () => checkExperiments(join(corpus, 'kernel')));
});

function checkExperiments(folder: string): void {
  let experiments: readonly Experiment[] = [];

  before(() => {
    experiments = readKernelRuns(folder).flatMap((run) => run.pagetables.map((record) => new Experiment(run, record)));
  });

  it('leaves are those that the backing guarantees, or fewer by luck', () => {
    assert.equal(experiments.length, EXPERIMENTS);
    const lucky = experiments.filter((each) => formatLeaves(each.guaranteed()) !== formatLeaves(each.recorded()));
    assert.deepEqual(lucky.map(String).sort(), LEAF_GAPS.map(toldGap).sort());
    assert.equal(LEAF_GAPS.length, LUCKY);
    for (const each of lucky) assert.ok(totalLeaves(each.recorded()) < totalLeaves(each.guaranteed()), String(each));
  });

  it('from the physical addresses that it had, every leaf follows', () => {
    const complete = experiments.filter((each) => each.isComplete());
    assert.equal(complete.length, COMPLETE);
    for (const each of complete) assert.equal(formatLeaves(each.actual()), formatLeaves(each.recorded()), String(each));
    const unexplained = LEAF_GAPS.map(toldGap).filter((name) => !complete.map(String).includes(name));
    assert.deepEqual(unexplained, ['amd-612 anon4k_seq_4M']);
  });

  it('tables are exactly those that the leaves need', () => {
    const others = experiments.filter((each) => String(each.tables()) !== String(each.recordedTables()));
    assert.deepEqual(others.map(String).sort(), TABLE_GAPS.map(toldGap).sort());
    assert.equal(TABLE_GAPS.length, TABLES_LEFT);
  });

  it('the mappings themselves were answered as the model says', () => {
    const verdicts = experiments.flatMap((each) => each.verdicts());
    assert.equal(verdicts.length, MAPPINGS);
    for (const [expected, actual, told] of verdicts) assert.equal(actual, expected, told);
  });
}

const toldGap = ({ run, record }: Gap): string => `${run} ${record}`;
