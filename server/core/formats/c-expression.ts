import { accept, expect, match, scan, ScanError, skipBlanks, type Scanned } from './scanner.js';

/**
 * Integer expressions of C, as device tree sources and Jailhouse configurations have them: 64 bits without a sign, no
 * side effects. What can't be known is told by its names.
 */
export type CValue = { readonly value: bigint; readonly end: number } | { readonly unknown: readonly string[]; readonly end: number };

export interface CSyntaxError {
  readonly message: string;
  /** Where in the text, counted from 0. */
  readonly at: number;
}

/** What a name stands for; nothing if nobody knows. */
export type CNames = (name: string) => bigint | undefined;

/** Parentheses and operators inside each other. */
const DEEPEST = 100;

const MASK = (1n << 64n) - 1n;

interface Reader extends Scanned {
  readonly names: CNames;
  readonly unknown: string[];
  depth: number;
}

/** Reads the expression that begins at `at`: one operand, or with `whole` as much as belongs together. */
export function readCExpression(text: string, at: number, names: CNames, reach: 'operand' | 'whole' = 'whole'): CValue | CSyntaxError {
  const reader: Reader = { text, at, names, unknown: [], depth: 0 };
  return scan(() => {
    const value = reach === 'whole' ? ternary(reader) : unary(reader);
    return reader.unknown.length > 0 ? { unknown: reader.unknown, end: reader.at } : { value, end: reader.at };
  }, ({ message, at }) => ({ message, at }));
}

function ternary(reader: Reader): bigint {
  const condition = binary(reader, 0);
  if (!accept(reader, '?')) return condition;
  const then = deeper(reader, ternary);
  expect(reader, ':');
  const otherwise = deeper(reader, ternary);
  return condition !== 0n ? then : otherwise;
}

/** Operators by how tightly they bind, the loosest first. */
const LEVELS: readonly (readonly (readonly [string, (left: bigint, right: bigint) => bigint])[])[] = [
  [['||', (left, right) => truth(left !== 0n || right !== 0n)]],
  [['&&', (left, right) => truth(left !== 0n && right !== 0n)]],
  [['|', (left, right) => left | right]],
  [['^', (left, right) => left ^ right]],
  [['&', (left, right) => left & right]],
  [['==', (left, right) => truth(left === right)], ['!=', (left, right) => truth(left !== right)]],
  [['<=', (left, right) => truth(left <= right)], ['>=', (left, right) => truth(left >= right)], ['<', (left, right) => truth(left < right)], ['>', (left, right) => truth(left > right)]],
  [['<<', (left, right) => (right > 63n ? 0n : left << right)], ['>>', (left, right) => (right > 63n ? 0n : left >> right)]],
  [['+', (left, right) => left + right], ['-', (left, right) => left - right]],
  [['*', (left, right) => left * right], ['/', (left, right) => left / right], ['%', (left, right) => left % right]],
];

const truth = (value: boolean): bigint => (value ? 1n : 0n);

function binary(reader: Reader, level: number): bigint {
  const operators = LEVELS[level];
  if (operators === undefined) return unary(reader);
  let left = binary(reader, level + 1);
  for (;;) {
    const start = skipBlanks(reader);
    const operator = operators.find(([sign]) => startsWithSign(reader, sign));
    if (!operator) return left;
    reader.at += operator[0].length;
    const right = binary(reader, level + 1);
    if ((operator[0] === '/' || operator[0] === '%') && right === 0n) {
      if (reader.unknown.length === 0) throw new ScanError('a division by zero', start);
      left = 0n;
    } else {
      left = operator[1](left, right) & MASK;
    }
  }
}

/** Whether the operator stands here, and not a longer one that begins with it. */
function startsWithSign({ text, at }: Reader, sign: string): boolean {
  if (!text.startsWith(sign, at)) return false;
  const next = text[at + sign.length] ?? '';
  if (sign === '<' || sign === '>') return next !== sign && next !== '=';
  return (sign !== '|' && sign !== '&') || next !== sign;
}

