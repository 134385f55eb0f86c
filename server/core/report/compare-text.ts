import { stanceName, type Comparison } from '../dma/compare.js';
import { comparisonRemarks, comparisonRows, comparisonTitle } from './comparison-rows.js';
import { padColumns } from './columns.js';
import type { Paint } from './paint.js';

/** What `compare` prints: the stances side by side, then what no cell has room for. */
export const compareText = (comparisons: readonly Comparison[], paint: Paint): string => comparisons.map((comparison) => `${oneComparison(comparison, paint)}\n`).join('\n');

function oneComparison(comparison: Comparison, paint: Paint): string {
  const rows = comparisonRows(comparison);
  const [headings = [], ...lines] = padColumns([['', ...comparison.outcomes.map(stanceName)], ...rows.map(({ heading, cells }) => [heading, ...cells])]);
  const remarks = padColumns(comparisonRemarks(comparison).map(({ stance, text }) => [stance, text]));
  return [
    paint.strong(`vm ${comparisonTitle(comparison)}`),
    '',
    `  ${paint.faint(headings.join('  '))}`,
    ...lines.map(([heading = '', ...cells]) => `  ${paint.faint(heading)}  ${cells.join('  ')}`.trimEnd()),
    ...(remarks.length === 0 ? [] : ['']),
    ...remarks.map(([stance = '', text = '']) => `  ${paint.faint(stance)}  ${text}`),
    ...(comparison.outcomes.some(({ isDeclared }) => isDeclared) ? ['', `  ${paint.faint('* as the layout says')}`] : []),
  ].join('\n');
}
