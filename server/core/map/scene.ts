import { positionOf, type View } from './axis.js';
import { columnsOf, type Column, type Columns } from './columns.js';
import { differenceOf, drawGhost } from './draw-ghost.js';
import { drawHits, drawRefusal } from './draw-hits.js';
import { drawItems, type Marks, type PlacedSpan } from './draw-items.js';
import { drawLeaves } from './draw-leaves.js';
import { band, drawMemory, drawRibbons } from './draw-memory.js';
import { drawTrack, tearsIn } from './draw-track.js';
import { lanesOf, spansIn, type Lane } from './lanes.js';
import { memoryOf } from './memory.js';
import { isRefused, type MapModel } from './model.js';
import { ticksOf } from './ruler.js';
import { fitting, path, text, whole, widthOf, type Shape } from './shapes.js';

/** What is drawn: one map with its spaces side by side, or the stances of one guest, and perhaps what a fix makes of it. */
export interface Subject {
  readonly models: readonly [MapModel, ...MapModel[]];
  /** The map after a fix, drawn over the first. */
  readonly after?: MapModel | undefined;
}

/** A subject whose items are sorted into lanes: done once, however often it is drawn. */
export interface PreparedSubject extends Subject {
  readonly lanes: ReadonlyMap<MapModel, { readonly gpa: readonly Lane[]; readonly iova: readonly Lane[] }>;
}

export function prepare(subject: Subject): PreparedSubject {
  const lanes = subject.models.map((model) => [model, { gpa: lanesOf(model.items, 'gpa'), iova: lanesOf(model.items, 'iova') }] as const);
  return { ...subject, lanes: new Map(lanes) };
}

/** Height of the headings above the columns, in pixels. */
export const HEADINGS = 40;

/** Draws what is in view, headings apart: the first row of pixels is the first address of the view. */
export function drawMap(subject: PreparedSubject, view: View, width: number, given: Marks = {}): Shape[] {
  const change = subject.after && differenceOf(subject.models[0], subject.after);
  const marks = { ...given, gone: change?.gone };
  const columns = columnsOf(subject.models, width);
  const gpa = placedSpans(subject, columns.gpa, view);
  const iovas = columns.iovas.map(({ column }) => placedSpans(subject, column, view));
  const { pieces, ribbons } = memoryOf(gpa, iovas[0] ?? [], view);
  const tears = tearsIn(view);
  const memory = columns.memory;
  const strip = columns.iovas[0]?.strip;
  return [
    ...drawRuler(columns, view, [...gpa, ...iovas.flat()]),
    ...drawTrack(columns.gpa, view.height, tears, gpa),
    ...columns.iovas.flatMap(({ column }, index) => drawTrack(column, view.height, tears, iovas[index] ?? [])),
    ...(subject.models.length === 1 ? drawShown(columns, view, iovas[0] ?? [], marks) : []),
    ...(memory && strip ? drawRibbons(ribbons, strip.x + strip.width, memory.x, marks.selected) : []),
    ...drawItems(columns.gpa, gpa, view.height, marks),
    ...columns.iovas.flatMap(({ column, strip: own }, index) => [...drawItems(column, iovas[index] ?? [], view.height, marks), ...drawLeaves(own, view)]),
    ...(memory ? drawMemory(memory, pieces, marks.selected) : []),
    ...columns.iovas.flatMap(({ column }) => drawRefusal(column, view, marks.moment)),
    ...(change ? drawGhost(columns, change, view) : []),
    ...[columns.gpa, ...columns.iovas.map(({ column }) => column), ...(memory ? [memory] : [])].flatMap((column) => drawHits(column, view, pieces, marks.hit)),
  ];
}

function placedSpans({ lanes }: PreparedSubject, { model, space }: Column, view: View): PlacedSpan[] {
  const own = space === 'memory' ? undefined : lanes.get(model)?.[space];
  return (own ?? []).flatMap((lane) => spansIn(lane, view).map((span) => ({ ...span, depth: lane.depth })));
}

/** Exact addresses down the left, and a hairline across for each that is an end. */
function drawRuler({ ruler, gpa, right }: Columns, view: View, spans: readonly PlacedSpan[]): Shape[] {
  const ends = [...spans].sort((left, other) => left.depth - other.depth).flatMap(({ range }) => [range.base, range.end]);
  const ticks = ticksOf(view, [...hitEnds(gpa.model), ...ends]);
  return [
    path('axis', `M${gpa.x - 12.5} 0V${view.height}`),
    ...ticks.flatMap(({ position, label, isEnd }) => [
      ...(isEnd ? [path('hairline', `M${gpa.x - 12} ${whole(position) + 0.5}H${right}`)] : []),
      path('axis', `M${gpa.x - 12.5} ${whole(position) + 0.5}h${isEnd ? -6 : -3}`),
      text(isEnd ? 't-end' : 't-tick', ruler, whole(position) + 4, label, 'end'),
    ]),
  ];
}

const hitEnds = ({ hits }: MapModel): bigint[] =>
  hits.flatMap(({ witness, space, level }) => (witness && space !== 'memory' && level !== 'note' ? [witness.base, witness.end] : []));

/** Bands from the guest's addresses to the IOVAs that show them. */
function drawShown({ gpa, iovas }: Columns, view: View, spans: readonly PlacedSpan[], { selected }: Marks): Shape[] {
  const [left, right] = [gpa.x + gpa.width, iovas[0]?.column.x ?? 0];
  return spans.flatMap(({ item, count, top, bottom }) => {
    if (!item.gpa || count > 1 || bottom - top < 1) return [];
    const look = `ribbon${isRefused(item) ? ' is-refused' : ''}${item.id === selected ? ' is-selected' : ''}`;
    return [path(look, band(left, positionOf(view, item.gpa.base), positionOf(view, item.gpa.end), right, top, bottom))];
  });
}

/** The titles above the columns, as far as they fit; the drawing begins `HEADINGS` pixels below. */
export function drawHeadings(models: Subject['models'], width: number): Shape[] {
  const { gpa, iovas, memory, right } = columnsOf(models, width);
  const [first] = iovas;
  const leaves = models.length === 1 && first ? [{ x: first.strip.x, title: 'Leaves', short: '', about: 'of its tables' }] : [];
  const columns = [gpa, ...iovas.map(({ column }) => column)].map(({ x, title, about, space }) => ({ x, title, about, short: space === 'gpa' ? 'Guest' : title.replace(/^carve to /, 'to ') }));
  const headings = [...columns, ...leaves, ...(memory ? [{ ...memory, short: memory.title }] : [])];
  return headings.flatMap(({ x, title, short, about }, index) => {
    const room = (headings[index + 1]?.x ?? right + 8) - x - 6;
    const words = [title, short].find((one) => widthOf(one, 12.5, 'bold') <= room) ?? fitting(short, room, 12.5, 'bold');
    return words === '' ? [] : [text('t-head', x, 14, words), ...subtitle(about, x, room, models.length > 1)];
  });
}

/** How a stance ends is cut short rather than left out. */
function subtitle(words: string, x: number, room: number, isCut: boolean): Shape[] {
  const shown = isCut ? fitting(words, room, 10.5, 'plain') : widthOf(words, 10.5, 'plain') <= room ? words : '';
  return shown === '' ? [] : [text('t-sub', x, 29, shown)];
}
