import type { FleetHost, GuestReport, HostVerdict, MigrationGroup, Reason } from '../fleet/fleet.js';
import { formatPlural } from '../layout/address.js';
import { padColumns } from './columns.js';
import type { Paint } from './paint.js';

/** What `fleet` prints: who boots where, then guest by guest where it may move and what speaks against it. */
export function fleetText(reports: readonly GuestReport[], hosts: readonly FleetHost[], paint: Paint): string {
  const label = labelling(hosts);
  const parts = [headline(reports, hosts), matrix(reports, hosts, label, paint), ...reports.map((report) => guestText(report, label, paint))];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

type Label = (host: FleetHost) => string;

/** A host's name, with its file where another host is called so, too. */
function labelling(hosts: readonly FleetHost[]): Label {
  const counts = new Map<string, number>();
  for (const { name } of hosts) counts.set(name, (counts.get(name) ?? 0) + 1);
  return ({ name, path }) => ((counts.get(name) ?? 0) > 1 ? `${name} (${path})` : name);
}

function headline(reports: readonly GuestReport[], hosts: readonly FleetHost[]): string {
  const boots = reports.flatMap(({ verdicts }) => verdicts).reduce((sum, verdict) => sum + (verdict.boots ? verdict.hosts.length : 0), 0);
  const pairs = reports.length * hosts.length;
  return `${formatPlural(reports.length, 'guest', 'guests')} on ${formatPlural(hosts.length, 'host', 'hosts')}: ${boots} of ${formatPlural(pairs, 'pair', 'pairs')} boot`;
}

/** Columns more than these are no table that anybody reads. */
const MOST_COLUMNS = 12;

/** Guests by hosts; hosts on which all guests come to the same share a column. Nothing where there are too many columns. */
function matrix(reports: readonly GuestReport[], hosts: readonly FleetHost[], label: Label, paint: Paint): string {
  const columns = columnsOf(reports, hosts);
  if (columns.length > MOST_COLUMNS || reports.length === 0 || columns.length === 0) return '';
  const heads = ['', ...columns.map(({ hosts: [first, ...others] }) => `${first ? label(first) : ''}${others.length > 0 ? ` +${others.length}` : ''}`)];
  const rows = reports.map(({ guest }, row) => [guest.name, ...columns.map(({ cells }) => cells[row] ?? '')]);
  return padColumns([heads, ...rows])
    .map((row, index) => row.map((cell, column) => (index === 0 || column === 0 ? paint.strong(cell) : painted(cell, paint))).join('  ').trimEnd())
    .join('\n');
}

function painted(cell: string, paint: Paint): string {
  if (cell.startsWith('no')) return paint.level('error', cell);
  return cell.startsWith('boots*') ? paint.level('warning', cell) : paint.good(cell);
}

interface Column {
  readonly hosts: FleetHost[];
  readonly cells: readonly string[];
}

function columnsOf(reports: readonly GuestReport[], hosts: readonly FleetHost[]): Column[] {
  const cells = new Map(hosts.map((host): [FleetHost, string[]] => [host, []]));
  for (const { verdicts } of reports) for (const verdict of verdicts) for (const host of verdict.hosts) cells.get(host)?.push(cellOf(verdict));
  const columns = new Map<string, Column>();
  for (const [host, column] of cells) {
    const key = column.join('\n');
    const known = columns.get(key);
    if (known) known.hosts.push(host);
    else columns.set(key, { hosts: [host], cells: column });
  }
  return [...columns.values()];
}

/** `boots*`: something that may arrive later can't. */
const cellOf = ({ boots, later }: HostVerdict): string => (boots ? (later.length > 0 ? 'boots*' : 'boots') : 'no');

function guestText({ guest, verdicts, migration }: GuestReport, label: Label, paint: Paint): string {
  const lines = [
    ...verdicts.filter(({ boots }) => boots).flatMap((verdict) => bootLines(verdict, label, paint)),
    ...verdicts.filter(({ boots }) => !boots).flatMap((verdict) => refusalLines(verdict, label, paint)),
    ...migrationLines(migration, label, paint),
  ];
  return [`${paint.strong(guest.name)} ${paint.faint(guest.path)}`, ...lines].join('\n');
}

const bootLines = (verdict: HostVerdict, label: Label, paint: Paint): string[] => [
  fact('boots on', paint.good(names(verdict.hosts, label)), paint),
  ...verdict.later.map((reason) => fact('but', reasonText(reason), paint)),
];

const refusalLines = (verdict: HostVerdict, label: Label, paint: Paint): string[] => [
  fact('not on', paint.level('error', names(verdict.hosts, label)), paint),
  ...verdict.reasons.map((reason) => fact('', reasonText(reason), paint)),
];

function migrationLines(groups: readonly MigrationGroup[], label: Label, paint: Paint): string[] {
  if (groups.length === 0) return [];
  const moving = groups.find(({ hosts, devices }) => hosts.length > 1 && devices.length > 0);
  const held = moving ? [fact('', `${moving.devices.join(', ')} must be unplugged first, or migrate by VFIO (Linux 5.18, QEMU 8.1)`, paint)] : [];
  return [...groups.map(({ hosts, apart }) => fact('migrates', migrates(names(hosts, label), hosts.length, apart), paint)), ...held];
}

function migrates(told: string, count: number, apart: string | undefined): string {
  const among = count === 1 ? `nowhere from ${told}` : `among ${told}`;
  return apart === undefined ? among : `${among}, apart from the others: ${apart}`;
}

const reasonText = ({ rule, message }: Reason): string => `${rule}: ${message}`;

const NAME_CELLS = 'migrates'.length;
const fact = (name: string, text: string, paint: Paint): string => `  ${paint.faint(name.padEnd(NAME_CELLS))}  ${text}`;

/** Names more than these are counted. */
const MOST_NAMES = 8;

function names(hosts: readonly FleetHost[], label: Label): string {
  const told = hosts.slice(0, MOST_NAMES).map(label).join(', ');
  return hosts.length <= MOST_NAMES ? told : `${told} and ${hosts.length - MOST_NAMES} more`;
}
