import type { Preprocessed } from './c-preprocessor.js';
import { accept, scan, ScanError, skipBlanks, take, type Scanned } from './scanner.js';
import { lineStarts, placeAt, type SourceError, type SourcePlace } from './source-places.js';

/** The initializer of a C structure: `{ .field = value, … }`, `{ value, … }`, or the text of an expression. */
export interface CInitializer {
  readonly place: SourcePlace;
  /** The expression, if it is one. */
  readonly text: string | undefined;
  readonly fields: ReadonlyMap<string, CInitializer>;
  /** What stands without the name of a field. */
  readonly items: readonly CInitializer[];
}

/** A field, by `.name`; of one given twice the last. */
export const fieldOf = (item: CInitializer, name: string): CInitializer | undefined => item.fields.get(name);

/** The elements of an array. */
export const childrenOf = (item: CInitializer | undefined): readonly CInitializer[] => item?.items ?? [];

const DEEPEST = 50;
const MOST_VALUES = 200_000;

interface OpenInitializer extends CInitializer {
  readonly fields: Map<string, CInitializer>;
  readonly items: CInitializer[];
}

interface Reader extends Scanned {
  readonly starts: readonly number[];
  readonly origins: readonly SourcePlace[];
  count: number;
}

/** Reads the first structure that a source initializes with braces: `… config = { … }`. */
export function readInitializer(source: Preprocessed): CInitializer | SourceError {
  const start = /\bconfig\s*=\s*\{|\}[^;{}=]*=\s*\{/.exec(source.text);
  const reader: Reader = { text: source.text, starts: lineStarts(source.text), origins: source.origins, at: 0, count: 0 };
  if (!start) return { place: placeAt(reader, 0), message: 'no structure is initialized as in a cell configuration: `config = { … }`' };
  reader.at = start.index + start[0].length - 1;
  return scan(() => readValue(reader, 0), ({ message, at }) => ({ place: placeAt(reader, at), message }));
}

const FIELD = /\.([A-Za-z_]\w*)\s*/y;
const INDEX = /\[[^\]\n]*\]\s*=/y;

function readValue(reader: Reader, depth: number): CInitializer {
  skipBlanks(reader);
  reader.count += 1;
  if (reader.count > MOST_VALUES) throw new ScanError(`more than ${MOST_VALUES} values`, reader.at);
  if (depth > DEEPEST) throw new ScanError(`braces lie in each other more than ${DEEPEST} deep`, reader.at);
  const place = placeAt(reader, reader.at);
  if (reader.text[reader.at] !== '{') return { place, text: readExpression(reader), fields: new Map(), items: [] };
  reader.at += 1;
  const value: OpenInitializer = { place, text: undefined, fields: new Map(), items: [] };
  for (;;) {
    skipBlanks(reader);
    if (reader.text[reader.at] === '}') break;
    readMember(reader, value, depth);
    if (!accept(reader, ',') && reader.text[reader.at] !== '}') throw new ScanError('expected `,` or `}`', Math.min(reader.at, reader.text.length - 1));
  }
  reader.at += 1;
  return value;
}

function readMember(reader: Reader, value: OpenInitializer, depth: number): void {
  const path: string[] = [];
  for (let field = take(reader, FIELD); field; field = take(reader, FIELD)) path.push(field[1] ?? '');
  if (path.length === 0) {
    take(reader, INDEX);
    value.items.push(readValue(reader, depth + 1));
    return;
  }
  if (!accept(reader, '=')) throw new ScanError(`expected \`=\` after \`.${path.join('.')}\``, reader.at);
  put(value, path, readValue(reader, depth + 1));
}

/** `.a.b = 1` is `.a = { .b = 1 }`, and adds to what `.a` has already. */
function put(value: OpenInitializer, [first = '', ...rest]: readonly string[], member: CInitializer): void {
  if (rest.length === 0) {
    value.fields.set(first, member);
    return;
  }
  const known = value.fields.get(first);
  const inner: OpenInitializer = { place: known?.place ?? member.place, text: undefined, fields: new Map(known?.fields), items: [...(known?.items ?? [])] };
  put(inner, rest, member);
  value.fields.set(first, inner);
}

/** The text up to the `,` or `}` that ends it. */
function readExpression(reader: Reader): string {
  const start = reader.at;
  let open = 0;
  for (; reader.at < reader.text.length; reader.at += 1) {
    const character = reader.text[reader.at] ?? '';
    if (character === '"') skipString(reader);
    else if (character === '(') open += 1;
    else if (character === ')') open -= 1;
    else if (open === 0 && (character === ',' || character === '}' || character === ';')) break;
  }
  const text = reader.text.slice(start, reader.at).trim();
  if (text === '') throw new ScanError('expected a value', Math.min(start, reader.text.length - 1));
  return text;
}

function skipString(reader: Reader): void {
  const start = reader.at;
  reader.at += 1;
  while (reader.at < reader.text.length && reader.text[reader.at] !== '"') reader.at += reader.text[reader.at] === '\\' ? 2 : 1;
  if (reader.at >= reader.text.length) throw new ScanError('a string that isn’t closed', start);
}
