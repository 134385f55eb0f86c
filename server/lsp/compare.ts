import type { ServerCapabilities } from 'vscode-languageserver';
import { compareMarkdown, comparisonsAt } from '../core/index.js';
import { fileAt, type Asked } from './language-features.js';
import type { Requests } from './requests.js';
import type { Session } from './session.js';

export function answerCompare(session: Session): ServerCapabilities {
  session.connection.onRequest('vmlayout/compare', session.guard('comparing stances', null, (params: Asked): ReturnType<Requests['vmlayout/compare']> => {
    const asked = fileAt(session, params);
    const comparisons = asked ? comparisonsAt(asked.file, asked.offset) : [];
    return comparisons.length === 0 ? null : { markdown: `# Stances side by side\n\n${compareMarkdown(comparisons)}` };
  }));
  return {};
}
