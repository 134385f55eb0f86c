import { bytesInLeavesOf, totalLeaves } from '../dma/leaves.js';
import type { Plan, PlannedMap } from '../dma/plan.js';
import { memorySlots, runsOnKvm } from '../dma/memory-slots.js';
import { bytesInStage2Of, stage2Of, stage2OfMap } from '../dma/stage2.js';
import { tableBytes } from '../dma/tables.js';
import type { Element } from '../layout/elements.js';
import { sizeOf } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';
import { fieldsOf } from '../layout/things.js';
import { address, bare, describe, mismatch, size, text, UNKNOWN, type Mismatch, type Thing, type Value } from '../layout/values.js';
import { REGION_KEYWORDS, SELECTORS } from '../syntax/vocabulary.js';
import type { VmSubject } from './rule.js';

/** What the selectors of a policy stand for in one vm: things with fields, and the element that is blamed for each. */

export interface Candidate {
  readonly value: Value & { readonly type: 'thing' };
  readonly element: Element;
}

/** The things of every selector; nothing where they can't be known, as the maps of a vm on no host. */
export type Selection = ReadonlyMap<string, readonly Candidate[] | undefined>;

export function selectionOf(subject: VmSubject): Selection {
  const { vm, plan, evaluator } = subject;
  const elements = (list: readonly Element[]): Candidate[] => list.flatMap((element) => candidate(evaluator.thing(element), element));
  const regions = [...REGION_KEYWORDS].map((keyword) => [keyword, elements(elementsOf(vm.regions.filter(({ kind }) => kind === keyword)))] as const);
  return new Map<string, readonly Candidate[] | undefined>([
    ...regions,
    ['region', elements(elementsOf(vm.regions))],
    ['backing', elements(vm.backings.map(({ element }) => element))],
    ['reserved', elements(reservedElements(subject))],
    ['device', deviceCandidates(subject)],
    ['map', plan?.maps.map((map) => asCandidate(mapThing(map, plan), map.written?.element ?? map.region?.element ?? vm.element))],
    ['vm', [asCandidate(vmThing(subject), vm.element)]],
  ]);
}

const elementsOf = (regions: readonly Region[]): Element[] => regions.map(({ element }) => element);

const asCandidate = (thing: Thing, element: Element): Candidate => ({ value: { type: 'thing', thing }, element });

const candidate = (value: Value, element: Element): Candidate[] => (value.type === 'thing' ? [{ value, element }] : []);

/** What the assigned devices keep, each range once. */
const reservedElements = ({ vm }: VmSubject): Element[] => [
  ...new Set(vm.assignments.flatMap(({ device }) => device?.reserved ?? []).map(({ element }) => element)),
];

/** The assigned devices; what is blamed is the `assign`. */
const deviceCandidates = ({ vm, evaluator }: VmSubject): Candidate[] =>
  vm.assignments.flatMap(({ device, element }) => (device ? candidate(evaluator.thing(device.element), element) : []));

const MAP_FIELDS = ['base', 'size', 'end', 'last', 'name', 'entries', 'tables'] as const;

/** A mapping request of the plan, with what its leaves and tables come to. */
function mapThing(map: PlannedMap, plan: Plan): Thing {
  const { range, leaves, tables, name } = map;
  const fields: Readonly<Record<string, Value>> = {
    base: address(range.base),
    size: size(sizeOf(range)),
    end: address(range.end),
    last: address(range.end - 1n),
    name: text(name),
    entries: bare(totalLeaves(leaves)),
    tables: size(tableBytes(tables, plan.format)),
  };
  return {
    kind: 'map',
    name,
    fields: MAP_FIELDS,
    field: (field) => fields[field],
    method: (method, args) => mapMethod(method, args, map, plan),
  };
}

/** What `m.coverage(2 MiB)` and the like can be asked of, by selector; each takes the size of a leaf. */
const METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  ['map', ['blocks', 'coverage', 'stage2', 'stage2-coverage']],
  ['vm', ['stage2', 'stage2-coverage']],
]);

const hasMethod = (selector: string, name: string): boolean => METHODS.get(selector)?.includes(name) ?? false;

