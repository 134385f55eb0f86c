import type { Span } from '../text/span.js';

/**
 * The syntax tree. Nodes are values: they hold no diagnostics, no symbols and no parents, and their offsets count from
 * the start of their item (see `document.ts`), so that an edit elsewhere leaves them as they are.
 * Damage is a node, too: `Missing` where something was expected, `Skipped` around what no rule takes.
 */
export type AnyNode =
  | Declaration
  | Property
  | Block
  | Word
  | Missing
  | Skipped
  | Text
  | Names
  | List
  | RuleNames
  | Binders
  | Binder
  | Extent
  | Requirement
  | Expression;

/** `ram low at 0 size 1 GiB { … }`: a keyword, what it introduces, properties on its line, and a block. */
export interface Declaration extends Span {
  readonly kind: 'declaration';
  /** Text of the `///` lines above, without their slashes. */
  readonly doc?: string;
  readonly keyword: Word;
  /** The name it declares: absent where the keyword takes none, `Missing` where one was expected. */
  readonly name?: Word | Missing;
  /** What stands after the keyword (and name): an expression, names, rules … as the vocabulary says. */
  readonly head?: PropertyValue;
  readonly properties: readonly (Property | Skipped | Missing)[];
  readonly block?: Block;
}

/** `size 1 GiB`, `hotplug`: a word and what belongs to it. */
export interface Property extends Span {
  readonly kind: 'property';
  readonly word: Word;
  /** Absent for a flag. */
  readonly value?: PropertyValue;
}

/** `{ … }`, or what there is of it when the text ends first (`closed` is false then). */
export interface Block extends Span {
  readonly kind: 'block';
  readonly members: readonly Member[];
  readonly closed: boolean;
}

export type Member = Declaration | Property | Skipped | Missing;

export type PropertyValue =
  | Expression
  | Extent
  | Word
  | Text
  | Names
  | List
  | RuleNames
  | Binders
  | Requirement
  | Property;

/** A name or a fixed word. */
export interface Word extends Span {
  readonly kind: 'word';
  readonly text: string;
}

/** Nothing, where something should be: zero width, at the place where it belongs. */
export interface Missing extends Span {
  readonly kind: 'missing';
  /** What was expected, with its article: `a size`. */
  readonly expected: string;
  /** The word it was expected after, if any. */
  readonly after?: string;
}

/** Text that no rule takes, up to a place where parsing goes on. */
export interface Skipped extends Span {
  readonly kind: 'skipped';
  readonly text: string;
  readonly reason: SkippedReason;
}

/**
 * Why it was skipped: no rule takes it, a comment never closed, nesting or length past the limits, a brace without its
 * partner, a hexadecimal number and its unit in one.
 */
export type SkippedReason = 'unexpected' | 'unspaced-unit' | 'unclosed-comment' | 'too-deep' | 'too-long' | 'brace';

/** A quoted string. */
export interface Text extends Span {
  readonly kind: 'text';
  readonly value: string;
  /** False when the line ended before the closing quote. */
  readonly closed: boolean;
  /** Escapes that mean nothing, each at its place. */
  readonly badEscapes: readonly Word[];
}

/** `a, b.c`: references by name. */
export interface Names extends Span {
  readonly kind: 'names';
  readonly names: readonly (Reference | Missing)[];
}

/** `4 KiB, 2 MiB`. */
export interface List extends Span {
  readonly kind: 'list';
  readonly items: readonly Expression[];
}

/** `doorbell-overlap, policy/tlb-reach`. */
export interface RuleNames extends Span {
  readonly kind: 'rule-names';
  readonly names: readonly (Word | Missing)[];
}

/** `r in ram, d in doorbell`. */
export interface Binders extends Span {
  readonly kind: 'binders';
  readonly binders: readonly Binder[];
}

export interface Binder extends Span {
  readonly kind: 'binder';
  readonly name: Word;
  readonly selector: Word | Missing;
}

/** `A ..= B` (last byte) or `A .. B` (one past it). */
export interface Extent extends Span {
  readonly kind: 'extent';
  readonly base: Expression;
  readonly inclusive: boolean;
  readonly bound: Expression;
}

/** What `require` and `prefer` ask for, with its name if it has one. */
export interface Requirement extends Span {
  readonly kind: 'requirement';
  readonly name?: Word;
  readonly condition: Expression;
}

export type Expression =
  | Integer
  | Decimal
  | Percent
  | Text
  | DateLiteral
  | Reference
  | Call
  | Group
  | Unary
  | Binary
  | Missing
  | Skipped;

export interface Integer extends Span {
  readonly kind: 'integer';
  /** Bytes where there is a unit; `undefined` where `3.7 KiB` doesn't come out in whole bytes. */
  readonly value: bigint | undefined;
  /** The exact unit it is in, in the end: `GiB` for `4G`, too. */
  readonly unit?: string;
  /** The exact spelling, where the text has a loose one (`4G` is `4 GiB`). */
  readonly exact?: string;
}

/** A number with a point and no unit: only a version. */
export interface Decimal extends Span {
  readonly kind: 'decimal';
  readonly text: string;
}

/** `90%`, as an exact fraction. */
export interface Percent extends Span {
  readonly kind: 'percent';
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** `2027-06-30`, after `until` only. */
export interface DateLiteral extends Span {
  readonly kind: 'date';
  readonly text: string;
}

/** `low`, `low.base`, `altra.smmu0.msi.base`. A path may end in a `Missing` name: `low.`. */
export interface Reference extends Span {
  readonly kind: 'reference';
  readonly path: readonly (Word | Missing)[];
}

export interface Call extends Span {
  readonly kind: 'call';
  readonly callee: Reference;
  readonly args: readonly Expression[];
  readonly closed: boolean;
}

/** `( … )`. */
export interface Group extends Span {
  readonly kind: 'group';
  readonly inner: Expression;
  readonly closed: boolean;
}

export interface Unary extends Span {
  readonly kind: 'unary';
  readonly operator: Word;
  readonly operand: Expression;
}

export interface Binary extends Span {
  readonly kind: 'binary';
  readonly operator: Word;
  readonly left: Expression;
  readonly right: Expression;
}

/** The text of a word, or nothing where it is missing. */
export const textOf = (word: Word | Missing | undefined): string | undefined =>
  word?.kind === 'word' ? word.text : undefined;
