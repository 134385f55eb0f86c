import { isExcluded } from '../dma/verdict.js';
import { readErrorLog, type LogError } from '../formats/error-log.js';
import { formatAddress, formatRange } from '../layout/address.js';
import { contains, intersect, lastOf, overlaps, rangeOf, type Range } from '../layout/intervals.js';
import { namePlace, type Region } from '../layout/model.js';
import type { CheckResult } from '../rules/check.js';
import type { CheckedFile } from '../rules/checked-file.js';
import { RULES } from '../rules/catalogue.js';
import { offersFor } from '../rules/offers.js';
import type { CheckedVm } from '../rules/parts.js';
import type { Finding } from '../rules/rule.js';
import { Sources, type LineRange } from './sources.js';

/** An error of a log, and what a layout has to do with it. */
export interface ExplainedError extends LogError {
  /** What was asked for, as a range, where the log says. */
  readonly range: Range | undefined;
  /** What lies there in the layout. */
  readonly regions: readonly RegionThere[];
  /** What the layout's check has to say of it, if anything. */
  readonly found: Finding | undefined;
  /** Ways out: those that the check offers, else the one that always holds. */
  readonly fixes: readonly string[];
  /** What the plan of a vm says of this range, where no finding does. */
  readonly planned: readonly string[];
}

export interface RegionThere {
  readonly vm: string;
  readonly host: string | undefined;
  readonly kind: string;
  readonly name: string;
  readonly range: Range;
  readonly path: string;
  readonly place: LineRange | undefined;
}

/** Reads a log and explains its errors, in the layout if there is one. */
export const explainLog = (text: string, layout: CheckedFile | undefined): ExplainedError[] => readErrorLog(text).map((error) => explained(error, layout));

function explained(error: LogError, layout: CheckedFile | undefined): ExplainedError {
  const range = rangeAsked(error);
  const found = layout && findingOf(error, range, layout.result);
  // Without its element no waiver is offered: that silences a finding, and mends no machine.
  const offered = found && layout ? offersFor({ ...found, element: undefined }, layout).map(({ title }) => title) : [];
  return {
    ...error,
    ...(found && { rule: found.rule }),
    range,
    regions: layout && range ? regionsAt(range, layout) : [],
    found,
    fixes: offered.length > 0 ? offered : [error.fix],
    planned: layout && range && !found && error.message.family === 'mapping' ? layout.result.vms.flatMap((vm) => plannedAt(range, vm)) : [],
  };
}

function rangeAsked({ asked: { iova, size } }: LogError): Range | undefined {
  if (iova === undefined) return undefined;
  const range = rangeOf(iova, size ?? 1n);
  return range.end > range.base ? range : undefined;
}

/**
 * What the check says of these addresses; without any, what the same rule says first of a machine as the message has it. Fragmentation
 * refuses nothing.
 */
function findingOf(error: LogError, range: Range | undefined, { findings, vms }: CheckResult): Finding | undefined {
  const { rule } = error;
  const refusing = findings.filter((finding) => RULES.find(({ name }) => name === finding.rule)?.group !== 'fragmentation' && isOfSuchMachine(finding, error, vms));
  const there = range ? refusing.filter(({ witness }) => witness && overlaps(witness, range)) : refusing.filter((finding) => finding.rule === rule);
  return there.find((finding) => finding.rule === rule) ?? there.find(({ level }) => level === 'error') ?? there[0];
}

/** Whether what is found of a guest may be what a message tells: where this names an architecture or a width, of a machine that has it. */
function isOfSuchMachine(finding: Finding, { asked: { bits }, message: { arch } }: LogError, vms: readonly CheckedVm[]): boolean {
  const judged = vms.filter(({ vm, host }) => vm.name === finding.vm && (finding.host === undefined || host?.name === finding.host));
  return judged.length === 0 || judged.some(({ vm, host }) => {
    const width = finding.rule === 'guest-width' ? vm.bits : finding.rule === 'host-width' ? host?.bits : undefined;
    return (arch === undefined || host?.arch === undefined || host.arch === arch) && (bits === undefined || width === undefined || width === bits);
  });
}

/** Regions with some of these addresses: those that are all of it, or else all that meet it. */
function regionsAt(range: Range, { result, world }: CheckedFile): RegionThere[] {
  const sources = new Sources(world);
  const all = result.vms.flatMap(({ vm, host }) =>
    vm.regions.flatMap((region): RegionThere[] => (isThere(region, range) ? [{ vm: vm.name, host: host?.name, kind: region.kind, name: region.name, range: region.range, ...placeOfRegion(region, sources) }] : [])),
  );
  const exact = all.filter((region) => region.range.base === range.base && region.range.end === range.end);
  return exact.length > 0 ? exact : all;
}

const isThere = (region: Region, range: Range): region is Region & { readonly range: Range } => region.range !== undefined && overlaps(region.range, range);

function placeOfRegion({ element }: Region, sources: Sources): { path: string; place: LineRange | undefined } {
  const place = namePlace(element);
  return { path: place.path, place: sources.rangeOf(place) };
}

/** In words: what one plan says of a mapping of this range. */
function plannedAt(range: Range, { vm, host, plan }: CheckedVm): string[] {
  if (!plan || !host || !plan.attachedAtBoot) return [];
  const where = `vm ${vm.name} on ${host.name}`;
  const kept = plan.kept.find((one) => isExcluded(one) && overlaps(one.range, range));
  if (kept) return [`${where}: it meets \`${kept.name}\` (${formatRange(intersect(kept.range, range) ?? kept.range)}, ${kept.kind})`];
  if (!contains(plan.aperture, range)) return [`${where}: the IOMMU translates ${formatRange(plan.aperture)} only`];
  return [`${where}: by this layout it is allowed, so the machine isn’t as the layout says; import its reserved_regions and compare`];
}

/** `0x8000000-0x80fffff`, or the address alone. */
export const askedRange = ({ asked, range }: ExplainedError): string => (range === undefined ? '' : asked.size === undefined ? formatAddress(range.base) : formatRange(range));

export const lastAsked = ({ range }: ExplainedError): bigint | undefined => (range ? lastOf(range) : undefined);