function mapMethod(method: string, args: readonly Value[], map: PlannedMap, plan: Plan): Value | Mismatch | undefined {
  if (!hasMethod('map', method)) return undefined;
  const block = blockArgument(method, args);
  if (typeof block !== 'bigint') return block;
  const { leaves, range } = map;
  if (method === 'blocks') return bare(leaves.get(block) ?? 0n);
  if (method === 'coverage') return share(bytesInLeavesOf(leaves, block), sizeOf(range));
  const stage2 = stage2OfMap(map, plan);
  if (!stage2) return UNKNOWN;
  return method === 'stage2' ? bare(stage2.get(block) ?? 0n) : share(bytesInStage2Of(map, plan, block) ?? 0n, sizeOf(range));
}

function vmMethod(method: string, args: readonly Value[], plan: Plan | undefined): Value | Mismatch | undefined {
  if (!hasMethod('vm', method)) return undefined;
  const block = blockArgument(method, args);
  if (typeof block !== 'bigint') return block;
  const stage2 = plan && stage2Of(plan);
  if (!stage2 || stage2.slots.length === 0) return UNKNOWN;
  if (method === 'stage2') return bare(stage2.leaves.get(block) ?? 0n);
  return share(bytesInLeavesOf(stage2.leaves, block), stage2.slots.reduce((sum, slot) => sum + sizeOf(slot.range), 0n));
}

const share = (numerator: bigint, denominator: bigint): Value => ({ type: 'ratio', numerator, denominator });

function blockArgument(method: string, args: readonly Value[]): bigint | Value | Mismatch {
  const [block, ...others] = args;
  if (!block || others.length > 0) return mismatch(`\`${method}(size)\` takes 1 argument, not ${args.length}`);
  if (block.type === 'unknown') return UNKNOWN;
  if (block.type === 'quantity' && block.unit !== 'address') return block.value;
  return mismatch(`\`${method}(size)\` takes a size, and this is ${describe(block)}`);
}

const VM_FIELDS = ['ram', 'dma', 'maps', 'entries', 'tables', 'pinned', 'slots'] as const;

/** The vm with what its plan comes to; unknown without a host. */
function vmThing({ vm, plan, evaluator }: VmSubject): Thing {
  const inner = evaluator.thing(vm.element);
  const totals = plan?.totals;
  const known = <T>(value: T | undefined, make: (value: T) => Value): Value => (value === undefined ? UNKNOWN : make(value));
  const fields: Readonly<Record<string, Value>> = {
    ram: ramOf(vm.regions),
    dma: known(totals?.mapped, size),
    maps: known(totals && BigInt(totals.maps), bare),
    entries: known(totals?.entries, bare),
    tables: known(totals?.tableBytes, size),
    pinned: known(totals?.pinned, size),
    slots: known(plan && runsOnKvm(plan) ? memorySlots(plan) : undefined, (slots) => bare(BigInt(slots.filter(({ later }) => !later).length))),
  };
  const thing = inner.type === 'thing' ? inner.thing : undefined;
  return {
    kind: 'vm',
    name: vm.name,
    fields: [...VM_FIELDS, ...(thing?.fields ?? [])],
    field: (name) => fields[name] ?? thing?.field(name),
    method: (method, args) => vmMethod(method, args, plan),
  };
}

/** Bytes of RAM that the guest has; an alias shows bytes that are counted already. */
function ramOf(regions: readonly Region[]): Value {
  const ram = regions.filter(({ kind, alias }) => kind === 'ram' && !alias);
  if (ram.some(({ range }) => !range)) return UNKNOWN;
  return size(ram.reduce((sum, { range }) => sum + (range ? sizeOf(range) : 0n), 0n));
}

/** Kinds whose things have what is in their blocks for fields, too. */
const OPEN_KINDS = new Set(['vm', 'device']);

/** A thing of a selector before any vm is looked at: it has the fields, and no value is known. */
export function sketchOf(selector: string): Value {
  const fields = sketchFields(selector);
  const thing: Thing = {
    kind: selector,
    name: selector,
    fields,
    field: (name) => (OPEN_KINDS.has(selector) || fields.includes(name) ? UNKNOWN : undefined),
    method: (name) => (hasMethod(selector, name) ? UNKNOWN : undefined),
  };
  return { type: 'thing', thing };
}

function sketchFields(selector: string): readonly string[] {
  if (selector === 'map') return MAP_FIELDS;
  if (selector === 'vm') return [...VM_FIELDS, ...fieldsOf('vm')];
  return fieldsOf(selector === 'region' ? 'ram' : selector);
}

export const isSelector = (word: string): boolean => (SELECTORS as readonly string[]).includes(word);
