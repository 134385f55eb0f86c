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
  /** Nothing where there is no room, as with stances side by side. */
  readonly memory: Column | undefined;
  readonly right: number;
}

const RULER = 158;
const MARGIN = 14;
const STRIP = 12;
const STRIP_GAP = 5;

/** The spaces of a guest side by side, or with several models the IOVAs of each beside the first one's addresses. */
export const columnsOf = (models: readonly [MapModel, ...MapModel[]], width: number): Columns =>
  models.length === 1 ? spacesOf(models[0], width) : stancesOf(models, width);

function spacesOf(model: MapModel, width: number): Columns {
  const room = width - RULER - MARGIN;
  const [own, gap, words] = [Math.floor(room * 0.27), Math.floor(room * 0.045), Math.floor(room * 0.15)];
  const iova = RULER + own + gap;
  const strip = iova + own + STRIP_GAP;
  const memory = strip + STRIP + words;
  return {
    ruler: RULER - 22,
    gpa: gpaColumn(model, own),
    iovas: [{ column: iovaColumn(model, iova, own, 'IOVA', 'what devices see'), strip: { model, x: strip, width: STRIP, words } }],
    memory: { space: 'memory', model, x: memory, width: width - MARGIN - memory, title: 'Memory', about: 'what is behind' },
    right: width - MARGIN,
  };
}

const gpaColumn = (model: MapModel, width: number): Column => ({ space: 'gpa', model, x: RULER, width, title: 'Guest-physical', about: 'what the guest sees' });

const iovaColumn = (model: MapModel, x: number, width: number, title: string, about: string): Column => ({ space: 'iova', model, x, width, title, about });

const STANCE_WORDS: Readonly<Record<string, string>> = { reject: 'nothing is carved', carve: 'mapped around', tolerate: 'mapped whole' };

function stancesOf(models: readonly [MapModel, ...MapModel[]], width: number): Columns {
  const room = width - RULER - MARGIN;
  const own = Math.floor(room * 0.2);
  const each = Math.floor((room - own) / models.length);
  const gap = Math.floor(each * 0.08);
  const wide = Math.floor(each * 0.5);
  return {
    ruler: RULER - 22,
    gpa: gpaColumn(models[0], own),
    iovas: models.map((model, index) => {
      const x = RULER + own + index * each + gap;
      const strip = x + wide + STRIP_GAP;
      return {
        column: iovaColumn(model, x, wide, model.stance, STANCE_WORDS[model.stance] ?? ''),
        strip: { model, x: strip, width: STRIP, words: each - gap - wide - STRIP_GAP - STRIP - 4 },
      };
    }),
    memory: undefined,
    right: width - MARGIN,
  };
}
