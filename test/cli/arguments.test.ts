import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { RULES } from '../../server/core/rules/catalogue.js';
import { rulePage } from '../../server/core/report/rule-page.js';
import { VERSION } from '../../server/hosts/version.js';
import { assertMisuse, checkGolden, vmlayout } from '../support/command-line.js';

// What is asked for, and what is said where it can't be understood: one line, and status 2.

describe('the command line', () => {
  it('tells its version, which is that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    assert.equal(VERSION, version);
    assert.deepEqual(await vmlayout(['--version']), { status: 0, out: `vmlayout ${version}\n`, err: '' });
  });

  it('helps with everything, in lines that fit', async () => {
    const pages = await Promise.all([['--help'], ...(await commands()).map((command) => [command, '--help'])].map((args) => vmlayout(args)));
    for (const { status, err } of pages) assert.deepEqual({ status, err }, { status: 0, err: '' });
    const text = pages.map(({ out }) => out).join('\n');
    assert.deepEqual(text.split('\n').filter((line) => line.length > 120 && !line.startsWith('      ')), []);
    checkGolden('help.txt', text.replace(/\nThe rules:\n[^]*?(?=\n {2}--)/, '\nThe rules: …\n'));
    assert.deepEqual((await vmlayout(['-h'])).out, (await vmlayout(['--help'])).out);
  });

  it('shows its help to whoever gives no command', async () => {
    const { status, out, err } = await vmlayout([]);
    assert.deepEqual({ status, err }, { status: 2, err: 'vmlayout: which command?\n' });
    assert.equal(out, (await vmlayout(['--help'])).out);
  });

  for (const [kind, word] of [['command', 'fly'], ['option', '--verbose']] as const) {
    it(`says which commands there are: ${word}`, async () =>
      assertMisuse(await vmlayout([word]), `unknown ${kind} \`${word}\`; there are ${(await commands()).join(', ')}`));
  }

  const misuse: readonly (readonly [line: string, ...args: string[]])[] = [
    ['unknown command `chekc`; did you mean `vmlayout check`?', 'chekc'],
    ['unknown command `web.vmlayout`; did you mean `vmlayout check web.vmlayout`?', 'web.vmlayout'],
    ['check: which files? (`-` is standard input)', 'check'],
    ['check: unknown option `--fromat`; did you mean `--format`?', 'check', '--fromat', 'json'],
    ['check: unknown option `-x` (`vmlayout check --help` lists them)', 'check', '-x'],
    ['check: `--format` is text, json, sarif, github or junit, not `xml`', 'check', '--format', 'xml', '-'],
    ['check: `--format` has no value (text|json|sarif|github|junit)', 'check', '-', '--format'],
    ['check: `--fix` takes no value', 'check', '--fix=yes', '-'],
    ['check: `--format` is given twice', 'check', '--format', 'text', '--format', 'json', '-'],
    ['check: `--max-warnings` asks for a number, not `-1`', 'check', '--max-warnings=-1', '-'],
    ['check: `--today` asks for a date such as 2026-11-22, not `2026-02-30`', 'check', '--today', '2026-02-30', '-'],
    ['check: `--today` asks for a date such as 2026-11-22, not `tomorrow`', 'check', '--today', 'tomorrow', '-'],
    ['check: `--rule` asks for RULE=LEVEL, not `block-split`', 'check', '--rule', 'block-split', '-'],
    ['check: there is no rule `blok-split`; did you mean `block-split`?', 'check', '--rule', 'blok-split=off', '-'],
    ['check: the level of `block-split` is error, warning, note or off, not `loud`', 'check', '--rule', 'block-split=loud', '-'],
    ['check: `policy/no-wx` is as the policy says it: `require` is an error, `prefer` a warning', 'check', '--rule', 'policy/no-wx=off', '-'],
    ['explain: which rule? (`vmlayout explain --help` lists them)', 'explain'],
    ['explain: there is no rule `dorbell-overlap`; did you mean `doorbell-overlap`?', 'explain', 'dorbell-overlap'],
    ['explain: one rule at a time', 'explain', 'doorbell-overlap', 'block-split'],
    ['lsp: takes no file, and here is `web.vmlayout`', 'lsp', 'web.vmlayout'],
  ];
  for (const [line, ...args] of misuse) {
    it(`misuse: ${args.join(' ')}`, async () => assertMisuse(await vmlayout(args), line));
  }
});

describe('vmlayout explain', () => {
  it('prints the page of every rule', async () => {
    for (const rule of RULES) assert.deepEqual(await vmlayout(['explain', rule.name]), { status: 0, out: rulePage(rule), err: '' });
  });

  it('lists the rules in its help', async () => {
    const { out } = await vmlayout(['explain', '--help']);
    for (const { name, summary } of RULES) assert.ok(out.includes(`\n  ${name}\n      ${summary}\n`), name);
  });

  it('knows what a requirement of a policy is', async () => {
    assert.match((await vmlayout(['explain', 'policy/no-wx'])).out, /^# policy\/no-wx\n/);
  });
});

/** The commands that help lists. */
async function commands(): Promise<string[]> {
  const { out } = await vmlayout(['--help']);
  const names = [...out.matchAll(/^ {2}vmlayout ([a-z]+)/gm)].map(([, name = '']) => name);
  assert.ok(names.includes('check'), out);
  return names;
}
