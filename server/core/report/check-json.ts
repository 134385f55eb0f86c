import { countReports, type FileReport } from './diagnostics.js';

/** What `check --format json` prints: docs/schema/check.schema.json. */
export function checkJson(reports: readonly FileReport[]): string {
  const files = reports.map(({ path, diagnostics }) => ({ path, diagnostics }));
  return `${JSON.stringify({ schema: 1, files, summary: countReports(reports) }, undefined, 2)}\n`;
}
