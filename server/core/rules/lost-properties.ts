import type { Element } from '../layout/elements.js';
import { placeOf } from '../layout/place.js';
import type { Problem } from '../layout/problem.js';
import type { Repair } from '../syntax/problems.js';

/** What a declaration loses by replacing the one of the vm or host that its owner is `like`: it is replaced whole. */
export function lostProperties(element: Element): Problem[] {
  return element.children.flatMap((child) => {
    const [replaced] = child.replaces ?? [];
    return replaced ? lostBy(child, replaced) : [];
  });
}

function lostBy(element: Element, replaced: Element): Problem[] {
  const words = [...replaced.properties.keys()].filter((word) => isLost(word, element));
  const parts = replaced.children.filter((part) => part.name !== '' && !element.children.some((own) => own.keyword === part.keyword && own.name === part.name));
  if (words.length === 0 && parts.length === 0) return [];
  const lost = [...words.map((word) => `\`${word}\``), ...parts.map(({ keyword, name }) => `\`${keyword} ${name}\``)];
  return [
    {
      rule: 'property-lost',
      place: placeOf(element.origin, element.nameSpan),
      message: `\`${element.name || element.keyword}\` is replaced whole, and loses ${lost.join(', ')}`,
      note: { place: placeOf(replaced.origin, replaced.nameSpan), message: 'it replaces this one' },
      ...(parts.length === 0 && { repair: keeping(words, element, replaced) }),
    },
  ];
}

/** Words of which a declaration says one: another of them is chosen, not lost. */
const CHOICES: readonly (readonly string[])[] = [
  ['anonymous', 'thp', 'hugetlb', 'dax', 'physical', 'at'],
  ['from', 'backing', 'alias'],
  ['granule', 'blocks'],
  ['bits', 'aperture'],
  ['dimm', 'virtio-mem'],
];

/** Words that say nothing of the layout, or that every declaration decides anew. */
const OWN = new Set(['when', 'label', 'because', 'until', 'allow', 'like', 'at', 'size']);

function isLost(word: string, { properties }: Element): boolean {
  if (properties.has(word) || OWN.has(word)) return false;
  return !CHOICES.some((choice) => choice.includes(word) && choice.some((other) => properties.has(other) && other !== 'at'));
}

/** Writes what would be lost behind what the declaration says on its line. */
function keeping(words: readonly string[], { origin }: Element, replaced: Element): Repair {
  const texts = words.flatMap((word) =>
    (replaced.properties.get(word) ?? []).map(({ item, property }) => item.text.slice(property.start, property.end).replaceAll(/\s+/g, ' ')),
  );
  const { declaration } = origin;
  const last = declaration.properties.at(-1) ?? declaration.head ?? declaration.name ?? declaration.keyword;
  const end = Math.max(last.end, declaration.head?.end ?? 0, declaration.name?.end ?? 0);
  return { start: end, end, newText: ` ${texts.join(' ')}`, title: `Keep ${words.map((word) => `\`${word}\``).join(', ')}` };
}
