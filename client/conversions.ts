// Commands that bring in what tools print, write what tools read, compare layouts and explain logs. The server does the
// work, so that they are the same in the browser; here are the questions to the user and the texts that come of it.

import { commands, env, type ExtensionContext, type FileType, l10n, type QuickPickItem, Uri, ViewColumn, window, workspace } from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import type { Choice, Converted, ImportedFile } from '../server/lsp/requests.js';
import { readBytes, readText, reasonOf, textIn } from './files.js';
import { ask } from './requests.js';
import { isServed, LANGUAGE } from './texts/served.js';

/** Reads the IOMMU groups and the memory map of the machine that the extension runs on. */
export type ReadThisHost = () => Promise<Converted>;

/** Registers the commands. Where no host can be read, in the browser, none is offered. */
export function offerConversions(client: BaseLanguageClient, context: ExtensionContext, readThisHost: ReadThisHost | undefined): void {
  const offer = (name: string, run: () => Promise<void>): void => void context.subscriptions.push(commands.registerCommand(`vmlayout.${name}`, run));
  offer('import', () => importLayout(client, readThisHost));
  offer('export', () => exportLayout(client));
  offer('compareWith', () => compareWith(client));
  offer('explainLog', () => explainLog(client));
}

const activeLayout = () => (window.activeTextEditor && isServed(window.activeTextEditor.document) ? window.activeTextEditor.document : undefined);

async function importLayout(client: BaseLanguageClient, readThisHost: ReadThisHost | undefined): Promise<void> {
  const files = { label: l10n.t('Files…'), detail: l10n.t('mtree, QEMU command line, libvirt XML, reserved_regions, iomem, device tree, Jailhouse, Microkit') };
  const clipboard = { label: l10n.t('Clipboard') };
  const host = { label: l10n.t('This host'), detail: '/sys/kernel/iommu_groups, /proc/iomem' };
  const chosen = await window.showQuickPick<QuickPickItem>([files, clipboard, ...(readThisHost ? [host] : [])], { placeHolder: l10n.t('Import from') });
  if (chosen === host && readThisHost) await show(await readThisHost(), LANGUAGE);
  if (chosen === clipboard) await show(await ask(client, 'vmlayout/import', { files: [{ path: 'clipboard', text: await env.clipboard.readText() }] }), LANGUAGE);
  if (chosen === files) await importFiles(client);
}

async function importFiles(client: BaseLanguageClient): Promise<void> {
  const chosen = await window.showOpenDialog({ canSelectMany: true, openLabel: l10n.t('Import') });
  if (!chosen) return;
  const loaded = await Promise.all(chosen.map(importedFile));
  const failed = loaded.find((file) => 'error' in file);
  const files = loaded.flatMap((file) => ('error' in file ? [] : [file]));
  await show(failed ?? await ask(client, 'vmlayout/import', { files }), LANGUAGE);
}

/** The first bytes of a device tree blob. */
const BLOB = [0xd0, 0x0d, 0xfe, 0xed];

async function importedFile(uri: Uri): Promise<ImportedFile | { readonly error: string }> {
  const path = workspace.asRelativePath(uri);
  const bytes = await readBytes(uri);
  if ('error' in bytes) return { error: `${path}: ${reasonOf(bytes)}` };
  if (BLOB.every((byte, index) => bytes[index] === byte)) return { path, text: '', bytes: [...bytes] };
  const loaded = textIn(bytes);
  return 'error' in loaded ? { error: `${path}: ${reasonOf(loaded)}` } : { path, text: loaded.text, ...await groupOf(uri) };
}

/** What sysfs tells of a group by where its file stands, which its relative path may leave out, and beside it. */
async function groupOf(uri: Uri): Promise<Pick<ImportedFile, 'group' | 'devices' | 'machine'>> {
  const [, machine, group] = /^(.*)\/(\d{1,9})\/reserved_regions$/.exec(uri.path) ?? [];
  if (machine === undefined || group === undefined) return {};
  const beside: readonly (readonly [name: string, type: FileType])[] = await workspace.fs.readDirectory(Uri.joinPath(uri, '../devices')).then((entries) => entries, () => []);
  const devices = beside.map(([name]) => name).sort();
  return { group, machine, ...(devices.length > 0 && { devices }) };
}

/** The language of a text in each format, as VS Code names it. */
const LANGUAGES: Readonly<Record<string, string>> = {
  'qemu-args': 'shellscript', 'libvirt-xml': 'xml', 'iommufd-plan': 'json', json: 'json', c: 'c', rust: 'rust', dts: 'dts', markdown: 'markdown', svg: 'xml',
};

