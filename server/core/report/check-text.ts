import { RULES } from '../rules/catalogue.js';
import type { Level } from '../rules/rule.js';
import { showable } from './cells.js';
import { countReports, type Counts, type Diagnostic, type FileReport } from './diagnostics.js';
import { excerptOf } from './excerpt.js';
import type { Paint } from './paint.js';
import { lineKey, type LineRange, type SourceLines } from './sources.js';

/** What `check` prints: each finding with the lines it is about and the ways out of it, then how many there are. */
export function checkText(reports: readonly FileReport[], paint: Paint): string {
  const findings = reports.flatMap((report) => report.diagnostics.map((diagnostic) => findingText(diagnostic, report, paint)));
  return `${[...findings, closingText(reports, paint)].join('\n\n')}\n`;
}

function findingText(diagnostic: Diagnostic, { path, lines }: FileReport, paint: Paint): string {
  const { rule, severity, message, range, related, fixes = [] } = diagnostic;
  const width = Math.max(...[range, ...related.map((place) => place.range)].map(({ start }) => `${start.line + 1}`.length)) + 1;
  const gutter = `${' '.repeat(width)} ${paint.faint('=')}`;
  const source = (where: string, place: LineRange, mark: Level): string[] => sourceLines(lines, where, place, width, paint, mark);
  return [
    `${paint.strong(placeText(path, range))}: ${paint.level(severity, severity)}: ${showable(message)} ${paint.faint(`[${rule}]`)}`,
    ...source(path, range, severity),
    ...related.flatMap((place) => [
      `${gutter} ${placeText(place.path, place.range)}: ${showable(place.message)}`,
      ...source(place.path, place.range, 'note'),
    ]),
    ...whereText(diagnostic).map((where) => `${gutter} ${where}`),
    ...fixes.map(({ title }) => `${gutter} ${paint.good('fix:')} ${showable(title)}`),
  ].join('\n');
}

/** `web.vmlayout:3:7`, counted from 1 as compilers and editors do. */
export const placeText = (path: string, { start }: LineRange): string => `${showable(path)}:${start.line + 1}:${start.character + 1}`;

function sourceLines(lines: SourceLines, path: string, range: LineRange, width: number, paint: Paint, mark: Level): string[] {
  const { source, indent, carets } = excerptOf(lines.get(lineKey(path, range.start.line)) ?? '', range);
  const number = `${range.start.line + 1}`.padStart(width);
  const bar = paint.faint('|');
  return [`${paint.faint(number)} ${bar} ${source}`.trimEnd(), `${' '.repeat(width)} ${bar} ${indent}${paint.level(mark, carets)}`];
}

function whereText({ vm, host }: Diagnostic): string[] {
  if (vm === undefined) return host === undefined ? [] : [`in host ${host}`];
  return [host === undefined ? `in vm ${vm}` : `in vm ${vm} on ${host}`];
}

function closingText(reports: readonly FileReport[], paint: Paint): string {
  const all = reports.flatMap(({ diagnostics }) => diagnostics);
  const reasoned = all.filter(({ rule }) => hasReason(rule));
  const worst = reasoned.find(({ severity }) => severity === 'error') ?? reasoned[0];
  const mended = all.filter(({ fixes }) => fixes?.some(({ safe }) => safe)).length;
  const untried = all.filter(({ fixes }) => !fixes).length;
  const waived = reports.reduce((sum, report) => sum + report.waived.length, 0);
  const files = reports.length > 1 ? ` in ${reports.length} files` : '';
  return [
    `${countsText(countReports(reports), paint)}${waived > 0 ? `, ${waived} waived` : ''}${files}`,
    ...(untried > 0 ? [`Fixes are told for the first ${all.length - untried} only; the others get theirs when these are mended.`] : []),
    ...(mended > 0 ? [`\`vmlayout check --fix\` mends ${untried > 0 ? 'at least ' : ''}${mended} of them.`] : []),
    ...(worst ? [`\`vmlayout explain ${worst.rule}\` says why that matters.`] : []),
  ].join('\n');
}

/** Whether the page of a rule tells more than its message: what the language doesn't allow needs no reason. */
const hasReason = (name: string): boolean => RULES.some((rule) => rule.name === name && rule.group !== 'language');

/** `1 error, 0 warnings, 2 notes`. */
export function countsText({ errors, warnings, notes }: Counts, paint: Paint): string {
  const told = (count: number, level: Level): string => {
    const text = `${count} ${level}${count === 1 ? '' : 's'}`;
    return count > 0 ? paint.level(level, text) : text;
  };
  return [told(errors, 'error'), told(warnings, 'warning'), told(notes, 'note')].join(', ');
}
