import { byBase, sizeOf, type Range } from '../layout/intervals.js';
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
  /** What the column says of a stretch; asked from low to high. */
  readonly cellAt: (range: Range) => string;
}

/** What begins in a stretch of addresses, and what goes on in it. Stretches must be asked for one after the other. */
class Sweep<Thing extends { readonly range: Range }> {
  readonly #things: readonly Thing[];
  #next = 0;
  #open: Thing[] = [];

  constructor(things: readonly Thing[]) {
    this.#things = [...things].sort((left, right) => byBase(left.range, right.range));
  }

  at({ base, end }: Range): { readonly begins: readonly Thing[]; readonly all: readonly Thing[] } {
    this.#open = this.#open.filter(({ range }) => range.end > base);
    const from = this.#next;
    while (this.#next < this.#things.length && (this.#things[this.#next]?.range.base ?? end) < end) this.#next++;
    const begins = this.#things.slice(from, this.#next);
    this.#open.push(...begins);
    return { begins, all: this.#open };
  }
}

function columnsOf(model: MapModel): TextColumn[] {
  const marks = marksOf(model);
  const space = (title: string, name: 'gpa' | 'iova'): TextColumn => {
    const placed = lanesOf(model.items, name).flatMap(({ depth, items }) => items.map((item) => ({ depth, item, range: item.range })));
    const sweep = new Sweep(placed);
    return { title, cellAt: (range) => stackAt(sweep.at(range).all, range, marks) };
  };
  const runs = new Sweep(model.leaves);
  const leaves: TextColumn = { title: 'leaves', cellAt: (range) => runs.at(range).begins.map(labelOf).join(' + ') };
  return [space('guest-physical', 'gpa'), ...(model.host === undefined ? [] : [space('IOVA', 'iova'), leaves]), memoryColumn(model)];
}

/** Outer things first: a bar for what goes on, the name of what begins here. */
function stackAt(placed: readonly { depth: number; item: MapItem }[], range: Range, marks: ReadonlyMap<string, string>): string {
  const outerFirst = [...placed].sort((left, right) => left.depth - right.depth);
  return outerFirst.map(({ item }) => (starts(item.range, range) ? nameOf(item, marks) : '│')).join(' ');
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

/** Where the bytes that begin in a stretch are. */
function memoryColumn({ items, backings }: MapModel): TextColumn {
  const byId = new Map(backings.map((backing) => [backing.id, backing]));
  const sweep = new Sweep(items.filter(({ bytes }) => bytes));
  const words = ({ bytes }: MapItem): string => {
    const backing = byId.get(bytes?.backing ?? '');
    return backing && bytes ? `${backing.name} ${backing.physical ? 'at' : '+'} ${writeAddress(bytes.range.base)}` : '';
  };
  return { title: 'memory', cellAt: (range) => [...new Set(sweep.at(range).begins.map(words))].join(', ') };
}

function linesOf({ range, gap }: Cell, columns: readonly TextColumn[]): Line[] {
  const cells = columns.map(({ cellAt }) => cellAt(range));
  if (!gap || cells.some((cell) => /[^ │]/.test(cell))) return [{ address: writeAddress(range.base), cells, faint: false }];
  const empty = cells.map((cell, column) => (column === 0 && cell === '' ? `⋮ ${sizeWords(sizeOf(range))}` : cell));
  return [{ address: writeAddress(range.base), cells: empty, faint: true }];
}
