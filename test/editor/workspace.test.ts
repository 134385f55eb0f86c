// The Problems panel lists what is found in every layout of the workspace, open or not, once, and keeps up with whatever changes it.

import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describeEditor } from './session.js';
import type { Workbench } from './workbench.js';
import { until } from './workbench/waiting.js';

const HOST = 'host box {\n  page 4 KiB\n}\n';
const GUEST = 'import "hosts.vmlayout"\n\nvm web on box {\n}\n';
const LOOSE = 'vm a {\n  ram low at 0 size 4G\n}\n';

describeEditor('the problems of a workspace', {}, (session) => {
  let workbench: Workbench;
  let folder: string;

  beforeEach(async () => {
    folder = await session().makeFolder({
      'hosts.vmlayout': HOST,
      'open.vmlayout': GUEST,
      'closed.vmlayout': GUEST,
      'loose.vmlayout': LOOSE,
      'deep/er/inside.vmlayout': LOOSE,
      'only.code-workspace': JSON.stringify({ folders: [{ path: '.' }] }),
    });
  });

  const onDisk = (file: string): string => path.join(folder, file);

  it('are listed of files that nobody has opened, and follow a text that nobody has saved', async () => {
    workbench = await session().openFile(folder, 'open.vmlayout');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.screenshot('workspace-1-problems');
    await workbench.openFile('hosts.vmlayout');
    await workbench.retype('host other {\n}\n');
    await workbench.listsProblems('closed.vmlayout: unknown-name', 'inside.vmlayout: unit-loose', 'open.vmlayout: unknown-name', 'loose.vmlayout: unit-loose');
    await workbench.screenshot('workspace-2-import-changed');
    await workbench.closeFile(true);
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
  });

  it('go with their file, and with the folder that it was in', async () => {
    workbench = await session().openFile(folder, 'open.vmlayout');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.noticesFiles(folder);
    await rename(onDisk('loose.vmlayout'), onDisk('again.vmlayout'));
    await workbench.listsProblems('again.vmlayout: unit-loose', 'inside.vmlayout: unit-loose');
    await rename(onDisk('deep'), onDisk('shallow'));
    await rename(onDisk('again.vmlayout'), onDisk('shallow/deeper.vmlayout'));
    await workbench.listsProblems('deeper.vmlayout: unit-loose', 'inside.vmlayout: unit-loose');
    await rm(onDisk('shallow'), { recursive: true });
    await workbench.listsProblems();
    await rm(onDisk('hosts.vmlayout'));
    await workbench.listsProblems('closed.vmlayout: import-missing', 'closed.vmlayout: unknown-name', 'open.vmlayout: import-missing', 'open.vmlayout: unknown-name');
  });

  it('are those of the disk where a file was closed unsaved', async () => {
    workbench = await session().openFile(folder, 'loose.vmlayout');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.retype(GUEST);
    await workbench.listsProblems('inside.vmlayout: unit-loose');
    await workbench.closeFile(true);
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
  });

  it('are of all folders, and go with theirs', async () => {
    const other = await session().makeFolder({ 'other.vmlayout': LOOSE });
    workbench = await session().openFile(folder, 'open.vmlayout', 'only.code-workspace');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await writeFile(onDisk('only.code-workspace'), JSON.stringify({ folders: [{ path: '.' }, { path: other }] }));
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'other.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.screenshot('workspace-3-second-folder');
    await writeFile(onDisk('only.code-workspace'), JSON.stringify({ folders: [{ path: '.' }] }));
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
  });

  it('follow settings of the project and of the user, in closed files, too', async () => {
    workbench = await session().openFile(folder, 'open.vmlayout');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.noticesFiles(folder);
    await writeFile(onDisk('deep/vmlayout.json'), '{ "rules": { "unit-loose": "off" } }');
    await workbench.listsProblems('loose.vmlayout: unit-loose');
    await rm(onDisk('deep/vmlayout.json'));
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await mkdir(onDisk('.vscode'));
    await writeFile(onDisk('.vscode/settings.json'), '{ "vmlayout.rules": { "unit-loose": "off" } }');
    await workbench.listsProblems();
    await rm(onDisk('.vscode/settings.json'));
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
  });

  it('are listed once, by the task and a restarted server, too', async () => {
    workbench = await session().openFile(folder, 'loose.vmlayout');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.runTestTask('vmlayout: check');
    await workbench.screenshot('workspace-4-task');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.run('VM Layout: Restart Language Server');
    await workbench.retype('vm fine {\n}\n');
    await workbench.listsProblems('inside.vmlayout: unit-loose');
  });

  it('are found by a server whose compiled code is kept for its next start', async () => {
    const compiled = path.join(session().storageOf('vmlayout.vmlayout'), 'compiled');
    const kept = async (): Promise<readonly number[]> => Promise.all((await readdir(compiled, { recursive: true }).catch(() => [])).map(async (name) => (await stat(path.join(compiled, name))).size));
    await rm(compiled, { recursive: true, force: true });
    workbench = await session().openFile(folder, 'loose.vmlayout');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await workbench.run('VM Layout: Restart Language Server');
    await workbench.listsProblems('inside.vmlayout: unit-loose', 'loose.vmlayout: unit-loose');
    await until(async () => Math.max(...await kept()) > 100_000, () => `compiled code in ${compiled}`);
  });
});
