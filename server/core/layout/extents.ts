import type { Expression, Extent } from '../syntax/nodes.js';
import { rangeSlip } from '../syntax/slips.js';
import { MAPPABLE_KEYWORDS } from '../syntax/vocabulary.js';
import { ADDRESS_SPACE } from './address.js';
import { didYouMean } from './did-you-mean.js';
import { childrenNamed, isExpression, kindText, pathText, type Element, type LocatedProperty } from './elements.js';
import type { Evaluator } from './evaluate.js';
import { placeOf } from './place.js';
import { address, describe, size, UNKNOWN, type Value } from './values.js';

/** The first address of what has an extent; `unknown` where the file doesn't say or says it wrong. */
export function baseOf(element: Element, evaluator: Evaluator): Value {
  const at = atOf(element);
  if (!at) return element.keyword === 'map' ? mapBase(element, evaluator) : UNKNOWN;
  const node = at.extent?.base ?? at.expression;
  if (!node || rangeSlip(at.expression)) return UNKNOWN;
  return evaluator.once(element, '@base', () => {
    const value = evaluator.evaluate(node, { origin: at.located, element });
    const base = evaluator.wantAddress(value, placeOf(at.located, node));
    return base === undefined ? UNKNOWN : address(base);
  });
}

/** Bytes of what has an extent. */
export function lengthOf(element: Element, evaluator: Evaluator): Value {
  const at = atOf(element);
  const located = element.properties.get('size')?.[0];
  return evaluator.once(element, '@size', () => {
    if (at?.extent) return extentLength(element, at.located, at.extent, evaluator, located);
    if (located?.property.value && isExpression(located.property.value)) return writtenLength(element, located, located.property.value, evaluator);
    if (element.keyword === 'bar') return barLength(element, evaluator);
    const anchor = element.keyword === 'map' ? 'to' : 'alias';
    return element.properties.has(anchor) ? anchoredLength(element, anchor, evaluator) : UNKNOWN;
  });
}

/** The region or backing that `to`, `alias` or `from` names, and the offset in it, in bytes. */
export interface Anchor {
  readonly element: Element;
  /** In bytes, 0 where none is written; `undefined` where it can't be known. */
  readonly offset: bigint | undefined;
  /** Whether an offset is written. */
  readonly explicit: boolean;
  readonly located: LocatedProperty;
}

/** Reads `low`, `low + 1 GiB` after a word such as `to`; nothing where there is none or it names nothing. */
export function anchorOf(element: Element, word: string, kinds: ReadonlySet<string>, evaluator: Evaluator): Anchor | undefined {
  const located = element.properties.get(word)?.[0];
  const value = located?.property.value;
  if (!located || !value || !isExpression(value) || value.kind === 'missing') return undefined;
  const terms: { negative: boolean; node: Expression }[] = [];
  let node: Expression = value;
  while (node.kind === 'binary' && (node.operator.text === '+' || node.operator.text === '-')) {
    terms.push({ negative: node.operator.text === '-', node: node.right });
    node = node.left;
  }
  const target = namedElement(node, located, element, kinds, evaluator);
  if (!target) return undefined;
  let offset: bigint | undefined = 0n;
  for (const term of terms) {
    const part = evaluator.evaluate(term.node, { origin: located, element });
    const bytes = part.type === 'quantity' && part.unit !== 'address' ? part.value : undefined;
    if (bytes === undefined && part.type !== 'unknown') {
      evaluator.report('type-mismatch', placeOf(located, term.node), 'an offset is a size');
    }
    offset = offset === undefined || bytes === undefined ? undefined : term.negative ? offset - bytes : offset + bytes;
  }
  if (offset !== undefined && offset < 0n) {
    evaluator.report('value-range', placeOf(located, value), 'the offset is below 0');
    offset = undefined;
  }
  return { element: target, offset, explicit: terms.length > 0, located };
}

function namedElement(
  node: Expression,
  located: LocatedProperty,
  element: Element,
  kinds: ReadonlySet<string>,
  evaluator: Evaluator,
): Element | undefined {
  const list = (): string => [...kinds].join(' or ');
  if (node.kind !== 'reference' || node.path[0]?.kind !== 'word') {
    if (node.kind !== 'missing' && node.kind !== 'skipped') evaluator.report('type-mismatch', placeOf(located, node), `expected the name of a ${list()}`);
    return undefined;
  }
  const { text } = node.path[0];
  const context = { origin: located, element };
  // A BAR is called by its path, `gpu.0`.
  const path = pathText(node);
  const named = element.parent && childrenNamed(element.parent, path).find(({ keyword }) => kinds.has(keyword));
  const found = named ?? evaluator.find(text, context);
  if (!found) {
    evaluator.evaluate(node, context);
    return undefined;
  }
  if (kinds.has(found.keyword)) return found;
  evaluator.report('type-mismatch', placeOf(located, node), `\`${found.name}\` is ${kindText(found)}, not a ${list()}`);
  return undefined;
}

function atOf(element: Element): { located: LocatedProperty; extent?: Extent; expression?: Expression } | undefined {
  const located = element.properties.get('at')?.[0];
  const value = located?.property.value;
  if (!located || !value) return undefined;
  if (value.kind === 'extent') return { located, extent: value };
  return isExpression(value) ? { located, expression: value } : undefined;
}

