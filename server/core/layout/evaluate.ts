import { textOf, type Binary, type Call, type Expression, type Missing, type Reference, type Unary, type Word } from '../syntax/nodes.js';
import { isChain } from '../syntax/problems.js';
import type { Span } from '../text/span.js';
import { ADDRESS_SPACE } from './address.js';
import { didYouMean, shareMeant } from './did-you-mean.js';
import { childrenNamed, isExpression, makeElement, type Element } from './elements.js';
import { callFunction, FUNCTIONS } from './functions.js';
import { Likes } from './likes.js';
import type { Lookup } from './lookup.js';
import { placeOf, type Origin } from './place.js';
import { presence } from './presence.js';
import type { LanguageRule, Problem } from './problem.js';
import { ProblemLog } from './problem-log.js';
import type { Source } from './scope.js';
import { thingOf } from './things.js';
import { reportNoField, reportUnknownName } from './unknown-names.js';
import {
  applyBinary,
  bare,
  describe,
  isMismatch,
  size,
  text,
  truth,
  UNKNOWN,
  type Mismatch,
  type Thing,
  type Value,
} from './values.js';

/** Where an expression stands: which file its names come from, and from which element they are looked up. */
export interface Context {
  readonly origin: Origin;
  readonly element: Element | undefined;
  /** Names that a policy binds (`for r in ram`). */
  readonly bindings?: ReadonlyMap<string, Value>;
}

/** Expressions that may wait for each other's values, so that no chain of definitions runs out of stack. */
const DEPTH_LIMIT = 600;
const TOO_DEEP = 'too many definitions lead from one to the next here';

/**
 * Evaluates the expressions of one analysis: each property once, on demand, so that the order of declarations means
 * nothing. Problems are gathered at the place that caused them, and the value is then `unknown`.
 */
export class Evaluator extends ProblemLog {
  readonly lookup: Lookup;
  /** The host that `host.` stands for. */
  host: Element | undefined;
  /** Whether any value asked for it. */
  hostAsked = false;
  readonly #values = new Map<Element, Map<string, Value | 'running'>>();
  readonly #tops = new Map<unknown, Element>();
  readonly #making = new Set<unknown>();
  readonly #things = new Map<Element, Thing>();
  readonly #likes = new Likes(this);
  #depth = 0;

  constructor(lookup: Lookup) {
    super();
    this.lookup = lookup;
  }

