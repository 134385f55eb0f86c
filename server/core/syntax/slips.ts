import type { Span } from '../text/span.js';
import { LISTINGS, type Listing } from './listings.js';
import type { PropertyValue } from './nodes.js';
import type { SyntaxProblem } from './problems.js';

/** What many write at first, each told as one mistake where the grammar sees several. */

/** The problems without those that only come of a larger one. */
export function withoutCovered(problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  const covers = problems.flatMap(({ covers: span }) => span ?? []).sort((left, right) => left.start - right.start);
  let end = -1;
  let next = 0;
  return problems.filter(({ start, covers: own }) => {
    for (let cover = covers[next]; cover && cover.start <= start; cover = covers[++next]) end = Math.max(end, cover.end);
    return own !== undefined || start >= end;
  });
}

/** Slips on the lines of a text that are damaged; `problems` are in its order. */
export function slipsIn(problems: readonly SyntaxProblem[], text: string): SyntaxProblem[] {
  const slips: SyntaxProblem[] = [];
  let looked = 0;
  for (const { start } of problems) {
    if (start < looked) continue;
    const line = lineAt(text, start);
    looked = line.end + 1;
    const listing = listingAt(text, line);
    if (listing) looked = listing.covers.end;
    slips.push(...(listing ? [listing] : SLIPS.flatMap((slip) => slip(text.slice(line.start, line.end), line.start, problems) ?? [])));
  }
  return slips;
}

/** Characters of a line that are looked at; a line of a listing has fewer. */
const LONGEST_LINE = 1024;

function lineAt(text: string, offset: number): Span {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', start);
  return { start, end: end < 0 ? text.length : end };
}

/** Lines of a listing from one on, as far as they go. */
function listingAt(text: string, first: Span): (SyntaxProblem & { readonly covers: Span }) | undefined {
  const isOf = ({ line }: Listing, { start, end }: Span): boolean => line.test(text.slice(start, Math.min(end, start + LONGEST_LINE)));
  const listing = LISTINGS.find((candidate) => isOf(candidate, first));
  if (!listing) return undefined;
  let last = first;
  for (let next = lineAt(text, last.end + 1); next.start > last.end && next.start < text.length && isOf(listing, next); next = lineAt(text, last.end + 1)) last = next;
  const indent = /^\s*/.exec(text.slice(first.start, first.end))?.[0].length ?? 0;
  const message = `this is what ${listing.from} prints, and no layout: \`vmlayout import ${listing.format} FILE\` makes one of it`;
  return { start: first.start + indent, end: first.end, message, listing: listing.format, covers: { start: first.start, end: last.end + 1 } };
}

/** Looks at a line that is damaged; `base` is where it begins in the text. */
type Slip = (line: string, base: number, problems: readonly SyntaxProblem[]) => SyntaxProblem | undefined;

const SLIPS: readonly Slip[] = [pathWithoutQuotes, hugepagesForHugetlb, hashForComment];

/** `import std:iommu/intel`. */
function pathWithoutQuotes(line: string, base: number): SyntaxProblem | undefined {
  const [all = '', before = '', path = ''] = /^([ \t]*import[ \t]+)([^\s"{};]+)(?=[ \t]*(?:;|\/\/|\r?$))/.exec(line) ?? [];
  if (path === '') return undefined;
  const [start, end] = [base + before.length, base + all.length];
  const repair = { start, end, newText: `"${path}"`, title: 'Put the path in quotes', safe: true };
  return { start, end, message: `a path stands in quotes: \`"${path}"\``, repair, covers: { start: base, end } };
}

/** `backing hugepages 1 GiB`: `hugepages` are those of a host. */
function hugepagesForHugetlb(line: string, base: number): SyntaxProblem | undefined {
  const match = /\bbacking\b[^;{}]*?[ \t](hugepages)\b[ \t]*(?:\d[\w.]*[ \t]*(?:[A-Za-z]+\b)?)?/.exec(line);
  if (!match) return undefined;
  const word = base + match.index + match[0].lastIndexOf('hugepages');
  const span = { start: word, end: word + 'hugepages'.length };
  return {
    ...span,
    message: 'a backing has no `hugepages`, which are those of a host; did you mean `hugetlb`?',
    repair: { ...span, newText: 'hugetlb', title: 'Change to `hugetlb`' },
    covers: { start: base + match.index, end: base + match.index + match[0].length },
  };
}

/** `# …`, where nothing else can stand. */
function hashForComment(line: string, base: number, problems: readonly SyntaxProblem[]): SyntaxProblem | undefined {
  const found = problems.find(({ start }) => start >= base && start < base + line.length && line[start - base] === '#');
  if (!found) return undefined;
  const hash = { start: found.start, end: found.start + 1 };
  return { ...hash, message: 'a comment begins with `//`', repair: { ...hash, newText: '//', title: 'Write `//`', safe: true }, covers: { start: found.start, end: base + line.length } };
}

/** The ends of `0x800_0000-0x80f_ffff` after `at`, which is how kernels print a range; as a difference it would lie below 0. */
export function rangeSlip(value: PropertyValue | undefined): { readonly base: Span; readonly last: Span } | undefined {
  if (value?.kind !== 'binary' || value.operator.text !== '-') return undefined;
  const { left, operator, right } = value;
  if (left.end !== operator.start || operator.end !== right.start) return undefined;
  const isPair = left.kind === 'integer' && right.kind === 'integer' && left.unit === undefined && right.unit === undefined;
  return isPair && left.value !== undefined && right.value !== undefined && left.value < right.value ? { base: left, last: right } : undefined;
}
