import { formatAddress } from '../../layout/address.js';
import { constantsOf, type ConstantGroup } from './constants.js';
import { originOf, type ExportResult, type ExportSubject } from './export-result.js';

/** A Rust module with one `u64` constant for each address and size. */
export function exportRust(subject: ExportSubject): ExportResult {
  const groups = constantsOf(subject).map(groupText);
  return { text: [`//! ${originOf(subject)}. Written by vmlayout.\n`, ...groups].join('\n'), notes: [] };
}

/** The constants of one thing, each with what it is about. */
const groupText = ({ about, constants }: ConstantGroup): string =>
  constants.map(({ name, value }) => `/// ${about}\npub const ${name}: u64 = ${formatAddress(value)};\n`).join('');
