import { deviceNames, hostNames } from './host-names.js';
import type { ImportError, ImportHost, ImportOptions, ImportResult } from './import-result.js';
import { blankLine, codeLine, layoutBlock, newNames, remark, writeLines, writeText, type LayoutLine } from './layout-text.js';

/** What a reader makes of its input: one host or vm, not yet written, so that several inputs can make one layout. */
export interface LayoutPart {
  /** `file`: declarations at the top of the file. */
  readonly kind: 'host' | 'vm' | 'file';
  readonly name: string;
  /** Whether the name is only what a thing without one is called. */
  readonly isNameless?: boolean;
  /** Whether a vm runs on no host that is written beside it. */
  readonly isAlone?: boolean;
  /** Whether what it was read from tells which devices it is given, and be it none. */
  readonly tellsDevices?: boolean;
  /** What stands above it: where it is from. */
  readonly about: readonly string[];
  /** What it is like, and the file that has it: `q35` of `std:machines/q35`. */
  readonly like?: { readonly name: string; readonly path: string };
  /** The inside of its block. */
  readonly lines: readonly LayoutLine[];
  /** What the layout can't say, and what had to be guessed. */
  readonly notes: readonly string[];
  /** Notes on what its input never tells, by the word that declares it: another input of the same machine may have it. */
  readonly untold?: Readonly<Record<string, string>>;
}

export type PartsResult = { readonly parts: readonly LayoutPart[] } | { readonly errors: readonly ImportError[] };

/**
 * Writes parts as one layout, hosts first. Each vm is said to run on the hosts of `options.host`, which it imports, and
 * on those written beside it.
 */
export function writeParts(parts: readonly LayoutPart[], options: ImportOptions = {}): ImportResult {
  const imported = options.host ? hostNames(options.host) : [];
  if (options.host && imported.length === 0) {
    return { errors: [{ path: options.host.path, line: 1, message: `no host is declared in ${options.host.path}` }] };
  }
  const machines = joinMachines(parts.filter(({ kind }) => kind === 'host')).map(withUntold);
  const guests = parts.filter(({ kind }) => kind === 'vm');
  const names = newNames([...imported, ...parts.flatMap(({ like }) => (like ? [like.name] : []))]);
  const hosts = machines.map((part) => ({ ...part, name: names.take(part.name, 'host') }));
  const vms = guests.map((part) => ({ ...part, name: names.take(part.name, 'vm') }));
  const top = parts.filter(({ kind }) => kind === 'file').map((part) => [...heading(part), ...part.lines]);
  const hostLines = separated(hosts.map((part) => [...heading(part), ...layoutBlock(`host ${part.name}`, part.lines)]));
  const imports = [...new Set([...vms.flatMap(({ like }) => (like ? [like.path] : [])), ...(options.host ? [options.host.path] : [])])];
  const surroundings = { on: [...imported, ...hosts.map(({ name }) => name)], imports, devices: devicesOf(options.host, hostLines) };
  const guestLines = vms.map((part, index) => vmLines(part, index === 0, surroundings));
  const lines = separated([...top, ...(hosts.length > 0 ? [hostLines] : []), ...guestLines]);
  return { text: writeLines(lines), notes: [...parts.filter(({ kind }) => kind === 'file'), ...hosts, ...vms].flatMap(({ notes }) => notes) };
}

const heading = (part: LayoutPart): LayoutLine[] => [...part.about, ...part.notes].map(remark);

const separated = (blocks: readonly (readonly LayoutLine[])[]): LayoutLine[] =>
  blocks.flatMap((block, index) => (index === 0 ? [...block] : [blankLine, ...block]));

interface Surroundings {
  readonly on: readonly string[];
  readonly imports: readonly string[];
  readonly devices: readonly string[];
}

function vmLines(part: LayoutPart, isFirst: boolean, { on, imports, devices }: Surroundings): LayoutLine[] {
  const where = on.length > 0 && !part.isAlone ? ` on ${on.join(', ')}` : '';
  const importing = imports.length > 0 && isFirst ? [blankLine, ...imports.map((path) => codeLine(`import ${writeText(path)}`)), blankLine] : [];
  const like = part.like ? ` like ${part.like.name}` : '';
  const assigned = part.isAlone || part.tellsDevices || part.lines.some(({ code }) => code.startsWith('assign '));
  return [...heading(part), ...importing, ...layoutBlock(`vm ${part.name}${like}${where}`, [...part.lines, ...(assigned ? [] : assignLines(devices))])];
}

const devicesOf = (host: ImportHost | undefined, hostLines: readonly LayoutLine[]): readonly string[] => [
  ...(host ? deviceNames(host) : []),
  ...deviceNames({ path: '', text: hostLines.map(({ code }) => code).join('\n') }),
];

const MOST_DEVICES = 40;

/** What describes a guest seldom tells whose devices it has been given; without one, nothing is mapped for DMA. */
function assignLines(devices: readonly string[]): LayoutLine[] {
  if (devices.length === 0) return [];
  const what = 'The dump doesn’t tell which devices of the host it is given; without one, nothing is mapped for DMA:';
  const more = devices.length > MOST_DEVICES ? ', …' : '';
  return [blankLine, remark(what), remark(`assign ${devices.slice(0, MOST_DEVICES).join(', ')}${more}`)];
}

// ── One machine, told by several formats ───────────────────────────────────────────────────────────────────────────

/** Joins hosts that are one machine: those of one name, and those without a name to the only one that has one. */
function joinMachines(hosts: readonly LayoutPart[]): LayoutPart[] {
  const named = hosts.filter((part) => !part.isNameless);
  const name = new Set(named.map((part) => part.name)).size === 1 ? named[0]?.name : undefined;
  const joined = new Map<string, LayoutPart>();
  for (const part of hosts) {
    const key = part.isNameless && name !== undefined ? name : part.name;
    const other = joined.get(key);
    joined.set(key, other ? joinTwo(other, part) : { ...part, name: key });
  }
  return [...joined.values()];
}

const PROPERTY = /^(arch|kernel|page|bits|contract) (\S+)/;

/** A property stands once: the second one of the same value is dropped, of another value it becomes a comment. */
function joinTwo(first: LayoutPart, second: LayoutPart): LayoutPart {
  const known = new Map(propertiesOf(first));
  const clashes: string[] = [];
  const lines = second.lines.flatMap((line) => {
    const [, word = '', value = ''] = PROPERTY.exec(line.code) ?? [];
    const other = known.get(word);
    if (other === undefined || word === '') return [line];
    if (other === value) return [];
    clashes.push(`\`${word} ${other}\` above and \`${word} ${value}\` here don’t go together: are these one machine?`);
    return [remark(`${line.code}: ${line.comment ?? ''}`)];
  });
  return {
    ...first,
    about: [...first.about, ...second.about],
    notes: [...first.notes, ...second.notes, ...clashes],
    untold: { ...first.untold, ...second.untold },
    lines: [...first.lines, blankLine, ...lines],
  };
}

/** Notes what no input of a machine has told. */
function withUntold(part: LayoutPart): LayoutPart {
  const untold = Object.entries(part.untold ?? {}).filter(([word]) => !part.lines.some(({ code }) => code.startsWith(`${word} `)));
  return { ...part, notes: [...part.notes, ...untold.map(([, note]) => note)] };
}

const propertiesOf = (part: LayoutPart): [string, string][] =>
  part.lines.flatMap(({ code }): [string, string][] => {
    const match = PROPERTY.exec(code);
    return match ? [[match[1] ?? '', match[2] ?? '']] : [];
  });
