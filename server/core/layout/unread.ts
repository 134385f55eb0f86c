import { ADDRESS_SPACE } from './address.js';
import type { Element } from './elements.js';
import type { Evaluator } from './evaluate.js';
import { baseOf, lengthOf } from './extents.js';
import { placeOf } from './place.js';
import { isPresent } from './presence.js';
import { headPageOf, numberOf, pageOf, sizeOf, wordOf } from './properties.js';

/**
 * Evaluates what no reader of hosts and guests asks for, so that its problems are told, too: a value that nothing
 * depends on yet is no less wrong.
 */
export function evaluateAll(element: Element, evaluator: Evaluator): void {
  if (!isPresent(element, evaluator)) return;
  evaluateOwn(element, evaluator);
  for (const child of element.children) evaluateAll(child, evaluator);
}

type Read = (element: Element, evaluator: Evaluator) => unknown;

const numbers = (word: string, least: bigint, most: bigint): [string, Read] => [word, (element, evaluator) => numberOf(element, word, least, most, evaluator)];
const pages = (word: string): [string, Read] => [word, (element, evaluator) => pageOf(element, word, evaluator)];
const words = (word: string): [string, Read] => [word, (element, evaluator) => wordOf(element, word, evaluator)];

const READS: ReadonlyMap<string, Read> = new Map<string, Read>([
  numbers('node', 0n, 0xffffn),
  numbers('count', 0n, ADDRESS_SPACE),
  numbers('slots', 0n, 1n << 32n),
  numbers('bits', 1n, 64n),
  ...['granule', 'page', 'block', 'hugetlb', 'dax'].map(pages),
  ...['acs', 'bypass', 'mode', 'model', 'via', 'dma', 'kind', 'vmm', 'on-overlap', 'arch', 'contract'].map(words),
  ['at', baseOf],
  ['access', checkAccess],
]);

function evaluateOwn(element: Element, evaluator: Evaluator): void {
  const { properties, keyword } = element;
  if (keyword === 'const') evaluator.constant(element);
  if (keyword === 'hugepages') headPageOf(element, evaluator);
  if (properties.has('at') || keyword === 'bar') lengthOf(element, evaluator);
  else if (keyword === 'backing') sizeOf(element, 'size', evaluator);
  for (const word of properties.keys()) READS.get(word)?.(element, evaluator);
}

function checkAccess(element: Element, evaluator: Evaluator): void {
  const located = element.properties.get('access')?.[0];
  const value = located?.property.value;
  if (!located || value?.kind !== 'word') return;
  const place = placeOf(located, value);
  if (!/^(?=.)r?w?x?$/.test(value.text)) {
    evaluator.report('unknown-name', place, `\`${value.text}\` is no access; it is some of \`r\`, \`w\`, \`x\`, in this order`);
  } else if (element.keyword === 'map' && value.text === 'x') {
    evaluator.report('value-range', place, '`x` asks for neither read nor write: VFIO and iommufd refuse such a mapping with EINVAL');
  }
}
