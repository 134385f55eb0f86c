import assert from 'node:assert/strict';
import { filesOf, LanguageClient, messageOf } from '../support/language-client.js';

const MAIN = 'memfs:/ws/main.vmlayout';
const TEXT = 'import "host.vmlayout"\nvm web on epyc { }\n';

/** A host of the server that reaches what is on disk only. */
const disk = { ...filesOf({ 'file:///ws/host.vmlayout': 'host epyc { }\n' }), reads: (uri: string) => uri.startsWith('file:') };

const start = (offered: boolean, answers: Readonly<Record<string, (params: never) => unknown>>): Promise<LanguageClient> =>
  LanguageClient.start({ files: disk, answers, params: { workspaceFolders: [{ uri: 'memfs:/ws', name: 'ws' }], initializationOptions: { readsFiles: offered } } });

describe('files that the client reads', () => {
  it('are those that the host of the server can’t reach', async () => {
    const asked: string[] = [];
    const client = await start(true, {
      'vmlayout/readFile': ({ uri }: { uri: string }) => (asked.push(uri), uri.endsWith('/host.vmlayout') ? { text: 'host epyc { }\n' } : { error: 'there is no such file' }),
    });
    assert.deepEqual(await settled(client, MAIN, TEXT), []);
    assert.deepEqual(await settled(client, 'file:///ws/main.vmlayout', TEXT), []);
    assert.ok(asked.includes('memfs:/ws/host.vmlayout') && asked.every((uri) => uri.startsWith('memfs:')), asked.join());
    await client.stop();
  });

  it('may be missing, or answered with nonsense', async () => {
    for (const [answer, message] of [[{ error: 'it is a directory' }, /it is a directory/], [42, /it can’t be read/], [null, /it can’t be read/]] as const) {
      const client = await start(true, { 'vmlayout/readFile': () => answer });
      assert.match((await settled(client, MAIN, 'import "host.vmlayout"\n')).join('\n'), message);
      await client.stop();
    }
  });

  it('are not asked of a client that doesn’t offer them', async () => {
    const asked: string[] = [];
    const client = await start(false, { 'vmlayout/readFile': ({ uri }: { uri: string }) => void asked.push(uri) });
    await settled(client, MAIN, 'import "host.vmlayout"\n');
    assert.deepEqual(asked, []);
    await client.stop();
  });

  it('are listed by it, so that names of the whole workspace are found', async () => {
    const client = await start(true, {
      'vmlayout/readFile': () => ({ text: 'host epyc { }\n' }),
      'vmlayout/listFiles': ({ folder }: { folder: string }) => [`${folder}in/a.vmlayout`, 7],
    });
    const found = await client.request<{ name: string; location: { uri: string } }[]>('workspace/symbol', { query: 'epyc' });
    assert.deepEqual(found.map(({ name, location }) => [name, location.uri]), [['epyc', 'memfs:/ws/in/a.vmlayout']]);
    await client.stop();
  });
});

/** What is told of a text once its imports are read. */
async function settled(client: LanguageClient, uri: string, text: string): Promise<string[]> {
  await client.open(uri, text);
  await client.request('vmlayout/map', { uri });
  return (client.history.findLast((published) => published.uri === uri)?.diagnostics ?? []).map(messageOf);
}
