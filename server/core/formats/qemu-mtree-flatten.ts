import { sizeOf, type Range } from '../layout/intervals.js';
import type { LineError } from './import-result.js';
import type { FlatSection } from './qemu-mtree-section.js';
import type { RegionTree, TreeRegion } from './qemu-mtree-tree.js';

/**
 * Makes a flat view of the tree that plain `info mtree` prints, as QEMU does (system/memory.c, render_memory_region):
 * children before their parent, higher priorities before lower ones, and what is there already stays.
 *
 * The text doesn't tell everything. A container (seen through) and registers (opaque) both print `i/o`: one with
 * children is taken for a container unless QEMU is known to answer for it; one without, for registers unless it is
 * known to be an empty container. Where regions of equal priority meet, QEMU takes the one added last, which nothing
 * tells. RAM that a read-only alias shows prints `ram`, so a few names must do.
 */
export interface FlattenedTree {
  readonly sections: readonly FlatSection[];
  /** Lines of regions of equal priority that meet: nobody can tell which of the two is seen. */
  readonly ties: readonly (readonly [number, number])[];
  /** Lines of aliases whose target isn't printed. */
  readonly lost: readonly number[];
}

/** Steps that flattening may take: aliases of aliases can ask for more than any machine needs. */
const MOST_STEPS = 300_000;

const MOST_TIES = 20;

/** Flattens the tree of one address space. */
export function flattenTree(tree: RegionTree, root: TreeRegion): FlattenedTree | LineError {
  const work: Work = { targets: targetsOf(tree), placed: [], ties: [], lost: new Set(), path: new Set(), steps: 0 };
  render(work, root, { delta: 0n, clip: root.range, readOnly: false, nonvolatile: false });
  if (work.steps > MOST_STEPS) return { line: root.line, message: 'its aliases lead to each other too often' };
  return { sections: joined(work.placed).map(({ section }) => section), ties: work.ties, lost: [...work.lost] };
}

interface Placed {
  readonly section: FlatSection;
  readonly region: TreeRegion;
}

interface Work {
  readonly targets: ReadonlyMap<string, TreeRegion>;
  /** What is seen so far, in the order of addresses. */
  readonly placed: Placed[];
  readonly ties: [number, number][];
  readonly lost: Set<number>;
  /** Aliases that are being followed: one that leads to itself is followed no further. */
  readonly path: Set<TreeRegion>;
  steps: number;
}

/** How a region is seen: printed addresses plus `delta`, no more than `clip`. */
interface Sight {
  readonly delta: bigint;
  readonly clip: Range;
  readonly readOnly: boolean;
  readonly nonvolatile: boolean;
}

/** Regions by name, as aliases mean them: those printed for an alias before those met inside other trees. */
function targetsOf(tree: RegionTree): ReadonlyMap<string, TreeRegion> {
  const targets = new Map<string, TreeRegion>();
  for (const { region, spaces } of tree.roots) if (spaces.length === 0 && !targets.has(region.name)) targets.set(region.name, region);
  const remember = (region: TreeRegion): void => {
    if (!region.alias && !targets.has(region.name)) targets.set(region.name, region);
    region.children.forEach(remember);
  };
  for (const { region } of tree.roots) remember(region);
  return targets;
}

function render(work: Work, region: TreeRegion, outer: Sight): void {
  work.steps += 1;
  if (region.isDisabled || work.steps > MOST_STEPS) return;
  const { base, end } = region.range;
  const sight = { ...outer, nonvolatile: outer.nonvolatile || region.nonvolatile };
  const clip = clipped({ base: base + sight.delta, end: end + sight.delta }, sight.clip);
  if (clip === undefined) return;
  if (region.alias) {
    renderTarget(work, region, { ...sight, clip });
    return;
  }
  for (const child of childrenOf(work, region)) render(work, child, { ...sight, clip });
  if (isOpaque(region)) place(work, region, { ...sight, clip });
}

function renderTarget(work: Work, region: TreeRegion, sight: Sight): void {
  const target = work.targets.get(region.alias?.name ?? '');
  if (target === undefined) {
    work.lost.add(region.line);
    if (region.type !== 'i/o') place(work, region, sight);
    return;
  }
  if (work.path.has(region)) return;
  work.path.add(region);
  const delta = sight.delta + region.range.base - target.range.base - (region.alias?.offset ?? 0n);
  render(work, target, { ...sight, delta, readOnly: sight.readOnly || isReadOnlyAlias(region) });
  work.path.delete(region);
}

