import { placeText } from './check-text.js';
import type { Diagnostic, FileReport, WaivedDiagnostic } from './diagnostics.js';

/**
 * What `check --format junit` prints: a suite a file, a case a finding. An error is a failed case; a warning or a note is
 * one that passed and has something to say, since it doesn't fail the run; what is waived was skipped, with the waiver's
 * reason. A file with nothing to tell is one case that passed.
 */
export function checkJunit(reports: readonly FileReport[]): string {
  const failures = reports.reduce((sum, report) => sum + failuresIn(report), 0);
  const tests = reports.reduce((sum, report) => sum + casesOf(report).length, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="vmlayout" tests="${tests}" failures="${failures}" errors="0">`,
    ...reports.flatMap(suiteLines),
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteLines(report: FileReport): string[] {
  const cases = casesOf(report);
  const counts = `tests="${cases.length}" failures="${failuresIn(report)}" errors="0" skipped="${report.waived.length}"`;
  return [`  <testsuite name="${attribute(report.path)}" ${counts}>`, ...cases.flat(), '  </testsuite>'];
}

const failuresIn = ({ diagnostics }: FileReport): number => diagnostics.filter(({ severity }) => severity === 'error').length;

function casesOf(report: FileReport): string[][] {
  const { path, diagnostics, waived } = report;
  if (diagnostics.length + waived.length === 0) return [[`    <testcase classname="${attribute(path)}" name="check"/>`]];
  return [...diagnostics.map((diagnostic) => caseLines(diagnostic, path, outcomeOf(diagnostic, path))), ...waived.map((diagnostic) => caseLines(diagnostic, path, skipped(diagnostic)))];
}

function caseLines({ rule, range }: Diagnostic, path: string, outcome: string): string[] {
  const { line, character } = range.start;
  const name = `name="${attribute(rule)} at ${line + 1}:${character + 1}" file="${attribute(path)}" line="${line + 1}"`;
  return [`    <testcase classname="${attribute(path)}" ${name}>`, `      ${outcome}`, '    </testcase>'];
}

function outcomeOf(diagnostic: Diagnostic, path: string): string {
  const { rule, severity, message } = diagnostic;
  if (severity !== 'error') return `<system-out>${content(detailsOf(diagnostic, path))}</system-out>`;
  return `<failure type="${attribute(rule)}" message="${attribute(message)}">${content(detailsOf(diagnostic, path))}</failure>`;
}

const skipped = ({ message, waiver }: WaivedDiagnostic): string => `<skipped message="${attribute(`waived because ${waiver.because}: ${message}`)}"/>`;

const detailsOf = ({ severity, message, range, related, fixes = [] }: Diagnostic, path: string): string =>
  [
    `${placeText(path, range)}: ${severity}: ${message}`,
    ...related.map((place) => `${placeText(place.path, place.range)}: ${place.message}`),
    ...fixes.map(({ title }) => `fix: ${title}`),
  ].join('\n');

// What no XML 1.0 document may hold, escaped or not: control characters, lone surrogates, U+FFFE and U+FFFF.
const NO_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const content = (text: string): string =>
  text.replace(NO_CHARACTER, '\ufffd').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Breaks and tabs in an attribute would be read as blanks. */
const attribute = (text: string): string =>
  content(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\r', '&#13;').replaceAll('\t', '&#9;');
