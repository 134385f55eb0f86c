import { cellsIn } from './cells.js';

/** Pads the cells of a table, so that each column is as wide as its widest. The last column is left as it is. */
export function padColumns(rows: readonly (readonly string[])[]): string[][] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cellsIn(cell));
  }
  return rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - cellsIn(cell)))),
  );
}
