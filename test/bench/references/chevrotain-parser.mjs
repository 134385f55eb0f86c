// The language parsed with Chevrotain 11 in its fastest form: embedded actions, no syntax tree of its own, offsets only,
// one flat rule for expressions. It covers what the generator writes and the sample of the language reference, without
// damage, and gives the same tree as the grammar. Words are told apart after lexing, by what stands before them; line
// breaks inside of an expression are dropped there, too.
import { createToken, EmbeddedActionsParser, Lexer } from 'chevrotain';
import { DECLARATIONS, PROPERTIES } from '../../../out/server/core/syntax/vocabulary.js';

/** The tree of a text; throws at the first damage. */
export function parseWithChevrotain(text) {
  const { tokens, errors } = lexer.tokenize(text);
  if (errors.length > 0) throw new Error(errors[0].message);
  parser.input = arranged(tokens);
  parser.text = text;
  const members = parser.document();
  if (parser.errors.length > 0) throw parser.errors[0];
  return { kind: 'block', start: 0, end: text.length, members, closed: true };
}

// ── Tokens ──

const token = (name, pattern, more) => createToken({ name, pattern, ...more });
const Space = token('Space', /[ \t\r\u00a0\ufeff]+/, { group: Lexer.SKIPPED });
const BlockComment = token('BlockComment', /\/\*[^]*?\*\//, { group: Lexer.SKIPPED, line_breaks: true });
const Doc = token('Doc', /\/\/\/[^\n]*(?:\n[ \t\r]*\/\/\/[^\n]*)*/, { line_breaks: true });
const LineComment = token('LineComment', /\/\/[^\n]*/, { group: Lexer.SKIPPED });
const End = token('End', Lexer.NA);
const Break = token('Break', /\n/, { line_breaks: true, categories: End });
const Semicolon = token('Semicolon', ';', { categories: End });
const Open = token('Open', '{');
const Close = token('Close', '}');
const OpenParenthesis = token('OpenParenthesis', '(');
const CloseParenthesis = token('CloseParenthesis', ')');
const Comma = token('Comma', ',');
const Colon = token('Colon', ':');
const Range = token('Range', /\.\.=?/);
const Point = token('Point', '.');
const Operator = token('Operator', /<<|>>|<=|>=|==|!=|[<>+*%|&/-]/);
const Assign = token('Assign', '=');
const Tilde = token('Tilde', '~');
const Text = token('Text', /"(?:\\[^\n\r]|[^"\\\n\r])*"/);
const DateText = token('Date', /\d{4}-\d\d-\d\d/);
const Percent = token('Percent', /\d[\d_]*(?:\.\d[\d_]*)?%/);
const UNIT = '(?:[KMGTPE]iB|B|[KMGTPEkmgtpe][iI]?[bB]?|b)(?![A-Za-z0-9_])';
const Integer = token('Integer', new RegExp(`0x[\\da-fA-F_]+(?:[ \\t]+${UNIT})?|0b[01_]+|0o[0-7_]+|\\d[\\d_]*(?:\\.\\d[\\d_]*)?[ \\t]*${UNIT}`));
const Decimal = token('Decimal', /\d[\d_]*(?:\.\d[\d_]*)+/);
const Digits = token('Digits', /\d[\d_]*/);
const Word = token('Word', /[A-Za-z_]\w*(?:-[A-Za-z]\w*)*/);

/** What words are in their place; each is still a word. */
const Name = token('Name', Lexer.NA, { categories: Word });
const Not = token('Not', Lexer.NA, { categories: Word });
const In = token('In', Lexer.NA, { categories: Word });
const PropertyWord = token('PropertyWord', Lexer.NA, { categories: Word });
const WordOperator = token('WordOperator', Lexer.NA, { categories: [Word, Operator] });
const keywordOf = kinds(Object.values(DECLARATIONS).map(({ head }) => head), 'Declares', [Word]);
const propertyOf = kinds(Object.values(PROPERTIES).map(({ form }) => form), 'Takes', [PropertyWord, Word]);
const declares = new Map(Object.entries(DECLARATIONS).map(([word, { head }]) => [word, keywordOf.get(head)]));
const takes = new Map(Object.entries(PROPERTIES).map(([word, { form }]) => [word, propertyOf.get(form)]));

