import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { CancellationTokenSource, type DocumentDiagnosticReport, type WorkspaceDiagnosticReport } from 'vscode-languageserver/node';
import type { Files } from '../../server/lsp/connection.js';
import { LanguageClient, rangeAt, SHOWS_ALL } from '../support/language-client.js';
import { REQUESTS } from '../support/lsp-requests.js';

// Edits, requests and their cancellation in any order, none waiting for another: nothing fails, everything is answered, and what is
// told in the end is what a server tells that sees the last texts only.

const HOSTS = 'file:///ws/hosts.vmlayout';
const WEB = 'file:///ws/web.vmlayout';
const DISK = 'file:///ws/disk.vmlayout';
const URIS = [HOSTS, WEB, DISK, 'untitled:Untitled-1'] as const;

const TEXTS = [
  'host box {\n  page 4 KiB\n}\n',
  'host other {\n  bits 48\n}\nconst N = 1 GiB\n',
  'import "hosts.vmlayout"\n\nvm web on box {\n  ram low at 0 size 4G\n  ram b at 2 GiB size N\n}\n',
  'import "disk.vmlayout"\nimport "web.vmlayout"\nvm a like web {\n}\nvm a {\n}\n',
  'vm broken {{{\n  ram\n}\n',
  '',
];

type Step =
  | { readonly kind: 'open' | 'store'; readonly file: number; readonly text: number }
  | { readonly kind: 'edit'; readonly file: number; readonly line: number; readonly character: number; readonly text: string }
  | { readonly kind: 'close' | 'remove'; readonly file: number }
  | { readonly kind: 'pause'; readonly turns: number }
  | { readonly kind: 'settings'; readonly level: string }
  | { readonly kind: 'ask'; readonly method: string; readonly file: number; readonly line: number; readonly character: number; readonly isCancelled: boolean };

const file = fc.nat({ max: URIS.length - 1 });
const text = fc.nat({ max: TEXTS.length - 1 });
const [line, character] = [fc.nat({ max: 7 }), fc.nat({ max: 30 })];
const METHODS = [...Object.keys(REQUESTS), 'stream'];

const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('open' as const, 'store' as const), file, text }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('edit' as const), file, line, character, text: fc.constantFrom('x', '\n', '}', ' 2', 'ram c at 0 size 1 GiB\n', '/*', '') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('close' as const, 'remove' as const), file }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), turns: fc.nat({ max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settings' as const), level: fc.constantFrom('off', 'error', 'note') }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('ask' as const), method: fc.constantFrom(...METHODS), file, line, character, isCancelled: fc.boolean() }) },
), { minLength: 5, maxLength: 40 });

/** What refusals are in order: called off, overtaken by an edit, or a rename that can’t be. */
const REFUSALS = [-32800, -32801, -32802, -32803];

class Disk implements Files {
  readonly texts = new Map<string, string>();

  async read(uri: string): Promise<string | { readonly error: string }> {
    await this.pause();
    return this.texts.get(uri) ?? { error: 'there is no such file' };
  }

  async list(): Promise<readonly string[]> {
    await this.pause();
    return [...this.texts.keys()].filter((uri) => uri.startsWith('file:///ws/'));
  }

  pause(): Promise<void> {
    return new Promise((resume) => setImmediate(resume));
  }
}

/** One run: the texts as the client has them, and what it has asked. */
class Conversation {
  readonly disk = new Disk();
  readonly open = new Map<string, string>();
  readonly answers: Promise<unknown>[] = [];
  readonly streams: CancellationTokenSource[] = [];
  settings: unknown = {};

  async run(client: LanguageClient, all: readonly Step[]): Promise<void> {
    for (const step of all) await this.#take(client, step);
    for (const stream of this.streams) stream.cancel();
    for (const answer of this.answers) await answer;
  }

