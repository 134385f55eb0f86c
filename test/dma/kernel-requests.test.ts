import assert from 'node:assert/strict';
import { join } from 'node:path';
import { rangeOf } from '../../server/core/layout/intervals.js';
import type { Step } from '../../server/core/dma/contract.js';
import { ATTACH_GAPS, type Gap, REQUEST_GAPS } from './kernel-gaps.js';
import { KERNEL_DATA, type KernelRun, readKernelRuns } from './kernel-records.js';
import { groupOf, openFor, type Replayed, replayRequests } from './kernel-replay.js';

const REQUESTS = 1348;
const GAPS = 80;

const corpus = process.env['VMLAYOUT_CORPUS'];

describe('kernel replay: what Linux answered to mapping and unmapping', () => {
  describe('in the committed records', () => checkRequests(KERNEL_DATA));
  if (corpus) describe('in the corpus', () => checkRequests(join(corpus, 'kernel')));
});

function checkRequests(folder: string): void {
  let replayed: readonly Replayed[] = [];

  before(function () {
    this.timeout(60_000);
    replayed = readKernelRuns(folder).flatMap(replayRequests);
  });

  it('every answer is the model\'s, or a listed gap', () => {
    const disagreeing = replayed.filter(({ agrees }) => !agrees);
    assert.equal(replayed.length, REQUESTS);
    assert.deepEqual(disagreeing.map(told).sort(), REQUEST_GAPS.map(({ run, record }) => `${run} ${record}`).sort());
    assert.equal(REQUEST_GAPS.length, GAPS);
  });

  it('the cause is the one that the prober was after', () => {
    for (const [sections, name, cause] of CAUSES) {
      const refused = replayed.filter(({ request, verdict }) =>
        sections.test(request.section) && name.test(request.name) && verdict.errno !== 'ok');
      assert.ok(refused.length > 0, `${name}`);
      for (const each of refused) assert.equal(each.verdict.cause, cause, told(each));
    }
  });
}

const told = ({ run, request }: Replayed): string => `${run} ${request.section}/${request.name}`;

const CAUSES: readonly (readonly [section: RegExp, name: RegExp, cause: string])[] = [
  [/^no_group$/, /./, 'unattached'],
  [/^basic$/, /unaligned|size_1$/, 'alignment'],
  [/^basic$/, /size_zero/, 'empty'],
  [/^basic$/, /wrap/, 'wrap'],
  [/^(basic|overlap|precedence)$/, /flags_none/, 'access'],
  [/^overlap$/, /dup|inside|straddle|superset|bad_vaddr/, 'existing-map'],
  [/^unmap$/, /bisect|spans/, 'bisect'],
  [/^reserved$/, /./, 'reserved'],
  [/^ranges$/, /range\d_page_before/, 'reserved'],
  [/^width$/, /at_2e5|below_2e5|at_2e6/, 'aperture'],
  [/^memlock/, /./, 'memlock'],
  [/^bar$/, /./, 'bar'],
  [/^entry_limit/, /over_limit|full_and_reserved/, 'limit'],
  [/^entry_limit/, /one_free_and_reserved/, 'reserved'],
  [/^entry_limit/, /full_and_overlap/, 'existing-map'],
];

describe('kernel replay: what Linux answered to attaching', () => {
  const runs = new Map(readKernelRuns(KERNEL_DATA).map((run) => [run.run, run]));
  const recorded = (run: string, section: string, step: RegExp): string[] =>
    (runs.get(run)?.attach ?? []).filter((each) => each.section === section && step.test(each.step)).map(({ err }) => err);
  const run = (name: string): KernelRun => {
    const found = runs.get(name);
    assert.ok(found, name);
    return found;
  };

  it('a group with a direct range is refused', () => {
    const [, verdict] = openFor(run('vtd-rmrr-72')).attach(groupOf(run('vtd-rmrr-72'), '1'));
    assert.equal(verdict.cause, 'direct');
    assert.deepEqual([verdict.errno], recorded('vtd-rmrr-72', 'rmrr_device_own_container', /set_container/));
  });

  it('and so is adding it to a container, with a page in the range mapped and without', () => {
    const rmrr = run('vtd-rmrr-72');
    const [container] = openFor(rmrr).attach(groupOf(rmrr, '2'));
    const [mapped] = container.map({ iova: 0x7000_0000n, size: 4096n, offset: 0n, access: 'rw' });
    const errnos = [mapped, container].map((each) => each.attach(groupOf(rmrr, '1'))[1].errno);
    assert.deepEqual([...errnos, ...errnos], recorded('vtd-rmrr-72', 'conflict', /add_group2/));
  });

  it('a group whose direct-relaxable range is mapped is taken', () => {
    const misc = run('vtd-misc-72');
    const [container] = openFor(misc).attach(groupOf(misc, '1'));
    const [mapped] = container.map({ iova: 0n, size: 4096n, offset: 0n, access: 'rw' });
    const errnos = [mapped, container].map((each) => toRecord(each.attach(groupOf(misc, '4'))));
    assert.deepEqual(errnos, recorded('vtd-misc-72', 'conflict', /add_group2/));
  });

  it('iommufd refuses what is in the way of the device, one mapping at a time', () => {
    const fd = run('vtd-iommufd-72');
    const kept = fd.requests.filter(({ section, note }) => section === 'fd_before_attach' && note === 'kept');
    const steps = kept.map(({ iova, size, vaddr_offset }) => {
      const request = { iova: BigInt(iova), size: BigInt(size), offset: BigInt(vaddr_offset ?? 0), access: 'rw' } as const;
      return openFor(fd).map(request)[0].attach(groupOf(fd, '1'));
    });
    assert.deepEqual(steps.map(([, { cause }]) => cause), ['reserved', 'alignment', 'aperture', undefined]);
    assert.deepEqual(steps.map(toRecord), recorded('vtd-iommufd-72', 'fd_before_attach', /attach_pt/));
  });

  it('every other group is taken, or refused for what no layout says', () => {
    const refused = [...runs.values()].flatMap(({ run: name, attach }) =>
      attach.filter(({ err }) => err !== 'OK').map(({ section, step }) => `${name} ${section}/${step}`));
    const told = refused.filter((step) => !/ (no_group|rmrr_device_own_container|conflict|fd_before_attach)\//.test(step));
    assert.deepEqual(told.sort(), ATTACH_GAPS.map(({ run: name, record }: Gap) => `${name} ${record}`).sort());
  });

  it('lists the usable ranges that the model computes', () => {
    for (const each of runs.values()) {
      for (const { section, iova_ranges } of each.containers.filter(({ section }) => section !== 'fd_before_attach')) {
        const [container] = openFor(each).attach(groupOf(each, each.run === 'vtd-rmrr-72' ? '2' : '1'));
        const listed = iova_ranges.map(([base, last]) => rangeOf(BigInt(base), BigInt(last) - BigInt(base) + 1n));
        assert.deepEqual(container.usable(), listed, `${each.run} ${section}`);
      }
    }
  });
});

const toRecord = ([, { errno }]: Step): string => (errno === 'ok' ? 'OK' : errno);
