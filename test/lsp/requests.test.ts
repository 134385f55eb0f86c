import assert from 'node:assert/strict';
import { CancellationTokenSource, type Position, type Range } from 'vscode-languageserver/node';
import type { Files } from '../../server/lsp/connection.js';
import { LanguageClient, rangeAt, SHOWS_ALL } from '../support/language-client.js';
import { offeredRequests, REQUESTS, type Where } from '../support/lsp-requests.js';
import { dedent } from '../support/picture.js';

// Every kind of request: asked in time and out of it, about places that aren't there, called off, and in any company.

const URI = 'file:///ws/web.vmlayout';
const OTHER = 'file:///ws/other.vmlayout';

const TEXT = dedent(`
  import "hosts.vmlayout"
  import "std:machines/x86-pc"

  host altra {
    kernel 6.6
    page 4 KiB
    bits 48
    iommu smmu0 {
      model smmu-v3
      granule 4 KiB
      bits 48
      reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
    }
    group 14 { device nic "0000:01:00.0" }
  }

  vm web on altra {
    backing ram0 size 3 GiB hugetlb 1 GiB
    const SIZE = 3 GiB
    ram low at 0 size max(SIZE, 1 GiB) from ram0
    assign nic
  }

  vm copy on altra like web {   }
`);
/** A place so many characters after the beginning of a word. */
function at(word: string, characters: number): Where {
  const before = TEXT.slice(0, TEXT.indexOf(word)).split('\n');
  return { uri: URI, position: { line: before.length - 1, character: (before.at(-1) ?? '').length + characters }, range: rangeAt(0, 0, 40, 0) };
}

const NAME = at('ram low', 5);

/** Asked at a name, but for those that say something elsewhere. */
const PLACES: Readonly<Record<string, Where>> = {
  'textDocument/signatureHelp': at('max(', 4),
  'textDocument/typeDefinition': at('vm copy', 4),
  'callHierarchy/incomingCalls': at('ram0', 0),
  'textDocument/completion': at('from ram0', 5),
  'textDocument/linkedEditingRange': at('const SIZE', 6),
  'textDocument/onTypeFormatting': at('like web {', 14),
};

const whereOf = (method: string): Where => PLACES[method] ?? NAME;

class Disk implements Files {
  readonly texts = new Map([['file:///ws/hosts.vmlayout', 'host epyc { }\n'], [OTHER, 'vm other { ram low at 0 size 1 GiB }\n']]);
  /** Whoever lists or reads waits for it. */
  gate: Promise<void> = Promise.resolve();

  async read(uri: string): Promise<string | { readonly error: string }> {
    await this.gate;
    return this.texts.get(uri) ?? { error: 'there is no such file' };
  }

  async list(): Promise<readonly string[]> {
    await this.gate;
    return [...this.texts.keys()];
  }

  pause(): Promise<void> {
    return new Promise((resume) => setImmediate(resume));
  }
}

const CAPABILITIES = {
  textDocument: { ...SHOWS_ALL.textDocument, diagnostic: {}, completion: { completionItem: { snippetSupport: true, resolveSupport: { properties: ['documentation'] } } }, definition: { linkSupport: true } },
  workspace: { textDocumentContent: {}, workspaceFolders: true, fileOperations: { willRename: true }, workspaceEdit: { documentChanges: true, resourceOperations: ['create'] } },
};

const METHODS = Object.keys(REQUESTS);

describe('every request', () => {
  let client: LanguageClient;
  let disk: Disk;
  beforeEach(async () => {
    disk = new Disk();
    client = await LanguageClient.start({ files: disk, params: { capabilities: CAPABILITIES } });
  });
  afterEach(async () => {
    assert.deepEqual(client.log, [], 'nothing fails');
    await client.stop();
  });

  const ask = (method: string, where: Where = whereOf(method), on = client): Promise<unknown> => on.request(method, REQUESTS[method]?.(where));

  it('that the server offers is asked here', () => {
    assert.deepEqual(offeredRequests(client.initialized).sort(), [...METHODS].sort());
  });

  for (const method of METHODS) {
    it(`${method}: says something where there is something to say`, async () => {
      await client.openQuietly(URI, TEXT);
      const answer = await ask(method);
      assert.ok(!isNothing(answer), JSON.stringify(answer));
      if (!ECHOES.includes(method)) lieInside(answer, TEXT);
    });

    it(`${method}: has nothing to say of a file that isn’t open yet, is closed, or isn’t there`, async () => {
      const nowhere = { ...whereOf(method), uri: 'file:///ws/nowhere.vmlayout' };
      if (isAboutFile(method)) assert.ok(isNothing(await ask(method, nowhere)), 'not there');
      await client.openQuietly(URI, TEXT);
      await client.close(URI);
      const answer = await ask(method);
      if (isAboutFile(method)) assert.ok(isNothing(answer), JSON.stringify(answer));
    });

    it(`${method}: is answered about an empty and a damaged text, and at places that aren’t there`, async () => {
      const texts = ['', '\n', 'vm a {\n  ram b {{{\n}}}}}\nhost \u{1F4A1} {\r\n', TEXT.slice(0, TEXT.indexOf('from ram0') + 3), TEXT];
      for (const text of texts) {
        await client.openQuietly(URI, text);
        for (const { position, range } of ABSURD) {
          const answer = await ask(method, { uri: URI, position, range }).catch(refusedRename);
          if (!ECHOES.includes(method)) lieInside(answer, text);
        }
        await client.close(URI);
      }
    });

    it(`${method}: may be called off`, async () => {
      await client.openQuietly(URI, TEXT);
      let open = (): void => undefined;
      disk.gate = new Promise((resolve) => (open = resolve));
      const source = new CancellationTokenSource();
      const asked = client.request(method, REQUESTS[method]?.(whereOf(method)), source.token);
      source.cancel();
      open();
      const answer = await asked.catch((error: { code?: number }) => error.code);
      assert.ok(answer === REQUEST_CANCELLED || typeof answer !== 'number', `${answer as number}`);
      assert.ok(await ask('textDocument/hover'));
    });

    it(`${method}: is about the text that it was asked about, though that changes`, async () => {
      await client.openQuietly(URI, TEXT);
      const before = withoutIds(await ask(method));
      let open = (): void => undefined;
      disk.gate = new Promise((resolve) => (open = resolve));
      await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: OTHER, type: 2 }, { uri: 'file:///ws/hosts.vmlayout', type: 2 }] });
      const asked = ask(method).then(withoutIds, ({ code }: { code: number }) => code);
      await client.changeQuietly(URI, { range: rangeAt(0, 0), text: '// one\n// two\n' });
      await ask('textDocument/documentSymbol');
      open();
      const answer = await asked;
      if (typeof answer === 'number') assert.ok([CONTENT_MODIFIED, SERVER_CANCELLED].includes(answer), `${answer}`);
      else if (method === 'vmlayout/map') assert.equal((answer as { version: number }).version, 2, 'this one says which text it is about');
      else if (isAboutFile(method)) assert.deepEqual(answer, before);
    });
  }

  it('is answered, whatever others are outstanding', async () => {
    await client.openQuietly(URI, TEXT);
    const alone = new Map<string, unknown>();
    for (const method of METHODS) alone.set(method, withoutIds(await ask(method)));
    let open = (): void => undefined;
    disk.gate = new Promise((resolve) => (open = resolve));
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: OTHER, type: 2 }] });
    const together = [...METHODS, ...METHODS.toReversed()].map(async (method) => [method, withoutIds(await ask(method))] as const);
    open();
    for (const [method, answer] of await Promise.all(together)) assert.deepEqual(answer, alone.get(method), method);
  });
});

