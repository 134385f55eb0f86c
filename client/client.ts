// What every start of the client shares, on the desktop and in the browser: for which files it works,
// its options, its commands and its place in the status bar. It shows no message of its own; a
// server that gives up after repeated crashes is reported by the client library.

import { CancellationTokenSource, commands, DiagnosticSeverity, type ExtensionContext, l10n, languages, LanguageStatusSeverity, Uri, window } from 'vscode';
import {
  type BaseLanguageClient, type LanguageClientOptions, RevealOutputChannelOn, State,
} from 'vscode-languageclient';
import { offerComparison } from './compare.js';
import { offerConversions, type ReadThisHost } from './conversions.js';
import { answerForFiles } from './files.js';
import { registerMap } from './map/panel.js';
import { offerExample } from './example.js';
import { showOutlines } from './map/outline-view.js';
import { offerToConvertPasted } from './pasted.js';
import { SCHEMES, SELECTOR } from './texts/served.js';

/** Identifies the client; its settings start with it (`vmlayout.trace.server`). */
export const CLIENT_ID = 'vmlayout';

const RESTART_SERVER = 'vmlayout.restartServer';

/** Calls nothing off. */
const NEVER = new CancellationTokenSource().token;

export function clientOptions(context: ExtensionContext): LanguageClientOptions {
  return {
    documentSelector: SELECTOR,
    diagnosticPullOptions: { onChange: true },
    middleware: {
      // The client library calls a request off where a key comes before its answer, and drops the answer: who types faster than a
      // check would see nothing until a pause. Nothing calls off this one; the next is asked for once its answer is shown.
      provideDiagnostics: (document, previous, _token, next) => next(document, previous, NEVER),
    },
    // The page behind each finding's code; they come with the extension.
    initializationOptions: {
      rulePages: Uri.joinPath(context.extensionUri, 'docs/rules/').toString(),
      commands: ['vmlayout.showMap', 'vmlayout.compareStances'],
      readsFiles: true,
    },
    revealOutputChannelOn: RevealOutputChannelOn.Never,
  };
}

/** Starts `client`, with its commands and its place in the status bar. It runs until the extension ends. */
export async function run(client: BaseLanguageClient, context: ExtensionContext, readThisHost?: ReadThisHost): Promise<void> {
  showState(client, context);
  // Menus offer what is done with a layout where it is served.
  void commands.executeCommand('setContext', 'vmlayout.schemes', SCHEMES);
  context.subscriptions.push(commands.registerCommand(RESTART_SERVER, async () => {
    await client.stop();
    await client.start();
  }));
  answerForFiles(client, context);
  registerMap(client, context);
  offerComparison(client, context);
  offerConversions(client, context, readThisHost);
  offerToConvertPasted(client, context);
  offerExample(context);
  showOutlines(client, context);
  await client.start();
}

function showState(client: BaseLanguageClient, context: ExtensionContext): void {
  const status = languages.createLanguageStatusItem('vmlayout.server', SELECTOR);
  status.name = l10n.t('VM Layout server');
  status.command = { command: RESTART_SERVER, title: l10n.t('Restart') };

  const show = (): void => {
    const stopped = client.state === State.Stopped || client.state === State.StartFailed;
    status.text = stopped ? l10n.t('Server stopped') : countsText();
    status.busy = client.state === State.Starting;
    status.severity = stopped ? LanguageStatusSeverity.Error : LanguageStatusSeverity.Information;
  };
  show();
  context.subscriptions.push(status, client.onDidChangeState(show), languages.onDidChangeDiagnostics(show), window.onDidChangeActiveTextEditor(show));
}

/** What is found in the active text. */
function countsText(): string {
  const uri = window.activeTextEditor?.document.uri;
  const found = uri ? languages.getDiagnostics(uri).filter(({ source }) => source === 'vmlayout') : [];
  const count = (severity: DiagnosticSeverity): number => found.filter((one) => one.severity === severity).length;
  return l10n.t('Errors: {0}, warnings: {1}', count(DiagnosticSeverity.Error), count(DiagnosticSeverity.Warning));
}
