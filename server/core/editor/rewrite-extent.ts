import { baseOf, lengthOf } from '../layout/extents.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { isExpression, type Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import type { Origin, PlacedEdit } from '../layout/place.js';
import { withoutSpan } from '../rules/edits.js';
import { hasOwnLines } from '../syntax/comments.js';
import type { Binary, Expression, Extent, Property } from '../syntax/nodes.js';
import { lineEnd } from '../text/lines.js';
import type { Span } from '../text/span.js';
import { isLoose, isNumber } from './expression-text.js';

/** The three ways to write where something ends. */
export type ExtentForm = 'size' | '..' | '..=';

/** A rewrite of an extent into another form. */
export interface ExtentRewrite {
  readonly form: ExtentForm;
  readonly edits: readonly PlacedEdit[];
}

/** An end in two spellings: what is written, and what it comes to where it can be known. */
interface Written {
  readonly base: Expression;
  readonly baseText: string;
  /** The text of the size, of the half-open end and of the last byte. */
  readonly texts: Readonly<Record<ExtentForm, string>>;
}

/** The forms in which the extent of an element isn't written, each as an edit. Where all is a number, numbers are written; otherwise expressions. */
export function extentRewrites(element: Element, evaluator: Evaluator): ExtentRewrite[] {
  const at = ownProperty(element, 'at');
  const sized = ownProperty(element, 'size');
  const form = formOf(at, sized);
  const written = at && form && writtenOf(element, at, sized, evaluator);
  if (!at?.value || !form || !written) return [];
  return (['size', '..', '..='] as const).filter((other) => other !== form).map((other) => ({ form: other, edits: editsTo(other, form, element, at, sized, written) }));
}

function ownProperty(element: Element, word: string): Property | undefined {
  const located = element.properties.get(word)?.[0];
  return located?.item === element.origin.item ? located.property : undefined;
}

function formOf(at: Property | undefined, sized: Property | undefined): ExtentForm | undefined {
  if (at?.value?.kind === 'extent') return sized ? undefined : at.value.inclusive ? '..=' : '..';
  return at?.value && isExpression(at.value) && sized?.value ? 'size' : undefined;
}

function writtenOf(element: Element, at: Property, sized: Property | undefined, evaluator: Evaluator): Written | undefined {
  const { text } = element.origin.item;
  const value = at.value;
  if (value?.kind === 'extent') {
    const { base, bound, inclusive } = value;
    const end = inclusive ? stepped(bound, '+', text) : sourceOf(bound, text);
    const last = inclusive ? sourceOf(bound, text) : stepped(bound, '-', text);
    return writtenAs(base, [base, bound], { size: lengthText(value, end, text), '..': end, '..=': last }, element, evaluator);
  }
  const size = sized?.value;
  if (!value || !isExpression(value) || !size || !isExpression(size)) return undefined;
  const own = sourceOf(size, text);
  const end = `${sourceOf(value, text)} + ${factor(size, own)}`;
  const texts = isZero(value) ? { size: own, '..': own, '..=': stepped(size, '-', text) } : { size: own, '..': end, '..=': `${end} - 1` };
  return writtenAs(value, [value, size], texts, element, evaluator);
}

/** As these texts, or where all is a number in numbers. */
function writtenAs(base: Expression, all: readonly Expression[], texts: Written['texts'], element: Element, evaluator: Evaluator): Written | undefined {
  const chosen = all.every(isNumber) ? numbersOf(element, evaluator) : texts;
  return chosen && { base, baseText: sourceOf(base, element.origin.item.text), texts: chosen };
}

/** From the base to an end that is written `end`: `S` of `A .. A + S`. */
function lengthText({ base, bound, inclusive }: Extent, end: string, text: string): string {
  const baseText = sourceOf(base, text);
  const sum = inclusive ? lessOne(bound) : bound;
  if (sum?.kind === 'binary' && sum.operator.text === '+' && sourceOf(sum.left, text) === baseText) return withoutGroup(sum.right, text);
  return isZero(base) ? end : `${end} - ${factor(base, baseText)}`;
}

const sourceOf = ({ start, end }: Span, text: string): string => text.slice(start, end);

const withoutGroup = (node: Expression, text: string): string => sourceOf(node.kind === 'group' ? node.inner : node, text);

const isZero = (node: Expression): boolean => node.kind === 'integer' && node.value === 0n;

/** A term that may stand behind `+` and `-` as it is. */
const factor = (node: Expression, text: string): string => (node.kind === 'binary' ? `(${text})` : text);

/** `X` of `X - 1`. */
const lessOne = (node: Expression): Expression | undefined => (isStepped(node, '-') ? node.left : undefined);

const isStepped = (node: Expression, step: '+' | '-'): node is Binary =>
  node.kind === 'binary' && node.operator.text === step && node.right.kind === 'integer' && node.right.value === 1n;

/** `X + 1`, and `X` of `X - 1`. */
function stepped(node: Expression, step: '+' | '-', text: string): string {
  if (isStepped(node, step === '+' ? '-' : '+')) return sourceOf(node.left, text);
  const own = sourceOf(node, text);
  return `${isLoose(node) ? `(${own})` : own} ${step} 1`;
}

function numbersOf(element: Element, evaluator: Evaluator): Written['texts'] | undefined {
  const [base, length] = [baseOf(element, evaluator), lengthOf(element, evaluator)];
  if (base.type !== 'quantity' || length.type !== 'quantity') return undefined;
  const end = base.value + length.value;
  return { size: writeSize(length.value), '..': writeAddress(end), '..=': writeAddress(end - 1n) };
}

function editsTo(form: ExtentForm, was: ExtentForm, { origin }: Element, at: Property, sized: Property | undefined, { baseText, texts }: Written): PlacedEdit[] {
  const { path, item } = origin;
  const { start, end } = at.value ?? at;
  const newText = form === 'size' ? `${baseText} size ${texts.size}` : `${baseText} ${form} ${texts[form]}`;
  const edit = { path, item, start, end, newText };
  return was === 'size' && sized ? [edit, withoutProperty(sized, origin)] : [edit];
}

/** Takes a property away; a comment behind it keeps its line. */
function withoutProperty({ start, end }: Property, { path, item }: Origin): PlacedEdit {
  const behind = item.text.slice(end, lineEnd(item.text, end));
  return /\S/.test(behind) && hasOwnLines(item.text, { start, end })
    ? { path, item, start, end: end + behind.length - behind.replace(/^[\s;]*/, '').length, newText: '' }
    : withoutSpan({ path, item }, start, end);
}
