import assert from 'node:assert/strict';
import fc from 'fast-check';
import { judgeArrivals, type Judgement } from '../../server/core/dma/hotplug.js';
import { arrive, type ArrivalStep, arriveInTurn, type HotplugSystem, type Running, startUp } from '../../server/core/dma/hotplug-replay.js';
import { overlappingPairs } from '../../server/core/layout/intervals.js';
import { familiesOf, hullOf } from '../../server/core/dma/hotplug-blocks.js';
import { type AttachRequest, mappedRange, type MapRequest } from '../../server/core/dma/verdict.js';
import { groupOf, kernelOf } from './kernel-replay.js';
import { KERNEL_DATA, type KernelRun, readKernelRuns } from './kernel-records.js';
import { systems } from './random-arrivals.js';

// The decision by intervals against every order of every subset, each asked of the container.

/** The layouts are the same in each run; others were tried while this was written. */
const SEED = 2016_11;

/** By arrival: the length of the shortest sequence that it is refused at the end of. */
type Shortest = ReadonlyMap<number, number>;

/** Every single thing that can arrive: blocks one by one. */
const atoms = ({ arrivals }: HotplugSystem): ArrivalStep[] =>
  arrivals.flatMap((arrival, index) =>
    arrival.kind === 'memory' && arrival.blocks
      ? Array.from({ length: Number(arrival.blocks.count) }, (_, block) => ({ arrival: index, blocks: { first: BigInt(block), count: 1n } }))
      : [{ arrival: index }]);

function shortestByEnumeration(system: HotplugSystem): Shortest {
  const shortest = new Map<number, number>();
  const walk = (running: Running, left: readonly ArrivalStep[], length: number): void => {
    for (const step of left) {
      const arrived = arrive(system, running, step);
      if (arrived.verdict.errno === 'ok') walk(arrived.running, left.filter((other) => other !== step), length + 1);
      else shortest.set(step.arrival, Math.min(length + 1, shortest.get(step.arrival) ?? Infinity));
    }
  };
  walk(startUp(system), atoms(system), 0);
  return shortest;
}

const lengthOf = (steps: readonly ArrivalStep[]): number => steps.reduce((sum, { blocks }) => sum + Number(blocks?.count ?? 1n), 0);

const shortestOf = (judgements: readonly Judgement[]): Shortest =>
  new Map(judgements.flatMap(({ failures }, index) => (failures.length > 0 ? [[index, Math.min(...failures.map(({ steps }) => lengthOf(steps)))]] : [])));

/** Memory that shares addresses is an error of its own: what fits of it beside a sum or a hole isn't worked out. */
const overlap = ({ arrivals, ram }: HotplugSystem): boolean => {
  const later = arrivals.flatMap((arrival) => (arrival.kind === 'memory' ? familiesOf(arrival).map(hullOf) : []));
  const hulls = [...later, ...ram.map(mappedRange)];
  return !overlappingPairs(hulls, (hull) => hull).next().done;
};

describe('hot-plug: decided by intervals as by every order of every subset', () => {
  for (const [name, choose] of [
    ['without sums', (system: HotplugSystem): boolean => system.options.dmaMaps === undefined && system.options.memlock === undefined && !(system.carve !== undefined && overlap(system))],
    ['with sums', (system: HotplugSystem): boolean => (system.options.dmaMaps !== undefined || system.options.memlock !== undefined) && !overlap(system)],
  ] as const) {
    it(name, () => {
      fc.assert(fc.property(systems(4).filter(choose), (system) => {
        assert.deepEqual([...shortestOf(judgeArrivals(system))].sort(), [...shortestByEnumeration(system)].sort());
      }), { numRuns: 3000, seed: SEED });
    }).timeout(60_000);
  }

  it('with five arrivals', () => {
    fc.assert(fc.property(systems(5).filter((system) => !overlap(system)), (system) => {
      assert.deepEqual([...shortestOf(judgeArrivals(system))].sort(), [...shortestByEnumeration(system)].sort());
    }), { numRuns: 500, seed: SEED });
  }).timeout(60_000);

  it('and every sequence that is told fails so, and for nothing less', () => {
    fc.assert(fc.property(systems(8).filter((system) => !overlap(system)), (system) => {
      for (const { steps, verdict, affected } of judgeArrivals(system).flatMap(({ failures }) => failures)) {
        const arrived = arriveInTurn(system, startUp(system), steps);
        assert.deepEqual([arrived.refusedAt, arrived.verdict.errno, arrived.verdict.cause], [steps.length - 1, verdict.errno, verdict.cause]);
        const last = steps.at(-1);
        for (let block = affected?.first ?? 0n; last && affected && block < affected.first + affected.count; block++) {
          const other = arriveInTurn(system, startUp(system), [...steps.slice(0, -1), { ...last, blocks: { first: block, count: 1n } }]);
          assert.equal(other.refusedAt, steps.length - 1);
        }
      }
    }), { numRuns: 3000, seed: SEED });
  }).timeout(60_000);
});

