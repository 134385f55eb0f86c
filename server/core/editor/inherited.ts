import { isExpression, type Element } from '../layout/elements.js';
import { namesOf } from '../layout/properties.js';
import { plain } from '../layout/written.js';
import { valueText } from './value-text.js';
import { shortText, type Suggestion } from './suggestion.js';
import { topElement, type Surroundings } from './surroundings.js';

/** What a vm or host takes over from the one that it is like, and may say otherwise. */

/** The one that an element is like, with all that it takes over itself. */
function baseOfElement(element: Element | undefined, around: Surroundings): Element | undefined {
  const name = element && namesOf(element, 'like')[0]?.name;
  return name === undefined ? undefined : topElement(name, element?.keyword === 'policy' ? 'policies' : 'names', around);
}

/** Names that a declaration may have that replaces one of the other’s: constants that have no value yet come first. */
export function replaceable(keyword: string, owner: Element | undefined, around: Surroundings): Suggestion[] {
  const base = baseOfElement(owner, around);
  if (!base || !owner) return [];
  const own = new Set(owner.origin.declaration.block?.members.map((member) => (member.kind === 'declaration' && member.name?.kind === 'word' ? `${member.keyword.text} ${member.name.text}` : '')));
  const named = base.children.filter((child, index, all) => child.keyword === keyword && child.name !== '' && all.findIndex(({ name, keyword: other }) => other === keyword && name === child.name) === index);
  const left = named.filter(({ name }) => !own.has(`${keyword} ${name}`));
  return [...left.filter(isOpen), ...left.filter((child) => !isOpen(child))].map((child) => (keyword === 'const' ? constantOf(child, base, around) : replacing(child, base)));
}

/** Constants of the other that have no value: without one, the vm or host is a model itself. */
export function openConstants(owner: Element | undefined, around: Surroundings): Suggestion[] {
  return replaceable('const', owner, around)
    .filter(({ detail }) => detail === REQUIRED)
    .map((constant) => ({ ...constant, label: `const ${constant.label}`, insert: `const ${constant.insert ?? ''}` }));
}

/** Names of the constants that have no value. */
export const openConstantsOf = (model: Element): string[] => [...new Set(model.children.filter(isOpen).map(({ name }) => name))];

const REQUIRED = 'required';

const isOpen = ({ keyword, origin }: Element): boolean => keyword === 'const' && !origin.declaration.head;

function constantOf(constant: Element, base: Element, { evaluator }: Surroundings): Suggestion {
  const { doc, head } = constant.origin.declaration;
  const written = head && shortText(constant.origin.item.text.slice(head.start, head.end));
  return {
    label: constant.name,
    kind: 'constant',
    detail: written === undefined ? REQUIRED : base.name,
    ...(written !== undefined && { suffix: ` = ${written}` }),
    insert: `${constant.name} = `,
    explain: () => {
      const value = head && isExpression(head) ? plain(valueText(evaluator.constant(constant))) : '';
      return { about: doc ?? '', ...(value !== '' && { detail: value }) };
    },
  };
}

const replacing = ({ name, origin }: Element, base: Element): Suggestion => ({
  label: name,
  kind: 'element',
  detail: base.name,
  explain: () => ({ about: [`Replaces that of \`${base.name}\`:\n\`\`\`vmlayout\n${origin.item.text.slice(origin.declaration.start, origin.declaration.end).trim()}\n\`\`\``, origin.declaration.doc ?? ''].join('\n\n').trim() }),
});

/** What a property says in the other, as it is written; nothing where it says nothing. */
export function inheritedText(word: string, owner: Element | undefined, around: Surroundings): string | undefined {
  const located = baseOfElement(owner, around)?.properties.get(word)?.[0];
  const value = located?.property.value;
  return located && value && shortText(located.item.text.slice(value.start, value.end));
}
