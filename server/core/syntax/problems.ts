import type { Span } from '../text/span.js';
import { nearest } from '../text/suggest.js';
import { DEPTH_LIMIT, OPERATOR_LIMIT } from './build.js';
import { isRepeated, shortcomingsOf } from './completeness.js';
import type { AnyNode, Binary, Block, Declaration, Member, Names, Property, Skipped } from './nodes.js';
import { slipsIn, withoutCovered } from './slips.js';
import { DECLARATIONS, PROPERTIES, USUAL_WORDS, keywordsIn, mayContain, takesProperty } from './vocabulary.js';
import { walk } from './walk.js';

/** Damage in a tree, told in words, and what would mend it. */
export interface SyntaxProblem extends Span {
  readonly message: string;
  readonly repair?: Repair;
  /** What else is damaged there comes of it, and isn't told. */
  readonly covers?: Span;
  /** The format of the listing that stands there instead, if one does. */
  readonly listing?: string;
}

/** One replacement, `end` exclusive. */
export interface Repair extends Span {
  readonly title: string;
  readonly newText: string;
  /** True where spelling alone changes. */
  readonly safe?: boolean;
}

/** All damage in the tree of an item, in the order of the text. `nodes` are those of the tree. */
export function problemsIn(tree: Block, text: string, nodes: readonly AnyNode[] = walk(tree)): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  for (const node of nodes) if (mayBeDamaged(node)) problems.push(...damageOf(node, text));
  problems.push(...misplacedIn(tree.members, undefined, text));
  const inOrder = problems.sort((left, right) => left.start - right.start);
  const slips = slipsIn(inOrder, text);
  return withoutCovered([...inOrder, ...slips].sort((left, right) => left.start - right.start));
}

/** Most nodes are words and whole: asked first, because every node of an item is looked at after every key. */
const mayBeDamaged = (node: AnyNode): boolean => node.kind !== 'word' && node.kind !== 'property' && node.kind !== 'integer';

function damageOf(node: AnyNode, text: string): SyntaxProblem[] {
  switch (node.kind) {
    case 'missing': {
      const after = node.after === undefined ? '' : ` after \`${node.after}\``;
      return [problem(visible(node, text), `expected ${node.expected}${after}`)];
    }
    case 'skipped':
      return [skippedProblem(node, text)];
    case 'text':
      return [
        ...(node.closed ? [] : [problem(node, 'this string is never closed', closing(node.end, '"'))]),
        ...node.badEscapes.map((escape) => problem(escape, `\`${escape.text}\` is no escape; known are \\" \\\\ \\n \\t \\r \\0 and \\u{…}`)),
      ];
    case 'group':
    case 'call':
      return node.closed || isCutOff(node) ? [] : [problem(openingOf(node), 'this `(` is never closed', closing(node.end, ')'))];
    case 'block':
      return node.closed ? [] : [problem({ start: node.start, end: node.start + 1 }, 'this `{` is never closed')];
    case 'binary':
      return chainProblem(node, text);
    default:
      return [];
  }
}

const problem = (span: Span, message: string, repair?: Repair): SyntaxProblem => ({
  start: span.start,
  end: span.end,
  message,
  ...(repair && { repair }),
});

const closing = (at: number, mark: string): Repair => ({ start: at, end: at, newText: mark, title: `Insert \`${mark}\`` });

const openingOf = (node: AnyNode & (object & { callee?: Span })): Span => {
  const start = node.callee?.end ?? node.start;
  return { start, end: start + 1 };
};

/** Whether its closing mark was skipped with what is nested too deeply in it; then only that is told. */
function isCutOff(node: AnyNode): boolean {
  let inner: AnyNode | undefined = node;
  while (inner?.kind === 'group' || inner?.kind === 'call') inner = inner.kind === 'group' ? inner.inner : inner.args.at(-1);
  return inner?.kind === 'skipped' && inner.reason === 'too-deep';
}

/** A squiggle is never empty: a missing thing is shown at the character before it on its line, or after it. */
function visible(span: Span, text: string): Span {
  let end = span.start;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  if (end > 0 && text[end - 1] !== '\n') {
    let start = end - 1;
    while (start > 0 && /[\w-]/.test(text[start] ?? '') && /[\w-]/.test(text[start - 1] ?? '')) start--;
    return { start, end };
  }
  const start = Math.max(0, Math.min(span.start, text.length - 1));
  return { start, end: start + 1 };
}

function skippedProblem(node: Skipped, text: string): SyntaxProblem {
  switch (node.reason) {
    case 'unclosed-comment':
      return problem({ start: node.start, end: node.start + 2 }, 'this comment is never closed', closing(node.end, ' */'));
    case 'too-deep':
      return problem({ start: node.start, end: node.start + 1 }, `nested more than ${DEPTH_LIMIT} levels deep`);
    case 'too-long': {
      const what = node.text === '' ? `an expression has at most ${OPERATOR_LIMIT} operators` : 'this number is too long';
      return problem(firstLineOf(node, text), what);
    }
    case 'unspaced-unit': {
      const number = /^0x[0-9a-fA-F_]+/.exec(node.text)?.[0] ?? '';
      const at = node.start + number.length;
      return problem(node, `a blank stands before the unit of a hexadecimal number: \`${number} ${node.text.slice(number.length)}\``, { start: at, end: at, newText: ' ', title: 'Insert a blank', safe: true });
    }
    case 'brace':
      return problem(node, node.text === '}' ? 'this `}` closes nothing' : 'a block belongs to the declaration on its line');
    case 'unexpected':
      return unexpected(node, text);
  }
}

