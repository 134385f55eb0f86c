import type { Span } from './span.js';

/**
 * JSON with the place of each value, so that what is wrong in a file can be told where it is. RFC 8259, strictly: no
 * comments and no trailing commas.
 */
export type JsonValue = JsonObject | JsonArray | JsonString | JsonNumber | JsonWord;

export interface JsonObject extends Span {
  readonly kind: 'object';
  readonly members: readonly JsonMember[];
}

export interface JsonMember {
  readonly key: JsonString;
  readonly value: JsonValue;
}

export interface JsonArray extends Span {
  readonly kind: 'array';
  readonly items: readonly JsonValue[];
}

export interface JsonString extends Span {
  readonly kind: 'string';
  readonly value: string;
}

export interface JsonNumber extends Span {
  readonly kind: 'number';
  readonly value: number;
}

export interface JsonWord extends Span {
  readonly kind: 'word';
  readonly value: true | false | null;
}

/** Where reading ended, and what should have stood there. */
export interface JsonProblem extends Span {
  readonly message: string;
}

/** Values that may lie in each other. */
const DEPTH_LIMIT = 100;

/** Reads one value that is the whole text; the first problem instead, if there is one. */
export function readJson(text: string): JsonValue | JsonProblem {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    reader.end();
    return value;
  } catch (problem) {
    if (problem instanceof Stop) return { start: problem.start, end: problem.end, message: problem.message };
    throw problem;
  }
}

class Stop extends Error {
  readonly start: number;
  readonly end: number;

  constructor({ start, end }: Span, message: string) {
    super(message);
    this.start = start;
    this.end = end;
  }
}

const TOKEN = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)|[{}[\],:]/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonValue {
    const token = this.#token('a value');
    const { text, start, end } = token;
    if (depth > DEPTH_LIMIT) throw new Stop(token, `values lie more than ${DEPTH_LIMIT} deep in each other`);
    if (text === '{') return this.#object(start, depth);
    if (text === '[') return this.#array(start, depth);
    if (text.startsWith('"')) return { kind: 'string', start, end, value: String(JSON.parse(text)) };
    if (/^[tfn]/.test(text)) return { kind: 'word', start, end, value: text === 'null' ? null : text === 'true' };
    if (/^[-\d]/.test(text)) return { kind: 'number', start, end, value: Number(text) };
    throw new Stop(token, `a value is missing before \`${text}\``);
  }

  /** Nothing may follow but white space. */
  end(): void {
    const at = this.#skip();
    if (at < this.#text.length) throw new Stop({ start: at, end: at + 1 }, 'the value has ended, and something follows');
  }

  #object(start: number, depth: number): JsonObject {
    const members: JsonMember[] = [];
    if (this.#takes('}')) return { kind: 'object', start, end: this.#at, members };
    do members.push(this.#member(depth));
    while (this.#goesOn('}'));
    return { kind: 'object', start, end: this.#at, members };
  }

  #member(depth: number): JsonMember {
    const token = this.#token('a name in quotes');
    if (!token.text.startsWith('"')) throw new Stop(token, `a name in quotes is missing before \`${token.text}\``);
    const key: JsonString = { kind: 'string', start: token.start, end: token.end, value: String(JSON.parse(token.text)) };
    const colon = this.#token('`:`');
    if (colon.text !== ':') throw new Stop(colon, '`:` is missing behind the name');
    return { key, value: this.value(depth + 1) };
  }

  #array(start: number, depth: number): JsonArray {
    const items: JsonValue[] = [];
    if (this.#takes(']')) return { kind: 'array', start, end: this.#at, items };
    do items.push(this.value(depth + 1));
    while (this.#goesOn(']'));
    return { kind: 'array', start, end: this.#at, items };
  }

  /** Whether a comma leads to one more; else the closing mark stands there. */
  #goesOn(close: string): boolean {
    const token = this.#token(`\`,\` or \`${close}\``);
    if (token.text === ',' || token.text === close) return token.text === ',';
    throw new Stop(token, `\`,\` or \`${close}\` is missing before \`${token.text}\``);
  }

  #takes(mark: string): boolean {
    const at = this.#skip();
    if (this.#text[at] !== mark) return false;
    this.#at = at + 1;
    return true;
  }

  #token(expected: string): Span & { readonly text: string } {
    const start = this.#skip();
    if (start >= this.#text.length) throw new Stop({ start, end: start }, `the text ends, and ${expected} is missing`);
    TOKEN.lastIndex = start;
    const text = TOKEN.exec(this.#text)?.[0];
    if (text === undefined) throw new Stop({ start, end: start + 1 }, unreadable(this.#text, start));
    this.#at = start + text.length;
    return { text, start, end: this.#at };
  }

  #skip(): number {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
    return this.#at;
  }
}

function unreadable(text: string, at: number): string {
  if (text[at] === '"') return 'this string isn’t closed on its line, or has an escape that JSON doesn’t know';
  if (text.startsWith('//', at) || text.startsWith('/*', at)) return 'JSON has no comments';
  return 'this is no JSON';
}