  /** The element of a top-level declaration. */
  elementOf(source: Source): Element {
    const known = this.#tops.get(source.declaration);
    if (known) return known;
    this.#making.add(source.declaration);
    const element = makeElement(source, undefined, (from, like) => this.#likes.baseOf(from, like));
    this.#making.delete(source.declaration);
    this.#tops.set(source.declaration, element);
    return element;
  }

  /** Whether the element of a top-level declaration is being made: what stands in it can't be like it. */
  isMaking({ declaration }: Source): boolean {
    return this.#making.has(declaration);
  }

  /** Takes over a top-level element that another evaluator has read, with the problems it found there; not twice. */
  adopt(element: Element, problems: readonly Problem[]): void {
    if (this.#tops.has(element.origin.declaration)) return;
    this.#tops.set(element.origin.declaration, element);
    this.problems.push(...problems);
  }

  /** The value of a property that holds an expression; `unknown` where it is absent or can't be known. */
  property(element: Element, word: string): Value {
    const located = element.properties.get(word)?.[0];
    const value = located?.property.value;
    if (!located || !value) return UNKNOWN;
    if (value.kind === 'word') return text(value.text);
    if (!isExpression(value)) return UNKNOWN;
    return this.once(element, word, () => this.evaluate(value, { origin: located, element }));
  }

  /** The value of a `const`; `unknown` where it is open. */
  constant(element: Element): Value {
    const { head } = element.origin.declaration;
    if (!head || !isExpression(head)) return UNKNOWN;
    return this.once(element, 'value', () => this.evaluate(head, { origin: element.origin, element: element.parent }));
  }

  /** The value right after the keyword of an element, as in `hugepages 1 GiB`. */
  head(element: Element): Value {
    const { origin, parent } = element;
    const { head } = origin.declaration;
    if (!head || !isExpression(head)) return UNKNOWN;
    return this.once(element, '@head', () => this.evaluate(head, { origin, element: parent }));
  }

  /** Runs a computation once for an element and remembers its value; asking for it while it runs is a cycle. */
  once(element: Element, what: string, compute: () => Value): Value {
    let values = this.#values.get(element);
    if (!values) this.#values.set(element, (values = new Map()));
    const known = values.get(what);
    if (known === 'running') {
      this.report('cycle', placeOf(element.origin, element.nameSpan), `\`${element.name || element.keyword}\` is defined by itself`);
      return UNKNOWN;
    }
    if (known) return known;
    values.set(what, 'running');
    this.#depth++;
    const value = compute();
    this.#depth--;
    values.set(what, value);
    return value;
  }

  evaluate(expression: Expression, context: Context): Value {
    if (this.#depth >= DEPTH_LIMIT) return this.#fail('value-range', expression, context, TOO_DEEP);
    this.#depth++;
    const value = this.#evaluate(expression, context);
    this.#depth--;
    return value;
  }

  #evaluate(expression: Expression, context: Context): Value {
    switch (expression.kind) {
      case 'integer':
        if (expression.value === undefined) return this.#fail('value-range', expression, context, 'this is no whole number of bytes');
        return expression.unit === undefined ? bare(expression.value) : size(expression.value);
      case 'decimal':
        return { type: 'version', parts: expression.text.split('.').map((part) => Number(part.replaceAll('_', ''))) };
      case 'percent':
        return { type: 'ratio', numerator: expression.numerator, denominator: expression.denominator };
      case 'text':
        return text(expression.value);
      case 'reference':
        return this.#reference(expression, context);
      case 'call':
        return this.#call(expression, context);
      case 'group':
        return this.evaluate(expression.inner, context);
      case 'unary':
        return this.#unary(expression, context);
      case 'binary':
        return this.#binary(expression, context);
      default:
        return UNKNOWN;
    }
  }

  /** What a name means from an element outwards, then at the top of the file and in its imports. */
  find(name: string, context: Context): Element | undefined {
    for (let element = context.element; element; element = element.parent) {
      const child = this.child(element, name);
      if (child) return child;
    }
    const source = this.lookup.find(context.origin.path, name);
    const top = source && this.elementOf(source);
    return top && presence(top, this) !== false ? top : undefined;
  }

  /** A child by its name: regions, backings and constants before maps, so that a map may be called like its region. */
  child(element: Element, name: string): Element | undefined {
    const named = childrenNamed(element, name).filter(({ keyword }) => keyword !== 'assign');
    const present = named.filter((child) => presence(child, this) !== false);
    return present.find((child) => child.keyword !== 'map') ?? present[0];
  }

  /** An element as a value: the same thing each time, so that two names of one element are equal. */
  thing(element: Element): Value {
    if (element.keyword === 'const') return this.constant(element);
    const thing = this.#things.get(element) ?? thingOf(element, this);
    this.#things.set(element, thing);
    return { type: 'thing', thing };
  }

  #reference(reference: Reference, context: Context): Value {
    const [first, ...rest] = reference.path;
    if (first?.kind !== 'word') return UNKNOWN;
    let value = this.#first(first, context);
    if (!value) {
      reportUnknownName(first, context, this);
      return UNKNOWN;
    }
    for (const [index, word] of rest.entries()) {
      if (word.kind === 'missing' || value.type === 'unknown') return UNKNOWN;
      const next = this.#field(value, word, context, reference.path[index]);
      if (!next) return UNKNOWN;
      value = next;
    }
    return value;
  }

  #first(word: Word, context: Context): Value | undefined {
    const bound = context.bindings?.get(word.text);
    if (bound) return bound;
    if (word.text === 'host') this.hostAsked = true;
    if (word.text === 'host' && this.host) return this.thing(this.host);
    if (word.text === 'true' || word.text === 'false') return truth(word.text === 'true');
    const element = this.find(word.text, context);
    if (!element && word.text === 'host') return UNKNOWN;
    return element && this.thing(element);
  }

