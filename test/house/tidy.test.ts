import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

// The house as a test: what is committed is small, named well, and free of what belongs to a machine.

const FILE_LINES = 360;
const FUNCTION_LINES = 100;

describe('the house is tidy', () => {
  it('has files that are read in one sitting', () => {
    const long = sources().filter(({ text }) => text.split('\n').length > FILE_LINES);
    assert.deepEqual(long.map(({ path }) => path), []);
  });

  it('has no function past a hundred lines, and a median of about ten', () => {
    const lengths = sources().flatMap(({ path, text }) => functionsIn(path, text));
    assert.deepEqual(lengths.filter(({ lines }) => lines > FUNCTION_LINES), []);
    const sorted = lengths.map(({ lines }) => lines).sort((left, right) => left - right);
    assert.ok((sorted[sorted.length >> 1] ?? 0) <= 12, `the median function has ${sorted[sorted.length >> 1]} lines`);
  });

  it('names no file after nothing', () => {
    const vague = committed().filter((path) => /(?:^|\/)(?:utils?|helpers?|common|misc|types)\.[a-z]+$/.test(path));
    assert.deepEqual(vague, []);
  });

  it('leaves nothing to do in a comment', () => {
    const left = sources().filter(({ text }) => /\b(?:TODO|FIXME|XXX)\b/.test(text));
    assert.deepEqual(left.map(({ path }) => path), []);
  });

  it('focuses no test', () => {
    const focused = committed().filter((path) => path.endsWith('.test.ts') && /\b(?:it|describe)\.only\(/.test(readFileSync(path, 'utf8')));
    assert.deepEqual(focused, []);
  });

  it('holds no path of a machine and no registry', () => {
    const pattern = new RegExp(['/work/', '/home/[a-z]', '/Users/[A-Za-z]', 'registry\\.npmjs', '"resolved"'].join('|'));
    const found = texts().filter(({ path, text }) => !path.startsWith('test/data/') && path !== 'test/house/tidy.test.ts' && pattern.test(text));
    assert.deepEqual(found.map(({ path }) => path), []);
  });

  it('has one title in each page, and no link that leads nowhere', () => {
    for (const { path, text } of texts().filter((file) => file.path.endsWith('.md'))) {
      const prose = text.replace(/```[^]*?```/g, '');
      assert.equal([...prose.matchAll(/^# /gm)].length, 1, `${path} has not one title`);
      for (const [, target = '', heading] of prose.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const page = target === '' ? path : join(dirname(path), target);
        assert.ok(existsSync(page), `${path} links to ${target}`);
        if (heading !== undefined) assert.ok(headingsOf(page).includes(heading), `${path} links to ${target}#${heading}`);
      }
    }
  });
});

/** The headings of a page, as links write them. */
const headingsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').replace(/```[^]*?```/g, '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(/[^\w -]/g, '').replaceAll(' ', '-'));

function committed(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return listed.split('\n').filter((path) => path !== '' && existsSync(path));
}

const texts = (): { path: string; text: string }[] =>
  committed()
    .filter((path) => /\.(?:ts|mjs|json|md|peggy|vmlayout|txt)$|^\.ci\/run$/.test(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

const sources = (): { path: string; text: string }[] => texts().filter(({ path }) => /^(?:server|client)\/.*\.(?:ts|mjs)$/.test(path));

function functionsIn(path: string, text: string): { name: string; lines: number }[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const found: { name: string; lines: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isArrowFunction(node) || ts.isFunctionExpression(node)) {
      const first = file.getLineAndCharacterOfPosition(node.getStart()).line;
      const last = file.getLineAndCharacterOfPosition(node.getEnd()).line;
      found.push({ name: `${path}:${first + 1}`, lines: last - first + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
