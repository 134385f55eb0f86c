import type { Element } from '../layout/elements.js';
import { devicesOf } from './meaning.js';
import type { Suggestion } from './suggestion.js';
import { deviceOf, type Surroundings } from './surroundings.js';

/** `gpu.0`: the BARs of the devices that the vm is given; in a device, the numbers that its BARs may still have. */
export function barsOfDevices(around: Surroundings): Suggestion[] {
  const { element, evaluator } = around;
  if (element?.keyword === 'device' || element?.parent?.keyword === 'device') return newBars(element.keyword === 'device' ? element : element.parent);
  if (!evaluator.host) return [];
  const assigned = new Set(element?.parent?.children.filter(({ keyword }) => keyword === 'assign').map(deviceOf));
  const placed = new Set(element?.parent?.children.filter((child) => child !== element && child.keyword === 'bar').map(({ name }) => name));
  return devicesOf(evaluator.host)
    .filter(({ name }) => assigned.has(name))
    .flatMap((device) => barNumbers(device).map((number): Suggestion => ({ label: `${device.name}.${number}`, kind: 'element', detail: 'bar' })))
    .filter(({ label }) => !placed.has(label));
}

/** The numbers of the BARs of a device. */
export function barsOf([name = '']: readonly string[], { evaluator }: Surroundings): Suggestion[] {
  const device = evaluator.host && devicesOf(evaluator.host).find((candidate) => candidate.name === name);
  return device ? barNumbers(device).map((label): Suggestion => ({ label, kind: 'element', detail: 'bar' })) : [];
}

function newBars(device: Element | undefined): Suggestion[] {
  const taken = new Set(device ? barNumbers(device) : []);
  return ['0', '1', '2', '3', '4', '5'].filter((number) => !taken.has(number)).map((label) => ({ label, kind: 'value' }));
}

function barNumbers(device: Element): string[] {
  const written = (device.properties.get('bar') ?? []).map(({ item, property: { value } }) => (value ? item.text.slice(value.start, value.end) : ''));
  return [...new Set([...written, ...device.children.filter(({ keyword }) => keyword === 'bar').map(({ name }) => name)])].filter((number) => number !== '');
}
