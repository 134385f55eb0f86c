import type { ToExtension } from './messages.js';
import type { MapWords } from './words.js';

/** What VS Code gives a webview; a page that stands in for it in tests gives the same. */
export interface VsCodeApi {
  postMessage(message: ToExtension): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare const acquireVsCodeApi: () => VsCodeApi;

export const vscode: VsCodeApi = acquireVsCodeApi();

/** What the page says in the user's language. */
export const words = JSON.parse(document.body.dataset['words'] ?? '{}') as MapWords;

/** The element of the page with this id; the page always has it. */
export function byId<Kind extends Element = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as unknown as Kind;
}

/**
 * Makes an element with attributes and content. Text is text: nothing is read as markup. What is true of an element in HTML is there
 * or not; states of ARIA are spelt out, since one that is left out or empty says that there is no such state.
 */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag, attributes: Readonly<Record<string, string | number | boolean | undefined>> = {}, ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    const said = name.startsWith('aria-') || typeof value !== 'boolean' ? value : value ? '' : undefined;
    if (said !== undefined) element.setAttribute(name, `${said}`);
  }
  element.append(...content);
  return element;
}

export const wantsLessMotion = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
