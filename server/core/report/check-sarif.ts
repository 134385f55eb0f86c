import { RULES } from '../rules/catalogue.js';
import type { Level } from '../rules/rule.js';
import type { Diagnostic, FileReport, OfferedFix, WaivedDiagnostic } from './diagnostics.js';
import { fingerprintsOf } from './fingerprints.js';
import { requirementPage, rulePage } from './rule-page.js';
import type { LineRange } from './sources.js';

/**
 * What `check --format sarif` prints: SARIF 2.1.0 (OASIS), one run. Lines and columns count from 1, columns in UTF-16 code
 * units, the end of a region is exclusive. Only rules that have something to tell are described. What is waived is a
 * result with its suppression.
 */
export function checkSarif(reports: readonly FileReport[], version: string): string {
  const told = reports.flatMap(resultsOf);
  const rules = [...new Set(told.map(({ diagnostic }) => diagnostic.rule))].sort();
  const run = {
    tool: { driver: { name: 'vmlayout', semanticVersion: version, rules: rules.map(ruleRecord) } },
    columnKind: 'utf16CodeUnits',
    artifacts: reports.map(({ path }) => ({ location: locationOf(path) })),
    results: told.map((one) => resultRecord(one, rules)),
  };
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, undefined, 2)}\n`;
}

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

interface Told {
  readonly path: string;
  readonly diagnostic: Diagnostic | WaivedDiagnostic;
  readonly fingerprint: string;
}

function resultsOf(report: FileReport): Told[] {
  const all = [...report.diagnostics, ...report.waived];
  const fingerprints = fingerprintsOf(all, report);
  return all.map((diagnostic, index) => ({ path: report.path, diagnostic, fingerprint: fingerprints[index] ?? '' }));
}

/** A rule of the catalogue, or a requirement of a policy, as `explain` shows it. */
function ruleRecord(id: string): object {
  const rule = RULES.find(({ name }) => name === id);
  const page = rule ? rulePage(rule) : requirementPage(id);
  return {
    id,
    shortDescription: { text: rule?.summary ?? 'A requirement of a policy doesn’t hold.' },
    fullDescription: { text: rule?.why.trim() ?? 'The policy stands in the layout, or in one that it imports.' },
    help: { text: page, markdown: page },
    defaultConfiguration: { level: rule?.level ?? ('error' satisfies Level) },
    properties: { tags: [rule?.group ?? 'policy'] },
  };
}

function resultRecord({ path, diagnostic, fingerprint }: Told, rules: readonly string[]): object {
  const { rule, severity, message, range, related, fixes = [], vm, host, witness } = diagnostic;
  return {
    ruleId: rule,
    ruleIndex: rules.indexOf(rule),
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: placeRecord(path, range) }],
    relatedLocations: related.map((place, index) => ({ id: index + 1, physicalLocation: placeRecord(place.path, place.range), message: { text: place.message } })),
    fixes: fixes.map(fixRecord),
    // Present on every result or on none (3.27.23): an empty list says that nothing suppresses it.
    suppressions: 'waiver' in diagnostic ? [suppressionRecord(diagnostic)] : [],
    partialFingerprints: { 'vmlayoutFinding/v1': fingerprint },
    properties: { ...(vm !== undefined && { vm }), ...(host !== undefined && { host }), ...(witness && { witness }) },
  };
}

function suppressionRecord({ waiver }: WaivedDiagnostic): object {
  const { because, until, owner } = waiver;
  const more = [...(until === undefined ? [] : [`until ${until}`]), ...(owner === undefined ? [] : [`answered for by ${owner}`])].join(', ');
  return { kind: 'inSource', status: 'accepted', justification: more === '' ? because : `${because} (${more})` };
}

const placeRecord = (path: string, range: LineRange) => ({ artifactLocation: locationOf(path), region: regionOf(range) });

const regionOf = ({ start, end }: LineRange) => ({
  startLine: start.line + 1,
  startColumn: start.character + 1,
  endLine: end.line + 1,
  endColumn: end.character + 1,
});

/** An absolute path is a URI of its own; others count from the root of the sources, wherever that is for the reader. */
function locationOf(path: string): object {
  if (path.startsWith('std:')) return { uri: path };
  const uri = path.replaceAll('\\', '/').split('/').map(segment).join('/');
  if (uri.startsWith('/')) return { uri: `file://${uri}` };
  if (/^[A-Za-z]%3A\//.test(uri)) return { uri: `file:///${uri.replace('%3A', ':')}` };
  return { uri, uriBaseId: '%SRCROOT%' };
}

/** Of a name that is no text in Unicode, what is one. */
const segment = (name: string): string => encodeURIComponent(name.replace(/[\ud800-\udfff]/gu, '\ufffd'));

function fixRecord({ title, safe, edits }: OfferedFix): object {
  const paths = [...new Set(edits.map(({ path }) => path))];
  return {
    description: { text: title },
    artifactChanges: paths.map((path) => ({
      artifactLocation: locationOf(path),
      replacements: edits
        .filter((edit) => edit.path === path)
        .map(({ range, newText }) => ({ deletedRegion: regionOf(range), insertedContent: { text: newText } })),
    })),
    properties: { safe },
  };
}