function extentLength(element: Element, located: LocatedProperty, extent: Extent, evaluator: Evaluator, sized: LocatedProperty | undefined): Value {
  if (sized) evaluator.report('type-mismatch', placeOf(sized, sized.property), 'the size is given twice: here, and by the end after `at`');
  const base = baseOf(element, evaluator);
  const value = evaluator.evaluate(extent.bound, { origin: located, element });
  const place = placeOf(located, extent.bound);
  if (value.type !== 'quantity' && value.type !== 'unknown') evaluator.report('type-mismatch', place, `expected an address, found ${describe(value)}`);
  if (base.type !== 'quantity' || value.type !== 'quantity') return UNKNOWN;
  const end = value.value + (extent.inclusive ? 1n : 0n);
  if (end > base.value && end <= ADDRESS_SPACE) return size(end - base.value);
  const why = end > base.value ? `\`${element.name}\` ends past 2^64` : 'the range ends before it begins';
  evaluator.report('value-range', place, why);
  return UNKNOWN;
}

function writtenLength(element: Element, located: LocatedProperty, node: Expression, evaluator: Evaluator): Value {
  const value = evaluator.evaluate(node, { origin: located, element });
  const bytes = evaluator.wantSize(value, placeOf(located, node));
  return bytes === undefined ? UNKNOWN : size(bytes);
}

/** A BAR is as large as its device says: `bar gpu.0` takes the size of `bar 0` of `device gpu`. */
function barLength(element: Element, evaluator: Evaluator): Value {
  const [device, number] = element.name.split('.');
  if (number === undefined) return UNKNOWN;
  const devices = evaluator.host?.children.flatMap((child) => (child.keyword === 'group' ? child.children : [child])) ?? [];
  const owner = devices.find((child) => child.keyword === 'device' && child.name === device);
  const declared = owner && barSizes(owner, evaluator).find((bar) => bar.number === number);
  if (declared) return declared.size;
  if (evaluator.host) reportNoBar(element, owner, devices, evaluator);
  return UNKNOWN;
}

function reportNoBar(element: Element, owner: Element | undefined, devices: readonly Element[], evaluator: Evaluator): void {
  const [device = '', number = ''] = element.name.split('.');
  const place = placeOf(element.origin, element.nameSpan);
  if (owner) return evaluator.report('unknown-name', place, `device \`${device}\` has no \`bar ${number}\` with a size`);
  const names = devices.filter(({ keyword }) => keyword === 'device').map(({ name }) => name);
  const { start } = element.nameSpan;
  const { hint, more } = didYouMean(device, names, { start, end: start + device.length });
  evaluator.report('unknown-name', place, `host \`${evaluator.host?.name}\` has no device \`${device}\`${hint}`, more);
}

/** The BARs that a device declares, with their sizes: on its line, `bar 0 size 16 MiB`, or in its block. */
export function barSizes(owner: Element, evaluator: Evaluator): { readonly number: string; readonly size: Value }[] {
  const declared = owner.children
    .filter(({ keyword }) => keyword === 'bar')
    .map((child) => ({ number: child.name, size: lengthOf(child, evaluator) }));
  const inline = inlineBars(owner).map(({ number, located, expression }) => ({
    number,
    size: evaluator.evaluate(expression, { origin: located, element: owner }),
  }));
  return [...declared, ...inline];
}

interface InlineBar {
  readonly number: string;
  readonly located: LocatedProperty;
  readonly expression: Expression;
}

/** `bar 0 size 16 MiB` on the line of its device: the size that follows the bar. */
function inlineBars(owner: Element): InlineBar[] {
  const { properties } = owner.origin.declaration;
  return properties.flatMap((property, index) => {
    if (property.kind !== 'property' || property.word.text !== 'bar' || property.value?.kind !== 'integer') return [];
    const next = properties[index + 1];
    if (next?.kind !== 'property' || next.word.text !== 'size' || !next.value || !isExpression(next.value)) return [];
    return [{ number: `${property.value.value}`, located: { ...owner.origin, property: next }, expression: next.value }];
  });
}

const REGIONS: ReadonlySet<string> = new Set(['ram', 'rom', 'mmio', 'bar', 'window', 'hole']);

/** Without `at`, a map is at its region's address, moved by the offset. */
function mapBase(element: Element, evaluator: Evaluator): Value {
  return evaluator.once(element, '@base', () => {
    const anchor = anchorOf(element, 'to', MAPPABLE_KEYWORDS, evaluator);
    const base = anchor ? baseOf(anchor.element, evaluator) : UNKNOWN;
    return base.type === 'quantity' && anchor?.offset !== undefined ? address(base.value + anchor.offset) : UNKNOWN;
  });
}

/** Without `size`, a map or an alias takes what is left of the region from the offset on. */
function anchoredLength(element: Element, word: string, evaluator: Evaluator): Value {
  const anchor = anchorOf(element, word, word === 'to' ? MAPPABLE_KEYWORDS : REGIONS, evaluator);
  const whole = anchor ? lengthOf(anchor.element, evaluator) : UNKNOWN;
  if (whole.type !== 'quantity' || anchor?.offset === undefined) return UNKNOWN;
  return whole.value > anchor.offset ? size(whole.value - anchor.offset) : UNKNOWN;
}
