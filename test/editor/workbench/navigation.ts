// Ways from one place to another, and lists of places.

import type { Locator, Page } from 'playwright-core';
import { appears, oneLine, until } from './waiting.js';

export class Navigation {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Goes to where the name at the cursor is declared. */
  async goToDefinition(): Promise<void> {
    await this.#page.keyboard.press('F12');
  }

  /** Waits until a file is in front. */
  async fileInFront(name: string): Promise<void> {
    await this.#page.locator('.tab.active', { hasText: name }).first().waitFor();
  }

  /** Goes back to the file where the cursor was before. A file that has just come up isn’t in the history yet: then it is asked again. */
  async goBackTo(name: string): Promise<void> {
    await until(async () => {
      await this.#page.keyboard.press('Control+Alt+-');
      return appears(this.#page.locator('.tab.active', { hasText: name }).first());
    }, () => `${name} in front`);
  }

  /** Waits until the editor in front says that it can’t be changed, when somebody types there. */
  async refusesTyping(): Promise<void> {
    await this.#page.keyboard.type('x');
    await this.#page.locator('.monaco-editor-overlaymessage', { hasText: 'read-only' }).waitFor();
    await this.#page.keyboard.press('Escape');
  }

  /** Opens the places where the name at the cursor is used, in the text. Returns files, and lines of the first of them, once there are as many. */
  async references(count: number): Promise<string[]> {
    await this.#page.keyboard.press('Shift+F12');
    return this.#rows(this.#page.locator('.peekview-widget .ref-tree .monaco-list-row'), (rows) => rows.length === count);
  }

  /** Opens who uses what is at the cursor, in the side bar. Returns the entries, once one matches. */
  async callHierarchy(expected: RegExp): Promise<string[]> {
    await this.#page.keyboard.press('Shift+Alt+H');
    await this.#page.locator('.sidebar .title-label', { hasText: 'Callers Of' }).waitFor();
    return this.#rows(this.#page.locator('.sidebar .monaco-list-row'), (rows) => rows.some((row) => expected.test(row)));
  }

  async closePeek(): Promise<void> {
    await this.#page.keyboard.press('Escape');
    await this.#page.locator('.peekview-widget').waitFor({ state: 'detached' });
  }

  /** Waits until as many uses of the name at the cursor are highlighted in the editor. */
  async highlights(count: number): Promise<void> {
    const marked = this.#page.locator('.editor-instance .wordHighlight, .editor-instance .wordHighlightStrong');
    await until(async () => await marked.count() === count, async () => `${count} highlighted names; there are ${await marked.count()}`);
  }

  /** Opens the list of what the file declares. Returns its entries. */
  async symbolsOfFile(expected: RegExp): Promise<string[]> {
    await this.#page.keyboard.press('Control+Shift+O');
    return this.#found(expected);
  }

  /** Opens the search for symbols of the workspace. Returns its entries, once one matches. */
  async symbolsOfWorkspace(query: string, expected: RegExp): Promise<string[]> {
    await this.#page.keyboard.press('Control+T');
    await this.#page.locator('.quick-input-widget input').waitFor();
    await this.#page.keyboard.type(query);
    return this.#found(expected);
  }

  async closeList(): Promise<void> {
    await this.#page.keyboard.press('Escape');
    await this.#page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** Follows the link that a text is, with the key held that says so. */
  async followLink(text: string): Promise<void> {
    const link = this.#page.locator('.editor-instance .view-line .detected-link', { hasText: text }).first();
    await link.waitFor();
    const box = await link.boundingBox();
    if (!box) throw new Error(`The link ${text} is gone.`);
    await this.#page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await this.#page.keyboard.down('Control');
    await this.#page.locator('.editor-instance .detected-link-active').first().waitFor();
    await this.#page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await this.#page.keyboard.up('Control');
  }

  /** Follows the link at an entry of the open Problems panel to the page of its rule. */
  async followRule(rule: string): Promise<void> {
    await this.#page.locator('.markers-panel a', { hasText: rule }).first().click({ modifiers: ['Control'] });
  }

  async #found(expected: RegExp): Promise<string[]> {
    return this.#rows(this.#page.locator('.quick-input-list .monaco-list-row'), (rows) => rows.some((row) => expected.test(row)));
  }

  async #rows(locator: Locator, enough: (rows: readonly string[]) => boolean): Promise<string[]> {
    let rows: string[] = [];
    await until(async () => enough(rows = (await locator.allInnerTexts()).map(oneLine)), () => `other entries of a list than\n${rows.join('\n')}`);
    return rows;
  }
}
