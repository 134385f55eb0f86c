import { KERNEL_MESSAGES } from './error-messages-kernel.js';
import { QEMU_MESSAGES } from './error-messages-qemu.js';
import { VFIO_MESSAGES } from './error-messages-vfio.js';
import { VMM_MESSAGES } from './error-messages-vmm.js';
import type { Asked, ErrorMessage, Told } from './error-message.js';

/** A line of a log that says why a machine, a mapping or a device was refused. */
export interface LogError extends Told {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly message: ErrorMessage;
}

/** Every message that is recognised; the more specific before the more general. */
export const ERROR_MESSAGES: readonly ErrorMessage[] = [...VFIO_MESSAGES, ...QEMU_MESSAGES, ...KERNEL_MESSAGES, ...VMM_MESSAGES];

/** A longer line is no message. */
const MOST_CHARACTERS = 4000;

/** The errors in a log, in its order; lines that say nothing of memory are passed over. Each message is told once in a row. */
export function readErrorLog(text: string): LogError[] {
  const errors: LogError[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = withoutNoise(raw);
    if (line === '') continue;
    const more = detailIn(line);
    const last = errors.at(-1);
    if (more && last) errors[errors.length - 1] = completed(last, more);
    const error = more ? undefined : errorIn(line, index + 1);
    if (error) add(errors, error);
  }
  return errors;
}

/** Without what a terminal or a pipe adds, and short enough to be looked at. */
const withoutNoise = (line: string): string => line.slice(0, MOST_CHARACTERS).replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').trim();

function errorIn(text: string, line: number): LogError | undefined {
  for (const message of ERROR_MESSAGES) {
    const match = message.pattern.exec(text);
    if (match) return { line, text, message, ...message.read(match.groups ?? {}) };
  }
  return undefined;
}

/** What one message says shortly and the next with its numbers is one error. */
function add(errors: LogError[], error: LogError): void {
  const last = errors.at(-1);
  const same = last && last.asked.errno === error.asked.errno && last.message.family === error.message.family && error.message.family !== undefined;
  if (same && error.line - last.line <= 3 && last.asked.iova === undefined && error.asked.iova !== undefined) errors[errors.length - 1] = error;
  else if (same && error.line - last.line <= 3 && error.asked.iova === undefined) return;
  else errors.push(error);
}

/** Lines under a message that bring its numbers: the section of QEMU's memory listener. */
const DETAILS: readonly (readonly [RegExp, (value: string) => Partial<Asked>])[] = [
  [/^section->offset_within_address_space: (0x[0-9a-f]+)$/i, (value) => ({ iova: BigInt(value) })],
  [/^Memory region size: (0x[0-9a-f]+)$/i, (value) => ({ size: BigInt(value) })],
  [/^Memory region name: (\S+)$/i, (value) => ({ region: value })],
];

function detailIn(line: string): Partial<Asked> | undefined {
  for (const [pattern, read] of DETAILS) {
    const [, value] = pattern.exec(line) ?? [];
    if (value !== undefined) return read(value);
  }
  return undefined;
}

/** The error with one more number, told anew: the reason may depend on it. */
function completed(error: LogError, more: Partial<Asked>): LogError {
  const asked = { ...error.asked, ...more };
  return { ...error, ...(error.message.tell?.(asked) ?? {}), asked };
}
