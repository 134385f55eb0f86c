import type { Declaration, Member, Property } from './nodes.js';
import type { Repair } from './problems.js';
import { rangeSlip } from './slips.js';
import { REGION_KEYWORDS } from './vocabulary.js';

/** What a declaration lacks or says twice, at the word to underline. */
export interface Shortcoming {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly repair?: Repair;
}

/** Words that a declaration can't do without, words that stand twice, and waivers that give no reason. */
export function shortcomingsOf(node: Declaration, container: string | undefined): Shortcoming[] {
  const properties = propertiesOf(node);
  return [...(rangeSlipIn(properties) ?? absentIn(node, container, properties)), ...repeatedIn(node, properties), ...unreasonedIn(node, properties)];
}

/** A range that is written as kernels print it. */
function rangeSlipIn(properties: readonly Property[]): Shortcoming[] | undefined {
  const at = properties.find(({ word }) => word.text === 'at');
  const slip = at?.value && rangeSlip(at.value);
  if (!slip) return undefined;
  const between = { start: slip.base.end, end: slip.last.start };
  return [{ start: slip.base.start, end: slip.last.end, message: 'a range with its last byte is `A ..= B`; `A - B` is a difference', repair: { ...between, newText: ' ..= ', title: 'Write `..=`' } }];
}

/** The properties of its line and of its block. */
function propertiesOf({ properties, block }: Declaration): Property[] {
  const members: readonly Member[] = [...properties, ...(block?.members ?? [])];
  return members.filter((member): member is Property => member.kind === 'property');
}

/** A damaged declaration is told by its damage alone. */
const isDamaged = ({ name, head, properties, block }: Declaration): boolean =>
  name?.kind === 'missing' || head?.kind === 'missing' || [...properties, ...(block?.members ?? [])].some(({ kind }) => kind === 'missing' || kind === 'skipped');

function absentIn(node: Declaration, container: string | undefined, properties: readonly Property[]): Shortcoming[] {
  if (isDamaged(node)) return [];
  const words = new Set(properties.map(({ word }) => word.text));
  const wholeRange = properties.some(({ word, value }) => word.text === 'at' && value?.kind === 'extent');
  return neededBy(node.keyword.text, container)
    .filter((word) => !words.has(word) && !(word === 'size' && (wholeRange || words.has('alias'))))
    .slice(0, 1)
    .map((word) => ({ ...spanOf(node), message: `${described(node)} needs ${NEEDED[word] ?? `\`${word}\``}` }));
}

const NEEDED: Readonly<Record<string, string>> = {
  at: 'an address: `at …`',
  size: 'a size: `size …`',
  count: 'a number of pages: `count …`',
  to: 'a region: `to …`',
};

function neededBy(keyword: string, container: string | undefined): readonly string[] {
  if (keyword === 'bar') return container === 'device' ? ['size'] : ['at'];
  if (keyword === 'window' && container === 'bridge') return ['at', 'size'];
  if (REGION_KEYWORDS.has(keyword) || keyword === 'reserved' || keyword === 'memory') return ['at', 'size'];
  return { map: ['to'], backing: ['size'], hugepages: ['count'] }[keyword] ?? [];
}

const spanOf = ({ name, keyword }: Declaration): { start: number; end: number } => {
  const { start, end } = name?.kind === 'word' ? name : keyword;
  return { start, end };
};

const described = ({ name, keyword }: Declaration): string => `\`${name?.kind === 'word' ? name.text : keyword.text}\``;

/** Words that may stand several times: each waiver has its reason, each BAR of a device its size. */
const REPEATABLE = new Set(['allow', 'because', 'until', 'owner', 'policy', 'bar']);

/** Whether a declaration would say a word twice, if it were said once more on its line. */
export const isRepeated = ({ properties }: Declaration, word: string): boolean =>
  !REPEATABLE.has(word) && properties.some((property) => property.kind === 'property' && property.word.text === word);

function repeatedIn({ keyword }: Declaration, properties: readonly Property[]): Shortcoming[] {
  const seen = new Set<string>();
  return properties.flatMap(({ word }) => {
    const allowed = REPEATABLE.has(word.text) || (keyword.text === 'device' && word.text === 'size');
    if (allowed || !seen.has(word.text)) {
      seen.add(word.text);
      return [];
    }
    return [{ start: word.start, end: word.end, message: `\`${word.text}\` is said twice` }];
  });
}

/** What waives needs a reason, after it and before the next. */
function unreasonedIn({ keyword }: Declaration, properties: readonly Property[]): Shortcoming[] {
  const message = 'a waiver needs a reason: `because "…"`';
  const words = properties.map(({ word }) => word);
  const own = keyword.text === 'allow' && !words.some(({ text }) => text === 'because') ? [keyword] : [];
  const written = words.filter(({ text }, index) => text === 'allow' && !hasReason(words.slice(index + 1).map((word) => word.text)));
  return [...own, ...written].map(({ start, end }) => ({ start, end, message }));
}

function hasReason(following: readonly string[]): boolean {
  const next = following.indexOf('allow');
  return (next < 0 ? following : following.slice(0, next)).includes('because');
}
