import { rangeOf } from '../../server/core/layout/intervals.js';
import {
  type AttachRequest, type Container, type ContainerOptions, type KernelVersion, type KeptRange, type MapRequest,
  openContainer, parseKernel, type Step, type Verdict,
} from '../../server/core/dma/contract.js';
import { type ContainerRecord, type KernelRun, type RequestRecord, sizesOfBitmap } from './kernel-records.js';

/** A recorded request beside what the model says of it. */
export interface Replayed {
  readonly run: string;
  readonly request: RequestRecord;
  readonly verdict: Verdict;
  readonly agrees: boolean;
  /** What the kernel held when it was asked. */
  readonly before: Container;
}

/**
 * What the prober did without recording it, worked out from the records: where the next answers are only
 * possible in a container that was emptied, or one that wasn't.
 */
const CONTINUES: readonly string[] = ['unmap'];
const EMPTIED_BEFORE: readonly RegExp[] = [
  /^memlock_\w+\/hugetlb_/,
  /^fd_before_attach\/kept_/,
  /^conflict\/page_in_group2_rsv(1_before|_after)_attach$/,
];

/** Asks the model everything that a kernel was asked, in order; each section in a container of its own. */
export function replayRequests(run: KernelRun): Replayed[] {
  const replayed: Replayed[] = [];
  let container: Container | undefined;
  let section = '';
  for (const request of run.requests) {
    if (!container || (request.section !== section && !CONTINUES.includes(request.section))) {
      container = containerOf(run, request.section);
    }
    section = request.section;
    const [before, verdict, after] = ask(emptied(container, request), request);
    const agrees = agreesWith(request, verdict);
    replayed.push({ run: run.run, request, verdict, agrees, before });
    container = agrees || request.result === 'OK' ? after : before;
  }
  return replayed;
}

/** The kernel of a run: the release is the third word of `uname -a`. */
export const kernelOf = (run: KernelRun): KernelVersion => {
  const kernel = parseKernel(run.kernel.split(' ')[2] ?? '');
  if (!kernel) throw new Error(`no kernel in ${run.run}`);
  return kernel;
};

/** The group whose reserved regions the prober tried: the one that its container was made with. */
export function groupOf(run: KernelRun, group: string): AttachRequest {
  const container = run.containers.find(({ iova_alignment, iova_ranges }) => iova_alignment !== '0x1' && iova_ranges.length);
  if (!container) throw new Error(`no container in ${run.run}`);
  return {
    name: group,
    model: run.iommu === 'vtd' ? 'vt-d' : run.iommu === 'amd' ? 'amd-v1' : 'smmu-v3',
    aperture: apertureOf(container),
    pageSizes: sizesOfBitmap(container.pgsizes),
    kept: keptBy(run, group),
  };
}

/** An empty container of the run's contract and kernel. */
export const openFor = (run: KernelRun, more: Partial<ContainerOptions> = {}): Container =>
  openContainer({
    contract: run.api === 'iommufd' ? 'iommufd' : 'type1',
    kernel: kernelOf(run),
    hostPage: 4096n,
    ...more,
  });

const apertureOf = ({ iova_ranges }: ContainerRecord) => ({
  base: BigInt(iova_ranges[0]?.[0] ?? 0),
  end: BigInt(iova_ranges.at(-1)?.[1] ?? 0) + 1n,
});

/** sysfs prints both kinds of MSI window alike: the one at 128 MiB is the software's. */
const keptBy = (run: KernelRun, group: string): KeptRange[] =>
  run.reserved_regions
    .filter((region) => region.group === group)
    .map(({ start, end, type }) => ({
      name: type,
      range: { base: BigInt(start), end: BigInt(end) + 1n },
      kind: type === 'msi' && BigInt(start) === 0x800_0000n ? 'sw-msi' : type,
    }));

/**
 * The first group whose regions are those that the section `reserved` names: `rsv0_direct-relaxable_…`,
 * `rsv1_msi_…`.
 */
export function mainGroup(run: KernelRun): string {
  const tried = run.requests.flatMap(({ section, name }) => /^rsv\d+_([a-z-]+)_first/.exec(section === 'reserved' ? name : '')?.[1] ?? []);
  const groups = [...new Set(run.reserved_regions.map(({ group }) => group))];
  const types = (group: string): string =>
    run.reserved_regions.filter((region) => region.group === group).map(({ type }) => type).join();
  return groups.find((group) => types(group) === tried.join()) ?? groups.find((group) => types(group) === 'msi') ?? '0';
}

function containerOf(run: KernelRun, section: string): Container {
  const [, kind, number] = /^(memlock|entry_limit)_(\d+)K?$/.exec(section) ?? [];
  const empty = openFor(run, {
    memlock: kind === 'memlock' ? BigInt(number ?? 0) * 1024n : undefined,
    dmaMaps: kind === 'entry_limit' ? Number(number) : undefined,
  });
  if (section === 'no_group' || section === 'fd_before_attach') return empty;
  const attached = empty.attach(groupOf(run, mainGroup(run)))[0];
  return kind === 'entry_limit' ? filled(attached, Number(number)) : attached;
}

/**
 * The prober records only the first and the last of the pages it fills a container with: the ones between.
 */
function filled(empty: Container, count: number): Container {
  let container = empty;
  for (let index = 1; index < count - 1; index++) {
    const iova = 0x1_0000_0000n + BigInt(index) * 0x2000n;
    container = container.map({ iova, size: 4096n, offset: 0n, access: 'rw' })[0];
  }
  return container;
}

const emptied = (container: Container, { section, name }: RequestRecord): Container =>
  EMPTIED_BEFORE.some((place) => place.test(`${section}/${name}`)) ? container.unmapAll()[0] : container;

/** The container before the request, the verdict, and the container as the prober left it. */
function ask(container: Container, request: RequestRecord): [before: Container, Verdict, after: Container] {
  const [answered, verdict] = answerOf(container, request);
  const leaves = request.op === 'unmap' || request.note === 'kept' || verdict.errno !== 'ok';
  const after = leaves ? answered : answered.unmap(rangeOf(BigInt(request.iova), BigInt(request.size)))[0];
  return [container, verdict, after];
}

function answerOf(container: Container, request: RequestRecord): Step {
  const range = rangeOf(BigInt(request.iova), BigInt(request.size));
  if (request.op === 'map') return container.map(mapRequest(request));
  return request.flags === 2 && range.base === 0n && range.end === 0n ? container.unmapAll() : container.unmap(range);
}

/** Backings lie at aligned addresses, except where the prober passed an address that was never mapped. */
export function mapRequest({ iova, size, backing, vaddr_offset, flags = 0 }: RequestRecord): MapRequest {
  const vaddr = backing === 'wild-va' ? 0xffff_ffff_ffff_f000n : 0n;
  const access = (['', 'r', 'w', 'rw'] as const)[flags & 3] ?? '';
  return {
    iova: BigInt(iova), size: BigInt(size), offset: vaddr + BigInt(vaddr_offset ?? 0), access,
    kind: backing?.startsWith('vfio-bar') ? 'bar' : 'memory',
  };
}

/** The same errno, and of an unmapping that went well the same bytes. */
function agreesWith(request: RequestRecord, verdict: Verdict): boolean {
  const errno = verdict.errno === 'ok' ? 'OK' : verdict.errno;
  const bytes = request.op === 'unmap' && errno === 'OK';
  return errno === request.result && (!bytes || verdict.unmapped === BigInt(request.unmapped ?? 0));
}