/** By priority, the highest first; of equal ones the one printed later first, which is mostly right. */
function childrenOf(work: Work, region: TreeRegion): TreeRegion[] {
  const seen = region.children.filter((child) => !child.isDisabled);
  noteTies(work, seen);
  return seen
    .map((child, order) => ({ child, order }))
    .sort((left, right) => right.child.priority - left.child.priority || right.order - left.order)
    .map(({ child }) => child);
}

/** Notes neighbours of equal priority that meet, the address of one inside the other. */
function noteTies(work: Work, children: readonly TreeRegion[]): void {
  const furthest = new Map<number, TreeRegion>();
  for (const child of children) {
    const other = furthest.get(child.priority);
    if (other && child.range.base < other.range.end && work.ties.length < MOST_TIES && !work.ties.some(([, line]) => line === child.line)) {
      work.ties.push([other.line, child.line]);
    }
    if (other === undefined || child.range.end > other.range.end) furthest.set(child.priority, child);
  }
}

/** Registers that hide what lies below them although they have children: QEMU answers in the gaps. */
const OPAQUE_PARENT = /^(?:gpex_mmio_window|gpex_ioport_window|vga\.mmio|riscv-iommu-regs)$/;

/** Containers that may have no child and hide nothing all the same. */
const EMPTY_CONTAINER =
  /^(?:system|io|memory|\(none\)|pci|bus master container|gpex_mmio|gpex_ioport|platform bus|device-memory|memhp container|virtio-mem|e1000e-flash)$/;

function isOpaque(region: TreeRegion): boolean {
  if (region.type !== 'i/o') return true;
  return region.children.length > 0 ? OPAQUE_PARENT.test(region.name) : !EMPTY_CONTAINER.test(region.name);
}

/** The PC's `pam-rom` shows RAM read-only; the tree prints the type of its target. */
const isReadOnlyAlias = (region: TreeRegion): boolean => region.type === 'rom' || region.name === 'pam-rom';

function clipped(range: Range, clip: Range): Range | undefined {
  const base = range.base > clip.base ? range.base : clip.base;
  const end = range.end < clip.end ? range.end : clip.end;
  return base < end ? { base, end } : undefined;
}

/** Puts a region where nothing is seen yet. */
function place(work: Work, region: TreeRegion, sight: Sight): void {
  const { clip } = sight;
  let index = firstPast(work.placed, clip.base);
  let { base } = clip;
  while (base < clip.end) {
    const next = work.placed[index]?.section.range;
    if (next && next.base <= base) {
      base = next.end;
    } else {
      const end = next && next.base < clip.end ? next.base : clip.end;
      work.placed.splice(index, 0, { section: sectionOf(region, { base, end }, sight), region });
      base = end;
    }
    index += 1;
  }
}

/** Index of the first section that ends past an address. */
function firstPast(placed: readonly Placed[], address: bigint): number {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((placed[middle]?.section.range.end ?? 0n) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

function sectionOf(region: TreeRegion, range: Range, { delta, readOnly, nonvolatile }: Sight): FlatSection {
  const { line, priority, owner, alias } = region;
  // An alias whose target isn’t printed stands for it.
  const offset = range.base - delta - region.range.base + (alias?.offset ?? 0n);
  const type = readOnly && region.type === 'ram' ? 'rom' : region.type;
  return { line, range, priority, type, nonvolatile, region: alias?.name ?? region.name, offset, owner, accelerated: false };
}

/** Joins neighbours that show neighbouring bytes of one region (flatview_simplify). */
function joined(placed: readonly Placed[]): Placed[] {
  const result: Placed[] = [];
  for (const { section, region } of placed) {
    const last = result.at(-1);
    if (last && last.region === region && goesOn(last.section, section)) {
      result[result.length - 1] = { region, section: { ...last.section, range: { base: last.section.range.base, end: section.range.end } } };
    } else {
      result.push({ section, region });
    }
  }
  return result;
}

const goesOn = (last: FlatSection, next: FlatSection): boolean =>
  last.range.end === next.range.base && last.type === next.type && last.offset + sizeOf(last.range) === next.offset;
