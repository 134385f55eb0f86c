import type { AnyNode } from '../syntax/nodes.js';
import type { Unfinished } from './damage.js';

/**
 * Whether a list may follow in code behind what was just typed. The characters behind which an editor asks by itself also
 * close strings, divide, end the name of a requirement, and stand in numbers and ranges. `trigger` is nothing where
 * somebody asks, or types a word.
 */
export function mayFollow(trigger: string | undefined, { before, typed, nodes }: Unfinished): boolean {
  if (trigger === '"' || trigger === ':') return false;
  if (trigger === '/') return typed === 'policy/';
  return !before.endsWith('.') || isMember(nodes) || (trigger === undefined && before.endsWith('..'));
}

/** Whether the innermost node is a part of a path behind a dot. */
function isMember(nodes: readonly AnyNode[]): boolean {
  const [leaf, parent] = [nodes.at(-1), nodes.at(-2)];
  return parent?.kind === 'reference' && parent.path.findIndex((part) => part === leaf) > 0;
}
