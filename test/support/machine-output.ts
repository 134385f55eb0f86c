import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokenFiles, exampleFiles, sample } from './texts.js';
import type { Schema } from './json-schema.js';

/** Layouts with something of everything to tell, as files of one folder. */
export const REPORTED: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...exampleFiles(),
    ...brokenFiles(),
    { name: 'sample.vmlayout', text: sample() },
    { name: 'broken.vmlayout', text: 'vm web {\n  ram low at 0 siz\n}\n' },
    { name: 'loose.vmlayout', text: 'vm web {\n  ram low at 0 size 4G\n  ram high at 8g size 512M\n}\n' },
    { name: 'a b,c:d%.vmlayout', text: '\tvm "w\u0001" {\n/* 💡 */ ram low at 0 size 4G } <&>\n' },
  ].map(({ name, text }) => [name, text]),
);

export const schemaAt = (path: string): Schema => JSON.parse(readFileSync(path, 'utf8')) as Schema;

export const outputSchema = (name: string): Schema => schemaAt(join('docs/schema', `${name}.schema.json`));
