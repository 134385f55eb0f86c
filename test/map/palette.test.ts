import assert from 'node:assert/strict';
import { DARK_COLOURS, HIGH_CONTRAST_DARK, HIGH_CONTRAST_LIGHT, LIGHT_COLOURS } from '../../server/core/map/palette.js';

// Words can be read and edges be seen, whatever they stand on: WCAG 2.2, 1.4.3 and 1.4.11.

const KINDS = ['ram', 'rom', 'mmio', 'bar', 'doorbell', 'avoid', 'map', 'kept', 'reserved', 'direct', 'memory', 'many'];

for (const [name, declared] of Object.entries({ light: LIGHT_COLOURS, dark: DARK_COLOURS, 'high contrast': HIGH_CONTRAST_DARK, 'high contrast, light': HIGH_CONTRAST_LIGHT })) {
  describe(`palette of a map: ${name}`, () => {
    const colours = new Map(declared.split(';').map((part) => part.slice('--map-'.length).split(':') as [string, string]));
    const between = (left: string, right: string): number => contrast(colours.get(left) ?? '', colours.get(right) ?? '');

    it('has words that can be read', () => {
      for (const ground of ['ground', 'track', 'outside', ...KINDS, 'error-ground']) {
        assert.ok(between('text', ground) >= 7, `text on ${ground}: ${between('text', ground)}`);
        assert.ok(between('faint', ground) >= 4.5, `faint on ${ground}: ${between('faint', ground)}`);
      }
      for (const level of ['error', 'warning', 'note']) assert.ok(between('on-badge', level) >= 4.5, `badge of ${level}: ${between('on-badge', level)}`);
      assert.ok(between('error', 'error-ground') >= 4.5, `error on its ground: ${between('error', 'error-ground')}`);
    });

    it('has edges that can be seen', () => {
      for (const kind of KINDS) assert.ok(between(`${kind}-edge`, 'ground') >= 3, `edge of ${kind}: ${between(`${kind}-edge`, 'ground')}`);
      for (const mark of ['accent', 'error', 'warning', 'note', 'fresh']) assert.ok(between(mark, 'ground') >= 3, `${mark}: ${between(mark, 'ground')}`);
    });
  });
}

/** The contrast ratio of two colours such as `#1f2328`, from 1 to 21. */
function contrast(left: string, right: string): number {
  const [light = 0, dark = 0] = [luminance(left), luminance(right)].sort((one, other) => other - one);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
