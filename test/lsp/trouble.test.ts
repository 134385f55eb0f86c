import assert from 'node:assert/strict';
import { LanguageClient, messageOf, rangeAt } from '../support/language-client.js';

// Crashes and bad input: a clear word, an answer to every request, and the text is still there afterwards.

const URI = 'file:///ws/a.vmlayout';

describe('a server in which something crashes', () => {
  it('says so, answers with nothing, and goes on', async () => {
    let broken = true;
    const today = (): string => {
      if (broken) throw new Error('the clock is broken');
      return '2026-11-22';
    };
    const client = await LanguageClient.start({ today });
    const [remark, ...others] = await client.open(URI, 'vm web {\n  ram a at 0 size 2 MiB\n}\n');
    assert.deepEqual(others, []);
    assert.equal(remark?.severity, 3);
    assert.match(messageOf(remark), /could not be checked/);
    assert.equal(await client.ask('hover', URI, { position: { line: 0, character: 0 } }), null);
    assert.deepEqual(await client.ask('codeAction', URI, { range: rangeAt(0, 0), context: { diagnostics: [] } }), []);
    assert.match(client.log.join('\n'), /checking .* failed: Error: the clock is broken/);

    broken = false;
    const after = await client.change(URI, { range: rangeAt(1, 8, 1, 8), text: '' });
    assert.deepEqual(after.filter((diagnostic) => /could not be checked/.test(messageOf(diagnostic))), []);
    assert.ok(await client.ask('hover', URI, { position: { line: 0, character: 0 } }));
    await client.stop();
  });
});

describe('bad input', () => {
  const texts: Readonly<Record<string, string>> = {
    'braces without their partners': 'vm a {\n  ram b {{{\n}}}}}\nhost c {\n',
    '10,000 parentheses': `const A = ${'('.repeat(10_000)}`,
    '10,000 nested blocks': 'vm a {'.repeat(10_000),
    'a binary file': Array.from({ length: 20_000 }, (_, index) => String.fromCharCode((index * 7919) % 256)).join(''),
    'a very long line': `const A = ${'1 + '.repeat(100_000)}1`,
    'escapes that mean nothing': 'vm a { ram b at 0 size 1 label "\\q\\u{110000}" }',
    'numbers past 2^64': `vm a { ram b at 0x${'f'.repeat(90)} size ${'9'.repeat(90)} }`,
    'a word that is not finished': 'vm web on al',
  };

  for (const [name, text] of Object.entries(texts)) {
    it(`${name}: is told of, and every request is answered`, async () => {
      const client = await LanguageClient.start();
      const diagnostics = await client.open(URI, text);
      assert.ok(diagnostics.length <= 1001);
      for (const method of ['hover', 'completion', 'definition']) await client.ask(method, URI, { position: { line: 0, character: 12 } });
      for (const method of ['documentSymbol', 'foldingRange']) await client.ask(method, URI);
      await client.ask('codeAction', URI, { range: rangeAt(0, 0, 0, 20), context: { diagnostics: [] } });
      await client.change(URI, { range: rangeAt(0, 0), text: '\n' });
      assert.deepEqual(await client.change(URI, { text: 'const A = 1 GiB\nvm web { ram a at 0 size A }\n' }), []);
      await client.stop();
      assert.deepEqual(client.log, []);
    }).timeout(60_000);
  }

  it('a text of more than 16 Mi characters: is told to be too long', async () => {
    const client = await LanguageClient.start();
    const [remark] = await client.open(URI, '/'.repeat(17 * 1024 * 1024));
    assert.match(messageOf(remark), /longer than 16 Mi characters/);
    assert.equal(await client.ask('hover', URI, { position: { line: 0, character: 5 } }), null);
    await client.stop();
  }).timeout(60_000);

  it('more findings than anybody reads: the worst are told, and how many more there are', async () => {
    const client = await LanguageClient.start();
    const rams = Array.from({ length: 1201 }, (_, index) => `  ram r${index} at ${index} * 2 MiB size 4 MiB`);
    const diagnostics = await client.open(URI, `vm web {\n${rams.join('\n')}\n}\n`);
    assert.equal(diagnostics.length, 1001);
    assert.match(messageOf(diagnostics.at(-1)), /^\d+ more findings in a\.vmlayout are not shown$/);
    const notes = Array.from({ length: 1201 }, (_, index) => `const C${index} = 1`);
    const [worst, next] = await client.change(URI, { text: `${notes.join('\n')}\nvm web {\n  ram a at 0 size NOTHING\n}\n` });
    assert.deepEqual([worst?.code, worst?.severity, next?.severity], ['unknown-name', 1, 3]);
    await client.stop();
  });
});
