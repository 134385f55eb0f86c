// Tasks that check the layouts of a folder with the command line that comes with the extension, so that they
// need nothing installed. What they print stays in the terminal: the server lists the same under *Problems*.

import process from 'node:process';
import {
  type Disposable, type ExtensionContext, l10n, ProcessExecution, Task, type TaskDefinition, TaskGroup, tasks, TaskScope, workspace, type WorkspaceFolder,
} from 'vscode';
import { AS_NODE, programOf } from './own-program.js';

/** As package.json describes it. */
const TASK_TYPE = 'vmlayout';
/** None, said as such: where nothing is said, VS Code asks the user for one. */
const MATCHERS: string[] = [];

interface CheckTask extends TaskDefinition {
  /** Files, directories and globs, from the workspace folder; all of it if left out. */
  readonly files?: readonly string[];
  /** Further options of `vmlayout check`. */
  readonly args?: readonly string[];
}

/** Offers `vmlayout: check` for each folder of the workspace, and completes those that tasks.json names. */
export function provideTasks(context: ExtensionContext): Disposable {
  return tasks.registerTaskProvider(TASK_TYPE, {
    provideTasks: () => (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map((folder) => checkTask({ type: TASK_TYPE }, folder, context)),
    resolveTask: ({ definition, scope }) => checkTask(definition as CheckTask, isFolder(scope) ? scope : workspace.workspaceFolders?.[0], context),
  });
}

const isFolder = (scope: Task['scope']): scope is WorkspaceFolder => typeof scope === 'object';

function checkTask(definition: CheckTask, folder: WorkspaceFolder | undefined, context: ExtensionContext): Task {
  const { files = ['.'], args = [] } = definition;
  const execution = new ProcessExecution(process.execPath, [programOf(context), 'check', '--format', 'text', ...args, '--', ...files], {
    ...(folder && { cwd: folder.uri.fsPath }),
    env: AS_NODE,
  });
  const task = new Task(definition, folder ?? TaskScope.Workspace, 'check', 'vmlayout', execution, MATCHERS);
  task.group = TaskGroup.Test;
  task.detail = l10n.t('Checks the layouts of the folder, as CI does');
  return task;
}
