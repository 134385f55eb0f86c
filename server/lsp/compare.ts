import type { ServerCapabilities } from 'vscode-languageserver';
import { compareMarkdown, comparisonsAt } from '../core/index.js';
import { fileAt, type Asked } from './language-features.js';
import type { Session } from './session.js';

/** A request of our own: the stances of the vm at a position side by side, as Markdown; null where there is nothing to compare. */
export const COMPARE = 'vmlayout/compare';

export function answerCompare(session: Session): ServerCapabilities {
  session.connection.onRequest(COMPARE, session.guard(COMPARE, null, (params: Asked): { readonly markdown: string } | null => {
    const asked = fileAt(session, params);
    const comparisons = asked ? comparisonsAt(asked.file, asked.offset) : [];
    return comparisons.length === 0 ? null : { markdown: `# Stances side by side\n\n${compareMarkdown(comparisons)}` };
  }));
  return {};
}
