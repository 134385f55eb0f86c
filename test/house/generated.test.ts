import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rulePage } from '../../server/core/report/rule-page.js';
import { RULES } from '../../server/core/rules/catalogue.js';
import { CHECK_FORMATS, LEVELS } from '../../server/core/rules/configuration.js';
import type { SealedRule } from '../../server/core/rules/rule.js';

// Rule pages and the settings of rules are made from the rules themselves, committed, and compared here.

const FOLDER = 'docs/rules';
const UPDATE = process.env['UPDATE'] === '1';

describe('generated files', () => {
  for (const rule of RULES) {
    it(`the page of ${rule.name} is up to date`, () => checkFile(join(FOLDER, `${rule.name}.md`), rulePage(rule)));
  }

  it('the list of rules is up to date', () => checkFile(join(FOLDER, 'README.md'), listOfRules()));

  it('has no page without a rule', () => {
    const known = new Set(['README.md', ...RULES.map(({ name }) => `${name}.md`)]);
    const strangers = readdirSync(FOLDER).filter((name) => !known.has(name));
    if (UPDATE) for (const name of strangers) rmSync(join(FOLDER, name));
    else assert.deepEqual(strangers, []);
  });

  it('the setting of rules is up to date', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: { configuration: { properties: Record<string, unknown> } } };
    manifest.contributes.configuration.properties['vmlayout.rules'] = setting();
    checkFile('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  });
});

describe('the schema of vmlayout.json', () => {
  it('is up to date', () => checkFile('docs/schema/vmlayout.schema.json', `${JSON.stringify(configurationSchema(), null, 2)}\n`));
});

describe('the catalogue', () => {
  it('and the folder agree', () => {
    const files = readdirSync('server/core/rules').map((name) => name.replace(/\.ts$/, ''));
    const missing = RULES.filter(({ name }) => !files.includes(name));
    assert.deepEqual(missing.map(({ name }) => name), []);
    const defining = files.filter((name) => /define(?:Language)?Rule\(/.test(readFileSync(`server/core/rules/${name}.ts`, 'utf8')) && name !== 'rule');
    assert.deepEqual(defining.sort(), RULES.map(({ name }) => name).sort());
  });

  it('has kebab-case names, each once, and summaries that are sentences', () => {
    assert.equal(new Set(RULES.map(({ name }) => name)).size, RULES.length);
    for (const { name, summary, why } of RULES) {
      assert.match(name, /^[a-z][a-z0-9]*(?:-[a-z]+)*$/);
      assert.match(summary, /^[A-Z`].*\.$/, name);
      assert.ok(why.trim().length > 80, `${name} does not say why`);
    }
  });
});

function checkFile(path: string, expected: string): void {
  const actual = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (actual === expected) return;
  if (!UPDATE) assert.equal(actual, expected, `${path} is out of date: run \`npm run update\``);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path, expected);
}

function listOfRules(): string {
  const groups = [...new Set(RULES.map(({ group }) => group))];
  const rows = (group: string): string[] =>
    RULES.filter((rule) => rule.group === group)
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .map(({ name, level, summary }) => `| [${name}](${name}.md) | ${level} | ${summary} |`);
  const tables = groups.map((group) => [`## ${group[0]?.toUpperCase()}${group.slice(1)}`, '', '| rule | level | finds |', '|---|---|---|', ...rows(group)].join('\n'));
  const levels = 'Each level can be changed: by a [policy](../language.md#policies) in a layout, by a [vmlayout.json](../ci.md#what-is-checked-and-how), by `--rule`,'
    + ' and in the editor by the setting `vmlayout.rules`. A single finding is silenced by a [waiver](../language.md#waivers).';
  const policies = '`policy/NAME` is the requirement of that name in a policy: an error for `require`, a warning for `prefer`.';
  return `${['# Rules', levels, ...tables, policies].join('\n\n')}\n`;
}

/** One property a rule, with its summary, so that the settings editor completes and explains them. */
const setting = (): object => ({
  type: 'object',
  scope: 'resource',
  default: {},
  markdownDescription: '%settings.rules%',
  properties: levelsByRule(),
  additionalProperties: { type: 'string', enum: LEVELS },
});

function levelsByRule(): object {
  const property = ({ summary, level }: SealedRule): object => ({ type: 'string', enum: LEVELS, default: level, description: summary });
  return Object.fromEntries([...RULES].sort((left, right) => (left.name < right.name ? -1 : 1)).map((rule) => [rule.name, property(rule)]));
}

/** What editors complete in a `vmlayout.json`. */
function configurationSchema(): object {
  const globs = (description: string): object => ({ description, type: 'array', items: { type: 'string', pattern: '.' } });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'vmlayout.json',
    description: 'How the layouts in and below a folder are checked, by the command line and by the editor alike.',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { description: 'Where this schema is, for editors that don’t know it.', type: 'string' },
      rules: { description: 'Levels of rules, in place of their defaults. `--rule` and policies in a file have the last word.', type: 'object', additionalProperties: false, properties: levelsByRule() },
      include: globs('The layouts to check where a folder or nothing is named: globs that count from the folder of this file. All if left out.'),
      exclude: globs('Layouts to leave out of those. A file that is named is checked all the same.'),
      maxWarnings: { description: 'A run fails if there are more warnings. It counts where `check` is started in the folder of this file, or below it.', type: 'integer', minimum: 0 },
      format: { description: 'What `check` prints, unless `--format` says otherwise.', enum: CHECK_FORMATS },
    },
  };
}
