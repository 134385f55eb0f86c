import { overlaps, sizeOf, type Range } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';
import { compressedAxis, type Cell } from '../map/axis.js';
import { lanesOf } from '../map/lanes.js';
import { labelOf } from '../map/draw-leaves.js';
import { isRefused, type MapItem, type MapModel } from '../map/model.js';
import { titleOf } from '../map/picture.js';
import { sizeWords } from '../map/sizes.js';
import { showable } from './cells.js';
import { padColumns } from './columns.js';
import type { Paint } from './paint.js';

/** The maps as text: a line for each address at which something begins or ends, the spaces side by side. */
export const mapText = (models: readonly MapModel[], paint: Paint): string => models.map((model) => `${oneMap(model, paint)}\n`).join('\n');

interface Line {
  readonly address: string;
  readonly cells: readonly string[];
  readonly faint: boolean;
}

function oneMap(model: MapModel, paint: Paint): string {
  const columns = columnsOf(model);
  const lines = compressedAxis([model]).cells.flatMap((cell) => linesOf(cell, columns));
  const addresses = Math.max(...lines.map(({ address }) => address.length));
  const table = [{ address: '', cells: columns.map(({ title }) => title), faint: true }, ...lines];
  const padded = padColumns(table.map(({ address, cells }) => [address.padStart(addresses), ...cells]));
  return [
    `${paint.strong(titleOf(model))}  ${paint.faint([model.asked, model.totals].filter((words) => words !== '').join('; '))}`,
    ...padded.map((cells, index) => {
      const line = `  ${cells.join('  ')}`.trimEnd();
      return table[index]?.faint ? paint.faint(line) : line;
    }),
    ...model.hits.map(({ number, level, rule, message }) => `  ${paint.level(level, `!${number} ${level}`)} ${rule}: ${showable(message)}`),
  ].join('\n');
}

interface TextColumn {
  readonly title: string;
  /** What the column says of a stretch, and whether anything stands in it. */
  readonly cellAt: (range: Range) => string;
}

function columnsOf(model: MapModel): TextColumn[] {
  const marks = marksOf(model);
  const space = (title: string, name: 'gpa' | 'iova'): TextColumn => {
    const placed = lanesOf(model.items, name).flatMap(({ depth, items }) => items.map((item) => ({ depth, item })));
    return { title, cellAt: (range) => stackAt(placed.filter(({ item }) => overlaps(item.range, range)), range, marks) };
  };
  const leaves: TextColumn = { title: 'leaves', cellAt: (range) => model.leaves.filter((run) => starts(run.range, range)).map(labelOf).join(' + ') };
  const memory: TextColumn = { title: 'memory', cellAt: (range) => bytesAt(model, range) };
  return [space('guest-physical', 'gpa'), ...(model.host === undefined ? [] : [space('IOVA', 'iova'), leaves]), memory];
}

/** Outer things first: a bar for what goes on, the name of what begins here. */
function stackAt(placed: readonly { depth: number; item: MapItem }[], range: Range, marks: ReadonlyMap<string, string>): string {
  return placed.map(({ item }) => (starts(item.range, range) ? nameOf(item, marks) : '│')).join(' ');
}

const starts = ({ base }: Range, range: Range): boolean => base >= range.base && base < range.end;

function nameOf(item: MapItem, marks: ReadonlyMap<string, string>): string {
  const { kind, name, kept, verdict, range, id } = item;
  const words = kind === 'outside' ? name : kind === 'left-out' ? `left out of ${name}` : `${kept ?? kind} ${name}`;
  const size = kind === 'outside' ? '' : ` ${sizeWords(sizeOf(range))}`;
  return `┌${words}${size}${isRefused(item) ? ` ${verdict}` : ''}${marks.get(id) ?? ''}`;
}

function marksOf({ hits }: MapModel): ReadonlyMap<string, string> {
  const marks = new Map<string, string>();
  for (const { number, items } of hits) for (const id of items) marks.set(id, `${marks.get(id) ?? ''} !${number}`);
  return marks;
}

/** Where the bytes that begin here are. */
function bytesAt({ items, backings }: MapModel, range: Range): string {
  const found = items.filter((item) => item.bytes && starts(item.range, range)).map(({ bytes }) => {
    const backing = backings.find(({ id }) => id === bytes?.backing);
    return backing && bytes ? `${backing.name} ${backing.physical ? 'at' : '+'} ${writeAddress(bytes.range.base)}` : '';
  });
  return [...new Set(found)].join(', ');
}

function linesOf({ range, gap }: Cell, columns: readonly TextColumn[]): Line[] {
  const cells = columns.map(({ cellAt }) => cellAt(range));
  if (!gap || cells.some((cell) => /[^ │]/.test(cell))) return [{ address: writeAddress(range.base), cells, faint: false }];
  const empty = cells.map((cell, column) => (column === 0 && cell === '' ? `⋮ ${sizeWords(sizeOf(range))}` : cell));
  return [{ address: writeAddress(range.base), cells: empty, faint: true }];
}
