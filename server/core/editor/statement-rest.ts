import type { AnyNode, Block, Declaration, Expression, Member, PropertyValue } from '../syntax/nodes.js';
import { DECLARATIONS, PROPERTIES } from '../syntax/vocabulary.js';
import { isInParentheses, type Unfinished } from './damage.js';
import { backingKinds, propertiesOf, propertySuggestion, type Asked } from './statement-words.js';
import type { Suggestion } from './suggestion.js';

/** What may follow in a statement behind what is complete: on its line, in its parentheses, on the next line. */
export function restOf(parent: Declaration | Block, owner: Declaration, { nodes, before }: Unfinished, asked: Asked): Suggestion[] {
  const previous = memberBefore(nodes.at(-1), parent.kind === 'block' ? parent.members : parent.properties);
  const start = parent.kind === 'block' ? previous?.start ?? before.length : parent.start;
  if (isInParentheses(before.slice(start))) return joining();
  if (isTextMissing(previous)) return [];
  const word = /(?<![\w-])(?:physical|backing)(?=[ \t]+$)/.exec(before)?.[0];
  if (word === 'physical') return [propertySuggestion('at')];
  if (word === 'backing') return backingKinds();
  const isUnvalued = owner.keyword.text === 'const' && !owner.head && !previous;
  const next = NEXT.get(previous?.kind === 'property' ? previous.word.text : '') ?? [];
  const properties = propertiesOf(owner, asked);
  return [
    ...(isUnvalued ? [EQUALS] : []),
    ...(endsCondition(previous, owner) ? joining() : []),
    ...properties.filter(({ label }) => next.includes(label)),
    ...properties.filter(({ label }) => !next.includes(label)),
  ];
}

const EQUALS: Suggestion = { label: '=', kind: 'keyword', insert: '= ' };

/** A condition goes on. */
const joining = (): Suggestion[] => ['and', 'or'].map((label) => ({ label, kind: 'keyword', insert: `${label} ` }));

/** What mostly follows a property, by its word. */
const NEXT: ReadonlyMap<string, readonly string[]> = new Map([
  ['hotplug', ['dimm', 'virtio-mem']],
  ['virtio-mem', ['block']],
  ['allow', ['because']],
]);

function memberBefore(leaf: AnyNode | undefined, members: readonly Member[]): Member | undefined {
  return members[members.findIndex((member) => member === leaf) - 1];
}

const isTextMissing = (member: Member | undefined): boolean =>
  member?.kind === 'property' && member.value?.kind === 'missing' && PROPERTIES[member.word.text]?.form === 'text';

/** Whether what ends before the cursor is a condition: of a requirement, behind `when`, or the value of a constant that compares. */
function endsCondition(previous: Member | undefined, { head }: Declaration): boolean {
  if (previous) return previous.kind === 'property' && previous.word.text === 'when';
  return head?.kind === 'requirement' || (head !== undefined && isComparison(head));
}

const isComparison = (value: PropertyValue | Expression): boolean =>
  (value.kind === 'binary' && /^(?:[=!<>]=?|and|or)$/.test(value.operator.text)) || (value.kind === 'unary' && value.operator.text === 'not');

/** Words with which a line may go on with the statement above, if that takes them and doesn't have them; `further` where it is indented as one that does. */
export function continuing({ nodes, before }: Unfinished): { readonly words: Suggestion[]; readonly further: boolean } {
  const [statement, block] = [nodes.at(-2), nodes.at(-3)];
  const above = block?.kind === 'block' ? memberBefore(statement, block.members) : undefined;
  if (above?.kind !== 'declaration' || above.block || !/^\s*\n\s*$/.test(before.slice(above.end).replace(/\/\/(?!\/)[^\n]*/g, ''))) return { words: [], further: false };
  const written = new Set(above.properties.map((property) => (property.kind === 'property' ? property.word.text : '')));
  const takes = DECLARATIONS[above.keyword.text]?.properties ?? [];
  const words = ['for', 'because', 'until'].filter((word) => takes.includes(word) && !written.has(word)).map((word) => propertySuggestion(word));
  return { words, further: indentOf(before) > indentOf(before.slice(0, above.start)) };
}

/** Blanks at the end of a text. */
const indentOf = (text: string): number => /[ \t]*$/.exec(text)?.[0].length ?? 0;
