import { formatLeaves, sumOfLeaves, totalLeaves, type Leaves } from '../dma/leaves.js';
import type { PlannedMap } from '../dma/plan.js';
import { mapsInAll } from '../dma/plugged-memory.js';
import type { Vm } from '../layout/model.js';
import { placedIn, spanOfPlace, type PlacedEdit } from '../layout/place.js';
import { isLoaded } from '../layout/scope.js';
import { editDocumentAll, type Document } from '../syntax/document.js';
import { inBreaksOf, laidOut } from '../syntax/laid-out.js';
import { withoutOverlaps, type TextEdit } from '../text/text-edit.js';
import { RULES } from './catalogue.js';
import type { CheckResult } from './check.js';
import { checkEdited, type CheckedFile } from './checked-file.js';
import type { Finding, Fix } from './rule.js';
import { waiverFor } from './waiving.js';

/** A fix that was tried and came out better, with its price in the title; offsets count in the whole file. */
export interface Offer {
  readonly title: string;
  readonly safe: boolean;
  /** Whether it may be taken without a look at the others: it is the first, no waiver, and nothing is told afterwards that wasn’t before. */
  readonly preferred: boolean;
  /** As the formatter would have them. */
  readonly edits: readonly TextEdit[];
  /** The same edits, in their items. */
  readonly placed: readonly PlacedEdit[];
}

/**
 * The fixes of a finding that are worth offering: each is applied to a copy, which is checked again. The finding has to
 * be gone and no new error may stand anywhere, unless the fix only brings it to light; what is new, and what it costs in
 * leaves, is told in the title.
 */
export function offersFor(finding: Finding, file: CheckedFile): Offer[] {
  const document = file.world.read(file.path);
  if (!isLoaded(document)) return [];
  const tried = (fix: Fix): Offer[] => offer(fix, finding, file, document);
  const mends = finding.fixes().flatMap(tried).map((each, index) => (index === 0 ? each : { ...each, preferred: false }));
  return [...mends, ...waiverFor(finding).flatMap(tried).map((each) => ({ ...each, preferred: false }))];
}

function offer(fix: Fix, finding: Finding, file: CheckedFile, document: Document): Offer[] {
  const { path, result: before } = file;
  const edits = editsInFile(fix, path, document);
  if (edits.length === 0) return [];
  const after = checkEdited(file, editDocumentAll(document, edits));
  if (!isBetter(finding, fix, before, after) || (fix.savesLeaves && leavesIn(after) >= leavesIn(before))) return [];
  const price = priceOf(before, after, fix.counted);
  const told = newFindings(before, after, price !== '');
  const tidy = laidOut(document, edits);
  return [{ title: `${fix.title}${price}${told}`, safe: fix.safe, preferred: told === '', edits: tidy, placed: tidy.flatMap((edit) => placedIn(document, path, edit)) }];
}

/** The edits of a fix, with offsets in the whole file; none where one lies in another file. */
export function editsInFile(fix: Fix, path: string, document: Document): TextEdit[] {
  const edits = fix.edits.map((edit) => inFile(edit, path, document));
  const known = edits.filter((edit) => edit !== undefined);
  return known.length === edits.length ? withoutOverlaps(inBreaksOf(document, known)) : [];
}

/** The edit with offsets in the whole file; nothing where it lies in another file. */
function inFile(edit: PlacedEdit, path: string, document: Document): TextEdit | undefined {
  const span = edit.path === path ? spanOfPlace(document, edit) : undefined;
  return span && { ...span, newText: edit.newText };
}

/** Findings are the same if they say the same: places move when text is inserted. */
const identity = ({ rule, level, message, vm, host }: Finding): string => [rule, level, vm, host, message].join('\0');

/** What a rule complains of in the text, in whatever words: `size` that stands in the wrong place, and then is said twice. */
const complaint = ({ rule, level, place }: Finding): string => [rule, level, place.item.text.slice(place.start, place.end)].join('\0');

