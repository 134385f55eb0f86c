import { contiguousPage, type PlannedMap } from '../dma/plan.js';
import { fragmentationOf, type Fragmentation, type WantedPage } from '../dma/fragmentation.js';
import { formatSize, isAligned } from '../layout/address.js';
import { pathText, type Element } from '../layout/elements.js';
import { Evaluator } from '../layout/evaluate.js';
import { sizeOf } from '../layout/intervals.js';
import type { Lookup } from '../layout/lookup.js';
import type { Backing } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import type { Source } from '../layout/scope.js';
import { writeSize } from '../layout/written.js';
import { withProperty } from './edits.js';
import { readPolicy } from './read-policy.js';
import type { Fix, VmSubject } from './rule.js';

const known = new WeakMap<VmSubject, Fragmentation>();

/** What a vm's mappings lose in leaves, each cause once; nothing where there is no plan. Found once for all rules that ask. */
export function fragmentationIn(subject: VmSubject): Fragmentation | undefined {
  const { plan } = subject;
  const fragmentation = known.get(subject) ?? (plan && fragmentationOf(plan, wantedPages(subject)));
  if (fragmentation) known.set(subject, fragmentation);
  return fragmentation;
}

/** Huge pages of one size that a host has set aside. */
export interface PagesOfSize {
  /** Bytes. */
  readonly page: bigint;
  /** How many there are; nothing where the file doesn't say. */
  readonly count: bigint | undefined;
}

/**
 * The page that somebody asks a mapping's backing to have, where that is more than it has: a policy that speaks of
 * leaves of a size, or a backing of huge pages on a host that has set larger ones aside. Ordinary memory asks for nothing
 * by itself, or every guest without huge pages would be told.
 */
function wantedPages(subject: VmSubject): (map: PlannedMap) => WantedPage | undefined {
  const asked = subject.plan ? sizesInPolicies(subject) : [];
  const pools = poolsOf(subject);
  return (map) => {
    const page = subject.plan && contiguousPage(map, subject.plan.page);
    if (page === undefined || !map.backing) return undefined;
    const wishes = [...fromPolicies(map, asked, subject), ...fromPools(map.backing, pools, subject)];
    return wishes.filter((wish) => wish.page > page).reduce<WantedPage | undefined>((most, next) => (!most || next.page > most.page ? next : most), undefined);
  };
}

/** The smallest leaf that a policy would count, if the mapping can hold one. */
function fromPolicies({ range }: PlannedMap, asked: readonly AskedSize[], { plan }: VmSubject): WantedPage[] {
  return asked.flatMap(({ size, policy }) => {
    const leaf = plan?.format.leafSizes.findLast((candidate) => candidate >= size);
    return leaf !== undefined && leaf <= sizeOf(range) ? [{ page: leaf, asking: `as policy \`${policy}\` asks` }] : [];
  });
}

/** Larger pages of the host that are enough for a backing which has huge pages already, or hopes for them. */
function fromPools(backing: Backing, pools: readonly PagesOfSize[], { host }: VmSubject): WantedPage[] {
  if (backing.kind !== 'hugetlb' && backing.kind !== 'thp') return [];
  const fitting = pools.filter((pool) => fits(backing, pool));
  return fitting.map(({ page }) => ({ page, asking: `which \`${host?.name}\` has pages for` }));
}

/** Whether a backing could be made of the pages of a pool. */
export const fits = ({ size }: Backing, { page, count }: PagesOfSize): boolean =>
  size !== undefined && isAligned(size, page) && (count === undefined || count * page >= size);

interface AskedSize {
  /** Bytes. */
  readonly size: bigint;
  readonly policy: string;
}

/** The sizes in `coverage(S)` and `blocks(S)` of what the vm's policies require or prefer; a name that means none is told elsewhere. */
function sizesInPolicies({ vm, evaluator }: VmSubject): AskedSize[] {
  // Its own evaluator: what is wrong in a policy is told where the policy is judged.
  const quiet = new Evaluator(evaluator.lookup);
  return policiesNamedBy(vm.element, evaluator.lookup).flatMap((source) => {
    const { element, what } = readPolicy(source, quiet);
    return what.leafSizes.map((size) => ({ size, policy: element.name }));
  });
}

/** Those that are there. */
function policiesNamedBy(vm: Element, lookup: Lookup): Source[] {
  return (vm.properties.get('policy') ?? []).flatMap(({ path, property: { value } }) => {
    const names = value?.kind === 'names' ? value.names.filter((name) => name.kind === 'reference') : [];
    return names.flatMap((name) => lookup.find(path, pathText(name), 'policies') ?? []);
  });
}

/** The huge pages that a host has set aside, those of one size on all nodes together; page sizes in the order of the file. */
export function poolsOf({ host }: VmSubject): PagesOfSize[] {
  const pools = host?.hugepages ?? [];
  return [...new Set(pools.map(({ size }) => size))].map((page) => {
    const counts = pools.filter(({ size }) => size === page).map(({ count }) => count);
    return { page, count: counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0n) };
  });
}

/** The fix that gives a backing huge pages of a size (bytes): in the place of what says its kind, or added. */
export const ofHugePages = (backing: Backing, page: bigint): Fix => ({
  title: `Make \`${backing.name}\` of ${formatSize(page)} pages`,
  safe: false,
  edits: [kindEdit(backing, page)],
});

function kindEdit({ element, kind, own }: Backing, page: bigint): PlacedEdit {
  const kindWords = `hugetlb ${writeSize(page)}`;
  if (own) return withProperty(element, 'backing', kindWords);
  const located = element.properties.get(kind)?.[0];
  if (!located) return withProperty(element, 'hugetlb', writeSize(page));
  const { start, end } = located.property;
  return { path: located.path, item: located.item, start, end, newText: kindWords };
}
