// Reads the machine that the extension runs on, with the command line that comes with it.

import { execFile } from 'node:child_process';
import process from 'node:process';
import type { ExtensionContext } from 'vscode';
import type { Converted } from '../server/lsp/requests.js';
import type { ReadThisHost } from './conversions.js';
import { AS_NODE, programOf } from './own-program.js';

/** What Linux tells of itself; the memory map only to root, and then its reader says so. */
const SOURCES = ['/sys/kernel/iommu_groups', '/proc/iomem'];

/** Bytes of a layout that are taken. */
const MOST = 1 << 26;

/** Nothing where the machine isn't Linux. */
export const thisHost = (context: ExtensionContext): ReadThisHost | undefined =>
  process.platform === 'linux' ? async () => {
    const both = await imported(context, SOURCES);
    // Without an IOMMU, or without the right to read the memory map, the other one alone.
    return 'error' in both ? afterFailure(both, await imported(context, SOURCES.slice(0, 1)), await imported(context, SOURCES.slice(1))) : both;
  } : undefined;

function afterFailure(failed: { readonly error: string }, ...others: readonly Converted[]): Converted {
  const one = others.find((result) => 'text' in result);
  return one && 'text' in one ? { text: one.text, notes: [failed.error, ...(one.notes ?? [])] } : failed;
}

function imported(context: ExtensionContext, sources: readonly string[]): Promise<Converted> {
  const args = [programOf(context), 'import', ...sources];
  const options = { env: { ...process.env, ...AS_NODE }, maxBuffer: MOST };
  return new Promise((resolve) => execFile(process.execPath, args, options, (failure, text, told) => {
    const lines = told.split('\n').filter((line) => line !== '').map((line) => line.replace(/^vmlayout: (?:note: )?/, ''));
    resolve(failure ? { error: lines.join(' ') || failure.message } : { text, notes: lines });
  }));
}
