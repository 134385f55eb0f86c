// The map as a user opens it, with what users get: the packaged extension, in a real VS Code, in a real browser.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { Frame } from 'playwright-core';
import { describeEditor } from './session.js';
import type { Workbench } from './workbench.js';

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
    await workbench.screenshot('map-2-region-chosen');

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
