// Completion as a user meets it in a real VS Code: by typing, with the arrows, with Tab.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';
import type { Workbench } from './workbench.js';

const HOSTS = `/// Arm servers.
host altra {
  arch arm64
  kernel 6.6
  page 4 KiB
  bits 48
  contract type1

  iommu smmu0 {
    model smmu-v3
    granule 4 KiB
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 14 {
    device nic "0000:01:00.0"
  }
}
`;

/** Each has one error at first: once it is underlined, the server answers. */
const FILES = {
  'hosts/altra.vmlayout': HOSTS,
  'guest.vmlayout': 'import "hosts/altra.vmlayout"\n\nv',
  'importing.vmlayout': '\nvm web on altra {\n}\n',
  'constants.vmlayout': '/// What the guest has.\nconst RAM = 2 * 8 GiB\nconst HALF = \n',
};

describeEditor('completion', { 'editor.inlayHints.enabled': 'off' }, (session) => {
  let workbench: Workbench;

  const open = async (file: keyof typeof FILES): Promise<void> => {
    workbench = await session().openFile(await session().makeFolder(FILES), file);
    await workbench.errors(1);
  };

  it('writes a whole guest, whose places Tab goes through', async () => {
    await open('guest.vmlayout');
    await workbench.goTo(/$/);
    await workbench.type('m');
    await workbench.chooseCompletion('vm with huge pages and a device');
    await workbench.completionTells(/ram low at 0x4000_0000 size 16 GiB from ram0/);
    await workbench.screenshot('completion-1-snippet');
    // A list that comes anew meanwhile begins with its first entry.
    await workbench.chooseCompletion('vm with huge pages and a device');
    await workbench.press('Tab');
    await workbench.shows(/^vm web on altra \{$/);
    await workbench.type('A guest of the tests.');
    await workbench.press('Tab');
    await workbench.type('shop');
    await workbench.press('Tab');
    // The one host there is.
    await workbench.press('Tab');
    await workbench.chooseCompletion('cloud-hypervisor');
    await workbench.screenshot('completion-2-choices');
    await workbench.press('Enter');
    await workbench.press('Escape');
    const text = await workbench.save();
    assert.match(text, /^\/\/\/ A guest of the tests\.\nvm shop on altra \{\n {2}vmm cloud-hypervisor\n/m);
    assert.match(text, /^ {2}assign nic\n\}/m);
    await workbench.errors(0);
  });

  it('tells beside the list what a constant comes to', async () => {
    await open('constants.vmlayout');
    await workbench.goTo(/(?<=HALF = )$/m);
    await workbench.type('RA');
    await workbench.chooseCompletion('RAM');
    await workbench.completionTells(/16 GiB = 0x4_0000_0000/, /What the guest has\./);
    await workbench.screenshot('completion-3-constant');
  });

  it('completes the path of an import, and then the host in it is known', async () => {
    await open('importing.vmlayout');
    await workbench.goTo(/^/);
    // Of the list after the blank and of that after the quote, this is the first.
    await workbench.type('import "hos');
    await workbench.chooseCompletion('hosts/altra.vmlayout');
    await workbench.completionTells(/host altra/);
    await workbench.screenshot('completion-4-import');
    await workbench.press('Enter');
    await workbench.errors(0);
    assert.match(await workbench.save(), /^import "hosts\/altra\.vmlayout"\nvm web/);
  });
});
