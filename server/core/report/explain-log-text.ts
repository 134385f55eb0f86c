import { formatSize } from '../layout/address.js';
import { RULES } from '../rules/catalogue.js';
import { showable } from './cells.js';
import { askedRange, type ExplainedError, type RegionThere } from './explain-log.js';
import type { Paint } from './paint.js';

/** What `explain --log` prints: each error with what was asked, where that lies in the layout, why it failed and what to do. */
export function explainLogText(log: string, errors: readonly ExplainedError[], paint: Paint): string {
  return `${errors.map((error) => errorText(log, error, paint)).join('\n\n')}\n`;
}

function errorText(log: string, error: ExplainedError, paint: Paint): string {
  const { line, message, found, reason, planned, regions, fixes } = error;
  const facts: readonly (readonly [name: string, lines: readonly string[]])[] = [
    ['asked', [askedText(error)]],
    ['where', regions.map(regionText)],
    ['rule', ruleLines(error)],
    ['why', [found ? showable(found.message) : reason, ...planned]],
    ['fix', fixes.map(showable)],
    ['from', [message.source]],
  ];
  return [
    `${paint.strong(`${showable(log)}:${line}`)}: ${message.program}: ${showable(error.text)}`,
    ...facts.flatMap(([name, lines]) => lines.map((text, index) => `  ${paint.faint((index === 0 ? name : '').padEnd(5))}  ${text}`)),
  ].join('\n');
}

function askedText(error: ExplainedError): string {
  const { asked } = error;
  const facts = [
    askedRange(error),
    ...(asked.size === undefined ? [] : [`size ${formatSize(asked.size)}`]),
    ...(asked.region === undefined ? [] : [`region \`${showable(asked.region)}\``]),
    ...(asked.device === undefined ? [] : [`device ${asked.device}`]),
    ...(asked.memlock === undefined ? [] : [`RLIMIT_MEMLOCK ${formatSize(asked.memlock)}`]),
    ...(asked.bits === undefined ? [] : [`${asked.bits} bits`]),
    ...(asked.errno === undefined ? [] : [asked.errno]),
  ].filter((fact) => fact !== '');
  return [`${asked.what}${facts.length > 0 ? ':' : ''}`, facts.join(', ')].join(' ').trim();
}

function regionText({ vm, host, kind, name, path, place }: RegionThere): string {
  const at = place ? ` (${showable(path)}:${place.start.line + 1}:${place.start.character + 1})` : '';
  return `${kind} ${name} of vm ${vm}${host === undefined ? '' : ` on ${host}`}${at}`;
}

function ruleLines({ rule }: ExplainedError): string[] {
  if (rule === undefined) return [];
  return [RULES.some(({ name }) => name === rule) ? `${rule} (\`vmlayout explain ${rule}\`)` : rule];
}
