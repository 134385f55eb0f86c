import { ADDRESS_SPACE, UNITS as SIZES } from '../layout/address.js';
import type { LineError } from './import-result.js';
import type { ShellWord } from './shell-words.js';

/**
 * The options of a QEMU command line, taken apart: which take a value (qemu-options.hx), what the key of a value
 * without one is, `,,` for a comma in a value, JSON in place of `key=value` (util/keyval.c, util/qemu-option.c).
 */
export interface QemuOption {
  /** Without dashes, and by one name where there are several: `machine` for `-M`. */
  readonly name: string;
  /** As it is written, unquoted; nothing for options without one. */
  readonly value: string | undefined;
  readonly line: number;
}

/** Keys and values of an option, in order. A key may come again. */
export type QemuPairs = readonly (readonly [key: string, value: string])[];

/** Options that take no value. Of others that aren't known here, the next word is the value unless it begins with `-`. */
const FLAGS: ReadonlySet<string> = new Set(
  `h help version S s nodefaults no-user-config no-reboot no-shutdown nographic snapshot full-screen daemonize usb
  enable-kvm no-acpi no-hpet no-fd-bootchk mem-prealloc preconfig only-migratable singlestep one-insn-per-tb semihosting
  win2k-hack old-param xen-attach xen-domid-restrict enable-fips perfmap jitdump enable-sync-profile portrait curses sdl
  no-kvm no-quit no-frame alt-grab ctrl-grab nodefconfig rtc-td-hack`.split(/\s+/),
);

const SAME: ReadonlyMap<string, string> = new Map([
  ['M', 'machine'],
  ['h', 'help'],
  ['no-kvm', 'disable-kvm'],
]);

/** The options of a command, and the words that belong to none (images, for QEMU). */
export function readOptions(words: readonly ShellWord[]): { options: QemuOption[]; others: ShellWord[] } {
  const options: QemuOption[] = [];
  const others: ShellWord[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    const written = /^--?([A-Za-z][\w.-]*)$/.exec(word?.text ?? '')?.[1];
    if (word === undefined) break;
    if (written === undefined) {
      others.push(word);
      continue;
    }
    const next = words[index + 1];
    const takesValue = next !== undefined && !FLAGS.has(written) && (written === 'append' || !/^--?[A-Za-z]/.test(next.text));
    if (takesValue) index += 1;
    options.push({ name: SAME.get(written) ?? written, value: takesValue ? next.text : undefined, line: word.line });
  }
  return { options, others };
}

/** `q35,accel=kvm` with the implied key `type` as pairs; a word without a value is `on`, and `off` after `no`. */
export function readPairs(option: QemuOption, implied: string): QemuPairs | LineError {
  const text = option.value ?? '';
  if (text.startsWith('{')) return jsonPairs(option, text);
  return splitCommas(text).filter((part) => part !== '').map((part, index) => pairOf(part, index === 0 ? implied : undefined));
}

/** The parts between single commas, where a double one stands for one in a value. */
function splitCommas(text: string): string[] {
  const parts: string[] = [''];
  for (let index = 0; index < text.length; index++) {
    const isComma = text[index] === ',';
    if (isComma && text[index + 1] !== ',') parts.push('');
    else parts[parts.length - 1] += text[index] ?? '';
    if (isComma && text[index + 1] === ',') index += 1;
  }
  return parts;
}

function pairOf(part: string, implied: string | undefined): readonly [string, string] {
  const equals = part.indexOf('=');
  if (equals >= 0) return [part.slice(0, equals).trim(), part.slice(equals + 1)];
  if (implied !== undefined) return [implied, part];
  if (/^[+-]/.test(part)) return [part.slice(1), part.startsWith('+') ? 'on' : 'off'];
  return part.startsWith('no') && part.length > 2 ? [part.slice(2), 'off'] : [part, 'on'];
}

/** JSON as pairs: `{"driver": "nvme", "a": {"b": 1}}` gives `driver=nvme`, `a.b=1`; truths are `on` and `off`. */
function jsonPairs(option: QemuOption, text: string): QemuPairs | LineError {
  try {
    return flat('', JSON.parse(text) as unknown);
  } catch {
    return { line: option.line, message: `the value of -${option.name} begins like JSON and is none` };
  }
}

function flat(key: string, value: unknown): (readonly [string, string])[] {
  if (typeof value === 'boolean') return [[key, value ? 'on' : 'off']];
  if (typeof value !== 'object' || value === null) return [[key, String(value)]];
  return Object.entries(value).flatMap(([inner, one]) => flat(key === '' ? inner : `${key}.${inner}`, one as unknown));
}

const UNITS: Readonly<Record<string, bigint>> = { B: 0n, K: 10n, M: 20n, G: 30n, T: 40n, P: 50n, E: 60n };

/**
 * A size as QEMU reads it, in bytes: `4G`, `1.5g`, `0x1000`, without a unit in units of `unit` bytes (util/cutils.c,
 * do_strtosz). What a fraction has of a byte is left out; nothing where it is none, or no size below 2^64.
 */
export function qemuSize(text: string, unit = 1n): bigint | undefined {
  const match = /^(0x[0-9a-f]+|\d+)(?:\.(\d{1,18}))?([BKMGTPE])?$/i.exec(text.trim());
  if (!match) return undefined;
  const [, whole = '0', fraction = '', suffix] = match;
  if (whole.startsWith('0x') && (fraction !== '' || suffix !== undefined)) return undefined;
  if (fraction !== '' && suffix?.toUpperCase() === 'B') return undefined;
  const scale = suffix === undefined ? unit : 1n << (UNITS[suffix.toUpperCase()] ?? 0n);
  const denominator = 10n ** BigInt(fraction.length);
  const size = ((BigInt(whole) * denominator + BigInt(fraction === '' ? '0' : fraction)) * scale) / denominator;
  return size < ADDRESS_SPACE ? size : undefined;
}

/** A size with the unit that QEMU knows it by, `8G`; without a whole number of KiB in bytes, `b`. */
export function sizeText(bytes: bigint): string {
  const unit = SIZES.find(([name, size]) => 'TiB GiB MiB KiB'.includes(name) && bytes >= size && bytes % size === 0n);
  return unit ? `${bytes / unit[1]}${unit[0][0]}` : `${bytes}b`;
}

/** A whole number, decimal or hexadecimal. */
export const qemuNumber = (text: string): bigint | undefined =>
  /^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text.trim()) ? BigInt(text.trim()) : undefined;

/** A switch; nothing where it is none (`auto`). */
export function qemuSwitch(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(?:on|yes|true|y)$/i.test(text)) return true;
  return /^(?:off|no|false|n)$/i.test(text) ? false : undefined;
}
