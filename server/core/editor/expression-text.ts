import type { Expression } from '../syntax/nodes.js';

/** Puts expressions together as text. */

export const isNumber = ({ kind }: Expression): boolean => kind === 'integer';

/** Whether it falls apart beside `+` or `-`. */
export const isLoose = (node: Expression): boolean => node.kind === 'binary' && !['+', '-', '*', '/', '%'].includes(node.operator.text);
