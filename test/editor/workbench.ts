/// <reference lib="dom" />
// VS Code's window, in the words of the person in front of it. Selectors and keys are here, with more by topic in `workbench/`, and nowhere else.
// Every method that asks for something on the screen waits until it is there, and fails after the page's time
// limit if it never is.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';
import { Display } from './workbench/display.js';
import { Editing } from './workbench/editing.js';
import { Navigation } from './workbench/navigation.js';
import { appears, oneLine, soon, until } from './workbench/waiting.js';

export interface WorkbenchFile {
  /** The open file's text on disk. */
  read(): Promise<string>;
  /** The folder that screenshots go to. */
  readonly pictures: string;
  /** Addresses of what the browser has fetched so far. */
  readonly fetched: readonly string[];
}

export class Workbench {
  readonly #page: Page;
  readonly #file: WorkbenchFile;
  readonly display: Display;
  readonly editing: Editing;
  readonly navigation: Navigation;

  constructor(page: Page, file: WorkbenchFile) {
    this.display = new Display(page);
    this.editing = new Editing(page);
    this.navigation = new Navigation(page);
    this.#page = page;
    this.#file = file;
  }

  /** Waits until the file stands in the editor. */
  async ready(): Promise<void> {
    await this.#page.locator('.monaco-workbench').waitFor();
    await this.#page.locator('.editor-instance .view-line').first().waitFor();
  }

  /** Whether the browser itself has loaded a file of the extension. */
  hasLoaded(file: string): boolean {
    return this.#file.fetched.some((path) => path.includes(`/${file}`));
  }

  /** Keeps a picture of the window. One that the docs show is renewed there, as `docs/NAME.png`, where UPDATE is set. */
  async screenshot(name: string, inDocs?: string): Promise<void> {
    const picture = await this.#page.screenshot({ path: path.join(this.#file.pictures, `${name}.png`) });
    if (inDocs !== undefined && process.env['UPDATE'] !== undefined) await writeFile(`docs/${inDocs}.png`, picture);
  }

