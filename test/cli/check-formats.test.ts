import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyEdits } from '../../server/core/text/text-edit.js';
import { LineIndex } from '../../server/core/text/line-index.js';
import { inFolder, vmlayout } from '../support/command-line.js';
import { violations } from '../support/json-schema.js';
import { outputSchema, REPORTED, schemaAt } from '../support/machine-output.js';

// The same findings in every format: nothing is lost on the way to a machine.

interface Region {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

interface Place {
  readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region: Region };
}

interface Sarif {
  readonly runs: readonly {
    readonly columnKind: string;
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly help: { readonly markdown: string } }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly Place[];
      readonly relatedLocations: readonly Place[];
      readonly fixes: readonly { readonly description: { readonly text: string }; readonly artifactChanges: readonly { readonly replacements: readonly { readonly deletedRegion: Region; readonly insertedContent: { readonly text: string } }[] }[] }[];
      readonly suppressions: readonly { readonly justification: string }[];
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
  }[];
}

interface Json {
  readonly files: readonly {
    readonly path: string;
    readonly diagnostics: readonly { readonly rule: string; readonly severity: string; readonly message: string; readonly range: { readonly start: { readonly line: number; readonly character: number } }; readonly fixes?: readonly { readonly title: string }[] }[];
  }[];
}

/** What all formats say of the same files, made once. */
let json: Json;
let sarif: Sarif;
let github: string;
let junit: string;

before(async function () {
  this.timeout(30_000);
  await inFolder(REPORTED, async (folder) => {
    const printed = async (format: string): Promise<string> => {
      const { status, out } = await vmlayout(['check', '.', '--format', format], { folder });
      assert.equal(status, 1);
      return out;
    };
    json = JSON.parse(await printed('json')) as Json;
    sarif = JSON.parse(await printed('sarif')) as Sarif;
    github = await printed('github');
    junit = await printed('junit');
  });
});

const told = (): string[] =>
  json.files.flatMap(({ path, diagnostics }) => diagnostics.map(({ rule, severity, message, range: { start } }) => `${path}:${start.line + 1}:${start.character + 1} ${severity} ${rule} ${message}`));

describe('check --format json', () => {
  it('is as its schema says', () => assert.deepEqual(violations(json, outputSchema('check')), []));
});

describe('check --format sarif', () => {
  it('is SARIF 2.1.0', () => assert.deepEqual(violations(sarif, schemaAt('test/data/schema/sarif-2.1.0.json')), []));

  it('holds every finding, at its place', () => {
    const results = sarif.runs.flatMap(({ results: all }) => all).filter(({ suppressions }) => suppressions.length === 0);
    const lines = results.map(({ ruleId, level, message, locations: [place] }) => {
      assert.ok(place);
      const { artifactLocation, region } = place.physicalLocation;
      return `${decodeURIComponent(artifactLocation.uri)}:${region.startLine}:${region.startColumn} ${level} ${ruleId} ${message.text}`;
    });
    assert.deepEqual(lines, told());
    assert.equal(sarif.runs[0]?.columnKind, 'utf16CodeUnits');
  });

  it('describes the rules that have something to tell, with their pages', () => {
    const [run] = sarif.runs;
    const rules = run?.tool.driver.rules ?? [];
    for (const { ruleId, ruleIndex } of run?.results ?? []) assert.equal(rules[ruleIndex]?.id, ruleId);
    for (const { id, help } of rules) assert.ok(help.markdown.startsWith(`# ${id}\n`));
    assert.deepEqual(new Set(rules.map(({ id }) => id)), new Set(run?.results.map(({ ruleId }) => ruleId)));
  });

  it('has fixes that mend the text where they are applied', () => {
    const [loose] = sarif.runs[0]?.results.filter(({ ruleId, locations }) => ruleId === 'unit-loose' && locations[0]?.physicalLocation.artifactLocation.uri === 'loose.vmlayout') ?? [];
    const text = REPORTED['loose.vmlayout'] ?? '';
    const lines = new LineIndex(text);
    const replacements = loose?.fixes[0]?.artifactChanges[0]?.replacements ?? [];
    const edits = replacements.map(({ deletedRegion: at, insertedContent }) => ({
      start: lines.startOf(at.startLine - 1) + at.startColumn - 1,
      end: lines.startOf(at.endLine - 1) + at.endColumn - 1,
      newText: insertedContent.text,
    }));
    assert.equal(applyEdits(text, edits), text.replace('4G', '4 GiB'));
  });

  it('tells what is waived as a result with its reason', async () => {
    const { out } = await vmlayout(['check', 'examples/policy.vmlayout', '--format', 'sarif']);
    const { results } = (JSON.parse(out) as Sarif).runs[0] ?? { results: [] };
    const waived = results.filter(({ suppressions }) => suppressions.length > 0);
    assert.deepEqual(waived.map(({ ruleId, suppressions }) => `${ruleId}: ${suppressions[0]?.justification}`), ['hotplug-device: plugged only after a restart (until 2027-06-30)']);
  });

  it('has fingerprints of their own that stay when lines come and go elsewhere', async () => {
    const prints = async (text: string): Promise<string[]> => {
      const { out } = await vmlayout(['check', '-', '--format', 'sarif'], { input: text });
      return (JSON.parse(out) as Sarif).runs.flatMap(({ results }) => results.map(({ partialFingerprints }) => partialFingerprints['vmlayoutFinding/v1'] ?? ''));
    };
    const text = 'vm web {\n  ram low at 0 size 4G\n  ram low at 0 size 4G\n}\n';
    const before = await prints(text);
    assert.equal(new Set(before).size, before.length);
    assert.deepEqual(await prints(`// one more\n\n${text.replaceAll('  ram', '\tram')}`), before);
  });

  it('names absolute paths and the shipped library by URIs of their own', async () => {
    await inFolder({ 'a b.vmlayout': 'vm web { ram low at 0 size 4G }\n' }, async (folder) => {
      const { out } = await vmlayout(['check', join(folder, 'a b.vmlayout'), '--format', 'sarif']);
      assert.ok(out.includes(`"uri": "file://${folder}/a%20b.vmlayout"`));
    });
  });
});

