import { formatLeaves } from '../dma/leaves.js';
import type { DmaRequest } from '../dma/requests.js';
import { sizeOf } from '../layout/intervals.js';
import type { Backing, Host } from '../layout/model.js';
import { withText } from '../layout/scope.js';
import { checkFile, type CheckOptions, type CheckResult } from '../rules/check.js';
import type { CheckedVm } from '../rules/parts.js';
import { commentsIn } from '../syntax/comments.js';
import { editDocumentAll, openDocument, type Document } from '../syntax/document.js';
import { inBreaksOf, laidOut, lineBreakOf } from '../syntax/laid-out.js';
import { withBreaks } from '../text/lines.js';
import type { TextEdit } from '../text/text-edit.js';
import type { EditorFile } from './editor-file.js';

/** A change of the text that is none of the layout. Offsets count in the document. */
export interface Refactoring {
  readonly title: string;
  readonly kind: 'refactor.rewrite' | 'refactor.extract' | 'refactor.inline';
  readonly edits: readonly TextEdit[];
  /** A file to be made before. */
  readonly newFile?: { readonly path: string; readonly text: string };
}

/** What a candidate must leave as it is: every request and every region, or the bytes that are mapped and where they come from. */
export type Kept = 'everything' | 'bytes';

export interface Candidate extends Refactoring {
  readonly keeps: Kept;
}

/** The candidate, if it was tried on a copy and says the same; what is told afterwards and wasn't before is named in its title. */
export function tried({ keeps, ...refactoring }: Candidate, file: EditorFile, options: CheckOptions): Refactoring[] {
  const { path, document, world, result } = file;
  const edits = inBreaksOf(document, refactoring.edits);
  const changed = editDocumentAll(document, edits);
  const newFile = refactoring.newFile && { ...refactoring.newFile, text: withBreaks(refactoring.newFile.text, lineBreakOf(document)) };
  const made = newFile && openDocument(newFile.text);
  if (losesComments(document, [changed, ...(made ? [made] : [])])) return [];
  const edited = withText(world, path, changed);
  const after = made && newFile ? withText(edited, newFile.path, made) : edited;
  const now = checkFile(path, after, options, result);
  if (saidBy(result, keeps) !== saidBy(now, keeps)) return [];
  if (newFile && checkFile(newFile.path, after, options).findings.some(({ level, rule }) => level === 'error' && !result.findings.some((other) => other.rule === rule))) return [];
  const more = newRules(result, now);
  if (more.some(({ level }) => level === 'error')) return [];
  // What says the same is told the same of; only a cut may cost something.
  if (keeps === 'everything' && more.some(({ level }) => level === 'warning')) return [];
  const warned = [...new Set(more.filter(({ level }) => level === 'warning').map(({ rule }) => rule))];
  const title = `${refactoring.title}${warned.length === 0 ? '' : ` (then ${warned.join(', ')})`}`;
  return [{ ...refactoring, title, edits: laidOut(document, edits), ...(newFile && { newFile }) }];
}

