import type { Span } from '../text/span.js';
import type {
  Binary,
  Block,
  Call,
  Decimal,
  Declaration,
  Expression,
  Group,
  Integer,
  Member,
  Missing,
  Percent,
  Property,
  PropertyValue,
  Reference,
  Skipped,
  Text,
  Unary,
  Word,
} from './nodes.js';
import { DECLARATIONS } from './vocabulary.js';

/**
 * Makes the nodes for the grammar's actions. Every function here is pure: a PEG backtracks, and may run an action whose
 * node nobody keeps.
 */

/** Operators of an expression and how tightly they bind; `not` stands between comparison and `and`. */
const BINDING: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  '==': 4,
  '!=': 4,
  '<=': 4,
  '>=': 4,
  '<': 4,
  '>': 4,
  '|': 5,
  '&': 6,
  '<<': 7,
  '>>': 7,
  '+': 8,
  '-': 8,
  '*': 9,
  '/': 9,
  '%': 9,
};
const NOT_BINDING = 3;

/** Operators one expression may have; more is told as damage, so that no walk over the tree runs out of stack. */
export const OPERATOR_LIMIT = 500;

/** Parentheses and braces that may be open at once. */
export const DEPTH_LIMIT = 100;

/** Digits one number may have. */
const DIGIT_LIMIT = 100;

/** An operand with the prefix operators before it, and the operator that joins it to what came before. */
export interface Operand {
  readonly joined?: Word;
  readonly prefixes: readonly Word[];
  readonly value: Expression;
}

const NO_PREFIXES: readonly Word[] = [];

export const operand = (value: Expression): Operand => ({ prefixes: NO_PREFIXES, value });

/** An operand with the operator that joins it to what came before. */
export const joined = (operator: Word, { prefixes, value }: Operand): Operand => ({ joined: operator, prefixes, value });

/** The tree of an operand and of those that operators join to it. */
export const operation = (first: Operand, rest: readonly Operand[]): Expression =>
  rest.length === 0 && first.prefixes.length === 0 ? first.value : climbed([first, ...rest]);

/** Builds the tree of `a + b * c …` by precedence climbing. */
function climbed(operands: readonly Operand[]): Expression {
  const operators = operands.reduce((count, operand) => count + operand.prefixes.length + (operand.joined ? 1 : 0), 0);
  if (operators > OPERATOR_LIMIT) return tooLong(operands);
  let next = 0;
  return climb(0);

  function climb(least: number): Expression {
    let left = operandAt(operands[next], 0);
    for (;;) {
      const operator = operands[next]?.joined;
      const binding = operator ? BINDING[operator.text] ?? 0 : 0;
      if (!operator || binding <= least) return left;
      left = binary(operator, left, climb(binding));
    }
  }

  function operandAt(operand: Operand | undefined, skip: number): Expression {
    const prefix = operand?.prefixes[skip];
    if (!operand) return missing(0, 'a value');
    if (prefix?.text === 'not') {
      const inner = notOperand(operand, skip + 1);
      return unary(prefix, inner);
    }
    if (prefix) return unary(prefix, tight(operand, skip + 1));
    next++;
    return operand.value;
  }

  /** `~~a`: binds tighter than every operator. */
  function tight(operand: Operand, skip: number): Expression {
    const prefix = operand.prefixes[skip];
    if (prefix) return unary(prefix, tight(operand, skip + 1));
    next++;
    return operand.value;
  }

  /** `not a < b`: takes the whole comparison. */
  function notOperand(operand: Operand, skip: number): Expression {
    let left = operandAt(operand, skip);
    for (;;) {
      const operator = operands[next]?.joined;
      const binding = operator ? BINDING[operator.text] ?? 0 : 0;
      if (!operator || binding <= NOT_BINDING) return left;
      left = binary(operator, left, climb(binding));
    }
  }
}

function tooLong(operands: readonly Operand[]): Skipped {
  const first = operands[0];
  const start = first?.prefixes[0]?.start ?? first?.value.start ?? 0;
  return { kind: 'skipped', start, end: operands.at(-1)?.value.end ?? start, text: '', reason: 'too-long' };
}

const unary = (operator: Word, operand: Expression): Unary => ({
  kind: 'unary',
  start: operator.start,
  end: operand.end,
  operator,
  operand,
});

const binary = (operator: Word, left: Expression, right: Expression): Binary => ({
  kind: 'binary',
  start: left.start,
  end: right.end,
  operator,
  left,
  right,
});

export const word = (text: string, start: number): Word => ({
  kind: 'word',
  start,
  end: start + text.length,
  text,
});

export const missing = (at: number, expected: string, after?: string): Missing => ({
  kind: 'missing',
  start: at,
  end: at,
  expected,
  ...(after !== undefined && { after }),
});

export const skipped = (text: string, start: number, reason: Skipped['reason']): Skipped => ({
  kind: 'skipped',
  start,
  end: start + text.length,
  text,
  reason,
});

/** Drops what is absent, so that optional fields are absent and not `undefined`. */
export function declaration(
  start: number,
  doc: string | null,
  keyword: Word,
  found: { name?: Word | Missing; value?: PropertyValue | null } | null,
  properties: readonly (Property | Skipped | Missing)[],
  block: Block | null,
): Declaration {
  const head = found ?? missingHead(keyword);
  const last = block ?? properties.at(-1) ?? head.value ?? head.name ?? keyword;
  const end = Math.max(last.end, head.name?.end ?? 0, keyword.end);
  const node: { -readonly [Field in keyof Declaration]: Declaration[Field] } = { kind: 'declaration', start, end, keyword, properties };
  if (doc) node.doc = doc;
  if (head.name) node.name = head.name;
  if (head.value) node.head = head.value;
  if (block) node.block = block;
  return node;
}

