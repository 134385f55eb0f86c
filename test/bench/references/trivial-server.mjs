// A language server that does nothing: it keeps its texts as the library does and answers each change with one
// diagnostic, each question with one word. What it costs is what a server has to cost.
import { createConnection, ProposedFeatures, TextDocuments, TextDocumentSyncKind } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';

const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
const documents = new TextDocuments(TextDocument);
const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };

connection.onInitialize(() => ({ capabilities: { textDocumentSync: TextDocumentSyncKind.Incremental, completionProvider: {}, hoverProvider: true } }));
connection.onCompletion(() => [{ label: 'one' }]);
connection.onHover(() => ({ contents: 'one' }));
documents.onDidChangeContent(({ document: { uri, version } }) => {
  void connection.sendDiagnostics({ uri, version, diagnostics: [{ range, severity: 1, message: 'one' }] });
});
documents.listen(connection);
connection.listen();
