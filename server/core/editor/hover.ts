import { FUNCTIONS } from '../layout/functions.js';
import { RULES } from '../rules/catalogue.js';
import type { Expression } from '../syntax/nodes.js';
import { aboutProperty, DECLARATIONS, PROPERTIES } from '../syntax/vocabulary.js';
import type { Span } from '../text/span.js';
import { cursorAt, inDocument } from './cursor.js';
import type { EditorFile } from './editor-file.js';
import { attachmentsOf, describeElement } from './element-text.js';
import { aboutField } from './field-words.js';
import { meaningAt, type Meaning } from './meaning.js';
import { conditionText, visibleRequirements } from './requirement-names.js';
import { contextOf, deviceOf, type Surroundings } from './surroundings.js';
import { spellingsOf, valueText } from './value-text.js';

/** What is told of the word at the cursor; the span counts in the document. */
export interface Hover extends Span {
  /** Paragraphs of Markdown. */
  readonly paragraphs: readonly string[];
}

export function hoverAt(file: EditorFile, offset: number): Hover | undefined {
  const cursor = cursorAt(file.document, offset);
  const meaning = cursor && meaningAt(file, cursor);
  if (!meaning) return undefined;
  const paragraphs = explain(meaning, file).filter((paragraph) => paragraph !== '');
  return paragraphs.length > 0 ? { ...inDocument(cursor, meaning.span), paragraphs } : undefined;
}

function explain(meaning: Meaning, file: EditorFile): string[] {
  switch (meaning.kind) {
    case 'keyword':
      return [DECLARATIONS[meaning.word]?.about ?? ''];
    case 'property':
      return [aboutProperty(meaning.word, meaning.keyword)];
    case 'fixed':
      return fixedWord(meaning.word, meaning.property);
    case 'element':
      return [...describeElement(meaning.element, meaning.around, file.result), ...attachment(meaning, file)];
    case 'field':
      return field(meaning);
    case 'bound':
      return [`Each \`${meaning.selector}\` that the policy holds for.`];
    case 'bound-field':
      return [aboutField(meaning.name) ?? ''];
    case 'function':
      return functionText(meaning.name);
    case 'rule':
      return ruleText(meaning.name, meaning.around);
    case 'expression':
      return expression(meaning.node, meaning.around);
    case 'import':
      return [`\`${meaning.path}\``];
  }
}

/** The sentence of the property, and what else could stand there. */
function fixedWord(word: string, property: string): string[] {
  const known = PROPERTIES[property];
  const others = (known?.words ?? []).filter((other) => other !== word).map((other) => `\`${other}\``);
  return [known?.about ?? '', others.length > 0 ? `Instead of \`${word}\`: ${others.join(', ')}.` : ''];
}

/** Of a device in an `assign` also what becomes of it there. */
function attachment({ element, around }: Extract<Meaning, { kind: 'element' }>, { result }: EditorFile): string[] {
  if (element.keyword !== 'device' || around.element?.keyword !== 'assign') return [];
  const assigned = around.element.parent?.children.find((child) => child.keyword === 'assign' && deviceOf(child) === element.name);
  return assigned ? attachmentsOf(assigned, result) : [];
}

function field({ owner, name, around }: Extract<Meaning, { kind: 'field' }>): string[] {
  const thing = around.evaluator.thing(owner);
  const value = thing.type === 'thing' ? thing.thing.field(name) : undefined;
  const text = value ? valueText(value) : '';
  return [`\`${owner.name}.${name}\`${text === '' ? '' : ` = ${text}`}`, aboutField(name) ?? ''];
}

function functionText(name: string): string[] {
  const known = FUNCTIONS.get(name);
  return known ? [code(known.signature), known.about] : [];
}

function ruleText(name: string, around: Surroundings): string[] {
  const rule = RULES.find((candidate) => candidate.name === name);
  if (rule) return [`**${rule.name}** (${rule.level})`, rule.summary];
  const requirement = visibleRequirements(around.origin.path, around).find((candidate) => candidate.rule === name);
  return requirement ? [code(`${requirement.verb} ${conditionText(requirement)}`), requirement.because ?? ''] : [];
}

/** A number that can be written in one way only needs no explanation. */
function expression(node: Expression, around: Surroundings): string[] {
  const value = around.evaluator.evaluate(node, contextOf(around));
  const isNumber = node.kind === 'integer' || node.kind === 'decimal' || node.kind === 'percent';
  return isNumber && spellingsOf(value).length < 2 ? [] : [valueText(value)];
}

const code = (text: string): string => `\`\`\`vmlayout\n${text}\n\`\`\``;
