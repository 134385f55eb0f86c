import type { Element } from '../layout/elements.js';
import { textOf, type Binder, type Expression } from '../syntax/nodes.js';
import { ownerOf, textIn } from './statements.js';

/** A `require` or `prefer` of a policy or a vm. */
export interface Requirement {
  readonly element: Element;
  readonly verb: 'require' | 'prefer';
  /** What it is called in findings and waivers: `policy/no-wx`. */
  readonly rule: string;
  readonly condition: Expression;
  readonly binders: readonly Binder[];
  readonly because: string | undefined;
  /** Who answers for it: named here, else by its policy. */
  readonly owner: string | undefined;
}

/** The requirements of a policy or a vm, those of the one it is `like` first. */
export const requirementsOf = (policy: Element): Requirement[] => policy.children.flatMap((child) => readRequirement(child, ownerOf(policy)));

function readRequirement(element: Element, owner: string | undefined): Requirement[] {
  const { keyword, origin, properties } = element;
  const { head } = origin.declaration;
  if ((keyword !== 'require' && keyword !== 'prefer') || head?.kind !== 'requirement') return [];
  const binders = properties.get('for')?.[0]?.property.value;
  return [
    {
      element,
      verb: keyword,
      rule: `policy/${textOf(head.name) ?? keyword}`,
      condition: head.condition,
      binders: binders?.kind === 'binders' ? binders.binders : [],
      because: textIn(properties.get('because')?.[0]?.property.value),
      owner: ownerOf(element) ?? owner,
    },
  ];
}
