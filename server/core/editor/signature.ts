import { FUNCTIONS } from '../layout/functions.js';
import { itemIndexAt, type Document } from '../syntax/document.js';
import type { Span } from '../text/span.js';
import { codeOf, endsIn } from './damage.js';
import { aboutField } from './field-words.js';

/** The function whose arguments are being written. */
export interface Signature {
  readonly label: string;
  readonly about: string;
  /** Each parameter's place in the label. */
  readonly parameters: readonly Span[];
  /** Index of the parameter that the cursor is at; nothing where there are more arguments than parameters. */
  readonly active: number | undefined;
}

/** Methods of a map or a vm, in policies: what they are given. */
const METHODS: ReadonlyMap<string, string> = new Map([
  ['blocks', 'blocks(size)'],
  ['coverage', 'coverage(size)'],
  ['stage2', 'stage2(size)'],
  ['stage2-coverage', 'stage2-coverage(size)'],
]);

/** The innermost call around an offset, past its opening parenthesis. Read from the text alone: while arguments are typed, there is no tree of them. */
export function signatureAt(document: Document, offset: number): Signature | undefined {
  const index = itemIndexAt(document, offset);
  const before = (document.items[index]?.text ?? '').slice(0, offset - (document.starts[index] ?? 0));
  if (endsIn(before) !== 'code') return undefined;
  const call = openCall(codeOf(before));
  return call && signatureOf(call);
}

interface OpenCall {
  /** `align_up`, `m.coverage`. */
  readonly path: readonly string[];
  /** How many arguments stand before the one at the cursor. */
  readonly argument: number;
}

/** The call whose parenthesis is open at the end of a text. */
function openCall(text: string): OpenCall | undefined {
  let depth = 0;
  let argument = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    const character = text[at] ?? '';
    if (/[{};]/.test(character)) return undefined;
    if (character === ')') depth++;
    if (character === ',' && depth === 0) argument++;
    if (character !== '(' || depth-- > 0) continue;
    const name = /[A-Za-z_][\w.-]*$/.exec(text.slice(0, at))?.[0];
    if (name !== undefined) return { path: name.split('.'), argument };
    // A parenthesis of its own: what calls is farther out.
    [depth, argument] = [0, 0];
  }
  return undefined;
}

function signatureOf({ path, argument }: OpenCall): Signature | undefined {
  const name = path.at(-1) ?? '';
  const known = path.length === 1 ? FUNCTIONS.get(name) : undefined;
  const label = path.length === 1 ? known?.signature : METHODS.get(name);
  if (label === undefined) return undefined;
  const parameters = parametersOf(label);
  const last = parameters.length - 1;
  const isOpen = label.endsWith('…)');
  const active = argument <= last ? argument : isOpen ? last : undefined;
  return { label, about: known?.about ?? aboutField(name) ?? '', parameters, active };
}

function parametersOf(label: string): Span[] {
  let start = label.indexOf('(') + 1;
  return label.slice(start, -1).split(', ').map((parameter) => {
    const span = { start, end: start + parameter.length };
    start = span.end + 2;
    return span;
  });
}
