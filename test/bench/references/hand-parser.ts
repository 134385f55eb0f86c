import type {
  Binder,
  Block,
  Declaration,
  Expression,
  Extent,
  Member,
  Names,
  Property,
  PropertyValue,
  Reference,
  RuleNames,
  Text,
  Word,
} from '../../../server/core/syntax/nodes.js';
import { DECLARATIONS, PROPERTIES } from '../../../server/core/syntax/vocabulary.js';

/**
 * The language parsed by hand, as fast as it is reasonable to write: one pass over the characters, no tokens, no
 * backtracking beyond a line. It gives the tree that the grammar gives for a text without damage and throws at the first
 * damage. What it costs is what a parser has to cost; the benchmark reports the grammar as a multiple of it.
 */
export const parseByHand = (text: string): Block => new HandParser(text).document();

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const PERCENT = 37;
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const COMMA = 44;
const HYPHEN = 45;
const POINT = 46;
const SLASH = 47;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const TILDE = 126;
const NO_BREAK_SPACE = 0xa0;
const BYTE_ORDER_MARK = 0xfeff;

const DIGIT = 1;
const LETTER = 2;
const classes = new Uint8Array(128);
for (let code = 48; code <= 57; code++) classes[code] = DIGIT;
for (let code = 65; code <= 90; code++) classes[code] = classes[code + 32] = LETTER;
classes[95] = LETTER;

/** What a character may be part of: `DIGIT`, `LETTER` (with `_`), or 0. */
const classOf = (code: number): number => (code < 128 ? (classes[code] as number) : 0);

const DECLARES = new Map(Object.entries(DECLARATIONS).map(([word, { head }]) => [word, head]));
const PROPERTY_FORMS = new Map(Object.entries(PROPERTIES).map(([word, { form }]) => [word, form]));

const BINDING = new Map(
  Object.entries({
    or: 1, and: 2,
    '==': 4, '!=': 4, '<=': 4, '>=': 4, '<': 4, '>': 4,
    '|': 5, '&': 6, '<<': 7, '>>': 7, '+': 8, '-': 8, '*': 9, '/': 9, '%': 9,
  }),
);
const NOT_BINDING = 3;
const TIGHTEST = 10;

const SHIFTS: Readonly<Record<string, bigint>> = { B: 0n, K: 10n, M: 20n, G: 30n, T: 40n, P: 50n, E: 60n };