const REQUEST_CANCELLED = -32800;
const CONTENT_MODIFIED = -32801;
const SERVER_CANCELLED = -32802;
const REQUEST_FAILED = -32803;

const HUGE = 2 ** 31 - 1;
const position = (line: number, character: number): Position => ({ line, character });
const ABSURD: readonly { position: Position; range: Range }[] = [
  { position: position(0, 0), range: rangeAt(0, 0) },
  { position: position(1, 999), range: rangeAt(2, 500, 1, 3) },
  { position: position(HUGE, HUGE), range: rangeAt(HUGE, HUGE, HUGE, HUGE) },
  { position: position(-1, -1), range: rangeAt(-5, -5, HUGE, -1) },
  { position: position(0.5, 0.5), range: rangeAt(0.5, 0.5, 1.5, 1.5) },
  { position: position(4, 6), range: rangeAt(9, 2, 0, 0) },
];

/** What is handed back as it came. */
const ECHOES = ['inlayHint/resolve', 'completionItem/resolve'];

/** Those that ask about one file, and of it only where it is open. */
const isAboutFile = (method: string): boolean => !['workspace/', 'vmlayout/formats', 'vmlayout/sniff', 'vmlayout/import', 'vmlayout/explainLog', ...ECHOES].some((other) => method.startsWith(other));

function refusedRename({ code }: { code: number }): null {
  assert.equal(code, REQUEST_FAILED);
  return null;
}

/** Null, no entries, no data: whatever a method answers where there is nothing. */
function isNothing(answer: unknown): boolean {
  if (answer === null || answer === undefined) return true;
  if (Array.isArray(answer)) return answer.length === 0;
  if (typeof answer !== 'object') return false;
  if ('error' in answer) return true;
  const lists = ['items', 'data', 'edits', 'text'].flatMap((name) => (name in answer ? [(answer as Record<string, unknown>)[name]] : []));
  return lists.length > 0 && lists.every((list) => (list as { length: number }).length === 0);
}

/** Result ids count up, and so do lists of completions. */
const withoutIds = (answer: unknown): unknown =>
  (answer === undefined ? undefined : JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key === 'resultId' || isNumbered(key, value) ? undefined : value))));

const isNumbered = (key: string, value: unknown): boolean => key === 'data' && Array.isArray(value) && value.length === 2;

/** Each range in an answer that is about the file lies inside its text, and isn't turned round. */
function lieInside(answer: unknown, text: string, uri: unknown = URI): void {
  if (Array.isArray(answer)) return answer.forEach((one) => lieInside(one, text, uri));
  if (typeof answer !== 'object' || answer === null) return;
  const named = answer as { uri?: unknown; targetUri?: unknown; textDocument?: { uri?: unknown } };
  const own = named.uri ?? named.targetUri ?? named.textDocument?.uri ?? uri;
  if (isRange(answer) && own === URI) {
    const lines = text.split(/\r\n|\n/);
    for (const { line, character } of [answer.start, answer.end]) assert.ok(line >= 0 && line < lines.length && character >= 0 && character <= (lines[line]?.length ?? 0), `${line}:${character} is in no line`);
    assert.ok(answer.start.line < answer.end.line || (answer.start.line === answer.end.line && answer.start.character <= answer.end.character), JSON.stringify(answer));
  }
  for (const [key, value] of Object.entries(answer)) lieInside(value, text, key === 'originSelectionRange' ? URI : own);
}

const isRange = (value: object): value is Range => 'start' in value && 'end' in value && typeof value.start === 'object' && value.start !== null && 'line' in value.start;
