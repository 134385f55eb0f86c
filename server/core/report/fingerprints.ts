import type { Diagnostic, FileReport } from './diagnostics.js';
import { lineKey } from './sources.js';

/**
 * What tells findings of a file apart from one version of it to the next: the rule, the guest, the host, and the line
 * without its indentation; alike ones are counted. Lines that come or go elsewhere change nothing, nor does a message
 * that counts other leaves.
 */
export function fingerprintsOf(diagnostics: readonly Diagnostic[], { path, lines }: FileReport): string[] {
  const seen = new Map<string, number>();
  return diagnostics.map(({ rule, vm = '', host = '', range }) => {
    const line = lines.get(lineKey(path, range.start.line))?.trim() ?? '';
    const key = [rule, vm, host, line].join('\0');
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return `${hashOf(key)}:${count}`;
  });
}

const PRIME = 0x100000001b3n;
const BASIS = 0xcbf29ce484222325n;

/** FNV-1a of 64 bits over UTF-16 code units: short, and the same everywhere. */
function hashOf(text: string): string {
  let hash = BASIS;
  for (let index = 0; index < text.length; index++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * PRIME);
  return hash.toString(16).padStart(16, '0');
}
