import { formatAddress } from '../layout/address.js';
import { lastOf } from '../layout/intervals.js';
import { isLoaded, type World } from '../layout/scope.js';
import type { CheckedOnce } from '../rules/check-once.js';
import type { Offer } from '../rules/offers.js';
import type { Finding, Level, WaiverReason } from '../rules/rule.js';
import { lineKey, Sources, type LineRange, type SourceLines } from './sources.js';

/** A finding as machines read it; docs/schema/check.schema.json describes every field. */
export interface Diagnostic {
  readonly rule: string;
  readonly severity: Level;
  readonly message: string;
  readonly range: LineRange;
  readonly vm?: string;
  readonly host?: string;
  /** Hexadecimal, since a JSON number would round it. */
  readonly witness?: { readonly base: string; readonly last: string };
  readonly related: readonly RelatedPlace[];
  /** Those that were tried and came out better; absent where the file is too long to try any for all its findings. */
  readonly fixes?: readonly OfferedFix[];
}

export interface RelatedPlace {
  readonly path: string;
  readonly range: LineRange;
  readonly message: string;
}

export interface OfferedFix {
  readonly title: string;
  readonly safe: boolean;
  readonly edits: readonly { readonly path: string; readonly range: LineRange; readonly newText: string }[];
}

/** A finding that a waiver silences. */
export interface WaivedDiagnostic extends Diagnostic {
  readonly waiver: WaiverReason;
}

/** A checked file, ready to be reported: plain data, which threads can hand to each other. */
export interface FileReport {
  readonly path: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly waived: readonly WaivedDiagnostic[];
  readonly lines: SourceLines;
}

/** Reports what was found in a file, in the order of its text. */
export function reportFile(path: string, world: World, { findings, waived: silenced, offersFor }: CheckedOnce): FileReport {
  const sources = new Sources(world);
  const isTried = trialBudget(path, world, findings.length);
  const diagnostics = findings.flatMap((finding) => {
    const range = sources.rangeOf(finding.place);
    if (!range) return [];
    return [diagnosticOf(finding, range, sources, isTried(finding) ? offersFor(finding) : undefined)];
  });
  const waived = silenced.flatMap((finding) => {
    const range = sources.rangeOf(finding.place);
    return range && finding.waiver ? [{ ...diagnosticOf(finding, range, sources, []), waiver: finding.waiver }] : [];
  });
  return { path, diagnostics, waived, lines: linesOf(path, [...diagnostics, ...waived], sources) };
}

/** The lines that findings begin in, and those of the other parties. */
function linesOf(path: string, diagnostics: readonly Diagnostic[], sources: Sources): SourceLines {
  const lines = new Map<string, string>();
  const keep = (where: string, { start }: LineRange): void => void lines.set(lineKey(where, start.line), sources.line(where, start.line));
  for (const { range, related } of diagnostics) {
    keep(path, range);
    for (const place of related) keep(place.path, place.range);
  }
  return lines;
}

/** What may be spent on trying fixes, about two seconds: characters to check again, where an untouched item counts as a hundred, and a finding as thirty. */
const MOST_TRIED = 2_000_000;

/**
 * Whether the fixes of a finding are tried: each is applied to a copy of the file, which is checked again. In a very long
 * file the first findings get theirs, the others when these are mended.
 */
function trialBudget(path: string, world: World, findings: number): (finding: Finding) => boolean {
  const state = world.read(path);
  const items = isLoaded(state) ? state.items.length : 0;
  let spent = 0;
  return ({ place }) => {
    const isLeft = spent < MOST_TRIED;
    spent += 100 * items + place.item.text.length + 30 * findings;
    return isLeft;
  };
}

function diagnosticOf(finding: Finding, range: LineRange, sources: Sources, offers: readonly Offer[] | undefined): Diagnostic {
  const { rule, level, message, vm, host, witness, notes } = finding;
  return {
    rule,
    severity: level,
    message,
    range,
    ...(vm !== undefined && { vm }),
    ...(host !== undefined && { host }),
    ...(witness && { witness: { base: formatAddress(witness.base), last: formatAddress(lastOf(witness)) } }),
    related: notes.flatMap((note) => {
      const place = sources.rangeOf(note.place);
      return place ? [{ path: note.place.path, range: place, message: note.message }] : [];
    }),
    ...(offers && { fixes: offers.map((offer) => fixOf(offer, sources)) }),
  };
}

const fixOf = ({ title, safe, placed }: Offer, sources: Sources): OfferedFix => ({
  title,
  safe,
  edits: placed.flatMap((edit) => {
    const range = sources.rangeOf(edit);
    return range ? [{ path: edit.path, range, newText: edit.newText }] : [];
  }),
});

/** How many findings of each level there are. */
export interface Counts {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

export function countLevels(levels: Iterable<Level>): Counts {
  const counts: Record<Level, number> = { error: 0, warning: 0, note: 0 };
  for (const level of levels) counts[level]++;
  return { errors: counts.error, warnings: counts.warning, notes: counts.note };
}

export const countReports = (reports: readonly FileReport[]): Counts =>
  countLevels(reports.flatMap(({ diagnostics }) => diagnostics.map(({ severity }) => severity)));
