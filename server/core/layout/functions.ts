import { alignDown, alignUp } from './address.js';
import { contains, overlaps, type Range } from './intervals.js';
import { applyBinary, bare, describe, isMismatch, mismatch, size, truth, UNKNOWN, type Mismatch, type Quantity, type Value } from './values.js';

interface BuiltIn {
  readonly signature: string;
  readonly about: string;
  readonly least: number;
  readonly most: number;
  apply(args: readonly Value[]): Value | Mismatch;
}

/** The functions of the language, by name. */
export const FUNCTIONS: ReadonlyMap<string, BuiltIn> = new Map<string, BuiltIn>([
  ['if', fn('if(condition, then, otherwise)', 'One value or the other.', 3, 3, choose)],
  ['align_up', fn('align_up(x, block)', 'The next multiple of `block`.', 2, 2, (args) => align(args, alignUp))],
  ['align_down', fn('align_down(x, block)', 'The multiple of `block` at or below.', 2, 2, (args) => align(args, alignDown))],
  ['min', fn('min(a, b, …)', 'The least of its arguments.', 1, 64, (args) => extreme(args, '<'))],
  ['max', fn('max(a, b, …)', 'The greatest of its arguments.', 1, 64, (args) => extreme(args, '>'))],
  ['aligned', fn('aligned(x, block)', 'Whether a value, or both ends of a region, are multiples of `block`.', 2, 2, aligned)],
  ['overlaps', fn('overlaps(a, b)', 'Whether two regions share a byte.', 2, 2, (args) => onRanges(args, overlaps))],
  ['contains', fn('contains(a, b)', 'Whether region `b` lies in region `a`.', 2, 2, (args) => onRanges(args, contains))],
  ['distance', fn('distance(a, b)', 'Bytes between two regions; 0 where they meet.', 2, 2, distance)],
  ['count', fn('count(list)', 'How many there are.', 1, 1, count)],
  ['sum', fn('sum(list)', 'The sum of a list.', 1, 1, sum)],
  ['version', fn('version(6.6)', 'A kernel version, to compare with.', 1, 1, version)],
]);

export function callFunction(name: string, args: readonly Value[]): Value | Mismatch {
  const builtIn = FUNCTIONS.get(name);
  if (!builtIn) return UNKNOWN;
  if (args.length < builtIn.least || args.length > builtIn.most) return mismatch(`\`${builtIn.signature}\` takes ${builtIn.least === builtIn.most ? builtIn.least : `at least ${builtIn.least}`} argument${builtIn.least === 1 ? '' : 's'}, not ${args.length}`);
  if (name !== 'if' && args.some((argument) => argument.type === 'unknown')) return UNKNOWN;
  return builtIn.apply(args);
}

/** The bytes of a region, a reserved range or a map; nothing where they can't be known. */
export function rangeOfThing(value: Value): Range | undefined {
  if (value.type !== 'thing') return undefined;
  const base = value.thing.field('base');
  const length = value.thing.field('size');
  if (base?.type !== 'quantity' || length?.type !== 'quantity') return undefined;
  return { base: base.value, end: base.value + length.value };
}

function fn(signature: string, about: string, least: number, most: number, apply: (args: readonly Value[]) => Value | Mismatch): BuiltIn {
  return { signature, about, least, most, apply };
}

function choose([condition, then, otherwise]: readonly Value[]): Value | Mismatch {
  if (!condition || !then || !otherwise || condition.type === 'unknown') return UNKNOWN;
  return condition.type === 'truth' ? (condition.truth ? then : otherwise) : mismatch(`\`if\` asks for a condition, and this is ${describe(condition)}`);
}

function blockOf(value: Value | undefined): bigint | Mismatch {
  if (value?.type !== 'quantity' || value.unit === 'address') return mismatch(`expected a size to align to, found ${value ? describe(value) : 'nothing'}`);
  return value.value > 0n ? value.value : { mismatch: 'a block is at least 1 byte', rule: 'value-range' };
}

function align([value, block]: readonly Value[], to: (value: bigint, block: bigint) => bigint): Value | Mismatch {
  const bytes = blockOf(block);
  if (typeof bytes !== 'bigint') return bytes;
  if (value?.type !== 'quantity') return mismatch(`expected a number to align, found ${value ? describe(value) : 'nothing'}`);
  return { ...value, value: to(value.value, bytes) };
}

function aligned([value, block]: readonly Value[]): Value | Mismatch {
  const bytes = blockOf(block);
  if (typeof bytes !== 'bigint') return bytes;
  if (value?.type === 'quantity') return truth(value.value % bytes === 0n);
  if (value?.type !== 'thing') return mismatch(`expected an address or a region, found ${value ? describe(value) : 'nothing'}`);
  const range = rangeOfThing(value);
  return range ? truth(range.base % bytes === 0n && range.end % bytes === 0n) : UNKNOWN;
}

function extreme(args: readonly Value[], operator: '<' | '>'): Value | Mismatch {
  let best: Value = UNKNOWN;
  for (const value of args.length === 1 && args[0]?.type === 'list' ? args[0].values : args) {
    const better = best.type === 'unknown' ? truth(true) : applyBinary(operator, value, best);
    if (isMismatch(better)) return better;
    if (better.type === 'truth' && better.truth) best = value;
  }
  return best;
}

function onRanges([left, right]: readonly Value[], test: (left: Range, right: Range) => boolean): Value | Mismatch {
  for (const value of [left, right]) if (value?.type !== 'thing') return mismatch(`expected a region, found ${value ? describe(value) : 'nothing'}`);
  const first = left && rangeOfThing(left);
  const second = right && rangeOfThing(right);
  return first && second ? truth(test(first, second)) : UNKNOWN;
}

function distance([left, right]: readonly Value[]): Value | Mismatch {
  for (const value of [left, right]) if (value?.type !== 'thing') return mismatch(`expected a region, found ${value ? describe(value) : 'nothing'}`);
  const first = left && rangeOfThing(left);
  const second = right && rangeOfThing(right);
  if (!first || !second) return UNKNOWN;
  const gap = first.base < second.base ? second.base - first.end : first.base - second.end;
  return size(gap > 0n ? gap : 0n);
}

function count([list]: readonly Value[]): Value | Mismatch {
  if (list?.type === 'list') return bare(BigInt(list.values.length));
  return mismatch(`expected a list, found ${list ? describe(list) : 'nothing'}`);
}

function sum([list]: readonly Value[]): Value | Mismatch {
  if (list?.type !== 'list') return mismatch(`expected a list, found ${list ? describe(list) : 'nothing'}`);
  let total: Value | Mismatch = list.values.length > 0 ? bare(0n) : size(0n);
  for (const value of list.values) {
    if (isMismatch(total)) return total;
    total = applyBinary('+', total, value);
  }
  return total;
}

function version([value]: readonly Value[]): Value | Mismatch {
  if (value?.type === 'version') return value;
  if (value?.type === 'quantity' && value.unit === 'bare') return wholeVersion(value);
  return mismatch(`expected a version such as \`6.6\`, found ${value ? describe(value) : 'nothing'}`);
}

const wholeVersion = ({ value }: Quantity): Value => ({ type: 'version', parts: [Number(value)] });
