// Changes that leave a layout as it is, and fixes of all there is, from the menus of VS Code.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';

const HOST = 'host altra {\n  page 4 KiB\n  iommu i {\n    model smmu-v3\n    granule 4 KiB\n    bits 48\n  }\n  group 14 { device nic "01" }\n  hugepages 1 GiB count 8 node 0\n  hugepages 1 GiB count 8 node 1\n}\n';

const SPLIT = `${HOST}vm web on altra {
  backing b size 4 GiB hugetlb 1 GiB
  backing c size 1026 MiB hugetlb 2 MiB
  ram high at 16 GiB size 1026 MiB from c
  ram low at 4 GiB size 4 GiB from b
  map all to low
  map rest to high
  assign nic
}
`;

const SETTINGS = { 'editor.inlayHints.enabled': 'off' };

describeEditor('refactorings', SETTINGS, (session) => {
  it('split a mapping and RAM, extract and inline, sort, and write an end otherwise', async () => {
    const workbench = await session().openExample('split.vmlayout', { 'split.vmlayout': SPLIT });
    const { editing } = workbench;
    await workbench.display.lenses(/mapping/);

    await workbench.goTo(/(?<=ram )low/);
    const offered = await editing.refactorings();
    for (const title of [/^Write the end of `low` as the last byte/, /^Write the end of `low` half-open/]) {
      assert.ok(offered.some((other) => title.test(other)), `${title} in\n${offered.join('\n')}`);
    }
    await editing.refactor(/^Write the end of `low` half-open/);
    await workbench.shows(/ram low at 4 GiB \.\. 0x2_0000_0000 from b/);
    await workbench.save();

    await workbench.goTo(/(?<=map )all/);
    await editing.refactorings();
    await editing.refactor(/^Split `all` at /);
    assert.match(await workbench.save(), /^ {2}map all-a size 2 GiB to low\n {2}map all-b size 2 GiB to low \+ 2 GiB$/m);

    await workbench.goTo(/16 GiB/);
    await editing.refactorings();
    await editing.refactor(/^Extract constant `HIGH_BASE`/);
    assert.match(await workbench.save(), /ram high at HIGH_BASE /);

    await workbench.goTo(/(?<=const )HIGH_BASE/);
    await editing.refactorings();
    await editing.refactor(/^Inline `HIGH_BASE`/);
    const inlined = await workbench.save();
    assert.match(inlined, /ram high at 16 GiB /);
    assert.doesNotMatch(inlined, /HIGH_BASE/);

    await workbench.goTo(/(?<=vm )web/);
    await editing.refactorings();
    await editing.refactor(/^Sort the regions of `web` by address/);
    assert.match(await workbench.save(), /ram low [^\n]*\n {2}map all-a [^\n]*\n {2}map all-b [^\n]*\n {2}ram high /);
  });

  it('split by NUMA node and by the size of blocks, and move a host to a file', async () => {
    const workbench = await session().openExample('split.vmlayout', { 'split.vmlayout': SPLIT.replace(/ {2}map .*\n/g, '').replace('c size 1026 MiB hugetlb 2 MiB', 'c size 2 GiB hugetlb 1 GiB') });
    const { editing } = workbench;
    await workbench.display.lenses(/mapping/);

    await workbench.goTo(/(?<=ram )low/);
    const offered = await editing.refactorings();
    await workbench.screenshot('refactorings-1-menu');
    assert.ok(offered.some((title) => title.startsWith('Split `low` at 0x1_8000_0000')), offered.join('\n'));
    await editing.refactor(/^Split `low` by NUMA node \(0, 1\)/);
    assert.match(await workbench.save(), /ram low at 4 GiB size 2 GiB from b node 0\n {2}ram low-b at 0x1_8000_0000 size 2 GiB from b \+ 2 GiB node 1/);

    await workbench.goTo(/(?<=ram )high/);
    await editing.refactorings();
    await editing.refactor(/^Split `high` by the size of its blocks/);
    assert.match(await workbench.save(), /ram high at 16 GiB size 1 GiB from c[^\n]*\n {2}ram high-b at \S+ size 2 MiB from c \+ 1 GiB/);

    await workbench.goTo(/(?<=host )altra/);
    await editing.refactorings();
    await editing.refactor(/^Move host `altra` to `altra.vmlayout`/);
    const moved = await workbench.save();
    assert.match(moved, /^import "altra.vmlayout"$/m);
    assert.doesNotMatch(moved, /^host /m);
    // The server hears of the new file from the disk; until then the vm is on no host.
    await workbench.display.lenses(/Compare stances/);
    await workbench.goTo(/(?<=on )altra/);
    await workbench.navigation.goToDefinition();
    await workbench.navigation.fileInFront('altra.vmlayout');
    await workbench.shows(/^host altra \{/);
    await workbench.screenshot('refactorings-2-moved');
  });
});

const LOOSE = 'vm a {\n  ram low at 0 size 1G\n  ram high at 4G size 1G\n}\n';

describeEditor('fixes of everything', { ...SETTINGS, '[vmlayout]': { 'editor.codeActionsOnSave': { 'source.fixAll.vmlayout': 'explicit' } } }, (session) => {
  it('are made by a command, and on saving', async () => {
    const workbench = await session().openExample('loose.vmlayout', { 'loose.vmlayout': LOOSE });
    await workbench.shows(/^ {2}ram low at 0 size 1G$/);
    await workbench.display.lenses(/3 warnings/);
    await workbench.fixAll(/^ {2}ram low at 0 size 1 GiB$/);
    await workbench.shows(/^ {2}ram high at 4 GiB size 1 GiB$/);

    await workbench.save();
    await workbench.goTo(/(?<=size 1 GiB)\n\}/);
    await workbench.type('\nmmio m at 8G size 4 KiB');
    await workbench.shows(/mmio m at 8G size 4 KiB/);
    assert.match(await workbench.save(), /^ {2}mmio m at 8 GiB size 4 KiB$/m);
  });
});
