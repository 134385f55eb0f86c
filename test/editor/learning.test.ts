// What somebody who is new here sees beside the text, in a real VS Code: the views in the explorer, and the walkthrough.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';

describeEditor('views and walkthrough', {}, (session) => {
  it('lists the regions with their addresses, and what is found by rule', async () => {
    const workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    const regions = await workbench.openView('VM Regions', /its-doorbell/);
    assert.match(regions.join('\n'), /^web ?on altra$/m);
    assert.match(regions.join('\n'), /^low ?ram 0 – 0xbfff_ffff$/m);
    await workbench.clickEntry('VM Regions', /its-doorbell/);
    await workbench.cursorIn(29);
    const findings = await workbench.openView('VM Layout Findings', /covers the doorbell window/);
    assert.match(findings.join('\n'), /^doorbell-overlap ?1$/m);
    assert.notEqual(await workbench.display.iconColour(/doorbell-overlap/, 'error'), await workbench.display.iconColour(/web/, 'vm'));
    await workbench.screenshot('learning-1-views');
    const map = await workbench.showMap();
    await map.locator('#hit-1').click();
    await map.locator('#apply-0').click();
    await workbench.openView('VM Regions', /doorbell-hole/);
    await workbench.screenshot('learning-4-map-active');
  });

  it('says in empty views how to begin', async () => {
    const workbench = await session().openExample('empty.vmlayout', { 'empty.vmlayout': '// Nothing yet.\n' });
    await workbench.welcomes('VM Layout Findings', /No layout with findings is active/);
    const offered = await workbench.welcomes('VM Regions', /No layout with a vm is active/);
    assert.match(offered, /Import….*Open Example/);
    await workbench.screenshot('learning-3-empty');
    await workbench.followWelcome('VM Regions', 'Open Example');
    await workbench.shows(/^vm web on altra/);
  });

  it('leads from a machine to CI', async () => {
    const workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    const steps = await workbench.walkthrough('Lay out the memory of a VM');
    assert.deepEqual(steps, ['Begin with a machine', 'Read a finding', 'Take a quick fix', 'Look at the map', 'Check it in CI']);
    await workbench.walkthroughStep('Check it in CI', 'In CI, and in your terminal');
    for (const theme of ['Light Modern', 'Dark Modern', 'Dark High Contrast', 'Light High Contrast']) {
      await workbench.useTheme(theme);
      await workbench.screenshot(`learning-2-walkthrough-${theme}`);
    }
  });

  it('shows the map of the layout that is behind the walkthrough', async () => {
    const workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    await workbench.walkthrough('Lay out the memory of a VM');
    await workbench.pressInStep('Look at the map', 'Show Map');
    const map = await workbench.map();
    await map.locator('#choice option', { hasText: 'web on altra' }).waitFor({ state: 'attached' });
    await workbench.screenshot('learning-5-walkthrough-map');
  });
});
