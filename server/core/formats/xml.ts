import { match, scan, ScanError, type Scanned } from './scanner.js';

/**
 * Reads XML as configuration files have it: elements, attributes and text, each with its line. A document type is
 * refused, and so no entity is ever expanded but the five that XML has by itself: nothing grows, nothing is fetched.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text right inside, without that of children, without blanks at its ends. */
  readonly text: string;
  readonly line: number;
}

export interface XmlError {
  readonly line: number;
  readonly message: string;
}

/** Elements inside each other, and all of them. */
const DEEPEST = 100;
const MOST_ELEMENTS = 100_000;

interface OpenElement extends XmlElement {
  readonly attributes: Map<string, string>;
  readonly children: OpenElement[];
  text: string;
}

interface Reader extends Scanned {
  line: number;
  /** Up to where lines are counted. */
  counted: number;
  readonly open: OpenElement[];
  root: OpenElement | undefined;
  count: number;
}

/** The root element of a document. */
export function readXml(text: string): XmlElement | XmlError {
  const reader: Reader = { text, at: 0, line: 1, counted: 0, open: [], root: undefined, count: 0 };
  return scan(() => {
    while (reader.at < text.length) readPiece(reader);
    const unclosed = reader.open.at(-1);
    if (unclosed) return { line: unclosed.line, message: `<${unclosed.name}> isn’t closed` };
    return reader.root ?? { line: 1, message: 'there is no element' };
  }, ({ message, at }) => ({ line: lineAt(reader, at), message }));
}

function lineAt(reader: Reader, at: number): number {
  for (; reader.counted < at; reader.counted += 1) if (reader.text[reader.counted] === '\n') reader.line += 1;
  return reader.line;
}

function readPiece(reader: Reader): void {
  const { text, at } = reader;
  if (text[at] !== '<') readText(reader);
  else if (text.startsWith('<!--', at)) skipTo(reader, '-->', 'a comment');
  else if (text.startsWith('<![CDATA[', at)) readCharacterData(reader);
  else if (text.startsWith('<?', at)) skipTo(reader, '?>', 'a processing instruction');
  else if (text.startsWith('<!', at)) throw new ScanError('a document type is refused: it could declare entities that grow without end', at);
  else if (text.startsWith('</', at)) closeElement(reader);
  else openElement(reader);
}

function skipTo(reader: Reader, end: string, what: string): number {
  const found = reader.text.indexOf(end, reader.at);
  if (found < 0) throw new ScanError(`${what} has no end`, reader.at);
  reader.at = found + end.length;
  return found;
}

function readText(reader: Reader): void {
  const start = reader.at;
  const next = reader.text.indexOf('<', start);
  reader.at = next < 0 ? reader.text.length : next;
  const text = reader.text.slice(start, reader.at);
  const element = reader.open.at(-1);
  if (element) element.text = `${element.text}${expand(text, start)}`.slice(0, MOST_TEXT);
  else if (/[^\s\ufeff]/.test(text)) throw new ScanError('text outside of the root element', start + text.search(/[^\s\ufeff]/));
}

/** Text of an element that is kept. */
const MOST_TEXT = 4096;

function readCharacterData(reader: Reader): void {
  const start = reader.at + '<![CDATA['.length;
  const end = skipTo(reader, ']]>', 'a CDATA section');
  const element = reader.open.at(-1);
  if (!element) throw new ScanError('text outside of the root element', start);
  element.text = `${element.text}${reader.text.slice(start, end)}`.slice(0, MOST_TEXT);
}

const CLOSE = /<\/([^\s<>/]+)\s*>/y;

function closeElement(reader: Reader): void {
  const start = reader.at;
  const [whole, name] = match(reader, CLOSE) ?? [];
  const element = reader.open.pop();
  if (whole === undefined) throw new ScanError('expected `</NAME>`', start);
  if (!element) throw new ScanError(`</${name}> closes nothing`, start);
  if (element.name !== name) throw new ScanError(`</${name}> doesn’t close <${element.name}> of line ${element.line}`, start);
}

const OPEN = /<([A-Za-z_:][^\s<>/="']*)/y;
const ATTRIBUTE = /\s+([A-Za-z_:][^\s<>/="']*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;

function openElement(reader: Reader): void {
  const start = reader.at;
  const name = match(reader, OPEN)?.[1];
  if (name === undefined) throw new ScanError('expected the name of an element after `<`', start);
  const element: OpenElement = { name, attributes: new Map(), children: [], text: '', line: lineAt(reader, start) };
  for (let place = reader.at, found = match(reader, ATTRIBUTE); found; place = reader.at, found = match(reader, ATTRIBUTE)) {
    const [, attribute = '', doubled, single = ''] = found;
    if (element.attributes.has(attribute)) throw new ScanError(`\`${attribute}\` stands twice`, place);
    element.attributes.set(attribute, expand(doubled ?? single, place));
  }
  const end = match(reader, TAG_END);
  if (!end) throw new ScanError(`expected an attribute or \`>\` in <${name}>`, reader.at);
  addElement(reader, element, start);
  if (end[1] === '') reader.open.push(element);
}

function addElement(reader: Reader, element: OpenElement, start: number): void {
  reader.count += 1;
  if (reader.count > MOST_ELEMENTS) throw new ScanError(`more than ${MOST_ELEMENTS} elements`, start);
  if (reader.open.length >= DEEPEST) throw new ScanError(`elements lie in each other more than ${DEEPEST} deep`, start);
  const parent = reader.open.at(-1);
  if (!parent && reader.root) throw new ScanError('a second root element', start);
  parent?.children.push(element);
  reader.root ??= element;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' };

/** The text with its references replaced: to characters, and the five that XML has by itself. */
function expand(text: string, at: number): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([^;&\s]{1,40}));|&/g, (whole, decimal?: string, hexadecimal?: string, name?: string) => {
    const code = decimal !== undefined ? Number(decimal) : hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : undefined;
    const value = code === undefined ? ENTITIES[name ?? ''] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (value === undefined) throw new ScanError(`\`${whole}\` stands for nothing: documents can’t declare entities here`, at);
    return value;
  });
}
