// A client that only measures: it starts a language server over stdio, opens one document, edits it, and takes the time
// until the answer has come in whole. It reads no answer before the clock has stopped.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';

const URI = 'file:///bench/layout';

const REPORT_HEAP = ['--expose-gc', '--require', path.join(import.meta.dirname, 'references/report-heap.cjs')];

/**
 * Starts a server and opens a text in it. `answers` is `publish`, or `pull` where the client has to ask; `weighed` is
 * whether its memory will be asked for.
 */
export async function startServer(command, { text, languageId, answers = 'publish', path = '/layout.vmlayout', ready, weighed = false }) {
  const started = performance.now();
  const child = spawn(process.execPath, [...(weighed ? REPORT_HEAP : []), ...command], { stdio: ['pipe', 'pipe', 'inherit', ...(weighed ? ['ipc'] : [])] });
  const wire = connect(child);
  const uri = URI.replace('/layout', path);
  let version = 1;
  let resultId;
  wire.request('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: { textDocument: { publishDiagnostics: { versionSupport: true }, ...(answers === 'pull' && { diagnostic: {} }) } },
    workspaceFolders: null,
  });
  await wire.until((message) => message.id === wire.last);
  wire.notify('initialized', {});
  ready?.(wire, uri);
  const opened = performance.now();
  wire.notify('textDocument/didOpen', { textDocument: { uri, languageId, version, text } });
  await answer();
  const diagnosed = performance.now();

  return {
    /** Milliseconds from its start to the diagnostics of the text, and from the opening of the text. */
    openedIn: diagnosed - started,
    diagnosedIn: diagnosed - opened,
    /** MiB: what is resident now, and how much of the heap is in use after a collection. */
    async memory() {
      const resident = Number(spawnSync('ps', ['-o', 'rss=', '-p', `${child.pid}`], { encoding: 'utf8' }).stdout) / 1024;
      child.send('heap');
      const [heap] = await once(child, 'message');
      return { resident, heap: heap / 1024 ** 2 };
    },
    /** Milliseconds from a change to the diagnostics of the text with it; and how many there are. */
    async edit(contentChange) {
      version++;
      const start = performance.now();
      wire.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [contentChange] });
      const { at, message } = await answer();
      return { milliseconds: at - start, diagnostics: diagnosticsIn(message) };
    },
    /** Milliseconds from a change and a question sent with it to the answer, which must not be empty. */
    async ask(contentChange, method, position) {
      version++;
      const start = performance.now();
      wire.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [contentChange] });
      wire.request(method, { textDocument: { uri }, position });
      const { at, message } = await wire.until((each) => each.id === wire.last && each.method === undefined);
      if (isEmpty(message.result)) throw new Error(`${method} at ${position.line}:${position.character} in ${uri} has no answer`);
      return at - start;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    },
  };

  async function answer() {
    if (answers === 'pull') {
      wire.request('textDocument/diagnostic', { textDocument: { uri }, ...(resultId !== undefined && { previousResultId: resultId }) });
      const answered = await wire.until((message) => message.id === wire.last && message.method === undefined);
      resultId = answered.message.result?.resultId;
      return answered;
    }
    return wire.until(({ method, params }) => method === 'textDocument/publishDiagnostics' && (params.version ?? version) === version);
  }
}

const diagnosticsIn = ({ params, result }) => (params?.diagnostics ?? result?.items ?? []).length;

const isEmpty = (result) => !result || (result.items ?? result.contents ?? result).length === 0;

/** Messages over a child's standard input and output. */
function connect(child) {
  let buffered = Buffer.alloc(0);
  let waiting;
  let last = 0;
  const early = [];
  child.stdout.on('data', (data) => {
    buffered = buffered.length === 0 ? data : Buffer.concat([buffered, data]);
    for (let body = takeBody(); body !== undefined; body = takeBody()) receive(body, performance.now());
  });
  child.once('exit', (code) => waiting?.reject(new Error(`The server ended with status ${code}.`)));

  function takeBody() {
    const head = buffered.indexOf('\r\n\r\n');
    if (head < 0) return undefined;
    const length = Number(/Content-Length: (\d+)/i.exec(buffered.toString('latin1', 0, head))[1]);
    if (buffered.length < head + 4 + length) return undefined;
    const body = buffered.toString('utf8', head + 4, head + 4 + length);
    buffered = buffered.subarray(head + 4 + length);
    return body;
  }

  function receive(body, at) {
    const message = JSON.parse(body);
    if (message.id !== undefined && message.method !== undefined) send({ id: message.id, result: resultFor(message) });
    else if (waiting?.wanted(message)) waiting.resolve({ message, at });
    else early.push({ message, at });
  }

  function send(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    child.stdin.write(body);
  }

  return {
    get last() {
      return last;
    },
    request: (method, params) => send({ id: ++last, method, params }),
    notify: (method, params) => send({ method, params }),
    until(wanted) {
      const found = early.findLast(({ message }) => wanted(message));
      early.length = 0;
      return found ? Promise.resolve(found) : new Promise((resolve, reject) => (waiting = { wanted, resolve, reject }));
    },
  };
}

/** What servers ask of a client: settings, mostly, of which there are none. */
const resultFor = ({ method, params }) => (method === 'workspace/configuration' ? params.items.map(() => null) : null);

/** Edits that type a character somewhere and take it back, somewhere else each time: the text stays as long as it was. */
export function editsOf(text, isPlace) {
  const places = text.split('\n').flatMap((line, index) => {
    const character = isPlace(line);
    return character < 0 ? [] : [{ line: index, character }];
  });
  let count = 0;
  return (typed) => {
    const position = places[((count >> 1) * 7919) % places.length];
    const taken = count++ % 2 === 1;
    const end = { ...position, character: position.character + typed.length };
    return taken ? { range: { start: position, end }, text: '' } : { range: { start: position, end: position }, text: typed };
  };
}
