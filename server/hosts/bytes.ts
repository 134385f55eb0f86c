import { isUtf8 } from 'node:buffer';
import { applyEdits, type TextEdit } from '../core/index.js';

/** A text, or in one sentence why there is none. */
export type Loaded = Readable | { readonly error: string };

export interface Readable {
  readonly text: string;
  /** Whether the bytes begin with a mark, which the text doesn't have: whoever stores it puts it back. */
  readonly bom: boolean;
  /** The text as it is stored, where it has line breaks of old Macs (`\r`); every character is where it is in `text`. */
  readonly stored?: string;
}

const BYTE_ORDER_MARK = '\ufeff';

/** The text of some bytes. A line break of old Macs becomes one that every editor sees. */
export function decode(bytes: Buffer): Loaded {
  const mark = bytes.length > 1 ? bytes.readUInt16BE() : 0;
  if (mark === 0xfffe || mark === 0xfeff) return { error: 'it is UTF-16; store it as UTF-8' };
  if (bytes.includes(0)) return { error: 'it is a binary file' };
  if (!isUtf8(bytes)) return { error: `it is no UTF-8 text (line ${firstBadLine(bytes)})` };
  const whole = bytes.toString('utf8');
  const bom = whole.startsWith(BYTE_ORDER_MARK);
  const stored = bom ? whole.slice(1) : whole;
  const text = stored.replace(OLD_BREAK, '\n');
  return { text, bom, ...(text !== stored && { stored }) };
}

const OLD_BREAK = /\r(?!\n)/g;

/** What is to be stored once a text is edited: with its mark, and the line breaks that it has. */
export function edited({ text, bom, stored = text }: Readable, edits: readonly TextEdit[]): string {
  const isOfOldMac = stored !== text && !stored.includes('\n');
  const own = isOfOldMac ? edits.map((edit) => ({ ...edit, newText: edit.newText.replaceAll('\n', '\r') })) : edits;
  return `${bom ? BYTE_ORDER_MARK : ''}${applyEdits(stored, own)}`;
}

function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found + 1;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end;
  }
  return line;
}
