// One real VS Code with the packaged extension in it, and one real browser that looks at it.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type { startVsCode, VsCodeServer } from '../vscode/server.mjs';
import { packMemoryFiles } from './memory-files.js';
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

/** The path of a browser. Without one, tests are skipped on a machine of a developer, and fail in CI. */
export function chromiumOrSkip(context: Mocha.Context): string {
  const found = findChromium();
  if (found !== undefined) return found;
  if (process.env['CI'] !== undefined) throw new Error(MISSING_CHROMIUM);
  console.log(`    Skipped: ${MISSING_CHROMIUM}`);
  return context.skip();
}

/** What is unlike a fresh VS Code in English with nothing but our extension. */
export interface Surroundings {
  /** A tag such as `de`. */
  readonly language?: string;
  /** Files of a file system that only an extension in the browser knows, by their paths: `/ws/a` is `memfs:/ws/a`. */
  readonly memoryFiles?: Readonly<Record<string, string>>;
}

/**
 * Tests that share one VS Code, with `settings` of its user, and one window of it after the other. What is in it when a test fails is
 * kept as a picture.
 */
export function describeEditor(title: string, settings: Readonly<Record<string, unknown>>, define: (session: () => Session) => void, surroundings: Surroundings = {}): void {
  describe(`editor: ${title}`, function () {
    // A step of the browser takes a minute at most; one test has several, the first start an installation.
    this.timeout(300_000);
    this.slow(30_000);
    // A machine that is busy with other things loses a key or a change of a file now and then: what fails is tried once more, in a new window.
    this.retries(1);

    let session: Session | undefined;

    before(async function () {
      session = await Session.start(chromiumOrSkip(this), settings, surroundings);
    });

    afterEach(async function () {
      const { state, title: test } = this.currentTest!;
      if (state !== 'passed') await session?.giveUpWindow(`failed: ${title}: ${test}`);
    });

    after(async () => {
      await session?.stop();
    });

    define(() => {
      if (!session) throw new Error('VS Code hasn’t been started.');
      return session;
    });
  });
}

export class Session {
  readonly #server: VsCodeServer;
  readonly #browser: BrowserContext;
  readonly #memoryFiles: Readonly<Record<string, string>>;
  /** What tests leave behind: the browser's profile first. */
  readonly #folders: string[];
  #page: Page | undefined;
  #window: Workbench | undefined;

  private constructor(server: VsCodeServer, browser: BrowserContext, profile: string, memoryFiles: Readonly<Record<string, string>>) {
    this.#memoryFiles = memoryFiles;
    this.#server = server;
    this.#browser = browser;
    this.#folders = [profile];
  }

  /** `settings` are the user's, beside those that keep VS Code quiet. */
  static async start(chromiumPath: string, settings: Readonly<Record<string, unknown>> = {}, { language, memoryFiles }: Surroundings = {}): Promise<Session> {
    const serverModule = pathToFileURL(path.join(ROOT, 'test/vscode/server.mjs')).href;
    const { startVsCode: start } = await import(serverModule) as { startVsCode: typeof startVsCode };
    // A profile on disk keeps the compiled code of VS Code from one window to the next.
    const profile = await mkdtemp(path.join(tmpdir(), 'vmlayout-browser-'));
    const ours = path.join(ROOT, 'dist/vmlayout.vsix');
    const server = await start(memoryFiles ? [ours, packMemoryFiles(profile, memoryFiles)] : ours, settings, language);
    try {
      const browser = await chromium.launchPersistentContext(profile, {
        executablePath: chromiumPath, args: CHROMIUM_FLAGS, viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'],
      });
      return new Session(server, browser, profile, memoryFiles ?? {});
    } catch (error) {
      await server.stop();
      await rm(profile, { recursive: true, force: true });
      throw error;
    }
  }

  /** Where VS Code lets an extension keep what is its own. */
  storageOf(extension: string): string {
    return path.join(this.#server.storage, extension);
  }

  /** Opens a fresh copy of an example alone in a folder, in place of what was open; with further files beside it, or another in its place. */
  async openExample(file: string, others: Readonly<Record<string, string>> = {}): Promise<Workbench> {
    const folder = await this.makeFolder({ ...(!(file in others) && { [file]: await readFile(path.join(ROOT, 'examples', file), 'utf8') }), ...others });
    return this.openFile(folder, file);
  }

  /** A fresh folder with files in it, by their names. What pictures show of it is the same every time: `layouts`. */
  async makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
    const parent = await mkdtemp(path.join(tmpdir(), 'vmlayout-editor-'));
    this.#folders.push(parent);
    const folder = path.join(parent, 'layouts');
    await mkdir(folder);
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    return folder;
  }

  /** Opens a file of a folder, or of a workspace file in it, in place of what was open. */
  async openFile(folder: string, file: string, workspace?: string): Promise<Workbench> {
    return this.#open(this.#server.address(folder, file, workspace), () => readFile(path.join(folder, file), 'utf8'));
  }

  /** Opens a file of the files in memory, and its folder, in place of what was open. What is read of it is what it was at the start. */
  async openMemoryFile(folder: string, file: string): Promise<Workbench> {
    const parameters = { folder: `memfs:${folder}`, payload: JSON.stringify([['openFile', `memfs:${folder}/${file}`]]) };
    return this.#open(`${this.#server.url}/?${new URLSearchParams(parameters)}`, () => Promise.resolve(this.#memoryFiles[`${folder}/${file}`] ?? ''));
  }

  async #open(address: string, read: () => Promise<string>): Promise<Workbench> {
    const page = this.#page ??= await this.#newPage();
    page.removeAllListeners('request');
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(decodeURIComponent(request.url())));
    await page.goto(address);
    this.#window = new Workbench(page, {
      read,
      pictures: RESULTS,
      fetched,
    });
    await this.#window.ready();
    return this.#window;
  }

  /** Keeps what is in the window as a picture, and goes on in a new one. */
  async giveUpWindow(picture: string): Promise<void> {
    await this.#window?.screenshot(picture);
    await this.#page?.close();
    this.#page = this.#window = undefined;
  }

  async #newPage(): Promise<Page> {
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(STEP_MILLISECONDS);
    // Whether what isn't saved may be lost.
    page.on('dialog', (dialog) => void dialog.accept());
    return page;
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
