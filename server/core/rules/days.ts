/** Days of the Gregorian calendar, written `2027-06-30`. No clock: which day it is, is told. */

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a month has this day. */
export function isDay(date: string): boolean {
  const [year, month, day] = partsOf(date);
  return day >= 1 && day <= (DAYS[month - 1] ?? 0) && !(month === 2 && day === 29 && !isLeap(year));
}

/** Days from one to the other: 0 for the same day, negative if the second is the earlier. */
export const daysBetween = (from: string, to: string): number => dayNumber(to) - dayNumber(from);

/** Days since 0000-03-01. The year is counted from March, so that the leap day is its last. */
function dayNumber(date: string): number {
  const [year, month, day] = partsOf(date);
  const fromMarch = (month + 9) % 12;
  const years = fromMarch > 9 ? year - 1 : year;
  return 365 * years + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) + Math.floor((153 * fromMarch + 2) / 5) + day - 1;
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function partsOf(date: string): [year: number, month: number, day: number] {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  return [year, month, day];
}
