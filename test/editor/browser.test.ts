// The same package in VS Code's extension host for browsers: a web worker, without Node. The extension's entry for browsers
// runs there, and the language server in a worker of its own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describeEditor } from './session.js';

const EXAMPLE = readFileSync('examples/doorbell.vmlayout', 'utf8');
const BORDER = EXAMPLE.indexOf('/// A guest');

const IN_THE_BROWSER = { 'remote.extensionKind': { 'vmlayout.vmlayout': ['web'] } };

describeEditor('the packaged extension in a browser', IN_THE_BROWSER, (session) => {
  it('checks, fixes and draws in a worker', async () => {
    const workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    assert.ok(workbench.hasLoaded('dist/browser.cjs'));
    await workbench.goTo(/low at/);
    const [first = ''] = await workbench.quickFixes();
    assert.match(first, /^Split `low`.*2 × 1 GiB \+ 511 × 2 MiB \+ 256 × 4 KiB instead of 3 × 1 GiB/);
    await workbench.applyFix(first);
    await workbench.errors(0);
    const map = await workbench.showMap();
    await map.locator('#drawing [data-item="iova/low-b"]').first().waitFor();
    await workbench.screenshot('browser-1-fixed-and-drawn');
    await workbench.focusEditor();
    assert.match(await workbench.save(), /^  map low-b size 2943 MiB to low \+ 129 MiB$/m);
  });

  it('reads imported files through the editor', async () => {
    const workbench = await session().openExample('main.vmlayout', {
      'hosts/arm.vmlayout': EXAMPLE.slice(0, BORDER),
      'main.vmlayout': `import "hosts/arm.vmlayout"\n\n${EXAMPLE.slice(BORDER)}`,
    });
    await workbench.errors(1);
    const problems = (await workbench.problems()).join('\n');
    assert.match(problems, /doorbell-overlap/);
    assert.doesNotMatch(problems, /import-missing/);
    await workbench.screenshot('browser-2-import');
  });
});

/** The example in two files, and one that nobody opens. */
const IN_MEMORY = {
  '/ws/hosts/arm.vmlayout': EXAMPLE.slice(0, BORDER),
  '/ws/main.vmlayout': `import "hosts/arm.vmlayout"\n\n${EXAMPLE.slice(BORDER)}`,
  '/ws/deep/er/loose.vmlayout': 'vm a {\n  ram low at 0 size 4G\n}\n',
};

describeEditor('the packaged extension in a virtual workspace', IN_THE_BROWSER, (session) => {
  it('reads imports, finds layouts, fixes and draws on a file system that only another extension knows', async () => {
    const workbench = await session().openMemoryFile('/ws', 'main.vmlayout');
    await workbench.errors(1);
    assert.ok(workbench.hasLoaded('dist/browser.cjs'));
    await workbench.listsProblems('main.vmlayout: doorbell-overlap', 'loose.vmlayout: unit-loose');
    await workbench.goTo(/low at/);
    const [first = ''] = await workbench.quickFixes();
    assert.match(first, /^Split `low`.*2 × 1 GiB \+ 511 × 2 MiB \+ 256 × 4 KiB instead of 3 × 1 GiB/);
    await workbench.screenshot('browser-3-virtual');
    await workbench.applyFix(first);
    await workbench.errors(0);
    const map = await workbench.showMap();
    await map.locator('#drawing [data-item="iova/low-b"]').first().waitFor();
    await workbench.focusEditor();
    await workbench.save();
    await workbench.listsProblems('main.vmlayout: block-split', 'loose.vmlayout: unit-loose');
    await workbench.screenshot('browser-4-virtual-fixed');
  });
}, { memoryFiles: IN_MEMORY });
