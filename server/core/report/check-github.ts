import type { Level } from '../rules/rule.js';
import { showable } from './cells.js';
import { countsText, placeText } from './check-text.js';
import { countReports, type Diagnostic, type FileReport } from './diagnostics.js';
import { PLAIN } from './paint.js';

/**
 * What `check --format github` prints: a workflow command a finding, which the runner shows as an annotation of the line,
 * and a last line for the log. Source: GitHub's "Workflow commands for GitHub Actions", and `escapeData` and
 * `escapeProperty` of the runner's toolkit.
 */
export const checkGithub = (reports: readonly FileReport[]): string =>
  [...reports.flatMap(({ path, diagnostics }) => diagnostics.map((diagnostic) => commandOf(diagnostic, path))), countsText(countReports(reports), PLAIN), ''].join('\n');

const COMMANDS: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', note: 'notice' };

function commandOf(diagnostic: Diagnostic, path: string): string {
  const { rule, severity, range } = diagnostic;
  const properties: readonly (readonly [string, string | number])[] = [
    ['file', path],
    ['line', range.start.line + 1],
    ['endLine', range.end.line + 1],
    // The runner takes columns only within one line. Its end is inclusive.
    ...(range.start.line === range.end.line ? ([['col', range.start.character + 1], ['endColumn', Math.max(range.start.character + 1, range.end.character)]] as const) : []),
    ['title', `vmlayout: ${rule}`],
  ];
  const written = properties.map(([name, value]) => `${name}=${escapedProperty(`${value}`)}`).join(',');
  return `::${COMMANDS[severity]} ${written}::${escaped(annotationText(diagnostic))}`;
}

function annotationText({ message, vm, host, related, fixes = [] }: Diagnostic): string {
  const where = [...(vm === undefined ? [] : [`vm ${vm}`]), ...(host === undefined ? [] : [`host ${host}`])].join(' on ');
  return [
    showable(message),
    ...related.map((place) => `${placeText(place.path, place.range)}: ${showable(place.message)}`),
    ...(where === '' ? [] : [`in ${where}`]),
    ...fixes.map(({ title }) => `fix: ${showable(title)}`),
  ].join('\n');
}

const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const escapedProperty = (text: string): string => escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
