/** Reads dumps and layouts for the tests, in the plainest way, sharing nothing with what is tested. */

export interface Section {
  readonly line: number;
  readonly base: bigint;
  readonly size: bigint;
  readonly type: string;
  readonly region: string;
  readonly offset: bigint;
  readonly owner: string;
}

/** Sections of the flat view of the address space "memory", as the lines stand in a dump. */
export function systemSections(dump: string): Section[] {
  const lines = dump.split('\n');
  const named = lines.findIndex((line) => line.startsWith(' AS "memory", '));
  const start = lines.findIndex((line, index) => index > named && line.startsWith(' Root memory region'));
  const sections: Section[] = [];
  for (let index = start + 1; lines[index]?.startsWith('  '); index++) {
    const match = /^  (\w{16})-(\w{16}) \(prio -?\d+, ([^)]+)\): (.*)$/.exec(lines[index] ?? '');
    if (match) sections.push(sectionOf(index + 1, match));
  }
  return sections;
}

function sectionOf(line: number, [, first, last, type = '', rest = '']: RegExpExecArray): Section {
  const base = BigInt(`0x${first}`);
  const name = rest.replace(/ KVM$/, '').replace(/ (owner|parent):\{.*$/, '');
  const offset = / @(\w{16})$/.exec(name)?.[1] ?? '0';
  const owner = /owner:\{([^}]*)\}/.exec(rest)?.[1] ?? '';
  return {
    line,
    base,
    size: BigInt(`0x${last}`) + 1n - base,
    type,
    region: name.replace(/ @\w{16}$/, ''),
    offset: BigInt(`0x${offset}`),
    owner,
  };
}

export interface Written {
  readonly keyword: string;
  readonly name: string;
  readonly base: bigint;
  readonly size: bigint;
  readonly dma: string;
  /** Name and offset after `from`, where it stands. */
  readonly from: readonly [backing: string, offset: bigint] | undefined;
  readonly alias: string | undefined;
  /** The label, or the name where none stands. */
  readonly label: string;
  readonly line: number;
}

/** Declarations that have an address, of an imported layout. */
export function writtenRegions(layout: string): Written[] {
  const written: Written[] = [];
  for (const line of layout.split('\n')) {
    const match = /^  (\w+) (\S+) at (\S+) size (0x[\w]+|\d+ \w+)(.*?) +\/\/ line (\d+):/.exec(line);
    if (match) written.push(regionOf(match));
  }
  return written;
}

function regionOf([, keyword = '', name = '', base = '', size = '', rest = '', line]: RegExpExecArray): Written {
  const from = / from (\S+) \+ (\S+)/.exec(rest);
  return {
    keyword,
    name,
    base: quantity(base),
    size: quantity(size),
    dma: / dma (\w+)/.exec(rest)?.[1] ?? '',
    from: from ? [from[1] ?? '', quantity(from[2] ?? '')] : undefined,
    alias: / alias (\S+)/.exec(rest)?.[1],
    label: / label "(.*)"/.exec(rest)?.[1] ?? name,
    line: Number(line),
  };
}

/** Backings of an imported layout: size by the name of the RAM block, and the names in the layout. */
export function writtenBackings(layout: string): { name: string; label: string; size: bigint; isGuestRam: boolean }[] {
  return [...layout.matchAll(/^  backing (\S+) size (0x\w+|\d+ \w+) anonymous(?: label "(.*?)")? +\/\/ (.*)$/gm)].map(
    ([, name = '', size = '', label = name, about = '']) => ({
      name,
      label,
      size: quantity(size),
      isGuestRam: !about.startsWith('not guest RAM'),
    }),
  );
}

const UNITS: Readonly<Record<string, bigint>> = { B: 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n };

/** The number of a quantity as the language writes it. */
export function quantity(text: string): bigint {
  const [digits = '', unit] = text.split(' ');
  return BigInt(digits.replaceAll('_', '')) * (unit === undefined ? 1n : (UNITS[unit] ?? 0n));
}

/** A layout without its comments, which tell where things come from. */
export const withoutComments = (layout: string): string =>
  layout.replace(/ *\/\/.*$/gm, '').replace(/^\n+/, '');
