// Starts a real VS Code that a browser opens, with a packaged extension in it: nothing of the user's own
// settings and extensions is read, and nothing is left behind.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { installVsCode } from './install.mjs';

const START_SECONDS = 60;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const quiet = {
  'chat.disableAIFeatures': true,
  'files.autoSave': 'off',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
};

/**
 * Starts VS Code with the extension `vsix`, or a list of them, on a free port of this machine, with further `settings` of its user, in the `language` that
 * such a tag as `de` names. VS Code's own words stay English in any: its translations aren't here, and only those of extensions are seen. Returns its `url`, the
 * `address(folder, file, workspace)` that opens a file in a folder, or in the workspace that a file there describes, the folder `storage` where extensions keep what is theirs, its `log()` so far, and `stop()`. It stops with this
 * process at the latest, also when that is interrupted.
 */
export async function startVsCode(vsix, settings = {}, language = 'en') {
  const { node, entry } = installVsCode();
  const home = mkdtempSync(path.join(tmpdir(), 'vmlayout-vscode-'));
  const env = environment(home);
  const args = [
    entry,
    '--config', path.join(home, 'config.yaml'),
    '--user-data-dir', path.join(home, 'user'),
    '--extensions-dir', path.join(home, 'extensions'),
  ];
  let server;
  let log = '';
  process.on('exit', cleanUp);
  for (const signal of signals) process.on(signal, exit);

  try {
    writeSettings(home, settings);
    if (language !== 'en') chooseLanguage(home, language);
    for (const each of [vsix].flat()) installExtension(node, args, each, env);
    server = spawn(node, [
      ...args,
      '--auth', 'none',
      '--bind-addr', '127.0.0.1:0',
      '--disable-telemetry', '--disable-update-check',
      '--disable-workspace-trust', '--disable-getting-started-override',
    ], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => { log += data; });
    const url = await listening(server, () => log);
    const storage = path.join(home, 'user/User/globalStorage');
    return { url, address: (folder, file, workspace) => address(url, folder, file, workspace), storage, log: () => log, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop() {
    const ended = isRunning() ? new Promise((resolve) => server.once('exit', resolve)) : undefined;
    cleanUp();
    await ended;
    process.off('exit', cleanUp);
    for (const signal of signals) process.off(signal, exit);
  }

  /**
   * Ends the server with the extension hosts it started, all of one process group, and removes what they
   * wrote.
   */
  function cleanUp() {
    if (isRunning()) process.kill(-server.pid, 'SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 10 });
  }

  function isRunning() {
    return server?.pid !== undefined && server.exitCode === null && server.signalCode === null;
  }
}

/** Exits as the signal would, but through the listeners for `exit`. */
function exit(signal) {
  process.exit(128 + constants.signals[signal]);
}

function writeSettings(home, settings) {
  const folder = path.join(home, 'user/User');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'settings.json'), JSON.stringify({ ...quiet, ...settings }, undefined, 2));
}

/**
 * Writes what code-server remembers of a language pack that was installed, and of the choice of its language. The pack is empty: what
 * VS Code says itself falls back to English.
 */
function chooseLanguage(home, language) {
  const user = path.join(home, 'user');
  const vscode = path.join(user, 'empty.i18n.json');
  const pack = { hash: 'empty', label: language, extensions: [{ extensionIdentifier: { id: `test.${language}` }, version: '0.0.0' }], translations: { vscode } };
  writeFileSync(vscode, JSON.stringify({ contents: {} }));
  writeFileSync(path.join(user, 'languagepacks.json'), JSON.stringify({ [language]: pack }));
  writeFileSync(path.join(user, 'User/argv.json'), JSON.stringify({ locale: language }));
}

function installExtension(node, args, vsix, env) {
  const { status, stdout, stderr } = spawnSync(node, [...args, '--install-extension', vsix], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`VS Code did not accept ${vsix}:\n${stdout}${stderr}`);
}

/**
 * Our environment without what an enclosing VS Code put there and what code-server would read as options. Its
 * own logs go to `home`.
 */
function environment(home) {
  const kept = Object.entries(process.env)
    .filter(([name]) => !/^(VSCODE_|CODE_SERVER_|PORT$|PASSWORD$|NODE_OPTIONS$)/.test(name));
  return { ...Object.fromEntries(kept), XDG_DATA_HOME: home };
}

/** Waits until the server's log tells its address. */
function listening(server, log) {
  return new Promise((resolve, reject) => {
    const fail = (what) => {
      clearTimeout(timer);
      reject(new Error(`VS Code ${what}. It said:\n${log()}`));
    };
    const timer = setTimeout(fail, START_SECONDS * 1000, `did not start within ${START_SECONDS} s`);
    server.once('error', (error) => fail(`could not be started: ${error.message}`));
    server.once('exit', (code) => fail(`ended with status ${code}`));
    server.stdout.on('data', () => {
      const url = /HTTP server listening on (http:\/\/\S+?)\/?\s/.exec(log())?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

function address(url, folder, file, workspace) {
  const opened = `vscode-remote://${new URL(url).host}${path.join(folder, file)}`;
  const opening = workspace === undefined ? { folder } : { workspace: path.join(folder, workspace) };
  return `${url}/?${new URLSearchParams({ ...opening, payload: JSON.stringify([['openFile', opened]]) })}`;
}
