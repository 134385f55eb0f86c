import type { Part, Shape } from './shapes.js';

/** Prints shapes as SVG elements. The same shapes give the same text, to the last digit. */
export const svgOf = (shapes: readonly Shape[]): string => shapes.map(elementOf).join('\n');

/** Hatches by name, to stand in the `defs` of the drawing: `hatch-msi` and the like. */
export const HATCHES = [
  hatch('hatch-msi', 6, 'M-1 7L7 -1M-1 1L1 -1M5 7L7 5'),
  hatch('hatch-reserved', 7, 'M-1 8L8 -1M-1 1L1 -1M6 8L8 6'),
  hatch('hatch-direct', 7, 'M-1 -1L8 8M-1 6L1 8M6 -1L8 1'),
  hatch('hatch-outside', 6, 'M0 0L6 6M6 0L0 6'),
  hatch('hatch-many', 4, 'M0 1.5H4'),
  hatch('hatch-avoid', 5, 'M-1 6L6 -1M-1 1L1 -1M4 6L6 4'),
].join('\n');

function hatch(name: string, size: number, lines: string): string {
  return `<pattern id="${name}" width="${size}" height="${size}" patternUnits="userSpaceOnUse"><path class="${name}" d="${lines}"/></pattern>`;
}

function elementOf(shape: Shape): string {
  const { item, hit, title } = shape;
  const data = `${item === undefined ? '' : ` data-item="${escaped(item)}"`}${hit === undefined ? '' : ` data-hit="${hit}"`}`;
  const inside = title === undefined ? '' : `<title>${escaped(title)}</title>`;
  switch (shape.shape) {
    case 'rect':
      return rectOf(shape, data, inside);
    case 'path':
      return element('path', `class="${shape.look}" d="${shape.path}"${data}`, inside);
    case 'circle':
      return element('circle', `class="${shape.look}" cx="${number(shape.x)}" cy="${number(shape.y)}" r="${shape.radius}"${data}`, inside);
    case 'text': {
      const anchor = shape.anchor === undefined ? '' : ` text-anchor="${shape.anchor}"`;
      return `<text class="${shape.look}" x="${number(shape.x)}" y="${number(shape.y)}"${anchor}${data}>${escaped(shape.text)}${(shape.parts ?? []).map(partOf).join('')}${inside}</text>`;
    }
  }
}

const partOf = ({ look, text, gap }: Part): string =>
  `<tspan class="${look}"${gap === undefined ? '' : ` dx="${gap}"`}>${escaped(text)}</tspan>`;

/** A hatched rectangle is drawn twice: its ground, then the hatch. */
function rectOf({ x, y, width, height, radius = 0, look }: Extract<Shape, { shape: 'rect' }>, data: string, inside: string): string {
  const corner = radius > 0 ? ` rx="${radius}"` : '';
  const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"${corner}`;
  const [, pattern] = /(?:^| )(hatch-[a-z]+)/.exec(look) ?? [];
  const plain = look.replace(/ ?hatch-[a-z]+/, '');
  const ground = element('rect', `class="${plain}" ${place}${data}`, inside);
  return pattern === undefined ? ground : `${ground}\n<rect class="hatch" fill="url(#${pattern})" ${place}/>`;
}

const element = (name: string, attributes: string, inside: string): string => (inside === '' ? `<${name} ${attributes}/>` : `<${name} ${attributes}>${inside}</${name}>`);

const number = (value: number): string => `${Math.round(value * 100) / 100}`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

// Control characters but tab and line break may not stand in XML at all.
export const escaped = (words: string): string =>
  words.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '').replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