  async #take(client: LanguageClient, step: Step): Promise<void> {
    if (step.kind === 'settings') {
      this.settings = client.settings = { rules: { 'unit-loose': step.level } };
      return client.notify('workspace/didChangeConfiguration', { settings: null });
    }
    if (step.kind === 'pause') {
      // The server comes to what was sent before, and some way into what has to wait.
      for (let turn = 0; turn < step.turns; turn++) await client.request('vmlayout/formats');
      return undefined;
    }
    const uri = URIS[step.file] ?? WEB;
    if (step.kind === 'ask') return this.#ask(client, step, uri);
    if (step.kind === 'store' || step.kind === 'remove') {
      const isNew = !this.disk.texts.has(uri);
      if (step.kind === 'store') this.disk.texts.set(uri, TEXTS[step.text] ?? '');
      else this.disk.texts.delete(uri);
      return client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri, type: step.kind === 'remove' ? 3 : isNew ? 1 : 2 }] });
    }
    if (step.kind === 'open' && !this.open.has(uri)) {
      this.open.set(uri, TEXTS[step.text] ?? '');
      return client.openQuietly(uri, TEXTS[step.text] ?? '');
    }
    const before = this.open.get(uri);
    if (before === undefined) return undefined;
    if (step.kind === 'close') {
      this.open.delete(uri);
      return client.close(uri);
    }
    if (step.kind !== 'edit') return undefined;
    const lines = before.split('\n');
    const at = { line: step.line % lines.length, character: step.character % ((lines[step.line % lines.length]?.length ?? 0) + 1) };
    lines[at.line] = `${lines[at.line]?.slice(0, at.character)}${step.text}${lines[at.line]?.slice(at.character)}`;
    this.open.set(uri, lines.join('\n'));
    return client.changeQuietly(uri, { range: { start: at, end: at }, text: step.text });
  }

  #ask(client: LanguageClient, { method, line: askedLine, character: askedCharacter, isCancelled }: Step & { kind: 'ask' }, uri: string): void {
    const source = new CancellationTokenSource();
    const params = method === 'stream'
      ? { identifier: 'vmlayout', previousResultIds: [], partialResultToken: `part${this.answers.length}` }
      : REQUESTS[method]?.({ uri, position: { line: askedLine, character: askedCharacter }, range: rangeAt(askedLine, askedCharacter, 7, 0) });
    const answer = client.request(method === 'stream' ? 'workspace/diagnostic' : method, params, source.token);
    this.answers.push(answer.catch((error: { code?: number; message: string }) => assert.ok(REFUSALS.includes(error.code ?? 0), `${method}: ${error.message}`)));
    if (isCancelled) source.cancel();
    else if (method === 'stream') this.streams.push(source);
  }
}

const CAPABILITIES = {
  textDocument: { ...SHOWS_ALL.textDocument, diagnostic: {}, completion: { completionItem: { resolveSupport: { properties: ['documentation'] } } } },
  workspace: { configuration: true, textDocumentContent: {}, fileOperations: { willRename: true }, didChangeWatchedFiles: { dynamicRegistration: true }, diagnostics: { refreshSupport: true } },
};

interface Told {
  readonly open: unknown;
  readonly workspace: unknown;
}

/** Findings by file, of those that have any. */
const withFindings = (files: readonly (readonly [uri: string, items: unknown])[]): unknown => Object.fromEntries(files.filter(([, items]) => !isDeepStrictEqual(items, [])));

/** What a client sees at last: of each open file, and of the workspace. */
async function toldAtLast(client: LanguageClient, open: readonly string[]): Promise<Told> {
  const reports = await Promise.all(open.map((uri) => client.ask<DocumentDiagnosticReport>('diagnostic', uri)));
  const workspace = await client.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [{ uri: 'file:///ws/none', value: 'none' }] });
  const itemsOf = (report: { kind: string; items?: unknown }): unknown => (report.kind === 'full' ? report.items : report.kind);
  const files = workspace.items.filter(({ uri }) => uri !== 'file:///ws/none').map((report): [string, unknown] => [report.uri, itemsOf(report)]);
  return { open: reports.map(itemsOf), workspace: withFindings(files) };
}

describe('edits, requests and cancellations in any order', () => {
  it('end in what a fresh check tells, with nothing failed and nothing unanswered', async () => {
    await fc.assert(fc.asyncProperty(steps, async (all) => {
      const conversation = new Conversation();
      const client = await LanguageClient.start({ files: conversation.disk, params: { capabilities: CAPABILITIES } });
      const seen = watched(client);
      await conversation.run(client, all);
      const open = [...conversation.open.keys()];

      const fresh = await LanguageClient.start({ files: conversation.disk, settings: conversation.settings, params: { capabilities: CAPABILITIES } });
      for (const [uri, own] of conversation.open) await fresh.openQuietly(uri, own);
      const last = await settled(fresh, open);
      assert.deepEqual(await settled(client, open), last);
      await client.until(() => isDeepStrictEqual(seen(), last.workspace));
      await Promise.all([client.stop(), fresh.stop()]);
      assert.deepEqual([...client.log, ...fresh.log], []);
    }), { numRuns: 150, seed: 20261126 });
  }).timeout(120_000);
});

/** Settings are asked for in passing: what is told is final once it is told twice. */
async function settled(client: LanguageClient, open: readonly string[]): Promise<Told> {
  let before: Told | undefined;
  for (;;) {
    const told = await toldAtLast(client, open);
    if (isDeepStrictEqual(told, before)) return told;
    before = told;
  }
}

/** What a client shows that takes the reports of the workspace as they come. */
function watched(client: LanguageClient): () => unknown {
  const shown = new Map<string, unknown>();
  client.onProgress<WorkspaceDiagnosticReport>('watched', ({ items }) => {
    for (const report of items) if (report.kind === 'full') shown.set(report.uri, report.items);
  });
  client.request('workspace/diagnostic', { identifier: 'vmlayout', previousResultIds: [], partialResultToken: 'watched' }).catch(() => undefined);
  return () => withFindings([...shown]);
}
