import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { RULES } from '../../server/core/rules/catalogue.js';
import { readPicture } from './picture.js';

/** Texts that properties run over. */

/** The sample of the language reference. */
export const sample = (): string => readFileSync('test/data/sample.vmlayout', 'utf8');

/** Layouts a user would start from. */
export function exampleFiles(): { name: string; text: string }[] {
  return readdirSync('examples')
    .filter((name) => name.endsWith('.vmlayout'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join('examples', name), 'utf8') }));
}

/** Texts with damage in them. */
export function brokenFiles(): { name: string; text: string }[] {
  return readdirSync('test/data/broken')
    .sort()
    .map((name) => ({ name, text: readFileSync(join('test/data/broken', name), 'utf8') }));
}

/** Every text there is: the sample, the examples, broken files, and the examples of all rules. */
export function allTexts(): { name: string; text: string }[] {
  const rules = RULES.flatMap((rule) => rule.examples.map((example, index) => ({ name: `${rule.name} ${index}`, text: readPicture(example.text).text })));
  return [{ name: 'sample', text: sample() }, ...exampleFiles(), ...brokenFiles(), ...rules];
}

const WORDS = [
  'vm', 'host', 'ram', 'low', 'at', 'size', 'from', 'const', 'policy', 'import', 'require', 'for', 'r in ram', 'because', 'until',
  '0x1000', '1 GiB', '4G', '90%', '..=', '..', '+', '-', '*', '(', ')', '{', '}', '[', '"', '"x"', '//', '///', '/*', '*/', '\n', '\n', ' ', ' ',
  ';', ',', '.', ':', '=', '==', '<', 'not', 'and', '~', '\\', '\u{1F4A1}', '\u0000', '\r\n', '2027-01-01', 'deny', 'on', 'like', 'bar', 'backing hugetlb 1 GiB',
];

/** Texts made of the language's own pieces, put together without sense. */
export const nonsense: fc.Arbitrary<string> = fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join(' '));
