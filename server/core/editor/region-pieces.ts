import { isExpression, type Element } from '../layout/elements.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import type { Backing, Region } from '../layout/model.js';
import { placeOf, type Place, type PlacedEdit } from '../layout/place.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { freshName, lineAbove, linesAfter, otherProperties, withProperty } from '../rules/edits.js';
import { letter } from '../rules/map-lines.js';
import type { Expression, Extent, PropertyValue } from '../syntax/nodes.js';
import { isLoose, isNumber } from './expression-text.js';

/**
 * The edits that leave of a region its first part and write the others below it. What is an expression stays one: each piece
 * begins at the end of the one before, and the last takes what they leave. Parts are in guest-physical addresses, ascending and
 * without gaps; `nodes` are those of the pieces, where they get one.
 */
export function regionPieces(region: Region, parts: readonly Range[], owner: Element, nodes: readonly number[]): PlacedEdit[] | undefined {
  const { element, kind } = region;
  const [first, ...others] = parts;
  if (!region.range || !first || (kind !== 'ram' && kind !== 'rom') || region.alias || region.over.length > 0) return undefined;
  const { base } = region.range;
  const source = sourceOf(region, owner);
  const names = parts.map((_, index) => (index === 0 ? region.name : freshName(owner, `${region.name}-${letter(index)}`)));
  const rest = otherProperties(element, ['at', 'size', 'from', ...(source.named ? ['backing'] : [])]);
  const node = (index: number): string => (nodes[index] === undefined ? '' : ` node ${nodes[index]}`);
  const lines = others.map((part, index) => {
    const extent = extentOfPiece(element, part, { before: names[index] ?? '', taken: part.base - base, isLast: part === parts.at(-1) });
    return `${kind} ${names[index + 1]} ${extent}${source.from(part.base - base)}${rest}${node(index + 1)}`;
  });
  return [...source.edits, ...firstExtent(element, first), ...(nodes[0] === undefined ? [] : [withProperty(element, 'node', `${nodes[0]}`)]), linesAfter(element, lines)];
}

const valueOf = ({ properties }: Element, word: string): PropertyValue | undefined => properties.get(word)?.[0]?.property.value;

const isComputed = (value: PropertyValue | undefined): value is Expression => value !== undefined && isExpression(value) && !isNumber(value);

const hasNames = ({ base, bound }: Extent): boolean => !isNumber(base) || !isNumber(bound);

/** The region as far as its first piece goes: its address stays as it is written. */
function firstExtent(element: Element, part: Range): PlacedEdit[] {
  const at = valueOf(element, 'at');
  if (at?.kind !== 'extent') return [withProperty(element, 'size', writeSize(sizeOf(part)))];
  const { base, bound } = at;
  if (hasNames(at)) return [{ ...placeOf(element.origin, { start: base.end, end: bound.end }), newText: ` size ${writeSize(sizeOf(part))}` }];
  return [{ ...placeOf(element.origin, bound), newText: endText(at, part) }];
}

const endText = ({ inclusive }: Extent, { end }: Range): string => writeAddress(inclusive ? end - 1n : end);

interface Piece {
  /** Name of the piece below it. */
  readonly before: string;
  /** Bytes that the pieces before it have. */
  readonly taken: bigint;
  readonly isLast: boolean;
}

/** `at … size …` of a piece that isn't the first. */
function extentOfPiece(element: Element, part: Range, { before, taken, isLast }: Piece): string {
  const { text } = element.origin.item;
  const [at, size] = [valueOf(element, 'at'), valueOf(element, 'size')];
  if (at?.kind === 'extent') {
    const sign = at.inclusive ? '..=' : '..';
    if (!hasNames(at)) return `at ${writeAddress(part.base)} ${sign} ${endText(at, part)}`;
    return `at ${before}.end ${isLast ? `${sign} ${text.slice(at.bound.start, at.bound.end)}` : `size ${writeSize(sizeOf(part))}`}`;
  }
  const base = isComputed(at) ? `${before}.end` : writeAddress(part.base);
  return `at ${base} size ${isLast && isComputed(size) ? `${termOf(size, text)} - ${writeSize(taken)}` : writeSize(sizeOf(part))}`;
}

/** An expression as it may stand before `-`. */
function termOf(node: Expression, text: string): string {
  const own = text.slice(node.start, node.end);
  return isLoose(node) ? `(${own})` : own;
}

interface PieceSource {
  /** What gives the backing a name, where it had none. */
  readonly edits: readonly PlacedEdit[];
  readonly named: boolean;
  /** ` from …` of the piece so many bytes behind the region's base. */
  readonly from: (distance: bigint) => string;
}

/** Where pieces take their bytes from: the offsets stay what they were in the whole. */
function sourceOf(region: Region, owner: Element): PieceSource {
  const { backing, offset, element, name, range } = region;
  const nothing = { edits: [], named: false };
  if (!backing || (backing.own && (backing.kind === 'anonymous' || backing.kind === 'thp'))) return { ...nothing, from: () => '' };
  if (!backing.own) return { ...nothing, from: (distance) => ` from ${startOf(element) ?? backing.name}${startOf(element) === undefined ? plus((offset ?? 0n) + distance) : plus(distance)}` };
  const named = freshName(owner, `${name}-memory`);
  const written = placeOfBacking(element);
  const line = `backing ${named} size ${writeSize(range ? sizeOf(range) : 0n)} ${kindText(backing)}`;
  const edits = written ? [lineAbove(element.origin, element.origin.declaration, line), { ...written, newText: `from ${named}` }] : [];
  return { edits, named: true, from: (distance) => ` from ${named}${plus(distance)}` };
}

const plus = (offset: bigint): string => (offset === 0n ? '' : ` + ${writeSize(offset)}`);

/** `pages + OFFSET` as it is written, where that says more than a number would. */
function startOf({ properties }: Element): string | undefined {
  const located = properties.get('from')?.[0];
  const value = located?.property.value;
  const isOffset = value?.kind === 'binary' && value.operator.text === '+' && !isNumber(value.right);
  return isOffset ? located?.item.text.slice(value.start, value.end) : undefined;
}

function placeOfBacking({ properties, origin }: Element): Place | undefined {
  const located = properties.get('backing')?.[0];
  return located?.item === origin.item ? placeOf(located, located.property) : undefined;
}

const kindText = ({ kind, page, physical }: Backing): string =>
  kind === 'physical' ? `physical at ${writeAddress(physical ?? 0n)}` : page === undefined ? kind : `${kind} ${writeSize(page)}`;