function kinds(forms, prefix, categories) {
  return new Map([...new Set(forms)].map((form) => [form, token(`${prefix} ${form}`, Lexer.NA, { categories })]));
}

const allTokens = [
  Space, Doc, LineComment, BlockComment, Break, Semicolon, Open, Close, OpenParenthesis, CloseParenthesis, Comma, Colon, Range, Point, Text, DateText,
  Percent, Integer, Decimal, Digits, Operator, Assign, Tilde, Word, End, Name, Not, In, WordOperator, ...keywordOf.values(), PropertyWord, ...propertyOf.values(),
];
const lexer = new Lexer(allTokens, { positionTracking: 'onlyOffset', ensureOptimizations: true });

const CONTINUES = new Set(['for', 'because', 'until']);

/** The tokens that the parser reads: words by their place, and no break where a statement goes on. */
function arranged(tokens) {
  const kept = [];
  let depth = 0;
  let before = Break;
  for (const current of tokens) {
    const { tokenType } = current;
    if (tokenType === Break) {
      if (depth > 0 || before === Operator || before === Comma || before === Assign || before === Break || before === Open) continue;
      before = Break;
      kept.push(current);
      continue;
    }
    if (tokenType === OpenParenthesis) depth++;
    else if (tokenType === CloseParenthesis) depth--;
    else if (tokenType === Word) {
      if (before === Break && CONTINUES.has(current.image)) kept.pop();
      retag(current, before);
    }
    before = tokenType === Semicolon || tokenType === Doc || tokenType === Close ? Break : tokenType;
    kept.push(current);
  }
  return kept;
}

function retag(word, before) {
  const { image } = word;
  const begins = before === Break || before === Open;
  const type = before === Point ? Name : (begins && declares.get(image)) || wordOperators.get(image) || takes.get(image) || Name;
  word.tokenType = type;
  word.tokenTypeIdx = type.tokenTypeIdx;
}

const wordOperators = new Map([['and', WordOperator], ['or', WordOperator], ['not', Not], ['in', In]]);

// ── The grammar ──

class LayoutParser extends EmbeddedActionsParser {
  text = '';

