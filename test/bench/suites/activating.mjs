// What VS Code itself says that activating the extension takes: loading its code and calling it, up to where it waits for its
// server. Each file is opened in a window, and so in an extension host, of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { packageExtension } from '../../../client/package.mjs';
import { CHROMIUM_FLAGS, findChromium, MISSING_CHROMIUM } from '../../../out/test/editor/session.js';
import { startVsCode } from '../../vscode/server.mjs';
import { inTurns, row } from '../measure.mjs';
import { packTrivial } from '../trivial-package.mjs';

const ROUNDS = 5;
const LAYOUT = 'vm a { ram low at 0 size 1 GiB }\n';

export async function measureActivating() {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(MISSING_CHROMIUM);
  const folder = mkdtempSync(path.join(tmpdir(), 'vmlayout-bench-'));
  const { vsix } = await packTrivial(folder);
  const vscode = await startVsCode([packageExtension(), vsix]);
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  try {
    const opened = path.join(folder, 'opened');
    const activate = (file, name) => () => activationOf(browser, vscode.address(opened, file), name);
    mkdirSync(opened);
    for (const file of ['a.vmlayout', 'a.nothing']) writeFileSync(path.join(opened, file), LAYOUT);
    const taken = await inTurns(ROUNDS, { ours: activate('a.vmlayout', 'vmlayout'), trivial: activate('a.nothing', 'Nothing at all') });
    return [row('', 'activating the extension in VS Code ÷ one that starts a server that does nothing', taken.ours, taken.trivial)];
  } finally {
    await browser.close();
    await vscode.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds, from the page “Running Extensions”. */
async function activationOf(browser, address, name) {
  // Tall: the list has only those extensions in the page that are seen.
  const page = await browser.newPage({ viewport: { width: 1000, height: 2400 } });
  try {
    page.setDefaultTimeout(60_000);
    await page.goto(address);
    await page.locator('.editor-instance .view-line').first().waitFor();
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input').first().fill('>Developer: Show Running Extensions');
    await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await page.keyboard.press('Enter');
    const shown = page.locator('.runtime-extensions-editor .extension').filter({ has: page.locator('.name', { hasText: new RegExp(`^${name}$`) }) });
    const time = shown.locator('.activation-time').filter({ hasText: /\d+ms/ });
    await time.waitFor();
    return Number(/(\d+)ms/.exec(await time.textContent())[1]);
  } finally {
    await page.close();
  }
}
