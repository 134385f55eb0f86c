import { indexOfItem, treeOf, type Document, type Item } from './document.js';
import type { Integer, Property } from './nodes.js';
import { walk } from './walk.js';

/** What an item mentions, whatever it means: one walk over its tree, remembered. */
export interface Survey {
  /** First words of all references: `low` of `low.size`. */
  readonly names: ReadonlySet<string>;
  /** The words after the first: `size` of `low.size`. */
  readonly fields: ReadonlySet<string>;
  /** Backings that `from` takes bytes from. */
  readonly sources: ReadonlySet<string>;
  /** Integers with a loose unit. */
  readonly loose: readonly Integer[];
}

const surveys = new WeakMap<Item, Survey>();

export function surveyOf(item: Item): Survey {
  const survey = surveys.get(item) ?? makeSurvey(item);
  surveys.set(item, survey);
  return survey;
}

/** Whether any item of a document mentions a word. It is looked for from an item on: what is declared is mostly used nearby. */
export function isMentioned(what: 'names' | 'fields' | 'sources', word: string, document: Document, from?: Item): boolean {
  const { items } = document;
  const first = from === undefined ? 0 : indexOfItem(document, from) ?? 0;
  for (let step = 0; step < items.length; step++) {
    const item = items[(first + step) % items.length];
    if (item && surveyOf(item)[what].has(word)) return true;
  }
  return false;
}

function makeSurvey(item: Item): Survey {
  const names = new Set<string>();
  const fields = new Set<string>();
  const sources = new Set<string>();
  const loose: Integer[] = [];
  for (const node of walk(treeOf(item))) {
    if (node.kind === 'reference') {
      for (const [index, word] of node.path.entries()) if (word.kind === 'word') mention(word.text, index === 0 ? names : fields);
    } else if (node.kind === 'property' && node.word.text === 'from') {
      const source = sourceOf(node);
      if (source !== undefined) sources.add(source);
    } else if (node.kind === 'integer' && node.exact !== undefined) loose.push(node);
  }
  return { names, fields, sources, loose };
}

/** A word with hyphens may be a subtraction without its spaces: then it mentions its parts. */
function mention(word: string, mentioned: Set<string>): void {
  mentioned.add(word);
  if (word.includes('-')) for (const part of word.split('-')) mentioned.add(part);
}

/** `ram0` of `from ram0 + 3 GiB`. */
function sourceOf({ value }: Property): string | undefined {
  let node = value;
  while (node?.kind === 'binary') node = node.left;
  const first = node?.kind === 'reference' ? node.path[0] : undefined;
  return first?.kind === 'word' ? first.text : undefined;
}