  constructor() {
    super(allTokens, { maxLookahead: 2, recoveryEnabled: false, outputCst: false, skipValidations: false });
    const $ = this;

    $.RULE('document', () => $.SUBRULE($.members));

    $.RULE('members', () => {
      const members = [];
      $.MANY(() => {
        $.OR([
          { ALT: () => $.CONSUME(End) },
          { ALT: () => members.push($.SUBRULE($.declaration)) },
          { ALT: () => $.AT_LEAST_ONE(() => members.push($.SUBRULE($.property))) },
        ]);
      });
      return members;
    });

    $.RULE('declaration', () => {
      const doc = $.OPTION(() => $.CONSUME(Doc));
      let keyword;
      let name;
      let head;
      $.OR([
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('name')); name = $.SUBRULE($.word); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('nothing')); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('label')); name = $.SUBRULE($.label); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('optional-name')); name = $.OPTION1(() => wordOf($.CONSUME(Name))); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('device')); name = $.SUBRULE1($.word); head = $.OPTION2(() => $.SUBRULE($.string)); } },
        { ALT: () => {
          keyword = $.CONSUME(keywordOf.get('constant'));
          name = $.SUBRULE2($.word);
          head = $.OPTION3(() => { $.CONSUME(Assign); return $.SUBRULE($.expression); });
        } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('text')); head = $.SUBRULE1($.string); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('names')); head = $.SUBRULE($.names); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('expression')); head = $.SUBRULE1($.expression); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('rules')); head = $.SUBRULE($.rules); } },
        { ALT: () => { keyword = $.CONSUME(keywordOf.get('requirement')); head = $.SUBRULE($.requirement); } },
      ]);
      const properties = [];
      $.MANY(() => properties.push($.SUBRULE($.property)));
      const block = $.OPTION4(() => $.SUBRULE($.block));
      return $.ACTION(() => declarationOf(doc, wordOf(keyword), name, head, properties, block));
    });

    $.RULE('block', () => {
      const open = $.CONSUME(Open);
      const members = $.SUBRULE($.members);
      const close = $.CONSUME(Close);
      return { kind: 'block', start: open.startOffset, end: close.startOffset + 1, members, closed: true };
    });

    $.RULE('property', () => {
      let word;
      let value;
      $.OR([
        { ALT: () => { word = $.CONSUME(propertyOf.get('expression')); value = $.SUBRULE($.expression); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('extent')); value = $.SUBRULE($.extent); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('word')); value = $.SUBRULE($.word); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('text')); value = $.SUBRULE($.string); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('names')); value = $.SUBRULE($.names); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('flag')); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('expressions')); value = $.SUBRULE($.list); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('rules')); value = $.SUBRULE($.rules); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('date')); value = $.SUBRULE($.date); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('binders')); value = $.SUBRULE($.binders); } },
        { ALT: () => { word = $.CONSUME(propertyOf.get('backing')); value = $.SUBRULE($.backing); } },
      ]);
      return $.ACTION(() => propertyNode(wordOf(word), value));
    });

    $.RULE('backing', () => {
      const word = wordOf($.CONSUME(Word));
      const value = $.OPTION(() => $.SUBRULE($.expression));
      return $.ACTION(() => propertyNode(word, value));
    });

    $.RULE('extent', () => {
      const base = $.SUBRULE($.expression);
      let extent = base;
      $.OPTION(() => {
        const range = $.CONSUME(Range);
        const bound = $.SUBRULE1($.expression);
        extent = $.ACTION(() => ({ kind: 'extent', start: base.start, end: bound.end, base, inclusive: range.image.length === 3, bound }));
      });
      return extent;
    });

    $.RULE('list', () => {
      const items = [];
      $.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push($.SUBRULE($.expression)) });
      return $.ACTION(() => ({ kind: 'list', ...spanOf(items), items }));
    });

    $.RULE('names', () => {
      const names = [];
      $.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => names.push($.SUBRULE($.path)) });
      return $.ACTION(() => ({ kind: 'names', ...spanOf(names), names }));
    });

    $.RULE('rules', () => {
      const names = [];
      $.AT_LEAST_ONE_SEP({
        SEP: Comma,
        DEF: () => {
          const word = wordOf($.CONSUME(Word));
          names.push(word);
          $.OPTION(() => {
            $.CONSUME(Operator);
            const second = wordOf($.CONSUME1(Word));
            names[names.length - 1] = { kind: 'word', start: word.start, end: second.end, text: `${word.text}/${second.text}` };
          });
        },
      });
      return $.ACTION(() => ({ kind: 'rule-names', ...spanOf(names), names }));
    });

    $.RULE('requirement', () => {
      const name = $.OPTION({
        GATE: () => $.LA(2).tokenType === Colon,
        DEF: () => { const word = wordOf($.CONSUME(Word)); $.CONSUME(Colon); return word; },
      });
      const condition = $.SUBRULE($.expression);
      return $.ACTION(() => ({ kind: 'requirement', start: (name ?? condition).start, end: condition.end, ...(name && { name }), condition }));
    });

    $.RULE('binders', () => {
      const first = wordOf($.CONSUME(Word));
      let value = first;
      $.OPTION(() => {
        $.CONSUME(In);
        const binders = [binderOf(first, wordOf($.CONSUME1(Word)))];
        $.MANY(() => {
          $.CONSUME(Comma);
          const name = wordOf($.CONSUME2(Word));
          $.CONSUME1(In);
          binders.push(binderOf(name, wordOf($.CONSUME3(Word))));
        });
        value = $.ACTION(() => ({ kind: 'binders', ...spanOf(binders), binders }));
      });
      return value;
    });

    $.RULE('expression', () => {
      const operands = [$.SUBRULE($.operand)];
      const operators = [];
      $.MANY(() => {
        operators.push(wordOf($.CONSUME(Operator)));
        operands.push($.SUBRULE1($.operand));
      });
      return operators.length === 0 ? operands[0] : $.ACTION(() => climbed(operands, operators));
    });

    $.RULE('operand', () => $.OR([
      { ALT: () => $.SUBRULE($.number) },
      { ALT: () => $.SUBRULE($.callOrReference) },
      { ALT: () => $.SUBRULE($.group) },
      { ALT: () => $.SUBRULE($.string) },
      { ALT: () => $.SUBRULE($.prefixed) },
    ]));

    $.RULE('prefixed', () => {
      const operator = $.OR([{ ALT: () => wordOf($.CONSUME(Tilde)) }, { ALT: () => wordOf($.CONSUME(Not)) }]);
      const operand = $.SUBRULE($.operand);
      return $.ACTION(() => ({ kind: 'unary', start: operator.start, end: operand.end, operator, operand }));
    });

    $.RULE('number', () => {
      const number = $.OR([
        { ALT: () => $.CONSUME(Digits) },
        { ALT: () => $.CONSUME(Integer) },
        { ALT: () => $.CONSUME(Decimal) },
        { ALT: () => $.CONSUME(Percent) },
      ]);
      return $.ACTION(() => numberOf(number));
    });

    $.RULE('group', () => {
      const open = $.CONSUME(OpenParenthesis);
      const inner = $.SUBRULE($.expression);
      const close = $.CONSUME(CloseParenthesis);
      return { kind: 'group', start: open.startOffset, end: close.startOffset + 1, inner, closed: true };
    });

    $.RULE('callOrReference', () => {
      const callee = $.SUBRULE($.path);
      let value = callee;
      $.OPTION(() => {
        $.CONSUME(OpenParenthesis);
        const args = [];
        $.MANY_SEP({ SEP: Comma, DEF: () => args.push($.SUBRULE($.expression)) });
        const close = $.CONSUME(CloseParenthesis);
        value = $.ACTION(() => ({ kind: 'call', start: callee.start, end: close.startOffset + 1, callee, args, closed: true }));
      });
      return value;
    });

    $.RULE('path', () => {
      const path = [wordOf($.CONSUME(Name))];
      $.MANY(() => {
        $.CONSUME(Point);
        path.push($.SUBRULE($.label));
      });
      return $.ACTION(() => ({ kind: 'reference', ...spanOf(path), path }));
    });

    $.RULE('word', () => wordOf($.CONSUME(Word)));

    $.RULE('label', () => $.OR([{ ALT: () => wordOf($.CONSUME(Digits)) }, { ALT: () => wordOf($.CONSUME(Word)) }]));

    $.RULE('string', () => textOf($.CONSUME(Text)));

    $.RULE('date', () => {
      const date = $.CONSUME(DateText);
      return { kind: 'date', start: date.startOffset, end: date.startOffset + date.image.length, text: date.image };
    });

    $.performSelfAnalysis();
  }
}

