// A plugin for Peggy: compiles what is regular in a grammar, and whose value nobody uses, to loops over character codes:
// words, digits, whitespace, look-ahead. Peggy itself tests each character with a regular expression and gathers all of
// them in arrays. What is matched stays the same.
//
// A part of the grammar becomes a predicate that moves on by itself. For that it sets `peg$currPos`, the one name here
// that Peggy's documentation doesn't mention.

/** For the option `plugins` of `peggy.generate`. */
export const scanners = {
  use(config) {
    const passes = config.passes.transform;
    passes.splice(passes.findIndex(({ name }) => name === 'removeUnusedRules'), 0, compileRegularParts);
  },
};

function compileRegularParts(ast) {
  const rules = new Map(ast.rules.map(({ name, expression }) => [name, expression]));
  const wanted = new Set([ast.rules[0].name]);
  for (let known = 0; known < wanted.size; ) {
    known = wanted.size;
    for (const [name, expression] of rules) visit(expression, wanted.has(name));
  }
  for (const rule of ast.rules) rule.expression = visit(rule.expression, wanted.has(rule.name));

  /** The node or what takes its place; `used` says whether somebody wants its value. Notes the rules that are wanted. */
  function visit(node, used) {
    if (node.type === 'rule_ref' && used) wanted.add(node.name);
    if (!used && !isCheap(node) && isRegular(node, rules, [])) return scanner(node, rules);
    switch (node.type) {
      case 'sequence': {
        const plucks = node.elements.some(({ pick }) => pick);
        return { ...node, elements: node.elements.map((element) => visit(element, used && !plucks)) };
      }
      case 'choice':
        return { ...node, alternatives: node.alternatives.map((alternative) => visit(alternative, used)) };
      case 'labeled':
        return { ...node, expression: visit(node.expression, true) };
      case 'action':
      case 'text':
      case 'simple_and':
      case 'simple_not':
        return { ...node, expression: visit(node.expression, false) };
      case 'group':
      case 'optional':
      case 'zero_or_more':
      case 'one_or_more':
        return { ...node, expression: visit(node.expression, used) };
      default:
        if (node.expression) throw new Error(`scanners.mjs doesn't know ${node.type}`);
        return node;
    }
  }
}

/** What Peggy itself compiles well: one character, or a call. */
const isCheap = ({ type, value }) => type === 'rule_ref' || type === 'any' || (type === 'literal' && value.length < 2);

/** Whether a node is made of characters and of nothing that builds a value or comes back to itself. */
function isRegular(node, rules, within) {
  const all = (nodes) => nodes.every((part) => isRegular(part, rules, within));
  switch (node.type) {
    case 'literal':
    case 'class':
      return !node.ignoreCase && !node.unicode;
    case 'any':
      return true;
    case 'sequence':
      return all(node.elements);
    case 'choice':
      return all(node.alternatives);
    case 'rule_ref':
      return !within.includes(node.name) && isRegular(rules.get(node.name), rules, [...within, node.name]);
    case 'group':
    case 'text':
    case 'optional':
    case 'zero_or_more':
    case 'one_or_more':
    case 'simple_and':
    case 'simple_not':
      return all([node.expression]);
    default:
      return false;
  }
}

/** A predicate that moves over what the node matches. */
function scanner(node, rules) {
  const code = `
    let at = peg$currPos;
    let ok = true;
    let code = 0;
    ${statementsFor(node, rules)}
    if (ok) peg$currPos = at;
    return ok;`;
  return { type: 'semantic_and', code, codeLocation: node.location, location: node.location };
}

/** Statements that set `ok` and, where the node matches, move `at` over it. */
function statementsFor(node, rules) {
  const inner = (part) => statementsFor(part, rules);
  switch (node.type) {
    case 'literal':
      if (node.value.length === 1) return `if (ok = input.charCodeAt(at) === ${node.value.charCodeAt(0)}) at++;`;
      return `if (ok = input.startsWith(${JSON.stringify(node.value)}, at)) at += ${node.value.length};`;
    case 'class':
      return `code = input.charCodeAt(at); if (ok = ${classTest(node)}) at++;`;
    case 'any':
      return 'if (ok = at < input.length) at++;';
    case 'sequence':
      return restoring(node.elements.map(inner).join(' if (ok) { ') + ' }'.repeat(node.elements.length - 1));
    case 'choice':
      return node.alternatives.map(inner).join(' if (!ok) { ') + ' }'.repeat(node.alternatives.length - 1);
    case 'rule_ref':
      return inner(rules.get(node.name));
    case 'optional':
      return `${inner(node.expression)} ok = true;`;
    case 'zero_or_more':
      return `do { ${inner(node.expression)} } while (ok); ok = true;`;
    case 'one_or_more':
      return `{ const first = at; do { ${inner(node.expression)} } while (ok); ok = at > first; }`;
    case 'simple_and':
      return `{ const before = at; ${inner(node.expression)} at = before; }`;
    case 'simple_not':
      return `{ const before = at; ${inner(node.expression)} at = before; ok = !ok; }`;
    default:
      return inner(node.expression);
  }
}

const restoring = (statements) => `{ const start = at; ${statements} if (!ok) at = start; }`;

/** At the end of the input `code` is NaN, which no comparison takes. */
function classTest({ parts, inverted }) {
  const tests = parts.map((part) => {
    const [from, to] = [part].flat().map((character) => character.charCodeAt(0));
    return to === undefined ? `code === ${from}` : `code >= ${from} && code <= ${to}`;
  });
  const test = tests.join(' || ');
  return inverted ? `code === code && !(${test})` : test;
}
