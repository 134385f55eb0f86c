import { formatRange } from '../layout/address.js';
import type { Context, Evaluator } from '../layout/evaluate.js';
import { rangeOfThing } from '../layout/functions.js';
import { display, type Value } from '../layout/values.js';
import type { Expression } from '../syntax/nodes.js';
import type { Candidate } from './policy-things.js';
import type { Requirement } from './requirements.js';

/** How a broken requirement is told: its source, what it is about, and the values that break it. */

export function breachMessage({ element, condition }: Requirement, chosen: readonly Candidate[], context: Context, evaluator: Evaluator): string {
  const sourceOf = (node: Expression): string => element.origin.item.text.slice(node.start, node.end).replaceAll(/\s+/g, ' ');
  const names = chosen.map(({ value: { thing } }) => `\`${thing.name || thing.kind}\``);
  const about = names.length > 0 ? ` for ${names.join(' and ')}` : '';
  const operands = operandsOf(condition, context, evaluator);
  const shown = new Map(operands.map((node) => [sourceOf(node), evaluator.evaluate(node, context)]));
  return `\`${sourceOf(condition)}\` is false${about}${valuesText([...shown])}`;
}

/** Values that one message has room for. */
const SHOWN_LIMIT = 4;

/** `: 50%`, or `: \`r.size\` is 4 GiB, \`LIMIT\` is 2 GiB` where there are several. */
function valuesText(shown: readonly (readonly [source: string, value: Value])[]): string {
  const [only] = shown;
  if (!only) return '';
  if (shown.length === 1) return only[1].type === 'truth' ? '' : `: ${valueText(only[1])}`;
  return `: ${shown.slice(0, SHOWN_LIMIT).map(([source, value]) => `\`${source}\` is ${valueText(value)}`).join(', ')}`;
}

function valueText(value: Value): string {
  const range = rangeOfThing(value);
  return range ? formatRange(range) : display(value);
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const LITERALS = new Set(['integer', 'decimal', 'percent', 'text', 'date', 'missing', 'skipped']);

/** The operands whose values decide, without those that are written out. */
function operandsOf(node: Expression, context: Context, evaluator: Evaluator): Expression[] {
  switch (node.kind) {
    case 'group':
      return operandsOf(node.inner, context, evaluator);
    case 'unary':
      return operandsOf(node.operand, context, evaluator);
    case 'binary':
      if (node.operator.text === 'and' || node.operator.text === 'or') return decisiveIn(node, context, evaluator);
      return COMPARISONS.has(node.operator.text) ? [node.left, node.right].filter(({ kind }) => !LITERALS.has(kind)) : [node];
    case 'call':
      return node.args.filter(({ kind }) => !LITERALS.has(kind));
    case 'reference':
      return [node];
    default:
      return [];
  }
}

/** Of `and` and `or` the sides that came out as the whole did. */
function decisiveIn(node: Expression & { kind: 'binary' }, context: Context, evaluator: Evaluator): Expression[] {
  const whole = evaluator.evaluate(node, context);
  const truthOf = (value: Value): boolean | undefined => (value.type === 'truth' ? value.truth : undefined);
  return [node.left, node.right]
    .filter((side) => truthOf(evaluator.evaluate(side, context)) === truthOf(whole))
    .flatMap((side) => operandsOf(side, context, evaluator));
}
