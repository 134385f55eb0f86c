// What the same text looks like in the four kinds of themes that VS Code brings along.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';

/** What WCAG 2 asks of text at least. */
const READABLE = 4.5;

describeEditor('themes', {}, (session) => {
  it('leave every kind of word readable, and names apart from what is said of them', async () => {
    const workbench = await session().openExample('doorbell.vmlayout');
    const { display } = workbench;
    await workbench.errors(1);
    await display.lenses(/Show map/);
    await display.hints(['..= 0xbfff_ffff', 'EINVAL', '1 MiB']);
    for (const theme of ['Light Modern', 'Dark Modern', 'Dark High Contrast', 'Light High Contrast']) {
      await workbench.useTheme(theme);
      await workbench.goTo(/low at/);
      // By the grammar alone, the use would look otherwise than the declaration, and `low` as `web` does.
      await display.shownAlike('ram0', / backing ram0/, 'ram0', / from ram0/);
      const background = await display.background();
      const [keyword, name, property, number, host, choice] = await Promise.all([
        display.colourOf(/ ram low/, 'ram'), display.colourOf(/ ram low/, 'low'), display.colourOf(/ ram low/, 'at'),
        display.colourOf(/ ram low/, '0'), display.colourOf(/^vm/, 'web'), display.colourOf(/ model/, 'smmu-v3'),
      ]);
      for (const [what, colour] of Object.entries({ keyword, name, property, number, host, choice })) {
        assert.ok(contrast(colour, background) >= READABLE, `${theme}: ${what} ${colour} on ${background}`);
      }
      assert.notEqual(name, host, theme);
      assert.notEqual(name, keyword, theme);
      assert.notEqual(name, property, theme);
      await workbench.hoverShows(/doorbell-overlap/, /\b3 GiB\b/);
      await workbench.screenshot(`themes ${theme}`);
      await workbench.press('Escape');
    }
  });
});

/** As WCAG 2 computes it, of colours as browsers write them. */
function contrast(left: string, right: string): number {
  const [low = 0, high = 0] = [luminance(left), luminance(right)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
