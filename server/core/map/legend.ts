import { formatSize } from '../layout/address.js';
import { lookOf } from './draw-items.js';
import { leafLook } from './draw-leaves.js';
import { isRefused, type MapItem, type MapModel } from './model.js';
import { rect, text, widthOf, type Shape } from './shapes.js';

const WORDS: Readonly<Record<string, string>> = {
  ram: 'RAM', rom: 'ROM', mmio: 'MMIO', bar: 'BAR', window: 'window', doorbell: 'doorbell', hole: 'hole', avoid: 'no DMA there (avoid)',
  map: 'DMA mapping', 'left-out': 'left out by the VMM', outside: 'can’t be addressed',
};

const KEPT_WORDS: Readonly<Record<string, string>> = {
  msi: 'kept: MSI window', 'sw-msi': 'kept: software MSI window', direct: 'kept: direct', 'direct-relaxable': 'direct, relaxable', reserved: 'kept: reserved',
};

interface Entry {
  readonly look: string;
  readonly words: string;
}

const ROW = 20;
const SWATCH = 16;

/** What the looks in a drawing mean: those that occur, in rows. */
export function drawLegend(models: readonly MapModel[], width: number): { readonly shapes: Shape[]; readonly height: number } {
  const shapes: Shape[] = [];
  let [x, y] = [0, 0];
  for (const { look, words } of legendOf(models)) {
    const entry = SWATCH + 6 + widthOf(words, 10.5, 'plain') + 14;
    if (x > 0 && x + entry > width) [x, y] = [0, y + ROW];
    shapes.push(rect(look, x + 0.5, y + 2.5, SWATCH - 1, 11, { radius: 2 }), text('t-detail', x + SWATCH + 6, y + 12, words));
    x += entry;
  }
  return { shapes, height: y + ROW };
}

/** Looks and their meaning, in the order of their first item; then the leaves, largest first. */
export function legendOf(models: readonly MapModel[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const item of models.flatMap(({ items }) => items)) {
    const words = wordsFor(item);
    if (!entries.has(words)) entries.set(words, { look: lookOf({ ...item, arrivals: [] }, {}), words });
  }
  const sizes = new Set(models.flatMap(({ leaves }) => leaves.map(({ size }) => size)));
  const leaves = [...sizes].sort((left, right) => (left > right ? -1 : 1));
  return [...entries.values(), ...leavesByLook(leaves)];
}

/** Sizes that look alike are told together. */
function leavesByLook(sizes: readonly bigint[]): Entry[] {
  const byLook = new Map<string, bigint[]>();
  for (const size of sizes) byLook.set(leafLook(size), [...(byLook.get(leafLook(size)) ?? []), size]);
  return [...byLook].map(([look, [most = 0n, ...others]]) => {
    const least = others.at(-1);
    return { look, words: `leaves of ${formatSize(most)}${least === undefined ? '' : ` to ${formatSize(least)}`}` };
  });
}

const wordsFor = (item: MapItem): string => {
  if (item.kept) return KEPT_WORDS[item.kept] ?? item.kept;
  return isRefused(item) ? 'refused mapping' : WORDS[item.kind] ?? item.kind;
};
