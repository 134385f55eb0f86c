import { treeOf, type Document } from '../syntax/document.js';
import type { Declaration, Member } from '../syntax/nodes.js';
import type { Span } from '../text/span.js';

/** A declaration in the outline of a file; spans count in the document. */
export interface OutlineSymbol {
  readonly keyword: string;
  readonly name: string;
  /** What stands beside the name: where a region lies, what a device is called. */
  readonly detail: string;
  readonly deprecated: boolean;
  readonly whole: Span;
  readonly nameSpan: Span;
  readonly children: readonly OutlineSymbol[];
}

/** The declarations of a file, those in a block under the one it belongs to. */
export function symbolsIn(document: Document): OutlineSymbol[] {
  return document.items.flatMap((item, index) => symbolsOf(treeOf(item).members, item.text, document.starts[index] ?? 0));
}

/** Statements of a policy have no name; what they say is shorter than a name would be. */
const LEFT_OUT = new Set(['import', 'limits']);

const symbolsOf = (members: readonly Member[], text: string, base: number): OutlineSymbol[] => outlined(members).map((member) => symbolOf(member, text, base));

/** The declarations among the members of a block that an outline has. */
export const outlined = (members: readonly Member[]): Declaration[] =>
  members.filter((member): member is Declaration => member.kind === 'declaration' && !LEFT_OUT.has(member.keyword.text));

function symbolOf(declaration: Declaration, text: string, base: number): OutlineSymbol {
  const { keyword, block } = declaration;
  const shown = shownName(declaration, text);
  return {
    keyword: keyword.text,
    name: shown.text,
    detail: detailOf(declaration, text),
    deprecated: isDeprecated(declaration),
    whole: moved(declaration, base),
    nameSpan: moved(shown.span, base),
    children: symbolsOf(block?.members ?? [], text, base),
  };
}

/** What a declaration is shown as: its name, what stands there instead, or its keyword. The span counts in the item. */
export function shownName({ keyword, name, head }: Declaration, text: string): { readonly span: Span; readonly text: string } {
  const span = name?.kind === 'word' ? name : head && head.end > head.start ? head : keyword;
  return { span, text: oneLine(text.slice(span.start, span.end)) };
}

/** Whether its doc comment begins with `Deprecated`. */
export const isDeprecated = ({ doc }: Declaration): boolean => doc !== undefined && /^deprecated\b/i.test(doc);

/** The keyword, and the rest of the line: `ram at 0 size 16 GiB`. */
function detailOf({ keyword, name, head, properties }: Declaration, text: string): string {
  const rest = [...(name && head ? [head] : []), ...properties].map(({ start, end }) => text.slice(start, end));
  return oneLine([keyword.text, ...rest].join(' '));
}

const LONGEST = 120;

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

const moved = ({ start, end }: Span, by: number): Span => ({ start: start + by, end: end + by });
