import { treeOf, type Document, type Item } from './document.js';
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

export type Mentions = Omit<Survey, 'loose'>;

const mentions = new WeakMap<Document, Mentions>();

/** What all items of a document mention together. */
export function mentionsIn(document: Document): Mentions {
  let known = mentions.get(document);
  if (!known) {
    const all = document.items.map(surveyOf);
    known = { names: union(all.map(({ names }) => names)), fields: union(all.map(({ fields }) => fields)), sources: union(all.map(({ sources }) => sources)) };
    mentions.set(document, known);
  }
  return known;
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

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const all = new Set<string>();
  for (const set of sets) for (const name of set) all.add(name);
  return all;
}