  #field(value: Value, word: Word, context: Context, owner: Word | Missing | undefined): Value | undefined {
    const name = textOf(owner) ?? 'this';
    if (value.type === 'list') return this.#fieldOfEach(value.values, word, context, owner);
    if (value.type !== 'thing') {
      this.report('type-mismatch', placeOf(context.origin, word), `\`${name}\` is ${describe(value)} and has no \`${word.text}\``);
      return undefined;
    }
    const field = value.thing.field(word.text);
    if (!field) reportNoField(value.thing, word, name, context, this);
    return field;
  }

  /** `ram.size`: the sizes of all; unknown if one is. */
  #fieldOfEach(values: readonly Value[], word: Word, context: Context, owner: Word | Missing | undefined): Value | undefined {
    const fields: Value[] = [];
    for (const value of values) {
      const field = this.#field(value, word, context, owner);
      if (!field || field.type === 'unknown') return field;
      fields.push(field);
    }
    return { type: 'list', values: fields };
  }

  #call(call: Call, context: Context): Value {
    const { path } = call.callee;
    const name = textOf(path.at(-1));
    if (name === undefined) return UNKNOWN;
    if (path.length > 1) return this.#method(call, name, context);
    if (!FUNCTIONS.has(name)) {
      const { hint, more } = didYouMean(name, FUNCTIONS.keys(), call.callee);
      this.report('unknown-name', placeOf(context.origin, call.callee), `there is no function \`${name}\`${hint}`, more);
      return UNKNOWN;
    }
    return this.#told(callFunction(name, this.#arguments(name, call, context)), call, context);
  }

  /** The values of the arguments; `if` looks at one side only, as `and` and `or` do. */
  #arguments(name: string, { args }: Call, context: Context): Value[] {
    const [condition, ...sides] = args;
    if (name !== 'if' || !condition || sides.length !== 2) return args.map((argument) => this.evaluate(argument, context));
    const value = this.evaluate(condition, context);
    const chosen = value.type === 'truth' ? (value.truth ? 0 : 1) : undefined;
    return [value, ...sides.map((side, index) => (index === chosen ? this.evaluate(side, context) : UNKNOWN))];
  }

  #method(call: Call, name: string, context: Context): Value {
    const args = call.args.map((argument) => this.evaluate(argument, context));
    const owner = call.callee.path.slice(0, -1);
    const start = owner[0]?.start ?? call.start;
    const value = this.#reference({ kind: 'reference', start, end: owner.at(-1)?.end ?? start, path: owner }, context);
    return this.#methodOf(value, name, args, call, context) ?? UNKNOWN;
  }

  /** `map.coverage(2 MiB)` of a list, too: the shares of all; unknown if one is. Nothing where that is told. */
  #methodOf(value: Value, name: string, args: readonly Value[], call: Call, context: Context): Value | undefined {
    if (value.type === 'unknown') return undefined;
    if (value.type === 'list') {
      const values: Value[] = [];
      for (const one of value.values) {
        const result = this.#methodOf(one, name, args, call, context);
        if (!result || result.type === 'unknown') return result;
        values.push(result);
      }
      return { type: 'list', values };
    }
    const result = value.type === 'thing' ? value.thing.method?.(name, args) : undefined;
    if (result) return this.#told(result, call, context);
    const last = call.callee.path.at(-1) ?? call;
    this.report('unknown-name', placeOf(context.origin, last), `${describe(value)} has no \`${name}(…)\``);
    return undefined;
  }

  #unary({ operator, operand, start, end }: Unary, context: Context): Value {
    const value = this.evaluate(operand, context);
    if (value.type === 'unknown') return UNKNOWN;
    if (operator.text === 'not' && value.type === 'truth') return truth(!value.truth);
    if (operator.text === '~' && value.type === 'quantity') return { ...value, value: ADDRESS_SPACE - 1n - value.value };
    return this.#fail('type-mismatch', { start, end }, context, `\`${operator.text}\` doesn’t work on ${describe(value)}`);
  }

  #binary(expression: Binary, context: Context): Value {
    const operator = expression.operator.text;
    if (isChain(expression)) return UNKNOWN;
    const left = this.evaluate(expression.left, context);
    if (operator === 'and' || operator === 'or') return this.#logic(expression, left, context);
    const right = this.evaluate(expression.right, context);
    const result = applyBinary(operator, left, right);
    const share = isMismatch(result) ? shareMeant(expression, left, right) : undefined;
    if (!share) return this.#told(result, expression, context);
    this.report('type-mismatch', placeOf(context.origin, share), `a share is told in per cent: \`${share.newText}\``, { repair: share });
    return UNKNOWN;
  }

  /** `and` and `or` look at the right side only where it matters. */
  #logic({ operator, left: leftNode, right: rightNode }: Binary, left: Value, context: Context): Value {
    if (left.type === 'truth' && left.truth === (operator.text === 'or')) return left;
    const right = this.evaluate(rightNode, context);
    for (const [value, node] of [[left, leftNode], [right, rightNode]] as const) {
      if (value.type !== 'truth' && value.type !== 'unknown') {
        return this.#fail('type-mismatch', node, context, `\`${operator.text}\` joins conditions, and this is ${describe(value)}`);
      }
    }
    if (right.type === 'truth' && (left.type === 'truth' || right.truth === (operator.text === 'or'))) return right;
    return UNKNOWN;
  }

  #told(result: Value | Mismatch, span: Span, context: Context): Value {
    if (!isMismatch(result)) return result;
    return this.#fail(result.rule ?? 'type-mismatch', span, context, result.mismatch);
  }

  #fail(rule: LanguageRule, span: Span, context: Context, message: string): Value {
    this.report(rule, placeOf(context.origin, span), message);
    return UNKNOWN;
  }
}
