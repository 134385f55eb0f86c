// The view of the memory map, beside the text it is about. It follows the active layout, asks the server anew
// when a text or a finding changes, and stays in step with the cursor. Nothing of Node is used: it works in the
// browser, too.

import {
  commands, type Disposable, env, type ExtensionContext, l10n, languages, Range, Selection, type TextDocument, type TextEditor, TextEditorRevealType, Uri, ViewColumn,
  type WebviewPanel, window, workspace, WorkspaceEdit,
} from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import { isServed } from '../texts/served.js';
import { itemsAt } from './places.js';
import type { Choice, ExportFormat, MapAnswer, MapPlace, PlaceRange, ToExtension, ToView } from './view/messages.js';
import { mapPage } from './view/page.js';
import { isRemembered } from './view/remembered.js';
import { mapWords } from './view/words.js';

const VIEW = 'vmlayout.map';
/** Milliseconds of rest after a change before the server is asked, at least: a long answer is rested from for as long as it took. */
const REST = 40;

/** Registers the commands of the map. */
export function registerMap(client: BaseLanguageClient, context: ExtensionContext): void {
  let open: MapPanel | undefined;
  const opened = (panel: WebviewPanel, document: TextDocument, asked: Asked): MapPanel => {
    open?.dispose();
    const map = new MapPanel(client, context, panel, document, asked);
    map.onClosed(() => {
      if (open === map) open = undefined;
    });
    return (open = map);
  };
  const show = (): MapPanel | undefined => {
    if (open) {
      open.reveal(window.activeTextEditor?.document);
      return open;
    }
    const document = layoutAtHand();
    if (document) return opened(window.createWebviewPanel(VIEW, l10n.t('Memory map'), { viewColumn: ViewColumn.Beside, preserveFocus: true }), document, { stances: false });
    void window.showErrorMessage(l10n.t('Open the layout to draw first.'));
    return undefined;
  };
  context.subscriptions.push(
    commands.registerCommand('vmlayout.showMap', (_uri?: unknown, choice?: Choice) => {
      const map = show();
      if (choice?.vm !== undefined) map?.choose(choice);
    }),
    commands.registerCommand('vmlayout.exportMapSvg', () => show()?.export('svg')),
    commands.registerCommand('vmlayout.exportMapPng', () => show()?.export('png')),
    commands.registerCommand('vmlayout.focusMap', () => show()?.focus()),
    // After its window is reloaded: of the same text, as the page remembers it.
    window.registerWebviewPanelSerializer(VIEW, {
      deserializeWebviewPanel: async (panel, state: unknown) => {
        const document = isRemembered(state) ? await Promise.resolve(workspace.openTextDocument(Uri.parse(state.file))).catch(() => undefined) : undefined;
        if (!isRemembered(state) || !document || !isServed(document)) return panel.dispose();
        opened(panel, document, { ...(state.choice && { choice: state.choice }), stances: state.showsStances });
      },
    }),
    { dispose: () => open?.dispose() },
  );
}

/** The active layout, else one that is on the screen, else one behind another tab: the walkthrough is a tab, too. */
const layoutAtHand = (): TextDocument | undefined =>
  [window.activeTextEditor, ...window.visibleTextEditors].flatMap((editor) => editor?.document ?? []).concat(workspace.textDocuments).find(isServed);

interface Asked {
  readonly choice?: Choice;
  readonly stances: boolean;
  readonly fixesOf?: number;
}

class MapPanel {
  readonly #client: BaseLanguageClient;
  readonly #panel: WebviewPanel;
  readonly #disposables: Disposable[] = [];
  #document: TextDocument;
  #answer: MapAnswer | undefined;
  #asked: Asked;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #took = 0;
  #isStale = false;
  #isReady = false;
  #isDisposed = false;
  #wanted: ExportFormat | undefined;
  #wantsFocus = false;