describe('check --format github', () => {
  const command = /^::(error|warning|notice) file=([^,:]+),line=(\d+),endLine=\d+(?:,col=(\d+),endColumn=\d+)?,title=vmlayout%3A ([^:,]+)::([^\n\r]+)$/;
  const plain = (text: string): string => text.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');

  it('is a workflow command a finding, and a last line for the log', () => {
    const lines = github.trimEnd().split('\n');
    assert.match(lines.pop() ?? '', /^\d+ errors, \d+ warnings, \d+ notes$/);
    const shown = lines.map((line) => {
      const [, word = '', file = '', number, , rule = '', message = ''] = command.exec(line) ?? assert.fail(line);
      return `${plain(file)}:${number} ${word === 'notice' ? 'note' : word} ${rule} ${plain(message).split('\n')[0]}`;
    });
    const expected = told().map((line) => line.replace(/^(.*?:\d+):\d+ /, '$1 ').replace(/[\u0000-\u0008\u000b-\u001f]/g, (code) => String.fromCharCode(0x2400 + code.charCodeAt(0))));
    assert.deepEqual(shown, expected);
  });

  it('lets no name and no text end a command early', () => {
    assert.match(github, /^::warning file=a b%2Cc%3Ad%25\.vmlayout,line=2,/m);
    assert.match(github, /%0Afix: /);
  });
});

describe('check --format junit', () => {
  it('is well-formed, and counts what is in it', () => {
    checkWellFormed(junit);
    const count = (tag: string): number => [...junit.matchAll(new RegExp(`<${tag}[ >/]`, 'g'))].length;
    const all = /<testsuites name="vmlayout" tests="(\d+)" failures="(\d+)" errors="0">/.exec(junit);
    assert.deepEqual([Number(all?.[1]), Number(all?.[2])], [count('testcase'), count('failure')]);
    assert.equal(count('failure'), told().filter((line) => / error /.test(line.replace(/:\d+:\d+ (\w+) .*/, ' $1 '))).length);
    assert.equal(count('testsuite'), Object.keys(REPORTED).length);
  });

  it('takes warnings for passed, and what is waived for skipped', async () => {
    const { out, status } = await vmlayout(['check', '-', '--format', 'junit'], { input: REPORTED['loose.vmlayout'] ?? '' });
    assert.equal(status, 0);
    assert.match(out, /tests="\d+" failures="0"[^]*<system-out>[^]*unit/);
    const policy = await vmlayout(['check', 'examples/policy.vmlayout', '--format', 'junit']);
    assert.match(policy.out, /<skipped message="waived because plugged only after a restart: /);
  });

  it('has a case that passed where there is nothing to tell', async () => {
    const { out } = await vmlayout(['check', '-', '--format', 'junit'], { input: '' });
    assert.match(out, /tests="1" failures="0" errors="0" skipped="0">\n {4}<testcase classname="&lt;stdin&gt;" name="check"\/>\n/);
  });
});

describe('check, whatever the format', () => {
  it('ends with the same status', async () => {
    for (const format of ['text', 'json', 'sarif', 'github', 'junit']) {
      assert.equal((await vmlayout(['check', '-', '--format', format], { input: REPORTED['loose.vmlayout'] ?? '' })).status, 0, format);
      assert.equal((await vmlayout(['check', '-', '--format', format, '--max-warnings', '1'], { input: REPORTED['loose.vmlayout'] ?? '' })).status, 1, format);
    }
  });

  it('gives the lines to the problem matcher of the editor', async () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: { problemMatchers: readonly { name: string; pattern: { regexp: string; file: number; line: number; column: number; severity: number; message: number; code: number } }[] } };
    const { pattern } = contributes.problemMatchers.find(({ name }) => name === 'vmlayout') ?? assert.fail();
    await inFolder(REPORTED, async (folder) => {
      const { out } = await vmlayout(['check', '.'], { folder });
      const found = out.split('\n').flatMap((line) => {
        const match = new RegExp(pattern.regexp).exec(line);
        return match ? [`${match[pattern.file]}:${match[pattern.line]}:${match[pattern.column]} ${match[pattern.severity]} ${match[pattern.code]} ${match[pattern.message]}`] : [];
      });
      assert.deepEqual(found, told().map((line) => line.replace(/[\u0000-\u0008\u000b-\u001f]/g, (code) => String.fromCharCode(0x2400 + code.charCodeAt(0)))));
    });
  }).timeout(30_000);
});

/** Tags are closed in order, attributes are quoted, and nothing stands where no XML may have it. */
function checkWellFormed(xml: string): void {
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f]|&(?!(?:amp|lt|gt|quot|#\d+);)/);
  const open: string[] = [];
  for (const [tag, close, name = '', attributes = '', alone] of xml.replace(/^<\?xml [^?]*\?>/, '').matchAll(/<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|</g)) {
    assert.notEqual(tag, '<');
    if (close) assert.equal(open.pop(), name);
    else if (!alone) open.push(name);
    assert.ok(!close || attributes === '');
  }
  assert.deepEqual(open, []);
}
