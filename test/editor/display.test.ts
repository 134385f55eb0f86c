// What is shown around and between the words of a layout.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';

describeEditor('lenses, hints and colours', {}, (session) => {
  it('tells above each vm and host what it comes to, and opens the map there', async () => {
    const workbench = await session().openExample('policy.vmlayout');
    const { display } = workbench;
    const lenses = await display.lenses(/Show map/);
    await workbench.screenshot('display-1-lenses');
    assert.ok(lenses.some((line) => /^1 guest: web/.test(line)), lenses.join('\n'));
    await workbench.goTo(/vm web/);
    const [vm = ''] = (await display.lenses(/Show map/)).filter((line) => line.includes('Show map'));
    assert.match(vm, /(error|warning|note|nothing found)/);
    assert.match(vm, /\d+ mappings?, .*of tables/);
    assert.match(vm, /hot-plug of /);
    await display.clickLens(/Show map/);
    const map = await workbench.map();
    await map.locator('#asked', { hasText: /kernel 6\.6/ }).waitFor();
    await workbench.screenshot('display-2-map');
    await display.clickLens(/Compare stances/);
    await workbench.preview(/Stances side by side/, /carve/, /tolerate/);
    await workbench.screenshot('display-8-stances');
  });

  it('shows ends, sizes, blocks and offsets, and describes their settings', async () => {
    const workbench = await session().openExample('pc-high-ram.vmlayout');
    const { display } = workbench;
    await workbench.goTo(/vm build on/);
    await display.hints(['1 MiB', '..= 0xdfff_ffff', '+ 3584 MiB']);
    await workbench.screenshot('display-3-hints');
    await display.doubleClickHint('+ 3584 MiB');
    assert.match(await workbench.save(), /^ {2}ram high at 4 GiB size 4608 MiB from pages \+ 3584 MiB$/m);
    await display.settings('@ext:vmlayout.vmlayout inlay', /Inlay Hints: Size Show the size/, /Inlay Hints: End Show the last byte/, /Inlay Hints: Blocks Show the leaves/, /Inlay Hints: Offset Show which byte/);
    await workbench.screenshot('display-4-settings');
  });

  it('leaves out the hints and lenses that somebody switches off', async () => {
    const workbench = await session().openExample('pc-high-ram.vmlayout', { '.vscode/settings.json': '{}\n' });
    const { display } = workbench;
    await workbench.goTo(/vm build on/);
    await display.hints(['..= 0xdfff_ffff', '+ 3584 MiB']);
    await display.lenses(/Show map/);
    await workbench.openFile('settings.json');
    await workbench.retype('{ "vmlayout.inlayHints.end": false, "vmlayout.codeLens": false }');
    await workbench.save();
    await workbench.closeFile();
    await display.hidesHint('..= 0xdfff_ffff');
    await display.hidesLens(/Show map/);
    await display.hints(['+ 3584 MiB']);
    await workbench.screenshot('display-7-switched-off');
  });

  it('tells the state of the server, and has its own icon and commands only in its files', async () => {
    const workbench = await session().openExample('doorbell.vmlayout', { 'notes.txt': 'Nothing.\n' });
    const { display } = workbench;
    await workbench.errors(1);
    assert.match(await display.tabIcon(), /layout-(light|dark)\.svg/);
    await display.languageStatus(/Errors: 1, warnings: 0/);
    await workbench.screenshot('display-5-status');
    const here = await display.commands('VM Layout:');
    for (const title of ['Show Map', 'Export…', 'Compare Stances', 'Import…', 'Restart Language Server']) assert.ok(here.some((row) => row.includes(title)), here.join('\n'));
    await workbench.openFile('notes.txt');
    const elsewhere = await display.commands('VM Layout:');
    assert.ok(elsewhere.some((row) => row.includes('Import…')), elsewhere.join('\n'));
    for (const title of ['Show Map', 'Export…', 'Compare Stances']) assert.ok(!elsewhere.some((row) => row.includes(title)), elsewhere.join('\n'));
  });

  it('folds a vm', async () => {
    const workbench = await session().openExample('small.vmlayout', { 'small.vmlayout': 'vm a {\n  ram low at 0 size 1 GiB\n  rom r at 4 GiB size 1 MiB\n}\n' });
    const { display } = workbench;
    await display.lenses(/nothing found/);
    await workbench.goTo(/ram low/);
    await display.fold();
    await workbench.hides(/ram low/);
    await display.unfold();
    await workbench.shows(/ram low/);
    await workbench.screenshot('display-6-unfolded');
  });
});
