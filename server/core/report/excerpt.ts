import { cellsIn, cellsOf, showable } from './cells.js';
import type { LineRange } from './sources.js';

/** A line of source, and what stands under it: carets below the part that is meant. */
export interface Excerpt {
  readonly source: string;
  readonly indent: string;
  readonly carets: string;
}

/** Cells that are shown before, of and after the part that is meant; of a longer line the rest is left out. */
const MOST_BEFORE = 80;
const MOST_MEANT = 80;
const MOST_AFTER = 120;

/** The first line of a range, which is given, underlined to the end of the range or of the line; at least one caret. */
export function excerptOf(line: string, range: LineRange): Excerpt {
  const start = Math.min(range.start.character, line.length);
  const end = range.end.line > range.start.line ? line.length : Math.min(range.end.character, line.length);
  const before = ending(line.slice(0, start), MOST_BEFORE);
  const meant = beginning(line.slice(start, end), MOST_MEANT);
  const after = meant.endsWith('…') ? '' : beginning(line.slice(end), MOST_AFTER);
  return { source: before + meant + after, indent: blanks(before), carets: '^'.repeat(Math.max(1, cellsIn(meant))) };
}

function beginning(text: string, most: number): string {
  const near = showable(text.slice(0, 4 * most));
  let cells = 0;
  let kept = '';
  for (const character of near) {
    cells += cellsOf(character);
    if (cells > most) return `${kept}…`;
    kept += character;
  }
  return near.length < text.length ? `${kept}…` : kept;
}

function ending(text: string, most: number): string {
  const backwards = Array.from(text.slice(-4 * most)).reverse().join('');
  const kept = beginning(backwards, most);
  const cut = kept.endsWith('…') || 4 * most < text.length;
  return `${cut ? '…' : ''}${Array.from(kept.replace(/…$/, '')).reverse().join('')}`;
}

/** Blanks as wide as the text; tabs stay, since the terminal decides how wide they are. */
function blanks(text: string): string {
  let blank = '';
  for (const character of text) blank += character === '\t' ? '\t' : ' '.repeat(cellsOf(character));
  return blank;
}
