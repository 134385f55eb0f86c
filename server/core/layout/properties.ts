import type { Span } from '../text/span.js';
import type { Word } from '../syntax/nodes.js';
import { PROPERTIES, USUAL_VALUES } from '../syntax/vocabulary.js';
import { didYouMean, meaning } from './did-you-mean.js';
import { isExpression, pathText, type Element } from './elements.js';
import type { Evaluator } from './evaluate.js';
import { placeOf, type Place } from './place.js';
import type { Value } from './values.js';

/** Reads the properties of elements as plain values; what is absent or wrong is `undefined`, and what is wrong is told. */

export const hasFlag = (element: Element, word: string): boolean => element.properties.has(word);

/** A fixed word; one that the language doesn't know is told, with the one that was meant. */
export function wordOf(element: Element, word: string, evaluator: Evaluator): string | undefined {
  const located = element.properties.get(word)?.[0];
  const value = located?.property.value;
  if (!located || value?.kind !== 'word') return undefined;
  const known = PROPERTIES[word]?.words;
  if (!known || known.includes(value.text)) return value.text;
  const written = asWritten(value, located.item.text);
  const usual = USUAL_VALUES[word]?.get(written.text.toLowerCase());
  const { hint, more } = usual === undefined ? didYouMean(written.text, known, written) : meaning(usual, written);
  const rest = hint === '' ? `; known are ${known.map((name) => `\`${name}\``).join(', ')}` : hint;
  evaluator.report('unknown-name', placeOf(located, written), `\`${written.text}\` is no ${noun(word)}${rest}`, more);
  return undefined;
}

/** A word with what is joined to it by a hyphen and begins with no letter, which makes it none: `x86-64`. */
function asWritten({ start, end, text }: Word, whole: string): Word {
  const more = /^(?:-\w+)*/.exec(whole.slice(end, end + 80))?.[0] ?? '';
  return { kind: 'word', start, end: end + more.length, text: `${text}${more}` };
}

const noun = (word: string): string => ({ arch: 'architecture', model: 'IOMMU model', kind: 'kind of reserved range' })[word] ?? `\`${word}\``;

export function sizeOf(element: Element, word: string, evaluator: Evaluator): bigint | undefined {
  const located = element.properties.get(word)?.[0];
  if (!located?.property.value) return undefined;
  return evaluator.wantSize(evaluator.property(element, word), placeOf(located, located.property.value));
}

export function numberOf(element: Element, word: string, least: bigint, most: bigint, evaluator: Evaluator): number | undefined {
  const located = element.properties.get(word)?.[0];
  if (!located?.property.value) return undefined;
  const value = evaluator.wantNumber(evaluator.property(element, word), placeOf(located, located.property.value), least, most);
  return value === undefined ? undefined : Number(value);
}

/** A count of any length; nothing where it is absent or wrong. */
export function numberIn(element: Element, word: string, evaluator: Evaluator): bigint | undefined {
  const located = element.properties.get(word)?.[0];
  if (!located?.property.value) return undefined;
  return evaluator.wantNumber(evaluator.property(element, word), placeOf(located, located.property.value), 0n, 1n << 64n);
}

/** `on` or `off` as a truth value. */
export function switchOf(element: Element, word: string, evaluator: Evaluator): boolean | undefined {
  const state = wordOf(element, word, evaluator);
  return state === undefined ? undefined : state === 'on';
}

/** A name after a word such as `on` or `behind`, with its place in the property's item. */
export interface NamedPlace {
  readonly name: string;
  readonly span: Span;
}

/** The names after a word; none where it is absent. */
export function namesOf(element: Element, word: string): NamedPlace[] {
  const value = element.properties.get(word)?.[0]?.property.value;
  if (value?.kind !== 'names') return [];
  return value.names.flatMap((name) => (name.kind === 'missing' ? [] : [{ name: pathText(name), span: name }]));
}

/** The hosts that a guest is `on`, each once. */
export const hostsNamedBy = (vm: Element): NamedPlace[] =>
  namesOf(vm, 'on').filter(({ name }, index, all) => all.findIndex((other) => other.name === name) === index);

/** The page or block size after a word, bytes. */
export function pageOf(element: Element, word: string, evaluator: Evaluator): bigint | undefined {
  const located = element.properties.get(word)?.[0];
  if (!located?.property.value) return undefined;
  return pageIn(evaluator.property(element, word), placeOf(located, located.property.value), evaluator);
}

/** The page size right after a keyword, as in `hugepages 1 GiB`, bytes. */
export function headPageOf(element: Element, evaluator: Evaluator): bigint | undefined {
  const { origin } = element;
  const { head } = origin.declaration;
  if (!head || !isExpression(head) || head.kind === 'missing') return undefined;
  return pageIn(evaluator.head(element), placeOf(origin, head), evaluator);
}

/** A value as a page or block size: a power of two, of at least 4 KiB. */
export function pageIn(value: Value, place: Place, evaluator: Evaluator): bigint | undefined {
  const bytes = evaluator.wantSize(value, place);
  if (bytes === undefined || (bytes >= 4096n && (bytes & (bytes - 1n)) === 0n)) return bytes;
  evaluator.report('value-range', place, 'a page size is a power of two of at least 4 KiB');
  return undefined;
}
