/// <reference lib="dom" />
// The view of the map in a page of its own: the page that the extension makes, with its policy, its script and its
// style sheet, and a language server in this process in place of VS Code. What tests look at is on the screen.

import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { mapPage } from '../../client/map/view/page.js';
import type { MapAnswer, ToExtension, ToView } from '../../client/map/view/messages.js';
import { mapWords } from '../../client/map/view/words.js';
import { LanguageClient } from '../support/language-client.js';

const ORIGIN = 'http://map.test';
const URI = 'file:///ws/main.vmlayout';
const RESULTS = 'test-results/map';

export type Theme = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

/** What VS Code's own themes set. */
const THEMES: Readonly<Record<Theme, { readonly body: string; readonly colours: Readonly<Record<string, string>> }>> = {
  light: {
    body: 'vscode-light',
    colours: {
      'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b', descriptionForeground: '#3b3b3bcc', focusBorder: '#005fb8', 'button-background': '#005fb8', 'button-foreground': '#ffffff',
      'widget-border': '#e5e5e5', 'editorWidget-background': '#f8f8f8', 'panel-border': '#e5e5e5', 'dropdown-background': '#ffffff', 'list-hoverBackground': '#f2f2f2', errorForeground: '#c72e0f',
    },
  },
  dark: {
    body: 'vscode-dark',
    colours: {
      'editor-background': '#1f1f1f', 'editor-foreground': '#cccccc', descriptionForeground: '#9d9d9d', focusBorder: '#0078d4', 'button-background': '#0078d4', 'button-foreground': '#ffffff',
      'widget-border': '#454545', 'editorWidget-background': '#202020', 'panel-border': '#2b2b2b', 'dropdown-background': '#313131', 'dropdown-foreground': '#cccccc', 'list-hoverBackground': '#2a2d2e',
      'list-inactiveSelectionBackground': '#37373d', errorForeground: '#f85149',
    },
  },
  'high-contrast': {
    body: 'vscode-high-contrast vscode-dark',
    colours: {
      'editor-background': '#000000', 'editor-foreground': '#ffffff', descriptionForeground: '#ffffffe6', focusBorder: '#f38518', 'button-background': '#000000', 'button-foreground': '#ffffff',
      contrastBorder: '#6fc3df', 'editorWidget-background': '#0c141f', 'panel-border': '#6fc3df', 'dropdown-background': '#0c141f', 'dropdown-foreground': '#ffffff', 'list-hoverBackground': '#ffffff1a', errorForeground: '#f48771',
    },
  },
  'high-contrast-light': {
    body: 'vscode-high-contrast vscode-high-contrast-light',
    colours: {
      'editor-background': '#ffffff', 'editor-foreground': '#292929', descriptionForeground: '#292929', focusBorder: '#006bbd', 'button-background': '#0f4a85', 'button-foreground': '#ffffff',
      contrastBorder: '#0f4a85', 'editorWidget-background': '#ffffff', 'panel-border': '#0f4a85', 'dropdown-background': '#ffffff', 'list-hoverBackground': '#dff3ff', errorForeground: '#b5200d',
    },
  },
};

export class MapPage {
  readonly page: Page;
  readonly #server: LanguageClient;
  /** What the view told its surroundings, oldest first. */
  readonly told: ToExtension[] = [];
  /** What the browser complained of, broken policies included. */
  readonly complaints: string[] = [];

  private constructor(page: Page, server: LanguageClient) {
    this.page = page;
    this.#server = server;
  }

