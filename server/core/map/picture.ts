import type { Range } from '../layout/intervals.js';
import { compressedAxis, EXACT, viewOf, windowAround, EVERYTHING, type ScaleName } from './axis.js';
import { drawLegend } from './legend.js';
import type { Hit, MapModel } from './model.js';
import { STANDALONE_STYLE } from './palette.js';
import { drawHeadings, drawMap, HEADINGS, prepare, type Subject } from './scene.js';
import type { Marks } from './draw-items.js';
import { rect, text, widthOf, type Shape } from './shapes.js';
import { escaped, HATCHES, svgOf } from './svg.js';
import { writeAddress } from '../layout/written.js';
import { lastOf } from '../layout/intervals.js';

/** How a picture that stands by itself is drawn. */
export interface PictureOptions extends Marks {
  readonly scale?: ScaleName | undefined;
  /** Addresses to show; what stands somewhere, with a margin, if left out. */
  readonly window?: Range | undefined;
  /** Pixels of the drawing's height; as many as everything needs if left out. */
  readonly height?: number | undefined;
  /** The style sheet; one that follows the reader's light or dark surroundings if left out. */
  readonly style?: string | undefined;
}

const WIDTH = 980;
const EDGE = 20;
const TITLE = 52;
const LEAST_HEIGHT = 420;
const MOST_HEIGHT = 2400;

/** A drawing that needs nothing around it: the maps one below the other. No script, no font, no link; the same text for the same maps. */
export function svgPicture(subjects: readonly Subject[], options: PictureOptions = {}): string {
  const parts: string[] = [];
  let top = EDGE;
  for (const subject of subjects) {
    const { shapes, height } = drawSubject(subject, options);
    parts.push(`<svg x="${EDGE}" y="${top}" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">\n${shapes}\n</svg>`);
    top += height + EDGE;
  }
  const [width, height] = [WIDTH + 2 * EDGE, subjects.length === 0 ? 2 * EDGE : top];
  const title = subjects.map(({ models: [model] }) => titleOf(model)).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Memory map: ${escaped(title)}</title>
<style>${options.style ?? STANDALONE_STYLE}</style>
<defs>
${HATCHES}
</defs>
${svgOf([rect('ground', 0, 0, width, height)])}
${parts.join('\n')}
</svg>
`;
}

export const titleOf = ({ vm, host }: MapModel): string => (host === undefined ? `vm ${vm}` : `vm ${vm} on ${host}`);

/** What a subject is drawn on: its axis and the window to begin with. */
export function viewFor({ models, after }: Subject, { scale = 'compressed', window, height }: PictureOptions) {
  const all = after ? [...models, after] : models;
  const axis = scale === 'exact' ? EXACT : compressedAxis(all);
  const contents = all.flatMap(({ items }) => items.filter(({ kind }) => kind !== 'outside').map(({ range }) => range));
  const shown = window ?? (scale === 'exact' ? windowAround(contents, 0.02) : EVERYTHING);
  const needed = Math.round(scale === 'exact' ? 1.3 * LEAST_HEIGHT : axis.sums.at(-1) ?? 0);
  return viewOf(axis, shown, height ?? Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, needed)));
}

function drawSubject(subject: Subject, options: PictureOptions): { shapes: string; height: number } {
  const view = viewFor(subject, options);
  const [model] = subject.models;
  const chart = TITLE + HEADINGS;
  const below = chart + view.height + 24;
  const legend = drawLegend(subject.models, WIDTH);
  const notes = drawNotes(model.hits, WIDTH);
  const whole = view.window.base === 0n && view.window.end === EVERYTHING.end;
  const part = whole ? '' : ` · ${writeAddress(view.window.base)} – ${writeAddress(lastOf(view.window))}`;
  // Of several stances each has its name above its column.
  const stance = model.host === undefined || subject.models.length > 1 ? '' : ` · on-overlap ${model.stance}`;
  const title = [text('t-title', 0, 16, titleOf(model)), text('t-note', 0, 36, `${model.asked}${stance}${part}`)];
  const clip = `<svg y="${chart - 9}" width="${WIDTH}" height="${view.height + 18}" viewBox="0 -9 ${WIDTH} ${view.height + 18}">`;
  return {
    shapes: [
      svgOf(title),
      group(TITLE, svgOf(drawHeadings(subject.models, WIDTH))),
      `${clip}\n${svgOf(drawMap(prepare(subject), view, WIDTH, options))}\n</svg>`,
      group(below, svgOf(legend.shapes)),
      group(below + legend.height + 14, svgOf(notes.shapes)),
    ].join('\n'),
    height: below + legend.height + 14 + notes.height,
  };
}

const group = (top: number, content: string): string => `<g transform="translate(0 ${top})">\n${content}\n</g>`;

const NOTE_LINE = 18;

/** The findings by their numbers, each in as many lines as it takes. */
function drawNotes(hits: readonly Hit[], width: number): { shapes: Shape[]; height: number } {
  const shapes: Shape[] = [];
  let y = 0;
  for (const { number, level, rule, message } of hits) {
    shapes.push({ shape: 'circle', look: `badge badge-${level}`, x: 9, y: y + 8, radius: 8 }, text('t-badge', 9, y + 11.5, `${number}`, 'middle'));
    let isCode = false;
    for (const line of wrapped(`${rule}: ${message}`, width - 28)) {
      shapes.push(messageLine(line, y + 12, isCode));
      if (line.split('`').length % 2 === 0) isCode = !isCode;
      y += NOTE_LINE;
    }
    y += 4;
  }
  return { shapes, height: y };
}

/** Words between backticks are code; `isCode` says whether the line begins in the middle of some. */
function messageLine(line: string, y: number, isCode: boolean): Shape {
  const parts = line.split('`').map((words, index) => ({ look: (index % 2 === 1) !== isCode ? 't-code' : 't-message', text: words }));
  return { ...text('t-message', 26, y, ''), parts: parts.filter((part) => part.text !== '') };
}

function wrapped(words: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && messageWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** Words between backticks are drawn as code, which is wider. */
const messageWidth = (line: string): number =>
  line.split('`').reduce((sum, words, index) => sum + (index % 2 === 1 ? widthOf(words, 12, 'mono') : widthOf(words, 11.2, 'plain')), 0);