// ── Nodes ──

const spanOf = (parts) => ({ start: parts[0].start, end: parts[parts.length - 1].end });

const wordOf = ({ startOffset, image }) => ({ kind: 'word', start: startOffset, end: startOffset + image.length, text: image });

const binderOf = (name, selector) => ({ kind: 'binder', start: name.start, end: selector.end, name, selector });

const propertyNode = (word, value) =>
  value
    ? { kind: 'property', start: word.start, end: value.end, word, value }
    : { kind: 'property', start: word.start, end: word.end, word };

function declarationOf(doc, keyword, name, head, properties, block) {
  const last = block ?? properties[properties.length - 1] ?? head ?? name ?? keyword;
  const node = { kind: 'declaration', start: doc ? doc.startOffset : keyword.start, end: last.end, keyword, properties };
  const lines = doc?.image.split('\n').map((line) => line.trim().replace(/^\/\/\/ ?/, '')).join('\n');
  if (lines) node.doc = lines;
  if (name) node.name = name;
  if (head) node.head = head;
  if (block) node.block = block;
  return node;
}

const BINDING = {
  or: 1, and: 2,
  '==': 4, '!=': 4, '<=': 4, '>=': 4, '<': 4, '>': 4,
  '|': 5, '&': 6, '<<': 7, '>>': 7, '+': 8, '-': 8, '*': 9, '/': 9, '%': 9,
};