function unexpected(node: Skipped, text: string): SyntaxProblem {
  const span = firstLineOf(node, text);
  const shown = text.slice(span.start, span.end);
  const first = /^[A-Za-z_][\w-]*/.exec(shown)?.[0];
  const meant = first && (USUAL_WORDS.get(first.toLowerCase()) ?? nearest(first, Object.keys(PROPERTIES)));
  if (!first || !meant) return problem(span, `unexpected \`${abridged(shown)}\``);
  const wrong = { start: node.start, end: node.start + first.length };
  return problem(wrong, `unexpected \`${first}\`; did you mean \`${meant}\`?`, {
    ...wrong,
    newText: meant,
    title: `Change to \`${meant}\``,
  });
}

const abridged = (shown: string): string => (shown.length > 40 ? `${shown.slice(0, 39)}…` : shown);

function firstLineOf(span: Span, text: string): Span {
  const lineEnd = text.indexOf('\n', span.start);
  const end = Math.min(span.end, lineEnd < 0 ? text.length : lineEnd);
  return { start: span.start, end: Math.max(end, span.start + 1) };
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** `a <= b < c` compares a truth value with a number; everyone means two comparisons. */
export const isChain = ({ left, operator }: Binary): boolean =>
  left.kind === 'binary' && COMPARISONS.has(operator.text) && COMPARISONS.has(left.operator.text);

function chainProblem(node: Binary, text: string): SyntaxProblem[] {
  const { left, operator } = node;
  if (!isChain(node) || left.kind !== 'binary') return [];
  const shared = text.slice(left.right.start, left.right.end);
  const repair = { start: left.end, end: left.end, newText: ` and ${shared}`, title: 'Join two comparisons with `and`' };
  return [problem(operator, 'comparisons don’t chain; join two with `and`', repair)];
}

/** Declarations and properties that stand where they mean nothing. */
function misplacedIn(members: readonly Member[], owner: Declaration | undefined, text: string): SyntaxProblem[] {
  const container = owner?.keyword.text ?? 'file';
  const known = owner === undefined || container in DECLARATIONS;
  return members.flatMap((member, index) => {
    if (member.kind === 'declaration') {
      const wrong = misplacedDeclaration(member, known ? container : undefined, text);
      const lacking = wrong.length > 0 || isStrayed(members[index + 1], member, container) ? [] : shortcomingsOf(member, container);
      return [...wrong, ...lacking, ...misplacedIn(member.block?.members ?? [], member, text)];
    }
    if (member.kind !== 'property' || !known) return [];
    return owner && takesProperty(container, member.word.text) ? [] : misplacedProperty(member, container, { before: members.slice(0, index), after: members.slice(index + 1) }, text);
  });
}

/** Whether a member is a property that belongs on the line of the declaration above it. */
const isStrayed = (member: Member | undefined, above: Declaration, container: string): boolean =>
  member?.kind === 'property' && !above.block && takesProperty(above.keyword.text, member.word.text) && !takesProperty(container, member.word.text);

function misplacedDeclaration(node: Declaration, container: string | undefined, text: string): SyntaxProblem[] {
  const keyword = node.keyword.text;
  const taker = keyword === 'policy' && container === 'vm' ? 'vm' : keyword;
  const problems = node.properties.flatMap((property) =>
    property.kind !== 'property' || !(keyword in DECLARATIONS) || takesProperty(taker, property.word.text)
      ? []
      : [problem(property.word, `${withArticle(keyword)} has no \`${property.word.text}\``)],
  );
  problems.push(...wrongParts(node, container));
  if (container === undefined || mayContain(container, keyword)) return problems;
  const constant = constantWithoutConst(node, container, text);
  if (constant) return [constant];
  const words = [...keywordsIn(container), ...propertiesIn(container)];
  const usual = USUAL_WORDS.get(keyword.toLowerCase());
  const meant = usual !== undefined && words.includes(usual) ? usual : nearest(keyword, words);
  if (meant && !(keyword in DECLARATIONS)) {
    const repair = { start: node.keyword.start, end: node.keyword.end, newText: meant, title: `Change to \`${meant}\`` };
    const told = problem(node.keyword, `\`${keyword}\` is not a word of the language; did you mean \`${meant}\`?`, repair);
    return [meant in PROPERTIES && !(meant in DECLARATIONS) ? { ...told, covers: firstLineOf(node, text) } : told];
  }
  if (keyword === 'memory' && container === 'vm') return [{ ...problem(node.keyword, '`memory` is that of a host; a `vm` has `ram low at 0 size 4 GiB`'), covers: firstLineOf(node, text) }];
  const where = container === 'file' ? 'at the top of a file' : `in ${withArticle(container)}`;
  const what = keyword in DECLARATIONS ? `\`${keyword}\` can’t stand ${where}` : `\`${keyword}\` is not a word of the language`;
  return [problem(node.keyword, what), ...problems];
}

/** `RAM = 1 GiB`, where a constant may stand. */
function constantWithoutConst({ keyword, properties, name }: Declaration, container: string, text: string): SyntaxProblem | undefined {
  const [first] = properties;
  if (name || first?.kind !== 'skipped' || !/^=(?!=)/.test(first.text) || keyword.text in DECLARATIONS || !mayContain(container, 'const')) return undefined;
  const repair = { start: keyword.start, end: keyword.start, newText: 'const ', title: `Declare \`${keyword.text}\` with \`const\`` };
  return { ...problem(keyword, `a constant is declared with \`const ${keyword.text} = …\``, repair), covers: { start: keyword.start, end: firstLineOf(first, text).end } };
}

/** What a window or a range of memory can be for. */
const PURPOSES: ReadonlyMap<string, readonly string[]> = new Map([
  ['window', ['bars', 'memory']],
  ['memory', ['host', 'hypervisor', 'guests']],
]);

/** Names and words that the form allows and the declaration doesn't: a second name after `like` or `behind`, an unknown purpose. */
function wrongParts(node: Declaration, container: string | undefined): SyntaxProblem[] {
  const properties = [...node.properties, ...(node.block?.members ?? [])].filter((part): part is Property => part.kind === 'property');
  const purposes = PURPOSES.get(node.keyword.text);
  const wrong = properties.flatMap(({ word, value }) => {
    if ((word.text === 'like' || word.text === 'behind') && value?.kind === 'names') return secondNames(value, `\`${word.text}\` takes one name`);
    if (word.text !== 'for' || value?.kind !== 'word' || !purposes || purposes.includes(value.text)) return [];
    return [problem(value, `${withArticle(node.keyword.text)} is for ${purposes.map((purpose) => `\`${purpose}\``).join(' or ')}`)];
  });
  const declaresTwo = node.keyword.text === 'policy' && container === 'file' && node.head?.kind === 'names';
  return declaresTwo && node.head?.kind === 'names' ? [...wrong, ...secondNames(node.head, 'a policy has one name')] : wrong;
}

const secondNames = ({ names }: Names, message: string): SyntaxProblem[] => names.slice(1, 2).flatMap((name) => (name.kind === 'missing' ? [] : [problem(name, message)]));

const propertiesIn = (container: string): readonly string[] => DECLARATIONS[container]?.properties ?? [];

/** The members of a block above and below one of them. */
interface Around {
  readonly before: readonly Member[];
  readonly after: readonly Member[];
}

function misplacedProperty(node: Property, container: string, { before, after }: Around, text: string): SyntaxProblem[] {
  const word = node.word.text;
  const above = before.findLast(({ kind }) => kind !== 'property');
  if (above?.kind === 'declaration' && !above.block && takesProperty(above.keyword.text, word)) {
    const last = before.at(-1);
    const sameLine = last?.kind === 'property' && !text.slice(last.end, node.start).includes('\n');
    const message = `\`${word}\` belongs on the line of \`${above.keyword.text}\`, or in its block`;
    return sameLine ? [] : [problem(node.word, message, fitsOn(above, [node, ...after], text) ? joined(node, above, text) : undefined)];
  }
  if (container === 'file') return [problem(node.word, `\`${word}\` can’t stand at the top of a file`)];
  return [problem(node.word, `${withArticle(container)} has no \`${word}\``)];
}

/** Whether a declaration takes all that stands on the line of the first of these, and says none of it already. */
function fitsOn(above: Declaration, [first, ...others]: readonly [Property, ...Member[]], text: string): boolean {
  const lineEnd = text.indexOf('\n', first.start);
  const line = [first, ...others.filter(({ start }) => lineEnd < 0 || start < lineEnd)];
  return line.every((member) => member.kind === 'property' && takesProperty(above.keyword.text, member.word.text) && !isRepeated(above, member.word.text));
}

/** Moves what stands on the property's line behind the declaration above, before its comment. */
function joined(node: Property, above: Declaration, text: string): Repair {
  const title = 'Join to the line above';
  const between = text.slice(above.end, node.start);
  if (between.trim() === '') return { start: above.end, end: node.start, newText: ' ', title, safe: true };
  const lineEnd = text.indexOf('\n', node.start);
  const line = text.slice(node.start, lineEnd < 0 ? text.length : lineEnd).trimEnd();
  return { start: above.end, end: node.start + line.length, newText: ` ${line}${between.trimEnd()}`, title, safe: true };
}

const withArticle = (noun: string): string => `${articleOf(noun)} \`${noun}\``;

export const articleOf = (noun: string): string => (/^[aeiou]/.test(noun) ? 'an' : 'a');
