// Layout of the text, and what helps while it is typed.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';

const SETTINGS = { 'editor.inlayHints.enabled': 'off' };

const CROOKED = 'vm a {\n     ram   low at 0   size 1 GiB\n ram high at 4 GiB size 1 GiB\n}\n';

describeEditor('typing and formatting', SETTINGS, (session) => {
  it('sets a part and a whole text in order', async () => {
    const workbench = await session().openExample('crooked.vmlayout', { 'crooked.vmlayout': CROOKED });
    await workbench.display.lenses(/nothing found/);
    await workbench.goTo(/(?<=\n) {5}ram/);
    await workbench.press('Shift+End', 'Control+K', 'Control+F');
    await workbench.shows(/^ {2}ram low at 0 size 1 GiB$/);
    await workbench.shows(/^ ram high at 4 GiB/);
    await workbench.press('Escape', 'Control+Shift+I');
    await workbench.shows(/^ {2}ram high at 4 GiB size 1 GiB$/);
    assert.equal(await workbench.save(), 'vm a {\n  ram low at 0 size 1 GiB\n  ram high at 4 GiB size 1 GiB\n}\n');
  });

  it('shows parameters, closes brackets, comments a line out and in again', async () => {
    const workbench = await session().openExample('typed.vmlayout', { 'typed.vmlayout': 'vm a {\n}\nconst A = \n' });
    const { editing } = workbench;
    await workbench.display.lenses(/nothing found/);
    await workbench.goTo(/(?<=const A = )\n/);
    await workbench.type('align_up(4 KiB');
    await editing.parameters(/align_up\(x, block\)/, 'x');
    await workbench.type(', ');
    await editing.parameters(/align_up\(x, block\)/, 'block');
    // The bracket was closed when it was opened.
    await workbench.shows(/^const A = align_up\(4 KiB, \)$/);
    await workbench.press('Escape', 'Escape', 'Control+/');
    await workbench.shows(/^\/\/ const A = align_up\(4 KiB, \)$/);
    await workbench.press('Control+/');
    await workbench.shows(/^const A = align_up\(4 KiB, \)$/);
  });

  it('widens a selection from a word over what it belongs to', async () => {
    const workbench = await session().openExample('crooked.vmlayout', { 'crooked.vmlayout': 'vm a {\n  ram low at 0 size 1 GiB\n}\n' });
    await workbench.display.lenses(/nothing found/);
    await workbench.goTo(/1 GiB/);
    for (const wider of ['1', '1 GiB', 'size 1 GiB', 'ram low at 0 size 1 GiB']) await workbench.editing.expandSelection(wider.length);
  });
});

describeEditor('formatting while typing', { 'editor.inlayHints.enabled': 'off', 'editor.formatOnType': true }, (session) => {
  it('sets each line in order when it is left', async () => {
    const workbench = await session().openExample('typed.vmlayout', { 'typed.vmlayout': 'vm b {\n}\n' });
    await workbench.display.lenses(/nothing found/);
    await workbench.press('Control+End');
    await workbench.type('vm   a   {');
    await workbench.press('Enter');
    await workbench.shows(/^vm a \{$/);
    await workbench.type('ram   low  at 0   size 1 GiB');
    await workbench.press('Enter');
    await workbench.shows(/^ {2}ram low at 0 size 1 GiB$/);
  });
});

describeEditor('formatting on saving', { 'editor.inlayHints.enabled': 'off', '[vmlayout]': { 'editor.formatOnSave': true } }, (session) => {
  it('sets a text in order', async () => {
    const workbench = await session().openExample('crooked.vmlayout', { 'crooked.vmlayout': CROOKED });
    await workbench.display.lenses(/nothing found/);
    await workbench.goTo(/$/);
    await workbench.press('Control+End');
    await workbench.type('// more');
    assert.match(await workbench.save(), /^ {2}ram low at 0 size 1 GiB\n {2}ram high at 4 GiB size 1 GiB\n\}\n\/\/ more$/m);
  });
});
