import { DARK_COLOURS, LIGHT_COLOURS, LOOKS, STANDALONE_STYLE } from '../../../server/core/map/palette.js';
import { svgPicture } from '../../../server/core/map/picture.js';
import type { Subject } from '../../../server/core/map/scene.js';
import type { ExportFormat } from './messages.js';
import { momentOf, type State } from './state.js';

/** Draws what is on the screen as a picture that stands by itself: SVG as text, PNG as base64. */
export async function pictureOf(format: ExportFormat, subject: Subject, state: State): Promise<string> {
  const options = { scale: state.scale, window: state.window, moment: state.showsStances ? undefined : momentOf(state), ...(!state.isWhole && { height: PART_HEIGHT }) };
  if (format === 'svg') return svgPicture([subject], { ...options, style: STANDALONE_STYLE });
  return rasterised(svgPicture([subject], { ...options, style: `svg{${isDark(document.body.classList) ? DARK_COLOURS : LIGHT_COLOURS}}\n${LOOKS}` }));
}

/** Light themes of high contrast have the class of the dark ones, too. */
const isDark = (theme: DOMTokenList): boolean => theme.contains('vscode-dark') || (theme.contains('vscode-high-contrast') && !theme.contains('vscode-high-contrast-light'));

const PART_HEIGHT = 640;
/** Pixels of the image for one of the drawing. */
const DENSITY = 2;
/** Browsers draw nothing on larger canvases. */
const MOST_PIXELS = 12_000;

async function rasterised(svg: string): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const density = Math.min(DENSITY, MOST_PIXELS / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(image.naturalWidth * density);
  canvas.height = Math.round(image.naturalHeight * density);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').slice('data:image/png;base64,'.length);
}
