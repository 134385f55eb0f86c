import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../bench/generator.js';
import { checkGolden, inFolder, program, PROGRAM, vmlayout } from '../support/command-line.js';

// The program as it is shipped, as a process: status, streams, pipes.

const DOORBELL = 'examples/doorbell.vmlayout';
const LONG = Array.from({ length: 4_000 }, (_, index) => `const A${index} = 4G\n`).join('');

describe('the program', function () {
  this.timeout(30_000);

  it('says the same as the command in this process', async () => {
    const { status, out, err } = program(['check', DOORBELL]);
    assert.deepEqual({ status, err }, { status: 1, err: '' });
    checkGolden('doorbell.check.txt', out);
    assert.deepEqual(program(['plan', DOORBELL, '--format', 'json']), await vmlayout(['plan', DOORBELL, '--format', 'json']));
  });

  it('ends with 0, 1 and 2', async () => {
    await inFolder({ 'good.vmlayout': '', 'bad.vmlayout': 'vm {' }, (folder) => {
      assert.deepEqual(program(['check', 'good.vmlayout'], { folder }), { status: 0, out: '0 errors, 0 warnings, 0 notes\n', err: '' });
      assert.equal(program(['check', 'bad.vmlayout'], { folder }).status, 1);
      assert.deepEqual(program(['check', 'none.vmlayout'], { folder }), { status: 2, out: '', err: 'vmlayout: none.vmlayout: there is no such file\n' });
      assert.deepEqual(program(['check', '--nope'], { folder }), { status: 2, out: '', err: 'vmlayout: check: unknown option `--nope` (`vmlayout check --help` lists them)\n' });
    });
  });

  it('keeps compiled code only in a folder that is there, or can be made in one', async () => {
    // Node of this version may not be able to: what stands in for it says where it would.
    const standIn = `require('node:module').enableCompileCache = (folder) => process.stderr.write('kept in ' + folder)`;
    await inFolder({ 'stand-in.cjs': standIn, 'a.vmlayout': '', plain: '' }, (folder) => {
      const keptIn = (cache: string): string => {
        const { status, err } = program(['check', 'a.vmlayout'], { folder }, { NODE_OPTIONS: `--require ${join(folder, 'stand-in.cjs')}`, XDG_CACHE_HOME: cache, HOME: join(folder, 'none') });
        assert.equal(status, 0, err);
        return err;
      };
      assert.equal(keptIn(folder), `kept in ${join(folder, 'vmlayout')}`);
      assert.ok(statSync(join(folder, 'vmlayout')).isDirectory());
      for (const odd of ['/proc', '/proc/self/fd', '/dev/null', join(folder, 'plain'), join(folder, 'none'), '.']) assert.equal(keptIn(odd), '', odd);
    });
  });

  it('reads standard input', () => {
    assert.match(program(['check', '-'], { input: readFileSync(DOORBELL) }).out, /^<stdin>:27:7: error: /);
    assert.equal(program(['check', '-', '--fix'], { input: 'vm web {\n  ram low at 0 size 4G\n}\n' }).out, 'vm web {\n  ram low at 0 size 4 GiB\n}\n');
  });

  it('prints all of a long text into a pipe', async () => {
    await inFolder({ 'long.vmlayout': LONG }, (folder) => {
      const { out } = program(['check', 'long.vmlayout', '--format', 'json'], { folder });
      assert.ok(out.length > 1_000_000);
      assert.equal((JSON.parse(out) as { summary: { warnings: number } }).summary.warnings, 4_000);
    });
  });

  it('forgets the guests of a long file once they are judged', async () => {
    await inFolder({ 'long.vmlayout': layoutOf(30_000) }, (folder) => {
      const { status, out, err } = program(['check', 'long.vmlayout'], { folder }, { NODE_OPTIONS: '--max-old-space-size=60' });
      assert.equal(status, 1, err);
      assert.match(out, /^\d+ errors, \d+ warnings, \d+ notes$/m);
    });
  });

  it('says in a line that what it prints can’t be written', function () {
    if (!existsSync('/dev/full')) this.skip();
    const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$1" check examples/doorbell.vmlayout > /dev/full', process.execPath, PROGRAM], { encoding: 'utf8' });
    assert.deepEqual({ status, stderr }, { status: 2, stderr: 'vmlayout: standard output: it can’t be written (ENOSPC)\n' });
  });

  it('waits for no pipe that lies in a folder', async function () {
    await inFolder({ 'in/a.vmlayout': '' }, (folder) => {
      if (spawnSync('mkfifo', [join(folder, 'in/pipe.vmlayout')]).status !== 0) this.skip();
      const { status } = spawnSync(process.execPath, [PROGRAM, 'check', 'in'], { cwd: folder, timeout: 15_000 });
      assert.equal(status, 0);
    });
  });

  it('takes it calmly if nobody reads on', async () => {
    await inFolder({ 'long.vmlayout': LONG }, async (folder) => {
      const child = spawn(process.execPath, [PROGRAM, 'check', 'long.vmlayout'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      let err = '';
      child.stderr.on('data', (chunk) => (err += String(chunk)));
      child.stdout.once('data', () => child.stdout.destroy());
      const status = await new Promise((resolve) => child.on('close', resolve));
      assert.deepEqual({ status, err }, { status: 0, err: '' });
    });
  });

  it('has no colour in a pipe; on a terminal it has, unless NO_COLOR says no', function () {
    assert.doesNotMatch(program(['check', DOORBELL]).out, /\u001b/);
    const onTerminal = (env: Record<string, string>): string => {
      const { error, stdout } = spawnSync('script', ['-qec', `"${process.execPath}" "${PROGRAM}" check ${DOORBELL}`, '/dev/null'], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '', ...env } });
      if (error) this.skip();
      return stdout;
    };
    assert.match(onTerminal({}), /\u001b\[1;31merror/);
    assert.doesNotMatch(onTerminal({ NO_COLOR: '1' }), /\u001b\[1;31m/);
  });

  it('doesn’t read 100 MB', async () => {
    await inFolder({ 'big.vmlayout': '' }, (folder) => {
      truncateSync(join(folder, 'big.vmlayout'), 100_000_000);
      assert.deepEqual(program(['check', 'big.vmlayout'], { folder }), { status: 2, out: '', err: 'vmlayout: big.vmlayout: it is larger than 16 MiB\n' });
    });
  });

  it('speaks the language server protocol', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const say = (message: object): void => {
      const text = JSON.stringify({ jsonrpc: '2.0', ...message });
      child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    };
    let heard = '';
    const answered = new Promise<void>((resolve) => child.stdout.on('data', (chunk) => (heard += String(chunk)).includes('"id":2') && resolve()));
    say({ id: 1, method: 'initialize', params: { processId: process.pid, rootUri: null, capabilities: {} } });
    say({ method: 'initialized', params: {} });
    say({ id: 2, method: 'shutdown' });
    await answered;
    say({ method: 'exit' });
    assert.equal(await new Promise((resolve) => child.on('exit', resolve)), 0);
    assert.match(heard, /"serverInfo":\{"name":"vmlayout"/);
  });

  it('is one file that can be run', () => {
    assert.match(readFileSync(PROGRAM, 'utf8').slice(0, 40), /^#!\/usr\/bin\/env node\n/);
    if (process.platform !== 'win32') assert.ok((statSync(PROGRAM).mode & 0o111) !== 0);
  });
});
