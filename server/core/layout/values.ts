import { formatAddress, formatSize } from './address.js';

/**
 * What an expression comes to. `unknown` stands for a value that can't be known, after a problem that is told elsewhere
 * or for a fact the file leaves out; it silences the checks that depend on it, and only those.
 */
export type Value =
  | Quantity
  | { readonly type: 'ratio'; readonly numerator: bigint; readonly denominator: bigint }
  | { readonly type: 'truth'; readonly truth: boolean }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'version'; readonly parts: readonly number[] }
  | { readonly type: 'list'; readonly values: readonly Value[] }
  | { readonly type: 'thing'; readonly thing: Thing }
  | { readonly type: 'unknown' };

/** A whole number. A bare one takes the type its place wants; a size stands for an address counted from 0. */
export interface Quantity {
  readonly type: 'quantity';
  readonly value: bigint;
  readonly unit: 'bare' | 'size' | 'address';
}

/** Something with fields: a region, a host, a map … */
export interface Thing {
  /** Its kind, for messages: `ram`, `host`. */
  readonly kind: string;
  readonly name: string;
  /** The value of a field; nothing where it has none of that name. */
  field(name: string): Value | undefined;
  /** The names of its fields, for did-you-mean and completion. */
  readonly fields: readonly string[];
  /** What `m.coverage(2 MiB)` comes to; nothing where there is no such method. */
  method?(name: string, args: readonly Value[]): Value | Mismatch | undefined;
}

/** Why an operation makes no sense, in words. */
export interface Mismatch {
  readonly mismatch: string;
  readonly rule?: 'type-mismatch' | 'value-range';
}

export const UNKNOWN: Value = { type: 'unknown' };
export const truth = (value: boolean): Value => ({ type: 'truth', truth: value });
export const bare = (value: bigint): Value => ({ type: 'quantity', value, unit: 'bare' });
export const size = (value: bigint): Value => ({ type: 'quantity', value, unit: 'size' });
export const address = (value: bigint): Value => ({ type: 'quantity', value, unit: 'address' });
export const text = (value: string): Value => ({ type: 'text', text: value });
export const mismatch = (message: string): Mismatch => ({ mismatch: message });

export const isMismatch = (value: Value | Mismatch): value is Mismatch => 'mismatch' in value;

/** Numbers past this many bits are refused: no address needs them, and they would take memory. */
const BIT_LIMIT = 512n;

/** What a value is, in the words of the language. */
export function describe(value: Value): string {
  switch (value.type) {
    case 'quantity':
      return { bare: 'a number', size: 'a size', address: 'an address' }[value.unit];
    case 'ratio':
      return 'a share';
    case 'truth':
      return 'a truth value';
    case 'text':
      return 'a text';
    case 'version':
      return 'a version';
    case 'list':
      return 'a list';
    case 'thing':
      return `${/^[aeiou]/.test(value.thing.kind) ? 'an' : 'a'} \`${value.thing.kind}\``;
    case 'unknown':
      return 'unknown';
  }
}

/** A value as it is shown: sizes in units, addresses in hexadecimal. */
export function display(value: Value): string {
  switch (value.type) {
    case 'quantity':
      return value.unit === 'address' ? formatAddress(value.value) : value.unit === 'size' ? formatSize(value.value) : `${value.value}`;
    case 'ratio':
      return percentText(value.numerator, value.denominator);
    case 'truth':
      return `${value.truth}`;
    case 'text':
      return JSON.stringify(value.text);
    case 'version':
      return value.parts.join('.');
    case 'list':
      return value.values.map(display).join(', ');
    case 'thing':
      return `${value.thing.kind} ${value.thing.name}`;
    case 'unknown':
      return 'unknown';
  }
}

/** A share in percent, cut after two digits: `99.95%`. */
function percentText(numerator: bigint, denominator: bigint): string {
  const hundredths = (numerator * 10000n) / denominator;
  const fraction = (hundredths % 100n).toString().padStart(2, '0').replace(/0+$/, '');
  return `${hundredths / 100n}${fraction && `.${fraction}`}%`;
}

/** Applies an operator between two values that are both known. */
export function applyBinary(operator: string, left: Value, right: Value): Value | Mismatch {
  if (left.type === 'unknown' || right.type === 'unknown') return UNKNOWN;
  switch (operator) {
    case '==':
    case '!=':
      return equality(operator, left, right);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ordering(operator, left, right);
    default:
      return arithmetic(operator, left, right);
  }
}

function arithmetic(operator: string, left: Value, right: Value): Value | Mismatch {
  if (left.type !== 'quantity' || right.type !== 'quantity') {
    return mismatch(`\`${operator}\` works on numbers, not on ${describe(left.type === 'quantity' ? right : left)}`);
  }
  const unit = unitOf(operator, left, right);
  if (unit === undefined) return mismatch(`${describe(left)} ${operator} ${describe(right)} means nothing`);
  if (operator === '/' && right.value !== 0n && left.value % right.value !== 0n) return inexact(left, right);
  const value = compute(operator, left.value, right.value);
  if (typeof value !== 'bigint') return { mismatch: value.trouble, rule: 'value-range' };
  return { type: 'quantity', value, unit };
}