  static async open(browser: Browser, text: string, { theme = 'light', width = 1100, height = 860, motion = false }: Partial<MapPageOptions> = {}): Promise<MapPage> {
    const server = await LanguageClient.start();
    await server.open(URI, text);
    const page = await browser.newPage({ viewport: { width, height }, reducedMotion: motion ? 'no-preference' : 'reduce' });
    const map = new MapPage(page, server);
    page.on('console', (message) => {
      if (message.type() === 'error') map.complaints.push(message.text());
    });
    page.on('pageerror', (error) => map.complaints.push(`${error}`));
    await page.exposeFunction('tellExtension', (message: ToExtension) => map.#receive(message));
    await page.addInitScript(STAND_IN, THEMES[theme]);
    await page.route('**/*', (route) => route.fulfill(answerTo(new URL(route.request().url()).pathname)));
    await page.goto(`${ORIGIN}/`);
    await page.locator('#drawing .v-ram, #drawing .v-many, #drawing .v-map, #empty:not([hidden])').first().waitFor();
    return map;
  }

  /** Changes the text, as an editor would. */
  async edit(text: string): Promise<void> {
    await this.#server.change(URI, { text });
    await this.#ask({});
  }

  async send(message: ToView): Promise<void> {
    await this.page.evaluate((data) => window.dispatchEvent(new MessageEvent('message', { data })), message);
  }

  async screenshot(name: string): Promise<void> {
    await mkdir(RESULTS, { recursive: true });
    await this.page.screenshot({ path: path.join(RESULTS, `${name}.png`) });
  }

  /** The last message of a kind. */
  last<Kind extends ToExtension['kind']>(kind: Kind): Extract<ToExtension, { kind: Kind }> | undefined {
    return this.told.findLast((message): message is Extract<ToExtension, { kind: Kind }> => message.kind === kind);
  }

  /** Waits until a frame is drawn. */
  async settle(): Promise<void> {
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.#server.stop();
  }

  async #receive(message: ToExtension): Promise<void> {
    this.told.push(message);
    if (message.kind === 'ready') await this.#ask({});
    if (message.kind === 'choose') await this.#ask({ ...message.choice, stances: message.stances, ...(message.fixesOf !== undefined && { fixesOf: message.fixesOf }) });
  }

  async #ask(params: object): Promise<void> {
    const answer = await this.#server.request<MapAnswer>('vmlayout/map', { uri: URI, ...params });
    await this.send({ kind: 'map', file: URI, answer });
  }
}

interface MapPageOptions {
  readonly theme: Theme;
  readonly width: number;
  readonly height: number;
  readonly motion: boolean;
}

/** Runs in the page before its script: what a webview of VS Code brings along. */
function STAND_IN({ body, colours }: (typeof THEMES)[Theme]): void {
  let state: unknown;
  const tell = (message: unknown): void => void (window as unknown as { tellExtension(message: unknown): void }).tellExtension(message);
  Object.assign(window, { acquireVsCodeApi: () => ({ postMessage: tell, getState: () => state, setState: (next: unknown) => void (state = next) }) });
  // How long frames take, from the beginning of the script's part to the end of layout and painting.
  const frameMilliseconds: number[] = [];
  const ask = window.requestAnimationFrame.bind(window);
  Object.assign(window, {
    frameMilliseconds,
    requestAnimationFrame: (draw: FrameRequestCallback) => ask((now) => {
      const began = performance.now();
      draw(now);
      const channel = new MessageChannel();
      channel.port1.onmessage = () => frameMilliseconds.push(performance.now() - began);
      channel.port2.postMessage(undefined);
    }),
  });
  addEventListener('DOMContentLoaded', () => {
    document.body.className = body;
    for (const [name, colour] of Object.entries(colours)) document.documentElement.style.setProperty(`--vscode-${name}`, colour);
  });
}

function answerTo(file: string): { body: string; contentType: string } {
  if (file === '/') return { body: mapPage({ nonce: '0123456789abcdef', script: '/map.js', style: '/map.css', source: ORIGIN, words: mapWords({ t: (message) => message }), language: 'en' }), contentType: 'text/html' };
  return { body: readFileSync(`dist${file}`, 'utf8'), contentType: file.endsWith('.css') ? 'text/css' : 'text/javascript' };
}
