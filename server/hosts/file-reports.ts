import type { MessagePort } from 'node:worker_threads';
import { checkOnce, openDocument, reportFile, type CheckOptions, type FileReport } from '../core/index.js';
import { Files } from './files.js';

/** One file to check, as a thread is told. */
export interface CheckTask {
  /** The working directory. */
  readonly folder: string;
  readonly name: string;
  readonly options: CheckOptions;
}

/** A report, or in one sentence why the file can't be read. */
export type CheckOutcome = FileReport | { readonly error: string };

/** Checks the text of a file beside what lies on disk. */
export function reportText(name: string, text: string, files: Files, options: CheckOptions): FileReport {
  const world = files.worldOf(name, openDocument(text));
  return reportFile(name, world, checkOnce(name, world, options));
}

export function reportNamed(name: string, files: Files, options: CheckOptions): CheckOutcome {
  const loaded = files.read(name);
  return 'error' in loaded ? loaded : reportText(name, loaded.text, files, options);
}

/** What another thread does: it checks what it is told to, one file after the other. */
export function answerTasks(port: MessagePort): void {
  let files: Files | undefined;
  port.on('message', ({ folder, name, options }: CheckTask) => {
    files ??= new Files(folder);
    port.postMessage(reportNamed(name, files, options));
  });
}
