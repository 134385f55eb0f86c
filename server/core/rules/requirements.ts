import type { Element } from '../layout/elements.js';
import { textOf, type Binder, type Expression } from '../syntax/nodes.js';

/** A `require` or `prefer` of a policy. */
export interface Requirement {
  readonly element: Element;
  readonly verb: 'require' | 'prefer';
  /** What it is called in findings and waivers: `policy/no-wx`. */
  readonly rule: string;
  readonly condition: Expression;
  readonly binders: readonly Binder[];
  readonly because: string | undefined;
}

/** The requirements of a policy, those of the one it is `like` first. */
export const requirementsOf = (policy: Element): Requirement[] => policy.children.flatMap(readRequirement);

function readRequirement(element: Element): Requirement[] {
  const { keyword, origin, properties } = element;
  const { head } = origin.declaration;
  if ((keyword !== 'require' && keyword !== 'prefer') || head?.kind !== 'requirement') return [];
  const binders = properties.get('for')?.[0]?.property.value;
  const because = properties.get('because')?.[0]?.property.value;
  return [
    {
      element,
      verb: keyword,
      rule: `policy/${textOf(head.name) ?? keyword}`,
      condition: head.condition,
      binders: binders?.kind === 'binders' ? binders.binders : [],
      because: because?.kind === 'text' ? because.value : undefined,
    },
  ];
}
