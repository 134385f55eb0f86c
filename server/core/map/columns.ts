import type { MapModel, Space } from './model.js';

/** Where a space is drawn. */
export interface Column {
  readonly space: Space;
  readonly model: MapModel;
  readonly x: number;
  readonly width: number;
  readonly title: string;
  readonly about: string;
}

/** Where the blocks of the page tables of an IOVA column are drawn. */
export interface LeafStrip {
  readonly model: MapModel;
  readonly x: number;
  readonly width: number;
  /** Space for words beside it. */
  readonly words: number;
}

/** Columns from left to right. */
export interface Columns {
  /** Where the addresses end. */
  readonly ruler: number;
  readonly gpa: Column;
  readonly iovas: readonly { readonly column: Column; readonly strip: LeafStrip }[];
  /** Nothing where there is no room, as in a very narrow drawing or with stances side by side. */
  readonly memory: Column | undefined;
  readonly right: number;
}

/** Pixels for the addresses: 21 characters, as many as the longest has; in a narrow drawing 18, enough for 56 bits. */
const rulerFor = (width: number): number => (width < NARROW_WIDTH ? 138 : 158);

const MARGIN = 14;
const STRIP = 12;
const STRIP_GAP = 5;

/** Pixels that a drawing needs to be read; a narrower view of it is scrolled. */
export const leastWidth = (models: number): number => (models === 1 ? 330 : 190 + 118 * models);

/** The spaces of a guest side by side, or with several models the IOVAs of each beside the first one's addresses. */
export const columnsOf = (models: readonly [MapModel, ...MapModel[]], width: number): Columns =>
  models.length === 1 ? spacesOf(models[0], width) : stancesOf(models, width);

/** Shares of the room: of each space, of what is between two, and of the words beside the leaves. */
const WIDE = { own: 0.27, gap: 0.045, words: 0.15 };
const NARROW = { own: 0.31, gap: 0.035, words: 0.08 };
const NARROWEST = { own: 0.45, gap: 0.05, words: 0 };
/** Pixels below which the words beside the leaves are given up. */
const NARROW_WIDTH = 600;
/** Pixels below which the memory is, too. */
const NARROWEST_WIDTH = 440;

function spacesOf(model: MapModel, width: number): Columns {
  const ruler = rulerFor(width);
  const room = width - ruler - MARGIN;
  const shares = width < NARROWEST_WIDTH ? NARROWEST : width < NARROW_WIDTH ? NARROW : WIDE;
  const [own, gap, words] = [Math.floor(room * shares.own), Math.floor(room * shares.gap), Math.floor(room * shares.words)];
  const iova = ruler + own + gap;
  const strip = iova + own + STRIP_GAP;
  const memory = strip + STRIP + words;
  return {
    ruler: ruler - 22,
    gpa: gpaColumn(model, ruler, own),
    iovas: [{ column: iovaColumn(model, iova, own, 'IOVA', 'what devices see'), strip: { model, x: strip, width: STRIP, words } }],
    memory: width < NARROWEST_WIDTH ? undefined : { space: 'memory', model, x: memory, width: width - MARGIN - memory, title: 'Memory', about: 'what is behind' },
    right: width - MARGIN,
  };
}

const gpaColumn = (model: MapModel, x: number, width: number): Column => ({ space: 'gpa', model, x, width, title: 'Guest-physical', about: 'what the guest sees' });

const iovaColumn = (model: MapModel, x: number, width: number, title: string, about: string): Column => ({ space: 'iova', model, x, width, title, about });

function stancesOf(models: readonly [MapModel, ...MapModel[]], width: number): Columns {
  const ruler = rulerFor(width);
  const room = width - ruler - MARGIN;
  const own = Math.floor(room * 0.2);
  const each = Math.floor((room - own) / models.length);
  const gap = Math.floor(each * 0.08);
  const wide = Math.floor(each * 0.5);
  return {
    ruler: ruler - 22,
    gpa: gpaColumn(models[0], ruler, own),
    iovas: models.map((model, index) => {
      const x = ruler + own + index * each + gap;
      const strip = x + wide + STRIP_GAP;
      return {
        column: iovaColumn(model, x, wide, model.stance, model.outcome ?? ''),
        strip: { model, x: strip, width: STRIP, words: each - gap - wide - STRIP_GAP - STRIP - 4 },
      };
    }),
    memory: undefined,
    right: width - MARGIN,
  };
}
