import type { Element } from './elements.js';
import type { Evaluator } from './evaluate.js';
import { barSizes, baseOf, lengthOf } from './extents.js';
import { ADDRESS_SPACE } from './address.js';
import type { Range } from './intervals.js';
import { whyNoHugePage } from './page-sizes.js';
import { placeOf } from './place.js';
import { headPageOf, numberIn, numberOf, switchOf, wordOf } from './properties.js';
import type { Bridge, BridgeWindow, DeviceBar, Host, HostMemory, HugepagePool, MemoryPurpose } from './model.js';
import { isPresent, presence } from './presence.js';

/** What a host has besides IOMMUs and devices: bridges, physical memory, huge pages. Bytes; what can't be known is left out. */
export function readResources(children: readonly Element[], pages: Pages, evaluator: Evaluator): Pick<Host, 'bridges' | 'memories' | 'hugepages'> {
  const those = (keyword: string): Element[] => children.filter((child) => child.keyword === keyword);
  return {
    bridges: those('bridge').map((child) => readBridge(child, evaluator)),
    memories: those('memory').flatMap((child) => readMemory(child, evaluator)),
    hugepages: those('hugepages').flatMap((child) => readPool(child, pages, evaluator)),
  };
}

/** The BARs of a device, written in its block or on its line. */
export const barsOf = (element: Element, evaluator: Evaluator): DeviceBar[] =>
  barSizes(element, evaluator).map(({ number, size }) => ({ number, size: size.type === 'quantity' ? size.value : undefined }));

function readBridge(element: Element, evaluator: Evaluator): Bridge {
  const acs = switchOf(element, 'acs', evaluator);
  const windows = element.children.filter((child) => child.keyword === 'window' && isPresent(child, evaluator));
  return { name: element.name, element, acs, windows: windows.flatMap((child) => readWindow(child, acs, evaluator)) };
}

function readWindow(element: Element, acs: boolean | undefined, evaluator: Evaluator): BridgeWindow[] {
  const range = knownRange(element, evaluator);
  return range ? [{ name: element.name || 'window', element, range, acs: switchOf(element, 'acs', evaluator) ?? acs }] : [];
}

function readMemory(element: Element, evaluator: Evaluator): HostMemory[] {
  const range = knownRange(element, evaluator);
  const purpose = wordOf(element, 'for', evaluator) as MemoryPurpose | undefined;
  return range ? [{ name: element.name, element, range, purpose, node: numberOf(element, 'node', 0n, 0xffffn, evaluator) }] : [];
}

type Pages = Pick<Host, 'arch' | 'page'>;

/** `hugepages 1 GiB count 32 node 0`. */
function readPool(element: Element, { arch, page }: Pages, evaluator: Evaluator): HugepagePool[] {
  const size = headPageOf(element, evaluator);
  const { head } = element.origin.declaration;
  const why = size === undefined ? undefined : whyNoHugePage(size, arch, page);
  if (why !== undefined && head) evaluator.report('value-range', placeOf(element.origin, head), why);
  if (size === undefined || presence(element, evaluator) === undefined) return [];
  return [{ element, size, count: numberIn(element, 'count', evaluator), node: numberOf(element, 'node', 0n, 0xffffn, evaluator) }];
}

/** Where something is for certain; what ends past 2^64 is told where its extent is read. */
function knownRange(element: Element, evaluator: Evaluator): Range | undefined {
  const base = baseOf(element, evaluator);
  const size = lengthOf(element, evaluator);
  if (base.type !== 'quantity' || size.type !== 'quantity' || presence(element, evaluator) === undefined) return undefined;
  const end = base.value + size.value;
  return end <= ADDRESS_SPACE ? { base: base.value, end } : undefined;
}
