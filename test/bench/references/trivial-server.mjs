// A language server that does nothing: it keeps its texts as the library does, tells one diagnostic of each version, pushed
// or asked for, and answers each question with one word. What it costs is what a server has to cost.
import { createConnection, ProposedFeatures, TextDocuments, TextDocumentSyncKind } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';

const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
const documents = new TextDocuments(TextDocument);
const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
const items = [{ range, severity: 1, message: 'one' }];

connection.onInitialize(({ capabilities: { textDocument } }) => {
  const pulls = textDocument?.diagnostic !== undefined;
  if (!pulls) documents.onDidChangeContent(({ document: { uri, version } }) => void connection.sendDiagnostics({ uri, version, diagnostics: items }));
  const diagnosticProvider = { interFileDependencies: false, workspaceDiagnostics: false };
  return { capabilities: { textDocumentSync: TextDocumentSyncKind.Incremental, completionProvider: {}, hoverProvider: true, ...(pulls && { diagnosticProvider }) } };
});
connection.languages.diagnostics.on(() => ({ kind: 'full', items }));
connection.onCompletion(() => [{ label: 'one' }]);
connection.onHover(() => ({ contents: 'one' }));
documents.listen(connection);
connection.listen();