/** Operators by how tightly they bind. What `not` takes goes beyond its operand, so it is moved outwards. */
function climbed(operands, operators) {
  let next = 0;
  return climb(0);

  function climb(least) {
    let left = lifted(operands[next]);
    for (;;) {
      const operator = operators[next];
      const binding = operator ? BINDING[operator.text] : 0;
      if (binding <= least) return left;
      next++;
      const right = climb(binding);
      left = { kind: 'binary', start: left.start, end: right.end, operator, left, right };
    }
  }

  function lifted(operand) {
    if (operand.kind !== 'unary' || operand.operator.text !== 'not') return operand;
    operands[next] = operand.operand;
    const inner = climb(3);
    return { kind: 'unary', start: operand.start, end: inner.end, operator: operand.operator, operand: inner };
  }
}

const SHIFTS = { B: 0n, K: 10n, M: 20n, G: 30n, T: 40n, P: 50n, E: 60n };

function numberOf(number) {
  if (number.tokenType === Percent) return percentOf(number);
  return number.tokenType === Decimal ? decimalOf(number) : integerOf(number);
}

function integerOf({ startOffset: start, image }) {
  const end = start + image.length;
  const [, digits, unit] = /^(0x[\da-fA-F_]+|0[bo][\d_]+|[\d_.]+)[ \t]*(\w*)$/.exec(image) ?? [];
  if (!unit) return { kind: 'integer', start, end, value: wholeNumber(image) };
  const letter = unit[0].toUpperCase();
  const exact = letter === 'B' ? 'B' : `${letter}iB`;
  const node = { kind: 'integer', start, end, value: scaled(digits, SHIFTS[letter]), unit: exact };
  if (exact !== unit) node.exact = `${digits} ${exact}`;
  return node;
}

const wholeNumber = (digits) => BigInt(digits.replaceAll('_', ''));

function scaled(digits, shift) {
  if (!digits.includes('.')) return wholeNumber(digits) << shift;
  const [whole, fraction] = digits.replaceAll('_', '').split('.');
  const scale = 10n ** BigInt(fraction.length);
  const numerator = BigInt(whole + fraction) << shift;
  return numerator % scale === 0n ? numerator / scale : undefined;
}

const decimalOf = ({ startOffset, image }) => ({ kind: 'decimal', start: startOffset, end: startOffset + image.length, text: image });

function percentOf({ startOffset, image }) {
  const [whole, fraction = ''] = image.slice(0, -1).replaceAll('_', '').split('.');
  return {
    kind: 'percent',
    start: startOffset,
    end: startOffset + image.length,
    numerator: BigInt(whole + fraction),
    denominator: 100n * 10n ** BigInt(fraction.length),
  };
}

function textOf({ startOffset, image }) {
  if (image.includes('\\')) throw new Error('escapes are not covered');
  return { kind: 'text', start: startOffset, end: startOffset + image.length, value: image.slice(1, -1), closed: true, badEscapes: [] };
}

const parser = new LayoutParser();
