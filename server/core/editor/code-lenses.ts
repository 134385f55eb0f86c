import { stepText } from '../dma/arrival-words.js';
import { formatLeaves } from '../dma/leaves.js';
import type { Plan } from '../dma/plan.js';
import { bytesOf, unreachedLater } from '../dma/unreached.js';
import { formatPlural, formatSize } from '../layout/address.js';
import type { CheckResult } from '../rules/check.js';
import type { CheckedVm } from '../rules/parts.js';
import type { Level } from '../rules/rule.js';
import { treeOf, type Item } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import type { Span } from '../text/span.js';
import type { EditorFile } from './editor-file.js';

/** A line above a declaration: what it comes to, or something to do with it. The span counts in the document. */
export interface CodeLens extends Span {
  readonly title: string;
  /** What is done when it is chosen; nothing where it only tells. */
  readonly action?: LensAction;
}

export type LensAction =
  | { readonly kind: 'map'; readonly vm: string; readonly host: string | undefined }
  | { readonly kind: 'compare'; readonly offset: number };

/** The lenses of each vm and host of a file. `others` are what other files came to, whose guests may run on a host of this one. */
export function codeLensesIn({ document, result }: EditorFile, others: readonly CheckResult[]): CodeLens[] {
  const { vms, levels } = gathered(result, others);
  return document.items.flatMap((item, index) => {
    const base = document.starts[index] ?? 0;
    return treeOf(item).members.flatMap((member) => {
      if (member.kind !== 'declaration' || member.name?.kind !== 'word') return [];
      const span = { start: base + member.keyword.start, end: base + member.name.end };
      const told = lensesOf(member, base + member.name.start, vms.get(member) ?? [], levels.get(item) ?? []);
      return told.map((lens) => ({ ...span, ...lens }));
    });
  });
}

interface Gathered {
  /** Guests by their own declaration, and by that of each host they run on. */
  readonly vms: ReadonlyMap<Declaration, readonly CheckedVm[]>;
  readonly levels: ReadonlyMap<Item, readonly Level[]>;
}

function gathered(result: CheckResult, others: readonly CheckResult[]): Gathered {
  const vms = new Map<Declaration, CheckedVm[]>();
  const levels = new Map<Item, Level[]>();
  const add = <Key, Value>(table: Map<Key, Value[]>, key: Key, value: Value): void => {
    const known = table.get(key);
    if (known) known.push(value);
    else table.set(key, [value]);
  };
  for (const checked of [result, ...others].flatMap((each) => each.vms)) {
    add(vms, checked.vm.element.origin.declaration, checked);
    if (checked.host) add(vms, checked.host.element.origin.declaration, checked);
  }
  for (const { place, level } of result.findings) add(levels, place.item, level);
  return { vms, levels };
}

type Told = Pick<CodeLens, 'title' | 'action'>;

function lensesOf({ keyword }: Declaration, offset: number, vms: readonly CheckedVm[], levels: readonly Level[]): Told[] {
  if (keyword.text === 'host') return [{ title: guestsText(vms) }];
  const [first] = vms;
  if (keyword.text !== 'vm' || !first) return [];
  const plans = vms.flatMap(({ plan }) => plan ?? []);
  const compare: Told[] = plans.length > 0 ? [{ title: 'Compare stances', action: { kind: 'compare', offset } }] : [];
  // What can be clicked comes before what may be long: the end of the line can lie below the minimap.
  return [
    { title: findingsText(levels) },
    { title: 'Show map', action: { kind: 'map', vm: first.vm.name, host: first.host?.name } },
    ...compare,
    ...plans.map((plan) => ({ title: planText(plan, plans.length > 1) })),
    ...plans.flatMap((plan) => laterText(plan, plans.length > 1)),
  ];
}

function guestsText(vms: readonly CheckedVm[]): string {
  const names = [...new Set(vms.map(({ vm }) => vm.name))];
  return names.length === 0 ? 'no guest runs on it' : `${formatPlural(names.length, 'guest', 'guests')}: ${names.join(', ')}`;
}

function findingsText(levels: readonly Level[]): string {
  const counts = (['error', 'warning', 'note'] as const).flatMap((level) => {
    const count = levels.filter((other) => other === level).length;
    return count === 0 ? [] : [formatPlural(count, level, `${level}s`)];
  });
  return counts.join(', ') || 'nothing found';
}

/** What is mapped at start-up, what it costs, and whether the kernel takes it. */
function planText(plan: Plan, isOneOfMany: boolean): string {
  const { maps, leaves, tableBytes } = plan.totals;
  const refused = [...plan.attach, ...plan.maps].find(({ verdict }) => verdict.errno !== 'ok');
  const where = isOneOfMany ? `${plan.host.name}: ` : '';
  if (refused) return `${where}refused with ${refused.verdict.errno}`;
  return maps === 0 ? `${where}nothing is mapped for DMA` : `${where}${formatPlural(maps, 'mapping', 'mappings')}, ${formatLeaves(leaves)}, ${formatSize(tableBytes)} of tables`;
}

/** What becomes of what comes later, in the shortest sequence that fails. */
function laterText(plan: Plan, isOneOfMany: boolean): Told[] {
  const arrivals = [...plan.hotplug, ...plan.memoryHotplug];
  if (arrivals.length === 0) return [];
  const where = isOneOfMany ? `${plan.host.name}: ` : '';
  const failures = arrivals.flatMap((arrival) => arrival.failures).sort((left, right) => left.sequence.length - right.sequence.length);
  const [shortest] = failures;
  const untaken = plan.memoryHotplug.find(({ refusal }) => refusal);
  if (!shortest && untaken) return [{ title: `${where}hot-plug of ${untaken.region.name}: refused by QEMU` }];
  const lost = unreachedLater(plan).filter(({ isAvoided }) => !isAvoided);
  if (!shortest && lost.length > 0) return [{ title: `${where}hot-plug works in every order, but ${formatSize(bytesOf(lost.map(({ range }) => range)))} of RAM out of reach` }];
  if (!shortest) return [{ title: `${where}hot-plug works in every order` }];
  return [{ title: `${where}hot-plug of ${shortest.sequence.map((step) => stepText(step)).join(', then ')}: ${shortest.verdict.errno}` }];
}
