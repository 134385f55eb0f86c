import assert from 'node:assert/strict';
import fc from 'fast-check';
import { daysBetween, isDay } from '../../server/core/rules/days.js';

describe('days', () => {
  const DAY = 24 * 60 * 60 * 1000;
  const textOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
  const days = fc.integer({ min: -700_000, max: 2_900_000 });

  it('are counted as the calendar counts them', () => {
    fc.assert(fc.property(days, days, (from, to) => daysBetween(textOf(from), textOf(to)) === to - from), { numRuns: 300, seed: 1 });
  });

  it('exist in the calendar, and no others', () => {
    for (const date of ['2024-02-29', '2000-02-29', '2026-12-31', '2026-04-30']) assert.equal(isDay(date), true, date);
    for (const date of ['2026-02-29', '1900-02-29', '2026-13-01', '2026-04-31', '2026-00-10', '2026-01-00']) assert.equal(isDay(date), false, date);
  });
});
