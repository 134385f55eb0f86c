// Changes of a text by menus and keys.

import type { Locator, Page } from 'playwright-core';
import { appears, oneLine, until } from './waiting.js';

export class Editing {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Opens the menu of refactorings at the cursor or selection. Returns their titles. */
  async refactorings(): Promise<string[]> {
    const entries = this.#actions();
    await until(async () => {
      await this.#page.keyboard.press('Control+Shift+R');
      return appears(entries.first());
    }, () => 'a refactoring in the menu');
    return (await entries.allInnerTexts()).map(oneLine);
  }

  /** Chooses an entry of the open menu of refactorings. */
  async refactor(title: RegExp): Promise<void> {
    await this.#actions().filter({ hasText: title }).first().click();
    await this.#actions().first().waitFor({ state: 'detached' });
  }

  /** Selects as much as one press more of the key selects. Waits until as many characters are selected. */
  async expandSelection(characters: number): Promise<void> {
    await this.#page.keyboard.press('Shift+Alt+ArrowRight');
    await this.#page.locator('.statusbar-item', { hasText: `(${characters} selected)` }).waitFor();
  }

  /** Begins to rename what is at the cursor. Returns the name that is offered for change. */
  async beginRename(): Promise<string> {
    const input = this.#page.locator('.rename-box input');
    await until(async () => {
      await this.#page.keyboard.press('F2');
      return appears(input);
    }, () => 'a box for the new name');
    return input.inputValue();
  }

  /** Gives the new name. */
  async renameTo(name: string): Promise<void> {
    await this.#page.locator('.rename-box input').fill(name);
    await this.#page.keyboard.press('Enter');
    await this.#page.locator('.rename-box input').waitFor({ state: 'hidden' });
  }

  /** Gives the new name, and asks to see first what is changed. Returns the changes. */
  async previewRenameTo(name: string): Promise<string[]> {
    await this.#page.locator('.rename-box input').fill(name);
    await this.#page.keyboard.press('Control+Enter');
    const rows = this.#page.locator('.bulk-edit-panel .monaco-list-row');
    await rows.first().waitFor();
    return (await rows.allInnerTexts()).map(oneLine);
  }

  /** Looks at a change where it would be made, beside the text as it is. */
  async comparePreview(row: RegExp): Promise<void> {
    await this.#page.locator('.bulk-edit-panel .monaco-list-row', { hasText: row }).last().click();
    await this.#page.locator('.monaco-diff-editor .modified .view-line').first().waitFor();
  }

  async applyPreview(): Promise<void> {
    await this.#page.locator('.bulk-edit-panel .monaco-button', { hasText: 'Apply' }).click();
    await this.#page.locator('.bulk-edit-panel .monaco-list-row').first().waitFor({ state: 'hidden' });
  }

  /** Waits for a message at the cursor. */
  async message(says: RegExp): Promise<void> {
    await this.#page.locator('.monaco-editor-overlaymessage', { hasText: says }).waitFor();
  }

  /** Waits until the parameters of a function are shown, of which `active` is being typed. */
  async parameters(signature: RegExp, active: string): Promise<void> {
    const widget = this.#page.locator('.parameter-hints-widget.visible');
    await widget.locator('.signature', { hasText: signature }).waitFor();
    await widget.locator('.signature .parameter.active', { hasText: active }).waitFor();
  }

  #actions(): Locator {
    return this.#page.locator('.action-widget .monaco-list-row.action');
  }
}
