import { stanceName, type Comparison } from '../dma/compare.js';
import { comparisonRemarks, comparisonRows, comparisonTitle } from './comparison-rows.js';

/** The stances side by side as a page: a table, and a list of what no cell has room for. */
export const compareMarkdown = (comparisons: readonly Comparison[]): string => comparisons.map(onePage).join('\n');

function onePage(comparison: Comparison): string {
  const rows = [['', ...comparison.outcomes.map(stanceName)], ...comparisonRows(comparison).map(({ heading, cells }) => [heading, ...cells])];
  const [headings = [], ...lines] = rows.map((cells) => `| ${cells.map(inCell).join(' | ')} |`);
  const rule = `|${comparison.outcomes.map(() => '---|').join('')}---|`;
  const remarks = comparisonRemarks(comparison).map(({ stance, text }) => `- **${stance}**: ${text}`);
  const declared = comparison.outcomes.some(({ isDeclared }) => isDeclared) ? ['', '\\* as the layout says'] : [];
  return [`## ${inCell(comparisonTitle(comparison))}`, '', headings, rule, ...lines, ...(remarks.length > 0 ? ['', ...remarks] : []), ...declared, ''].join('\n');
}

const inCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('*', '\\*');
