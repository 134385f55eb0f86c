import type { Example, SealedRule } from '../rules/rule.js';

/** A rule's page, from the rule's own fields: `explain` prints it, and docs/rules is made of it. Markdown. */
export function rulePage(rule: SealedRule): string {
  const bad = rule.examples.filter((example) => example.kind === 'bad');
  const good = rule.examples.filter((example) => example.kind === 'good');
  return [
    `# ${rule.name}`,
    rule.summary,
    `Level: ${rule.level}, unless a policy says otherwise. Group: ${rule.group}. Since ${rule.since}.`,
    rule.why.trim(),
    ...(bad.length > 0 ? ['## What it reports', ...bad.flatMap(badParts)] : []),
    ...(good.length > 0 ? ['## What it has nothing to say about', ...good.map(({ text }) => codeBlock(text))] : []),
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

/** The page of a requirement, which no rule of the catalogue is: what it says stands in the layout. */
export const requirementPage = (name: string): string => `# ${name}

A \`require\` or \`prefer\` of a policy, or of a vm itself, doesn’t hold.

Level: error for \`require\`, warning for \`prefer\`. Group: policy.

The policy stands in the layout itself, or in one that it imports, as do the vms that this one is like; \`check\` shows the line, and \`because\` on it says why it is there.
A requirement with a name (\`require no-wx: …\`) is told as \`policy/no-wx\`, one without as \`policy/require\` or \`policy/prefer\`. A
policy can waive it on an element: \`allow policy/no-wx on web.flash because "…" until 2027-06-30\`.
`;

const badParts = ({ text, fixes }: Extract<Example, { kind: 'bad' }>): string[] => [
  codeBlock(text),
  ...fixes.flatMap(({ title, change }) => [`**${title}**:`, codeBlock(change, 'diff')]),
];

const codeBlock = (text: string, language = 'vmlayout'): string => `\`\`\`${language}\n${withoutIndent(text)}\n\`\`\``;

/** Takes away the indentation that all lines share, and the blank lines around a template literal. */
function withoutIndent(text: string): string {
  const lines = text.replace(/^\n/, '').trimEnd().split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/[^ ]/));
  const least = Math.min(...indents);
  return lines.map((line) => line.slice(least)).join('\n');
}
