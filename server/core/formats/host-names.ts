import type { ImportHost } from './import-result.js';

/** Comments and strings, where the word `host` means nothing. What isn't closed goes to the end. */
const MASKED = /"(?:\\.|[^"\\\n])*"?|\/\*(?:[^]*?\*\/|[^]*$)|\/\/[^\n]*/g;

const HOST = /(?:^|[\n;{}])[ \t\r]*host[ \t]+([A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z][A-Za-z0-9_]*)*)/g;

const DEVICE = /(?:^|[\n;{}])[ \t\r]*device[ \t]+([A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z][A-Za-z0-9_]*)*)/g;

/**
 * Names of the hosts that an imported vm runs on: as given, or every one that the layout declares. Reads words and not
 * the whole language, since a layout may be damaged elsewhere and still name its host.
 */
export function hostNames(host: ImportHost): readonly string[] {
  if (host.name !== undefined) return [host.name];
  return namesIn(host, HOST);
}

/** Names of the devices that the host's layout declares. */
export const deviceNames = (host: ImportHost): readonly string[] => namesIn(host, DEVICE);

function namesIn(host: ImportHost, pattern: RegExp): string[] {
  const bare = (host.text ?? '').replace(MASKED, ' ');
  return [...new Set([...bare.matchAll(pattern)].map((match) => match[1] ?? ''))];
}

/** Comments, but not strings: an address stands in one. */
const COMMENTS = /\/\*(?:[^]*?\*\/|[^]*$)|\/\/[^\n]*/g;

/** The name of the device that the host's layout declares at a PCI address; nothing where it has none there. */
export function deviceAt(host: ImportHost, address: string): string | undefined {
  const bare = (host.text ?? '').replace(COMMENTS, ' ');
  const declared = new RegExp(`${DEVICE.source}[ \\t]+"(?:0000:)?${address.replace(/^0000:/, '').replaceAll('.', '\\.')}"`, 'i');
  return declared.exec(bare)?.[1];
}

/** Vendor of the CPUs of the hosts that the layout declares, by their IOMMUs; nothing where those don’t say, or differ. */
export function cpuVendorOf(host: ImportHost): 'amd' | 'intel' | undefined {
  const bare = (host.text ?? '').replace(MASKED, ' ');
  const models = [...bare.matchAll(/\b(?:like|model)[ \t]+(amd-v1|amd-v2|vt-d)(?![\w-])/g)].map(([, model]) => (model === 'vt-d' ? 'intel' : 'amd'));
  const [first, ...others] = new Set(models);
  return others.length === 0 ? first : undefined;
}
