import type { FleetHost, GuestReport } from '../fleet/fleet.js';

/** What `fleet --format json` prints: docs/schema/fleet.schema.json. Hosts are told by their place in `hosts`, as names may repeat. */
export function fleetJson(reports: readonly GuestReport[], hosts: readonly FleetHost[]): string {
  const numbers = new Map(hosts.map((host, index) => [host, index]));
  const indexes = (some: readonly FleetHost[]): number[] => some.flatMap((host) => numbers.get(host) ?? []);
  const guests = reports.map(({ guest, verdicts, migration }) => ({
    name: guest.name,
    path: guest.path,
    on: indexes(guest.on),
    verdicts: verdicts.map(({ hosts: alike, boots, reasons, later }) => ({ hosts: indexes(alike), boots, reasons, later })),
    migration: migration.map(({ hosts: alike, apart, devices }) => ({ hosts: indexes(alike), ...(apart !== undefined && { apart }), devices })),
  }));
  return `${JSON.stringify({ schema: 1, hosts: hosts.map(({ name, path }) => ({ name, path })), guests }, undefined, 2)}\n`;
}