async function exportLayout(client: BaseLanguageClient): Promise<void> {
  const document = activeLayout();
  if (!document) return void window.showErrorMessage(l10n.t('Open the layout to export first.'));
  const uri = `${document.uri}`;
  const formats = await ask(client, 'vmlayout/formats', {});
  const format = await window.showQuickPick((formats?.exports ?? []).map(({ name, about }) => ({ label: name, description: about })), { placeHolder: l10n.t('Export as'), matchOnDescription: true });
  const subject = format && await chosenVm(client, uri);
  if (!format || !subject) return;
  await show(await ask(client, 'vmlayout/export', { uri, format: format.label, ...subject }), LANGUAGES[format.label] ?? 'plaintext');
}

/** The vm on one of its hosts, asked for where there are several. */
async function chosenVm(client: BaseLanguageClient, uri: string): Promise<Partial<Choice> | undefined> {
  const answer = await ask(client, 'vmlayout/map', { uri });
  const choices = answer?.choices ?? [];
  if (choices.length < 2) return choices[0] ?? {};
  const items = choices.map((subject) => ({ label: subject.vm, ...(subject.host !== undefined && { description: l10n.t('on {0}', subject.host) }), subject }));
  return (await window.showQuickPick(items, { placeHolder: l10n.t('Export which vm?') }))?.subject;
}

/** Layouts that are offered to compare with; others are chosen as files. */
const MOST_LISTED = 500;

async function compareWith(client: BaseLanguageClient): Promise<void> {
  const document = activeLayout();
  if (!document) return void window.showErrorMessage(l10n.t('Open the layout to compare first.'));
  const others = (await workspace.findFiles('**/*.vmlayout', '**/node_modules/**', MOST_LISTED)).filter((uri) => `${uri}` !== `${document.uri}`);
  const items = others.map((uri) => ({ label: workspace.asRelativePath(uri), uri })).sort((left, right) => (left.label < right.label ? -1 : 1));
  const elsewhere = { label: l10n.t('Another file…'), uri: undefined };
  const chosen = await window.showQuickPick([...items, elsewhere], { placeHolder: l10n.t('What was it before?') });
  const before = chosen && (chosen.uri ?? (await window.showOpenDialog({ openLabel: l10n.t('Compare') }))?.[0]);
  if (!before) return;
  const loaded = await readText(before);
  await show('error' in loaded ? { error: `${workspace.asRelativePath(before)}: ${reasonOf(loaded)}` } : await ask(client, 'vmlayout/diff', { uri: `${document.uri}`, before: { uri: `${before}`, text: loaded.text } }), 'plaintext');
}

async function explainLog(client: BaseLanguageClient): Promise<void> {
  const layout = activeLayout();
  const [clipboard, file] = [{ label: l10n.t('Clipboard') }, { label: l10n.t('File…') }];
  const chosen = await window.showQuickPick([clipboard, file], { placeHolder: l10n.t('Explain the errors in') });
  if (!chosen) return;
  const log = chosen === clipboard ? { text: await env.clipboard.readText(), name: l10n.t('the clipboard') } : await openedLog();
  if (!log) return;
  await show('error' in log ? log : await ask(client, 'vmlayout/explainLog', { log: log.text, name: log.name, ...(layout && { uri: `${layout.uri}` }) }), 'plaintext');
}

async function openedLog(): Promise<{ readonly text: string; readonly name: string } | { readonly error: string } | undefined> {
  const [uri] = (await window.showOpenDialog({ openLabel: l10n.t('Explain') })) ?? [];
  if (!uri) return undefined;
  const name = workspace.asRelativePath(uri);
  const loaded = await readText(uri);
  return 'error' in loaded ? { error: `${name}: ${reasonOf(loaded)}` } : { text: loaded.text, name };
}

/** Shows a result as a new text that isn't stored yet, and tells what it couldn't say. */
async function show(result: Converted, language: string): Promise<void> {
  if ('error' in result) return void window.showErrorMessage(result.error);
  const document = await workspace.openTextDocument({ content: result.text, language });
  await window.showTextDocument(document, language === LANGUAGE ? {} : { viewColumn: ViewColumn.Beside });
  const { notes = [] } = result;
  if (notes.length > 0) void window.showInformationMessage(notes.length > 3 ? `${notes.slice(0, 3).join(' · ')} · ${l10n.t('and {0} more', notes.length - 3)}` : notes.join(' · '));
}
