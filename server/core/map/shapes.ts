/** What a drawing is made of, in pixels from its upper left corner. How it looks is a matter of its class (palette.ts). */
export type Shape =
  | (Look & { readonly shape: 'rect'; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly radius?: number })
  | (Look & { readonly shape: 'path'; readonly path: string })
  | (Look & { readonly shape: 'circle'; readonly x: number; readonly y: number; readonly radius: number })
  | (Look & { readonly shape: 'text'; readonly x: number; readonly y: number; readonly text: string; readonly anchor?: 'middle' | 'end'; readonly parts?: readonly Part[] });

/** Words that go on in the same line and look otherwise. */
export interface Part {
  readonly look: string;
  readonly text: string;
  /** Pixels between it and what is before. */
  readonly gap?: number;
}

interface Look {
  readonly look: string;
  /** The item it stands for. */
  readonly item?: string;
  /** The finding it stands for. */
  readonly hit?: number;
  /** What a pointer that rests on it is told. */
  readonly title?: string;
}

export const rect = (look: string, x: number, y: number, width: number, height: number, more: Partial<Extract<Shape, { shape: 'rect' }>> = {}): Shape =>
  ({ shape: 'rect', look, x, y, width, height, ...more });

export const text = (look: string, x: number, y: number, words: string, anchor?: 'middle' | 'end'): Extract<Shape, { shape: 'text' }> =>
  ({ shape: 'text', look, x, y, text: words, ...(anchor && { anchor }) });

export const path = (look: string, d: string, more: Partial<Look> = {}): Shape => ({ shape: 'path', look, path: d, ...more });

/** A position that falls on a whole pixel. */
export const whole = (position: number): number => Math.round(position);

/** Fonts are not measured: characters of the first are all as wide, those of the others are reckoned rather too wide. */
const WIDTHS = { mono: 0.605, plain: 0.56, bold: 0.66 };

export type Font = keyof typeof WIDTHS;

export const widthOf = (words: string, size: number, font: Font): number => words.length * size * WIDTHS[font];

/** The text, or its beginning with a `…`, that fits; nothing where not even three characters do. */
export function fitting(words: string, width: number, size: number, font: Font): string {
  if (widthOf(words, size, font) <= width) return words;
  const most = Math.floor(width / (size * WIDTHS[font])) - 1;
  return most < 3 ? '' : `${words.slice(0, most)}…`;
}