/** Whether a comment stands in none of the texts afterwards, or less often. */
function losesComments(before: Document, after: readonly Document[]): boolean {
  const left = after.flatMap((document) => commentsIn(partsApart(document, before)));
  return commentsIn(partsApart(before, ...after)).some((comment) => {
    const index = left.indexOf(comment);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/** The items of a document that aren’t in the others. */
function partsApart({ items }: Document, ...others: readonly Document[]): Pick<Document, 'items'> {
  const known = new Set(others.flatMap((other) => other.items));
  return { items: items.filter((item) => !known.has(item)) };
}

/** Findings of which there are more than before. */
function newRules(before: CheckResult, after: CheckResult): readonly { readonly rule: string; readonly level: string }[] {
  const left = new Map<string, number>();
  for (const { rule, vm } of before.findings) left.set(`${rule} ${vm}`, (left.get(`${rule} ${vm}`) ?? 0) + 1);
  return after.findings.filter(({ rule, vm }) => {
    const rest = (left.get(`${rule} ${vm}`) ?? 0) - 1;
    left.set(`${rule} ${vm}`, rest);
    return rest < 0;
  });
}

/** All that a file says of its guests, in an order that isn't the text's. */
export function saidBy({ vms }: CheckResult, keeps: Kept): string {
  if (keeps === 'bytes') return vms.map(bytesOf).sort().join('\n');
  return vms.flatMap((checked) => [everythingOf(checked), ...(checked.host ? [hostFacts(checked.host)] : [])]).sort().join('\n');
}

function everythingOf(checked: CheckedVm): string {
  const { vm, host, plan } = checked;
  const regions = vm.regions.map(({ kind, name, range, offset, access, node, backing }) => [kind, name, range?.base, range?.end, offset, access, node, backing && backingKey(backing), backing?.size].join(' '));
  const maps = (plan?.maps ?? []).map((map) => [map.name, requestKey(map), map.range.base, map.range.end, map.verdict.errno, formatLeaves(map.leaves)].join(' '));
  const later = [...(plan?.hotplug ?? []), ...(plan?.memoryHotplug ?? [])].map(({ failures, untold }) => `${failures.length} ${untold}`);
  return [vm.name, host?.name, plan?.totals.pinned, ...regions.sort(), '|', ...maps.sort(), '|', ...later].join('\n');
}

/** The host-physical side of a request: where byte 0 of its backing would be mapped, and what backs it. */
const requestKey = ({ range, offset, backing, access, kind }: DmaRequest): string =>
  [kind, access, backing && backingKey(backing), offset === undefined ? '' : range.base - offset].join(' ');

const backingKey = ({ own, name, kind, page, physical }: Backing): string => [own ? '' : name, kind, page, physical].join(' ');

/** Runs of bytes with one origin, whether one request asks for them or several. */
function bytesOf({ vm, host, plan }: CheckedVm): string {
  const mapped = (plan?.maps ?? []).map((map) => ({ key: `map ${pageKey(map)}`, base: map.range.base, end: map.range.end }));
  const regions = vm.regions.flatMap(({ kind, range, access, backing, offset }) => (range ? [{ key: `${kind} ${access} ${pageKey({ range, offset, backing })}`, base: range.base, end: range.end }] : []));
  return [vm.name, host?.name, plan && sizeTotal(plan.maps), ...joined([...mapped, ...regions])].join('\n');
}

/** A backing of its own may get a name: what counts is its pages, and how far IOVA and offset are apart. Ordinary memory of its own promises neither. */
function pageKey({ range, offset, backing }: Pick<DmaRequest, 'range' | 'offset' | 'backing'>): string {
  const isPlain = backing?.own && (backing.kind === 'anonymous' || backing.kind === 'thp');
  return [backing?.kind, backing?.page, backing?.physical, isPlain || offset === undefined ? '' : range.base - offset].join(' ');
}

const sizeTotal = (maps: readonly DmaRequest[]): bigint => maps.reduce((sum, { range }) => sum + sizeOf(range), 0n);

interface Run {
  readonly key: string;
  readonly base: bigint;
  readonly end: bigint;
}

function joined(runs: readonly Run[]): string[] {
  const sorted = [...runs].sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : left.base < right.base ? -1 : 1));
  const found: Run[] = [];
  for (const run of sorted) {
    const last = found.at(-1);
    if (last?.key === run.key && last.end === run.base) found[found.length - 1] = { ...last, end: run.end };
    else found.push(run);
  }
  return found.map(({ key, base, end }) => `${key} ${base} ${end}`);
}

/** What a host keeps and can do, as far as a guest can tell. */
function hostFacts({ name, arch, kernel, page, bits, contract, iommus, devices, memories, bridges, limits }: Host): string {
  const reserved = [...iommus, ...devices].flatMap((keeper) => keeper.reserved.map(({ name: own, range, kind }) => `${keeper.name} ${own} ${range.base} ${range.end} ${kind}`));
  const others = [...memories, ...bridges.flatMap(({ windows }) => windows)].map(({ name: own, range }) => `${own} ${range.base} ${range.end}`);
  return ['host', name, arch, kernel?.major, kernel?.minor, page, bits, contract, limits.memlock, limits.dmaMaps, limits.slots, ...devices.map((device) => `${device.name} ${device.group} ${device.iommu?.name}`), ...reserved, ...others].join(' ');
}
