import type { AnyNode } from './nodes.js';

const NOTHING: readonly AnyNode[] = [];

/** The direct children of a node, in the order of the text. */
export function childrenOf(node: AnyNode): readonly AnyNode[] {
  switch (node.kind) {
    case 'declaration':
      return present(node.keyword, node.name, node.head, ...node.properties, node.block);
    case 'property':
      return node.value ? [node.word, node.value] : [node.word];
    case 'block':
      return node.members;
    case 'list':
      return node.items;
    case 'names':
    case 'rule-names':
      return node.names;
    case 'binders':
      return node.binders;
    case 'binder':
      return [node.name, node.selector];
    case 'extent':
      return [node.base, node.bound];
    case 'requirement':
      return present(node.name, node.condition);
    case 'reference':
      return node.path;
    case 'call':
      return [node.callee, ...node.args];
    case 'group':
      return [node.inner];
    case 'unary':
      return [node.operator, node.operand];
    case 'binary':
      return [node.left, node.operator, node.right];
    default:
      return NOTHING;
  }
}

/** A node and everything in it, outside in. Iterative: a deep tree costs no stack. */
export function walk(root: AnyNode): AnyNode[] {
  const nodes: AnyNode[] = [];
  const pending: AnyNode[] = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    nodes.push(node);
    const children = childrenOf(node);
    for (let index = children.length - 1; index >= 0; index--) {
      const child = children[index];
      if (child) pending.push(child);
    }
  }
  return nodes;
}

/** The nodes around an offset, outermost first; a word counts as touched at its end, too. */
export function pathTo(root: AnyNode, offset: number): AnyNode[] {
  const path: AnyNode[] = [];
  for (let node: AnyNode | undefined = root; node; ) {
    path.push(node);
    node = childrenOf(node).findLast((child) => child.start <= offset && offset <= child.end);
  }
  return path;
}

const present = (...nodes: readonly (AnyNode | undefined)[]): AnyNode[] =>
  nodes.filter((node): node is AnyNode => node !== undefined);
