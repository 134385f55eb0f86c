import { MOST_RANGES, type LineError } from './import-result.js';
import { writeLineNumbers, writeText } from './layout-text.js';
import { pastedLines } from './pasted-text.js';
import type { FlatView, MemoryTree } from './qemu-mtree.js';
import { flattenTree, type FlattenedTree } from './qemu-mtree-flatten.js';
import type { FlatSection } from './qemu-mtree-section.js';
import { readRegionTree, type RegionTree, type TreeRegion, type TreeRoot } from './qemu-mtree-tree.js';

/** Makes of plain `info mtree` what `info mtree -f` would have said of the machine's own address space. */
export function readPlainTree(text: string): MemoryTree | { readonly errors: readonly LineError[] } {
  const tree = readRegionTree(text);
  if ('errors' in tree) return tree;
  const root = systemRoot(tree);
  if ('message' in root) return { errors: [root] };
  const flat = flattenTree(tree, root.region);
  if ('message' in flat) return { errors: [flat] };
  if (flat.sections.length > MOST_RANGES) return { errors: [{ line: root.region.line, message: `more than ${MOST_RANGES} sections are no memory map` }] };
  const view: FlatView = { line: root.region.line, spaces: new Set(['memory']), roots: new Set([root.region.name]), sections: flat.sections };
  return { views: [view, ...otherViews(tree, root)], strange: tree.strange, plain: { notes: notesOn(tree, root, flat) } };
}

/** The tree of the address space "memory", or of the region that QEMU has called `system` ever since. */
function systemRoot(tree: RegionTree): TreeRoot | LineError {
  const named = tree.roots.filter(({ spaces }) => spaces.includes('memory'));
  const [root, second] = named.length > 0 ? named : tree.roots.filter(({ region }) => region.name === 'system');
  if (root === undefined) return { line: 1, message: 'no tree of the address space "memory": paste the whole output of `info mtree`' };
  if (second !== undefined && second.spaces.length > 0) {
    return { line: second.region.line, message: `a second dump begins here (the first at line ${root.region.line}): import one of them` };
  }
  return root;
}

/** The other address spaces by name, and the memory blocks that aliases show, as large as they are. */
function otherViews(tree: RegionTree, root: TreeRoot): FlatView[] {
  return tree.roots
    .filter((other) => other !== root)
    .map(({ spaces, region }) => ({
      line: region.line,
      spaces: new Set(spaces),
      roots: new Set([region.name, ...region.children.map(({ name }) => name)]),
      sections: region.alias ? [] : blocksIn(region),
    }));
}

const blocksIn = (region: TreeRegion): FlatSection[] =>
  region.type === 'i/o' || region.range.end === region.range.base ? [] : [wholeOf(region)];

function wholeOf({ line, range, priority, type, nonvolatile, name, owner }: TreeRegion): FlatSection {
  return { line, range, priority, type, nonvolatile, region: name, offset: 0n, owner, accelerated: false };
}

function notesOn(tree: RegionTree, root: TreeRoot, flat: FlattenedTree): string[] {
  const others = new Set(tree.roots.flatMap(({ spaces }) => spaces).filter((space) => space !== 'memory'));
  const notes = [
    'plain `info mtree` doesn’t tell containers from registers: memory is exact, which registers answer in a gap between ' +
      'others may not be; `info mtree -f` would tell',
  ];
  if (root.spaces.length === 0) notes.push('no tree is that of the address space "memory"; the region "system" is taken for it');
  if (others.size > 0) notes.push(`${others.size} other address spaces are not imported: ${listed([...others])}`);
  if (tree.hasAccessWords) notes.push('QEMU before 2.9 prints no types: which regions are memory was told by their names');
  for (const [first, second] of flat.ties) {
    notes.push(`lines ${first} and ${second} meet at equal priority: QEMU shows the one added last, which nothing tells; the second is taken`);
  }
  if (flat.lost.length > 0) notes.push(`the targets of aliases aren’t in the text: ${writeLineNumbers(flat.lost)}`);
  return notes;
}

const MOST_LISTED = 8;

function listed(names: readonly string[]): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return names.slice(0, MOST_LISTED).map((name) => writeText(name)).join(', ') + more;
}

const FLAT_HEADER = /^(?:FlatView #\d|AS ".*", root: |Root memory region: )/;
const TREE_HEADER = /^(?:address-space: |memory-region: )/;
const REGION_LINE = /^([0-9a-f]{6,16})-([0-9a-f]{6,16}) \(prio -?\d{1,10}, ([^)]{1,16})\): ?(.*)$/i;

/** Whether a text is plain `info mtree`, and has no flat view that would tell more. */
export function isPlainTree(text: string): boolean {
  let isTree = false;
  let before: { indent: number; base: bigint; end: bigint } | undefined;
  for (const line of pastedLines(text)) {
    const bare = line.text.replace(/^\(qemu\) ?/, '');
    if (FLAT_HEADER.test(bare)) return false;
    const [whole, first, last, type = '', rest = ''] = isTree ? [] : (REGION_LINE.exec(bare) ?? []);
    if (whole === undefined) {
      isTree ||= TREE_HEADER.test(bare);
      continue;
    }
    const region = { indent: line.indent, base: BigInt(`0x${first}`), end: BigInt(`0x${last}`) };
    const isInside = before !== undefined && region.indent > before.indent && before.base <= region.base && region.end <= before.end;
    isTree = isInside || /^[R-][W-]$/.test(type) || /^alias .*[0-9a-f]{16}-[0-9a-f]{16}|\[disabled\]/.test(rest);
    before = region;
  }
  return isTree;
}
