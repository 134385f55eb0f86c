// What VS Code adds to a text: lines above declarations, hints between the words, colours, folds, and what its bars tell.

import type { Locator, Page } from 'playwright-core';
import { oneLine, until } from './waiting.js';

/** The elements that hold a hint’s text; VS Code makes their rules as they are needed. */
const HINT = '.editor-instance .view-line span[class*="dyn-rule"]';

export class Display {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Waits until a line above a declaration matches. Returns all such lines that are in view. */
  async lenses(expected: RegExp): Promise<string[]> {
    let lines: string[] = [];
    await until(async () => {
      lines = (await this.#page.locator('.editor-instance .codelens-decoration').allInnerTexts()).map(oneLine);
      return lines.some((line) => expected.test(line));
    }, () => `${expected} above a declaration; there is\n${lines.join('\n')}`);
    return lines;
  }

  async clickLens(title: RegExp): Promise<void> {
    await this.#page.locator('.editor-instance .codelens-decoration a', { hasText: title }).first().click();
  }

  /** Waits until no line above a declaration matches. */
  async hidesLens(pattern: RegExp): Promise<void> {
    await this.#page.locator('.editor-instance .codelens-decoration', { hasText: pattern }).first().waitFor({ state: 'detached' });
  }

  /** Waits until the hints in view include all that are expected. */
  async hints(expected: readonly string[]): Promise<void> {
    let hints: string[] = [];
    await until(async () => {
      hints = await this.#hints();
      return expected.every((text) => hints.includes(text));
    }, () => `the hints ${JSON.stringify(expected)}; there are ${JSON.stringify(hints)}`);
  }

  /** Waits until no hint in view is this one. */
  async hidesHint(text: string): Promise<void> {
    await until(async () => !(await this.#hints()).includes(text), () => `the hint ${text} to go`);
  }

  /** Has a hint written into the text. */
  async doubleClickHint(text: string): Promise<void> {
    await this.#page.locator(HINT, { hasText: text }).first().dblclick();
  }

  async #hints(): Promise<string[]> {
    return (await this.#page.locator(HINT).allInnerTexts()).map(oneLine).filter((text) => text !== '');
  }

  /** The colour that a word of the text is shown in, as the browser computes it. */
  async colourOf(line: RegExp, word: string): Promise<string> {
    let colour: string | undefined;
    await until(async () => (colour = await this.#colourOf(line, word)) !== undefined, () => `${word} in a line ${line}`);
    return colour ?? '';
  }

  /** Waits until two words have one colour: what the server says of words comes after what the grammar says. */
  async shownAlike(word: string, line: RegExp, otherWord: string, otherLine: RegExp): Promise<void> {
    let colours: (string | undefined)[] = [];
    await until(async () => {
      colours = [await this.#colourOf(line, word), await this.#colourOf(otherLine, otherWord)];
      return colours[0] !== undefined && colours[0] === colours[1];
    }, () => `${word} and ${otherWord} in one colour; they are ${colours.join(' and ')}`);
  }

  async #colourOf(line: RegExp, word: string): Promise<string | undefined> {
    const colours = await this.#page.locator('.editor-instance .view-line').evaluateAll((lines, [lineText, wordText]) => {
      const pattern = new RegExp(lineText!);
      const computed = (globalThis as unknown as { getComputedStyle(element: unknown): { color: string } }).getComputedStyle;
      const found = (lines as unknown as PageElement[]).find((each) => pattern.test(each.innerText.replaceAll('\u00a0', ' ')));
      return [...(found?.querySelectorAll('span > span') ?? [])].filter((span) => span.innerText.trim() === wordText).map((span) => computed(span).color);
    }, [line.source, word]);
    return colours[0];
  }

  /** The colour behind the text. */
  async background(): Promise<string> {
    return styleOf(this.#page.locator('.editor-instance .monaco-editor-background').first(), 'backgroundColor');
  }

  /** Folds what the cursor stands in. */
  async fold(): Promise<void> {
    await this.#page.keyboard.press('Control+Shift+BracketLeft');
    await this.#page.locator('.editor-instance .codicon-folding-collapsed').first().waitFor();
  }

  async unfold(): Promise<void> {
    await this.#page.keyboard.press('Control+Shift+BracketRight');
    await this.#page.locator('.editor-instance .codicon-folding-collapsed').first().waitFor({ state: 'detached' });
  }

  /** What is told of the language, in the card at its name in the status bar, once it matches. */
  async languageStatus(expected: RegExp): Promise<string> {
    const item = this.#page.locator('.statusbar-item[id="status.languageStatus"]');
    const card = this.#page.locator('.hover-language-status');
    let text = '';
    await until(async () => {
      await item.hover();
      text = await card.first().isVisible() ? oneLine((await card.allInnerTexts()).join(' ')) : '';
      return expected.test(text);
    }, () => `${expected} in the card of the language; it says ${JSON.stringify(text)}`);
    return text;
  }

  /** The colour of an icon in front of an entry in the side bar, as the browser computes it. */
  async iconColour(entry: RegExp, icon: string): Promise<string> {
    return styleOf(this.#page.locator('.pane .monaco-list-row', { hasText: entry }).locator(`.codicon-${icon}`).first(), 'color');
  }

  /** The file of the icon at the tab in front, where the icon is that of a language. */
  async tabIcon(): Promise<string> {
    return styleOf(this.#page.locator('.tab.active .vmlayout-lang-file-icon'), 'backgroundImage', '::before');
  }

  /** Searches the Settings editor, and waits until it shows all that is expected: a name, and what is said of it. */
  async settings(query: string, ...expected: readonly RegExp[]): Promise<void> {
    await this.#page.keyboard.press('Control+,');
    await this.#page.locator('.settings-editor .settings-header .view-line, .settings-editor .settings-header textarea').first().waitFor();
    await this.#page.keyboard.type(query);
    const items = this.#page.locator('.settings-editor .setting-item-contents');
    let texts: string[] = [];
    await until(async () => {
      texts = (await items.allInnerTexts()).map(oneLine);
      return expected.every((one) => texts.some((text) => one.test(text)));
    }, () => `${expected.join(' and ')} among the settings; there are\n${texts.join('\n')}`);
  }

  /** Waits for a list that asks something. Returns its entries. */
  async question(asks: string): Promise<string[]> {
    await this.#page.locator(`.quick-input-widget input[placeholder="${asks}"]`).waitFor();
    const rows = this.#page.locator('.quick-input-list .monaco-list-row');
    await rows.first().waitFor();
    return (await rows.allInnerTexts()).map(oneLine);
  }

  /** What the command palette offers for a text. */
  async commands(text: string): Promise<string[]> {
    await this.#page.keyboard.press('F1');
    await this.#page.locator('.quick-input-widget input').fill(`>${text}`);
    const rows = this.#page.locator('.quick-input-list .monaco-list-row', { hasText: text });
    await rows.first().waitFor();
    const titles = (await rows.allInnerTexts()).map(oneLine);
    await this.#page.keyboard.press('Escape');
    return titles;
  }
}

/** A style of an element, or of a part of it, as the browser computes it. */
const styleOf = (locator: Locator, property: string, part?: string): Promise<string> =>
  locator.evaluate((element, [name, pseudo]) =>
    (globalThis as unknown as { getComputedStyle(element: unknown, part?: string): Readonly<Record<string, string>> }).getComputedStyle(element, pseudo)[name] ?? '', [property, part] as const);

/** What is read of an element in the page. */
interface PageElement {
  readonly innerText: string;
  querySelectorAll(selector: string): Iterable<PageElement>;
}