describe('hot-plug: as Linux answered', () => {
  const runs = new Map(readKernelRuns(KERNEL_DATA).map((run) => [run.run, run]));
  const runOf = (name: string): KernelRun => runs.get(name) ?? assert.fail(name);
  const recorded = (run: KernelRun, section: string, step: RegExp): string[] =>
    (run.attach ?? []).filter((each) => each.section === section && step.test(each.step)).map(({ err }) => err);
  const page = (iova: bigint): MapRequest => ({ iova, size: 4096n, offset: 0n, access: 'rw' });

  /** The errno of a group that comes to a container with one page mapped. */
  const hotAdd = (run: KernelRun, boot: AttachRequest, later: AttachRequest, mapped: readonly MapRequest[]): string => {
    const options = { contract: run.run.includes('iommufd') ? ('iommufd' as const) : ('type1' as const), kernel: kernelOf(run), hostPage: 4096n };
    const [judgement] = judgeArrivals({ options, boot: [boot], ram: mapped, arrivals: [{ kind: 'group', group: later }], carve: undefined });
    return judgement?.failures[0]?.verdict.errno ?? 'OK';
  };

  it('a group with a direct range never comes, whatever is mapped', () => {
    const run = runOf('vtd-rmrr-72');
    const errnos = [[page(0x7000_0000n)], []].map((mapped) => hotAdd(run, groupOf(run, '2'), groupOf(run, '1'), mapped));
    assert.deepEqual([...errnos, ...errnos], recorded(run, 'conflict', /add_group2/));
  });

  it('a group whose direct-relaxable range is mapped comes', () => {
    const run = runOf('vtd-misc-72');
    const errnos = [[page(0n)], []].map((mapped) => hotAdd(run, groupOf(run, '1'), groupOf(run, '4'), mapped));
    assert.deepEqual(errnos, recorded(run, 'conflict', /add_group2/));
  });

  it('iommufd refuses a group for what is mapped over its ranges or beyond its aperture', () => {
    const run = runOf('vtd-iommufd-72');
    const kept = run.requests.filter(({ section, note }) => section === 'fd_before_attach' && note === 'kept');
    const answers = recorded(run, 'fd_before_attach', /attach_pt/);
    const all: AttachRequest = { name: 'all', model: 'vt-d', aperture: { base: 0n, end: 1n << 64n }, pageSizes: [4096n], kept: [] };
    const whole = kept.flatMap(({ iova, size, vaddr_offset }, index) => {
      const request = { iova: BigInt(iova), size: BigInt(size), offset: BigInt(vaddr_offset ?? 0), access: 'rw' as const };
      return request.size % 4096n === 0n && request.iova % 4096n === 0n && request.offset % 4096n === 0n ? [{ request, err: answers[index] }] : [];
    });
    assert.ok(whole.length >= 3);
    assert.deepEqual(whole.map(({ request }) => hotAdd(run, all, groupOf(run, '1'), [request])), whole.map(({ err }) => err));
  });
});