function isBetter(finding: Finding, fix: Fix, before: CheckResult, after: CheckResult): boolean {
  const fewer = (likeness: (one: Finding) => string): boolean => {
    const wanted = likeness(finding);
    const count = (result: CheckResult): number => result.findings.filter((other) => likeness(other) === wanted).length;
    return count(after) < count(before);
  };
  if (!fewer(identity) || (LANGUAGE.has(finding.rule) && !fewer(complaint))) return false;
  return !added(before, after).some(({ level, rule }) => level === 'error' && !(fix.reveals && !LANGUAGE.has(rule)));
}

/** Rules of the language: a fix that leaves less to be read is none. */
const LANGUAGE: ReadonlySet<string> = new Set(RULES.filter(({ group }) => group === 'language').map(({ name }) => name));

const leavesIn = ({ vms }: CheckResult): bigint => vms.reduce((sum, { plan }) => sum + (plan ? totalLeaves(leavesOf(mapsInAll(plan))) : 0n), 0n);

/** Findings of a level and rule that there are more of than before. */
function added(before: CheckResult, after: CheckResult): Finding[] {
  const key = ({ rule, level, vm }: Finding): string => [rule, level, vm].join('\0');
  const counts = new Map<string, number>();
  for (const finding of before.findings) counts.set(key(finding), (counts.get(key(finding)) ?? 0) + 1);
  return after.findings.filter((finding) => {
    const left = (counts.get(key(finding)) ?? 0) - 1;
    counts.set(key(finding), left);
    return left < 0;
  });
}

const PRICES: ReadonlySet<string> = new Set(RULES.filter(({ isPrice }) => isPrice).map(({ name }) => name));

/** What is told afterwards and wasn't before, notes apart. */
function newFindings(before: CheckResult, after: CheckResult, isPriced: boolean): string {
  const told = added(before, after).filter(({ level, rule }) => level !== 'note' && !(isPriced && PRICES.has(rule)));
  const rules = new Set(told.map(({ rule }) => rule));
  return rules.size === 0 ? '' : ` (then ${[...rules].join(', ')})`;
}

/** `: 2 × 1 GiB + … instead of 3 × 1 GiB` or `: still 3 × 1 GiB`, over the mappings that are not the same before and after, and those that are `counted` anyhow. */
function priceOf(before: CheckResult, after: CheckResult, counted: readonly PlannedMap[] = []): string {
  // What the edit didn't touch was not analysed anew, and is the same object.
  const untouched = new Set(before.vms);
  const prices = after.vms.flatMap((checked) => {
    if (untouched.has(checked)) return [];
    const old = before.vms.find(({ vm, host }) => vm.name === checked.vm.name && host?.name === checked.host?.name);
    if (!old?.plan || !checked.plan || hasUnread(old.vm)) return [];
    const [was, is] = differing(mapsInAll(old.plan), mapsInAll(checked.plan), counted);
    if (totalLeaves(was) === 0n) return [];
    return [formatLeaves(was) === formatLeaves(is) ? `still ${formatLeaves(is)}` : `${formatLeaves(is)} instead of ${formatLeaves(was)}`];
  });
  const [price] = prices;
  return price === undefined ? '' : `: ${price}`;
}

/** Whether it isn’t known where some region takes its bytes from: what that costs isn’t known, either. */
const hasUnread = ({ regions }: Vm): boolean => regions.some(({ element, backing }) => element.properties.has('from') && backing === undefined);

function differing(before: readonly PlannedMap[], after: readonly PlannedMap[], counted: readonly PlannedMap[]): [Leaves, Leaves] {
  const key = ({ range, offset, backing, leaves }: PlannedMap): string => [range.base, range.end, offset, backing?.name, formatLeaves(leaves)].join(' ');
  const [had, has] = [new Set(before.map(key)), new Set(after.map(key))];
  const always = new Set(counted.map(key));
  const told = (maps: readonly PlannedMap[], others: ReadonlySet<string>): Leaves => leavesOf(maps.filter((map) => !others.has(key(map)) || always.has(key(map))));
  return [told(before, has), told(after, had)];
}

const leavesOf = (maps: readonly PlannedMap[]): Leaves => sumOfLeaves(maps.map(({ leaves }) => leaves));
