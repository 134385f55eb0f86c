// What somebody who is new here sees beside the text, in a real VS Code: the views in the explorer, and the walkthrough.

import assert from 'node:assert/strict';
import { findChromium, MISSING_CHROMIUM, Session } from './session.js';
import type { Workbench } from './workbench.js';

describe('editor: views and walkthrough', function () {
  this.timeout(300_000);
  this.slow(30_000);

  let session: Session | undefined;
  let workbench: Workbench | undefined;

  before(async function () {
    const chromium = findChromium();
    if (chromium !== undefined) session = await Session.start(chromium);
    else if (process.env['CI'] !== undefined) throw new Error(MISSING_CHROMIUM);
    else this.skip();
  });

  afterEach(async function () {
    const { state, title } = this.currentTest!;
    if (state === 'failed') await workbench?.screenshot(`failed: ${title}`);
    await workbench?.close();
    workbench = undefined;
  });

  after(async () => {
    await session?.stop();
  });

  it('lists the regions with their addresses, and what is found by rule', async () => {
    workbench = await session!.openExample('doorbell.vmlayout');
    await workbench.errors(1);
    const regions = await workbench.openView('VM Regions', /its-doorbell/);
    assert.match(regions.join('\n'), /^web ?on altra$/m);
    assert.match(regions.join('\n'), /^low ?ram 0x0 – 0xbfffffff$/m);
    await workbench.clickEntry('VM Regions', /its-doorbell/);
    await workbench.cursorIn(29);
    const findings = await workbench.openView('VM Layout Findings', /covers the doorbell window/);
    assert.match(findings.join('\n'), /^doorbell-overlap ?1$/m);
    await workbench.screenshot('learning-1-views');
  });

  it('leads from a machine to CI', async () => {
    workbench = await session!.openExample('doorbell.vmlayout');
    await workbench.errors(1);
    const steps = await workbench.walkthrough('Lay out the memory of a VM');
    assert.deepEqual(steps, ['Begin with a machine', 'Read a finding', 'Take a quick fix', 'Look at the map', 'Check it in CI']);
    await workbench.screenshot('learning-2-walkthrough');
  });
});