/** Nothing rounds: what doesn't come out whole is a share, or a mistake where it would be a size. */
function inexact(left: Quantity, right: Quantity): Value | Mismatch {
  if (left.unit === right.unit) return { type: 'ratio', ...positive(left.value, right.value) };
  return { mismatch: `${display(left)} / ${display(right)} is no whole number of bytes; \`align_down\` rounds`, rule: 'value-range' };
}

const positive = (numerator: bigint, denominator: bigint): { numerator: bigint; denominator: bigint } =>
  denominator < 0n ? { numerator: -numerator, denominator: -denominator } : { numerator, denominator };

type Unit = Quantity['unit'];

/** The unit of a result; nothing where the operation makes no sense (an address plus an address). */
function unitOf(operator: string, { unit: left }: Quantity, { unit: right }: Quantity): Unit | undefined {
  switch (operator) {
    case '+':
      if (left === 'address' && right === 'address') return undefined;
      return left === 'address' || right === 'address' ? 'address' : joined(left, right);
    case '-':
      if (left === 'address') return right === 'address' ? 'size' : 'address';
      return right === 'address' ? undefined : joined(left, right);
    case '*':
      return left === 'address' || right === 'address' || (left === 'size' && right === 'size') ? undefined : joined(left, right);
    case '/':
      if (right === 'address' || left === 'address') return undefined;
      return left === right ? 'bare' : left === 'size' ? 'size' : undefined;
    case '%':
      return right === 'address' ? undefined : left === 'bare' ? 'bare' : 'size';
    case '<<':
    case '>>':
      return right === 'bare' ? left : undefined;
    default:
      return left === 'address' || right === 'address' ? 'address' : joined(left, right);
  }
}

const joined = (left: Unit, right: Unit): Unit => (left === 'bare' ? right : left);

function compute(operator: string, left: bigint, right: bigint): bigint | { trouble: string } {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return limited(left * right);
    case '/':
      return right === 0n ? { trouble: 'division by zero' } : left / right;
    case '%':
      return right === 0n ? { trouble: 'division by zero' } : ((left % right) + right) % right;
    case '<<':
      return right < 0n || right > BIT_LIMIT ? { trouble: `a shift by ${right} bits` } : limited(left << right);
    case '>>':
      return right < 0n || right > BIT_LIMIT ? { trouble: `a shift by ${right} bits` } : left >> right;
    case '&':
      return left & right;
    default:
      return left | right;
  }
}

const limited = (value: bigint): bigint | { trouble: string } =>
  value >> BIT_LIMIT === 0n || value >> BIT_LIMIT === -1n ? value : { trouble: `a number past ${BIT_LIMIT} bits` };

function equality(operator: string, left: Value, right: Value): Value | Mismatch {
  const order = compare(left, right);
  if (order !== undefined) return truth((order === 0) === (operator === '=='));
  const same = sameUnordered(left, right);
  return same === undefined ? incomparable(left, right) : truth(same === (operator === '=='));
}

function sameUnordered(left: Value, right: Value): boolean | undefined {
  if (left.type === 'text' && right.type === 'text') return left.text === right.text;
  if (left.type === 'truth' && right.type === 'truth') return left.truth === right.truth;
  if (left.type === 'thing' && right.type === 'thing') return left.thing === right.thing;
  return undefined;
}

function ordering(operator: string, left: Value, right: Value): Value | Mismatch {
  const order = compare(left, right);
  if (order === undefined) return incomparable(left, right);
  return truth({ '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator] ?? false);
}

const incomparable = (left: Value, right: Value): Mismatch =>
  mismatch(describe(left) === describe(right) ? `${describe(left)} has no order` : `${describe(left)} can’t be compared with ${describe(right)}`);

/** Less than, equal to or more than 0; nothing where the two have no order. */
function compare(left: Value, right: Value): number | undefined {
  if (left.type === 'quantity' && right.type === 'quantity') {
    const apart = (left.unit === 'bare') !== (right.unit === 'bare') && left.value !== 0n && right.value !== 0n;
    return apart && (left.unit === 'size' || right.unit === 'size') ? undefined : sign(left.value - right.value);
  }
  if (left.type === 'version' && right.type === 'version') return compareParts(left.parts, right.parts);
  const first = fraction(left);
  const second = fraction(right);
  return first && second && sign(first.numerator * second.denominator - second.numerator * first.denominator);
}

/** A share, or a bare number that stands for one. */
function fraction(value: Value): { numerator: bigint; denominator: bigint } | undefined {
  if (value.type === 'ratio') return value;
  return value.type === 'quantity' && value.unit === 'bare' ? { numerator: value.value, denominator: 1n } : undefined;
}

const sign = (value: bigint): number => (value < 0n ? -1 : value > 0n ? 1 : 0);

function compareParts(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