function unary(reader: Reader): bigint {
  skipBlanks(reader);
  const sign = reader.text[reader.at] ?? '';
  if (sign === '(') return parenthesized(reader);
  if (sign !== '' && '-~!+'.includes(sign)) {
    reader.at += 1;
    const value = deeper(reader, unary);
    if (sign === '-') return -value & MASK;
    if (sign === '~') return ~value & MASK;
    return sign === '!' ? truth(value === 0n) : value;
  }
  return operand(reader);
}

const CAST = /\((?:__?)?(?:u|s)(?:8|16|32|64)\)|\((?:unsigned |signed )?(?:long|int|char|short)(?: long)?(?: int)?\)/y;

function parenthesized(reader: Reader): bigint {
  if (match(reader, CAST)) return deeper(reader, unary);
  reader.at += 1;
  const value = deeper(reader, ternary);
  expect(reader, ')');
  return value;
}

const NUMBER = /0[xX][0-9a-fA-F]+|0[bB][01]+|\d+/y;
const SUFFIX = /[uUlL]{0,3}/y;
const NAME = /[A-Za-z_]\w*/y;
const CHARACTER = /'(?:\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)|[^'\\\n])'/y;

function operand(reader: Reader): bigint {
  const number = match(reader, NUMBER)?.[0];
  if (number !== undefined) {
    match(reader, SUFFIX);
    if (/^\w/.test(reader.text.slice(reader.at, reader.at + 1))) throw new ScanError('a number with letters behind it', reader.at);
    return numberOf(reader, number);
  }
  const character = match(reader, CHARACTER)?.[0];
  if (character !== undefined) return BigInt(characterCode(character.slice(1, -1)));
  const name = match(reader, NAME)?.[0];
  if (name === undefined) throw new ScanError('expected a number', reader.at);
  return valueOfName(reader, name);
}

function numberOf(reader: Reader, digits: string): bigint {
  if (digits.length > 70) throw new ScanError('a number past 2^64', reader.at);
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits)) throw new ScanError(`${digits} is no octal number`, reader.at);
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value > MASK) throw new ScanError(`${digits} is past 2^64`, reader.at);
  return value;
}

/** The value of a name; of one that nobody knows, with the arguments behind it, 0 for now. */
function valueOfName(reader: Reader, name: string): bigint {
  const value = reader.names(name);
  if (value !== undefined) return value & MASK;
  reader.unknown.push(name);
  skipBlanks(reader);
  if (reader.text[reader.at] === '(') skipParentheses(reader);
  return 0n;
}

function skipParentheses(reader: Reader): void {
  const start = reader.at;
  let open = 0;
  for (; reader.at < reader.text.length; reader.at += 1) {
    const character = reader.text[reader.at];
    if (character === '(') open += 1;
    if (character === ')') open -= 1;
    if (open === 0) break;
  }
  if (open > 0) throw new ScanError('a parenthesis that isn’t closed', start);
  reader.at += 1;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 };

/** The byte that a character of a literal stands for, its backslash included. */
export function characterCode(text: string): number {
  if (!text.startsWith('\\')) return text.charCodeAt(0) & 0xff;
  if (/^\\x/.test(text)) return Number.parseInt(text.slice(2), 16) & 0xff;
  if (/^\\[0-7]/.test(text)) return Number.parseInt(text.slice(1), 8) & 0xff;
  return ESCAPES[text.slice(1)] ?? text.charCodeAt(1) & 0xff;
}

function deeper(reader: Reader, read: (reader: Reader) => bigint): bigint {
  reader.depth += 1;
  if (reader.depth > DEEPEST) throw new ScanError(`an expression more than ${DEEPEST} deep`, reader.at);
  const value = read(reader);
  reader.depth -= 1;
  return value;
}
