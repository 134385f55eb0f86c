import { SemanticTokensBuilder, type SemanticTokens, type SemanticTokensDelta, type ServerCapabilities } from 'vscode-languageserver';
import { TOKEN_MODIFIERS, TOKEN_TYPES, tokensIn, type Span } from '../core/index.js';
import { rangeOf, spanOf } from './convert.js';
import type { OpenFile } from './documents.js';
import type { Session } from './session.js';

/** Tokens by their meaning, whole, for a range, and as what changed since the last answer. */
export function answerSemanticTokens(session: Session): ServerCapabilities {
  const { semanticTokens } = session.connection.languages;
  const builders = new Map<string, SemanticTokensBuilder>();
  // A builder keeps what it built, for the next answer to be compared with.
  const keep = (file: OpenFile, builder = new SemanticTokensBuilder()): SemanticTokensBuilder => {
    builders.set(file.path, builder);
    return builder;
  };
  session.onForgotten((path) => builders.delete(path));
  const nothing: SemanticTokens = { data: [] };

  semanticTokens.on(session.guard('tokens', nothing, ({ textDocument }): SemanticTokens => {
    const file = session.documents.get(textDocument.uri);
    return file ? pushed(session, keep(file), file).build() : nothing;
  }));
  semanticTokens.onDelta(session.guard('changed tokens', nothing, ({ textDocument, previousResultId }): SemanticTokens | SemanticTokensDelta => {
    const file = session.documents.get(textDocument.uri);
    if (!file) return nothing;
    const builder = keep(file, builders.get(file.path));
    builder.previousResult(previousResultId);
    return pushed(session, builder, file).buildEdits();
  }));
  semanticTokens.onRange(session.guard('tokens of a range', nothing, ({ textDocument, range }): SemanticTokens => {
    const file = session.documents.get(textDocument.uri);
    return file ? pushed(session, new SemanticTokensBuilder(), file, spanOf(file.document, range)).build() : nothing;
  }));
  return { semanticTokensProvider: { legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [...TOKEN_MODIFIERS] }, full: { delta: true }, range: true } };
}

function pushed({ documents }: Session, builder: SemanticTokensBuilder, { path, document }: OpenFile, within?: Span): SemanticTokensBuilder {
  for (const token of tokensIn({ path, document, world: documents }, within)) {
    const { start, end } = rangeOf(document, token);
    const modifiers = token.modifiers.reduce((bits, modifier) => bits | (1 << TOKEN_MODIFIERS.indexOf(modifier)), 0);
    const { line, character } = start;
    builder.push(line, character, end.character - character, TOKEN_TYPES.indexOf(token.type), modifiers);
  }
  return builder;
}
