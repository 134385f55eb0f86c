import { formatLeaves, sumOfLeaves } from '../dma/leaves.js';
import type { PlannedMap } from '../dma/plan.js';
import { formatPlural, formatRange, formatSize } from '../layout/address.js';
import { isExpression, type Element } from '../layout/elements.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import type { Host, Region } from '../layout/model.js';
import { writeAddress, writeSize } from '../layout/written.js';
import type { CheckResult } from '../rules/check.js';
import type { CheckedVm } from '../rules/parts.js';
import { indexOfItem, type Item } from '../syntax/document.js';
import type { Span } from '../text/span.js';
import type { EditorFile } from './editor-file.js';
import { headOf, isOf, mappingText } from './element-text.js';

/** What can be shown between the words of a layout, each kind by itself. */
export const HINT_KINDS = ['end', 'size', 'blocks', 'offset'] as const;
export type HintKind = (typeof HINT_KINDS)[number];

/** A remark between two characters of the text. */
export interface InlayHint {
  /** In the offsets of the document. */
  readonly offset: number;
  readonly kind: HintKind;
  readonly text: string;
  /** What could be written there, to say the same. */
  readonly insert?: string;
  /** More of it, in paragraphs of Markdown: worked out when somebody asks. */
  tooltip(): readonly string[];
}

/** The hints of these kinds in a part of a file, in the order of the text. */
export function inlayHintsIn({ document, result }: EditorFile, within: Span, kinds: ReadonlySet<HintKind>): InlayHint[] {
  const shown = shownItems(document, within);
  const found = [...hintsOfVms(result, shown), ...hintsOfHosts(result, shown)].flatMap(({ item, at, ...hint }) => {
    const index = indexOfItem(document, item);
    const offset = index === undefined ? -1 : (document.starts[index] ?? 0) + at;
    return kinds.has(hint.kind) && offset >= within.start && offset <= within.end ? [{ ...hint, offset }] : [];
  });
  return found.sort((left, right) => left.offset - right.offset);
}

const shownItems = ({ items, starts }: EditorFile['document'], { start, end }: Span): ReadonlySet<Item> =>
  new Set(items.filter((_, index) => (starts[index] ?? 0) <= end && (starts[index + 1] ?? 0) >= start));

/** A hint at its place in an item. */
interface ItemHint extends Omit<InlayHint, 'offset'> {
  readonly item: Item;
  readonly at: number;
}

/** By the first of the guests that a declaration comes to: they are new objects when something changed. */
const ofVms = new WeakMap<CheckedVm, readonly ItemHint[]>();
const ofHosts = new WeakMap<Host, readonly ItemHint[]>();

function hintsOfVms({ vms }: CheckResult, shown: ReadonlySet<Item>): readonly ItemHint[] {
  const byItem = new Map<Item, CheckedVm[]>();
  for (const checked of vms) {
    const { item } = checked.vm.element.origin;
    if (shown.has(item)) byItem.set(item, [...(byItem.get(item) ?? []), checked]);
  }
  return [...byItem.values()].flatMap((group) => remembered(ofVms, group[0], () => vmHints(group)));
}

const hintsOfHosts = ({ hosts }: CheckResult, shown: ReadonlySet<Item>): readonly ItemHint[] =>
  hosts.filter(({ element }) => shown.has(element.origin.item)).flatMap((host) => remembered(ofHosts, host, () => hostHints(host)));

function remembered<Key extends object>(table: WeakMap<Key, readonly ItemHint[]>, key: Key | undefined, make: () => readonly ItemHint[]): readonly ItemHint[] {
  if (!key) return [];
  const known = table.get(key) ?? make();
  table.set(key, known);
  return known;
}

/** Hints of a guest; `group` is the guest on each of its hosts. */
function vmHints(group: readonly CheckedVm[]): ItemHint[] {
  const [first] = group;
  if (!first) return [];
  const { vm } = first;
  const isOwn = ({ element }: { readonly element: Element }): boolean => element.origin.item === vm.element.origin.item;
  const maps = vm.maps.map(({ element, iova, size }) => ({ element, range: iova === undefined || size === undefined ? undefined : { base: iova, end: iova + size } }));
  const placed = [...vm.regions, ...maps, ...vm.viommus.flatMap(({ reserved }) => reserved)].filter(isOwn);
  return [...placed.flatMap(extentHints), ...vm.regions.filter(isOwn).flatMap(offsetHint), ...placed.flatMap(({ element }) => blocksHint(element, group))];
}

