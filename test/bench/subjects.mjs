// What is measured inside of a process: each subject takes its settings and returns a function that does the work once.
import { damaged, layoutOf } from '../../out/test/bench/generator.js';
import { parseByHand } from '../../out/test/bench/references/hand-parser.js';
import { checkFile } from '../../out/server/core/rules/check.js';
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
};

const textOf = (lines) => fromOutside(layoutOf(lines));

/** One flat string, as a file or a message gives it; a text put together in this process is a tree of parts. */
const fromOutside = (text) => Buffer.from(text).toString();

const options = { today: '2026-11-22' };

function check(document, before) {
  const world = { read: (path) => (path === 'layout' ? document : { error: 'there is no such file' }) };
  return checkFile('layout', world, options, before);
}
