import { REGION_KEYWORDS } from '../syntax/vocabulary.js';
import type { Evaluator } from './evaluate.js';
import { baseOf, lengthOf } from './extents.js';
import type { Element } from './elements.js';
import { bare, text, truth, UNKNOWN, type Thing, type Value } from './values.js';

/** An element as something with fields: those of its kind, and its children by their names. */
export function thingOf(element: Element, evaluator: Evaluator): Thing {
  const own = fieldsOf(element.keyword);
  return {
    kind: element.keyword,
    name: element.name,
    fields: [...own, ...element.children.map((child) => child.name).filter((name) => name !== '')],
    field(name) {
      if (own.includes(name)) return fieldOf(element, name, evaluator);
      const child = evaluator.child(element, name) ?? deviceNamed(element, name, evaluator);
      return child && evaluator.thing(child);
    },
  };
}

const EXTENT = ['base', 'size', 'end', 'last'];
const REGION_FIELDS = [...EXTENT, 'kind', 'name', 'node', 'read', 'write', 'execute', 'backing'];
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['reserved', [...EXTENT, 'kind', 'name']],
  ['map', [...EXTENT, 'name']],
  ['memory', [...EXTENT, 'name', 'node']],
  ['backing', ['size', 'name', 'kind', 'node']],
  ['host', ['name', 'arch', 'kernel', 'page', 'bits', 'contract']],
  ['iommu', ['name', 'model', 'granule', 'bits']],
  ['device', ['name', 'bits']],
  ['vm', ['name', 'bits']],
]);

/** The fields that an element of this keyword has of its own. */
export const fieldsOf = (keyword: string): readonly string[] =>
  FIELDS.get(keyword) ?? (REGION_KEYWORDS.has(keyword) ? REGION_FIELDS : ['name']);

function fieldOf(element: Element, name: string, evaluator: Evaluator): Value {
  switch (name) {
    case 'base':
      return baseOf(element, evaluator);
    case 'size':
      return lengthOf(element, evaluator);
    case 'end':
    case 'last':
      return endOf(element, evaluator, name === 'last' ? 1n : 0n);
    case 'kind':
      return kindOf(element, evaluator);
    case 'name':
      return text(element.name);
    case 'read':
    case 'write':
    case 'execute':
      return truth(accessOf(element).includes({ read: 'r', write: 'w', execute: 'x' }[name]));
    case 'backing':
      return backingOf(element, evaluator);
    case 'kernel':
      return versionOf(evaluator.property(element, 'kernel'));
    case 'node':
      return element.properties.has('node') ? evaluator.property(element, 'node') : bare(0n);
    default:
      return evaluator.property(element, name);
  }
}

/** A region's keyword; why a range is reserved; what a backing promises. */
function kindOf(element: Element, evaluator: Evaluator): Value {
  if (element.keyword === 'backing') return text(['hugetlb', 'dax', 'physical', 'thp'].find((kind) => element.properties.has(kind)) ?? 'anonymous');
  if (element.keyword !== 'reserved') return text(element.keyword);
  return element.properties.has('kind') ? evaluator.property(element, 'kind') : text('reserved');
}

/** `kernel 7` is a version, too. */
const versionOf = (value: Value): Value =>
  value.type === 'quantity' && value.unit === 'bare' ? { type: 'version', parts: [Number(value.value)] } : value;

/** What a guest may do with a region: as written, else what its kind allows. `execute` is only what is written. */
export function accessOf(element: Element): string {
  const written = element.properties.get('access')?.[0]?.property.value;
  if (written?.kind === 'word') return written.text;
  return element.keyword === 'rom' ? 'r' : element.keyword === 'ram' || element.keyword === 'mmio' ? 'rw' : '';
}

function endOf(element: Element, evaluator: Evaluator, back: bigint): Value {
  const base = baseOf(element, evaluator);
  const length = lengthOf(element, evaluator);
  if (base.type !== 'quantity' || length.type !== 'quantity') return UNKNOWN;
  return { type: 'quantity', value: base.value + length.value - back, unit: 'address' };
}

function backingOf(element: Element, evaluator: Evaluator): Value {
  const from = element.properties.get('from')?.[0]?.property.value;
  let node = from;
  while (node?.kind === 'binary') node = node.left;
  if (node?.kind !== 'reference' || node.path[0]?.kind !== 'word') return UNKNOWN;
  const backing = evaluator.find(node.path[0].text, { origin: element.origin, element });
  return backing ? evaluator.thing(backing) : UNKNOWN;
}

/** The devices of a host by name, whatever group they are in. */
function deviceNamed(element: Element, name: string, evaluator: Evaluator): Element | undefined {
  if (element.keyword !== 'host') return undefined;
  return element.children.filter((child) => child.keyword === 'group').map((group) => evaluator.child(group, name)).find((found) => found);
}
