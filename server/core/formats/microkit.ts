import { ADDRESS_SPACE } from '../layout/address.js';
import type { LineError } from './import-result.js';
import { readXml, type XmlElement } from './xml.js';

/**
 * Reads a system description of the seL4 Microkit (docs/manual.md, tool/microkit/src/sdf.rs): memory regions, what
 * protection domains and virtual machines map of them, and what devices see through the IOMMU.
 */
export interface MicrokitSystem {
  readonly regions: readonly MicrokitRegion[];
  readonly spaces: readonly MicrokitSpace[];
}

export interface MicrokitRegion {
  readonly line: number;
  readonly name: string;
  /** Nothing where a file that it is filled from decides. */
  readonly size: bigint | undefined;
  readonly page: bigint | undefined;
  readonly physical: bigint | undefined;
}

/** An address space: of a protection domain, of a virtual machine, or of a device. */
export interface MicrokitSpace {
  readonly kind: 'domain' | 'machine' | 'device';
  readonly line: number;
  readonly name: string;
  /** `BUS:DEVICE.FUNCTION`, of a device. */
  readonly peripheral: string | undefined;
  readonly maps: readonly MicrokitMap[];
}

export interface MicrokitMap {
  readonly line: number;
  readonly region: MicrokitRegion;
  readonly base: bigint;
  /** Some of `r`, `w`, `x`. */
  readonly access: string;
  readonly isCached: boolean;
}

class Trouble extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

export function readMicrokit(source: string): MicrokitSystem | LineError {
  const root = readXml(source);
  if ('message' in root) return root;
  try {
    if (root.name !== 'system') throw new Trouble(`<${root.name}> is no <system>`, root.line);
    const regions = new Map<string, MicrokitRegion>();
    for (const element of root.children.filter(({ name }) => name === 'memory_region')) addRegion(regions, element);
    return { regions: [...regions.values()], spaces: spacesIn(root, regions) };
  } catch (error) {
    if (error instanceof Trouble) return { line: error.line, message: error.message };
    throw error;
  }
}

/** Pages that seL4 has on AArch64, RISC-V and x86-64. */
const PAGES: readonly bigint[] = [0x1000n, 0x20_0000n, 0x4000_0000n];

function addRegion(regions: Map<string, MicrokitRegion>, element: XmlElement): void {
  const { line } = element;
  const name = required(element, 'name');
  const [size, page, physical] = ['size', 'page_size', 'phys_addr'].map((attribute) => optionalNumber(element, attribute));
  if (regions.has(name)) throw new Trouble(`a second memory region \`${name}\``, line);
  if (size === undefined && !element.attributes.has('prefill_path')) throw new Trouble(`\`${name}\` has no size, and no file that it is filled from`, line);
  if (page !== undefined && !PAGES.includes(page)) throw new Trouble(`0x${page.toString(16)} is no size of a page`, line);
  if (size !== undefined && (size === 0n || size % (page ?? 0x1000n) !== 0n)) throw new Trouble(`0x${size.toString(16)} bytes are no multiple of the page`, line);
  if (physical !== undefined && physical % (page ?? 0x1000n) !== 0n) throw new Trouble(`0x${physical.toString(16)} is no multiple of the page`, line);
  if ((physical ?? 0n) + (size ?? 0n) > ADDRESS_SPACE) throw new Trouble('the region reaches past 2^64', line);
  regions.set(name, { line, name, size, page, physical });
}

function spacesIn(root: XmlElement, regions: ReadonlyMap<string, MicrokitRegion>): MicrokitSpace[] {
  const spaces: MicrokitSpace[] = [];
  const devices = new Set<string>();
  const visit = (element: XmlElement): void => {
    const kind = KINDS[element.name];
    if (kind) spaces.push(spaceOf(element, kind, regions, devices));
    if (kind === 'domain' || element === root) element.children.forEach(visit);
  };
  visit(root);
  return spaces;
}

/** IOVAs of seL4 on x86 end at 2^39 (tool/microkit/src/sdf.rs). */
export const IOVA_BITS = 39;

/** User addresses are narrower on each architecture of the Microkit; which one it is a system doesn't say. */
const WIDEST_ADDRESS = 47;

const KINDS: Readonly<Record<string, MicrokitSpace['kind']>> = { protection_domain: 'domain', virtual_machine: 'machine', io_address_space: 'device' };

function spaceOf(element: XmlElement, kind: MicrokitSpace['kind'], regions: ReadonlyMap<string, MicrokitRegion>, devices: Set<string>): MicrokitSpace {
  const peripheral = kind === 'device' ? required(element, 'peripheral_id') : undefined;
  if (peripheral !== undefined) {
    if (!/^[0-9a-f]{1,2}:[0-9a-f]{1,2}\.[0-7]$/i.test(peripheral)) throw new Trouble(`\`${peripheral}\` is no BUS:DEVICE.FUNCTION`, element.line);
    if (devices.has(peripheral)) throw new Trouble(`a second address space of the device ${peripheral}`, element.line);
    devices.add(peripheral);
  }
  const maps = element.children.filter(({ name }) => name === (kind === 'device' ? 'iomap' : 'map')).map((map) => mapOf(map, kind, regions));
  return { kind, line: element.line, name: required(element, 'name'), peripheral, maps };
}

function mapOf(element: XmlElement, kind: MicrokitSpace['kind'], regions: ReadonlyMap<string, MicrokitRegion>): MicrokitMap {
  const { line } = element;
  const name = required(element, 'mr');
  const region = regions.get(name);
  if (!region) throw new Trouble(`there is no memory region \`${name}\``, line);
  const base = number(element, kind === 'device' ? 'iovaddr' : 'vaddr');
  const access = element.attributes.get('perms') ?? 'rw';
  if (!/^r?w?x?$/.test(access) || access === '') throw new Trouble(`\`${access}\` is none of r, w, x in this order`, line);
  const bits = kind === 'device' ? IOVA_BITS : WIDEST_ADDRESS;
  const end = base + (region.size ?? 1n);
  if (end > 1n << BigInt(bits)) throw new Trouble(`\`${name}\` reaches to 0x${(end - 1n).toString(16)}, and addresses here have ${bits} bits`, line);
  if (kind === 'device' && (region.page ?? 0x1000n) > 0x1000n) throw new Trouble(`\`${name}\` has pages of 0x${(region.page ?? 0n).toString(16)} bytes, and seL4 has only small ones in an IOMMU`, line);
  return { line, region, base, access, isCached: element.attributes.get('cached') !== 'false' };
}

function required(element: XmlElement, attribute: string): string {
  const value = element.attributes.get(attribute);
  if (value === undefined || value === '') throw new Trouble(`<${element.name}> has no \`${attribute}\``, element.line);
  return value;
}

const optionalNumber = (element: XmlElement, attribute: string): bigint | undefined =>
  element.attributes.has(attribute) ? number(element, attribute) : undefined;

/** A number with `_` between its digits, as the Microkit has them. */
function number(element: XmlElement, attribute: string): bigint {
  const digits = required(element, attribute).replaceAll('_', '');
  if (!/^(?:0x[0-9a-f]{1,40}|\d{1,40})$/i.test(digits)) throw new Trouble(`\`${attribute}\` is no number: ${required(element, attribute).slice(0, 60)}`, element.line);
  const value = BigInt(digits);
  if (value >= ADDRESS_SPACE) throw new Trouble(`\`${attribute}\` is past 2^64`, element.line);
  return value;
}
