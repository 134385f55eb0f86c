// Bringing in what tools print, writing what tools read, comparing and explaining, as a user does it in a real VS Code.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describeEditor } from './session.js';

const REGIONS = '0x0000000008000000 0x00000000080fffff msi\n0x00000000fee00000 0x00000000feefffff msi\n';

// What is read off the screen is compared with the text: inlay hints come later, and stand in between.
const AS_WRITTEN = { 'editor.inlayHints.enabled': 'off' };

for (const [where, settings] of [['on the desktop', {}], ['in the browser', { 'remote.extensionKind': { 'vmlayout.vmlayout': ['web'] } }]] as const) {
  describeEditor(`conversions ${where}`, { ...settings, ...AS_WRITTEN }, (session) => {
    it('makes a layout of a listing that is pasted', async () => {
      const workbench = await session().openExample('pasted.vmlayout', { 'pasted.vmlayout': '// What sysfs says:\nhost wrong { nonsense }\n' });
      await workbench.errors(1);
      await workbench.goTo(/host/);
      await workbench.type('\n');
      await workbench.copy(REGIONS);
      await workbench.paste();
      await workbench.notification(/looks like reserved-regions/, 'Convert');
      await workbench.shows(/^ +reserved .*at 0x0?800_0000 .*msi/m);
      await workbench.screenshot(`conversions-1-pasted ${where}`);
      assert.doesNotMatch(await workbench.visibleText(), /0x0000000008000000/);
    });

    it('imports the clipboard, exports, compares and explains a log', async () => {
      const workbench = await session().openExample('doorbell.vmlayout', { 'policy.vmlayout': readFileSync('examples/policy.vmlayout', 'utf8') });
      await workbench.errors(1);
      await workbench.copy('qemu-system-aarch64: vfio_dma_map(0x5581, 0x0, 0xc0000000, 0x7f00) = -22 (Invalid argument)\n');
      await workbench.run('VM Layout: Explain This Log');
      await workbench.pick('Clipboard');
      await workbench.shows(/where +ram low of vm web on altra/);
      await workbench.screenshot(`conversions-2-log ${where}`);

      await workbench.focusEditor();
      await workbench.run('VM Layout: Export…');
      await workbench.pick('rust');
      await workbench.shows(/pub const .*0xc000_?0000/i);
      await workbench.screenshot(`conversions-3-exported ${where}`);

      await workbench.focusEditor();
      await workbench.run('VM Layout: Compare with…');
      await workbench.pick('policy.vmlayout');
      await workbench.shows(/shrunk +ram low/);
      await workbench.screenshot(`conversions-4-compared ${where}`);

      await workbench.copy(REGIONS);
      await workbench.focusEditor();
      await workbench.run('VM Layout: Import…');
      await workbench.pick('Clipboard');
      await workbench.shows(/^ +reserved .*at 0x0?800_0000 .*msi/m);
      await workbench.screenshot(`conversions-5-imported ${where}`);
    });
  });
}