class HandParser {
  readonly #text: string;
  readonly #length: number;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#length = text.length;
  }

  document(): Block {
    const members = this.#members();
    if (this.#at < this.#length) this.#fail('the end');
    return { kind: 'block', start: 0, end: this.#length, members, closed: true };
  }

  // ── Statements ──

  #members(): Member[] {
    const members: Member[] = [];
    for (;;) {
      this.#skipBetween();
      const code = this.#code();
      if (code === CLOSE_BRACE || this.#at >= this.#length) return members;
      const start = this.#at;
      const doc = code === SLASH ? this.#doc() : undefined;
      if (doc !== undefined && classOf(this.#code()) !== LETTER) continue;
      const word = this.#word();
      const head = DECLARES.get(word.text);
      if (head !== undefined && !(word.text === 'backing' && this.#beginsBackingKind())) {
        members.push(this.#declaration(start, doc, word, head));
      } else {
        members.push(this.#property(word));
        for (const property of this.#properties()) members.push(property);
      }
      this.#expectEnd();
    }
  }

  #declaration(start: number, doc: string | undefined, keyword: Word, form: string): Declaration {
    let name: Word | undefined;
    let head: PropertyValue | undefined;
    this.#skip();
    switch (form) {
      case 'nothing':
        break;
      case 'name':
        name = this.#word();
        break;
      case 'label':
        name = classOf(this.#code()) === DIGIT ? this.#digits() : this.#word();
        break;
      case 'optional-name':
        if (classOf(this.#code()) === LETTER && !this.#atProperty()) name = this.#word();
        break;
      case 'device':
        name = this.#word();
        this.#skip();
        if (this.#code() === QUOTE) head = this.#string();
        break;
      case 'constant':
        name = this.#word();
        this.#skip();
        if (this.#code() === EQUALS) {
          this.#at++;
          this.#skipLines();
          head = this.#expression(false);
        }
        break;
      case 'text':
        head = this.#string();
        break;
      case 'names':
        head = this.#names();
        break;
      case 'expression':
        head = this.#expression(false);
        break;
      case 'rules':
        head = this.#ruleNames();
        break;
      default:
        head = this.#requirement();
    }
    const properties = this.#properties();
    const block = this.#block();
    const last = block ?? properties.at(-1) ?? head ?? name ?? keyword;
    return {
      kind: 'declaration',
      start,
      end: last.end,
      ...(doc !== undefined && doc !== '' && { doc }),
      keyword,
      ...(name && { name }),
      ...(head && { head }),
      properties,
      ...(block && { block }),
    };
  }

  #block(): Block | undefined {
    const before = this.#at;
    this.#skipLines();
    const start = this.#at;
    if (this.#code() !== OPEN_BRACE) {
      this.#at = before;
      return undefined;
    }
    this.#at++;
    const members = this.#members();
    this.#expect(CLOSE_BRACE, '`}`');
    return { kind: 'block', start, end: this.#at, members, closed: true };
  }

  #properties(): Property[] {
    const properties: Property[] = [];
    for (;;) {
      this.#skip();
      if (classOf(this.#code()) !== LETTER && !this.#continues()) return properties;
      properties.push(this.#property(this.#word()));
    }
  }

  #property(word: Word): Property {
    const form = PROPERTY_FORMS.get(word.text);
    if (form === undefined) this.#fail('a property');
    if (form === 'flag') return { kind: 'property', start: word.start, end: word.end, word };
    this.#skip();
    const value = this.#value(form as string);
    return { kind: 'property', start: word.start, end: value.end, word, value };
  }

  #value(form: string): PropertyValue {
    switch (form) {
      case 'expression':
        return this.#expression(false);
      case 'extent':
        return this.#extent();
      case 'word':
        return this.#word();
      case 'text':
        return this.#string();
      case 'names':
        return this.#names();
      case 'rules':
        return this.#ruleNames();
      case 'expressions':
        return this.#list();
      case 'date':
        return this.#date();
      case 'binders':
        return this.#bindersOrWord();
      default:
        return this.#backingKind();
    }
  }

  #backingKind(): Property {
    const word = this.#word();
    if (word.text === 'thp' || word.text === 'anonymous') return { kind: 'property', start: word.start, end: word.end, word };
    this.#skip();
    if (word.text === 'physical') {
      if (this.#word().text !== 'at') this.#fail('`at`');
      this.#skip();
    }
    const value = this.#expression(false);
    return { kind: 'property', start: word.start, end: value.end, word, value };
  }

  #extent(): Expression | Extent {
    const base = this.#expression(false);
    const after = this.#at;
    this.#skip();
    if (this.#code() !== POINT || this.#text.charCodeAt(this.#at + 1) !== POINT) {
      this.#at = after;
      return base;
    }
    this.#at += 2;
    const inclusive = this.#code() === EQUALS;
    if (inclusive) this.#at++;
    this.#skipLines();
    const bound = this.#expression(false);
    return { kind: 'extent', start: base.start, end: bound.end, base, inclusive, bound };
  }

  #list(): PropertyValue {
    const items = this.#separated(() => this.#expression(false));
    return { kind: 'list', ...spanOf(items), items };
  }

  #names(): Names {
    const names = this.#separated(() => this.#path());
    return { kind: 'names', ...spanOf(names), names };
  }

  #ruleNames(): RuleNames {
    const names = this.#separated(() => this.#ruleName());
    return { kind: 'rule-names', ...spanOf(names), names };
  }

  #ruleName(): Word {
    const word = this.#word();
    if (this.#code() !== SLASH) return word;
    this.#at++;
    const second = this.#word();
    return { kind: 'word', start: word.start, end: second.end, text: `${word.text}/${second.text}` };
  }

  #bindersOrWord(): PropertyValue {
    const first = this.#word();
    this.#skip();
    if (!this.#atWord('in')) {
      this.#at = first.end;
      return first;
    }
    this.#at = first.start;
    const binders = this.#separated(() => this.#binder());
    return { kind: 'binders', ...spanOf(binders), binders };
  }

  #binder(): Binder {
    const name = this.#word();
    this.#skip();
    this.#word();
    this.#skip();
    const selector = this.#word();
    return { kind: 'binder', start: name.start, end: selector.end, name, selector };
  }

  #requirement(): PropertyValue {
    const start = this.#at;
    let name: Word | undefined;
    if (classOf(this.#code()) === LETTER) {
      const word = this.#word();
      this.#skip();
      if (this.#code() === COLON) {
        name = word;
        this.#at++;
        this.#skipLines();
      } else {
        this.#at = start;
      }
    }
    const condition = this.#expression(false);
    return { kind: 'requirement', start, end: condition.end, ...(name && { name }), condition };
  }

  #date(): PropertyValue {
    const start = this.#at;
    while (classOf(this.#code()) === DIGIT || this.#code() === HYPHEN) this.#at++;
    return { kind: 'date', start, end: this.#at, text: this.#text.slice(start, this.#at) };
  }

  #separated<Part>(parse: () => Part): Part[] {
    const parts = [parse()];
    for (;;) {
      const after = this.#at;
      this.#skip();
      if (this.#code() !== COMMA) {
        this.#at = after;
        return parts;
      }
      this.#at++;
      this.#skipLines();
      parts.push(parse());
    }
  }

  // ── Expressions ──

  /** `inner`: inside parentheses, where an operator may stand on the next line. */
  #expression(inner: boolean, least = 0): Expression {
    let left = this.#operand(inner);
    for (;;) {
      const after = this.#at;
      if (inner) this.#skipLines();
      else this.#skip();
      const start = this.#at;
      const length = this.#operatorLength();
      const text = length === 0 ? '' : this.#text.slice(start, start + length);
      const binding = BINDING.get(text) ?? 0;
      if (binding <= least) {
        this.#at = after;
        return left;
      }
      this.#at += length;
      const operator: Word = { kind: 'word', start, end: this.#at, text };
      this.#skipLines();
      const right = this.#expression(inner, binding);
      left = { kind: 'binary', start: left.start, end: right.end, operator, left, right };
    }
  }

  #operatorLength(): number {
    const code = this.#code();
    const next = this.#text.charCodeAt(this.#at + 1);
    switch (code) {
      case 60:
      case 62:
        return next === code || next === EQUALS ? 2 : 1;
      case 33:
      case EQUALS:
        return next === EQUALS ? 2 : 0;
      case SLASH:
        return next === SLASH || next === STAR ? 0 : 1;
      case 43:
      case HYPHEN:
      case STAR:
      case PERCENT:
      case 38:
      case 124:
        return 1;
      case 97:
        return this.#atWord('and') ? 3 : 0;
      case 111:
        return this.#atWord('or') ? 2 : 0;
      default:
        return 0;
    }
  }

  #operand(inner: boolean): Expression {
    const code = this.#code();
    const kind = classOf(code);
    if (kind === DIGIT) return this.#number();
    if (kind === LETTER) return code === 110 && this.#atWord('not') ? this.#unary(3, NOT_BINDING, inner) : this.#callOrReference();
    if (code === OPEN) return this.#group();
    if (code === QUOTE) return this.#string();
    if (code === TILDE) return this.#unary(1, TIGHTEST, inner);
    return this.#fail('a value');
  }

  #unary(length: number, binding: number, inner: boolean): Expression {
    const start = this.#at;
    this.#at += length;
    const operator: Word = { kind: 'word', start, end: this.#at, text: length === 1 ? '~' : 'not' };
    this.#skipLines();
    const operand = this.#expression(inner, binding);
    return { kind: 'unary', start, end: operand.end, operator, operand };
  }

  #group(): Expression {
    const start = this.#at++;
    this.#skipLines();
    const inner = this.#expression(true);
    this.#skipLines();
    this.#expect(CLOSE, '`)`');
    return { kind: 'group', start, end: this.#at, inner, closed: true };
  }

  #callOrReference(): Expression {
    const callee = this.#path();
    if (this.#code() !== OPEN) return callee;
    this.#at++;
    this.#skipLines();
    const args: Expression[] = [];
    while (this.#code() !== CLOSE) {
      args.push(this.#expression(true));
      this.#skipLines();
      if (this.#code() !== COMMA) break;
      this.#at++;
      this.#skipLines();
    }
    this.#expect(CLOSE, '`)`');
    return { kind: 'call', start: callee.start, end: this.#at, callee, args, closed: true };
  }

  #path(): Reference {
    const first = this.#word();
    const path = [first];
    while (this.#code() === POINT) {
      const kind = classOf(this.#text.charCodeAt(this.#at + 1));
      if (kind === 0) break;
      this.#at++;
      path.push(kind === DIGIT ? this.#digits() : this.#word());
    }
    return { kind: 'reference', start: first.start, end: this.#at, path };
  }

  #number(): Expression {
    const start = this.#at;
    const prefix = this.#code() === 48 ? this.#text.charCodeAt(start + 1) | 32 : 0;
    const radix = prefix === 120 ? 16 : prefix === 98 ? 2 : prefix === 111 ? 8 : 10;
    if (radix !== 10) this.#at += 2;
    let value = this.#digitsOf(radix);
    let points = 0;
    while (radix === 10 && this.#code() === POINT && classOf(this.#text.charCodeAt(this.#at + 1)) === DIGIT) {
      points++;
      this.#at++;
      this.#digitsOf(10);
    }
    if (radix === 10 && this.#code() === PERCENT) return this.#percent(start);
    const end = this.#at;
    if (points > 0 || value > Number.MAX_SAFE_INTEGER) value = -1;
    const unit = this.#unit(radix);
    if (unit === '' && points > 0) return { kind: 'decimal', start, end, text: this.#text.slice(start, end) };
    const digits = this.#text.slice(start, end);
    const exact = value >= 0 ? BigInt(value) : undefined;
    if (unit === '') return { kind: 'integer', start, end, value: exact ?? wholeNumber(digits) };
    const letter = (unit[0] as string).toUpperCase();
    const shift = SHIFTS[letter] ?? 0n;
    const spelled = letter === 'B' ? 'B' : `${letter}iB`;
    return {
      kind: 'integer',
      start,
      end: this.#at,
      value: exact === undefined ? scaled(digits, shift) : exact << shift,
      unit: spelled,
      ...(spelled !== unit && { exact: `${digits} ${spelled}` }),
    };
  }

  /** Moves over digits and `_`, and returns their value as far as a number can hold it. */
  #digitsOf(radix: number): number {
    let value = 0;
    for (;;) {
      const code = this.#code();
      if (code === 95) {
        this.#at++;
        continue;
      }
      const digit = code <= 57 ? code - 48 : (code | 32) - 87;
      if (digit < 0 || digit >= radix || (code > 57 && code < 65) || code !== code) return value;
      value = value * radix + digit;
      this.#at++;
    }
  }

  #percent(start: number): Expression {
    this.#at++;
    const [whole = '0', fraction = ''] = this.#text.slice(start, this.#at - 1).replaceAll('_', '').split('.');
    return {
      kind: 'percent',
      start,
      end: this.#at,
      numerator: BigInt(whole + fraction),
      denominator: 100n * 10n ** BigInt(fraction.length),
    };
  }

  /** The unit after a number; the empty string, and no step, where there is none. */
  #unit(radix: number): string {
    const after = this.#at;
    while (this.#code() === SPACE || this.#code() === TAB) this.#at++;
    const start = this.#at;
    if (radix === 10 || start > after) {
      while (classOf(this.#code()) === LETTER) this.#at++;
      const length = this.#at - start;
      if (length > 0 && length < 4 && classOf(this.#code()) === 0) {
        const unit = this.#text.slice(start, this.#at);
        if (unit === 'GiB' || unit === 'MiB' || unit === 'KiB' || /^(?:B|b|[KMGTPEkmgtpe][iI]?[bB]?)$/.test(unit)) return unit;
      }
    }
    this.#at = after;
    return '';
  }

  #string(): Text {
    const start = this.#at;
    let at = start + 1;
    let escaped = false;
    for (;;) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === NEWLINE || code !== code) this.#fail('a closing quote');
      if (code === BACKSLASH) {
        escaped = true;
        at++;
      }
      at++;
    }
    this.#at = at + 1;
    const raw = this.#text.slice(start + 1, at);
    return { kind: 'text', start, end: this.#at, value: escaped ? unescaped(raw) : raw, closed: true, badEscapes: [] };
  }

  // ── Words, comments, breaks ──

  #code(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #word(): Word {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    if (classOf(text.charCodeAt(at)) !== LETTER) this.#fail('a word');
    for (;;) {
      do at++;
      while (classOf(text.charCodeAt(at)) !== 0);
      if (text.charCodeAt(at) !== HYPHEN || classOf(text.charCodeAt(at + 1)) !== LETTER || text.charCodeAt(at + 1) === 95) break;
    }
    this.#at = at;
    return { kind: 'word', start, end: at, text: text.slice(start, at) };
  }

  #digits(): Word {
    const start = this.#at;
    while (classOf(this.#code()) === DIGIT) this.#at++;
    return { kind: 'word', start, end: this.#at, text: this.#text.slice(start, this.#at) };
  }

  #atWord(word: string): boolean {
    return this.#text.startsWith(word, this.#at) && classOf(this.#text.charCodeAt(this.#at + word.length)) === 0;
  }

  #atProperty(): boolean {
    const before = this.#at;
    const { text } = this.#word();
    this.#at = before;
    return PROPERTY_FORMS.has(text);
  }

  /** `backing hugetlb 1 GiB` in the block of a region is a property. */
  #beginsBackingKind(): boolean {
    const rest = this.#text.slice(this.#at, this.#at + 80);
    return /^[ \t]+((anonymous|thp)(?![ \t]+size)|(hugetlb|dax)[ \t]+(?!size\b|share\b|node\b)[\w(].*|physical[ \t]+at\b.*)/.test(rest);
  }

  /** At the end of a line: steps over the break if the next line goes on with the statement. */
  #continues(): boolean {
    const code = this.#code();
    if (code !== NEWLINE && code !== SLASH) return false;
    const before = this.#at;
    this.#skipLines();
    if (this.#atWord('for') || this.#atWord('because') || this.#atWord('until')) return true;
    this.#at = before;
    return false;
  }

  /** Spaces and block comments: stays on the line. */
  #skip(): void {
    for (;;) {
      const code = this.#code();
      if (code === SPACE || code === TAB || code === RETURN || code === NO_BREAK_SPACE || code === BYTE_ORDER_MARK) this.#at++;
      else if (code !== SLASH || !this.#skipComment(false)) return;
    }
  }

  /** Spaces, comments and line breaks. */
  #skipLines(): void {
    for (;;) {
      this.#skip();
      if (this.#code() === NEWLINE) this.#at++;
      else if (this.#code() !== SLASH || !this.#skipComment(true)) return;
    }
  }

  /** What stands between statements; a doc comment stays. */
  #skipBetween(): void {
    for (;;) {
      this.#skip();
      const code = this.#code();
      if (code === NEWLINE || code === SEMICOLON) this.#at++;
      else if (code !== SLASH || this.#text.charCodeAt(this.#at + 2) === SLASH || !this.#skipComment(true)) return;
    }
  }

  #skipComment(line: boolean): boolean {
    const next = this.#text.charCodeAt(this.#at + 1);
    if (next !== STAR && !(line && next === SLASH)) return false;
    const end = this.#text.indexOf(next === STAR ? '*/' : '\n', this.#at + 2);
    if (end < 0 && next === STAR) this.#fail('`*/`');
    this.#at = end < 0 ? this.#length : next === STAR ? end + 2 : end;
    return true;
  }

  #doc(): string {
    let doc = '';
    while (this.#text.startsWith('///', this.#at)) {
      const end = this.#text.indexOf('\n', this.#at);
      const line = this.#text.slice(this.#at + 3, end < 0 ? this.#length : end).trimEnd();
      doc += `${doc === '' ? '' : '\n'}${line.startsWith(' ') ? line.slice(1) : line}`;
      this.#at = end < 0 ? this.#length : end + 1;
      while (this.#code() === SPACE || this.#code() === TAB || this.#code() === RETURN) this.#at++;
    }
    return doc;
  }

  #expectEnd(): void {
    this.#skip();
    const code = this.#code();
    const ends = code === NEWLINE || code === SEMICOLON || code === CLOSE_BRACE || code === SLASH || this.#at >= this.#length;
    if (!ends) this.#fail('the end of the statement');
  }

  #expect(code: number, what: string): void {
    if (this.#code() !== code) this.#fail(what);
    this.#at++;
  }

  #fail(what: string): never {
    throw new Error(`expected ${what} at ${this.#at}: ${JSON.stringify(this.#text.slice(this.#at, this.#at + 40))}`);
  }
}

const spanOf = (parts: readonly { start: number; end: number }[]): { start: number; end: number } => ({
  start: parts[0]?.start ?? 0,
  end: parts.at(-1)?.end ?? 0,
});

const wholeNumber = (digits: string): bigint => BigInt(digits.replaceAll('_', ''));

/** `digits · 2^shift`, or nothing where that isn't whole. */
function scaled(digits: string, shift: bigint): bigint | undefined {
  const [whole = '0', fraction = ''] = digits.replaceAll('_', '').split('.');
  const scale = 10n ** BigInt(fraction.length);
  const numerator = BigInt(whole + fraction) << shift;
  return numerator % scale === 0n ? numerator / scale : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\', '0': '\0' };

const unescaped = (raw: string): string =>
  raw.replace(/\\(?:u\{([0-9a-fA-F]+)\}|(.))/g, (whole, code: string | undefined, letter: string) =>
    code === undefined ? (ESCAPES[letter] ?? whole) : String.fromCodePoint(Number.parseInt(code, 16)),
  );