/** What a keyword stands without, as damage. */
function missingHead(keyword: Word): { name?: Missing; value?: Missing } {
  const word = DECLARATIONS[keyword.text];
  const absent = missing(keyword.end, word?.expected ?? 'a name', keyword.text);
  return word && ['name', 'label', 'device', 'constant'].includes(word.head) ? { name: absent } : { value: absent };
}

export const property = (word: Word, value: PropertyValue | null): Property =>
  value
    ? { kind: 'property', start: word.start, end: Math.max(value.end, word.end), word, value }
    : { kind: 'property', start: word.start, end: word.end, word };

export const block = (span: Span, members: readonly (Member | readonly Member[])[], closed: boolean): Block => ({
  kind: 'block',
  start: span.start,
  end: span.end,
  members: flat(members),
  closed,
});

/** `members.flat()`, which takes a tenth of all parsing. */
function flat(members: readonly (Member | readonly Member[])[]): Member[] {
  const all: Member[] = [];
  for (const member of members) {
    if ('kind' in member) all.push(member);
    else all.push(...member);
  }
  return all;
}

export const reference = (path: readonly (Word | Missing)[]): Reference => ({
  kind: 'reference',
  start: path[0]?.start ?? 0,
  end: path.at(-1)?.end ?? 0,
  path,
});

export const call = (callee: Reference, args: readonly Expression[], end: number, closed: boolean): Call => ({
  kind: 'call',
  start: callee.start,
  end,
  callee,
  args,
  closed,
});

export const group = (start: number, inner: Expression, end: number, closed: boolean): Group => ({
  kind: 'group',
  start,
  end,
  inner,
  closed,
});

const UNIT_SHIFT: Readonly<Record<string, bigint>> = {
  B: 0n,
  KiB: 10n,
  MiB: 20n,
  GiB: 30n,
  TiB: 40n,
  PiB: 50n,
  EiB: 60n,
};

/** The exact unit behind a loose spelling: `G`, `g`, `Gi`, `GB` are all read as `GiB`. */
const exactUnit = (loose: string): string => (/^b$/i.test(loose) ? 'B' : `${(loose[0] ?? '').toUpperCase()}iB`);

/** `0x8_0000`, `16 GiB`, `3.5 GiB`, `4G`; `unit` is as written. */
export function integer(start: number, end: number, digits: string, unit: string | null): Integer | Skipped {
  if (digits.length > DIGIT_LIMIT) {
    return { kind: 'skipped', start, end, text: digits, reason: 'too-long' };
  }
  if (unit === null) return { kind: 'integer', start, end, value: wholeNumber(digits) };
  const exact = unit in UNIT_SHIFT ? unit : exactUnit(unit);
  const value = scaled(digits, UNIT_SHIFT[exact] ?? 0n);
  if (exact === unit) return { kind: 'integer', start, end, value, unit };
  return { kind: 'integer', start, end, value, unit: exact, exact: `${digits} ${exact}` };
}

const wholeNumber = (digits: string): bigint => BigInt(digits.replaceAll('_', ''));

/** `digits · 2^shift`, or nothing where that isn't whole. */
function scaled(digits: string, shift: bigint): bigint | undefined {
  const point = digits.startsWith('0x') ? -1 : digits.indexOf('.');
  if (point < 0) return wholeNumber(digits) << shift;
  const fraction = digits.slice(point + 1).replaceAll('_', '');
  const scale = 10n ** BigInt(fraction.length);
  const numerator = BigInt(digits.slice(0, point).replaceAll('_', '') + fraction) << shift;
  return numerator % scale === 0n ? numerator / scale : undefined;
}

export const decimal = (start: number, text: string): Decimal => ({
  kind: 'decimal',
  start,
  end: start + text.length,
  text,
});

export function percent(start: number, text: string): Percent {
  const [whole = '0', fraction = ''] = text.slice(0, -1).replaceAll('_', '').slice(0, DIGIT_LIMIT).split('.');
  return {
    kind: 'percent',
    start,
    end: start + text.length,
    numerator: BigInt(whole + fraction),
    denominator: 100n * 10n ** BigInt(fraction.length),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\', '0': '\0' };

/** A string as written between its quotes; escapes are `\" \\ \n \t \r \0` and `\u{1F4A1}`. */
export function text(raw: string, start: number, end: number, closed: boolean): Text {
  const badEscapes: Word[] = [];
  if (!raw.includes('\\')) return { kind: 'text', start, end, value: raw, closed, badEscapes };
  const value = raw.replace(/\\(u\{([0-9a-fA-F]{1,6})\}|[^]|$)/g, (whole, escape: string, code: string | undefined, at: number) => {
    const meant = code === undefined ? ESCAPES[escape] : codePoint(code);
    if (meant === undefined) badEscapes.push(word(whole, start + 1 + at));
    return meant ?? whole;
  });
  return { kind: 'text', start, end, value, closed, badEscapes };
}

function codePoint(hexadecimal: string): string | undefined {
  const code = Number.parseInt(hexadecimal, 16);
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : undefined;
}
