// How large what users install is.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageExtension } from '../../../client/package.mjs';
import { packTrivial } from '../trivial-package.mjs';

const dist = path.join(import.meta.dirname, '../../../dist');

export async function measureSizes() {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmlayout-bench-'));
  try {
    const trivial = await packTrivial(folder);
    const vsix = packageExtension();
    const parts = readdirSync(dist).filter((name) => !name.endsWith('.vsix')).sort();
    const references = { 'extension.cjs': trivial.extension, 'language-server.cjs': trivial.server };
    return [
      { what: 'the package', bytes: sizeOf(vsix), reference: sizeOf(trivial.vsix) },
      { what: 'the package, unpacked', bytes: unpackedSizeOf(vsix), reference: unpackedSizeOf(trivial.vsix) },
      ...parts.map((name) => ({ what: `\`dist/${name}\``, bytes: sizeOf(path.join(dist, name)), ...(references[name] && { reference: sizeOf(references[name]) }) })),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sizeOf = (file) => statSync(file).size;

/** The sum of what the central directory of the archive says of its entries (PKWARE APPNOTE 4.3.12). */
function unpackedSizeOf(archive) {
  const bytes = readFileSync(archive);
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  let at = bytes.readUInt32LE(end + 16);
  let sum = 0;
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    sum += bytes.readUInt32LE(at + 24);
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return sum;
}
