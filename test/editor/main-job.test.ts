// The main job as a user does it, with what users get: the packaged extension, in a real VS Code, in a real
// browser.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';
import type { Workbench } from './workbench.js';

// What is read off the screen is compared with the text: inlay hints come later, and stand in between.
describeEditor('the packaged extension in a real VS Code', { 'editor.inlayHints.enabled': 'off' }, (session) => {
  let workbench: Workbench;

  beforeEach(async () => {
    workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    // Their lines move the text: what is in view is compared.
    await workbench.display.lenses(/Show map/);
  });

  it('shows the overlap, and the light bulb splits the mapping', async () => {
    await workbench.screenshot('1-squiggle');

    const problems = await workbench.problems();
    assert.match(problems.join('\n'), /doorbell-overlap/);
    await workbench.screenshot('2-problems');

    await workbench.goTo(/low at/);
    const [first = '', second = ''] = await workbench.quickFixes();
    await workbench.screenshot('3-quick-fixes', 'screenshot');
    assert.match(first, /^Split `low`/);
    assert.match(first, /2 × 1 GiB \+ 511 × 2 MiB \+ 256 × 4 KiB instead of 3 × 1 GiB/);
    assert.equal(second, 'Move `low` to 0x4000_0000: still 3 × 1 GiB');

    const before = await workbench.visibleText();
    await workbench.applyFix(first);
    await workbench.problemGone('doorbell-overlap');
    await workbench.errors(0);
    await workbench.screenshot('4-split');
    assert.notEqual(await workbench.visibleText(), before);

    const saved = await workbench.save();
    assert.match(saved, /^  avoid doorbell-hole at 0x800_0000 size 1 MiB via reserved-memory$/m);
    assert.match(saved, /^  map low-a size 128 MiB to low$/m);
    assert.match(saved, /^  map low-b size 2943 MiB to low \+ 129 MiB$/m);
  });

  it('tells on hover what a name stands for', async () => {
    await workbench.goTo(/low at/);
    await workbench.hoverShows(/doorbell-overlap/, /\b3 GiB\b/);
    await workbench.screenshot('5-hover');
  });

  it('completes the names that are in scope', async () => {
    await workbench.goTo(/(?<=from )ram0/);
    const labels = await workbench.completions();
    await workbench.screenshot('6-completion');
    assert.ok(labels.includes('ram0'), labels.join(' '));
  });

  it('keeps up with damage, and with its repair', async () => {
    await workbench.goTo(/(?<=backing .*)$/m);
    const before = await workbench.visibleText();
    await workbench.type('\n)) garbage');
    await workbench.errors(2);
    await workbench.screenshot('7-damage');
    await workbench.type(' and more');
    assert.match(await workbench.visibleText(), /^\s*\)\) garbage and more$/m);

    await workbench.undoTo(before);
    await workbench.errors(1);
    const problems = await workbench.problems();
    assert.match(problems.join('\n'), /doorbell-overlap/);
  });
});
