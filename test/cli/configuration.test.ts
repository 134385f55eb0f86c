import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CHECK_FORMATS, readConfiguration } from '../../server/core/rules/configuration.js';
import { Progress } from '../../server/hosts/progress.js';
import { readJson, type JsonValue } from '../../server/core/text/json.js';
import { assertMisuse, inFolder, program, vmlayout } from '../support/command-line.js';
import { violations } from '../support/json-schema.js';
import { outputSchema } from '../support/machine-output.js';

// `vmlayout.json`: which layouts are checked, and how; by the nearest one in or above the folder of each.

const LOOSE = 'vm web {\n  ram low at 0 size 4G\n}\n';

describe('vmlayout.json', () => {
  it('sets levels for what is in its folder and below, and --rule goes before', async () => {
    const files = { 'vmlayout.json': '{ "rules": { "unit-loose": "error" } }', 'in/a.vmlayout': LOOSE, 'in/own/vmlayout.json': '{}', 'in/own/b.vmlayout': LOOSE };
    await inFolder(files, async (folder) => {
      assert.match((await vmlayout(['check', 'in/a.vmlayout'], { folder })).out, /^in\/a\.vmlayout:2:21: error: .*\[unit-loose\]$/m);
      assert.equal((await vmlayout(['check', 'a.vmlayout'], { folder: join(folder, 'in') })).status, 1);
      assert.equal((await vmlayout(['check', 'in/own/b.vmlayout'], { folder })).status, 0);
      assert.equal((await vmlayout(['check', 'in/a.vmlayout', '--rule', 'unit-loose=off'], { folder })).status, 0);
      assert.equal((await vmlayout(['check', '-'], { folder, input: LOOSE })).status, 1);
      assert.equal((await vmlayout(['check', '--fix', 'in/a.vmlayout'], { folder })).status, 0);
    });
  });

  it('says which layouts are checked where a folder, a glob or nothing is named', async () => {
    const files = { 'vmlayout.json': '{ "include": ["./layouts/", "*.vmlayout"], "exclude": ["**/old-*"] }', 'a.vmlayout': '', 'layouts/b.vmlayout': '', 'layouts/old-c.vmlayout': '', 'drafts/d.vmlayout': '' };
    await inFolder(files, async (folder) => {
      const checked = async (...operands: string[]): Promise<string[]> => {
        const { out, err } = await vmlayout(['check', '--format', 'json', ...operands], { folder });
        assert.equal(err, '');
        return (JSON.parse(out) as { files: { path: string }[] }).files.map(({ path }) => path);
      };
      assert.deepEqual(await checked(), ['a.vmlayout', 'layouts/b.vmlayout']);
      assert.deepEqual(await checked('.'), ['a.vmlayout', 'layouts/b.vmlayout']);
      assert.deepEqual(await checked('layouts'), ['layouts/b.vmlayout']);
      assert.deepEqual(await checked('**/*.vmlayout'), ['a.vmlayout', 'layouts/b.vmlayout']);
      assert.deepEqual(await checked('lay*/*'), ['layouts/b.vmlayout']);
      assert.deepEqual(await checked('layouts/old-c.vmlayout', 'drafts/d.vmlayout'), ['layouts/old-c.vmlayout', 'drafts/d.vmlayout']);
      assertMisuse(await vmlayout(['check', 'drafts'], { folder }), 'drafts: vmlayout.json leaves out the only .vmlayout file below it');
      assertMisuse(await vmlayout(['check', 'x'], { folder }), 'x: there is no such file');
      assertMisuse(await vmlayout(['check', 'x*.vmlayout'], { folder }), 'x*.vmlayout: no .vmlayout file matches');
    });
  });

  it('takes a folder for all that is in it, and says where it leaves everything out', async () => {
    for (const include of ['layouts', './layouts', 'layouts/', 'layouts/**']) {
      await inFolder({ 'vmlayout.json': `{ "include": ["${include}"] }`, 'layouts/in/a.vmlayout': LOOSE, 'b.vmlayout': LOOSE }, async (folder) => {
        assert.match((await vmlayout(['check'], { folder })).out, /^layouts\/in\/a\.vmlayout:2:21: warning: .*\n(?:.*\n)*0 errors, 1 warning, 0 notes$/m, include);
      });
    }
    await inFolder({ 'vmlayout.json': '{ "include": ["nothing"] }', 'a.vmlayout': '', 'b.vmlayout': '' }, async (folder) =>
      assertMisuse(await vmlayout(['check'], { folder }), '.: vmlayout.json leaves out all 2 .vmlayout files below it'));
  });

  it('sets the format and the most warnings of a run', async () => {
    await inFolder({ 'vmlayout.json': '{ "format": "github", "maxWarnings": 0 }', 'a.vmlayout': LOOSE }, async (folder) => {
      const { status, out, err } = await vmlayout(['check', 'a.vmlayout'], { folder });
      assert.deepEqual({ status, err }, { status: 1, err: 'vmlayout: more warnings than --max-warnings allows (0)\n' });
      assert.match(out, /^::warning file=a\.vmlayout/);
      assert.equal((await vmlayout(['check', 'a.vmlayout', '--max-warnings', '9'], { folder })).status, 0);
      assert.match((await vmlayout(['check', 'a.vmlayout', '--format', 'text'], { folder })).out, /^a\.vmlayout:2:21: warning: /);
    });
  });

  const wrong: readonly (readonly [text: string, line: string])[] = [
    ['{\n  "ruels": {}\n}', '2:3: there is no field `ruels`; did you mean `rules`?'],
    ['{ "toString": 1 }', '1:3: there is no field `toString`; there are rules, include, exclude, maxWarnings, format'],
    ['{\n  "rules": { "dorbell-overlap": "off" }\n}', '2:14: there is no rule `dorbell-overlap`; did you mean `doorbell-overlap`?'],
    ['{ "rules": { "policy/no-wx": "off" } }', '1:14: `policy/no-wx` is as the policy says it: `require` is an error, `prefer` a warning'],
    ['{ "rules": { "block-split": "loud" } }', '1:29: the level of `block-split` is "error", "warning", "note" or "off"'],
    ['{ "rules": { "block-split": "off", "block-split": "note" } }', '1:36: `block-split` is written twice'],
    ['{ "rules": [] }', '1:12: `rules` is an object: the name of a rule and its level'],
    ['{ "include": "layouts" }', '1:14: `include` is a list of globs, such as ["layouts/**"]'],
    ['{ "exclude": ["a", 7] }', '1:20: `exclude` holds globs, such as "layouts/**"'],
    ['{ "maxWarnings": -1 }', '1:18: `maxWarnings` is a whole number that isn’t negative'],
    ['{ "format": "xml" }', '1:13: `format` is "text", "json", "sarif", "github" or "junit"'],
    ['{ "format": "xml", "a": 1 }', '1:13: `format` is "text", "json", "sarif", "github" or "junit" (and 1 more)'],
    ['[]', '1:1: a configuration is an object, `{ … }`'],
    ['{ "rules": {}, }', '1:16: a name in quotes is missing before `}`'],
    ['{\n  // off\n}', '2:3: JSON has no comments'],
    ['{ "rules": {} "format": "text" }', '1:15: `,` or `}` is missing before `"format"`'],
    ['{ "rules" }', '1:11: `:` is missing behind the name'],
    ['{ "rules": "a\nb" }', '1:12: this string isn’t closed on its line, or has an escape that JSON doesn’t know'],
    ['{ "rules": {', '1:13: the text ends, and a name in quotes is missing'],
    ['{} {}', '1:4: the value has ended, and something follows'],
    ['{ "maxWarnings": 01 }', '1:18: this is no JSON'],
    ['{ "maxWarnings": , }', '1:18: a value is missing before `,`'],
    [`{ "a": ${'['.repeat(200)}`, '1:108: values lie more than 100 deep in each other'],
  ];
  for (const [text, line] of wrong) {
    it(`tells where it is wrong: ${text.slice(0, 60).replaceAll('\n', ' ')}`, async () => {
      await inFolder({ 'vmlayout.json': text, 'in/a.vmlayout': LOOSE }, async (folder) => {
        assertMisuse(await vmlayout(['check', 'in/a.vmlayout'], { folder }), `vmlayout.json:${line}`);
      });
    });
  }

  it('that can’t be read is told', async () => {
    await inFolder({ 'vmlayout.json/x': '', 'a.vmlayout': LOOSE }, async (folder) => assertMisuse(await vmlayout(['check', 'a.vmlayout'], { folder }), 'vmlayout.json: it is a directory'));
  });

  it('is as its schema says, or wrong', () => {
    const schema = outputSchema('vmlayout');
    const texts = ['{}', '{ "$schema": "x", "rules": { "block-split": "off" }, "include": ["a/**"], "exclude": [], "maxWarnings": 3, "format": "sarif" }', ...wrong.map(([text]) => text)];
    for (const text of texts) {
      const isJson = !('message' in readJson(text));
      // To write a field twice is JSON, and only the reader tells it.
      if (!isJson || text.includes('"block-split": "off", "block-split"')) continue;
      assert.equal(readConfiguration(text).problems.length === 0, violations(JSON.parse(text), schema).length === 0, text);
    }
    assert.deepEqual((schema['properties'] as { format: { enum: string[] } }).format.enum, [...CHECK_FORMATS]);
  });

  it('is contributed to the editor', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: { jsonValidation: unknown } };
    assert.deepEqual(contributes.jsonValidation, [{ fileMatch: 'vmlayout.json', url: './docs/schema/vmlayout.schema.json' }]);
  });
});

