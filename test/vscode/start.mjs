// `npm start`: shows the main job. It prints what an example is told, then opens that example in VS Code: in
// the user's own, where there is one and a screen, else in one that this project installs and a browser
// shows.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { packageExtension } from '../../client/package.mjs';
import { startVsCode } from './server.mjs';

const root = path.join(import.meta.dirname, '../..');
const folder = path.join(root, 'examples');
const example = 'doorbell.vmlayout';

const opener = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open';
const hasScreen = process.platform === 'darwin' || process.platform === 'win32'
  || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
const serve = process.argv.includes('--serve');

printFindings();
if (!serve && hasScreen && openOwnVsCode()) {
  console.log('Opened examples/ in a window of your VS Code, with the extension from this folder. Put the '
    + 'cursor on an underlined word and press Ctrl+. (on a Mac: Cmd+.) for the fixes.');
} else {
  await openInBrowser();
}

function printFindings() {
  console.log(`$ vmlayout check examples/${example}`);
  const args = ['dist/vmlayout.cjs', 'check', `examples/${example}`];
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  console.log();
}

/**
 * Whether the user's VS Code took it. The `code` of a remote window can't load an extension from a folder.
 */
function openOwnVsCode() {
  if (process.env.VSCODE_IPC_HOOK_CLI) return false;
  const args = [`--extensionDevelopmentPath=${root}`, folder, path.join(folder, example)];
  return spawnSync('code', args, { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0;
}

async function openInBrowser() {
  const vscode = await startVsCode(packageExtension());
  const address = vscode.address(folder, example);
  const opened = hasScreen && spawnSync(opener, [address], { stdio: 'ignore' }).status === 0;
  console.log(`VS Code runs, with the extension in it and examples/${example} open, at\n\n  ${address}\n`);

  if (opened || serve) {
    console.log(opened ? 'Your browser was asked to open it.' : 'Open it in a browser on this machine.');
    console.log('It serves this machine only, without a password, until Ctrl-C.');
    return;
  }
  await answers(vscode.url);
  await vscode.stop();
  console.log('There is no screen here to show it on, so it was started, asked for its page, and stopped '
    + 'again. `npm start -- --serve` keeps it running for a browser on this machine, or for one that reaches '
    + 'the same port through `ssh -L`.');
}

/** That it listens is what it says of itself; this is what a browser would see. */
async function answers(url) {
  const { status } = await fetch(url);
  if (status !== 200) throw new Error(`VS Code answered its page with status ${status}.`);
}
