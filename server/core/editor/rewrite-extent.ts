import { baseOf, lengthOf } from '../layout/extents.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { isExpression, type Element } from '../layout/elements.js';
import { withoutSpan } from '../rules/edits.js';
import type { Expression, Property } from '../syntax/nodes.js';
import type { PlacedEdit } from '../layout/place.js';
import type { Evaluator } from '../layout/evaluate.js';

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
  const source = (node: Expression): string => text.slice(node.start, node.end);
  const value = at.value;
  if (value?.kind === 'extent') {
    const baseText = source(value.base);
    const numbers = isNumber(value.base) && isNumber(value.bound) ? numbersOf(element, evaluator) : undefined;
    if (isNumber(value.base) && isNumber(value.bound) && !numbers) return undefined;
    const bound = source(value.bound);
    const end = value.inclusive ? stepped(value.bound, '+', text) : bound;
    const last = value.inclusive ? bound : stepped(value.bound, '-', text);
    return { base: value.base, baseText, texts: numbers ?? { size: `${end} - ${factor(value.base, baseText)}`, '..': end, '..=': last } };
  }
  const size = sized?.value;
  if (!value || !isExpression(value) || !size || !isExpression(size)) return undefined;
  const baseText = source(value);
  const numbers = isNumber(value) && isNumber(size) ? numbersOf(element, evaluator) : undefined;
  if (isNumber(value) && isNumber(size) && !numbers) return undefined;
  const end = `${baseText} + ${factor(size, source(size))}`;
  return { base: value, baseText, texts: numbers ?? { size: source(size), '..': end, '..=': `${end} - 1` } };
}

const isNumber = ({ kind }: Expression): boolean => kind === 'integer';

/** A term that may stand behind `+` and `-` as it is. */
const factor = (node: Expression, text: string): string => (node.kind === 'binary' ? `(${text})` : text);

/** `X + 1`, and `X` of `X - 1`. */
function stepped(node: Expression, step: '+' | '-', text: string): string {
  const other = step === '+' ? '-' : '+';
  if (node.kind === 'binary' && node.operator.text === other && node.right.kind === 'integer' && node.right.value === 1n) return text.slice(node.left.start, node.left.end);
  const isLoose = node.kind === 'binary' && !['+', '-', '*', '/', '%'].includes(node.operator.text);
  const own = text.slice(node.start, node.end);
  return `${isLoose ? `(${own})` : own} ${step} 1`;
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
  return was === 'size' && sized ? [edit, withoutSpan({ path, item }, sized.start, sized.end)] : [edit];
}
