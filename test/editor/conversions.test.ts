// Bringing in what tools print, writing what tools read, comparing and explaining, as a user does it in a real VS Code.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
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

describeEditor('conversions of files', AS_WRITTEN, (session) => {
  it('reads files that are chosen, to import, to compare with and to explain', async () => {
    const folder = await session().makeFolder({
      'doorbell.vmlayout': readFileSync('examples/doorbell.vmlayout', 'utf8'),
      'elsewhere/14/reserved_regions': REGIONS,
      'elsewhere/before.vmlayout': readFileSync('examples/policy.vmlayout', 'utf8'),
      'elsewhere/vm.log': 'qemu-system-aarch64: vfio_dma_map(0x5581, 0x0, 0xc0000000, 0x7f00) = -22 (Invalid argument)\n',
    });
    const workbench = await session().openFile(folder, 'doorbell.vmlayout');
    await workbench.errors(1);
    await workbench.run('VM Layout: Explain This Log');
    await workbench.pick('File…');
    await workbench.openPath(path.join(folder, 'elsewhere/vm.log'));
    await workbench.shows(/where +ram low of vm web on altra/);

    await workbench.focusEditor();
    await workbench.run('VM Layout: Compare with…');
    await workbench.pick('Another file…');
    await workbench.openPath(path.join(folder, 'elsewhere/before.vmlayout'));
    await workbench.shows(/shrunk +ram low/);

    await workbench.focusEditor();
    await workbench.run('VM Layout: Import…');
    await workbench.pick('Files…');
    await workbench.openPath(path.join(folder, 'elsewhere/14/reserved_regions'));
    // The number of the group is in the path alone.
    await workbench.shows(/^ +group 14 /m);
    await workbench.screenshot('conversions-6-files');
  });

  it('reads the machine that it runs on', async () => {
    const { status, stdout } = spawnSync(process.execPath, ['dist/vmlayout.cjs', 'import', '/proc/iomem'], { encoding: 'utf8' });
    const workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    await workbench.run('VM Layout: Import…');
    await workbench.pick('This host');
    const memory = /^ +memory \w+ at 0x\w+ \.\.= 0x\w+/m.exec(stdout)?.[0];
    // Who may not see its addresses is told so, unless its IOMMU tells something.
    if (status === 0 && memory !== undefined) await workbench.shows(new RegExp(memory.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    else await workbench.notification(/proc\/iomem/);
    await workbench.screenshot('conversions-7-this-host');
  });
});
