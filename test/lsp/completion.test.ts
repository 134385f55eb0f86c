import assert from 'node:assert/strict';
import { CancellationTokenSource, type CompletionClientCapabilities, type CompletionItem, type CompletionList } from 'vscode-languageserver/node';
import { filesOf, LanguageClient, rangeAt, type StartOptions } from '../support/language-client.js';
import { dedent } from '../support/picture.js';

const URI = 'file:///ws/guests/web.vmlayout';
const TEXT = dedent(`
  const PAGES = 2 * 8 GiB
  host altra {
    arch arm64
    group 14 { device nic "0000:01:00.0" }
  }
  vm web on altra {
    ram low at 0 size PAG
    ra
    assign nic
  }
`);
const CONSTANT = { position: { line: 6, character: 23 } };
const STATEMENT = { position: { line: 7, character: 4 } };

/** What VS Code says that it can, as far as the server asks. */
const ALL: CompletionClientCapabilities = {
  completionItem: {
    snippetSupport: true, commitCharactersSupport: true, documentationFormat: ['markdown', 'plaintext'], deprecatedSupport: true, insertReplaceSupport: true, labelDetailsSupport: true,
    tagSupport: { valueSet: [1] }, resolveSupport: { properties: ['documentation', 'detail'] }, insertTextModeSupport: { valueSet: [1, 2] },
  },
  completionList: { itemDefaults: ['commitCharacters', 'editRange', 'insertTextFormat', 'insertTextMode', 'data'] },
};

const FILES = {
  ...filesOf({ 'file:///ws/hosts/altra.vmlayout': '// Two servers.\nhost altra { }\n', 'file:///ws/my hosts/a.vmlayout': '' }),
  list: () => Promise.resolve(['file:///ws/hosts/altra.vmlayout', 'file:///ws/my%20hosts/a.vmlayout', URI]),
};

