import { intersect, sizeOf, subtract, type Range } from '../layout/intervals.js';
import { positionOf, type View } from './axis.js';
import type { Span } from './lanes.js';
import { isRefused, type Bytes } from './model.js';

/** Bytes of a backing that something in view shows. */
interface User {
  readonly item: string;
  readonly refused: boolean;
  readonly bytes: Bytes;
  readonly top: number;
  readonly bottom: number;
  /** Where the ribbon begins: at the IOVAs, or past them at what the guest alone sees. */
  readonly from: 'gpa' | 'iova';
}

/** A stretch of a backing as it is drawn. */
export interface Piece extends Bytes {
  readonly top: number;
  readonly bottom: number;
  readonly items: readonly string[];
  /** Whether its bytes come right after those of the one above. */
  readonly follows: boolean;
}

/** Which stretch of the IOVAs shows which stretch of a backing. */
export interface Ribbon {
  readonly item: string;
  readonly refused: boolean;
  readonly from: 'gpa' | 'iova';
  readonly top: number;
  readonly bottom: number;
  readonly pieceTop: number;
  readonly pieceBottom: number;
}

const GAP = 12;
const BACKING_GAP = 22;

/**
 * Draws the memory behind what is in view: each stretch as tall as what shows it and as near to it as the order of the
 * bytes allows, so that a mapping in phase is a straight band.
 */
export function memoryOf(gpa: readonly Span[], iova: readonly Span[], view: View): { readonly pieces: readonly Piece[]; readonly ribbons: readonly Ribbon[] } {
  const mapped = iova.flatMap((span) => usersOf(span, 'iova', view, []));
  const shown = gpa.flatMap((span) => usersOf(span, 'gpa', view, mapped));
  const users = [...mapped, ...shown];
  const pieces = placed(users, view.height);
  return { pieces, ribbons: users.flatMap((user) => ribbonsOf(user, pieces)) };
}

/** What of a span's bytes is in view, without what others show already. */
function usersOf({ item, count, top, bottom }: Span, from: 'gpa' | 'iova', view: View, others: readonly User[]): User[] {
  const visible = intersect(item.range, view.window);
  if (count > 1 || !item.bytes || !visible || bottom - top < 1) return [];
  const { backing, range: { base } } = item.bytes;
  const shift = base - item.range.base;
  const bytes = { base: visible.base + shift, end: visible.end + shift };
  const taken = others.filter((other) => other.bytes.backing === backing).map((other) => other.bytes.range);
  return subtract(bytes, taken).map((range) => ({
    item: item.id, refused: isRefused(item), from, bytes: { backing, range },
    top: positionOf(view, range.base - shift), bottom: positionOf(view, range.end - shift),
  }));
}

interface Draft extends Bytes {
  readonly users: readonly User[];
  readonly wanted: number;
  readonly height: number;
  /** Pixels between it and the one above. */
  readonly gap: number;
}

function placed(users: readonly User[], height: number): Piece[] {
  const drafts = withGaps([...backingsInOrder(users)].flatMap(([backing, own]) => cutUp(backing, own)));
  const total = drafts.reduce((sum, draft) => sum + draft.height + draft.gap, 0);
  const scale = total > height ? height / total : 1;
  const tops = settled(drafts.map((draft) => ({ wanted: draft.wanted, height: draft.height * scale, gap: draft.gap * scale })), height);
  return drafts.map(({ backing, range, users: own, gap, height: tall }, index) => {
    const top = tops[index] ?? 0;
    return { backing, range, top, bottom: top + tall * scale, items: [...new Set(own.map(({ item }) => item))], follows: index > 0 && gap === 0 };
  });
}

/** Backings in the order in which they are seen first. */
function backingsInOrder(users: readonly User[]): Map<string, User[]> {
  const byBacking = new Map<string, User[]>();
  for (const user of [...users].sort((left, right) => left.top - right.top)) {
    const own = byBacking.get(user.bytes.backing);
    if (own) own.push(user);
    else byBacking.set(user.bytes.backing, [user]);
  }
  return byBacking;
}

/** Cuts the bytes of a backing wherever one of its users begins or ends. */
function cutUp(backing: string, users: readonly User[]): Omit<Draft, 'gap'>[] {
  const ends = [...new Set(users.flatMap(({ bytes: { range } }) => [range.base, range.end]))].sort((left, right) => (left < right ? -1 : 1));
  return ends.slice(1).flatMap((end, index) => {
    const range = { base: ends[index] ?? 0n, end };
    const own = users.filter(({ bytes }) => bytes.range.base <= range.base && range.end <= bytes.range.end);
    const [first] = own;
    if (!first) return [];
    const height = Math.max(...own.map((user) => stretchOf(user, range)[1] - stretchOf(user, range)[0]));
    return [{ backing, range, users: own, wanted: stretchOf(first, range)[0], height }];
  });
}

/** Where a user shows some of its bytes. */
function stretchOf({ bytes: { range }, top, bottom }: User, part: Range): [top: number, bottom: number] {
  const pixels = (bottom - top) / Number(sizeOf(range));
  return [top + Number(part.base - range.base) * pixels, bottom - Number(range.end - part.end) * pixels];
}

const withGaps = (drafts: readonly Omit<Draft, 'gap'>[]): Draft[] =>
  drafts.map((draft, index) => {
    const above = drafts[index - 1];
    const gap = !above ? 0 : above.backing !== draft.backing ? BACKING_GAP : above.range.end === draft.range.base ? 0 : GAP;
    return { ...draft, gap };
  });

interface Wish {
  readonly wanted: number;
  readonly height: number;
  readonly gap: number;
}

/** Tops in the given order that keep their distance and are, taken together, as near to the wanted ones as can be. */
function settled(wishes: readonly Wish[], height: number): number[] {
  // Offsets of each from the first, if all were packed: then only an order has to be kept.
  const offsets: number[] = [];
  let end = 0;
  for (const wish of wishes) {
    end += wish.gap;
    offsets.push(end);
    end += wish.height;
  }
  const slack = Math.max(0, height - end);
  return isotonic(wishes.map(({ wanted }, index) => wanted - (offsets[index] ?? 0)))
    .map((shift, index) => Math.min(slack, Math.max(0, shift)) + (offsets[index] ?? 0));
}

/** The nearest sequence, in the sense of least squares, that never falls: neighbours that do are averaged. */
function isotonic(values: readonly number[]): number[] {
  const groups: { sum: number; count: number }[] = [];
  for (const value of values) {
    groups.push({ sum: value, count: 1 });
    for (let last = groups.at(-1), above = groups.at(-2); last && above && above.sum / above.count > last.sum / last.count; ) {
      groups.pop();
      above.sum += last.sum;
      above.count += last.count;
      [last, above] = [groups.at(-1), groups.at(-2)];
    }
  }
  return groups.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
}

const ribbonsOf = (user: User, pieces: readonly Piece[]): Ribbon[] =>
  pieces.flatMap((piece) => {
    if (piece.backing !== user.bytes.backing || !piece.items.includes(user.item) || !intersect(piece.range, user.bytes.range)) return [];
    const [top, bottom] = stretchOf(user, piece.range);
    return [{ item: user.item, refused: user.refused, from: user.from, top, bottom, pieceTop: piece.top, pieceBottom: piece.bottom }];
  });