function hostHints(host: Host): ItemHint[] {
  const reserved = [...host.iommus, ...host.devices].flatMap((keeper) => keeper.reserved);
  const placed = [...reserved, ...host.memories, ...host.bridges.flatMap(({ windows }) => windows)];
  const distinct = new Map(placed.filter(({ element }) => element.origin.item === host.element.origin.item).map((one) => [one.element.origin.declaration, one]));
  return [...distinct.values()].flatMap(extentHints);
}

interface Placed {
  readonly element: Element;
  readonly range: Range | undefined;
}

/** Where the end is written, the size; otherwise the last byte. */
function extentHints({ element, range }: Placed): ItemHint[] {
  if (!range) return [];
  const at = valueOf(element, 'at');
  const tooltip = (): string[] => [`\`${formatRange(range)}\`, ${formatSize(sizeOf(range))}`];
  const { item } = element.origin;
  if (at?.kind === 'extent') return [{ item, at: at.end, kind: 'size', text: formatSize(sizeOf(range)), tooltip }];
  const after = [at, valueOf(element, 'size')].flatMap((value) => (value ? [value.end] : []));
  const place = after.length > 0 ? Math.max(...after) : valueOf(element, 'to')?.end ?? valueOf(element, 'alias')?.end;
  return place === undefined ? [] : [{ item, at: place, kind: 'end', text: `..= ${writeAddress(range.end - 1n)}`, tooltip }];
}

/** A value of the element, if it stands in the element's own item. */
function valueOf(element: Element, word: string): (Span & { readonly kind: string }) | undefined {
  const located = element.properties.get(word)?.[0];
  return located?.item === element.origin.item ? located.property.value : undefined;
}

/** Which byte of the backing `from` alone takes, where that isn't the first. */
function offsetHint({ element, offset, backing }: Region): ItemHint[] {
  const value = element.properties.get('from')?.[0]?.property.value;
  if (!value || !isExpression(value) || value.kind !== 'reference' || !offset || !backing || !valueOf(element, 'from')) return [];
  const text = `+ ${writeSize(offset)}`;
  const tooltip = (): string[] => [`It takes its bytes from byte \`${writeAddress(offset)}\` of \`${backing.name}\` on: after the highest one that is taken above it.`];
  return [{ item: element.origin.item, at: value.end, kind: 'offset', text, insert: ` ${text}`, tooltip }];
}

/** The leaves that a region or map becomes, or what the kernel answers where it refuses; on several hosts all that differ. */
function blocksHint(element: Element, group: readonly CheckedVm[]): ItemHint[] {
  const told = group.flatMap(({ plan }) => {
    const maps = plan?.maps.filter((map) => isOf(map, element)) ?? [];
    return plan && maps.length > 0 ? [{ text: outcomeOf(maps), lines: (): string => `**${headOf(plan)}**\n${maps.map((map) => `- ${mappingText(map, plan)}`).join('\n')}` }] : [];
  });
  const texts = [...new Set(told.map(({ text }) => text))];
  if (texts.length === 0) return [];
  const { item, declaration } = element.origin;
  const at = declaration.properties.at(-1)?.end ?? declaration.head?.end ?? declaration.name?.end ?? declaration.keyword.end;
  return [{ item, at, kind: 'blocks', text: texts.join(' | '), tooltip: () => told.map(({ lines }) => lines()) }];
}

function outcomeOf(maps: readonly PlannedMap[]): string {
  const refused = maps.find(({ verdict }) => verdict.errno !== 'ok');
  if (refused) return refused.verdict.errno;
  const leaves = sumOfLeaves(maps.map((map) => map.leaves));
  return maps.length === 1 ? formatLeaves(leaves) : `${formatLeaves(leaves)} in ${formatPlural(maps.length, 'mapping', 'mappings')}`;
}