describe('the reader of JSON', () => {
  it('reads what JSON.parse reads, and refuses what it refuses', () => {
    const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', ':', '0', '.', '\\', 'e', '\n', '\u0001')).map(([text, at, mark]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + mark + text.slice(place + (at % 2));
    });
    fc.assert(fc.property(fc.oneof(fc.json(), damaged), (text) => {
      const read = readJson(text);
      const expected = parsed(text);
      if ('message' in read) assert.equal(expected, undefined, text);
      else assert.deepEqual(plain(read), expected?.value);
    }), { numRuns: 500 });
  });
});

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function plain(value: JsonValue): unknown {
  if (value.kind === 'array') return value.items.map(plain);
  if (value.kind !== 'object') return value.value;
  return Object.fromEntries(value.members.map(({ key, value: member }) => [key.value, plain(member)]));
}

describe('long work', () => {
  const told = (terminal: boolean, milliseconds: number): string[] => {
    const written: string[] = [];
    let now = 0;
    const progress = new Progress({ err: { colour: false, terminal, write: (text) => void written.push(text) } }, 100, () => now);
    for (let count = 0; count < 100; count++) {
      now += milliseconds;
      progress.step();
    }
    progress.end();
    return written;
  };

  it('is told on a terminal, now and then, and the line is taken away', () => {
    const written = told(true, 20);
    assert.equal(written[0], '\r25 of 100 files checked\u001b[K');
    assert.equal(written.at(-1), '\r\u001b[K');
    assert.ok(written.length < 20);
  });

  it('isn’t where nobody watches, or where it isn’t long', () => {
    assert.deepEqual(told(false, 20), []);
    assert.deepEqual(told(true, 1), []);
  });
});

describe('many layouts', function () {
  this.timeout(60_000);

  it('come to the same in several threads, in order', async () => {
    const example = readFileSync('examples/doorbell.vmlayout', 'utf8');
    const text = `${'// padding, so that threads pay\n'.repeat(7_000)}${example}`;
    const files = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.vmlayout`, text.replaceAll('web', name)]));
    await inFolder({ ...files, 'vmlayout.json': '{ "rules": { "doorbell-overlap": "warning" } }' }, async (folder) => {
      const args = ['check', 'c.vmlayout', 'none.vmlayout', 'a.vmlayout', 'b.vmlayout'];
      assert.deepEqual(program(args, { folder }), await vmlayout(args, { folder }));
    });
  });
});
