import type { Element } from '../layout/elements.js';
import type { Device } from '../layout/model.js';
import type { CheckResult } from '../rules/check.js';
import type { EditorFile } from './editor-file.js';
import { targetAt } from './references.js';

/** How the parts of a layout hang together: a map takes from a region, that from a backing; a vm runs on hosts and takes devices. */

/** What the thing at an offset is made from: of a region its backing, of a map its region, of a device its IOMMU, of a vm its hosts. */
export function madeFrom(file: EditorFile, offset: number): Element[] {
  const found = targetAt(file, offset);
  return found?.target.kind === 'element' ? usedBy(found.target.element, file.result) : [];
}

/** The element at an offset, where it takes part in such relations. */
export function relatedAt(file: EditorFile, offset: number): Element | undefined {
  const found = targetAt(file, offset);
  return found?.target.kind === 'element' && RELATED.has(found.target.element.keyword) ? found.target.element : undefined;
}

const RELATED: ReadonlySet<string> = new Set(['vm', 'host', 'iommu', 'device', 'backing', 'map', 'ram', 'rom', 'mmio', 'bar', 'hole']);

const isSame = (left: Element, right: Element): boolean => left.origin.declaration === right.origin.declaration;

const distinct = (elements: readonly Element[]): Element[] => [...new Map(elements.map((element) => [element.origin.declaration, element])).values()];

const elementsOf = (...made: readonly ({ readonly element: Element } | undefined)[]): Element[] => made.flatMap((one) => one?.element ?? []);

/** Those of the hosts of a file, and of the hosts elsewhere that its guests run on. */
const devicesIn = ({ vms, hosts }: CheckResult): Device[] => [...hosts, ...vms.flatMap(({ host }) => host ?? [])].flatMap(({ devices }) => devices);

/** What an element takes from: what it would not be without. */
export function usedBy(element: Element, result: CheckResult): Element[] {
  const { vms } = result;
  const all = vms.flatMap(({ vm }) => vm);
  switch (element.keyword) {
    case 'vm':
      return distinct(vms.filter(({ vm }) => isSame(vm.element, element)).flatMap(({ vm, host }) => elementsOf(host, ...vm.assignments.map(({ device }) => device))));
    case 'map':
      return distinct(all.flatMap(({ maps }) => maps.filter((map) => isSame(map.element, element)).flatMap(({ region }) => elementsOf(region))));
    case 'device':
      return distinct(devicesIn(result).filter((device) => isSame(device.element, element)).flatMap(({ iommu }) => elementsOf(iommu)));
    default: {
      const regions = all.flatMap((vm) => vm.regions).filter((region) => isSame(region.element, element));
      return distinct(regions.flatMap(({ backing, alias }) => elementsOf(alias, backing?.own ? undefined : backing)));
    }
  }
}

/** Who takes from an element. */
export function usersOf(element: Element, result: CheckResult): Element[] {
  const { vms } = result;
  const all = vms.flatMap(({ vm }) => vm);
  switch (element.keyword) {
    case 'host':
      return distinct(vms.filter(({ host }) => host && isSame(host.element, element)).map(({ vm }) => vm.element));
    case 'device':
      return distinct(all.filter(({ assignments }) => assignments.some(({ device }) => device && isSame(device.element, element))).map((vm) => vm.element));
    case 'iommu':
      return distinct(devicesIn(result).filter(({ iommu }) => iommu && isSame(iommu.element, element)).map((device) => device.element));
    case 'backing':
      return distinct(all.flatMap(({ regions }) => regions.filter(({ backing }) => backing && isSame(backing.element, element)).map((region) => region.element)));
    default:
      return distinct(all.flatMap(({ regions, maps }) => [
        ...maps.filter(({ region }) => region && isSame(region.element, element)).map((map) => map.element),
        ...regions.filter(({ alias }) => alias && isSame(alias.element, element)).map((region) => region.element),
      ]));
  }
}
