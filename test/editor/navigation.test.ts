// Ways through a layout and its workspace, by the keys of VS Code.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { describeEditor } from './session.js';
import type { Workbench } from './workbench.js';

const EXAMPLE = readFileSync('examples/doorbell.vmlayout', 'utf8');
const BORDER = EXAMPLE.indexOf('/// A guest');

/** The example in two files: the host, and the guest that imports it. */
const IN_TWO = {
  'host-arm.vmlayout': EXAMPLE.slice(0, BORDER),
  'main.vmlayout': `import "host-arm.vmlayout"\nimport "std:policies/basic"\n\n${EXAMPLE.slice(BORDER)}\nvm spare on altra {\n}\n`,
};

const SETTINGS = { 'editor.inlayHints.enabled': 'off', 'editor.linkedEditing': true };

/** In milliseconds, more than it takes until the findings of a text are told that has just come up. */
const UNTIL_TOLD = 2_000;

describeEditor('ways through layouts', SETTINGS, (session) => {
  const openTwo = async (): Promise<Workbench> => {
    const workbench = await session().openExample('main.vmlayout', IN_TWO);
    await workbench.errors(1);
    return workbench;
  };

  it('lead to declarations, into other files and the library, and along links', async () => {
    const workbench = await openTwo();
    const { navigation } = workbench;
    await workbench.goTo(/(?<=from )ram0/);
    await navigation.goToDefinition();
    await workbench.cursorIn(7);

    await workbench.goTo(/(?<=web on )altra/);
    await navigation.goToDefinition();
    await navigation.fileInFront('host-arm.vmlayout');
    await workbench.cursorIn(5);

    await navigation.goBackTo('main.vmlayout');
    await workbench.goTo(/(?<=ram )low/);
    await workbench.run('Go to Type Definition');
    await workbench.cursorIn(7);

    await navigation.followLink('host-arm.vmlayout');
    await navigation.fileInFront('host-arm.vmlayout');
    await navigation.goBackTo('main.vmlayout');
    await navigation.followLink('std:policies/basic');
    await navigation.fileInFront('basic.vmlayout');
    await workbench.shows(/^policy basic/);
    await navigation.refusesTyping();
    await workbench.screenshot('navigation-1-library');
  });

  it('lead from a finding to the page of its rule', async () => {
    const workbench = await openTwo();
    await workbench.problems();
    await workbench.navigation.followRule('doorbell-overlap');
    await workbench.navigation.fileInFront('doorbell-overlap.md');
    await workbench.screenshot('navigation-2-rule');
  });

  it('tell who uses a name, and what hangs together', async () => {
    const workbench = await openTwo();
    const { navigation } = workbench;
    await workbench.goTo(/(?<=backing )ram0/);
    await navigation.highlights(2);
    await workbench.goTo(/(?<=web on )altra/);
    const references = await navigation.references(4);
    for (const expected of [/^host-arm.vmlayout/, /^main.vmlayout/, /vm web on altra/, /spare on altra/]) assert.ok(references.some((row) => expected.test(row)), references.join('\n'));
    await workbench.screenshot('navigation-3-references');
    await navigation.closePeek();

    await workbench.goTo(/(?<=backing )ram0/);
    await navigation.callHierarchy(/^low/);
    await workbench.screenshot('navigation-4-users');
  });

  it('find symbols by name, and regions by an address in them', async () => {
    const workbench = await openTwo();
    const { navigation } = workbench;
    const ofFile = await navigation.symbolsOfFile(/its-doorbell/);
    for (const name of ['web', 'ram0', 'low', 'its', 'its-doorbell']) assert.ok(ofFile.some((row) => row.startsWith(name)), ofFile.join('\n'));
    await navigation.closeList();

    const found = await navigation.symbolsOfWorkspace('0x8080040', /^low: 0x8080040/);
    assert.ok(found.some((row) => /^msi: /.test(row)), found.join('\n'));
    assert.ok(!found.some((row) => /^its\b/.test(row)), found.join('\n'));
    await workbench.screenshot('navigation-5-address');
    await navigation.closeList();

    const outline = await workbench.openView('Outline', /web/);
    assert.match(outline.join('\n'), /^web/m);
  });

  it('are kept by a rename in every file, tried before', async () => {
    const workbench = await openTwo();
    const { editing } = workbench;
    await workbench.goTo(/(?<=web on )altra/);
    assert.equal(await editing.beginRename(), 'altra');
    const preview = await editing.previewRenameTo('ampere');
    // What is shown as it would be has its imports elsewhere: nothing is found wrong in it.
    await editing.comparePreview(/altra/);
    await setTimeout(UNTIL_TOLD);
    await workbench.errorsInWindow(1);
    await workbench.screenshot('navigation-6-rename');
    assert.ok(preview.some((row) => row.includes('host-arm.vmlayout')) && preview.some((row) => row.includes('main.vmlayout')), preview.join('\n'));
    await editing.applyPreview();
    await workbench.shows(/^vm web on ampere \{/);
    await workbench.focusEditor();
    await workbench.errors(1);

    await workbench.goTo(/(?<=ram )low/);
    await editing.beginRename();
    await editing.renameTo('its');
    await workbench.notification(/its/);
    await workbench.shows(/^ {2}ram low at/);

    await workbench.goTo(/(?<=size )3 GiB from/);
    await workbench.press('F2');
    await editing.message(/can.t be renamed/i);

    // Typed over, the other names change with it.
    await workbench.goTo(/(?<=backing ram0)/);
    await workbench.type('x');
    await workbench.shows(/from ram0x$/);
  });
});
