/// <reference lib="dom" />
// The map as a user opens it, with what users get: the packaged extension, in a real VS Code, in a real browser.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Frame } from 'playwright-core';
import { objectionsIn } from './axe.js';
import { describeEditor } from './session.js';
import type { Workbench } from './workbench.js';
import { until } from './workbench/waiting.js';

describeEditor('the map in a real VS Code', {}, (session) => {
  let workbench: Workbench;
  let map: Frame;

  beforeEach(async () => {
    workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    map = await workbench.showMap();
  });

  it('stands beside the text and in step with it both ways', async () => {
    await workbench.screenshot('map-1-beside');
    assert.match((await map.locator('#asked').textContent()) ?? '', /^VFIO type1, kernel 6\.6/);

    await map.locator('#drawing [data-item="gpa/its"]').click({ position: { x: 8, y: 4 } });
    await workbench.cursorIn(lineOf('mmio its'));
    await workbench.screenshot('map-2-region-chosen', 'map-vscode');

    await workbench.focusEditor();
    await workbench.goTo(/ram low/);
    await map.locator('#drawing [data-item="gpa/low"].is-kin').waitFor();
    assert.equal(await map.locator('#drawing .is-kin').count(), 2);
    await workbench.screenshot('map-3-cursor-moved');
  });

  it('lays a fix over the map, applies it, and follows the text', async () => {
    await map.locator('#hit-1').click();
    await map.locator('#look-0').click();
    await map.locator('#drawing .ghost-fresh').first().waitFor();
    await workbench.screenshot('map-4-fix-laid-over');
    await map.locator('#apply-0').click();
    await workbench.errors(0);
    // What was laid over is gone, and the mapping that was refused with it.
    await map.locator('#drawing .ghost-fresh').first().waitFor({ state: 'detached' });
    await map.locator('#drawing .is-refused').first().waitFor({ state: 'detached' });
    await map.locator('#drawing [data-item="iova/low-b"]').first().waitFor();
    await workbench.screenshot('map-5-fixed');
    await workbench.focusEditor();
    assert.match(await workbench.save(), /^  map low-b size 2943 MiB to low \+ 129 MiB$/m);
  });

  it('is used with the keyboard alone: from the text and back, through the drawing, to the table and back', async () => {
    const said = map.locator('#said');
    const focused = (): Promise<string> => map.evaluate(() => document.activeElement?.id || (document.activeElement?.closest('tr')?.dataset['item'] ?? ''));
    await workbench.focusEditor();
    await workbench.run('VM Layout: Focus Map');
    await map.locator('#chart:focus').waitFor();
    await workbench.press('ArrowDown', 'ArrowDown');
    await said.filter({ hasText: /^mmio its/ }).waitFor({ state: 'attached' });
    await workbench.press('f', '+');
    await map.locator('#drawing .t-end', { hasText: '2^64' }).waitFor({ state: 'detached' });
    await workbench.screenshot('map-6-keyboard');

    await workbench.press('t');
    await map.locator('#rows tr:focus').waitFor();
    assert.equal(await focused(), 'gpa/its');
    await workbench.press('ArrowDown');
    await map.locator('#rows tr[data-item="gpa/its-doorbell"]:focus').waitFor();
    await workbench.press('Escape');
    await map.locator('#chart:focus').waitFor();
    await said.filter({ hasText: /^doorbell its-doorbell/ }).waitFor({ state: 'attached' });

    // All the way round with Tab: each stop is another one, and the last leads out of the view.
    const stops = new Set<string>();
    for (await workbench.press('Home', 'Shift+Tab'); await map.evaluate(() => document.hasFocus()); await workbench.press('Shift+Tab')) {
      const stop = await focused();
      assert.ok(!stops.has(stop), `${stop} again after ${[...stops].join(', ')}`);
      stops.add(stop);
    }
    assert.ok(stops.has('choice') && stops.has('export-png'), [...stops].join(', '));

    await workbench.focusEditor();
    await workbench.run('VM Layout: Focus Map');
    await map.locator('#chart:focus').waitFor();
    await workbench.press('End', 'Enter');
    await workbench.cursorIn(lineOf('doorbell its-doorbell'));
    // The keyboard went along: what is typed stands in the text.
    await workbench.type('x');
    await workbench.shows(/doorbell x at/);
  });

  it('comes back when its window is reloaded, and shows what it showed', async () => {
    const labels = (): Promise<string[]> => map.locator('#drawing .t-end, #drawing .t-tick').allTextContents();
    const whole = await labels();
    await map.locator('#exact').click();
    await map.locator('#zoom-in').click();
    // It goes there in steps, and VS Code stores them some time later.
    let zoomed: string[] = [];
    await until(async () => !isDeepStrictEqual(zoomed, whole) && isDeepStrictEqual(zoomed, zoomed = await labels()), () => 'the map to stand still');
    await workbench.stores(new RegExp(`scale\\W+exact.*base\\W+${BigInt(zoomed[0]!.replaceAll('_', ''))}\\b.*isWhole\\W+false`));
    await workbench.reload();
    map = await workbench.map();
    await map.locator('#exact[aria-pressed="true"]').waitFor();
    let shown: string[] = [];
    await until(async () => isDeepStrictEqual(shown = await labels(), zoomed), () => `the labels ${zoomed.join()}; there are ${shown.join()}`);
    await map.locator('#compressed').click();
    // It is in step with its text, as before.
    await map.locator('#drawing [data-item="gpa/its"]').first().click({ position: { x: 8, y: 4 } });
    await workbench.cursorIn(lineOf('mmio its'));
  });

  for (const theme of ['Light Modern', 'Dark Modern', 'Dark High Contrast', 'Light High Contrast']) {
    it(`can be read by everybody: ${theme}`, async () => {
      await map.locator('#hit-1').click();
      await map.locator('#look-0').click();
      await map.locator('#drawing .ghost-fresh').first().waitFor();
      await workbench.focusEditor();
      await workbench.useTheme(theme);
      const kind = theme.includes('High Contrast') ? 'high-contrast' : theme.startsWith('Dark') ? 'dark' : 'light';
      await map.locator(`body.vscode-${kind}${theme === 'Light High Contrast' ? '-light' : ''}`).waitFor();
      await workbench.screenshot(`map-7-${theme}`);
      await map.locator('#stances').click();
      await map.locator('#drawing .t-head', { hasText: 'relocate' }).waitFor();
      await workbench.screenshot(`map-8-stances-${theme}`);
      assert.deepEqual(await objectionsIn(map), []);
    });
  }

  it('is exported by a command', async () => {
    await workbench.focusEditor();
    await workbench.run('VM Layout: Export Map as PNG');
    const png = await workbench.saveAs();
    await workbench.focusEditor();
    await workbench.run('VM Layout: Export Map as SVG');
    const svg = await workbench.saveAs();
    while (!existsSync(svg)) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.match(readFileSync(svg, 'utf8'), /^<svg xmlns=[^]*<\/svg>\n$/);
    assert.equal(readFileSync(png).subarray(1, 4).toString(), 'PNG');
  });
});

/** The line of the example, from 1, in which a text stands. */
function lineOf(text: string): number {
  const before = readFileSync('examples/doorbell.vmlayout', 'utf8').split(text)[0] ?? '';
  return before.split('\n').length;
}
