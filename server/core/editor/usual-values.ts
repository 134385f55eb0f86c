import { told, type Suggestion } from './suggestion.js';

type Values = readonly (readonly [value: string, about: string])[];

const PAGE_SIZES: Values = [['4 KiB', 'Blocks of 2 MiB and 1 GiB.'], ['16 KiB', 'Blocks of 32 MiB.'], ['64 KiB', 'Blocks of 512 MiB.']];
const HUGE_PAGES: Values = [['1 GiB', 'With a base page of 4 KiB.'], ['2 MiB', 'With a base page of 4 KiB.']];

/** Values that properties have most often, by their word, or that of the declaration where they stand behind its keyword. */
const USUAL: ReadonlyMap<string, Values> = new Map<string, Values>([
  ['page', PAGE_SIZES],
  ['granule', PAGE_SIZES],
  ['hugetlb', HUGE_PAGES],
  ['dax', HUGE_PAGES],
  ['hugepages', HUGE_PAGES],
  ['block', [['2 MiB', 'The smallest with a base page of 4 KiB.'], ['1 GiB', 'So that a block is one leaf.']]],
  ['blocks', [['4 KiB', ''], ['2 MiB', ''], ['1 GiB', '']]],
  ['bits', [['48', 'Four levels of tables.'], ['39', 'Three levels.'], ['57', 'Five levels.']]],
  ['kernel', ['6.18', '6.12', '6.6', '6.1', '5.15', '5.10'].map((version) => [version, 'A long-term release.'] as const)],
  ['memlock', [['unlimited', 'No limit.']]],
  ['dma-maps', [['65535', 'What the kernel has if nobody says otherwise.']]],
  ['node', [['0', ''], ['1', '']]],
]);

export const usualValues = (word: string): Suggestion[] =>
  (USUAL.get(word) ?? []).map(([label, about]): Suggestion => ({ label, kind: 'value', ...told(about) }));

/** Properties whose number counts no bytes. */
const COUNTS: ReadonlySet<string> = new Set(['bits', 'count', 'node', 'slots', 'dma-maps', 'kernel', 'bar', 'group']);
const PAGES: ReadonlySet<string> = new Set(['page', 'granule']);
const BLOCKS: ReadonlySet<string> = new Set(['hugetlb', 'dax', 'hugepages', 'block', 'blocks']);

/** Units behind a number that has none, those first that make a usual value of it; but not behind a 0, which needs none. */
export function unitsAfter(before: string): Suggestion[] {
  const { word = '', digits, blank } = /(?:(?<word>[a-z][\w-]*)[ \t]+)?(?:^|(?<![\w.]))(?<digits>[1-9][\d_]*(?:\.\d+)?)(?<blank>[ \t]*)$/.exec(before)?.groups ?? {};
  if (digits === undefined || COUNTS.has(word)) return [];
  return unitsFor(word, digits).map((unit) => ({ label: unit, kind: 'unit', insert: blank === '' ? ` ${unit}` : unit }));
}

function unitsFor(word: string, digits: string): string[] {
  if (PAGES.has(word)) return firstly('KiB');
  if (BLOCKS.has(word)) return firstly(digits === '1' ? 'GiB' : 'MiB');
  return [...UNITS];
}

const UNITS: readonly string[] = ['GiB', 'MiB', 'KiB', 'TiB', 'B', 'PiB', 'EiB'];

const firstly = (unit: string): string[] => [unit, ...UNITS.filter((other) => other !== unit)];
