import { treeOf, type Document, type EditedItems, type Item } from './document.js';
import { textOf, type Block, type Declaration, type Integer, type Property } from './nodes.js';
import { problemsIn, type SyntaxProblem } from './problems.js';
import { walk } from './walk.js';
import { WordCounts } from './word-counts.js';

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
  readonly damage: readonly SyntaxProblem[];
  /** Constants and backings that the item declares and doesn't mention itself. */
  readonly idle: readonly Idle[];
}

/** A declaration that is used elsewhere, if anywhere, and the vm or host it stands in. */
export interface Idle {
  readonly declaration: Declaration;
  readonly name: string;
  readonly owner: Declaration | undefined;
  /** How it can be used: a backing by `from`; a constant by its name, and one of a vm or host also as its field. */
  readonly ways: readonly (keyof Mentions)[];
}

const surveys = new WeakMap<Item, Survey>();

export function surveyOf(item: Item): Survey {
  const survey = surveys.get(item) ?? makeSurvey(item);
  surveys.set(item, survey);
  return survey;
}

/** What the items of a document come to together. */
export interface Overview {
  /** Items of which there is something to tell: few, and they are asked for at every key. */
  readonly damaged: readonly Item[];
  readonly loose: readonly Item[];
  readonly idle: readonly Item[];
  /** What is mentioned anywhere. */
  readonly names: WordCounts;
  readonly fields: WordCounts;
  readonly sources: WordCounts;
}

const overviews = new WeakMap<Document, Overview>();

export function overviewOf(document: Document): Overview {
  const overview = overviews.get(document) ?? makeOverview(document.items);
  overviews.set(document, overview);
  return overview;
}

/** Takes over what is known of the items that an edit left alone: all but these. */
export function keepOverview(before: Document, after: Document, { gone, fresh }: EditedItems): void {
  const known = overviews.get(before);
  if (!known) return;
  const [left, came] = [gone.map(surveyOf), fresh.map(surveyOf)];
  const lists = itemLists(fresh);
  const next = (items: readonly Item[], more: readonly Item[]): Item[] => [...items.filter((item) => !gone.includes(item)), ...more];
  overviews.set(after, {
    damaged: next(known.damaged, lists.damaged),
    loose: next(known.loose, lists.loose),
    idle: next(known.idle, lists.idle),
    names: known.names.replaced(left.map(({ names }) => names), came.map(({ names }) => names)),
    fields: known.fields.replaced(left.map(({ fields }) => fields), came.map(({ fields }) => fields)),
    sources: known.sources.replaced(left.map(({ sources }) => sources), came.map(({ sources }) => sources)),
  });
}

function makeOverview(items: readonly Item[]): Overview {
  const surveys = items.map(surveyOf);
  return {
    ...itemLists(items),
    names: WordCounts.of(surveys.map(({ names }) => names)),
    fields: WordCounts.of(surveys.map(({ fields }) => fields)),
    sources: WordCounts.of(surveys.map(({ sources }) => sources)),
  };
}

const itemLists = (items: readonly Item[]): Pick<Overview, 'damaged' | 'loose' | 'idle'> => ({
  damaged: items.filter((item) => surveyOf(item).damage.length > 0),
  loose: items.filter((item) => surveyOf(item).loose.length > 0),
  idle: items.filter((item) => surveyOf(item).idle.length > 0),
});

function makeSurvey(item: Item): Survey {
  const tree = treeOf(item);
  const nodes = walk(tree);
  const names = new Set<string>();
  const fields = new Set<string>();
  const sources = new Set<string>();
  const loose: Integer[] = [];
  for (const node of nodes) {
    if (node.kind === 'reference') {
      for (const [index, word] of node.path.entries()) if (word.kind === 'word') mention(word.text, index === 0 ? names : fields);
    } else if (node.kind === 'property' && node.word.text === 'from') {
      const source = sourceOf(node);
      if (source !== undefined) sources.add(source);
    } else if (node.kind === 'integer' && node.exact !== undefined) loose.push(node);
  }
  const mentions = { names, fields, sources };
  return { ...mentions, loose, damage: problemsIn(tree, item.text, nodes), idle: declaredIn(tree).filter(({ name, ways }) => !ways.some((way) => mentions[way].has(name))) };
}

/** Constants and backings at the top and in vms and hosts; none of a model, which are there for others. */
function declaredIn({ members }: Block): Idle[] {
  return members.flatMap((member): Idle[] => {
    if (member.kind !== 'declaration') return [];
    if (isKept(member)) return kept(member, undefined);
    const owns = member.keyword.text === 'vm' || member.keyword.text === 'host';
    const inner = owns ? (member.block?.members ?? []).filter((each): each is Declaration => each.kind === 'declaration' && isKept(each)) : [];
    return inner.some(({ keyword, head }) => keyword.text === 'const' && !head) ? [] : inner.flatMap((declaration) => kept(declaration, member));
  });
}

const isKept = ({ keyword }: Declaration): boolean => keyword.text === 'const' || keyword.text === 'backing';

/** None without a name, which is damage. */
function kept(declaration: Declaration, owner: Declaration | undefined): Idle[] {
  const name = textOf(declaration.name);
  const ways = declaration.keyword.text === 'backing' ? BY_SOURCE : owner ? BY_NAME_AND_FIELD : BY_NAME;
  return name === undefined ? [] : [{ declaration, name, owner, ways }];
}

type Mentions = Pick<Survey, 'names' | 'fields' | 'sources'>;

const BY_SOURCE: Idle['ways'] = ['sources'];
const BY_NAME: Idle['ways'] = ['names'];
const BY_NAME_AND_FIELD: Idle['ways'] = ['names', 'fields'];

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
