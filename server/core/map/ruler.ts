import { ADDRESS_SPACE, alignUp, log2 } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';
import { positionOf, type Cell, type View } from './axis.js';
import { tearOf } from './draw-track.js';

/** An address told beside the columns. */
export interface Tick {
  readonly address: bigint;
  readonly position: number;
  readonly label: string;
  /** Whether something begins or ends there; if not, it is only a round address. */
  readonly isEnd: boolean;
}

/** Pixels that a label takes. */
const LABEL_HEIGHT = 13;
/** Pixels between round addresses. */
const TICK_DISTANCE = 52;

/**
 * Addresses that are told: the ends of the view, then ends of what stands in it in the order given, then round ones where
 * room is left. Two are never closer than a line of text.
 */
export function ticksOf(view: View, ends: readonly bigint[]): Tick[] {
  const places = new Places(view.height);
  const ticks: Tick[] = [];
  const add = (address: bigint, isEnd: boolean): void => {
    const position = positionOf(view, address);
    if (position < -0.5 || position > view.height + 0.5 || !places.take(position)) return;
    ticks.push({ address, position, label: address === ADDRESS_SPACE ? '2^64' : writeAddress(address), isEnd });
  };
  add(view.window.base, true);
  add(view.window.end, true);
  for (const address of ends) add(address, true);
  for (const address of roundAddresses(view)) add(address, false);
  return ticks.sort((left, right) => left.position - right.position);
}

/** Lines that are taken, by pixel. */
class Places {
  readonly #taken: Uint8Array;

  constructor(height: number) {
    this.#taken = new Uint8Array(Math.ceil(height) + 2 * LABEL_HEIGHT + 2);
  }

  /** Whether a label fits here; then the place is taken. */
  take(position: number): boolean {
    const middle = Math.round(position) + LABEL_HEIGHT;
    if (this.#taken[middle]) return false;
    this.#taken.fill(1, Math.max(0, middle - LABEL_HEIGHT + 1), middle + LABEL_HEIGHT);
    return true;
  }
}

/** Multiples of a power of two in each cell that is long enough to need some. */
function roundAddresses(view: View): bigint[] {
  const { axis: { cells }, window, first } = view;
  const found: bigint[] = [];
  for (let index = first; index < cells.length; index++) {
    const cell = cells[index];
    if (!cell || cell.range.base >= window.end) break;
    // Within a tear no address is where it would be expected.
    if (!tearOf(cell, view)) found.push(...roundIn(cell, view));
  }
  return found;
}

function roundIn({ range }: Cell, view: View): bigint[] {
  const base = range.base > view.window.base ? range.base : view.window.base;
  const end = range.end < view.window.end ? range.end : view.window.end;
  const pixels = positionOf(view, end) - positionOf(view, base);
  if (pixels < 2 * TICK_DISTANCE) return [];
  const step = powerFrom(sizeOf({ base, end }), pixels / TICK_DISTANCE);
  const found: bigint[] = [];
  for (let address = alignUp(base, step); address < end; address += step) found.push(address);
  return found;
}

/** The least power of two of which at most so many lie in a size. */
function powerFrom(size: bigint, most: number): bigint {
  const least = Number(size) / most;
  return least <= 1 ? 1n : 1n << BigInt(log2(BigInt(Math.ceil(least)) * 2n - 1n));
}
