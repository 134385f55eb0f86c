import type { Suggestion } from './suggestion.js';
import { guestSnippets, membersOfGuest } from './guest-snippets.js';
import { hostSnippets, membersOfHost, reservedRange } from './host-snippets.js';
import { policySnippets, statementsOf, waiver } from './policy-snippets.js';
import { plainText, type Snippet } from './snippet-text.js';
import type { SnippetPlace } from './snippet-place.js';

/** The snippets that may stand where a statement begins. Only those whose names are in scope: with its defaults, none brings an error. */
export function snippetsAt(keyword: string, place: SnippetPlace): Suggestion[] {
  return snippetsIn(keyword, place).map(snippetSuggestion);
}

const snippetSuggestion = ({ label, body }: Snippet): Suggestion => ({
  label,
  kind: 'snippet',
  insert: body,
  snippet: true,
  explain: () => ({ about: `\`\`\`vmlayout\n${plainText(body)}\n\`\`\`` }),
});

function snippetsIn(keyword: string, place: SnippetPlace): Snippet[] {
  switch (keyword) {
    case 'file':
      return [...hostSnippets(place), ...guestSnippets(place), ...policySnippets(place)];
    case 'host':
      return membersOfHost(place);
    case 'iommu':
    case 'group':
    case 'device':
      return [reservedRange(place)];
    case 'vm':
      return [...membersOfGuest(place), ...statementsOf('vm', place)];
    case 'policy':
      return statementsOf('policy', place);
    default:
      return [];
  }
}

/** `allow` behind or in what it is about. */
export const waiverOf = (place: SnippetPlace): Suggestion => snippetSuggestion({ label: 'allow … because … until', body: waiver(place, '') });