  /**
   * Waits until the browser has stored something of the state of the window, as VS Code does every few seconds: only that comes
   * back when it is reloaded. What windows on other folders left there doesn't count.
   */
  async stores(pattern: RegExp): Promise<void> {
    const folder = new URL(this.#page.url()).searchParams.get('folder') ?? '';
    await until(async () => (await this.#page.evaluate(storedStates)).some((state) => state.includes(folder) && pattern.test(state)), () => `${pattern} in what is stored of the window on ${folder}`);
  }

  /** Loads the window anew, as after a crash or an update. Its address loses the file to open: with one, VS Code restores no editors. */
  async reload(): Promise<void> {
    const address = new URL(this.#page.url());
    address.searchParams.delete('payload');
    await this.#page.goto(address.href);
    await this.ready();
  }

  /** Chooses a theme by its title. */
  async useTheme(title: string): Promise<void> {
    await this.run('Preferences: Color Theme');
    const input = this.#page.locator('.quick-input-widget input');
    // The list applies whatever it is at, and has only what is in view: it is there once one of its themes is.
    const themes = this.#page.locator('.quick-input-list .monaco-list-row');
    await themes.filter({ hasText: /Modern|High Contrast/ }).first().waitFor();
    await input.fill(title);
    await this.#clickListed(title);
    await this.#page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  /** Waits until as many errors are underlined in the editor. */
  async errors(count: number): Promise<void> {
    await until(async () => await this.#errors().count() === count, async () =>
      `${count} errors underlined; there are ${await this.#errors().count()}`);
  }

  /** Waits until the status bar counts as many errors, in whatever text. */
  async errorsInWindow(count: number): Promise<void> {
    await this.#page.locator(`.statusbar-item[id="status.problems"] [aria-label^="Errors: ${count}"]`).first().waitFor();
  }

  /** The entries of the Problems panel, as they read there: message, source, rule and place. */
  async problems(): Promise<string[]> {
    const rows = this.#page.locator('.markers-panel .monaco-list-row');
    if (await rows.count() === 0) await this.#page.keyboard.press('Control+Shift+M');
    await rows.first().waitFor();
    const texts = await rows.allInnerTexts();
    return texts.map(oneLine).filter((text) => /\[Ln \d+, Col \d+\]$/.test(text));
  }

  /** Waits until no entry of the Problems panel, which must be open, names `rule`. */
  async problemGone(rule: string): Promise<void> {
    const panel = this.#page.locator('.markers-panel');
    await panel.waitFor();
    await panel.locator('.monaco-list-row', { hasText: rule }).first().waitFor({ state: 'detached' });
  }

  /** Opens the quick fixes at the cursor. Returns their titles in the order of the menu. */
  async quickFixes(): Promise<string[]> {
    // Until the server has answered, the menu says that there is nothing: then it is asked again.
    await until(async () => {
      await this.#page.keyboard.press('Control+.');
      return appears(this.#fixes().first());
    }, () => 'a quick fix in the menu');
    return (await this.#fixes().allInnerTexts()).map(oneLine);
  }

  /** Chooses a fix of the open menu by its whole title. */
  async applyFix(title: string): Promise<void> {
    const titles = (await this.#fixes().allInnerTexts()).map(oneLine);
    await this.#fixes().nth(titles.indexOf(title)).click();
  }

  /** Puts the cursor in front of the first match in the text on disk, which must be what the editor shows. */
  async goTo(pattern: RegExp): Promise<void> {
    const text = await this.#file.read();
    const offset = text.search(pattern);
    if (offset === -1) throw new Error(`The file has no ${pattern}.`);
    const before = text.slice(0, offset).split('\n');
    await this.goToPlace(before.length, (before.at(-1) ?? '').length + 1);
  }

  /** Puts the cursor at a line and column, both counted from 1. */
  async goToPlace(line: number, column: number): Promise<void> {
    // The focus may still be on its way to the editor.
    await until(async () => {
      await this.#askWith('Control+G');
      await this.#page.keyboard.type(`${line}:${column}`);
      await this.#page.keyboard.press('Enter');
      await this.#page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
      return appears(this.#page.locator('.statusbar-item', { hasText: `Ln ${line}, Col ${column}` }).first());
    }, () => `the cursor at ${line}:${column}`);
  }

  /** Opens the hover at the cursor and waits until it shows all `parts`, which arrive one after the other. */
  async hoverShows(...parts: readonly RegExp[]): Promise<void> {
    const content = this.#page.locator('.monaco-resizable-hover .monaco-hover-content').first();
    let text = '';
    await until(async () => {
      await this.#page.keyboard.press('Control+K');
      await this.#page.keyboard.press('Control+I');
      text = await appears(content) ? oneLine(await content.innerText()) : '';
      return parts.every((part) => part.test(text));
    }, () => `a hover with ${parts.join(' and ')}; it shows ${JSON.stringify(text)}`);
  }

  /** Opens the completion list at the cursor. Returns its visible labels. */
  async completions(): Promise<string[]> {
    await this.#page.keyboard.press('Control+Space');
    await this.#completions().first().waitFor();
    return (await this.#completions().allInnerTexts()).map(oneLine);
  }

  /** Waits until the completion list that opened by itself, or while something was typed, has an entry; and shows it as the chosen one. */
  async chooseCompletion(label: string): Promise<void> {
    const chosen = this.#page.locator('.suggest-widget.visible .monaco-list-row.focused .label-name');
    let labels: string[] = [];
    await until(async () => {
      labels = (await this.#completions().allInnerTexts()).map(oneLine);
      if (labels.length === 0 || !await appears(chosen)) return false;
      if (oneLine(await chosen.innerText()) === label) return true;
      await this.#page.keyboard.press('ArrowDown');
      return false;
    }, () => `\`${label}\` in the completion list; there are ${labels.join(', ')}`);
  }

  /** Opens the pane beside the completion list, and waits until it tells all `parts` of the chosen entry. */
  async completionTells(...parts: readonly RegExp[]): Promise<void> {
    const pane = this.#page.locator('.suggest-details');
    let text = '';
    await until(async () => {
      if (!await pane.isVisible()) await this.#page.keyboard.press('Control+Space');
      text = await appears(pane) ? oneLine(await pane.innerText()) : '';
      return parts.every((part) => part.test(text));
    }, () => `${parts.join(' and ')} beside the completion list; there is ${JSON.stringify(text)}`);
  }

  /** Opens the map by its button above the editor, which has this title. Returns the page in its view. */
  async showMap(title = 'Show Map'): Promise<Frame> {
    await this.#page.locator(`.editor-actions .action-label[aria-label^="${title}"]`).first().click();
    return this.map();
  }

  /** The page in the map's view, once something is drawn there. */
  async map(): Promise<Frame> {
    const view = async (): Promise<Frame | undefined> => {
      for (const frame of this.#page.frames()) if (await frame.locator('#drawing .t-head').count().catch(() => 0) > 0) return frame;
      return undefined;
    };
    let found: Frame | undefined;
    await until(async () => (found = await view()) !== undefined, () => 'the map in a view');
    if (!found) throw new Error('The map is gone.');
    return found;
  }

  /** Waits until a preview of Markdown shows all `parts`. */
  async preview(...parts: readonly RegExp[]): Promise<void> {
    let text = '';
    await until(async () => {
      for (const frame of this.#page.frames()) {
        text = oneLine(await frame.locator('.markdown-body').innerText({ timeout: 1000 }).catch(() => ''));
        if (text !== '' && parts.every((part) => part.test(text))) return true;
      }
      return false;
    }, () => `${parts.join(' and ')} in a preview; it shows ${JSON.stringify(text)}`);
  }

  /** Gives a dialog that asks for a file its path. */
  async openPath(file: string): Promise<void> {
    const input = this.#page.locator('.quick-input-widget input');
    const widget = this.#page.locator('.quick-input-widget');
    const entry = widget.locator('.monaco-list-row', { hasText: path.basename(file) }).first();
    let isGiven = false;
    // A dialog that has just come up puts its folder in once more, and while it reads a folder it takes no answer.
    await until(async () => {
      if (isGiven && await soon(() => widget.isHidden())) return true;
      if (!(await input.inputValue().catch(() => '')).startsWith('/')) return false;
      await input.fill(file);
      if (!await appears(entry) || await input.inputValue() !== file) return false;
      await this.#page.keyboard.press('Enter');
      isGiven = true;
      return false;
    }, () => `a dialog to take ${file}`);
  }

  /** Waits until the cursor stands in a line, counted from 1. */
  async cursorIn(line: number): Promise<void> {
    await this.#page.locator('.editor-instance .line-numbers.active-line-number', { hasText: new RegExp(`^${line}$`) }).first().waitFor();
  }

  /** Makes the editor of the file the active one, whatever view has the focus. */
  async focusEditor(): Promise<void> {
    await this.#page.keyboard.press('Control+1');
    await this.#page.locator('.editor-instance.active, .editor-group-container.active .editor-instance').first().waitFor();
  }

  /** Runs a command by its title. */
  async run(title: string): Promise<void> {
    const input = await this.#askWith('F1');
    await input.fill(`>${title}`);
    await this.#clickListed(title);
  }

  /** Has a key open what asks for something at the top of the window. It closes where the focus goes to a view meanwhile: then it is asked again. */
  async #askWith(key: string): Promise<Locator> {
    const input = this.#page.locator('.quick-input-widget input');
    await until(async () => {
      await this.#page.keyboard.press(key);
      return appears(input);
    }, () => `what ${key} opens`);
    return input;
  }

  /** Clicks an entry of an open list once that stands still: rows move while it is being filtered, and a click would meet another one. */
  async #clickListed(text: string): Promise<void> {
    const rows = this.#page.locator('.quick-input-list .monaco-list-row');
    let listed = '';
    await until(async () => {
      const before = listed;
      listed = (await rows.allInnerTexts()).join('\n');
      return listed === before && listed.includes(text);
    }, () => `${text} in a list; there are\n${listed}`);
    await rows.filter({ hasText: text }).first().click();
  }

  /** Has all fixes applied, after which a line matches. VS Code drops the answer where findings arrive meanwhile: then it is asked again. */
  async fixAll(pattern: RegExp): Promise<void> {
    await until(async () => {
      await this.run('Fix All');
      return soon(() => this.#hasLine(pattern));
    }, () => this.#lineWanted(pattern));
  }

  /** Takes what a dialog that asks for a file proposes. Returns the path. */
  async saveAs(): Promise<string> {
    const input = this.#page.locator('.quick-input-widget input');
    await until(async () => /\.(?:svg|png)$/.test(await input.inputValue().catch(() => '')), () => 'a dialog that asks where to save');
    const proposed = await input.inputValue();
    await this.#page.keyboard.press('Enter');
    await this.#page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    return proposed;
  }

  /** Waits until VS Code notices what comes to a folder on disk: some time after it was opened, files that are made are listed. */
  async noticesFiles(folder: string): Promise<void> {
    let made = 0;
    await until(async () => {
      await writeFile(path.join(folder, `noticed-${++made}.txt`), '');
      return appears(this.#page.locator('.explorer-folders-view .monaco-list-row', { hasText: /^noticed-/ }).first());
    }, () => 'a file that was made on disk, in the explorer');
  }

  /** Opens a view of the side bar by its title. Returns its entries, once there is one that matches. */
  async openView(title: string, entry: RegExp): Promise<string[]> {
    const pane = await this.#openPane(title);
    const rows = pane.locator('.monaco-list-row');
    await rows.filter({ hasText: entry }).first().waitFor();
    return (await rows.allInnerTexts()).map(oneLine);
  }

  /** Waits until an empty view of the side bar says something. Returns all of it. */
  async welcomes(title: string, says: RegExp): Promise<string> {
    const content = (await this.#openPane(title)).locator('.welcome-view-content');
    await content.filter({ hasText: says }).waitFor();
    return oneLine(await content.innerText());
  }

  /** Presses a button that an empty view offers. */
  async followWelcome(title: string, button: string): Promise<void> {
    await this.#pane(title).locator('.welcome-view-content .monaco-button', { hasText: button }).click();
  }

  async clickEntry(title: string, entry: RegExp): Promise<void> {
    await this.#pane(title).locator('.monaco-list-row', { hasText: entry }).first().click();
  }

  /** Opens a walkthrough by its title. Returns the titles of its steps. */
  async walkthrough(title: string): Promise<string[]> {
    await this.run('Welcome: Open Walkthrough...');
    await this.pick(title);
    const steps = this.#page.locator('.getting-started-step .step-title');
    await steps.first().waitFor();
    return (await steps.allInnerTexts()).map(oneLine);
  }

  /** Opens a step of the walkthrough by its title, and waits until the page beside it says something. */
  async walkthroughStep(title: string, says: string): Promise<void> {
    // VS Code leaves the page out where there is no room: the side bar makes way.
    await this.#page.keyboard.press('Control+B');
    await this.#page.locator('.getting-started-step', { hasText: title }).click();
    await until(async () => {
      for (const frame of this.#page.frames()) if (await frame.getByText(says).first().isVisible().catch(() => false)) return true;
      return false;
    }, () => `${says} beside ${title}`);
  }

  /** Presses the button of a step of the walkthrough. */
  async pressInStep(title: string, button: string): Promise<void> {
    const step = this.#page.locator('.getting-started-step', { hasText: title });
    await step.click();
    await step.locator('.monaco-button', { hasText: button }).click();
  }

  /** Chooses an entry of an open list by the beginning of its text. */
  async pick(label: string): Promise<void> {
    await this.#page.locator('.quick-input-widget .monaco-list-row', { hasText: label }).first().click();
  }

  /** Copies a text, as another program would. */
  async copy(text: string): Promise<void> {
    await this.#page.evaluate((copied) => (globalThis as unknown as { navigator: { clipboard: { writeText(text: string): Promise<void> } } }).navigator.clipboard.writeText(copied), text);
  }

  async paste(): Promise<void> {
    await this.#page.keyboard.press('Control+V');
  }

  /** Waits for a notification that says something, and presses a button of it, if one is named. */
  async notification(says: RegExp, button?: string): Promise<void> {
    const toast = this.#page.locator('.notification-toast', { hasText: says }).first();
    await toast.waitFor();
    if (button !== undefined) await toast.locator('.monaco-button', { hasText: button }).click();
  }

  /** Waits until a line of the editors on the screen matches. */
  async shows(pattern: RegExp): Promise<void> {
    await until(() => this.#hasLine(pattern), () => this.#lineWanted(pattern));
  }

  /** Waits until no line of the editors on the screen matches. */
  async hides(pattern: RegExp): Promise<void> {
    await until(async () => !await this.#hasLine(pattern), () => `${pattern} to go`);
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
  }

  /** Undoes until the editor shows `text`, as {@link visibleText} told it before. */
  async undoTo(text: string): Promise<void> {
    await until(async () => {
      if (await this.visibleText() === text) return true;
      await this.#page.keyboard.press('Control+Z');
      return false;
    }, () => 'the former text after undoing');
  }

  /** The lines that are in view, top to bottom. */
  async visibleText(): Promise<string> {
    const lines = await this.#page.locator('.editor-instance .view-line').all();
    const placed = await Promise.all(lines.map(async (line) => ({
      top: (await line.boundingBox())?.y ?? 0,
      text: (await line.innerText()).replaceAll('\u00a0', ' '),
    })));
    return placed.sort((a, b) => a.top - b.top).map(({ text }) => text).join('\n');
  }

  /** Saves the changed file. Returns its text on disk. */
  async save(): Promise<string> {
    const changed = this.#page.locator('.tab.active.dirty');
    await changed.waitFor();
    await this.#page.keyboard.press('Control+S');
    await changed.waitFor({ state: 'detached' });
    return this.#file.read();
  }

  async #hasLine(pattern: RegExp): Promise<boolean> {
    return (await this.#lines()).some((line) => pattern.test(line));
  }

  async #lineWanted(pattern: RegExp): Promise<string> {
    return `${pattern} in an editor; there is\n${(await this.#lines()).join('\n')}`;
  }

  /** All lines at once: while an editor is opened, lines come and go. */
  async #lines(): Promise<string[]> {
    return (await this.#page.locator('.editor-instance .view-line').allInnerTexts()).map((line) => line.replaceAll('\u00a0', ' '));
  }

  /** Opens a file of the workspace by its name. */
  async openFile(name: string): Promise<void> {
    await this.#page.keyboard.press('Control+P');
    await this.#page.locator('.quick-input-widget input').fill(name);
    await this.pick(name);
    await this.#page.locator('.tab.active', { hasText: name }).waitFor();
    await this.#page.locator('.editor-instance .view-line').first().waitFor();
  }

  /** Closes the file that is open in front; `discard` throws away what isn't saved. */
  async closeFile(discard = false): Promise<void> {
    await this.run('View: Close Editor');
    if (discard) await this.#page.locator('.monaco-dialog-box .monaco-button', { hasText: "Don't Save" }).click();
  }

  /** Replaces the text of the file that is open in front. */
  async retype(text: string): Promise<void> {
    await this.#page.locator('.editor-group-container.active .view-lines').first().click();
    await this.#page.keyboard.press('Control+A');
    // Typed, it would be indented, and braces closed.
    await this.copy(text);
    await this.paste();
  }

  /** Waits until the Problems panel, which must have room for them, lists just these, as `file: rule`, in whatever order. */
  async listsProblems(...expected: readonly string[]): Promise<void> {
    const panel = this.#page.locator('.markers-panel');
    if (!await panel.isVisible()) await this.#page.keyboard.press('Control+Shift+M');
    await panel.waitFor();
    let listed: string[] = [];
    await until(async () => {
      const rows = await panel.locator('.monaco-list-row').evaluateAll((all) => (all as unknown as ListRow[]).map((row) => ({ index: Number(row.dataset['index']), level: row.ariaLevel, text: row.innerText })));
      let file = '';
      listed = rows.sort((left, right) => left.index - right.index).flatMap(({ level, text }) => {
        if (level === '1') file = /^.*?\.vmlayout/.exec(oneLine(text))?.[0] ?? oneLine(text);
        // Below an entry stand the places it refers to.
        return level === '2' ? [`${file}: ${/ ([\w-]+) \[Ln \d+, Col \d+\]$/.exec(oneLine(text))?.[1] ?? oneLine(text)}`] : [];
      });
      return listed.toSorted().join('\n') === expected.toSorted().join('\n');
    }, () => `these problems:\n${expected.join('\n')}\nThere are\n${listed.join('\n')}`);
  }

  /** Runs a test task by its name, and waits until it has ended well. */
  async runTestTask(name: string): Promise<void> {
    await this.run('Tasks: Run Test Task');
    await this.pick(name);
    await this.#page.locator('.single-terminal-tab:has(.codicon-check), .terminal-tabs-entry:has(.codicon-check)').first().waitFor();
  }

  #pane(title: string): Locator {
    return this.#page.locator('.pane', { has: this.#page.locator('.pane-header', { hasText: title }) });
  }

  /** A view of the side bar, open. */
  async #openPane(title: string): Promise<Locator> {
    const pane = this.#pane(title);
    const header = pane.locator('.pane-header');
    await header.waitFor();
    if (await header.getAttribute('aria-expanded') === 'false') await header.click();
    return pane;
  }

  #completions(): Locator {
    return this.#page.locator('.suggest-widget.visible .monaco-list-row .label-name');
  }

  #errors(): Locator {
    return this.#page.locator('.editor-instance .squiggly-error');
  }

  #fixes(): Locator {
    return this.#page.locator('.action-widget .monaco-list-row.action');
  }
}

/** What is read of a row in the page. */
interface ListRow {
  readonly dataset: Readonly<Record<string, string>>;
  readonly ariaLevel: string | null;
  readonly innerText: string;
}

/** What VS Code keeps in the browser about its windows, about those on one folder together. */
async function storedStates(): Promise<string[]> {
  const answered = <Value>(request: IDBRequest<Value>): Promise<Value> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('no answer'));
    });
  const texts: string[] = [];
  for (const { name = '' } of await indexedDB.databases()) {
    if (!name.startsWith('vscode-web-state-db')) continue;
    const database = await answered(indexedDB.open(name));
    if (database.objectStoreNames.contains('ItemTable')) texts.push(JSON.stringify(await answered(database.transaction('ItemTable').objectStore('ItemTable').getAll())));
    database.close();
  }
  return texts;
}
