import { ADDRESS_SPACE } from '../layout/address.js';
import type { XmlElement } from './xml.js';

/** What a domain says that libvirt would refuse, or nobody can read. */
export class LibvirtTrouble extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** All elements at a path below another one. */
export const elementsAt = (element: XmlElement, ...path: readonly string[]): readonly XmlElement[] =>
  path.reduce<readonly XmlElement[]>((found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)), [element]);

/** The first of them. */
export const elementAt = (element: XmlElement, ...path: readonly string[]): XmlElement | undefined => elementsAt(element, ...path)[0];

/** Units of sizes: powers of 1024, and of 1000 with `B` alone behind the letter (virScaleInteger). */
const UNITS: Readonly<Record<string, bigint>> = { b: 1n, byte: 1n, bytes: 1n };

const LETTERS = 'kmgtpe';

function unitOf(text: string, line: number): bigint {
  const unit = text.toLowerCase();
  const known = UNITS[unit];
  if (known !== undefined) return known;
  const power = LETTERS.indexOf(unit[0] ?? '-');
  const rest = unit.slice(1);
  if (power < 0 || unit === '' || !['', 'b', 'ib'].includes(rest)) throw new LibvirtTrouble(`\`${text}\` is no unit of a size`, line);
  return (rest === 'b' ? 1000n : 1024n) ** BigInt(power + 1);
}

/** The size that an element, or one of its attributes, tells with its `unit`; in KiB if it has none. Bytes. */
export function sizeOf(element: XmlElement, attribute?: string, standard = 'KiB'): bigint {
  const text = attribute === undefined ? element.text : (element.attributes.get(attribute) ?? '');
  if (!/^\d{1,20}$/.test(text)) throw new LibvirtTrouble(`<${element.name}> has no size${attribute === undefined ? '' : ` in \`${attribute}\``}: ${text.slice(0, 40)}`, element.line);
  const size = BigInt(text) * unitOf(element.attributes.get('unit') ?? standard, element.line);
  if (size > ADDRESS_SPACE) throw new LibvirtTrouble(`${text} ${element.attributes.get('unit') ?? standard} are more than 2^64 bytes`, element.line);
  return size;
}

/** A small number, decimal or hexadecimal; nothing where none is written. */
export function wholeNumber(element: XmlElement, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^(?:0x[0-9a-f]{1,8}|\d{1,9})$/i.test(text)) throw new LibvirtTrouble(`<${element.name}> has \`${text.slice(0, 40)}\` where a number belongs`, element.line);
  return Number(text);
}

/** An address, decimal or hexadecimal. */
export function addressIn(element: XmlElement, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (!/^(?:0x[0-9a-f]{1,40}|\d{1,40})$/i.test(text) || BigInt(text) >= ADDRESS_SPACE) throw new LibvirtTrouble(`\`${text.slice(0, 60)}\` is no address below 2^64`, element.line);
  return BigInt(text);
}

const MOST_IN_SET = 4096;

/** `0-3,^2,7`: 0, 1, 3, 7. */
export function nodeSet(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, not, first = '', last = first] = /^\s*(\^?)(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? [];
    if (first === '') continue;
    for (let number = Number(first); number <= Math.min(Number(last), MOST_IN_SET); number += 1) {
      if (not) found.delete(number);
      else found.add(number);
    }
  }
  return [...found];
}
