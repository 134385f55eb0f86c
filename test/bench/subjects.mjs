// What is measured inside of a process: each subject takes its settings and returns a function that does the work once.
import { damaged, layoutOf } from '../../out/test/bench/generator.js';
import { parseByHand } from '../../out/test/bench/references/hand-parser.js';
import { countLeaves, totalLeaves, usableLeafSizes } from '../../out/server/core/dma/leaves.js';
import { byBase, overlappingPairs } from '../../out/server/core/layout/intervals.js';
import { checkFile, checkNextVersion } from '../../out/server/core/rules/check.js';
import { editDocument, openDocument, treeOf } from '../../out/server/core/syntax/document.js';

/** Holds the last result, as its user would. */
let held;

export const subjects = {
  /** The document as the server opens it: cut into items, each parsed. */
  grammar: ({ lines }) => {
    const text = textOf(lines);
    return () => void (held = openDocument(text).items.map(treeOf));
  },

  /** The same with a share of its statements broken. */
  grammarDamaged: ({ lines, share }) => {
    const text = fromOutside(damaged(layoutOf(lines), share).text);
    return () => void (held = openDocument(text).items.map(treeOf));
  },

  /** One item in the middle, parsed anew as after a key in it. */
  grammarItem: ({ lines }) => {
    const items = openDocument(textOf(lines)).items;
    const { text } = items[items.length >> 1];
    let key = 0;
    return () => {
      for (let time = 0; time < 100; time++) held = treeOf({ text: `${text}// ${key++}`, breaks: 0 });
    };
  },

  /** The whole text in one go, without items. */
  hand: ({ lines }) => {
    const text = textOf(lines);
    return () => void (held = parseByHand(text));
  },

  chevrotain: async ({ lines }) => {
    const { parseWithChevrotain } = await import('./references/chevrotain-parser.mjs');
    const text = textOf(lines);
    return () => void (held = parseWithChevrotain(text));
  },

  /** A text never seen before: parsed and checked by all rules. */
  check: ({ lines }) => {
    const text = textOf(lines);
    return () => void (held = check(openDocument(text)));
  },

  /** A key in the middle: the document is edited, and checked as far as that is needed. */
  recheck: ({ lines }) => {
    let document = openDocument(textOf(lines));
    const at = document.starts[document.items.length >> 1] + 1;
    let before = check(document);
    let typed = false;
    return () => {
      document = typed ? editDocument(document, at, at + 1, '') : editDocument(document, at, at, '/');
      typed = !typed;
      before = check(document, before);
    };
  },

  /** All pairs of ranges that overlap: about one range in a hundred does. */
  overlaps: ({ ranges }) => {
    const all = rangesOf(ranges);
    return () => void (held = [...overlappingPairs(all, (range) => range)]);
  },

  /** The same ranges only put in order. */
  sorting: ({ ranges }) => {
    const all = rangesOf(ranges);
    return () => void (held = [...all].sort(byBase));
  },

  /** Leaves of one request in closed form, a thousand times. */
  leaves: ({ size }) => {
    const request = requestOf(size);
    return () => {
      for (let time = 0; time < 1000; time++) held = countLeaves(request, usableLeafSizes({ ...request, contiguous: undefined }, LEAF_SIZES));
    };
  },

  /** Leaves of one request taken one by one, as a kernel maps them. */
  leavesOneByOne: ({ size }) => {
    const request = requestOf(size);
    const { counts } = leavesOneByOne(request);
    const usable = usableLeafSizes({ ...request, contiguous: undefined }, LEAF_SIZES);
    if (totalLeaves(countLeaves(request, usable)) !== counts) throw new Error(`the closed form and the loop count other leaves in ${size} bytes`);
    return () => void (held = leavesOneByOne(request));
  },
};

/** Exact 64-bit ranges in no order, always the same ones. */
function rangesOf(count) {
  let state = 1n;
  return Array.from({ length: count }, (_, index) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    const slot = (BigInt(index) * 7919n) % BigInt(count);
    const base = (slot << 40n) + (state >> 44n << 12n);
    return { base, end: base + (index % 100 === 0 ? 1n << 40n : 1n << 30n) };
  });
}

const LEAF_SIZES = [1n << 30n, 1n << 21n, 1n << 12n];

/** Out of phase with every leaf but the smallest. */
const requestOf = (size) => ({ iova: 1n << 32n, physical: (1n << 34n) + 4096n, size: BigInt(size) });

/** The largest leaf that divides both addresses and fits, until nothing is left (drivers/iommu/iommu.c `iommu_pgsize`). */
function leavesOneByOne({ iova, physical, size }) {
  let counts = 0n;
  let at = 0n;
  while (at < size) {
    at += LEAF_SIZES.find((leaf) => ((iova + at) | (physical + at)) % leaf === 0n && leaf <= size - at);
    counts++;
  }
  return { counts };
}

const textOf = (lines) => fromOutside(layoutOf(lines));

/** One flat string, as a file or a message gives it; a text put together in this process is a tree of parts. */
const fromOutside = (text) => Buffer.from(text).toString();

const options = { today: '2026-11-22' };

function check(document, before) {
  const world = { read: (path) => (path === 'layout' ? document : { error: 'there is no such file' }) };
  return before ? checkNextVersion('layout', world, options, before) : checkFile('layout', world, options);
}