  constructor(client: BaseLanguageClient, context: ExtensionContext, panel: WebviewPanel, document: TextDocument, asked: Asked) {
    this.#client = client;
    this.#document = document;
    const dist = Uri.joinPath(context.extensionUri, 'dist');
    this.#panel = panel;
    this.#asked = asked;
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const served = (name: string): string => webview.asWebviewUri(Uri.joinPath(dist, name)).toString();
    this.#disposables.push(
      this.#panel,
      webview.onDidReceiveMessage((message: ToExtension) => void this.#receive(message)),
      this.#panel.onDidDispose(() => this.dispose()),
      window.onDidChangeActiveTextEditor((editor) => this.#follow(editor?.document)),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.#tellCursor(textEditor)),
      workspace.onDidChangeTextDocument(({ document: changed }) => isServed(changed) && this.#askSoon()),
      // Findings are told anew after whatever changes them: settings, imports, another day.
      languages.onDidChangeDiagnostics(({ uris }) => uris.some((uri) => `${uri}` === `${this.#document.uri}`) && this.#askSoon()),
    );
    webview.html = mapPage({ nonce: newNonce(), script: served('map.js'), style: served('map.css'), source: webview.cspSource, words: mapWords(l10n), language: env.language });
  }

  onClosed(listener: () => void): void {
    this.#panel.onDidDispose(listener, undefined, this.#disposables);
  }

  reveal(document: TextDocument | undefined): void {
    this.#panel.reveal(undefined, true);
    this.#follow(document);
  }

  /** Gives the keyboard to the drawing. */
  focus(): void {
    this.#panel.reveal(undefined, false);
    this.#wantsFocus = !this.#isReady;
    this.#post({ kind: 'focus' });
  }

  /** Shows this guest. */
  choose(choice: Choice): void {
    this.#asked = { choice, stances: this.#asked.stances };
    void this.#ask();
  }

  /** Exports what is on the screen, as soon as something is. */
  export(format: ExportFormat): void {
    this.#wanted = format;
    this.#exportWanted();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    for (const disposable of this.#disposables.splice(0)) disposable.dispose();
  }

  #follow(document: TextDocument | undefined): void {
    if (!document || !isServed(document) || document === this.#document) return;
    this.#document = document;
    this.#asked = { stances: this.#asked.stances };
    void this.#ask();
  }

  async #receive(message: ToExtension): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        if (this.#wantsFocus) this.focus();
        return this.#ask();
      case 'choose':
        this.#asked = message;
        return this.#ask();
      case 'reveal':
        return reveal(message.place, message.focus);
      case 'fix':
        return this.#applyFix(message);
      case 'save':
        return save(message, this.#document.uri);
    }
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), Math.max(REST, this.#took));
  }

  /** Asks the server; while an answer is on its way only once more. */
  async #ask(): Promise<void> {
    if (!this.#isReady) return;
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    this.#isAsking = true;
    do {
      this.#isStale = false;
      await this.#askOnce();
    } while (this.#isStale && !this.#isDisposed);
    this.#isAsking = false;
  }

  async #askOnce(): Promise<void> {
    const [document, { choice, stances, fixesOf }, began] = [this.#document, this.#asked, performance.now()];
    try {
      const answer = await this.#client.sendRequest<MapAnswer | null>('vmlayout/map', { uri: `${document.uri}`, ...choice, stances, fixesOf });
      this.#took = performance.now() - began;
      if (document !== this.#document || this.#isDisposed) return;
      this.#answer = answer ?? undefined;
      if (!answer) return this.#post({ kind: 'nothing', why: l10n.t('This text is not open any more, or could not be drawn.') });
      this.#panel.title = l10n.t('Map: {0}', document.uri.path.split('/').at(-1) ?? '');
      this.#post({ kind: 'map', file: `${document.uri}`, answer });
      this.#exportWanted();
    } catch {
      this.#post({ kind: 'nothing', why: l10n.t('The language server does not answer.') });
    }
  }

  #exportWanted(): void {
    if (!this.#wanted || !this.#answer?.map) return;
    this.#post({ kind: 'export', format: this.#wanted });
    this.#wanted = undefined;
  }

  #tellCursor({ document, selection }: TextEditor): void {
    if (document !== this.#document || !this.#answer?.map) return;
    this.#post({ kind: 'cursor', items: itemsAt(this.#answer.map, `${document.uri}`, selection.active) });
  }

  async #applyFix({ version, title }: Extract<ToExtension, { kind: 'fix' }>): Promise<void> {
    const fix = this.#answer?.fixes?.find((one) => one.title === title);
    // A text that changed meanwhile is asked about anew: its fixes come with the next answer.
    if (!fix || version !== this.#document.version || version !== this.#answer?.version) return this.#ask();
    const edit = new WorkspaceEdit();
    edit.set(this.#document.uri, await this.#client.protocol2CodeConverter.asTextEdits([...fix.edits]));
    await workspace.applyEdit(edit);
  }

  #post(message: ToView): void {
    // A view that is closed can’t be written to.
    if (!this.#isDisposed) void this.#panel.webview.postMessage(message);
  }
}

const rangeIn = ({ start, end }: PlaceRange): Range => new Range(start.line, start.character, end.line, end.character);

/** Selects a name in its text, in the editor where that is open already. */
async function reveal({ uri, range }: MapPlace, focus: boolean): Promise<void> {
  const target = Uri.parse(uri);
  const visible = window.visibleTextEditors.find(({ document }) => `${document.uri}` === `${target}`);
  const editor = await window.showTextDocument(target, { viewColumn: visible?.viewColumn ?? ViewColumn.One, preserveFocus: !focus });
  const place = rangeIn(range);
  editor.selection = new Selection(place.start, place.end);
  editor.revealRange(place, TextEditorRevealType.InCenterIfOutsideViewport);
}

async function save({ format, name, content }: Extract<ToExtension, { kind: 'save' }>, beside: Uri): Promise<void> {
  const folder = Uri.joinPath(beside, '..');
  const defaultUri = Uri.joinPath(beside.scheme === 'untitled' ? workspace.workspaceFolders?.[0]?.uri ?? folder : folder, `${name}.${format}`);
  const target = await window.showSaveDialog({ defaultUri, filters: { [format.toUpperCase()]: [format] }, title: l10n.t('Export the memory map') });
  if (!target) return;
  const bytes = format === 'svg' ? new TextEncoder().encode(content) : Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  await workspace.fs.writeFile(target, bytes);
  window.setStatusBarMessage(l10n.t('Exported {0}', target.path.split('/').at(-1) ?? ''), 5000);
}

const newNonce = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