describe('completion over the protocol', () => {
  const clients: LanguageClient[] = [];
  async function started(completion: CompletionClientCapabilities, options: Partial<StartOptions> = {}): Promise<LanguageClient> {
    const client = await LanguageClient.start({ params: { capabilities: { textDocument: { completion } } }, files: FILES, ...options });
    clients.push(client);
    return client;
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) {
      await client.stop();
      assert.deepEqual(client.log, []);
    }
  });

  const without = (ability: keyof NonNullable<CompletionClientCapabilities['completionItem']>): CompletionClientCapabilities => {
    const { [ability]: left, ...completionItem } = ALL.completionItem ?? {};
    assert.notEqual(left, undefined);
    return { ...ALL, completionItem };
  };

  async function listed(completion: CompletionClientCapabilities, place: object, text = TEXT): Promise<CompletionList> {
    const client = await started(completion);
    await client.open(URI, text);
    return client.ask<CompletionList>('completion', URI, place);
  }

  async function item(completion: CompletionClientCapabilities, place: object, label: string, text = TEXT): Promise<CompletionItem> {
    const found = (await listed(completion, place, text)).items.find((each) => each.label === label);
    assert.ok(found, `no ${label}`);
    return found;
  }

  describe('for a client that can do everything', () => {
    it('says only what it has to', async () => {
      const constant = await item(ALL, CONSTANT, 'PAGES');
      // Most items of the list are functions with places to fill in.
      assert.deepEqual(constant, { label: 'PAGES', kind: 21, sortText: constant.sortText, insertTextFormat: 1, labelDetails: { detail: ' = 2 * 8 GiB', description: 'const' }, data: constant.data as unknown });
    });

    it('says once where all go, and how most are taken', async () => {
      const list = await listed(ALL, CONSTANT);
      const word = rangeAt(6, 20, 6, 23);
      assert.deepEqual(list.itemDefaults?.editRange, word);
      assert.ok(list.items.every(({ textEdit }) => textEdit === undefined));
      assert.equal(list.itemDefaults?.insertTextFormat, 2);
      const rules = await listed(ALL, { position: { line: 1, character: 7 } }, 'policy p {\n  deny \n}\n');
      assert.deepEqual(rules.itemDefaults?.commitCharacters, [',']);
      assert.ok(rules.items.every(({ commitCharacters }) => commitCharacters === undefined));
    });

    it('explains an item when it is looked at', async () => {
      const client = await started(ALL);
      assert.equal(client.initialized.capabilities.completionProvider?.resolveProvider, true);
      await client.open(URI, TEXT);
      const { items } = await client.ask<CompletionList>('completion', URI, CONSTANT);
      const constant = items.find(({ label }) => label === 'PAGES');
      const resolved = await client.request<CompletionItem>('completionItem/resolve', constant);
      assert.deepEqual(resolved, { ...constant, detail: '16 GiB = 0x4_0000_0000 = 17,179,869,184' });
    });

    it('explains items of the last lists in any order, and leaves older ones as they are', async () => {
      const client = await started(ALL);
      await client.open(URI, TEXT);
      const ask = async (place: object, label: string): Promise<CompletionItem> => {
        const { items } = await client.ask<CompletionList>('completion', URI, place);
        return items.find((each) => each.label === label) ?? { label };
      };
      const forgotten = await ask(CONSTANT, 'PAGES');
      const first = await ask(CONSTANT, 'PAGES');
      await client.change(URI, { range: rangeAt(0, 14, 0, 15), text: '4' });
      const [second, third, fourth] = [await ask(CONSTANT, 'PAGES'), await ask(STATEMENT, 'ram'), await ask(STATEMENT, 'rom')];
      const explain = (asked: CompletionItem): Promise<CompletionItem> => client.request('completionItem/resolve', asked);
      const [a, b, c, d] = await Promise.all([explain(fourth), explain(second), explain(first), explain(third)]);
      assert.deepEqual([a.documentation, d.documentation], [{ kind: 'markdown', value: 'Memory the guest only reads.' }, { kind: 'markdown', value: 'Guest RAM.' }]);
      assert.match(b.detail ?? '', /^32 GiB|^8 GiB/);
      assert.match(c.detail ?? '', /^16 GiB/);
      assert.deepEqual(await explain(forgotten), forgotten);
      assert.deepEqual(await explain({ label: 'x', data: 'of another server' }), { label: 'x', data: 'of another server' });
    });

    it('lets the user choose between inserting and replacing', async () => {
      const list = await listed(ALL, { position: { line: 6, character: 21 } });
      assert.deepEqual(list.itemDefaults?.editRange, { insert: rangeAt(6, 20, 6, 21), replace: rangeAt(6, 20, 6, 23) });
    });

    it('writes snippets with their places, and leaves the indentation to the client', async () => {
      const snippet = await item(ALL, STATEMENT, 'backing with ram from it');
      assert.equal(snippet.insertTextFormat, 2);
      assert.equal(snippet.insertTextMode, 2);
      assert.match(snippet.textEditText ?? '', /^backing \$\{1:ram0\} size .*\nram \$\{4:low1\} at/);
      assert.equal(snippet.documentation, undefined);
    });

    it('strikes out what is deprecated', async () => {
      const text = '/// Deprecated.\nconst OLD = 1\nconst X = \n';
      const place = { position: { line: 2, character: 10 } };
      assert.deepEqual((await item(ALL, place, 'OLD', text)).tags, [1]);
      assert.equal((await item(without('tagSupport'), place, 'OLD', text)).deprecated, true);
    });
  });

  describe('for a client that asks behind a character', () => {
    const place = { position: { line: 0, character: 22 } };
    const text = 'import "lib1.vmlayout"\n';

    it('is silent where the character ends something', async () => {
      const list = await listed(ALL, { ...place, context: { triggerKind: 2, triggerCharacter: '"' } }, text);
      assert.deepEqual(list.items, []);
    });

    it('answers where the user asks there, or types on', async () => {
      for (const context of [{ triggerKind: 1 }, { triggerKind: 3 }, { triggerKind: 1, triggerCharacter: '"' }]) {
        assert.notDeepEqual((await listed(ALL, { ...place, context }, text)).items, []);
      }
    });
  });

  describe('for a client without an ability', () => {
    it('resolving: everything comes at once', async () => {
      const constant = await item(without('resolveSupport'), CONSTANT, 'PAGES');
      assert.equal(constant.detail, '16 GiB = 0x4_0000_0000 = 17,179,869,184');
      assert.equal(constant.data, undefined);
      const keyword = await item(without('resolveSupport'), STATEMENT, 'ram');
      assert.deepEqual(keyword.documentation, { kind: 'markdown', value: 'Guest RAM.' });
      const rule = await item(without('resolveSupport'), { position: { line: 1, character: 7 } }, 'block-split', 'policy p {\n  deny \n}\n');
      assert.deepEqual(`${JSON.stringify(rule.documentation)}`.includes('\\n'), false, 'more than a sentence of each');
    });

    it('snippets: plain text, with the defaults', async () => {
      const list = await listed(without('snippetSupport'), STATEMENT);
      assert.ok(list.items.every(({ insertTextFormat }) => insertTextFormat === undefined));
      assert.ok(list.items.every(({ label, textEditText = label }) => !textEditText.includes('$')));
      const snippet = list.items.find(({ label }) => label === 'map of a region');
      assert.equal(snippet?.textEditText, 'map low-dma to low');
    });

    it('label details: what stands beside the label is the detail', async () => {
      assert.equal((await item(without('labelDetailsSupport'), CONSTANT, 'PAGES')).detail, 'const = 2 * 8 GiB');
    });

    it('commit characters: none', async () => {
      const list = await listed(without('commitCharactersSupport'), { position: { line: 5, character: 10 } });
      assert.ok(list.items.length > 0);
      assert.ok(!JSON.stringify(list).includes('commitCharacters'));
    });

    it('defaults of a list: each item says where it goes', async () => {
      const list = await listed({ ...ALL, completionList: {} }, CONSTANT);
      assert.equal(list.itemDefaults, undefined);
      assert.deepEqual(list.items.find(({ label }) => label === 'PAGES')?.textEdit, { range: rangeAt(6, 20, 6, 23), newText: 'PAGES' });
    });

    it('indentation: the server indents', async () => {
      const snippet = await item(without('insertTextModeSupport'), STATEMENT, 'backing with ram from it');
      assert.match(snippet.textEditText ?? '', /\n {2}ram /);
      assert.equal(snippet.insertTextMode, undefined);
    });

    it('Markdown: plain text', async () => {
      const plain = { ...ALL, completionItem: { ...without('resolveSupport').completionItem, documentationFormat: ['plaintext' as const] } };
      assert.deepEqual((await item(plain, STATEMENT, 'ram')).documentation, { kind: 'plaintext', value: 'Guest RAM.' });
    });

    it('any: labels, words and where they go', async () => {
      const list = await listed({}, STATEMENT);
      const ram = list.items.find(({ label }) => label === 'ram');
      assert.deepEqual(ram, { label: 'ram', kind: 14, sortText: ram?.sortText, textEdit: { range: rangeAt(7, 2, 7, 4), newText: 'ram ' }, documentation: { kind: 'markdown', value: 'Guest RAM.' } });
    });
  });

  describe('of an import', () => {
    const IMPORT = 'import "host"\n';
    const PLACE = { position: { line: 0, character: 10 } };

    it('lists the files of the workspace, and replaces the whole path', async () => {
      const list = await listed(ALL, PLACE, IMPORT);
      assert.deepEqual(list.items.map(({ label }) => label), ['../hosts/altra.vmlayout', '../my hosts/a.vmlayout', ...list.items.map(({ label }) => label).filter((label) => label.startsWith('std:'))]);
      assert.deepEqual(list.itemDefaults?.editRange, { insert: rangeAt(0, 8, 0, 10), replace: rangeAt(0, 8, 0, 12) });
      const plain = await listed({}, PLACE, IMPORT);
      assert.deepEqual(plain.items[0]?.textEdit, { range: rangeAt(0, 8, 0, 12), newText: '../hosts/altra.vmlayout' });
    });

    it('loads a file when it is looked at', async () => {
      const read: string[] = [];
      const client = await started(ALL, { files: { ...FILES, read: (uri) => { read.push(uri); return FILES.read(uri); } } });
      await client.open(URI, IMPORT);
      const { items } = await client.ask<CompletionList>('completion', URI, PLACE);
      assert.ok(!read.includes('file:///ws/hosts/altra.vmlayout'));
      const resolved = await client.request<CompletionItem>('completionItem/resolve', items[0]);
      assert.deepEqual(resolved.documentation, { kind: 'markdown', value: 'Two servers.\n\nhost `altra`' });
    });

    it('asks the client for its files where the server has none', async () => {
      const client = await LanguageClient.start({
        params: { capabilities: { textDocument: { completion: ALL } }, initializationOptions: { readsFiles: true } },
        files: { reads: () => false, read: () => Promise.resolve({ error: 'no' }) },
        answers: { 'vmlayout/listFiles': () => ['vscode-vfs://github/ws/hosts.vmlayout'], 'vmlayout/readFile': () => ({ text: 'host far { }\n' }) },
      });
      clients.push(client);
      const uri = 'vscode-vfs://github/ws/web.vmlayout';
      await client.open(uri, 'import ""\n');
      const { items } = await client.ask<CompletionList>('completion', uri, { position: { line: 0, character: 8 } });
      assert.equal(items[0]?.label, 'hosts.vmlayout');
    });

    it('is refused where the text changes while files are listed', async () => {
      let answer: (uris: string[]) => void = () => undefined;
      const client = await started(ALL, { files: { ...FILES, list: () => new Promise((resolve) => { answer = resolve; }) } });
      await client.open(URI, IMPORT);
      const asked = client.ask('completion', URI, PLACE);
      await client.change(URI, { range: rangeAt(0, 0), text: '\n' });
      answer([]);
      await assert.rejects(asked, { code: -32801 });
    });

    it('is cancelled while files are listed', async () => {
      let answer: (uris: string[]) => void = () => undefined;
      const client = await started(ALL, { files: { ...FILES, list: () => new Promise((resolve) => { answer = resolve; }) } });
      await client.open(URI, IMPORT);
      const source = new CancellationTokenSource();
      const asked = client.request('textDocument/completion', { textDocument: { uri: URI }, ...PLACE }, source.token);
      // What comes behind it is answered meanwhile.
      assert.equal(await client.ask('hover', URI, { position: { line: 1, character: 0 } }), null);
      source.cancel();
      assert.equal(await client.ask('hover', URI, { position: { line: 1, character: 0 } }), null);
      answer([]);
      await assert.rejects(asked, { code: -32800 });
    });
  });
});
