// One real VS Code with the packaged extension in it, and one real browser that looks at it.

import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import type { startVsCode, VsCodeServer } from '../vscode/server.mjs';
import { Workbench } from './workbench.js';

const ROOT = path.join(import.meta.dirname, '../../..');
const RESULTS = path.join(ROOT, 'test-results/editor');

/** No step that waits for the browser waits longer. */
const STEP_MILLISECONDS = 60_000;

export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const MISSING_CHROMIUM = 'There is no Chromium for the editor tests. On Debian this gets it: '
  + '`apt-get update && apt-get install -y --no-install-recommends chromium`; elsewhere '
  + '`npx playwright-core install chromium`, or the path of one in the environment variable CHROMIUM.';

/**
 * The browser to drive: the one that CHROMIUM names, else the system's, else the one that Playwright
 * downloaded.
 */
export function findChromium(): string | undefined {
  const candidates = [
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    chromium.executablePath(),
  ];
  return candidates.find((candidate) => candidate !== undefined && existsSync(candidate));
}

export class Session {
  readonly #server: VsCodeServer;
  readonly #browser: Browser;
  readonly #folders: string[] = [];

  private constructor(server: VsCodeServer, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  /** `settings` are the user's, beside those that keep VS Code quiet. */
  static async start(chromiumPath: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Session> {
    const serverModule = pathToFileURL(path.join(ROOT, 'test/vscode/server.mjs')).href;
    const { startVsCode: start } = await import(serverModule) as { startVsCode: typeof startVsCode };
    const server = await start(path.join(ROOT, 'dist/vmlayout.vsix'), settings);
    try {
      const browser = await chromium.launch({ executablePath: chromiumPath, args: CHROMIUM_FLAGS });
      return new Session(server, browser);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Opens `file` out of a fresh copy of the examples, each time in a window of its own; with further files beside it. */
  async openExample(file: string, others: Readonly<Record<string, string>> = {}): Promise<Workbench> {
    const folder = await mkdtemp(path.join(tmpdir(), 'vmlayout-editor-'));
    this.#folders.push(folder);
    await cp(path.join(ROOT, 'examples'), folder, { recursive: true });
    for (const [name, text] of Object.entries(others)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }

    const page = await this.#browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(STEP_MILLISECONDS);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const scripts: string[] = [];
    page.context().on('request', (request) => scripts.push(decodeURIComponent(request.url())));
    await page.goto(this.#server.address(folder, file));
    const workbench = new Workbench(page, {
      read: () => readFile(path.join(folder, file), 'utf8'),
      pictures: RESULTS,
      fetched: scripts,
    });
    await workbench.ready();
    return workbench;
  }

  async stop(): Promise<void> {
    try {
      await this.#browser.close();
    } finally {
      await mkdir(RESULTS, { recursive: true });
      await writeFile(path.join(RESULTS, 'vscode.log'), this.#server.log());
      await this.#server.stop();
      for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
    }
  }
}
