// Two views in the explorer, of the layout that is active: its regions, by vm, with their addresses, and what is found, by
// rule. Whatever is chosen in them is shown in the text.

import {
  commands, type Diagnostic, DiagnosticSeverity, EventEmitter, type ExtensionContext, l10n, languages, Range, ThemeColor, ThemeIcon, type TreeDataProvider, TreeItem, TreeItemCollapsibleState, Uri, window,
} from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import { isServed } from '../texts/served.js';
import type { Choice, MapAnswer, MapPlace, PlacedRecord } from './view/messages.js';
import { writeAddress } from '../../server/core/layout/written.js';

interface Entry {
  readonly label: string;
  readonly description?: string;
  readonly icon?: ThemeIcon;
  readonly place?: { readonly uri: Uri; readonly range: Range };
  /** Asked for once it is looked into. */
  readonly inside?: () => Promise<readonly Entry[]>;
}

/**
 * Registers the views. They are made anew when the findings of the active layout change, which they do after each edit; VS Code
 * asks for what is in them only while they are seen.
 */
export function showOutlines(client: BaseLanguageClient, context: ExtensionContext): void {
  const layout = new ActiveLayout();
  const [regions, findings] = [new Entries(layout, (uri) => regionEntries(client, uri)), new Entries(layout, findingEntries)];
  const refresh = (): void => {
    // In this session a layout was active: from then on the views are there.
    if (layout.uri) void commands.executeCommand('setContext', 'vmlayout.active', true);
    regions.refresh();
    findings.refresh();
  };
  context.subscriptions.push(
    window.registerTreeDataProvider('vmlayout.regions', regions),
    window.registerTreeDataProvider('vmlayout.findings', findings),
    commands.registerCommand('vmlayout.showPlace', (uri: Uri, selection: Range) => window.showTextDocument(uri, { selection })),
    window.onDidChangeActiveTextEditor(refresh),
    window.onDidChangeVisibleTextEditors(refresh),
    languages.onDidChangeDiagnostics(({ uris }) => uris.some((uri) => `${uri}` === `${layout.uri}`) && refresh()),
  );
  refresh();
}

type Reader = (uri: Uri) => Promise<readonly Entry[]>;

class Entries implements TreeDataProvider<Entry> {
  readonly #changed = new EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #layout: ActiveLayout;
  readonly #read: Reader;

  constructor(layout: ActiveLayout, read: Reader) {
    this.#layout = layout;
    this.#read = read;
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(entry?: Entry): Promise<Entry[]> {
    const { uri } = this.#layout;
    const inside = entry ? entry.inside?.() : uri && this.#read(uri);
    return [...(await inside?.catch(() => []) ?? [])];
  }

  getTreeItem({ label, description, icon, place, inside }: Entry): TreeItem {
    const item = new TreeItem(label, inside ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.None);
    if (description !== undefined) {
      item.description = description;
      // A narrow side bar cuts it off.
      item.tooltip = `${label}\n${description}`;
    }
    if (icon) item.iconPath = icon;
    if (place) item.command = { command: 'vmlayout.showPlace', title: l10n.t('Show'), arguments: [place.uri, place.range] };
    return item;
  }
}

/** The layout in the active editor; while the map, the settings or another text are active, the one before, if it is still on the screen. */
class ActiveLayout {
  #last: Uri | undefined;

  get uri(): Uri | undefined {
    const document = window.activeTextEditor?.document;
    if (document && isServed(document)) return this.#last = document.uri;
    return window.visibleTextEditors.some((editor) => `${editor.document.uri}` === `${this.#last}`) ? this.#last : undefined;
  }
}

/** Every vm on each of its hosts, with what it has in its own address space. */
async function regionEntries(client: BaseLanguageClient, uri: Uri): Promise<Entry[]> {
  const ask = (choice: Partial<Choice>): Promise<MapAnswer | null> => client.sendRequest('vmlayout/map', { uri: `${uri}`, ...choice });
  const choices = (await ask({}))?.choices ?? [];
  return choices.map((choice) => ({
    label: choice.vm,
    icon: new ThemeIcon('vm'),
    ...(choice.host !== undefined && { description: l10n.t('on {0}', choice.host) }),
    inside: async () => regionsOf((await ask(choice))?.map),
  }));
}

const regionsOf = (map: PlacedRecord | undefined): Entry[] =>
  (map?.items ?? []).filter(({ id, place }) => id.startsWith('gpa/') && place).map(({ name, kind, range, place }) => ({
    label: name, description: `${kind} ${written(range.base)} – ${written(range.last)}`, ...(place && { place: placeOf(place) }),
  }));

const placeOf = ({ uri, range: { start, end } }: MapPlace): NonNullable<Entry['place']> => ({ uri: Uri.parse(uri), range: new Range(start.line, start.character, end.line, end.character) });

function findingEntries(uri: Uri): Promise<Entry[]> {
  const found = languages.getDiagnostics(uri).filter(({ source }) => source === 'vmlayout');
  const rules = new Map<string, Diagnostic[]>();
  for (const one of found) rules.set(ruleOf(one), [...(rules.get(ruleOf(one)) ?? []), one]);
  return Promise.resolve([...rules].map(([label, ofRule]) => ({
    label, description: `${ofRule.length}`, icon: iconOf(ofRule[0]?.severity),
    inside: () => Promise.resolve(ofRule.map(({ message, range }) => ({ label: message, description: l10n.t('line {0}', range.start.line + 1), place: { uri, range } }))),
  })));
}

const ruleOf = ({ code }: Diagnostic): string => (typeof code === 'object' ? `${code.value}` : `${code ?? 'vmlayout'}`);

/** As the Problems panel has it. */
function iconOf(severity: DiagnosticSeverity | undefined): ThemeIcon {
  if (severity === DiagnosticSeverity.Error) return new ThemeIcon('error', new ThemeColor('problemsErrorIcon.foreground'));
  if (severity === DiagnosticSeverity.Warning) return new ThemeIcon('warning', new ThemeColor('problemsWarningIcon.foreground'));
  return new ThemeIcon('info', new ThemeColor('problemsInfoIcon.foreground'));
}

/** An address in groups of digits, as hints in the text have it. */
const written = (hexadecimal: string): string => writeAddress(BigInt(hexadecimal));
