import type { ServerCapabilities } from 'vscode-languageserver';
import {
  checkFile, diffLayouts, diffText, explainLog, explainLogText, fileNameOf, IMPORT_FORMATS, importInputs, openDocument, PLAIN, sniffFormat, withText, WRITTEN_FORMATS, writeVm,
  type CheckOptions, type CheckResult, type Document, type ImportInput, type TextState,
} from '../core/index.js';
import { pathOfUri } from './files.js';
import { checkedWhole } from './map.js';
import type { Converted, DiffParams, ExplainParams, ExportParams, ImportParams, Requests } from './requests.js';
import type { Session } from './session.js';

type FormatName = ImportInput['format'];

type Conversion = 'vmlayout/import' | 'vmlayout/export' | 'vmlayout/diff' | 'vmlayout/explainLog';

export function answerConversions(session: Session): ServerCapabilities {
  const { connection } = session;
  const failed: Converted = { error: 'the language server failed; its log says how' };
  const answer = <Method extends Conversion>(method: Method, handler: (...params: Parameters<Requests[Method]>) => Promise<Converted>): void => {
    connection.onRequest(method, session.guardLater(method, failed, handler));
  };
  const formats: ReturnType<Requests['vmlayout/formats']> = { imports: IMPORT_FORMATS, exports: WRITTEN_FORMATS };

  connection.onRequest('vmlayout/formats', session.guard('listing formats', null, () => formats));
  connection.onRequest('vmlayout/sniff', session.guard('looking at a text', null, ({ text }: { readonly text: string }) => sniffFormat(text) ?? null));
  answer('vmlayout/import', (params) => Promise.resolve(imported(params)));
  answer('vmlayout/export', (params) => exported(session, params));
  answer('vmlayout/diff', (params) => compared(session, params));
  answer('vmlayout/explainLog', (params) => explained(session, params));
  return { experimental: { vmlayoutConversions: true } };
}

function imported({ files, format }: ImportParams): Converted {
  const inputs: { readonly format: FormatName; readonly files: ImportInput['files'][number][] }[] = [];
  for (const { bytes, ...said } of files) {
    const file = { ...said, ...(bytes && { bytes: Uint8Array.from(bytes) }) };
    const found = isImportFormat(format) ? format : sniffFormat(file.text, file.bytes, file.path);
    if (!found) return { error: `${file.path} looks like none of ${IMPORT_FORMATS.map(({ name }) => name).join(', ')}` };
    // Files of one format are read together: IOMMU groups of a machine become one host.
    const same = inputs.find((input) => input.format === found);
    if (same) same.files.push(file);
    else inputs.push({ format: found, files: [file] });
  }
  const result = importInputs(inputs);
  if (!('errors' in result)) return result;
  const [first, ...others] = result.errors;
  return { error: `${first?.path ?? ''}:${first?.line ?? 1}: ${first?.message ?? 'nothing could be read'}${others.length > 0 ? ` (and ${others.length} more)` : ''}` };
}

const isImportFormat = (format: string | undefined): format is FormatName => IMPORT_FORMATS.some(({ name }) => name === format);

async function exported(session: Session, params: ExportParams): Promise<Converted> {
  const file = session.documents.get(params.uri);
  if (!file) return NOT_OPEN;
  const { result } = await checkedWhole(session, file);
  const chosen = result.vms.filter(({ vm, host }) => (params.vm ?? vm.name) === vm.name && (params.host ?? host?.name) === host?.name);
  const [first, ...others] = chosen;
  if (!first) return { error: 'there is no such vm in this file' };
  if (others.length > 0) {
    const names = chosen.map(({ vm, host }) => (host ? `${vm.name} on ${host.name}` : vm.name));
    return { error: `one vm on one host is exported, and there are ${chosen.length}: ${names.join(', ')}` };
  }
  const format = WRITTEN_FORMATS.find(({ name }) => name === params.format);
  if (!format) return { error: `there is no format ${params.format}` };
  // What is written says which file it is from; where that lies is nobody else's business.
  const written = writeVm(format.name, first, fileNameOf(file.path), result.findings);
  return 'errors' in written ? { error: `vm ${first.vm.name} can’t be said as ${params.format}: ${written.errors.join('; ')}` } : written;
}

const NOT_OPEN = { error: 'this text is not open any more' };

async function compared(session: Session, { uri, before }: DiffParams): Promise<Converted> {
  const file = session.documents.get(uri);
  if (!file) return NOT_OPEN;
  const { result, options } = await checkedWhole(session, file);
  const old = await checkedText(session, pathOfUri(before.uri), openDocument(before.text), options);
  const changes = diffText(diffLayouts(old, result), PLAIN);
  return { text: changes === '' ? 'nothing changed\n' : changes };
}

/** The check of a text that isn't open, or is open in another version, with what it imports. */
async function checkedText(session: Session, path: string, document: Document, options: CheckOptions): Promise<CheckResult> {
  const texts = withText(session.documents, path, document);
  for (let round = 0; ; round++) {
    const wanted = new Set<string>();
    const read = (asked: string): TextState => {
      const loaded = texts.read(asked);
      if (loaded === 'missing') wanted.add(asked);
      return loaded;
    };
    const result = checkFile(path, { read }, options);
    if (wanted.size === 0 || round === MOST_ROUNDS) return result;
    await Promise.all(Array.from(wanted, (asked) => session.load(asked)));
  }
}

/** Imports of imports aren’t followed for ever. */
const MOST_ROUNDS = 100;

async function explained(session: Session, { log, name, uri }: ExplainParams): Promise<Converted> {
  const file = uri === undefined ? undefined : session.documents.get(uri);
  const checked = file && (await checkedWhole(session, file));
  const errors = explainLog(log, checked);
  return errors.length === 0 ? { error: `no line of ${name} is a message that is known here` } : { text: explainLogText(name, errors, PLAIN) };
}
